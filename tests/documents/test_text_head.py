"""Title and day of a text without metadata, from its own head."""

from __future__ import annotations

from datetime import date

import pytest
from office_files import docx

from monitor.documents.reader import read_document
from monitor.documents.text_head import read_head

BODY = "\n".join(
    ["各位代表：", "现在，我向大会报告工作，请予审议。", "一、工作回顾", "全年新建智算中心2座。"]
    * 3
)


@pytest.mark.parametrize(
    ("head", "title", "day", "found_in"),
    [
        # Buttons that a copied page leaves above its title.
        (
            "打印\n收藏\n【字号：\n大\n小\n】\n2031年青川省政府工作报告\n"
            "——2031年1月9日在青川省第三届人民代表大会第二次会议上\n来源：青川日报\n"
            "时间：2031-01-15\n青川省省长 王某",
            "2031年青川省政府工作报告",
            date(2031, 1, 15),
            "byline 时间",
        ),
        # Breadcrumbs, and the label of a day in a line of its own.
        (
            "您的位置：\n首页\n>\n政务公开\n>\n工作报告\n"
            "青川省2031年政府工作报告\n发布时间：\n2031-01-15 09:20",
            "青川省2031年政府工作报告",
            date(2031, 1, 15),
            "byline 发布时间",
        ),
        # A caption is no title; without a byline the day of the speech counts.
        (
            "会场。 青川日报记者 李某 摄\n政府工作报告\n"
            "（2031年1月9日在青川省人民代表大会会议上）\n省长 王某",
            "政府工作报告",
            date(2031, 1, 9),
            "session",
        ),
        # A title on two lines.
        (
            "青川市人民政府办公室\n关于印发算力发展行动方案的通知\n青政办〔2031〕4号\n2031年3月2日",
            "青川市人民政府办公室关于印发算力发展行动方案的通知",
            date(2031, 3, 2),
            "byline",
        ),
        ("政 府 工 作 报 告\n2031年3月2日", "政府工作报告", date(2031, 3, 2), "byline"),
        (
            "政府工作报\n告\n（2031年1月9日在某市人民代表大会会议上）",
            "政府工作报告",
            date(2031, 1, 9),
            "session",
        ),
        ("A3版\n算力新城建设提速\n本报记者 李某", "算力新城建设提速", None, ""),
        ("", "", None, ""),
    ],
)
def test_the_head_names_title_and_day(head, title, day, found_in):
    found = read_head(f"{head}\n{BODY}")
    assert (found.title, found.published, found.published_from) == (title, day, found_in)


def test_the_day_a_text_is_signed_with():
    text = f"算力发展工作要点\n{BODY}\n青川市人民政府\n2031年3月2日"
    assert read_head(text).published == date(2031, 3, 2)
    assert read_head(text).published_from == "date line"


def test_text_and_office_files_have_the_title_of_their_head():
    lines = [
        "下载",
        "打印",
        "2031年青川省政府工作报告",
        "来源：青川日报  2031-01-15 08:00",
        *BODY.split("\n"),
    ]
    for body in ("\n".join(lines).encode(), docx(lines)):
        document = read_document(body, url="https://example.org/202105/t20210506_1.html")
        assert (document.title, document.published) == (lines[2], date(2031, 1, 15))
    document = read_document(
        "\n".join(lines[:3] + lines[4:]).encode(), url="https://example.org/202105/t20210506_1.html"
    )
    assert document.published == date(2021, 5, 6)
