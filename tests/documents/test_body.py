"""The general reader: what belongs to an article and what stands beside it. Invented pages."""

from __future__ import annotations

import pytest

from monitor.documents.reader import read_document
from monitor.model.documents import Outcome

TITLE = "临江市算力发展三年行动方案发布"
LONG = "市政府办公室负责牵头，各区县按照分工推进智算中心、调度平台和光缆干线的建设，" * 6
LINES = [
    "本报讯，临江市昨日公布了算力发展三年行动方案。",
    f"{LONG}到2028年算力规模达到30Eflops。",
    "方案提出，培育大模型企业12家，设立3亿元的引导基金。",
    "市发展改革委表示，将按季度公布进展。",
]


def page(body, *, head="", before="", after=""):
    return (
        f"<html><head><meta charset=utf-8><title>{TITLE}_临江新闻网</title>{head}</head><body>"
        "<div class=topbar><a href=/>首页</a><a href=/news/>新闻</a><a href=/gov/>政务</a></div>"
        f"{before}<div class=wrap><h1>{TITLE}</h1>{body}</div>{after}"
        "<div class=bottom>主办：临江市人民政府办公室　版权所有，未经许可不得转载。</div>"
        "</body></html>"
    ).encode()


def lines_of(*args, **kwargs):
    return read_document(page(*args, **kwargs)).text.split("\n")


def wrapped(template, lines=LINES):
    return "".join(template.format(line) for line in lines)


@pytest.mark.parametrize(
    "body",
    [
        f"<div class=box>{wrapped('<div>{}</div>')}</div>",
        f"<div class=box>{wrapped('<section>{}</section>')}</div>",
        f"<div class=box>{wrapped('<blockquote>{}</blockquote>')}</div>",
        f"<div class=box><ul>{wrapped('<li>{}</li>')}</ul></div>",
        f"<div class=box><p>{LINES[0]}</p><ul>{wrapped('<li>{}</li>', LINES[1:3])}</ul>"
        f"<p>{LINES[3]}</p></div>",
        f"<table class=box>{wrapped('<tr><td>{}</td></tr>')}</table>",
        f"<div class=box>{wrapped('<div><p>{}</p></div>')}</div>",
        f"<div class=box><div class=s1>{wrapped('<p>{}</p>', LINES[:2])}</div><img src=a.jpg>"
        f"<div class=s1>{wrapped('<p>{}</p>', LINES[2:])}</div></div>",
        f"<main><section>{wrapped('<p>{}</p>', LINES[:2])}</section>"
        f"<section>{wrapped('<p>{}</p>', LINES[2:])}</section></main>",
        f"<div class=summary>{LINES[0]}</div>"
        f"<div class=box>{wrapped('<p>{}</p>', LINES[1:])}</div>",
    ],
    ids=["div", "section", "blockquote", "li", "mixed", "td", "div-p", "two", "sections", "lead"],
)
def test_all_paragraphs_are_read_whatever_holds_them(body):
    document = read_document(page(body))
    assert document.text.split("\n") == LINES
    assert document.outcome is Outcome.OK
    assert document.taken > 0.9


TEASER = (
    "<div class=item><a href=/n/{0}.html>外省动态之{0}</a>"
    "<p>邻省计划{0}年内建成智算中心{0}座，投资{0}亿元。</p></div>"
)
BESIDE = {
    "comments": f"<div class=comment-list><p>网友甲：{LONG}</p><p>网友乙：很好，支持。</p></div>",
    "teasers": f"<div class=more>{''.join(TEASER.format(n) for n in (3, 4, 5))}</div>",
    "related": f"<div><h3>延伸阅读</h3>{TEASER.format(7)}</div>",
    "sidebar": f"<div class=sidebar><p>{LONG}</p></div>",
    "aside": f"<aside><p>{LONG}</p></aside>",
    "menu": f"<ul class=nav>{'<li><a href=/m>机构职能，领导信息，政策法规</a></li>' * 30}</ul>",
    "editor": "<p>（责任编辑：王小小）</p><p>【纠错】</p><p>分享让更多人看到</p>",
    "rights": "<p>免责声明：本网转载此文，不代表本网观点。</p><p>如有问题，请联系我们。</p>",
    "buttons": "<p>【纠错】 【编辑：王小小】</p><p>点赞 12</p><p>分享此文：</p><p>2 下一页</p>",
    "remarks": "<div><h3>网友评论(2)</h3><p>老王</p><p>支持，到2030年要有90Eflops。</p></div>",
    "client": "<p>更多内容，请下载临江日报客户端。</p>"
    "<p>“平台声明：以上内容由用户上传，仅供参考。”</p>",
    "writer": "<div class=author-box><p>王小小，本报记者，长期关注算力，作品多次获奖。</p></div>",
    "links": "<p><a href=/1.html>另一条新闻的标题，很长很长</a></p>" * 4,
}


