"""What a page offers beside its text: pagers, files, scripts, stubs. Invented pages."""

from __future__ import annotations

import pytest

from monitor.documents.multipart import find_missing_parts
from monitor.documents.pdf_layout import Piece, ordered_lines
from monitor.documents.reader import read_document
from monitor.model.documents import Outcome

URL = "https://www.example.gov.cn/zw/202603/t20260304_77.shtml"
TEXT = "".join(
    f"<p>{n}、建设智算中心，支持大模型在第{n}个行业落地，降低算力成本。</p>" for n in range(12)
)


def read(inner="", *, body=TEXT, url=URL, title="算力建设安排"):
    markup = (
        f"<html><head><meta charset=utf-8><title>{title}</title></head><body><h1>{title}</h1>"
        f"<div class=article>{body}{inner}</div></body></html>"
    )
    return read_document(markup.encode(), url=url)


@pytest.mark.parametrize(
    ("url", "pager", "further"),
    [
        (URL, "<a href=t20260304_77_1.shtml>2</a>", ["t20260304_77_1.shtml"]),
        (URL, "<a href=?page=1>1</a><a href=?page=2>2</a><a href=?page=2>下一页</a>", ["?page=2"]),
        (
            URL,
            "".join(f"<a href=t20260304_77-{n}.shtml>【{n}】</a>" for n in (2, 3, 4)),
            ["t20260304_77-2.shtml", "t20260304_77-3.shtml", "t20260304_77-4.shtml"],
        ),
        (URL, "<p><a href=t20260304_77_2.shtml>点击阅读下一页</a></p>", ["t20260304_77_2.shtml"]),
        ("https://www.example.gov.cn/a/77/1.html", "<a href=2.html>下一页</a>", ["2.html"]),
        ("https://www.example.gov.cn/a/77.html", "<a href=77/2.html>2</a>", ["77/2.html"]),
        ("https://www.example.gov.cn/v?id=7", "<a href='?id=7&p=2'>2</a>", ["?id=7&p=2"]),
        (URL, "<a href=t20260304_77_2.shtml>下一页：二、主要任务</a>", ["t20260304_77_2.shtml"]),
        (URL, "<a href=t20260304_77_2.shtml>&gt;</a>", ["t20260304_77_2.shtml"]),
        ("https://www.example.gov.cn/art/77", "<a href=/art/77/2>2</a>", ["77/2"]),
        (
            URL,
            "<script>var pages = 2, now = 0;createPageHTML(pages, now, 't20260304_77', 'shtml')"
            "</script>",
            ["t20260304_77_1.shtml"],
        ),
        # Another article, another document of the same script, and the second page itself.
        (URL, "<a href=t20260304_78.shtml>下一篇</a>", []),
        ("https://www.example.gov.cn/v?id=7", "<a href='?id=8&p=2'>2</a>", []),
        ("https://www.example.gov.cn/v?id=7&p=2", "<a href='?id=7&p=3'>3</a>", []),
    ],
)
def test_further_pages_of_all_usual_pagers(url, pager, further):
    document = read(f"<div class=page>{pager}</div>", url=url)
    assert [one.rpartition("example.gov.cn")[2] for one in document.further_pages] == [
        (url.partition("?")[0] if one.startswith("?") else url.rpartition("/")[0] + "/").rpartition(
            "example.gov.cn"
        )[2]
        + one
        for one in further
    ]
    assert document.outcome is (Outcome.PARTIAL if further else Outcome.OK)


PLAN = "算力建设实施方案"


@pytest.mark.parametrize(
    ("shape", "url"),
    [
        (f'<a href="/f/a b.pdf">附件：{PLAN}.pdf</a>', "/f/a%20b.pdf"),
        (f'<a href="javascript:void(0)" onclick="openFile(\'/f/a.docx\')">{PLAN}</a>', "/f/a.docx"),
        ('<iframe src="/pdfjs/viewer.html?file=/f/实施方案.pdf"></iframe>', "/f/实施方案.pdf"),
        ('<embed src="/f/实施方案.pdf">', "/f/实施方案.pdf"),
        ('<object data="/f/实施方案.pdf"></object>', "/f/实施方案.pdf"),
        (f'<a href="/download.jsp?id=7">{PLAN}.wps</a>', "/download.jsp?id=7"),
        (f'<a href="/f/a.ofd">{PLAN}</a>', "/f/a.ofd"),
        (f'<a href="javascript:;" data-href="/f/a.pdf">{PLAN}</a>', "/f/a.pdf"),
        ('<iframe src="/pdfjs/viewer.html?file=%2Ff%2F1.pdf"></iframe>', "/f/1.pdf"),
    ],
)
def test_attachments_in_all_usual_shapes_are_seen(shape, url):
    document = read(f"<p>{shape}</p>")
    (found,) = document.attachments
    assert found.url == f"https://www.example.gov.cn{url}"
    assert not found.read
    assert document.outcome is Outcome.PARTIAL
    assert document.reason.startswith("attachments are not read: ")
    assert "附件" not in document.text
    readable = url.endswith((".pdf", ".docx"))
    assert bool(find_missing_parts(document).attachment) is readable


