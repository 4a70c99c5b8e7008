"""Decodes bytes: detects the actual charset of a page, whatever it declares.

Government sites send ``text/html`` without a charset, declare gb2312 for GB 18030, or declare one
and send another. The order is BOM, header, meta, UTF-8, GB 18030; a candidate that leaves
replacement characters or mojibake gives way to the next.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# GB 18030 contains GB 2312 and GBK; pages that declare the smaller ones use the larger.
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "hz": "gb18030",
    "cp936": "gb18030",
    "cp950": "big5hkscs",
    "big5": "big5hkscs",
}
# Those of browsers (WHATWG, Encoding, section 4.2). Python has more codecs, some of which are no
# charset, fail whatever one asks of them, or take quadratic time (punycode).
_CHARSET_NAMES = """
utf-8 utf-8-sig utf-16 utf-16-le utf-16-be ascii gb2312 gbk gb18030 hz cp936 big5 big5hkscs cp950
euc_jp iso2022_jp shift_jis cp932 euc_kr cp949 cp866 koi8-r koi8-u mac-roman mac-cyrillic
cp874 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-1 iso8859-2
iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-11 iso8859-13
iso8859-14 iso8859-15 iso8859-16 tis-620
"""
_CHARSETS = frozenset(_CHARSET_NAMES.split())
# Defaults of unconfigured servers; none of them can encode Chinese.
_UNINFORMATIVE_CHARSETS = frozenset({"iso8859-1", "ascii", "cp1252", "latin-1"})


@cache
def _header_charset_pattern() -> re.Pattern[str]:
    return re.compile(r"charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE)


@cache
def _meta_charset_pattern() -> re.Pattern[bytes]:
    return re.compile(
        rb"<meta\b[^>]{0,300}?charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE
    )


@cache
def _xml_encoding_pattern() -> re.Pattern[bytes]:
    return re.compile(rb"<\?xml\b[^>]{0,200}?encoding=[\"']([\w.:-]{1,40})", re.IGNORECASE)


_PRESCAN_BYTES = 4096

# Frequent characters of official prose; their UTF-8 bytes decoded as GBK reveal mojibake.
_COMMON = "的一是在了和有中大国年发展工作业新高建设加市经济实现大力推进，。、；：“”"


@cache
def _gbk_mojibake_pattern() -> re.Pattern[str]:
    return re.compile(
        "[" + "".join({c.encode()[:2].decode("gbk", "ignore") for c in _COMMON}) + "]"
    )


@cache
def _latin_mojibake_pattern() -> re.Pattern[str]:
    # The first two of the three UTF-8 bytes of a character, decoded as Latin-1 or CP 1252.
    return re.compile("[\u00e3-\u00e9][\u0080-\u00bf\u0152-\u0192\u02c6-\u2122]")


_MOSTLY, _FEW = 0.05, 10


@cache
def _non_ascii_pattern() -> re.Pattern[str]:
    return re.compile(r"[^\x00-\x7f]")


@cache
def _invalid_character_pattern() -> re.Pattern[str]:
    return re.compile("[\x00-\x08\x0e-\x1f\x80-\x9f\ue000-\uf8ff\ufffd]")


_MIN_NON_ASCII_BYTES = 60
_WIDE_SAMPLE = 800


def decode(
    body: bytes, content_type: str | None = None, override: str | None = None
) -> tuple[str, str]:
    """The text of ``body`` and its charset; never fails.

    Args:
        body: the bytes, decompressed.
        content_type: the header of that name, or None.
        override: a charset set by the operator; ignored if browsers do not know it.

    Returns:
        The text without its byte order mark, and the Python name of the charset. Invalid bytes
        become U+FFFD.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), name
    insisted = _codec_name(override) or _wide_charset(body)
    if insisted is not None:
        return body.decode(insisted, "replace"), insisted
    sure = _certain_utf8(body)
    if sure is not None:
        return sure, "utf-8"
    best: tuple[float, str, str] | None = None
    for name in _candidates(body, content_type):
        text = body.decode(name, "replace")
        wrong = _garbled_share(text)
        if wrong <= 0.002:
            return text, name
        if best is None or wrong < best[0]:
            best = (wrong, text, name)
    if best is None:  # pragma: no cover - there are always two candidates
        return body.decode("utf-8", "replace"), "utf-8"
    return best[1], best[2]


def _wide_charset(body: bytes) -> str | None:
    """The charset of a page of two bytes a character without a byte order mark.

    The other byte of each character of markup is zero.
    """
    sample = body[:_WIDE_SAMPLE]
    if b"\0" not in sample:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < len(sample) // 8 or min(even, odd) * 20 > max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def replacement_share(text: str) -> float:
    """The share (0 to 1) of replacement characters among those beyond ASCII."""
    broken = text.count("\ufffd")
    return broken / len(_non_ascii_pattern().findall(text)) if broken else 0.0


_SAMPLE = 40_000


def is_mojibake(text: str) -> bool:
    """Whether the site itself decoded Chinese with a wrong charset before sending it.

    UTF-8 decoded as GBK gives certain rare characters, decoded as Latin-1 pairs of an accented
    letter and a sign. A few of them may be words of some language; many are mojibake.
    """
    if len(text) > 2 * _SAMPLE:
        # It is found all over the text, if at all.
        middle = len(text) // 2
        text = text[: _SAMPLE // 4] + text[middle - _SAMPLE // 2 : middle + _SAMPLE // 2]
    signs = max(
        len(_gbk_mojibake_pattern().findall(text)), 2 * len(_latin_mojibake_pattern().findall(text))
    )
    if signs < _FEW:
        return False
    return signs > _MOSTLY * len(_non_ascii_pattern().findall(text))


def _candidates(body: bytes, content_type: str | None) -> list[str]:
    declared = _header_charset_pattern().search(content_type or "")
    head = body[:_PRESCAN_BYTES]
    meta = _meta_charset_pattern().search(head) or _xml_encoding_pattern().search(head)
    names = [
        _codec_name(declared.group(1)) if declared else None,
        _codec_name(meta.group(1).decode("ascii", "ignore")) if meta else None,
    ]
    names = [None if name in _UNINFORMATIVE_CHARSETS else name for name in names]
    ordered = [name for name in (*names, "utf-8", "gb18030") if name is not None]
    return list(dict.fromkeys(ordered))


def _certain_utf8(body: bytes) -> str | None:
    """The text if the bytes are certainly UTF-8: GBK prose of some length is no valid UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    non_ascii = len(body) - len(text)
    return text if not non_ascii or non_ascii >= _MIN_NON_ASCII_BYTES else None


def _codec_name(label: str | None) -> str | None:
    if not label:
        return None
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    return _SUPERSETS.get(name, name) if name in _CHARSETS else None


def _garbled_share(text: str) -> float:
    """The share of the text beyond ASCII that is garbled; 0 is none."""
    beyond = len(_non_ascii_pattern().findall(text))
    wrong = len(_invalid_character_pattern().findall(text))
    if not beyond:
        return float(wrong)
    # Single characters of these occur in words such as 涓流; a tenth of a text does not.
    mojibake = len(_gbk_mojibake_pattern().findall(text)) / beyond
    return wrong / beyond + (mojibake if mojibake > 0.1 else 0.0)
