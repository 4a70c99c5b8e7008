"""What a page shows to exist and does not hold is read where it can be, and said where not."""

from __future__ import annotations

import json

import pytest

from monitor.documents.multipart import Part, find_missing_parts, read_parts
from monitor.documents.reader import read_document
from monitor.model.documents import Document, Outcome

URL = "http://www.qingshi.gov.cn/art/plan.html"
CITIES = ("云溪", "临河", "望江", "岭南", "白鹭", "金沙", "东屏")
PARAGRAPHS = [
    f"{city}市将建设智能算力中心{number}座，支持企业与高校联合攻关，"
    "推动智能算力在工业、医疗、交通等领域落地，到2027年形成可以推广的经验。"
    for number, city in enumerate(CITIES, start=2)
]
NOTICE = "<p>各市政府：</p><p>《青石省算力发展行动计划》已经省政府同意，现印发给你们。</p>"


def paragraphs(texts: list[str]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def page(body: str, *, below: str = "") -> Document:
    markup = (
        "<html><head><title>青石省算力发展行动计划</title></head><body>"
        '<ul class="nav"><li><a href="/">首页</a></li><li><a href="/zw/">政务</a></li></ul>'
        '<div class="main"><h1>青石省算力发展行动计划</h1><p>发布时间：2026-01-20</p>'
        f'<div class="content">{body}</div>{below}</div></body></html>'
    )
    return read_document(markup.encode(), content_type="text/html; charset=utf-8", url=URL)


@pytest.mark.parametrize(
    ("body", "below", "said"),
    [
        (
            paragraphs(PARAGRAPHS),
            '<div>第1页/共3页 <a href="javascript:void(0)" onclick="gotoPage(2)">下一页</a></div>',
            "no address (共3页)",
        ),
        (
            paragraphs(PARAGRAPHS),
            "<select><option>第1页</option><option>第2页</option></select>",
            "no address (第2页)",
        ),
        (
            paragraphs(PARAGRAPHS[:3]) + '<p>……<a href="plan_full.html">[查看全文]</a></p>',
            "",
            "stands elsewhere: http://www.qingshi.gov.cn/art/plan_full.html",
        ),
        (paragraphs(PARAGRAPHS) + "<p>（下转第3版）</p>", "", "（下转第3版）"),
        (
            paragraphs(PARAGRAPHS[:3]),
            "<div><p>您尚未登录，仅可试读前三段。</p><p>成为会员，解锁全文</p></div>",
            "for subscribers (试读前)",
        ),
        (
            paragraphs(PARAGRAPHS[:3]),
            "<div>本文共5830字，剩余82%内容，购买后可阅读</div>",
            "for subscribers (剩余82%内容)",
        ),
        (
            paragraphs(PARAGRAPHS),
            '<div><a href="one.html">【1】</a><a href="two.html">【2】</a></div>',
            "further pages are not read (【1】【2】)",
        ),
        (
            paragraphs(PARAGRAPHS[:4]) + '<iframe src="part2.html" height="800"></iframe>',
            "",
            "a frame is not read: http://www.qingshi.gov.cn/art/part2.html",
        ),
        (
            "<p>省长作政府工作报告，以下为报告全文：</p>"
            + "".join(f'<p><img src="/up/{number}.jpg"></p>' for number in range(12)),
            "",
            "12 pictures are not read",
        ),
        (
            NOTICE
            + '<p>附件：<a href="javascript:void(0)" onclick="get(7)">算力发展行动计划</a></p>',
            "",
            "no address: 算力发展行动计划",
        ),
        (
            NOTICE + '<p>附件：<a href="plan.zip">行动计划及分工.zip</a></p>',
            "",
            "行动计划及分工.zip",
        ),
        (
            paragraphs(PARAGRAPHS[:3])
            + f'<script>document.write("{paragraphs(PARAGRAPHS[3:])}");</script>',
            "",
            "a script writes text that is not read",
        ),
    ],
)
def test_what_is_not_read_is_said(body, below, said):
    document = page(body, below=below)
    assert document.outcome is Outcome.PARTIAL
    assert said in document.reason


@pytest.mark.parametrize(
    "body",
    [
        paragraphs(PARAGRAPHS) + "<p>共3页意见，第2页说明理由。</p>",
        paragraphs(PARAGRAPHS) + '<iframe src="/share/bar.html"></iframe>',
        paragraphs(PARAGRAPHS) + '<iframe src="https://v.example.com/play.html"></iframe>',
        paragraphs(PARAGRAPHS) + '<p><img src="/up/1.jpg"></p><p><img src="/up/2.jpg"></p>',
        paragraphs(PARAGRAPHS) + "<script>document.write('<span>2026</span>');</script>",
        paragraphs(PARAGRAPHS) + "<p>这一做法正在全省转版复制。</p>",
        paragraphs(PARAGRAPHS) + "<p>有关企业可登录省政务服务网查看全部材料，阅读指南全文。</p>",
        paragraphs(PARAGRAPHS) + "<p>资金分两次下达，剩余30%验收后拨付。</p>",
        paragraphs(PARAGRAPHS) + '<p><a href="#n1">[1]</a> <a href="#n2">[2]</a></p>',
        paragraphs(PARAGRAPHS) + '<p>附件：<a href="table.xls">分工表</a>（共2页）</p>',
        paragraphs(PARAGRAPHS) + "<p>青石省政府办公厅印发 共印200份 共3页</p>",
        paragraphs(PARAGRAPHS) + "<h3>网友评论</h3><div>共2页</div>",
        paragraphs(PARAGRAPHS) + '<iframe src="/dzpl/12.html"></iframe>',
        paragraphs(PARAGRAPHS) + '<iframe src="/xgwz/list.html"></iframe>',
        paragraphs(PARAGRAPHS) + '<iframe src="/u/1.html" width="300" height="90"></iframe>',
        paragraphs(PARAGRAPHS) + '<iframe src="/u/1.html" style="visibility: hidden"></iframe>',
        paragraphs(PARAGRAPHS[:3]) + "<p>（下转第2版）</p><p>（上接第1版）</p>" + NOTICE,
        paragraphs(PARAGRAPHS)
        + '</div><div><p>一图读懂算力行动计划</p><a href="/jd/3.html">查看全文</a></div>',
        "<p>算力大会在云溪市举行，百家企业到场展示应用成果。</p>"
        + "".join(f'<p><img src="/up/{n}.jpg"></p><p>会场一角。记者李岭摄</p>' for n in range(4)),
        f"<p>{PARAGRAPHS[0]}</p><div class='foot'>"
        + "".join(f'<p><img src="/up/{n}.jpg"></p>' for n in range(4))
        + "</div>",
        paragraphs(PARAGRAPHS)
        + '<script>document.write("<p>主办单位：青石省政府办公厅，承办单位：青石省数据局，'
        '地址：云溪市解放路一百号，电话请见联系页，建议使用高版本浏览器，本网内容未经许可，不得转载，欢迎各界提出意见。</p>")</script>',
        '<p>附件：<a href="#fj">重点任务分工方案</a></p>'
        + paragraphs(PARAGRAPHS)
        + '<p><a name="fj"></a>重点任务分工方案</p><p>各市分工如下。</p>',
        paragraphs(PARAGRAPHS[:4])
        + f"<p>第1页 共2页</p>{paragraphs(PARAGRAPHS[4:])}<p>第2页 共2页</p>",
        paragraphs(PARAGRAPHS) + '<p>《青石省算力条例》<a href="/fg/1.html">【全文】</a></p>',
        paragraphs(PARAGRAPHS) + '<iframe src="/shipin/1.html" height="480"></iframe>',
        paragraphs(PARAGRAPHS)
        + f'<div style="display:none">{paragraphs(PARAGRAPHS)}</div><a href="#">更多</a>',
    ],
)
def test_a_whole_page_is_not_doubted(body):
    document = page(body)
    assert document.outcome is Outcome.OK, document.reason


def test_what_a_control_opens_is_read():
    hidden = f'<div id="rest" style="display:none">{paragraphs(PARAGRAPHS[3:])}</div>'
    opened = """<a href="javascript:;" onclick="show('rest')">展开全文</a>"""
    document = page(paragraphs(PARAGRAPHS[:3]) + hidden + opened)
    assert document.outcome is Outcome.OK
    assert document.text.split("\n")[-4:] == PARAGRAPHS[3:]
    # Nothing says what this one opens.
    unnamed = '<a href="javascript:;" class="more">展开全文</a>'
    document = page(paragraphs(PARAGRAPHS[:3]) + hidden + unnamed)
    assert document.outcome is Outcome.PARTIAL
    assert "on demand" in document.reason
    # Without such a control it is hidden for good.
    assert page(paragraphs(PARAGRAPHS[:3]) + hidden).outcome is Outcome.OK


def test_paragraphs_that_a_script_holds_one_by_one_are_read():
    data = {"detail": {"name": "计划", "blocks": [{"type": "p", "value": x} for x in PARAGRAPHS]}}
    others = {"list": [{"url": f"/{n}.html", "summary": x} for n, x in enumerate(PARAGRAPHS)]}
    for held in (data, {"detail": {"paragraphs": PARAGRAPHS}}, {**others, **data}):
        script = f"<script>var state = {json.dumps(held, ensure_ascii=False)};</script>"
        markup = f"<html><body><div id='app'></div>{script}</body></html>"
        document = read_document(markup.encode(), url=URL)
        assert document.text.split("\n") == PARAGRAPHS


def test_what_readers_wrote_is_no_article():
    items = [{"id": number, "content": text} for number, text in enumerate(PARAGRAPHS)]
    for held in ({"comments": items}, {"list": [{**one, "nickname": "甲"} for one in items]}):
        script = f"<script>var state = {json.dumps(held, ensure_ascii=False)};</script>"
        markup = f"<html><body><p>评论</p>{script}</body></html>"
        assert read_document(markup.encode(), url=URL).text == ""


def test_the_whole_that_a_script_holds_is_read_for_its_summary():
    whole = json.dumps({"content": paragraphs(PARAGRAPHS)}, ensure_ascii=False)
    document = page(paragraphs(PARAGRAPHS[:2]), below=f"<script>window.data = {whole};</script>")
    assert document.text.split("\n") == PARAGRAPHS
    other = json.dumps({"content": paragraphs(PARAGRAPHS[2:])}, ensure_ascii=False)
    document = page(paragraphs(PARAGRAPHS[:2]), below=f"<script>window.data = {other};</script>")
    assert document.text.split("\n") == PARAGRAPHS[:2]


def test_a_page_with_one_frame_leads_to_it():
    document = page('<iframe src="text.html" width="100%"></iframe>')
    assert document.outcome is Outcome.EMPTY
    assert document.target == "http://www.qingshi.gov.cn/art/text.html"


def test_an_attachment_of_unknown_format_is_asked_for():
    document = page(NOTICE + '<p>附件：<a href="/api/download?id=77">算力发展行动计划</a></p>')
    (address,) = find_missing_parts(document).urls
    assert address == "http://www.qingshi.gov.cn/api/download?id=77"
    markup = f"<html><body>{paragraphs(PARAGRAPHS)}</body></html>".encode()
    first = Part(URL, "text/html", page_bytes(document))
    joined = read_parts([first, Part(address, "text/html", markup)])
    assert PARAGRAPHS[-1] in joined.text


def page_bytes(document: Document) -> bytes:
    link = f'<p>附件：<a href="{document.attachments[0].url}">算力发展行动计划</a></p>'
    head = "<html><head><title>青石省算力发展行动计划</title></head><body>"
    return f"{head}<div><h1>青石省算力发展行动计划</h1>{NOTICE}{link}</div></body></html>".encode()


def test_what_is_said_of_a_part_is_said_of_the_whole():
    pager = '<a href="plan_2.html">2</a> <a href="plan_2.html">下一页</a>'
    head = "<html><body><div><h1>青石省算力发展行动计划</h1>"
    first = f"{head}{paragraphs(PARAGRAPHS[:4])}{pager}</div></body></html>"
    second = (
        f"<html><body><div>{paragraphs(PARAGRAPHS[4:])}<p>（下转第7版）</p></div></body></html>"
    )
    parts = [
        Part(URL, "text/html; charset=utf-8", first.encode()),
        Part(URL.replace(".html", "_2.html"), "text/html; charset=utf-8", second.encode()),
    ]
    whole = read_parts(parts)
    assert whole.outcome is Outcome.PARTIAL
    assert "下转第7版" in whole.reason


@pytest.mark.parametrize(
    "body",
    [
        "<html><body><div>系统检测到您的网络环境存在异常，请完成下方验证后继续。</div><p>事件编号：7f3a-118</p></body></html>",
        "<html><body><h1>访问受限</h1><p>您的IP地址（203.0.113.7）触发了本站安全策略，现已被临时限制访问。"
        "如有疑问，请联系网站管理员并提供以下编号。</p><p>请求编号：20260120-1f2e</p></body></html>",
        '{"code": 429, "message": "您的访问频率过高，请稍后再试", "data": null}',
    ],
)
def test_a_refusal_is_no_text(body):
    document = read_document(body.encode(), url=URL)
    assert not document.text
    assert document.outcome in {Outcome.BLOCKED, Outcome.EMPTY}


def test_an_article_on_refusals_is_read():
    body = "<p>监测发现您的网络异常时，运营者应当告知用户，并在两日内恢复服务。</p>" + paragraphs(
        PARAGRAPHS
    )
    assert page(body).outcome is Outcome.OK


@pytest.mark.parametrize(
    "line",
    ["2026年01月20日 第01版：要闻", "2026年1月20日 星期二 第A3版", "第02版：产业 2026年01月20日"],
)
def test_the_issue_of_a_newspaper_is_its_day(line):
    article = f"<h1>抢抓机遇</h1><p>{line}</p>{paragraphs(PARAGRAPHS)}"
    markup = f"<html><body><div>{article}</div></body></html>"
    assert str(read_document(markup.encode()).published) == "2026-01-20"
