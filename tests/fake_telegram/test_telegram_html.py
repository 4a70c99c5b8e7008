"""The fake Bot API: what a chat shows of HTML, and what is refused."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import BadRequest
from telegram_api import Refusal, parse_html, utf16
from telegram_bot import talking
from telegram_html import formatted


def shown(source: str) -> list[tuple]:
    """Each entity's kind and the text that it covers."""
    text, entities = formatted(source, "HTML")
    return [(entity["type"], covered(text, entity)) for entity in entities]


def covered(text: str, entity: dict) -> str:
    units = text.encode("utf-16-le")
    start = 2 * entity["offset"]
    return units[start : start + 2 * entity["length"]].decode("utf-16-le")


@pytest.mark.parametrize(
    ("source", "entities"),
    [
        ("<b>a</b><strong>b</strong>", [("bold", "a"), ("bold", "b")]),
        ("<i>a</i> <em>b</em>", [("italic", "a"), ("italic", "b")]),
        ("<u>a</u> <ins>b</ins>", [("underline", "a"), ("underline", "b")]),
        ("<s>a</s><strike>b</strike><del>c</del>", [("strikethrough", c) for c in "abc"]),
        ('<span class="tg-spoiler">a</span>', [("spoiler", "a")]),
        ("<tg-spoiler>a</tg-spoiler>", [("spoiler", "a")]),
        ('<a href="https://e.org/?a=1&amp;b=2">a</a>', [("text_link", "a")]),
        ('<a href="tg://user?id=7">a</a>', [("text_mention", "a")]),
        ("<code>a</code><pre>b</pre>", [("code", "a"), ("pre", "b")]),
        ('<pre><code class="language-python">a</code></pre>', [("pre", "a")]),
        ("<blockquote>a</blockquote>", [("blockquote", "a")]),
        ("<blockquote expandable>a</blockquote>", [("expandable_blockquote", "a")]),
        ('<tg-emoji emoji-id="5">👍</tg-emoji>', [("custom_emoji", "👍")]),
        ("<b>a<i>b</i></b>", [("bold", "ab"), ("italic", "b")]),
        ("<B>a</b>", [("bold", "a")]),
        ("<b></b>a", []),
        ('<a href="nonsense">a</a>', []),
        ("  <b> a</b> ", [("bold", "a")]),
        ("𝕏 <b>算力</b>", [("bold", "算力")]),
        ("&lt;b&gt; &#x7B97;&#21147; &quot;&amp;&copy;", []),
    ],
)
def test_a_chat_shows_the_tags_of_today(source: str, entities: list) -> None:
    assert shown(source) == entities


def test_entities_carry_what_belongs_to_them() -> None:
    _, (link,) = parse_html('<a href="https://e.org/?a=1&amp;b=2">a</a>')
    assert link == {"type": "text_link", "offset": 0, "length": 1, "url": "https://e.org/?a=1&b=2"}
    _, (code,) = parse_html('<pre><code class="language-python">a</code></pre>')
    assert code["language"] == "python"
    assert parse_html("&lt; &#x7B97; &nosuch; &copy;")[0] == "< 算 &nosuch; &copy;"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("算<br>", 'Unsupported start tag "br" at byte offset 3'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        (
            "<b>x</i>",
            'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("<b>x<i>y</b></i>", "Unmatched end tag"),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_what_is_no_html_of_telegrams_is_refused(source: str, reason: str) -> None:
    with pytest.raises(Refusal, match=r"^Bad Request: can't parse entities: ") as caught:
        parse_html(source)
    assert reason in caught.value.description


async def test_refusals_reach_the_bot_and_other_modes_are_none() -> None:
    async with talking() as (api, bot):
        api.add_chat(7)
        with pytest.raises(BadRequest, match="Can't parse entities"):
            await bot.send_message(7, "<b>", parse_mode="HTML")
        with pytest.raises(BadRequest, match="Unsupported parse_mode"):
            await bot.send_message(7, "x", parse_mode="Wiki")
        assert (await bot.send_message(7, "<b>x")).text == "<b>x"


async def test_a_text_has_4096_utf16_units_after_parsing_and_trimming() -> None:
    async with talking() as (api, bot):
        api.add_chat(7)
        fits = "𝕏" * 2048
        assert (
            utf16((await bot.send_message(7, f"  <b>{fits}</b>\n", parse_mode="HTML")).text) == 4096
        )
        with pytest.raises(BadRequest, match="Message is too long"):
            await bot.send_message(7, fits + "x")
        with pytest.raises(BadRequest, match="Message text is empty"):
            await bot.send_message(7, "<b> </b>", parse_mode="HTML")


async def test_no_more_than_100_entities_are_kept() -> None:
    async with talking() as (api, bot):
        api.add_chat(7)
        sent = await bot.send_message(7, "<b>x</b> " * 120, parse_mode="HTML")
        assert len(sent.entities) == 100


#: What a person may read; other control characters never arrive, at Telegram or here.
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(WORDS)
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    assert parse_html(escape(text)) == (text, [])
    assert formatted(escape(text), "HTML") == (text.strip(), [])


@given(st.lists(st.tuples(st.sampled_from(["", "b", "i", "s", "code"]), WORDS), max_size=8))
def test_entities_cover_what_their_tags_did(spans: list[tuple[str, str]]) -> None:
    source = "".join(
        f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text) for tag, text in spans
    )
    text, entities = parse_html(source)
    assert text == "".join(text for _, text in spans)
    assert [covered(text, entity) for entity in entities] == [t for tag, t in spans if tag and t]
    trimmed, kept = formatted(source, "HTML")
    for entity in kept:
        assert covered(trimmed, entity)
        assert entity["offset"] + entity["length"] <= utf16(trimmed)
