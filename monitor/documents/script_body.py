"""The text of a page that scripts show: strings of HTML in scripts and text areas. Pure.

Nothing is executed. A page that its scripts fetch from elsewhere has no text here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from monitor.documents.blocks import layout_of
from monitor.documents.cost import too_expensive
from monitor.documents.weighed_page import line_weight

_MAX_SCRIPT = 2_000_000
_MAX_STRINGS = 200
_MIN_PROSE = 60
_MAX_STUB_LETTERS = 60
_MAX_FRAME_LETTERS = 4
_MAX_STUB_SCRIPT = 20_000
_MAX_DATA, _MAX_VALUES = 5, 20_000
# An item that has one of these is another article, or what a reader wrote.
_OF_OTHERS = frozenset(
    [
        "url",
        "link",
        "href",
        "title",
        "linkUrl",
        "articleUrl",
        "nickname",
        "nickName",
        "userName",
        "username",
        "user",
        "avatar",
    ]
)
_MAX_LISTS = 500


@cache
def _string_pattern() -> re.Pattern[str]:
    return re.compile(
        r'"((?:[^"\\\n]|\\.){80,})"' + r"|'((?:[^'\\\n]|\\.){80,})'" + r"|`([^`]{80,})`"
    )


@cache
def _chinese_pattern() -> re.Pattern[str]:
    return re.compile(r"[\u3400-\u9fff]|\\u[4-9][0-9a-fA-F]{3}")


@cache
def _refresh_pattern() -> re.Pattern[str]:
    return re.compile(
        r"^\s*(\d{1,3})?\s*[;,]?\s*url\s*=\s*['\"]?\s*([^'\"<>]{1,1000}?)\s*['\"]?\s*$", re.I
    )


@cache
def _location_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:window\.|document\.|self\.|top\.|parent\.)?location"
        r"(?:\.href)?\s*(?:=|\.(?:replace|assign)\s*\()\s*(?:['\"]([^'\"<>\s]{1,1000})['\"]|(\w{1,40})\s*[;)])"
        r"|window\.open\s*\(\s*['\"]([^'\"<>\s]{1,1000})['\"]\s*,\s*['\"]_(?:self|top|parent)"
    )


@cache
def _device_pattern() -> re.Pattern[str]:
    # A script that sends telephones elsewhere.
    return re.compile(
        r"userAgent|Android|iPhone|iPad|isMobile|screen\.width|uaredirect", re.IGNORECASE
    )


def script_body(tree: LexborHTMLParser) -> tuple[list[str], float]:
    """The lines of the longest text that a script holds, and their prose; no lines without one."""
    best: tuple[list[str], float] = ([], 0.0)
    for markup in _held_markup(tree):
        if too_expensive(markup):
            continue
        body = LexborHTMLParser(f"<body>{markup}").body
        if body is None:
            continue
        lines = layout_of(body).lines
        prose = sum(line_weight(line) for line in lines)
        if prose >= _MIN_PROSE and prose > best[1]:
            best = [line.text for line in lines], prose
    return best


def _held_markup(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("textarea, script[type='text/template'], script[type='text/html']")[:20]:
        held = node.text(deep=True)
        if len(held) >= _MIN_PROSE and _chinese_pattern().search(held) is not None:
            yield held[:_MAX_SCRIPT]
    count = lists = 0
    for node in tree.css("script")[:100]:
        script = (node.text(deep=True) or "")[:_MAX_SCRIPT]
        if len(script) < _MIN_PROSE or _chinese_pattern().search(script) is None:
            continue
        for listed in islice(_listed_texts(script), max(0, _MAX_LISTS - lists)):
            lists += 1
            if _chinese_pattern().search(listed) is not None:
                yield listed
        for match in _string_pattern().finditer(script):
            count += 1
            if count > _MAX_STRINGS:
                return
            held = _unescaped(match)
            if _chinese_pattern().search(held) is not None:
                yield held


@cache
def _data_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:^|[=(])\s*(?=[{\[])")


def _listed_texts(script: str) -> Iterator[str]:
    """The texts that the data of a script holds as lists of paragraphs, as markup."""
    decoder = json.JSONDecoder(strict=False)
    for match in islice(_data_pattern().finditer(script), _MAX_DATA):
        try:
            data, _ = decoder.raw_decode(script, match.end())
        except (ValueError, RecursionError):
            continue
        waiting, seen = [data], 0
        while waiting and seen < _MAX_VALUES:
            value = waiting.pop()
            seen += 1
            if isinstance(value, list):
                texts = _paragraphs_of(value)
                if len(texts) > 1:
                    yield "".join(f"<p>{text}</p>" for text in texts)
            if isinstance(value, dict | list):
                waiting.extend(_own_values(value) if isinstance(value, dict) else value)


@cache
def _others_pattern() -> re.Pattern[str]:
    return re.compile(
        "comment|repl(?:y|ies)|relat|recommend|hot_?(?:list|news)|menu|nav|pinglun|feedback|teaser|news_?list|footer|banner",
        re.IGNORECASE,
    )


def _own_values(value: dict[str, object]) -> list[object]:
    """The values of data but those that by their names are comments, menus or other articles."""
    return [one for name, one in value.items() if _others_pattern().search(name) is None]


def _paragraphs_of(items: list[object]) -> list[str]:
    """The paragraphs of a list: its strings, or one field of its items; none of a list of links."""
    if all(isinstance(item, str) for item in items):
        return [str(item) for item in items]
    held = [item for item in items if isinstance(item, dict)]
    if any(not _OF_OTHERS.isdisjoint(item) for item in held):
        return []
    sizes: Counter[str] = Counter()
    for item in held:
        sizes.update({key: len(text) for key, text in item.items() if isinstance(text, str)})
    if not sizes:
        return []
    field = sizes.most_common(1)[0][0]
    return [item[field] for item in held if isinstance(item.get(field), str)]


def _unescaped(match: re.Match[str]) -> str:
    """A string literal of a script as text."""
    literal = match[1] or match[2] or match[3] or ""
    if match[2] is not None:
        literal = literal.replace("\\'", "'").replace('"', '\\"').replace('\\\\"', '\\"')
    try:
        return str(json.loads(f'"{literal}"', strict=False))
    except ValueError:
        return literal.replace("\\/", "/").replace('\\"', '"').replace("\\n", "\n")


def stub_target(tree: LexborHTMLParser, letters: int) -> str | None:
    """Where a page without a text of its own sends its readers, as written; None for others.

    Args:
        tree: the page.
        letters: how many letters of text it shows.
    """
    if letters > _MAX_STUB_LETTERS:
        return None
    for node in tree.css("meta[content]")[:50]:
        attributes = node.attributes
        if (attributes.get("http-equiv") or "").strip().lower() == "refresh":
            match = _refresh_pattern().match(attributes.get("content") or "")
            if match is not None and int(match[1] or 0) <= 30:
                return match[2]
    noscript = " ".join(node.html or "" for node in tree.css("noscript")[:3])
    match = re.search(r"http-equiv\s*=\s*[\"']?refresh", noscript, re.I)
    if match is not None:
        content = re.search(r"url\s*=\s*['\"]?([^'\"<>\s]{1,1000})", noscript, re.I)
        if content is not None:
            return content[1]
    scripts = [(node.text(deep=True) or "")[:_MAX_STUB_SCRIPT] for node in tree.css("script")[:10]]
    body = tree.css_first("body[onload]")
    scripts.append((body.attributes.get("onload") or "") if body is not None else "")
    for script in scripts:
        if letters and _device_pattern().search(script) is not None:
            continue
        if (target := _location_in(script)) is not None:
            return target
    frames = tree.css("frame[src], iframe[src]")
    if len(frames) == 1 and letters <= _MAX_FRAME_LETTERS:
        source = (frames[0].attributes.get("src") or "").strip()
        if source and not source.startswith(("about:", "javascript:", "data:")):
            return source
    return None


def _location_in(script: str) -> str | None:
    """Where a script sends its readers, as written."""
    for match in _location_pattern().finditer(script):
        target = match[1] or match[3]
        if match[2]:
            value = re.search(rf"\b{match[2]}\s*=\s*['\"]([^'\"<>\s]{{1,1000}})['\"]", script)
            target = value[1] if value is not None else None
        if target and not target.startswith(("#", "javascript")):
            return str(target)
    return None
