"""Text normalisation for analysis, with a map of offsets back to the original text.

All later steps read ``CleanText.text``: full-width digits and letters are half-width, half-width
punctuation is full-width, straight quotes are paired, white space inside words is removed, lines
that a column broke are joined. ``CleanText.original`` maps an offset back, so that a statement
shown to the user is always a slice of the original text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from monitor.extraction.regions import starts_with_region
from monitor.folding import simplification_table

_PARAGRAPH_ENDS = frozenset("。！？”")


@cache
def _space_pattern() -> re.Pattern[str]:
    return re.compile(r" +")


@cache
def _latin_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9]")


@cache
def _latin_follower_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9%“（]")


@cache
def _broken_number_pattern() -> re.Pattern[str]:
    # 达4 800P, 增长30. 1%: one number, broken by a column or a thousands separator; 2026 100家
    # is two.
    return re.compile(
        r"(?<![0-9.])(?<![0-9] )(?!(?:19|20)[0-9]{2} )[0-9]{1,4}(?:\.[0-9]?)?( )\.?[0-9]{1,4}"
        r"(?=[%A-Za-z\u4e00-\u9fff])"
    )


@cache
def _half_width_stop_pattern() -> re.Pattern[str]:
    # A full stop after a Chinese character or a closing mark, but not after a heading's number
    # (一.总体要求) and not in a row of dots.
    return re.compile(
        r"(?<=[\u4e00-\u9fff”’）》%])(?<![\n ][一二三四五六七八九十])(?<!^[一二三四五六七八九十])\."
        r"(?=[\s\u4e00-\u9fff“”‘’\"'（《]|$)",
    )


@cache
def _quote_or_newline_pattern() -> re.Pattern[str]:
    return re.compile(r'["\n]')


@dataclass(frozen=True, slots=True)
class CleanText:
    """Text for analysis; ``text[i]`` stands at ``original(i)`` of the text it was made from."""

    text: str
    _starts: tuple[int, ...]
    _shifts: tuple[int, ...]

    def original(self, index: int) -> int:
        """The offset in the original text of the character at ``index``."""
        at = bisect_right(self._starts, index) - 1
        return index + self._shifts[at]


@cache
def _character_table() -> dict[int, str]:
    """For ``str.translate``: wide forms, other spaces and dashes, traditional characters."""
    # Every space of Unicode, visible or not.
    spaces = (*b"\t\r\x0b\x0c", 0x85, 0xA0, 0xAD, 0x1680, 0x180E, *range(0x2000, 0x200E))
    spaces = (*spaces, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)
    table = dict.fromkeys(spaces, " ") | {0x2028: "\n", 0x2029: "\n"}
    table |= {code: chr(code - 0xFEE0) for code in range(ord("！"), ord("～") + 1)}
    # These stay wide: sentence boundaries, headings and quotes are recognised by them.
    wide_forms = "，；：！？（）"
    table |= {ord(half): wide for half, wide in zip(",;:!?()", wide_forms, strict=True)}
    table |= {ord(wide): wide for wide in wide_forms}
    table |= {ord("「"): "“", ord("」"): "”", ord("『"): "‘", ord("』"): "’", ord("＂"): '"'}
    table |= {ord("–"): "-", ord("‐"): "-", ord("－"): "-", ord("―"): "—"}
    changed = {code: form for code, form in table.items() if form != chr(code)}
    return simplification_table() | changed


@cache
def _odd_characters_pattern() -> re.Pattern[str]:
    # Most characters of a text are none of these, and to look each of them up takes longer.
    return re.compile(f"[{re.escape(''.join(map(chr, _character_table())))}]+")


def _usual_characters(found: re.Match[str]) -> str:
    return found[0].translate(_character_table())


def normalize_characters(text: str) -> str:
    """Normalise width, script, spaces and quotes, one character for one: no offset moves."""
    text = _odd_characters_pattern().sub(_usual_characters, text)
    if "." in text:
        text = _half_width_stop_pattern().sub("。", text)
    if '"' not in text:
        return text
    opened = False

    def pair_quote(found: re.Match[str]) -> str:
        nonlocal opened
        if found[0] == "\n":
            # A quote may run over a broken line, but not over the end of a paragraph.
            if text[found.start() - 1 : found.start()] in _PARAGRAPH_ENDS:
                opened = False
            return "\n"
        opened = not opened
        return "“" if opened else "”"

    return _quote_or_newline_pattern().sub(pair_quote, text)


def remove_ranges(text: str, drop: list[tuple[int, int]]) -> CleanText:
    """Cut the ranges ``drop`` (sorted, disjoint) out of ``text``."""
    pieces: list[str] = []
    starts: list[int] = [0]
    shifts: list[int] = [0]
    at = length = 0
    for start, end in drop:
        if start > at:
            pieces.append(text[at:start])
            length += start - at
        at = end
        if starts[-1] == length:
            shifts[-1] = end - length
        else:
            starts.append(length)
            shifts.append(end - length)
    pieces.append(text[at:])
    return CleanText("".join(pieces), tuple(starts), tuple(shifts))


def stray_spaces(text: str) -> list[tuple[int, int]]:
    """The white space to remove: all of it, except between two Latin words or numbers."""
    broken = {found.start(1) for found in _broken_number_pattern().finditer(text)}
    return [
        found.span()
        for found in _space_pattern().finditer(text)
        if found.start() in broken
        or not (
            found.start()
            and _latin_pattern().match(text, found.start() - 1)
            and _latin_follower_pattern().match(text, found.end())
            and _latin_pattern().match(text, found.end())
        )
    ]


_ENDED = "。！？；：…”’—"
_STOPS = frozenset("。！？…；")
_OPEN = "，、（“‘《"
_CLOSING = "，、。；）”’》！？%"
# Text without a full stop is cut here, so that the work stays linear in the length of the text.
LONGEST_SENTENCE = 1000
HEADING_LENGTH = 25
"""Characters up to which a line without comma or full stop may be a heading."""


@cache
def _line_pattern() -> re.Pattern[str]:
    return re.compile(r"[^\n]+")


@cache
def _marked_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\s*(?:第?[一二三四五六七八九十]{1,3}(?:部分|章|节|[、.是]|，)|（[一二三四五六七八九十]{1,3}）"
        r"|[0-9]{1,2}[.、）]|——|•|·|●|■|▲|◆|各位代表)"
    )


@cache
def _dateline_pattern() -> re.Pattern[str]:
    # 本报长沙5月6日电（记者…）, 央视网消息（新闻联播）：…
    return re.compile(
        r"\s*[^，。；：\n（]{0,6}(?:社|报|网|台)[^，。；：\n]{0,16}?(?:电|讯|消息)[ （，：]"
    )


@cache
def _sentence_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"[^。！？；\n]{{0,{LONGEST_SENTENCE}}}+[。！？；]{{1,9}}+[”’）》]{{0,4}}+"
        rf"|[^。！？；\n]{{1,{LONGEST_SENTENCE}}}+|[。！？；]"
    )


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences, which end at 。！？； with closing quotes, or at a line break."""
    return [found.span() for found in _sentence_pattern().finditer(text)]