@pytest.mark.parametrize(
    "beside",
    [
        '<a href="/f/a.doc">项目申报表.doc</a>',
        '<a href="/f/a.xlsx">附件1：专家名单.xlsx</a>',
        '<a href="/f/a.pdf">算力建设安排.pdf</a>',
        '<a href="/f/a.pdf">下载PDF版</a>',
        '<div class=footer><a href="/f/guide.pdf">网站使用指南</a></div>',
    ],
)
def test_forms_and_copies_make_nothing_partial(beside):
    assert read(f"<p>{beside}</p>").outcome is Outcome.OK


HELD = (
    "<p>到2028年，算力规模达到30Eflops。</p><p>培育企业12家，设立引导基金，支持开源社区。</p>"
    "<p>加快建设调度平台，让中小企业用得起、用得好算力，每年公布进展。</p>"
)


@pytest.mark.parametrize(
    "body",
    [
        f'<div id=app></div><script>var c = "{HELD}"; show(c)</script>',
        f"<div id=app></div><script>var c = '{HELD}'; show(c)</script>",
        f"<textarea style='display:none'>{HELD.replace('<', '&lt;')}</textarea>",
        '<p>正在加载，请稍候。</p><script type="application/json">{"a": {"content": "'
        + HELD.replace("/", "\\/")
        + '"}}</script>',
    ],
)
def test_a_text_that_a_script_holds_is_read(body):
    document = read(body=body)
    assert document.text.split("\n")[0] == "到2028年，算力规模达到30Eflops。"
    assert "<p>" not in document.text


def test_a_title_alone_is_no_text():
    document = read(body="<div id=app></div><script src=app.js></script>")
    assert (document.outcome, document.text) == (Outcome.EMPTY, "")


@pytest.mark.parametrize(
    "markup",
    [
        '<html><head><META content="0;url=/real/1.html" HTTP-EQUIV="Refresh"></head></html>',
        '<html><script>window.location.replace("/real/1.html")</script></html>',
        "<noscript><meta http-equiv=refresh content=\"0;URL='/real/1.html'\"></noscript><p></p>",
        "<html><title>算力建设安排</title><p>正在跳转，<a href=/x>点击这里</a></p>"
        "<script>location.href = '/real/1.html'</script></html>",
    ],
)
def test_a_stub_names_where_it_leads(markup):
    document = read_document(markup.encode(), url=URL)
    assert document.outcome is Outcome.EMPTY
    assert document.target == "https://www.example.gov.cn/real/1.html"


@pytest.mark.parametrize(
    "inner",
    [
        "<script>var there = '/real/1.html'; location.href = there;</script>",
        "<script>window.open('/real/1.html', '_self')</script>",
        "<body onload=\"location.href='/real/1.html'\"></body>",
        "<frameset><frame src=/real/1.html></frameset>",
        "<iframe src=/real/1.html></iframe>",
    ],
)
def test_a_stub_leads_elsewhere_by_variable_event_or_frame(inner):
    document = read_document(f"<html>{inner}</html>".encode(), url=URL)
    assert document.target == "https://www.example.gov.cn/real/1.html"


def test_a_page_that_sends_telephones_elsewhere_is_no_stub():
    script = "<script>if (/Android/.test(navigator.userAgent)) location = '/m/1.html'</script>"
    document = read(script, body="<p>会议指出，建成智算中心2座。</p>")
    assert (document.outcome, document.target) == (Outcome.OK, None)


def test_a_file_that_only_a_script_shows_is_seen():
    script = "<script>PDFObject.embed('/f/实施方案.pdf', '#box')</script>"
    document = read(script, body="<p>现将方案印发给你们，请执行。</p>")
    assert find_missing_parts(document).attachment == "https://www.example.gov.cn/f/实施方案.pdf"


def test_a_page_with_a_text_is_no_stub():
    script = "<script>if (mobile) location.href = '/m/1.html'</script>"
    assert read(script).target is None


@pytest.mark.parametrize(
    "body",
    [
        "<p>我市将建设大模型安全验证中心，年内完成测评60项。</p><p>支持企业参与，共享数据。</p>",
        "<p>防护系统升级后，访问被拦截的境外攻击增长两成。</p><p>算力规模达到3Eflops。</p>",
    ],
)
def test_words_of_firewalls_in_short_prose_are_no_notice(body):
    assert read(body=body).outcome is Outcome.OK


def piece(text, left, top):
    return Piece(text, left, top - 10, left + 10 * len(text), top)


def test_a_page_of_a_pdf_is_read_from_top_to_bottom():
    drawn = [piece("第一段，内容。", 50, 700), piece("第二段，内容。", 50, 600)]
    assert ordered_lines(drawn) is None
    assert ordered_lines([*drawn, piece("标题", 50, 750)]) == [
        "标题",
        "第一段，内容。",
        "第二段，内容。",
    ]


def test_two_columns_of_a_pdf_are_read_one_after_the_other():
    title = Piece("横跨两栏的一个大标题", 50, 740, 500, 760)
    drawn = [title]
    for row in range(4):
        for side, left in (("左", 50), ("右", 300)):
            drawn.append(piece(f"{side}栏第{row}行文字内容文字内容文字内容", left, 700 - 20 * row))
    lines = ordered_lines(drawn)
    assert lines is not None
    assert "".join(line[0] for line in lines) == "横左左左左右右右右"
