"""Two sentences as one, with what went struck out and what came in bold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rapidfuzz.distance import Levenshtein

from monitor.messages.richtext import Span, trim, utf16_length

# Numbers and Latin words are replaced whole: 160 → 190, never 1<60→90>.
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*%?|[A-Za-z]+|\s+|.", re.DOTALL)
_READ = 800
_CONTEXT = 40
_ALIKE = 0.5
_MOST_PARTS = 24


def inline_diff(before: str, after: str, *, limit: int) -> tuple[Span, ...] | None:
    """One text that shows both; None when they have too little in common to be read as one.

    Long stretches that stayed the same are shortened to ``…``.

    Args:
        before: the old sentence.
        after: the new one.
        limit: UTF-16 units the result may have; what is more is cut at its end.
    """
    old = _TOKEN.findall(before[:_READ])
    new = _TOKEN.findall(after[:_READ])
    parts = list(_parts(old, new))
    same = sum(len(kept) for kept, _, _ in parts)
    if 2 * same < _ALIKE * (len(before[:_READ]) + len(after[:_READ])) or len(parts) > _MOST_PARTS:
        return None
    spans: list[Span] = []
    last = len(parts) - 1
    for index, (kept, gone, come) in enumerate(parts):
        ending = index == last and not gone and not come
        spans.append(Span(_shortened(kept, first=index == 0, last=ending)))
        # The arrow is for where styles are not shown: notifications, plain text, pipes.
        arrow = Span("→" if gone and come else "")
        spans += [Span(gone, strike=True), arrow, Span(come, bold=True)]
    return _cut([span for span in spans if span.text], limit)


def _parts(old: list[str], new: list[str]) -> Iterator[tuple[str, str, str]]:
    """What stayed, what then went, and what came in its place.

    A single token that stayed between two changes is no island worth keeping.
    """
    kept, gone, come = "", "", ""
    for step in Levenshtein.opcodes(old, new):
        left = "".join(old[step.src_start : step.src_end])
        right = "".join(new[step.dest_start : step.dest_end])
        if step.tag != "equal":
            gone, come = gone + left, come + right
        elif not gone and not come:
            kept += left
        elif step.src_end - step.src_start == 1 and step.src_end < len(old):
            gone, come = gone + left, come + right
        else:
            yield kept, gone, come
            kept, gone, come = left, "", ""
    yield kept, gone, come


def _shortened(text: str, *, first: bool, last: bool) -> str:
    if len(text) <= 2 * _CONTEXT + 10:
        return text
    head = "" if first else text[:_CONTEXT]
    tail = "" if last and not first else text[-_CONTEXT:]
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
