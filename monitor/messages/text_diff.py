"""Inline diff of two sentences: removed text is struck out, added text is bold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from monitor.messages.richtext import Span, trim, utf16_length

_READ_LIMIT = 800
_CONTEXT_LENGTH = 40
_MIN_SIMILARITY = 0.5
_MAX_PARTS = 24


def inline_diff(before: str, after: str, *, limit: int) -> tuple[Span, ...] | None:
    """One text that shows both; None if they have too little in common to be read as one.

    Long unchanged parts are shortened to ``…``.

    Args:
        before: the old sentence.
        after: the new one.
        limit: UTF-16 units of the result, which is cut at its end.
    """
    old = _token().findall(before[:_READ_LIMIT])
    new = _token().findall(after[:_READ_LIMIT])
    parts = list(_parts(old, new))
    same = sum(len(kept) for kept, _, _ in parts)
    total = min(len(before), _READ_LIMIT) + min(len(after), _READ_LIMIT)
    if 2 * same < _MIN_SIMILARITY * total or len(parts) > _MAX_PARTS:
        return None
    spans: list[Span] = []
    last = len(parts) - 1
    for index, (kept, removed, added) in enumerate(parts):
        ending = index == last and not removed and not added
        spans.append(Span(_shortened(kept, first=index == 0, last=ending)))
        # The arrow serves readers who see no styles: notifications, plain text, pipes.
        arrow = Span("→" if removed and added else "")
        spans += [Span(removed, strike=True), arrow, Span(added, bold=True)]
    return _cut([span for span in spans if span.text], limit)


def _parts(old: list[str], new: list[str]) -> Iterator[tuple[str, str, str]]:
    """Triples of unchanged, removed and added text.

    A single unchanged token between two changes is joined to them.
    """
    # Loaded with the first diff: it takes 20 ms.
    from rapidfuzz.distance import Levenshtein

    kept, removed, added = "", "", ""
    for step in Levenshtein.opcodes(old, new):
        left = "".join(old[step.src_start : step.src_end])
        right = "".join(new[step.dest_start : step.dest_end])
        if step.tag != "equal":
            removed, added = removed + left, added + right
        elif not removed and not added:
            kept += left
        elif step.src_end - step.src_start == 1 and step.src_end < len(old):
            removed, added = removed + left, added + right
        else:
            yield kept, removed, added
            kept, removed, added = left, "", ""
    yield kept, removed, added


def _shortened(text: str, *, first: bool, last: bool) -> str:
    if len(text) <= 2 * _CONTEXT_LENGTH + 10:
        return text
    head = "" if first else text[:_CONTEXT_LENGTH]
    tail = "" if last and not first else text[-_CONTEXT_LENGTH:]
    return f"{head}…{tail}"


def _cut(spans: list[Span], limit: int) -> tuple[Span, ...]:
    result: list[Span] = []
    for span in spans:
        size = utf16_length(span.text)
        if size > limit:
            if limit > 1:
                result.append(Span(trim(span.text, limit), bold=span.bold, strike=span.strike))
            break
        result.append(span)
        limit -= size
    return tuple(result)


@cache
def _token() -> re.Pattern[str]:
    # Numbers and Latin words are replaced whole: 160 → 190, never 1<60→90>.
    return re.compile(r"\d+(?:[.,]\d+)*%?|[A-Za-z]+|\s+|.", re.DOTALL)
