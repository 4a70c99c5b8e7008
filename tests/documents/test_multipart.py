"""Articles cut into pages, and pages with an attachment instead of a text."""

from __future__ import annotations

import pytest
from office_files import PAGES, docx, pdf

from monitor.documents.multipart import Part, bundle, find_missing_parts, read_parts, unbundle
from monitor.documents.reader import read_document
from monitor.model.documents import Outcome

URL = "https://www.example.gov.cn/zwgk/202601/t20260128_1234.html"
LONG = "".join(
    f"<p>{n}、加快建设智算中心，推动算力普惠，支持大模型在第{n}个行业落地。</p>" for n in range(12)
)


def page(inner="", body=LONG, url=URL):
    html = f"<html><meta charset=utf-8><body><div class=article>{body}</div>{inner}</body></html>"
    return Part(url, "text/html", html.encode())


def wanted(part):
    return find_missing_parts(read_document(part.body, url=part.url))


@pytest.mark.parametrize(
    ("pager", "further"),
    [
        (
            '<script>createPageHTML(3, 0, "t20260128_1234", "html");</script>',
            ("t20260128_1234_1.html", "t20260128_1234_2.html"),
        ),
        (
            '<div id="pagination"><span>1</span><a href="t20260128_1234_2.html">2</a>'
            '<a href="./t20260128_1234_3.html">3</a></div>',
            ("t20260128_1234_2.html", "t20260128_1234_3.html"),
        ),
        (
            '<div class=page><a href="t20260128_1234_2.html">下一页</a>'
            '<a href="t20260128_1234_4.html">尾页</a></div>',
            ("t20260128_1234_2.html", "t20260128_1234_3.html", "t20260128_1234_4.html"),
        ),
        # One page; another article; a list; another host; a further page itself.
        ('<script>createPageHTML(1, 0, "t20260128_1234", "html");</script>', ()),
        ('<script>createPageHTML(9, 0, "index", "html");</script>', ()),
        ('<div id="pagination"><a href="t20260127_1230.html">下一页</a></div>', ()),
        ('<div id="pagination"><a href="../202512/t20260128_1234_2.html">2</a></div>', ()),
        (
            '<div id="pagination"><a href="https://evil.example/zwgk/202601/t20260128_1234_2.html">'
            "2</a></div>",
            (),
        ),
        ('<div id="pagination"><a href="t20260128_1234_99.html">99</a></div>', ()),
    ],
)
def test_the_further_pages_of_an_article(pager, further):
    base = URL.rpartition("/")[0] + "/"
    assert wanted(page(pager)).further == tuple(base + name for name in further)


def test_a_further_page_has_no_missing_parts():
    pager = '<script>createPageHTML(3, 1, "t20260128_1234", "html");</script>'
    assert wanted(page(pager, url=URL.replace("1234", "1234_1"))).further == ()


@pytest.mark.parametrize(
    ("body", "attachment"),
    [
        (
            '<a href="./P0201.pdf">点击下载全文</a>',
            "https://www.example.gov.cn/zwgk/202601/P0201.pdf",
        ),
        (
            "<p>现将若干措施印发给你们，请认真执行。</p><a href='/f/a.docx'>若干措施.docx</a>"
            "<a href='/f/b.docx'>附件下载</a>",
            "https://www.example.gov.cn/f/b.docx",
        ),
        # A page with a text of its own needs no file; nor does any file in a footer belong to it.
        (LONG + '<a href="a.pdf">附件</a>', None),
        ("<p>今年新建智算中心2座。</p><a href='/help.pdf'>无障碍</a>", None),
        ('<a href="ftp://x/a.pdf">附件</a>', None),
        (
            "<a href=\"javascript:open('a.pdf')\">附件</a>",
            "https://www.example.gov.cn/zwgk/202601/a.pdf",
        ),
    ],
)
def test_the_attachment_that_a_page_offers_instead_of_a_text(body, attachment):
    assert wanted(page(body=body)).attachment == attachment


def test_parts_are_joined_in_order_with_the_title_of_the_first():
    first = page(body="<h1>行动方案</h1>" + LONG)
    second = page(body="<p>到2027年，算力规模达到5000P。</p>")
    whole = read_parts([first, second, second, first])
    assert whole.text == f"{read_document(first.body).text}\n到2027年，算力规模达到5000P。"
    assert whole.outcome is Outcome.OK


def test_an_unreadable_part_makes_the_document_unreadable():
    gone = page(body="<p>抱歉，您访问的页面不存在。</p>")
    whole = read_parts([page(), gone])
    assert (whole.outcome, whole.text) == (Outcome.GONE, "")
    assert whole.reason.startswith("part 2 of 2: ")


def test_the_text_of_a_file_stands_for_its_pages():
    bare = page(body="<h1>行动方案</h1>")
    for name, file in (("a.pdf", pdf(PAGES)), ("a.docx", docx(["今年将新建智算中心2座。"]))):
        attached = Part(f"https://www.example.gov.cn/{name}", None, file)
        assert "智算中心2座" in read_parts([bare, attached]).text
    scanned = Part("https://www.example.gov.cn/a.pdf", None, pdf([[]], running=""))
    empty = page(body="<a href=a.pdf>下载</a>")
    assert read_parts([empty, scanned]).reason == "its attachment: a PDF without text"
    said = page(body="<p>现将若干措施印发给你们，请认真执行。</p><a href=a.pdf>附件</a>")
    beside = read_parts([said, scanned])
    assert (beside.outcome, beside.reason) == (
        Outcome.PARTIAL,
        "its attachment: a PDF without text",
    )


def test_a_bundle_returns_its_parts():
    parts = [page(), Part("https://x.gov.cn/a.pdf", None, pdf(PAGES))]
    assert unbundle(bundle(parts)) == parts
    assert bundle(parts) == bundle(parts)
