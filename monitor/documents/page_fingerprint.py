"""Tells from the bytes of a page, without parsing, whether its text is the same as last time.

Counters, clocks and tokens change the bytes of a page between two visits. The text lies between
the first line and the last: if those bytes are equal and the bytes around them differ only in what
the reader does not heed, the text is the same. That is digits; and on a page with enough prose,
whose scripts nobody looks through for a text or a file, plain scripts, the values of a form's
fields, and plain links in lists if the reader says so (``Document.steady_links``). The number of
the article's further pages is the one number around the text that counts. Any other page is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha256


@cache
def _chinese_run_pattern() -> re.Pattern[str]:
    return re.compile(r"[\u3400-\u9fff]{6,24}")


_DIGITS = b"0123456789"
_ANCHOR = 6


@cache
def _digit_pattern() -> re.Pattern[str]:
    return re.compile(r"\d")


_MAX_LINES = 2000
# Only this call gives the number of pages of an article (pagers.py).
_PAGER = b"createPageHTML"
# On a page with less prose the reader looks for files in scripts, and for a text (reader.py); one
# with few letters at its begin may be a notice, if it is small (block_pages.py).
_MUCH_PROSE, _SEEN = 400, 4000
# Of a page with less text the links are searched for a notice too.
_MUCH_TEXT = 500
_LOOSE, _LINKS = "loose", "links"


@cache
def _script_pattern() -> re.Pattern[bytes]:
    # A script without a tag, a comment or a character beyond ASCII: whatever an author's mistake
    # makes of its begin, no element can hide in it, and no charset depends on it.
    return re.compile(
        rb"(<script(?:\s[^<>]*+)?>)((?:[\t\n\r\x20-;=-~]++|<(?![!/?A-Za-z]))++)(?=</script[\s/>])"
    )


@cache
def _read_script_pattern() -> re.Pattern[bytes]:
    # What is read of a script: a day of issue, a link to the next page; or it is none.
    return re.compile(rb"datePublished|rel\s*=|-->")


@cache
def _token_pattern() -> re.Pattern[bytes]:
    # The value of a field, or a token in a meta tag or of a script.
    value = rb"""(?:"[\w+/=.:~%-]*+"|'[\w+/=.:~%-]*+'|[\w+/=.:~%-]++(?=[\s>]))"""
    return re.compile(
        rb"(<(?:input\s(?:[^<>]*?\s)?value="
        rb"""|meta\s+name=["']?[\w-]*(?:csrf|xsrf|token|nonce)[\w-]*["']?\s+content="""
        rb"|(?:script|style|link)\s(?:[^<>]*?\s)?nonce=))" + value
    )


@cache
def _link_pattern() -> re.Pattern[bytes]:
    # Chinese words alone, in UTF-8: any of them leaves the page as well encoded as it was.
    return re.compile(
        rb"""(<li(?:\s[^<>]*+)?>\s*+<a\s(?:[^<>]*?\s)?href=(["']))([\w./:?=~-]++)(\2[^<>]*+>)"""
        rb"((?:[\xe4-\xe9][\x80-\xbf]{2}){6,40})(?=</a>)"
    )


@cache
def _version_pattern() -> re.Pattern[bytes]:
    return re.compile(rb"""((?:\.js|\.css)\?)[\w&=-]++(?=["'])""")


def page_fingerprint(
    body: bytes, text: str, charset: str, prose: int = 0, links: Sequence[str] = ()
) -> str:
    """The fingerprint of a page for the next visit; empty if its text is not found in its bytes.

    Args:
        body: the page as it was received.
        text: the text of its document.
        charset: the codec it was decoded with.
        prose: the letters of prose that the page shows.
        links: the texts of its links that may have other words.
    """
    lines = text.split("\n")
    if len(lines) > _MAX_LINES:
        return ""
    runs = [run for line in lines if (run := _anchor(line, charset))]
    if len(runs) < 2:
        return ""
    first, last = runs[0], runs[-1]
    start, end = _span(body, first, last)
    # If a line lies elsewhere, the text was put together from several places.
    if start < 0 or not _are_all_in(body[start:end], runs):
        return ""
    before = _bytes_beyond(body, start, _text_beyond(lines, back=True), charset, back=True)
    after = _bytes_beyond(body, end, _text_beyond(lines[::-1], back=False), charset, back=False)
    if before is None or after is None:
        return ""
    start, end = start - before, end + after
    ways: tuple[str, ...] = ()
    if prose >= _MUCH_PROSE and sum(map(str.isalnum, text[:_SEEN])) >= _MUCH_PROSE:
        plain = links and charset == "utf-8" and len(text) >= _MUCH_TEXT
        seen = _plain_links(body[:start]) + _plain_links(body[end:]) if plain else []
        # All of them, or it is not known which of them the reader means.
        ways = (_LOOSE, _LINKS) if seen and seen == list(links) else (_LOOSE,)
    known = _hash(body, start, end, ())
    loosely = (_hash(body, start, end, ways), *ways) if ways else ()
    return ":".join((known, first.hex(), last.hex(), str(before), str(after), *loosely))


