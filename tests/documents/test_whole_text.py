"""Texts of which a part was cut while the page was said to be read: all of it is, or it is said."""

from __future__ import annotations

import pytest

from monitor.documents.printed_lines import without_printed_breaks
from monitor.documents.reader import read_document
from monitor.model.documents import Document, Outcome

TITLE = "枫桥市算力服务办法解读"
LINES = [
    "枫桥市今年建成智能算力中心两座，算力规模达到8Eflops。",
    "市数据局负责统一调度，企业租用算力可以申请算力券，每家不超过60万元。",
    "各区县在六月底前报送需求清单，由市财政局安排资金3亿元。",
    "到2028年，全市培育行业大模型15个，开放数据集200个。",
]


def page(body: str, *, head: str = "", end: str = "</body></html>") -> bytes:
    return (
        f"<html><head><meta charset=utf-8><title>{TITLE}</title>{head}</head><body>"
        f"<div class=wrap><h1>{TITLE}</h1><p>2026-03-02 09:30</p>{body}</div>{end}"
    ).encode()


def paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def read(body: str, **parts: str) -> Document:
    return read_document(page(body, **parts))


@pytest.mark.parametrize(
    "names",
    [
        "relative",
        "position-relative pb-2",
        "pl-4",
        "border-bottom",
        "margin-bottom",
        "commentary",
        "footnotes",
    ],
)
def test_names_that_only_set_a_block_out_hide_nothing(names):
    body = paragraphs(LINES[:2]) + f'<div class="{names}">{paragraphs(LINES[2:])}</div>'
    assert read(f"<div class=box>{body}</div>").text.split("\n") == LINES


@pytest.mark.parametrize("names", ["tips", "hot-box", "share-content", "position"])
def test_prose_in_a_block_whose_name_says_little_is_text(names):
    more = (
        "企业申请时应当提交合同和发票，市数据局在十个工作日内作出答复，资金在答复后一个月内到账。"
    )
    body = (
        paragraphs(LINES[:3]) + f'<div class="{names}"><p>{more}</p></div>{paragraphs(LINES[3:])}'
    )
    assert read(f"<div class=box>{body}</div>").text.split("\n") == [*LINES[:3], more, LINES[3]]
    linked = f'<div class="{names}"><p>{more}</p><p><a href="/2.html">另一篇</a></p></div>'
    body = paragraphs(LINES[:3]) + linked + paragraphs(LINES[3:])
    assert read(f"<div class=box>{body}</div>").text.split("\n") == LINES


@pytest.mark.parametrize("names", ["related", "comment-list", "bottom", "xgpl pl", "position"])
def test_names_of_what_stands_beside_an_article_still_do(names):
    other = "<p>邻县的读者说，希望到2030年算力也能达到90Eflops。</p>"
    body = paragraphs(LINES) + f'<div class="{names}">{other}</div>'
    assert read(f"<div class=box>{body}</div>").text.split("\n") == LINES


@pytest.mark.parametrize(
    "sentence",
    [
        "关注群众需要，市政务APP新增智能办事功能42项。",
        "下载超过百万次的本地政务APP由3个增加到9个。",
        "扫一扫即可申领算力券，今年发放2万张。",
        "时间：2026年5月8日至10日",
        "第九条　公共数据未经市数据局同意，任何单位不得擅自使用。",
        "数据集未经主管部门同意，任何单位不得擅自使用或者提供。",
        "凡本市行政区域内申领算力券的企业，应当注明资金来源并承担责任。",
        "关于我们市算力利用率不高的问题，将在年内解决。",
        "主办单位：枫桥市科技局、枫桥市数据局",
        "风险提示：租用境外算力应当遵守出境规定，重要数据不得传输。",
        "（本表由企业填报，不代表统计部门的立场，仅供参考。）",
    ],
)
def test_a_sentence_with_the_words_of_furniture_is_text_and_ends_nothing(sentence):
    lines = [*LINES[:3], sentence, LINES[3]]
    assert read(f"<div class=box>{paragraphs(lines)}</div>").text.split("\n") == lines


@pytest.mark.parametrize(
    "line",
    [
        "更多内容，请下载枫桥日报客户端。",
        "扫一扫在手机打开当前页",
        "欢迎关注“枫桥发布”公众号",
        "分享到： 微信 微博",
        "赞 12 回复 分享",
        "—— 完 ——",
        "您的浏览器不支持播放，请安装插件。",
        "本网站内容未经授权，不得转载或者建立镜像。",
    ],
)
def test_furniture_is_still_left_out(line):
    body = f"<div class=box>{paragraphs([*LINES, line])}</div>"
    assert read(body).text.split("\n") == LINES


def test_prose_below_the_heading_of_related_links_is_text():
    lines = [*LINES, "相关链接：", "算力券是政府发给企业的凭证，用来抵扣租用算力的费用。"]
    assert read(f"<div class=box>{paragraphs(lines)}</div>").text.split("\n") == lines


def test_a_short_last_part_in_a_box_of_its_own_is_text():
    many = [f"{number}、{line}" for number in range(1, 9) for line in LINES]
    last = "此外，2027年前再建成两座区域中心，新增算力3Eflops。"
    body = f"<div><div><div><div>{paragraphs(many)}</div></div></div><div><p>{last}</p></div></div>"
    assert read(body).text.split("\n") == [*many, last]


