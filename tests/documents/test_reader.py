"""Pages are read to documents."""

import html
from datetime import date

import pytest
from hostile_inputs import MARKUP, MARKUP_SIZE
from hypothesis import given
from hypothesis import strategies as st

from monitor.documents.reader import read_document
from monitor.model.documents import Outcome, Selectors

LINES = [
    "各位代表：",
    "一、去年的工作",
    "我们建成了两个万卡集群，算力规模比上年翻了一番。",
    "二、今年的安排",
    "今年，智能算力要达到90Eflops，培育10个行业大模型；新增算力券5亿元。",
]


def page(inner, head="<title>政府工作报告_某某省政府</title>"):
    return (
        f"<!doctype html><html><head><meta charset=utf-8>{head}<style>p{{}}</style></head><body>"
        '<div class="nav"><ul><li><a href="/">首页</a></li><li><a href="/a">政务公开</a></li></ul>'
        "</div><script>var a = '今年，算力要达到一千Eflops。';</script>"
        f'<div class="wrap"><h1>政府工作报告</h1><div class="text">{inner}</div></div>'
        '<div class="foot">版权所有：某某省人民政府办公厅，网站标识码：1234567890</div>'
        "</body></html>"
    ).encode()


@pytest.mark.parametrize(
    "inner",
    [
        "".join(f"<p>　　{line}&nbsp;</p>" for line in LINES),
        "<br>".join(f"&nbsp;&nbsp;{line}" for line in LINES),
        "<br/><br/>\n".join(LINES),
        "".join(f"<div><span>{line}</span></div>" for line in LINES),
        "".join(f"<p><font><b>{line[:2]}</b>{line[2:]}</font></p>\n" for line in LINES),
        "<pre>" + "\n".join(LINES) + "</pre>",
        "<table><tr><td>" + "".join(f"<p>{line}</p>" for line in LINES) + "</td></tr></table>",
        "<div>"
        + "".join(f"<p>{line}</p>" for line in LINES[:3])
        + "</div><div>"
        + "".join(f"<p>{line}</p>" for line in LINES[3:])
        + "</div>",
    ],
    ids=["p", "br", "double-br", "div", "inline-tags", "pre", "table", "two-halves"],
)
@pytest.mark.parametrize("selector", [None, ".text"])
def test_the_same_article_gives_the_same_lines_however_it_is_marked_up(inner, selector):
    document = read_document(page(inner), selectors=Selectors(body=selector))
    assert document.outcome is Outcome.OK
    assert document.text.split("\n") == LINES


def test_scripts_menus_and_imprint_are_no_text():
    text = read_document(page("".join(f"<p>{line}</p>" for line in LINES))).text
    assert "一千" not in text
    assert "首页" not in text
    assert "版权" not in text


def test_hidden_and_invisible_elements_are_no_text():
    inner = "".join(f"<p>{line}</p>" for line in LINES)
    inner += '<p style="display: none">附件一，附件二。</p><textarea>甲，乙。</textarea>'
    assert read_document(page(inner)).text.split("\n") == LINES


def test_buttons_and_bylines_around_the_text_go():
    inner = "<p>【字体：大 中 小】</p><p>打印</p><p>来源：某某日报</p>"
    inner += "".join(f"<p>{line}</p>" for line in LINES) + "<p>责任编辑：张三</p>"
    document = read_document(page(inner), selectors=Selectors(body=".text"))
    assert document.text.split("\n") == LINES


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("<h3>相关阅读</h3><ul><li><a href=/a1>邻省的又一则消息</a></li></ul>", []),
        ("<p>相关附件：</p><p><a href=/f.pdf>任务分工表</a></p>", ["相关附件：", "任务分工表"]),
        (
            "<h3>工作进展</h3><p><a href=/a1>邻省的又一则消息</a></p>",
            ["工作进展", "邻省的又一则消息"],
        ),
        (
            "<h3>相关阅读</h3><p>以上数字均为初步核算数。</p>",
            ["相关阅读", "以上数字均为初步核算数。"],
        ),
    ],
    ids=["other articles", "file", "own heading", "prose"],
)
def test_links_to_other_articles_below_a_selected_text_go(end, kept):
    inner = "".join(f"<p>{line}</p>" for line in LINES) + end
    document = read_document(page(inner), selectors=Selectors(body=".text"))
    assert document.text.split("\n") == [*LINES, *kept]


