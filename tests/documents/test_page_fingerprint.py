"""An unchanged page is recognised by its bytes; a changed text never matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.documents.multipart import find_missing_parts
from monitor.documents.page_fingerprint import matches_fingerprint, page_fingerprint
from monitor.documents.reader import read_document

LINES = [
    "各位代表：现在我代表省人民政府向大会报告工作，请予审议。",
    "过去一年，绿色算力产业初具规模，智算规模达到1.2万P。",
    "打造绿色算力基地，智算规模突破2万P，培育人工智能企业50家以上。",
    "推动盐湖产业与人工智能融合，建设10个应用场景，办好民生实事。",
    "让我们团结奋斗，开创现代化建设新局面，谱写高质量发展新篇章。",
]


def page(lines=LINES, *, visits=100, charset="utf-8", menu="首页"):
    body = "".join(f"<p>{line}</p>" for line in lines)
    return (
        f"<html><head><meta charset={charset}><title>报告</title></head>"
        f"<body><ul><li>{menu}</li></ul>"
        f"<div>浏览次数：<i>{visits}</i></div><div class=zoom>{body}</div>"
        f"<div>访问量{visits * 7}</div></body></html>"
    ).encode(charset)


def framed(body):
    document = read_document(body)
    return page_fingerprint(
        body, document.text, document.charset, document.prose, document.steady_links
    )


URL = "https://www.example.gov.cn/a/t20260105_77.html"


def long_page(**parts):
    """A page with enough prose, and with noise of many kinds around it."""
    parts = {
        "token": "dGhlIGZpcnN0",
        "script": "var now = 'Mon'; if (now < 9 && 1 < 2) { load('a'); }",
        "version": "v=8f3a1c",
        "title": "某省政府工作报告",
        "day": "2026-01-05",
        "menu": "首页",
        "lines": LINES * 4,
        "more": "",
        **parts,
    }
    lines = "".join(f"<p>{number}、{line}</p>" for number, line in enumerate(parts["lines"]))
    return (
        f"<html><head><meta charset=utf-8><title>{parts['title']}</title>"
        f'<meta name="_csrf-token" content="{parts["token"]}">'
        f'<meta name="PubDate" content="{parts["day"]}">'
        f'<script nonce="{parts["token"]}" src="/js/all.js?{parts["version"]}"></script>'
        f"<script>{parts['script']}</script></head><body><ul><li>{parts['menu']}</li></ul>"
        f"<form><input type=hidden name=t value={parts['token'] or 0}>"
        f'<input type="hidden" name="__VIEWSTATE" value="{parts["token"]}"/></form>'
        f"<h1>{parts['title']}</h1><div class=zoom>{lines}</div>"
        f"<script>session('{parts['token']}')</script>{parts['more']}"
        f"<div>访问量123</div></body></html>"
    ).encode()


def told(body):
    """What a visit heeds of a page."""
    document = read_document(body, url=URL)
    return (
        document.text,
        document.outcome,
        document.reason,
        document.target,
        document.attachments,
        find_missing_parts(document),
        document.title,
        document.published,
    )


def same_but_for_digits(body, other):
    """Whether two pages are the same once a digit is like another."""
    plain = bytes.maketrans(b"0123456789", b"0" * 10)
    return body.translate(plain) == other.translate(plain)


@pytest.mark.parametrize(
    "parts",
    [
        {"token": "Zx-81_q+/=="},
        {"token": ""},
        {"script": "t=new Date(99)"},
        {"script": "var data = {'a': [1, 2], \"b\": 'x < y'};"},
        {"version": "v=00ff&t=abc"},
        {"token": "abcd", "script": "q()", "version": "x"},
    ],
)
def test_tokens_and_scripts_change_nothing_on_a_page_with_enough_prose(parts):
    frame = framed(long_page())
    assert frame
    assert matches_fingerprint(frame, long_page(**parts))


@pytest.mark.parametrize(
    "parts",
    [
        {"title": "某市政府工作报告"},
        {"menu": "登录"},
        {"lines": LINES * 4 + ["补充一条，新建智算中心。"]},
        {"lines": [*LINES * 3, *LINES[:4], LINES[4].replace("新局面", "新篇章")]},
        {"more": "<a href='/f/plan.pdf'>附件：实施方案</a>"},
        {"more": "<a href='t20260105_77_1.html'>下一页</a>"},
        {"more": "<script>createPageHTML(3, 0, 't20260105_77', 'html');</script>"},
        {"script": '{"datePublished": "2026-02-07"}', "day": ""},
        {"script": "x('<a href=\"/f/plan.pdf\">')"},
        {"script": "// 发布"},
        {"script": "</script><p>另有一段话，也在这里。</p><script>"},
        {"script": "<!-- <script> </script> --> 另有一段话"},
        {"token": "x'>"},
        {"token": '"><p>另有一段话，也在这里。</p><i a="'},
    ],
)
def test_what_else_changes_around_the_text_makes_it_read_again(parts):
    assert not matches_fingerprint(framed(long_page()), long_page(**parts))


def test_with_little_prose_a_script_counts():
    def short(script):
        return page().replace(b"</head>", f"<script>{script}</script></head>".encode())

    frame = framed(short("f('/a/plan.pdf')"))
    assert frame
    assert not matches_fingerprint(frame, short("f('/b/other.pdf')"))


def test_a_variable_may_hold_the_number_of_further_pages():
    def paged(count):
        script = f"var pages = {count};"
        call = "<script>createPageHTML(pages, 0, 't20260105_77', 'html');</script>"
        return long_page(script=script, more=call)

    frame = framed(paged(1))
    assert matches_fingerprint(frame, paged(1).replace(b"123", b"456"))
    assert not matches_fingerprint(frame, paged(2))


PIECES = st.sampled_from(
    [
        *("<script>", "</script>", "<script src=x>", "<!--", "-->", "<textarea>", "</textarea>"),
        *("<p>", "</p>", "<", ">", "'", '"', "/", "=", "&", "&lt;", "<input value=", "value='"),
        *("<title>", "</title>", "<style>p{display:none}</style>", "<noscript>", "</noscript>"),
        *("另有一段话，也在这里。", "附件", "下一页", "发布时间：2026-02-07", "createPageHTML("),
        *("<a href='/f/plan.pdf'>", "<a href='t20260105_77_1.html'>", "</a>", "rel=next ", "token"),
        *('"datePublished": "2026-02-07"', "dGhl", "9", "x", "\n", " ", "<div hidden>", "</div>"),
    ]
)
NOISE = st.lists(PIECES, max_size=6).map("".join)


@given(NOISE, NOISE, NOISE, NOISE)
def test_whatever_stands_in_the_noise_a_match_means_that_nothing_is_told(
    token, script, version, more
):
    body = long_page(token="a", more="<i>a</i>")
    edited = long_page(token=token, script=script, version=version, more=f"<i>{more}</i>")
    if matches_fingerprint(framed(body), edited):
        assert told(edited) == told(body)


@given(NOISE, NOISE, st.text("abcXYZ019_-/", max_size=8), st.text("ab1(){};=<'\" ", max_size=12))
def test_tokens_and_scripts_change_nothing_whatever_stands_around_them(
    before, after, token, script
):
    def noisy(token, script):
        return long_page(
            token=token, script=script, menu=before, more=f"<i>{after}</i><script>{script}</script>"
        )

    body, edited = noisy("dGhl", "a()"), noisy(token, script)
    frame = framed(body)
    if frame and matches_fingerprint(frame, edited):
        assert told(edited) == told(body)


@given(
    st.lists(
        st.tuples(st.integers(0, len(long_page()) - 1), PIECES, st.integers(0, 30)), max_size=3
    ),
    NOISE,
)
def test_after_edits_anywhere_a_match_means_that_nothing_is_told(edits, token):
    body, edited = long_page(), long_page(token=token)
    for at, new, gone in edits:
        edited = edited[:at] + new.encode() + edited[at + gone :]
    if matches_fingerprint(framed(body), edited):
        assert told(edited)[0] == told(body)[0]
        if not same_but_for_digits(body, edited):
            assert told(edited)[1:5] == told(body)[1:5]


def linked_page(links, *, menu="", title="某省政府工作报告", above="", lines=LINES * 4):
    """A page with a list of links below its text."""
    items = "".join(f'<li><a href="{href}">{text}</a></li>' for href, text in links)
    return long_page(
        more=f"<div class=more><h3>相关链接</h3>{above}<ul>{items}</ul></div>",
        menu=menu or "首页",
        title=title,
        lines=lines,
    )


LINKS = [
    (f"/b/{number}.html", f"某市某县第{word}批项目集中开工")
    for number, word in enumerate("甲乙丙丁")
]
OTHERS = [
    (f"/c/x{number}.html", f"一批{word}类工程竣工验收") for number, word in enumerate("戊己庚辛")
]


def test_links_that_rotate_beside_the_text_change_nothing():
    frame = framed(linked_page(LINKS))
    assert frame.endswith(":links")
    assert matches_fingerprint(frame, linked_page(OTHERS))
    assert matches_fingerprint(
        frame, linked_page(OTHERS, title="某省政府工作报告").replace(b"123", b"9")
    )


@pytest.mark.parametrize(
    "link",
    [
        ("/f/plan.pdf", "某市某县重点建设项目"),
        ("/download?id=7", "某市某县重点建设项目"),
        ("t20260105_77_1.html", "某市某县重点建设项目"),
        ("/a/t20260105_77_1.html", "点击查看下一页"),
        ("#top", "某市某县重点建设项目"),
        ("/c/1.html", "短"),
        ("/c/1.html", "版权所有某省人民政府办公厅"),
        ("/c/1.html", "某市某县重点项目发布时间"),
        ("/c/1.html", "二〇二六年一月五日"),
        ("/c/1.html", "某市，某县重点建设项目"),
    ],
)
def test_a_link_that_may_mean_something_makes_the_page_read_again(link):
    assert not matches_fingerprint(framed(linked_page(LINKS)), linked_page([*LINKS[:3], link]))


def test_another_number_of_links_makes_the_page_read_again():
    assert not matches_fingerprint(framed(linked_page(LINKS)), linked_page(LINKS[:3]))


@pytest.mark.parametrize(
    "body",
    [
        linked_page(LINKS, above="<p>某省政府工作报告</p>"),
        linked_page(LINKS, above="<p>发布时间</p>"),
        linked_page(LINKS, lines=LINES),
    ],
)
def test_links_below_a_title_or_beside_little_text_have_to_stay(body):
    assert not framed(body).endswith(":links")


def test_links_that_would_decide_where_the_text_is_have_to_stay():
    """Two blocks of prose, one of them with links: which is the article depends on their words."""
    block = "".join(f"<p>{line}</p>" for line in LINES * 4)
    items = "".join(f'<li><a href="{href}">{text}</a></li>' for href, text in LINKS)
    body = (
        "<html><head><meta charset=utf-8><title>某省政府工作报告</title></head><body>"
        f"<div>{block}</div>"
        f"<div>{block.replace('年', '岁')}<p>加一句，再加一句。</p><ul>{items}</ul></div>"
        "</body></html>"
    ).encode()
    assert not framed(body).endswith(":links")


WORDS = st.sampled_from(
    [
        "某市某县",
        "重点建设项目",
        "版权所有",
        "下一页",
        "相关阅读",
        "发布时间",
        "某省政府工作报告",
        "附件",
        "，",
        "x",
        "",
        *LINES,
        "二〇二六年一月五日",
        "集中开工",
        "工作",
        "<b>",
        "责任编辑",
        "更多",
        "页",
        "锟斤拷",
        "热点新闻",
    ]
)
ADDRESSES = st.sampled_from(
    [
        "/c/1.html",
        "/f/plan.pdf",
        "t20260105_77_1.html",
        "#top",
        "/c_2.html",
        "https://b.cn/x",
        "",
        "?page=2",
    ]
)
LINK = st.tuples(ADDRESSES, st.lists(WORDS, max_size=4).map("".join))


@given(
    st.lists(LINK, min_size=4, max_size=4),
    st.lists(LINK, min_size=4, max_size=4),
    st.sampled_from(
        ["", "<p>某省政府工作报告</p>", "<p>发布时间</p>", "<p>一段话，也在这里。</p>" * 20]
    ),
    st.sampled_from(["某省政府工作报告", "某市某县重点建设项目", "集中开工"]),
    st.integers(2, 6),
)
def test_whatever_links_say_a_match_means_that_nothing_is_told(links, others, above, title, times):
    def linked(links):
        return linked_page(links, above=above, title=title, lines=LINES * times)

    for start in (links, LINKS):
        frame = framed(linked(start))
        if frame and matches_fingerprint(frame, linked(others)):
            assert told(linked(others)) == told(linked(start))


PARAGRAPHS = st.integers(1, 9).map(lambda count: "".join(f"<p>{x}</p>" for x in LINES * count))
LISTS = st.integers(1, 40).map(lambda count: f"<ul>{'<li>‹link›</li>' * count}</ul>")
BLOCKS = st.recursive(
    PARAGRAPHS | LISTS | st.sampled_from(["<h3>相关链接</h3>", "<h2>热点新闻</h2>"]),
    lambda inside: st.builds(
        "<div class='{}'>{}</div>".format,
        st.sampled_from(["", "content", "right", "list"]),
        st.lists(inside, min_size=1, max_size=3).map("".join),
    ),
    max_leaves=8,
)


@given(
    st.lists(BLOCKS, min_size=1, max_size=3).map("".join),
    st.lists(st.integers(6, 40), min_size=1, max_size=5),
    st.lists(st.integers(6, 40), min_size=1, max_size=5),
)
def test_however_long_links_are_a_match_means_that_nothing_is_told(blocks, lengths, others):
    def linked(lengths):
        first, *rest = f"{blocks}<p>{LINES[0]}</p>".split("‹link›")
        words = ("某" * lengths[index % len(lengths)] for index in range(len(rest)))
        links = (
            f"<a href='/c/x.html'>{text}</a>{part}" for text, part in zip(words, rest, strict=True)
        )
        title = "<title>某省政府工作报告</title></head><body><h1>某省政府工作报告</h1>"
        return (
            f"<html><head><meta charset=utf-8>{title}{first}{''.join(links)}</body></html>".encode()
        )

    frame = framed(linked(lengths))
    if frame and matches_fingerprint(frame, linked(others)):
        assert told(linked(others)) == told(linked(lengths))


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_counters_and_clocks_change_nothing(charset):
    frame = framed(page(charset=charset))
    assert frame
    assert matches_fingerprint(frame, page(visits=98765, charset=charset))


@pytest.mark.parametrize(
    "lines",
    [
        [*LINES[:2], LINES[2].replace("2万P", "3万P"), *LINES[3:]],
        [*LINES[:2], LINES[2].replace("50家", "60家"), *LINES[3:]],
        [*LINES, "补充一条，新建智算中心。"],
        ["补充一条，新建智算中心。", *LINES],
        LINES[:-1],
        LINES[1:],
        [LINES[1], LINES[0], *LINES[2:]],
        ["404"],
    ],
)
def test_another_text_does_not_match(lines):
    assert not matches_fingerprint(framed(page()), page(lines))


def test_words_around_the_text_make_it_read_again():
    assert not matches_fingerprint(framed(page()), page(menu="登录"))


@pytest.mark.parametrize("text", ["", "短", "这一行不在页面里面啊\n这一行也不在页面里面"])
def test_a_text_that_is_not_found_in_its_bytes_has_no_fingerprint(text):
    assert page_fingerprint(page(), text, "utf-8") == ""


@given(st.integers(0, len(page()) - 1), st.binary(max_size=12), st.integers(0, 40))
def test_after_any_edit_a_matching_fingerprint_means_the_same_text(at, new, gone):
    body = page()
    document = read_document(body)
    frame = page_fingerprint(body, document.text, document.charset)
    edited = body[:at] + new + body[at + gone :]
    if matches_fingerprint(frame, edited):
        assert read_document(edited).text == document.text


@given(st.integers(0, len(page()) - 1), st.text("0123456789", max_size=4), st.integers(0, 4))
def test_after_any_edit_of_digits_a_matching_fingerprint_means_the_same_text(at, new, gone):
    body = page()
    document = read_document(body)
    frame = page_fingerprint(body, document.text, document.charset)
    edited = body[:at] + new.encode() + body[at + gone :]
    if matches_fingerprint(frame, edited):
        # A digit may stand beside the text, or break a tag so that nothing can be read.
        found = read_document(edited).text
        assert not found or document.text in found


@given(st.binary(max_size=200), st.text(max_size=60))
def test_any_input_has_a_fingerprint_or_none(body, text):
    frame = page_fingerprint(body, text, "utf-8")
    assert not frame or matches_fingerprint(frame, body)


def test_an_article_that_gets_a_second_page_is_read_again():
    def page(count):
        lines = "".join(f"<p>推动智能算力基础设施建设项目落地第{n}批</p>" for n in range(3))
        pager = f'<script>createPageHTML({count}, 0, "t1", "html");</script>'
        return f"<html><body>{lines}{pager}<i>访问量123</i></body></html>".encode()

    text = "\n".join(f"推动智能算力基础设施建设项目落地第{n}批" for n in range(3))
    frame = page_fingerprint(page(1), text, "utf-8")
    assert frame
    assert matches_fingerprint(frame, page(1).replace(b"123", b"456"))
    assert not matches_fingerprint(frame, page(2))


def test_a_text_of_very_many_lines_has_no_fingerprint():
    lines = [f"推动智能算力基础设施建设项目落地第{n}批" for n in range(2_001)]
    body = "".join(f"<p>{line}</p>" for line in lines)
    assert (
        page_fingerprint(f"<html><body>{body}</body></html>".encode(), "\n".join(lines), "utf-8")
        == ""
    )
