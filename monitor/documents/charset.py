"""Bytes to characters: which charset a page is really in, whatever it says of itself.

Government sites send ``text/html`` without a charset, say gb2312 and mean GB 18030, or say one
and send the other. The order is BOM, header, meta, then UTF-8, then GB 18030, and a candidate
that leaves broken characters or the well-known look of misread Chinese gives way to the next.
"""

from __future__ import annotations

import codecs
import re

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# GB 18030 contains GB 2312 and GBK, and pages that name the smaller ones use the bigger.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "hz": "gb18030",
    "cp936": "gb18030",
    "cp950": "big5hkscs",
    "big5": "big5hkscs",
}
# What a server says when nobody configured it; Chinese cannot be written in these.
_UNSAID = frozenset({"iso8859-1", "ascii", "cp1252", "latin-1"})

_HEADER_CHARSET = re.compile(r"charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE
)
_XML_ENCODING = re.compile(rb"<\?xml\b[^>]{0,200}?encoding=[\"']([\w.:-]{1,40})", re.IGNORECASE)
_PRESCAN = 4096

# The commonest characters of official prose, written in UTF-8 and read as GBK, begin with these.
_COMMON = "的一是在了和有中大国年发展工作业新高建设加市经济实现大力推进，。、；：“”"
_MISREAD = re.compile(
    "[" + "".join({c.encode()[:2].decode("gbk", "ignore") for c in _COMMON}) + "]"
)
# Of each three bytes of a character the first is one of these, and the second one of those.
_MISREAD_LATIN = re.compile("[\u00e3-\u00e9][\u0080-\u00bf\u0152-\u0192\u02c6-\u2122]")
_MOSTLY, _FEW = 0.05, 10
_BEYOND = re.compile(r"[^\x00-\x7f]")
_WRONG = re.compile("[\x00-\x08\x0e-\x1f\x80-\x9f\ue000-\uf8ff\ufffd]")
_LONG_ENOUGH = 60


def decode(
    body: bytes, content_type: str | None = None, override: str | None = None
) -> tuple[str, str]:
    """The text of ``body`` and the charset it was read with; never fails.

    Args:
        body: the bytes, unpacked.
        content_type: the header of that name, or None.
        override: a charset the operator insists on; it is taken unless Python has none so named.

    Returns:
        The text without its byte order mark, and the Python name of the charset. Bytes that fit
        nowhere become U+FFFD.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), name
    insisted = _known(override)
    if insisted is not None:
        return body.decode(insisted, "replace"), insisted
    sure = _surely_utf8(body)
    if sure is not None:
        return sure, "utf-8"
    best: tuple[float, str, str] | None = None
    for name in _candidates(body, content_type):
        text = body.decode(name, "replace")
        wrong = _wrongness(text)
        if wrong <= 0.002:
            return text, name
        if best is None or wrong < best[0]:
            best = (wrong, text, name)
    if best is None:  # pragma: no cover - there are always two candidates
        return body.decode("utf-8", "replace"), "utf-8"
    return best[1], best[2]


def broken_share(text: str) -> float:
    """Share (0 to 1) of the characters beyond ASCII that no charset could make sense of."""
    broken = text.count("\ufffd")
    return broken / len(_BEYOND.findall(text)) if broken else 0.0


def misread(text: str) -> bool:
    """Whether Chinese was read in a wrong charset, and written so, before it came to us.

    UTF-8 read as GBK makes rare characters that begin alike; read as Latin-1 it makes pairs of a
    letter with an accent and a sign. A few are words of some language; a page of them is none.
    """
    signs = max(len(_MISREAD.findall(text)), 2 * len(_MISREAD_LATIN.findall(text)))
    if signs < _FEW:
        return False
    return signs > _MOSTLY * len(_BEYOND.findall(text))


def _candidates(body: bytes, content_type: str | None) -> list[str]:
    declared = _HEADER_CHARSET.search(content_type or "")
    head = body[:_PRESCAN]
    meta = _META_CHARSET.search(head) or _XML_ENCODING.search(head)
    names = [
        _known(declared.group(1)) if declared else None,
        _known(meta.group(1).decode("ascii", "ignore")) if meta else None,
    ]
    names = [None if name in _UNSAID else name for name in names]
    ordered = [name for name in (*names, "utf-8", "gb18030") if name is not None]
    return list(dict.fromkeys(ordered))


def _surely_utf8(body: bytes) -> str | None:
    """The text if the bytes can be nothing else: GBK prose of some length is no valid UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    beyond = len(body) - len(text)
    return text if not beyond or beyond >= _LONG_ENOUGH else None


def _known(label: str | None) -> str | None:
    if not label:
        return None
    try:
        name = codecs.lookup(label.strip()).name
        "".encode(name)  # some codecs turn bytes into bytes
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    return _WIDER.get(name, name)


def _wrongness(text: str) -> float:
    """How much of the text beyond ASCII looks misread: 0 is none of it."""
    beyond = len(_BEYOND.findall(text))
    wrong = len(_WRONG.findall(text))
    if not beyond:
        return float(wrong)
    # Single ones of these are words of their own (in 涓流 for instance); a tenth of a text is not.
    misread = len(_MISREAD.findall(text)) / beyond
    return wrong / beyond + (misread if misread > 0.1 else 0.0)