def test_a_line_break_of_the_source_inside_a_sentence_leaves_no_space():
    document = read_document(
        page("<p>今年，智能算力要\n   达到90Eflops，建成\r\n国家 AI 试验区。</p>")
    )
    assert document.text == "今年，智能算力要达到90Eflops，建成国家 AI 试验区。"


def test_cms_marks_and_invisible_characters_go():
    inner = "<p>&lt;$[标题]&gt;begin今年\u200b，智能算力要达到90Eflops。&lt;$[标题]&gt;end</p>"
    assert read_document(page(inner)).text == "今年，智能算力要达到90Eflops。"


def test_two_pages_that_differ_only_in_a_counter_and_a_render_time_read_the_same():
    inner = "".join(f"<p>{line}</p>" for line in LINES)
    texts = {
        read_document(
            page(f"<p>浏览次数：{n}</p>{inner}", f'<meta name="Maketime" content="2026-07-{n}">')
        ).text
        for n in (11, 12)
    }
    assert len(texts) == 1


def test_declared_title_date_and_source_are_used_and_the_render_time_never():
    head = (
        "<meta name='Maketime' content='2026-07-16 14:40:54'>"
        '<meta name="SiteName" content="某某省人民政府">'
        '<meta name="ArticleTitle" content="关于算力的通知">'
        '<meta name="pubdate" content="2026-07-09 08:57"><meta name="contentSource" content="省厅">'
    )
    document = read_document(page("<p>今年，智能算力要达到90Eflops。</p>", head))
    assert document.title == "关于算力的通知"
    assert document.published == date(2026, 7, 9)
    assert document.source_line == "省厅"


def test_byline_in_the_page_is_read_when_nothing_is_declared():
    inner = "<div>时间：<span>2026-02-03 09:00</span> 来源： <b>某某日报</b></div>"
    inner += "".join(f"<p>{line}</p>" for line in LINES)
    document = read_document(page(inner), url="https://a.gov.cn/x/202605/t20260528_1.html")
    assert document.published == date(2026, 2, 3)
    assert document.source_line == "某某日报"


def test_the_url_is_the_last_resort_for_the_date():
    inner = "".join(f"<p>{line}</p>" for line in LINES)
    document = read_document(page(inner), url="https://a.gov.cn/x/202605/t20260528_1.html")
    assert document.published == date(2026, 5, 28)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("算力的通知_政策文件_某某省政府", "算力的通知"),
        ("某某省政府 通知公告 算力的通知", "算力的通知"),
        ("算力的通知 - 中国电子报", "算力的通知"),
        ("AI-Ready城市", "AI-Ready城市"),
    ],
)
def test_site_and_column_go_from_the_title(title, expected):
    body = (
        f"<html><head><title>{title}</title><meta name=SiteName content=某某省政府>"
        "<meta name=ColumnName content=通知公告></head>"
        "<body><p>今年，智能算力要达到90Eflops。</p></body></html>"
    )
    assert read_document(body.encode()).title == expected


def test_a_selector_that_finds_nothing_is_reported():
    document = read_document(
        page("".join(f"<p>{x}</p>" for x in LINES)), selectors=Selectors(body="#gone")
    )
    assert document.outcome is Outcome.OK
    assert document.text.split("\n") == LINES
    assert "#gone" in document.reason


def test_a_selector_of_many_paragraphs_joins_them_and_drops_the_second_copy():
    inner = "".join(f"<p>{line}</p>" for line in LINES)
    body = page(f'<div class="pc">{inner}</div><div class="phone">{inner}</div>')
    assert read_document(body, selectors=Selectors(body=".text p")).text.split("\n") == LINES
    assert read_document(body, selectors=Selectors(body=".pc, .phone")).text.split("\n") == LINES