@pytest.mark.parametrize("place", ["after", "in the block", "before"])
@pytest.mark.parametrize("beside", BESIDE)
def test_what_stands_beside_the_article_is_left_out(beside, place):
    article = f"<div class=box>{wrapped('<p>{}</p>')}</div>"
    if place == "after":
        got = lines_of(article, after=BESIDE[beside])
    elif place == "before" and beside not in {"editor", "rights", "links", "related"}:
        got = lines_of(article, before=BESIDE[beside])
    else:
        got = lines_of(f"<div class=box>{wrapped('<p>{}</p>')}{BESIDE[beside]}</div>")
    assert got == LINES


def test_teasers_between_two_paragraphs_are_left_out():
    teasers = "".join(TEASER.format(n) for n in (3, 4))
    body = f"<p>{LINES[0]}</p><div class=rec>{teasers}</div>{wrapped('<p>{}</p>', LINES[1:])}"
    assert lines_of(f"<div class=box>{body}</div>") == LINES


HIDDEN = [
    "<p hidden>{}</p>",
    "<p aria-hidden=true>{}</p>",
    "<div style='font-size:0'>{}</div>",
    "<div style='position:absolute;left:-9999px'>{}</div>",
    "<div style='text-indent:-9999px'>{}</div>",
    "<div class=gone>{}</div>",
    "<div id=trap>{}</div>",
    "<dialog>{}</dialog>",
    "<p><del>{}</del></p>",
    "<div class=d-none>{}</div>",
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_a_reader_does_not_see_is_no_text(hidden):
    head = (
        "<style>/* x */ .a,.gone{display:none} #trap{position:absolute;left:-2000px}"
        "@media (max-width:600px){.box{display:none}} .shown{display:none} .shown{display:block}"
        "</style>"
    )
    secret = hidden.format("到2030年算力规模达到900Eflops，建成超大集群。")
    body = f"<div class='box shown'>{wrapped('<p>{}</p>')}{secret}</div>"
    assert lines_of(body, head=head) == LINES


def test_a_page_whose_style_hides_all_of_it_is_read():
    head = "<style>.wrap{display:none}</style>"
    assert lines_of(f"<div class=box>{wrapped('<p>{}</p>')}</div>", head=head) == LINES


def test_a_column_beside_the_article_is_left_out():
    side = f"<div class='col right'><h3>观点</h3><p>{LONG[:60]}到2030年再翻一番。</p></div>"
    article = f"<div class=left><p>2026-03-04 10:00</p>{wrapped('<p>{}</p>')}</div>"
    assert lines_of(f"<div class=main>{article}{side}</div>") == LINES


def test_a_text_that_a_script_will_show_is_read():
    body = f"<div class=box style='visibility: hidden'>{wrapped('<p>{}</p>')}</div>"
    assert lines_of(body) == LINES


def test_the_same_text_twice_is_no_doubt():
    body = f"<h2>{TITLE}</h2><div class=box>{wrapped('<p>{}</p>')}</div>"
    markup = f"<body><div class=wide>{body}</div><div class=narrow>{body}</div></body>"
    document = read_document(f"<html><meta charset=utf-8>{markup}".encode())
    assert (document.outcome, document.text.split("\n")) == (Outcome.OK, LINES)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("临江日报数字报", f"<p><strong>{TITLE}</strong></p>"),
        ("要闻动态", f"<div class=bt>{TITLE}</div><p>发布时间：2026-03-04</p>"),
        (f"{TITLE[:9]}{TITLE[9:]}_要闻_临江网", f"<div>{TITLE[:9]}<br>{TITLE[9:]}</div>"),
    ],
    ids=["paper", "column", "lines"],
)
def test_a_title_that_the_page_is_not_named_after(name, shown):
    body = f"<div class=box>{wrapped('<p>{}</p>')}</div>"
    markup = f"<html><meta charset=utf-8><title>{name}</title><body><div>{shown}{body}</div>"
    assert read_document(markup.encode()).title == TITLE


def test_two_blocks_that_look_alike_are_a_doubt():
    body = f"<div class=box>{wrapped('<p>{}</p>')}</div>"
    other = f"<div class=box>{wrapped('<p>另外，{}</p>')}</div>"
    markup = (
        f"<body><table><tr><td>{body}</td></tr></table><table><tr><td>{other}</td></tr></table>"
    )
    document = read_document(f"<html><meta charset=utf-8>{markup}".encode())
    assert document.outcome is Outcome.PARTIAL
    assert "looks as much like the article" in document.reason