_MAX_JOINED_SENTENCES = 8


def joined_before(text: str, spans: Sequence[tuple[int, int]], index: int) -> str:
    """The clauses before a sentence up to the last full stop, at most eight of them."""
    first = index
    while first and text[spans[first - 1][1] - 1] == "；" and index - first < _MAX_JOINED_SENTENCES:
        first -= 1
    return text[spans[first][0] : spans[index][0]]


def join_lines(text: str, *, press: bool) -> CleanText:
    """Normalise ``text`` and join its broken lines; see ``text.CleanText``.

    In ``press`` a paragraph that ends without a full stop continues in the next one: the text
    layer of a newspaper page has a line break wherever its column ends. Where the paper's lines
    are whole paragraphs, one without a full stop or two commas is a headline and ends there. In
    other documents only lines that cannot end there are joined, unless the whole document is
    hard-wrapped.
    """
    flat = normalize_characters(text)
    lines = [found.span() for found in _line_pattern().finditer(flat) if not found[0].isspace()]
    width = _width(flat, lines)
    # A line much shorter than the width ends its paragraph; columns have no reliable width.
    shortest = 17 * width // 20 if width else 0 if press else None
    headlines = press and not width and not _in_columns(flat, lines)
    joins = [
        (end, next_start)
        for (start, end), (next_start, next_end) in pairwise(lines)
        if _continues(
            flat[start:end],
            flat[next_start:next_end],
            shortest=None
            if headlines and not _breaks_off(flat, start, end, next_start)
            else shortest,
        )
    ]
    if headlines and lines:
        flat = _with_commas(flat, *lines[0])
    return remove_ranges(flat, _merged(stray_spaces(flat), joins))


_LONGEST_HEADLINE = 70


def _with_commas(text: str, start: int, end: int) -> str:
    """The text with commas where blanks part the halves of its headline at ``start:end``."""
    line = text[start:end].rstrip()
    if " " not in line or len(line) > _LONGEST_HEADLINE or line[-1] in _STOPS:
        return text

    def part(found: re.Match[str]) -> str:
        before = line[: found.start()]
        inside = any(
            before.count(one) > before.count(other) for one, other in ("《》", "“”", "（）")
        )
        return " " if inside else "，"

    return text[:start] + _halves_pattern().sub(part, line) + text[start + len(line) :]