def matches_fingerprint(fingerprint: str, body: bytes) -> bool:
    """Whether a page shows the text that ``fingerprint`` was computed from."""
    known, first, last, before, after, *loosely = fingerprint.split(":")
    start, end = _span(body, bytes.fromhex(first), bytes.fromhex(last))
    start, end = start - int(before), end + int(after)
    if not 0 <= start < end <= len(body):
        return False
    if _hash(body, start, end, ()) == known:
        return True
    # Only a page that has changed in more than digits costs more.
    return bool(loosely) and _hash(body, start, end, loosely[1:]) == loosely[0]


def _text_beyond(lines: list[str], *, back: bool) -> str:
    """The text before its first anchor, or after its last one (``lines`` reversed)."""
    aside = ""
    for line in lines:
        found = _chinese_run_pattern().search(line)
        if found is not None:
            rest = line[: found.start()] if back else line[found.start() + _ANCHOR :]
            return aside + rest if back else rest + aside
        aside = f"{aside}{line}\n" if back else f"\n{line}{aside}"
    return aside


def _bytes_beyond(body: bytes, at: int, rest: str, charset: str, *, back: bool) -> int | None:
    """How many bytes beyond an anchor belong to the text.

    Changed letters beyond it are noticed anyway; digits have to be inside. None if they are not
    next to the anchor.
    """
    written = rest.encode(charset, "replace")
    beside = body[max(0, at - len(written)) : at] if back else body[at : at + len(written)]
    if beside == written:
        return len(written)
    return None if _digit_pattern().search(rest) else 0


def _anchor(line: str, charset: str) -> bytes:
    """A run of Chinese characters without markup, as the page encodes it."""
    found = _chinese_run_pattern().search(line)
    if found is None:
        return b""
    try:
        return found[0][:_ANCHOR].encode(charset)
    except (UnicodeEncodeError, LookupError):
        return b""


def _span(body: bytes, first: bytes, last: bytes) -> tuple[int, int]:
    """The widest span that may hold the text; (-1, -1) if there is none."""
    start = body.find(first, max(0, body.find(b"<body")))
    end = body.rfind(last) + len(last)
    return (start, end) if 0 <= start < end else (-1, -1)


def _are_all_in(span: bytes, runs: list[bytes]) -> bool:
    """Whether a part of a page holds all of these bytes, which mostly follow one another."""
    at = 0
    for run in runs:
        found = span.find(run, at)
        if found < 0 and run not in span[: at + len(run)]:
            return False
        at = max(at, found)
    return True


def _hash(body: bytes, start: int, end: int, ways: Sequence[str]) -> str:
    digest = sha256(memoryview(body)[start:end])
    around = body[:start], body[end:]
    if _PAGER in body:
        # Seldom needed; the call may have its numbers from any script.
        from monitor.documents.pagers import page_call

        digest.update(repr(page_call(body.decode("latin-1"))).encode())
    elif _LOOSE in ways:
        around = _without_tokens(around[0]), _without_tokens(around[1])
    if _LINKS in ways:
        around = _without_links(around[0]), _without_links(around[1])
    digest.update(around[0].translate(None, _DIGITS))
    digest.update(b"|")
    digest.update(around[1].translate(None, _DIGITS))
    return digest.hexdigest()


def _without_tokens(markup: bytes) -> bytes:
    """A part of a page without what is only there for scripts, forms and caches."""
    markup = _script_pattern().sub(_kept_of_script, markup)
    markup = _token_pattern().sub(rb"\1", markup)
    if b".js?" in markup or b".css?" in markup:
        markup = _version_pattern().sub(rb"\1", markup)
    return markup


def _without_links(markup: bytes) -> bytes:
    """A part of a page without the words and addresses of plain links in lists."""
    return _link_pattern().sub(
        lambda link: link[1] + link[4] if _is_plain(link) else link[0], markup
    )


def _plain_links(markup: bytes) -> list[str]:
    return [link[5].decode() for link in _link_pattern().finditer(markup) if _is_plain(link)]


def _is_plain(link: re.Match[bytes]) -> bool:
    # The reader is loaded for the first page that has such links.
    from monitor.documents.steady_links import is_plain_link

    return is_plain_link(link[5].decode("utf-8", "replace"), link[3].decode("ascii"))


def _kept_of_script(script: re.Match[bytes]) -> bytes:
    return script[0] if _read_script_pattern().search(script[2]) is not None else script[1]
