"""Telegram's HTML, parsed as strictly as the server does.

The rules and the words of the refusals are those of TDLib's ``parse_html`` and of "Formatting
options" in the Bot API's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from telegram_calls import Refusal

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
}
#: The attribute that a tag listens to; all others are read past.
_ARGUMENT = {"a": "href", "code": "class", "span": "class", "tg-emoji": "emoji-id"}
_START = re.compile(
    r"<([^\s>]*)((?:\s+[^\s=>/\"']+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9.-]+))?)*)\s*>"
)
#: The name is read before the rest; only what ends with the text is called unclosed.
_TAG_NAME = re.compile(r"<([^\s>]*)[\s>]")
_END = re.compile(r"</([^\s>]*)\s*>")
_ATTRIBUTE = re.compile(r"\s+([^\s=>/\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9.-]+)))?")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);?")
_USER = re.compile(r"tg://user\?id=(\d+)")
_ADDRESS = re.compile(r"(?:https?|tg|ton|tonsite)://|[^\s/]+\.[^\s]")
ENTITIES = 100


def utf16(text: str) -> int:
    """The length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def formatted(
    source: str, parse_mode: str | None, *, given: list[dict[str, Any]] | None = None
) -> tuple[str, list[dict[str, Any]]]:
    """What a chat shows: parsed, trimmed, and with no more than 100 entities.

    Raises:
        Refusal: 400, as Telegram words it.
    """
    entities = list(given or ())
    if parse_mode:
        if parse_mode.lower() != "html":
            raise Refusal(400, "Bad Request: unsupported parse_mode")
        source, entities = parse_html(source)
    return _trimmed(source, entities)


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Text and entities of Telegram's HTML.

    Raises:
        Refusal: 400, as Telegram words it.
    """
    text = ""
    units = 0
    entities: list[dict[str, Any]] = []
    opened: list[tuple[str, str, int, int]] = []
    for kind, value, place in _pieces(source):
        if kind == "text":
            text += value
            units += utf16(value)
        elif kind == "start":
            opened.append((*_opened(value, source, place), units, len(text)))
        else:
            _closes(value, opened, source, place)
            tag, argument, start, begin = opened.pop()
            if units > start:
                entity = _entity(tag, argument, text[begin:])
                if entity is not None:
                    entities.append({**entity, "offset": start, "length": units - start})
    if opened:
        raise _unparsed(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return text, _joined(entities)


def _pieces(source: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    while position < len(source):
        bracket = source.find("<", position)
        end = len(source) if bracket < 0 else bracket
        if end > position:
            yield "text", _REFERENCE.sub(_character, source[position:end]), position
        if bracket < 0:
            return
        kind, pattern = (
            ("end", _END) if source[bracket + 1 : bracket + 2] == "/" else ("start", _START)
        )
        tag = pattern.match(source, bracket)
        if tag is None:
            name = _TAG_NAME.match(source, bracket)
            if kind == "start" and name and name[1].lower() not in _TAGS:
                raise _unsupported(name[1], source, bracket)
            raise _unparsed(f"Unclosed {kind} tag", source, bracket)
        yield kind, tag[0], bracket
        position = tag.end()


def _character(reference: re.Match[str]) -> str:
    """The character of a reference; what names none stays as it is written."""
    if reference[0].startswith("&#"):
        number = reference[0].strip("&#;")
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code < 0xE000 else reference[0]
    return unescape(reference[0].rstrip(";") + ";")


def _opened(start: str, source: str, place: int) -> tuple[str, str]:
    found = _START.fullmatch(start)
    assert found is not None
    tag = found[1].lower()
    if tag not in _TAGS:
        raise _unsupported(tag, source, place)
    attributes = {
        name.lower(): _REFERENCE.sub(_character, double or single) or token.lower()
        for name, double, single, token in _ATTRIBUTE.findall(found[2])
    }
    argument = attributes.get(_ARGUMENT.get(tag, ""), "")
    if tag == "span" and argument != "tg-spoiler":
        raise _unparsed('Tag "span" must have class "tg-spoiler"', source, place)
    if tag == "blockquote" and "expandable" in attributes:
        argument = "expandable"
    return tag, argument


def _closes(end: str, opened: list[Any], source: str, place: int) -> None:
    found = _END.fullmatch(end)
    assert found is not None
    if not opened:
        raise _unparsed("Unexpected end tag", source, place)
    wanted = opened[-1][0]
    # "</>" closes whatever is open.
    if found[1] and found[1].lower() != wanted:
        reason = _unparsed("Unmatched end tag", source, place).description
        raise Refusal(400, f'{reason}, expected "</{wanted}>", found "</{found[1]}>"')


def _entity(tag: str, argument: str, inside: str) -> dict[str, Any] | None:
    kind = _TAGS[tag]
    if tag == "a":
        return _linked(argument or inside)
    if tag == "tg-emoji":
        if not argument.isdigit() or int(argument) == 0:
            raise Refusal(400, "Bad Request: Invalid custom emoji identifier specified")
        return {"type": kind, "custom_emoji_id": argument}
    if tag == "code" and argument.startswith("language-"):
        return {"type": kind, "language": argument.removeprefix("language-")}
    if tag == "blockquote" and argument:
        return {"type": "expandable_blockquote"}
    return {"type": kind}


def _linked(url: str) -> dict[str, Any] | None:
    user = _USER.match(url)
    if user:
        someone = {"id": int(user[1]), "is_bot": False, "first_name": "Person"}
        return {"type": "text_mention", "user": someone}
    # What is no address is shown as text, without a word.
    if not _ADDRESS.match(url):
        return None
    return {"type": "text_link", "url": url if "://" in url else f"http://{url}/"}


def _joined(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In order, and ``<pre><code class="language-…">`` as one."""
    where = {(e["offset"], e["length"]): e for e in entities if e["type"] == "pre"}
    kept = []
    for entity in entities:
        if entity["type"] == "code":
            language = entity.pop("language", None)
            around = where.get((entity["offset"], entity["length"]))
            if around is not None:
                if language:
                    around["language"] = language
                continue
        kept.append(entity)
    return sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def _trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    shown = text.strip()
    shift = utf16(text) - utf16(text.lstrip())
    end = utf16(shown)
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - shift)
        stop = min(end, entity["offset"] + entity["length"] - shift)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return shown, kept[:ENTITIES]


def _unsupported(tag: str, source: str, place: int) -> Refusal:
    return _unparsed(f'Unsupported start tag "{tag.lower()}"', source, place)


def _unparsed(reason: str, source: str | None = None, place: int = 0) -> Refusal:
    if source is not None:
        reason += f" at byte offset {len(source[:place].encode())}"
    return Refusal(400, f"Bad Request: can't parse entities: {reason}")
