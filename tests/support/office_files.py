"""PDF and Word files made for tests, with Chinese in them."""

from __future__ import annotations

import io
import zipfile

from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))

PAGES = [
    [
        "　　一、2026年重点工作",
        "　　今年将新建智算中心2座，培育人工智能企业100家以上，打造人工",
        "智能应用场景50个。加快建设算力网络，推动大模型在工业、医疗、教",
        "育等领域落地。支持人形机器人研发攻关，推动具身智能产",
    ],
    [
        "业发展。到2027年，人工智能核心产业规模达到3000亿元。",
        "　　二、加强自身建设",
        "　　依法行政，从严治政，过紧日子，办实事，把更多财力用于民生",
        "和发展。",
    ],
]


def pdf(pages, *, running="某某省政府工作报告", picture=None, locked=None):
    packed = io.BytesIO()
    sheet = canvas.Canvas(packed, pagesize=(595, 842), encrypt=locked, invariant=1)
    for number, lines in enumerate(pages, 1):
        sheet.setFont("STSong-Light", 12)
        if running:
            sheet.drawString(200, 820, running)
            sheet.drawString(290, 20, f"— {number} —")
        if picture is not None:
            sheet.drawImage(ImageReader(picture), 50, 100, 400, 600)
        for at, line in enumerate(lines):
            sheet.drawString(72, 790 - 20 * at, line)
        sheet.showPage()
    sheet.save()
    return packed.getvalue()


def docx(paragraphs, name="word/document.xml", head=""):
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in paragraphs)
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<w:document xmlns:w='
        '"http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f"<w:body>{body}</w:body></w:document>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, xml)
    return packed.getvalue()