@pytest.mark.parametrize(
    "hidden",
    [
        '<div class="wow fadeInUp" style="visibility: hidden;">{}</div>',
        '<div data-aos="fade-up" style="opacity: 0">{}</div>',
    ],
)
def test_what_comes_into_sight_by_scrolling_is_read(hidden):
    body = paragraphs(LINES[:2]) + hidden.format(paragraphs(LINES[2:]))
    assert read(f"<div class=box>{body}</div>").text.split("\n") == LINES


def test_elements_of_components_begin_lines_but_within_a_sentence():
    body = "".join(f"<page-text>{line}</page-text>" for line in LINES[:3])
    last = LINES[3].replace("15", "<page-number>15</page-number>")
    assert read(f"<page-body>{body}<p>{last}</p></page-body>").text.split("\n") == LINES


@pytest.mark.parametrize(
    "end",
    ["<p>市政府还将在今年下半年安排专项资金支持企业，其中", '<p style="text-ind', "<p>另"],
    ids=["sentence", "tag", "word"],
)
def test_a_page_that_breaks_off_is_partial(end):
    document = read_document(page(f"<div class=box>{paragraphs(LINES)}", end=end))
    assert document.text.startswith("\n".join(LINES))
    if end != "<p>另":
        assert document.outcome is Outcome.PARTIAL
        assert "breaks off" in document.reason


@pytest.mark.parametrize("end", ["", "</div>", "<p>（记者 周小舟）"])
def test_a_page_whose_elements_are_not_closed_is_whole(end):
    body = f"<div class=box>{paragraphs(LINES)}"
    assert read_document(page(body, end=end)).outcome is Outcome.OK


@pytest.mark.parametrize(
    "gate",
    [
        "本文共计4820字，余下内容为付费内容，订阅后继续阅读",
        "以下内容仅限会员可见",
        "登录后可继续阅读",
        "剩余 3,120 字",
    ],
)
def test_more_gates_before_the_rest(gate):
    document = read(f"<div class=box>{paragraphs(LINES)}</div><div><p>{gate}</p></div>")
    assert document.outcome is Outcome.PARTIAL
    assert "for subscribers" in document.reason


def test_prose_on_paying_and_reading_is_no_gate():
    lines = [*LINES, "企业付费后可继续使用平台，剩余200万元额度年内有效。"]
    assert read(f"<div class=box>{paragraphs(lines)}</div>").outcome is Outcome.OK


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le"])
def test_two_bytes_a_character_without_a_mark_are_read(encoding):
    body = page(f"<div>{paragraphs(LINES)}</div>").decode().encode(encoding)
    document = read_document(body)
    assert document.charset == encoding
    assert document.text.split("\n") == LINES


def test_entities_that_were_escaped_twice_are_characters():
    body = "<p>&amp;nbsp;&amp;nbsp;&amp;ldquo;一张网&amp;rdquo;今年建成，算力达到8Eflops。</p>"
    assert read(body).text == "“一张网”今年建成，算力达到8Eflops。"
    assert "&lt;p&gt;" in read("<p>标签写作&amp;lt;p&amp;gt;，今年起不再使用。</p>").text


SENTENCE = (
    "枫桥市将在今年年底以前建成两座智能算力中心并接入全省统一的调度平台为企业和高校提供算力服务"
    "同时安排专项资金三亿元支持行业大模型的训练和推广，由市数据局按季度公布进展情况。"
)


def printed(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


@pytest.mark.parametrize("template", ["{}<br>", "<p>{}</p>", "<span>{}</span><br>"])
def test_lines_that_were_broken_by_a_printer_are_joined(template):
    lines = "".join(template.format(line) for line in printed(SENTENCE, 15))
    last = "详情由市数据局解释。"
    assert read(f"<div class=box>{lines}<p>{last}</p></div>").text.split("\n") == [SENTENCE, last]


def test_rows_and_items_of_one_length_are_not_joined():
    rows = [f"{number}号项目，建设内容为机房与光缆，投资{number}亿元" for number in range(2, 9)]
    cells = "".join(f"<tr><td>{row}</td></tr>" for row in rows)
    assert read(f"<table>{cells}</table>").text.split("\n") == rows
    items = [f"{number}.建设调度平台和光缆干线，牵头单位数据局" for number in range(2, 9)]
    assert without_printed_breaks(items, [False] * len(items)) == items


def test_the_only_day_beside_a_text_in_a_script_is_its_day():
    text = "".join(f"\\u003Cp\\u003E{line}\\u003C/p\\u003E" for line in LINES)
    script = f'<script>window.state={{content:"{text}",time:"2026-02-19"}};</script>'
    markup = f"<html><meta charset=utf-8><title>{TITLE}</title><body><div id=app></div>{script}"
    assert str(read_document(f"{markup}</body></html>".encode()).published) == "2026-02-19"


@pytest.mark.parametrize(
    "words",
    [
        "该栏目正在建设中，敬请期待！",
        "您要浏览的内容正在审核中，暂时无法查看。",
        "数据加载失败，请检查网络后点击重试",
        "HTTP状态 500 - 内部服务器错误",
        "数据库连接失败，请联系管理员检查配置文件后再试！",
    ],
)
def test_more_notices_instead_of_a_page(words):
    markup = f"<html><meta charset=utf-8><title>枫桥市</title><body><p>{words}</p></body></html>"
    document = read_document(markup.encode())
    assert not document.text
    assert document.outcome in {Outcome.BLOCKED, Outcome.GONE, Outcome.EMPTY}
