"""Task lines: short lines of a plan without a full stop that say what is done.

A plan lists its tasks as lines, and heads its parts with lines too. A heading names a subject and
has its text below; a task has a verb with its object, or a time, and is followed by the next one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from monitor.extraction.labels import label_words
from monitor.extraction.regions import gazetteer
from monitor.extraction.sections import Paragraph, marker_end, marker_level
from monitor.extraction.vocabulary import DATA, WordTable, alternation, quantity_words, read_table

_LONGEST = 40
_STOPS = frozenset("。；！？：")
_FEWEST_TASKS = 2


@dataclass(frozen=True)
class TaskWords(WordTable):
    """``data/task_lines.yaml``; the file says what each list is for."""

    anywhere: tuple[str, ...]
    in_lists: tuple[str, ...]
    among_tasks: str
    verbs: tuple[str, ...]
    either: tuple[str, ...]
    adverbs: tuple[str, ...]
    nouns: tuple[str, ...]
    names: tuple[str, ...]


def is_task_line(text: str, lines: Sequence[Paragraph], number: int) -> bool:
    """Whether a short line without a full stop says what is done, and is no heading.

    Args:
        text: the text of a document.
        lines: its lines as ``sections.paragraphs`` found them.
        number: which of them.
    """
    if not _is_short(text, lines[number]):
        return False
    words = _words_of(text, lines[number])
    if _matches(_anywhere(), words):
        return True
    if _heads_others(text, lines, number):
        return False
    if _matches(_in_lists(), words):
        return True
    return _matches((_among_tasks_pattern(),), words) and _stands_among_tasks(text, lines, number)


def _is_short(text: str, line: Paragraph) -> bool:
    words = text[line.start : line.end].strip()
    return 0 < len(words) <= _LONGEST and words[-1] not in _STOPS


def _words_of(text: str, line: Paragraph) -> str:
    return text[marker_end(text, line) : line.end].strip(" 　*#")


def _heads_others(text: str, lines: Sequence[Paragraph], number: int) -> bool:
    """Whether the next line is prose or of a lower level, so that this one heads it."""
    if number + 1 >= len(lines):
        return False
    here, below = lines[number], lines[number + 1]
    level, next_level = marker_level(text, here), marker_level(text, below)
    if level:
        return not next_level or next_level > level
    # A chapter is headed by nothing.
    return next_level > 1 or (not next_level and not _is_short(text, below))


def _stands_among_tasks(text: str, lines: Sequence[Paragraph], number: int) -> bool:
    """Whether most other lines of the list begin with a verb or say what is done otherwise."""
    alike = _list_around(text, lines, number)
    tasks = sum(
        _opening_verb_pattern().match(words := _words_of(text, one)) is not None
        or _matches((*_anywhere(), *_in_lists()), words)
        for one in alike
    )
    return tasks >= _FEWEST_TASKS and 2 * tasks > len(alike)


def _list_around(text: str, lines: Sequence[Paragraph], number: int) -> list[Paragraph]:
    """The lines of the same form right before and after a line, without it."""
    level = marker_level(text, lines[number])
    found: list[Paragraph] = []
    for step in (-1, 1):
        at = number + step
        while 0 <= at < len(lines) and abs(at - number) <= _LONGEST:
            one = lines[at]
            if marker_level(text, one) != level or not _is_short(text, one):
                break
            found.append(one)
            at += step
    return found


def _matches(patterns: Sequence[re.Pattern[str]], words: str) -> bool:
    return any(pattern.fullmatch(words) is not None for pattern in patterns)


@cache
def _task_words() -> TaskWords:
    return read_table(DATA / "task_lines.yaml", TaskWords)


@cache
def _known_verbs() -> str:
    return f"{label_words().verb}|{alternation(quantity_words().verbs)}"


@cache
def _opening_verb_pattern() -> re.Pattern[str]:
    return re.compile(_known_verbs())


@cache
def _anywhere() -> tuple[re.Pattern[str], ...]:
    return tuple(_compiled(pattern) for pattern in _task_words().anywhere)


@cache
def _in_lists() -> tuple[re.Pattern[str], ...]:
    return tuple(_compiled(pattern) for pattern in _task_words().in_lists)


@cache
def _among_tasks_pattern() -> re.Pattern[str]:
    return _compiled(_task_words().among_tasks)


def _compiled(pattern: str) -> re.Pattern[str]:
    words = _task_words()
    regions = [one for one in gazetteer().regions if one.level in {"province", "prefecture"}]
    lists = {
        "verb": alternation(words.verbs),
        "adverb": alternation(words.adverbs),
        "noun": alternation(words.nouns),
        "name": alternation(words.names),
        "known": f"{_known_verbs()}|{alternation(words.either)}",
        "place": alternation({name for one in regions for name in (one.name, one.short)}),
    }
    for name, alternatives in lists.items():
        pattern = pattern.replace("{" + name + "}", alternatives)
    return re.compile(pattern)