def test_the_evidence_names_the_block_and_the_day():
    document = read_document(page(f"<div class=box>{wrapped('<p>{}</p>')}</div>"))
    assert any(line.startswith("body: div.box, 4 of ") for line in document.evidence)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (
            "算\u2066力\u2069规\u061c模\u034f达到\ufe0f30\U000e0041Eflops，\u3164培育企业。",
            "算力规模达到30Eflops，培育企业。",
        ),
        ("推动⼈⼯智能⾻⼲企业发展，⻓远规划。", "推动人工智能骨干企业发展，长远规划。"),
        ("算力\u202e规模，\x1b[31m达到30Eflops。", "算力规模，[31m达到30Eflops。"),
    ],
)
def test_characters_that_nobody_sees_never_reach_the_text(written, read):
    assert lines_of(f"<div class=box><p>{written}</p></div>") == [read]
    assert read_document(f"{written}\n{LONG * 4}\n".encode()).text.split("\n")[0] == read


@pytest.mark.parametrize(
    "furniture",
    [
        "<p>2026年3月4日　来源：临江日报</p>",
        "<p>目　录</p><a href=#plan>一、总体要求</a><h2 id=plan>一、总体要求</h2>",
        "<p>点击播放视频</p>",
        "<p>点击上方蓝字关注我们</p>",
        "<p>— END —</p><p>编辑｜小周　审核｜老吴</p>",
        "<p>打开临江新闻 查看精彩图片</p>",
        "<p>海量资讯、精准解读，尽在临江财经APP</p>",
        "<p>责任编辑 郑好</p>",
        "<p>下一篇　<a href=/n/2.html>另一篇文章的标题</a></p>",
        "<p>(2026-03-04 08:10)</p><p><a href=/>返回列表</a>|<a href=/>首页</a></p>",
        "<p>分页：<select><option>第1页</option></select></p>",
        "<p>【会议预告】算力大会三月举行，早鸟票五折，点击报名！</p>",
        "<div class=sharedaddy><h3>共享此文章：</h3><p>点击以在某平台上共享（新窗口）</p></div>",
        "<amp-ad><div>广告位，请勿打扰，感谢您的支持与关注。</div></amp-ad>",
    ],
)
def test_furniture_within_the_text_is_left_out(furniture):
    read = lines_of(wrapped("<p>{}</p>", LINES[:2]) + furniture + wrapped("<p>{}</p>", LINES[2:]))
    assert [line for line in read if line != "一、总体要求"] == LINES
    assert read.count("一、总体要求") == furniture.count("<h2")


def test_a_page_named_after_its_issuer_has_the_title_of_its_heading():
    lines = wrapped("<p>{}</p>")
    markup = (
        "<html><head><meta charset=utf-8><title>临江市应急管理局</title></head><body>"
        "<h3>关 于 做 好 算 力 设 施<br>安 全 生 产 工 作 的 通 知</h3>"
        f"<div class=text>{lines}<p>临江市应急管理局</p></div></body></html>"
    )
    read = read_document(markup.encode())
    assert "".join(read.title.split()) == "关于做好算力设施安全生产工作的通知"
    assert read.text.split("\n")[: len(LINES)] == LINES


@pytest.mark.parametrize(
    ("name", "above"),
    [
        (
            "局长信箱-临江市经信局",
            "<h2>咨询算力券申领流程</h2><table><tr><td>张某 来信</td></tr></table>",
        ),
        ("政府信息公开", "<table><tr><td>名　称</td><td>咨询算力券申领流程</td></tr></table>"),
    ],
)
def test_a_page_named_after_its_column_has_the_title_above_the_text(name, above):
    markup = (
        f"<html><head><meta charset=utf-8><title>{name}</title></head><body>{above}"
        f"<div class=text>{wrapped('<p>{}</p>')}</div></body></html>"
    )
    assert read_document(markup.encode()).title == "咨询算力券申领流程"


def test_numbers_in_the_cells_of_a_table_are_text():
    row = (
        "<tr><td><p>算力规模</p></td><td><p>18</p></td><td><p>2000</p></td><td><p>3-5</p></td></tr>"
    )
    read = lines_of(wrapped("<p>{}</p>", LINES[:2]) + f"<table>{row}</table><div>12</div>")
    assert read == [*LINES[:2], "算力规模", "18", "2000", "3-5"]


def test_the_imprint_alone_is_no_article():
    markup = (
        f"<html><head><meta charset=utf-8><title>{TITLE}</title></head><body><h1>{TITLE}</h1>"
        "<div id=rich></div><div class=footer><p>主办：临江市人民政府办公室　承办：市数据中心</p>"
        "<p>网站标识码：1234567890　临ICP备00000000号</p>"
        "<p>联系我们　网站地图　建议使用1366×768以上分辨率浏览，请升级。</p></div></body></html>"
    )
    assert read_document(markup.encode()).outcome is Outcome.EMPTY