def test_plain_text_keeps_every_offset():
    raw = "\ufeff  一、今年的安排  \r\n\r\n　　智能算力要达到90Eflops，\t建成集群。\r\n<尾>\n"
    document = read_document(raw.encode(), content_type="text/plain")
    assert document.text == raw[1:].replace("\r\n", "\n")
    assert document.outcome is Outcome.OK


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n ",
        b"%PDF-1.7 xxxxxxxxxxxxxxxx",
        b"PK\x03\x04" + b"x" * 99,
        page(""),
        b"<html></html>",
    ],
)
def test_a_page_without_text_is_empty_with_a_reason(body):
    document = read_document(body)
    assert document.outcome is Outcome.EMPTY
    assert document.reason
    assert not document.text


def challenge(script, words=""):
    return (
        f"<html><head><title>x</title></head><body>{words}<script>{script}</script></body></html>"
    )


@pytest.mark.parametrize(
    "body",
    [
        challenge("var arg1='A';document.cookie='acw_sc__v2='+x;document.location.reload()"),
        challenge("document.cookie='a=1';location.href='/x'"),
        challenge("window['$_ts']=window['$_ts']||{};" + "x" * 30_000),
        challenge("document.cookie=('__jsl_clearance_s=')"),
        "<html><body><h1>访问被拦截</h1><p>您的请求疑似攻击行为，事件编号 12。</p></body></html>",
        "<html><title>安全验证</title><body><p>安全验证，请拖动滑块完成拼图。</p></body></html>",
    ],
)
def test_a_challenge_is_blocked_and_gives_no_text(body):
    document = read_document(body.encode())
    assert document.outcome is Outcome.BLOCKED
    assert document.text == ""
    assert document.reason


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("抱歉，您访问的页面不存在或已被删除。", Outcome.GONE),
        ("对不起，您要查看的文章已下线，5秒后自动跳转到网站首页。", Outcome.GONE),
        ("404 Not Found", Outcome.GONE),
        ("尊敬的用户：本网站将于1月5日进行系统升级维护，期间暂停访问，敬请谅解。", Outcome.BLOCKED),
        ("系统维护中，请稍后访问。", Outcome.BLOCKED),
        ("请登录后访问本页面。忘记密码请联系管理员。", Outcome.BLOCKED),
        (
            "用户名　密码　验证码　首次使用请先注册账号。",
            Outcome.BLOCKED,
        ),
        ("服务器繁忙，请您稍后再试。", Outcome.BLOCKED),
        ("您访问的页面飞走了，请返回首页。", Outcome.GONE),
        ("很抱歉，您访问的链接失效了，请返回首页查看其他内容。", Outcome.GONE),
        ("对不起，该信息已被管理员屏蔽。", Outcome.GONE),
        ("因机房检修，本站于3月1日至3日停止访问，给您带来不便敬请谅解。", Outcome.BLOCKED),
        (
            "尊敬的用户：根据工作安排，我厅门户网站正在进行改造，期间暂停访问。",
            Outcome.BLOCKED,
        ),
        ("统一身份认证平台，请使用手机扫码登录，首次使用请先注册。", Outcome.BLOCKED),
        ("您无权访问该页面，请联系管理员。", Outcome.BLOCKED),
        ("该信息正在审核中，暂时无法访问，请稍后再试。", Outcome.BLOCKED),
    ],
)
@pytest.mark.parametrize("menu", [0, 200])
def test_a_soft_error_is_recognised_in_any_layout(words, outcome, menu):
    links = "".join(f"<li><a href='/{i}'>栏目第{i}号</a></li>" for i in range(menu))
    body = f"<html><body><ul>{links}</ul><div class=main><p>{words}</p></div></body></html>"
    document = read_document(body.encode())
    assert document.outcome is outcome
    assert document.text == ""
    assert document.reason