@cache
def _halves_pattern() -> re.Pattern[str]:
    # At least five characters on both sides: 王 某, 第 3 期 and 图 解 are no halves.
    word = "[\u4e00-\u9fff0-9A-Za-z%”》）+]"
    return re.compile(
        f"(?<={word}{{5}})(?<![A-Za-z0-9]) (?=[\u4e00-\u9fff“《]{word[:-1]}“《，：]{{4}})"
    )


@cache
def _prose_pattern() -> re.Pattern[str]:
    return re.compile("[。；！？]|，[^\n，]+，")


@cache
def _opening_of_prose_pattern() -> re.Pattern[str]:
    # A report with its source, a day, or words that are put before a sentence of the news.
    return re.compile(
        r"\s*(?:据|记者|近日|日前|近年来|近期|目前|截至|此外|同时|其中|当前|另外|此前|对此|随后|为此"
        "|(?:20[0-9]{2}年)?[0-9]{1,2}月[0-9]{1,2}日)[^\n：]*，"
        "|[^\n：，]{2,30}(?:提出|表示|介绍|指出|认为|明确|透露|强调|获悉|了解到|显示|介绍说|说|称)，"
    )


@cache
def _unfinished_pattern() -> re.Pattern[str]:
    # Words that govern what follows end no headline, nor does a number without its unit.
    return re.compile(
        "[的和与及或并在将把被对向从由为于以等第各每该其至达超近约不]$|[^0-9][0-9.]+$"
    )


@cache
def _no_beginning_pattern() -> re.Pattern[str]:
    # Words that lean on what stands before them begin no paragraph.
    return re.compile(
        "的(?!确)|[们吗呢吧]|以及|了(?![解却然])|着(?![力眼重手实陆])|过(?![去程度往渡硬])"
        "|(?:底|末|内|初)[前，。建投达实完启]|[亿万]?(?:元|个|家|P)[，。、]"
    )


def _breaks_off(text: str, start: int, end: int, following: int) -> bool:
    """Whether a line without a full stop at its end is a broken paragraph and no headline."""
    if text[end - 1] in _ENDED:
        return False
    if _prose_pattern().search(text, start, end) is not None:
        return True
    if "，" not in text[start:end]:
        return False
    return (
        _opening_of_prose_pattern().match(text, start, end) is not None
        or _unfinished_pattern().search(text[start:end].rstrip()) is not None
        or _no_beginning_pattern().match(text, following) is not None
        or _is_word_of(text, end, following)
    )


def _is_word_of(text: str, end: int, following: int) -> bool:
    """Whether the break stands inside words that the text has elsewhere in one piece."""
    before, after = text[end - 2 : end], text[following : following + 2]
    return any(
        _chinese_words_pattern().fullmatch(words) is not None and words in text
        for words in (before + after[:1], before[1:] + after)
    )


@cache
def _chinese_words_pattern() -> re.Pattern[str]:
    return re.compile("[一-鿿]{3}")


def _in_columns(text: str, lines: list[tuple[int, int]]) -> bool:
    """Whether most lines break off: those of a column, which are too short to tell its width."""
    broken = sum(text[end - 1] not in _ENDED for _, end in lines)
    return 2 * broken > len(lines) > 3


def _width(text: str, lines: list[tuple[int, int]]) -> int:
    """The width a document was wrapped at, when most of its longer lines are broken; else 0."""
    long = [(start, end) for start, end in lines if end - start >= 16]
    broken = [end - start for start, end in long if text[end - 1] not in _ENDED]
    if len(long) < 8 or len(broken) <= len(long) / 2:
        return 0
    return sorted(broken)[len(broken) // 2]


def _continues(line: str, following: str, *, shortest: int | None) -> bool:
    indented, line = line.startswith("  "), line.strip()
    if not line or _marked_pattern().match(following) or _dateline_pattern().match(following):
        return False
    after = following.lstrip()
    # In a column a closing quote without a full stop does not end a paragraph.
    quote = shortest is not None and line[-2:-1] not in _STOPS and line[-1] in {"”", "’"}
    quote = quote and len(line) >= (shortest or 0)
    if line[-1] in _ENDED and not quote and (line[-1] in _STOPS or after[0] not in _CLOSING):
        return False
    if line[-1] in _OPEN or after[0] in _CLOSING or line.rfind("（") > line.rfind("）"):
        return True
    if shortest is None or len(line) + 2 * indented < shortest or following.startswith("  "):
        return False
    # An indented line starts a paragraph in a column of any width; others may be headings.
    if (
        len(line) <= HEADING_LENGTH
        and not shortest
        and not indented
        and "，" not in line
        and "。" not in line
    ):
        return False
    # A paragraph that starts with a region is about that region, not about the line above.
    return not starts_with_region(after)


def _merged(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(first + second):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
