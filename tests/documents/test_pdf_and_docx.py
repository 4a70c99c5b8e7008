"""PDF and Word files are read like pages; a file without text is empty."""

from __future__ import annotations

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import PAGES, docx, pdf
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption

from monitor.documents.pdf import MAX_PAGES
from monitor.documents.reader import read_document
from monitor.model.documents import Outcome


def test_printed_lines_become_paragraphs_without_running_titles_and_page_numbers():
    document = read_document(pdf(PAGES), url="https://www.example.gov.cn/202601/t20260128_1.pdf")
    assert document.outcome is Outcome.OK
    assert document.text.split("\n") == [
        "一、2026年重点工作",
        "今年将新建智算中心2座，培育人工智能企业100家以上，打造人工智能应用场景50个。"
        "加快建设算力网络，推动大模型在工业、医疗、教育等领域落地。支持人形机器人研发攻关，"
        "推动具身智能产业发展。到2027年，人工智能核心产业规模达到3000亿元。",
        "二、加强自身建设",
        "依法行政，从严治政，过紧日子，办实事，把更多财力用于民生和发展。",
    ]
    assert str(document.published) == "2026-01-28"


def test_the_bytes_decide_and_not_the_name():
    document = read_document(
        pdf(PAGES), content_type="text/html", url="https://www.example.gov.cn/a.html"
    )
    assert "智算中心2座" in document.text
    page = f"<html><body>{'<p>今年将新建智算中心2座，算力规模达到5000P。</p>' * 5}</body></html>"
    document = read_document(
        page.encode(), content_type="application/pdf", url="https://x.gov.cn/a.pdf"
    )
    assert "智算中心2座" in document.text


def test_a_scanned_pdf_is_recognised():
    document = read_document(pdf([[], []], running="", picture=Image.new("RGB", (60, 80), "white")))
    assert (document.outcome, document.reason) == (Outcome.EMPTY, "a scanned PDF without text")
    document = read_document(pdf([[]], running=""))
    assert (document.outcome, document.reason) == (Outcome.EMPTY, "a PDF without text")


def test_a_locked_and_an_endless_pdf():
    locked = pdf(PAGES, locked=StandardEncryption("user", ownerPassword="owner"))
    assert read_document(locked).reason == "a PDF that cannot be read: it is locked"
    endless = read_document(pdf([["字"]] * (MAX_PAGES + 1), running=""))
    assert endless.outcome is Outcome.EMPTY
    assert "601 pages" in endless.reason


WHOLE = pdf(PAGES)


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=40), st.integers(0, len(WHOLE)))
def test_a_broken_pdf_is_never_an_error(cut, noise, at):
    body = WHOLE[:at] + noise + WHOLE[at + len(noise) :]
    document = read_document(body[:cut])
    assert document.outcome in {Outcome.OK, Outcome.EMPTY}
    assert document.outcome is Outcome.OK or document.reason


def test_a_word_file_reads_like_a_page():
    document = read_document(
        docx(["政府工作报告", "今年将新建智算中心2座。", "", "培育企业100家。"])
    )
    assert document.text == "政府工作报告\n今年将新建智算中心2座。\n培育企业100家。"
    assert document.title == "政府工作报告"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (docx(["x"], name="other.xml"), "without a text"),
        (docx([]), "without text"),
        (docx(["今年新建智算中心2座。"])[:-30], "cannot be unpacked"),
        (docx(["a" * 41_000_000]), "unfolds to too much"),
        (docx(["<broken>"]), "cannot be read"),
        (b"PK\x03\x04" + b"noise" * 50, "cannot be unpacked"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "an old office file"),
    ],
)
def test_what_is_no_word_file_with_text_says_so(body, reason):
    document = read_document(body)
    assert document.outcome is Outcome.EMPTY
    assert reason in document.reason


def test_no_entity_of_a_word_file_is_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("不可泄露的内容", encoding="utf-8")
    head = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    document = read_document(docx(["今年新建&e;智算中心2座。"], head=head))
    assert "泄露" not in document.text