@pytest.mark.parametrize(
    "words",
    [
        "本报讯 市政务平台升级改造完成，群众登录一次即可办理，节约算力成本三成。",
        "省数据局介绍，过期信息将定期删除，公共数据平台新增接口200个，支持大模型企业调用。",
        "《关于支持人工智能产业发展的若干政策》等3份文件已失效，不再执行。",
        "我省算力调度平台将于3月1日升级，期间暂停服务。年内还将接入智算中心12座，规模达到8000P。",
        "该系统异常时可自动重试，准确率99%。年内推广人工智能应用场景100个。",
        "内容不存在侵权。今年新增人工智能企业200家。",
        "新建智算中心2座，培育人工智能企业100家。</p><p>您还没有登录，请登录后发表评论。",
        "新建智算中心2座，培育人工智能企业100家。</p><form>用户名：<input> 密码：<input></form><p>",
    ],
)
def test_short_news_is_no_soft_error(words):
    document = read_document(f"<html><body><div><p>{words}</p></div></body></html>".encode())
    assert document.outcome is Outcome.OK


def test_a_real_page_with_the_title_403_and_a_firewall_script_is_no_block():
    inner = "<!-- 网防G01 -->" + "".join(f"<p>{line}</p>" for line in LINES * 40)
    document = read_document(page(inner, "<title>403</title>"))
    assert document.outcome is Outcome.OK


def test_an_article_about_security_checks_is_no_block():
    inner = "".join(
        f"<p>第{n}条 平台应当提供安全验证，避免访问过于频繁的账号。</p>" for n in range(40)
    )
    assert read_document(page(inner)).outcome is Outcome.OK


@pytest.mark.parametrize("markup", MARKUP.values(), ids=MARKUP)
def test_hostile_markup_is_read_or_refused(markup):
    body = f"<html><body><p>今年，智能算力要达到90Eflops。</p>{markup(MARKUP_SIZE)}".encode()
    document = read_document(body)
    assert document.text or document.outcome is not Outcome.OK


@given(
    st.text(max_size=200), st.sampled_from(["<p>", "<div><p>", "<table>", "<script>", "<!--", ""])
)
def test_any_text_in_any_place_reads_and_reads_the_same_twice(text, before):
    body = f"<html><body>{before}{text}</body></html>".encode("utf-8", "ignore")
    first = read_document(body, url="https://a.gov.cn/")
    assert first == read_document(body, url="https://a.gov.cn/")
    assert all(line and line == line.strip() for line in first.text.split("\n") if first.text)


@given(st.binary(max_size=300))
def test_any_bytes_read(body):
    read_document(body, content_type="text/html")


def test_real_article_captures_are_read_right(shared):
    pages = shared / "sources" / "pages"
    beijing = read_document((pages / "beijing_gov_article.html").read_bytes())
    assert beijing.published == date(2026, 7, 14)
    assert beijing.title.startswith("北京市科学技术委员会")
    assert beijing.text.startswith("京科发〔2026〕10号\n各相关单位：\n")
    assert "首都之窗" not in beijing.text
    shandong = read_document((pages / "shandong_gov_article.html").read_bytes())
    assert shandong.published == date(2026, 7, 9)
    assert shandong.source_line == "山东省科学技术厅网站"
    assert shandong.text.endswith("\n2026年7月6日")
    assert len(shandong.text.split("\n")) == 31
    zhejiang = read_document((pages / "zj_fgw_jcms_article.html").read_bytes())
    assert zhejiang.published == date(2016, 11, 22)
    assert zhejiang.text.startswith("1-10月，")
    assert zhejiang.text.endswith("发改局）")


def test_real_texts_served_as_pages_keep_their_lines(shared):
    for file in sorted((shared / "corpus").glob("*.txt")):
        raw = file.read_text(encoding="utf-8")
        lines = [line.strip(" \t\u3000\ufeff\r") for line in raw.split("\n")]
        inner = "\n".join(f"<p>　　{html.escape(line)}</p>" for line in lines if line)
        got = read_document(page(inner)).text.split("\n")
        # Buttons and bylines around a report go; every line of prose stays, in order.
        prose = [line for line in lines if len(line) > 40]
        assert [line for line in got if len(line) > 40] == prose
        assert read_document(raw.encode()).text == raw.lstrip("\ufeff").replace("\r\n", "\n")
