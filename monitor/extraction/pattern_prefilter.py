"""A prefilter of patterns: which of many can match in a sentence, by its grams.

A gram is a run of one to three characters (a character n-gram).

Most patterns of a table match in few sentences. What every match must contain is read from the
pattern itself: 计划于 or 计划在 for ``计划(?:于|在)``. A sentence without it is not searched, nor
is one that has a plain choice of the pattern (建成 in ``已|建成``): there it matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import NamedTuple

_LONGEST = 3
_MAX_CHOICES = 300


def grams(text: str) -> frozenset[str]:
    """The runs of one to three characters of ``text``."""
    pairs = [*map(add, text, text[1:])]
    return frozenset((*text, *pairs, *map(add, pairs, text[2:])))


_NUMBER = re.compile(r"[0-9][0-9.]*")


def without_numbers(text: str) -> str:
    """The text with every number as 0."""
    return _NUMBER.sub("0", text)


@dataclass(frozen=True, slots=True)
class PatternPrefilter:
    """Patterns by the grams that their matches contain.

    Attributes:
        patterns: the patterns.
        needing: the places of the patterns of which some matches contain this gram.
        found_by: the places of the patterns that match wherever this gram stands.
        unfiltered: the places of the patterns that may match without any of these grams.
        grams: all these grams.
    """

    patterns: tuple[re.Pattern[str], ...]
    needing: Mapping[str, Sequence[int]]
    found_by: Mapping[str, Sequence[int]]
    unfiltered: Sequence[int]
    grams: frozenset[str]

    @classmethod
    def of(cls, patterns: Iterable[str]) -> PatternPrefilter:
        """Compile patterns and read what their matches contain."""
        needing: dict[str, list[int]] = {}
        found_by: dict[str, list[int]] = {}
        unfiltered = []
        compiled = tuple(map(re.compile, patterns))
        for place, pattern in enumerate(compiled):
            for choice in _Reader(pattern.pattern).choices():
                if choice.is_plain():
                    for gram in choice.needed:
                        found_by.setdefault(gram, []).append(place)
                elif choice.needed:
                    for gram in choice.needed:
                        needing.setdefault(gram, []).append(place)
                else:
                    unfiltered.append(place)
        always = tuple(dict.fromkeys(unfiltered))
        return cls(compiled, needing, found_by, always, frozenset((*needing, *found_by)))

    def candidates(self, grams: Set[str]) -> Sequence[int]:
        """The places of the patterns that may match in a text with these grams, in order."""
        found, doubtful = self._certain_and_possible(grams)
        return sorted(found | doubtful)

    def matching(self, text: str, grams: Set[str]) -> Sequence[int]:
        """The places of the patterns that match somewhere in ``text``, in order.

        ``grams`` are those of the text; those that are not in ``self.grams`` may be left out.
        """
        found, doubtful = self._certain_and_possible(grams)
        for place in doubtful - found:
            if self.patterns[place].search(text):
                found.add(place)
        return sorted(found)

    def _certain_and_possible(self, grams: Set[str]) -> tuple[set[int], set[int]]:
        """The places of the patterns that match in a text with these grams, and that may match."""
        found: set[int] = set()
        doubtful = set(self.unfiltered)
        for gram in self.grams & grams:
            if gram in self.found_by:
                found.update(self.found_by[gram])
            if gram in self.needing:
                doubtful.update(self.needing[gram])
        return found, doubtful


class _Part(NamedTuple):
    """What the matches of a part of a pattern are.

    Attributes:
        exact: all of them, None when they are too many or not known.
        needed: grams, one of which each match contains; empty when none is known.
        conditional: whether what stands around decides too (^, lookarounds).
    """

    exact: frozenset[str] | None
    needed: frozenset[str] = frozenset()
    conditional: bool = False

    def is_plain(self) -> bool:
        """Whether the part matches wherever one of ``needed`` stands."""
        return not self.conditional and bool(self.needed) and self.exact == self.needed


_UNKNOWN = _Part(None)
_EMPTY = frozenset({""})
_TOKEN = re.compile(
    r"\\.|\[[^\]\\]+\]|\(\?(?::|=|!|<=|<!|P<\w+>)|\((?!\?)|[|)?*+^$.]|\{[0-9,]+\}|[^()\[\]{}|?*+^$.\\]+"
)
_AROUND = frozenset({"(?=", "(?!", "(?<=", "(?<!"})
_ENDS = frozenset({"|", ")"})


class _Reader:
    """Reads the syntax of regular expressions that the tables use.

    Raises:
        ValueError: the pattern has syntax that it does not know.
    """

    def __init__(self, pattern: str) -> None:
        tokens = _TOKEN.findall(pattern)
        if "".join(tokens) != pattern:
            msg = f"the syntax of the pattern {pattern!r} is not known here"
            raise ValueError(msg)
        self._rest = tokens[::-1]

    def choices(self) -> list[_Part]:
        """What is divided by |, up to a closing bracket or the end."""
        found = [self._sequence()]
        while self._rest and self._rest[-1] == "|":
            self._rest.pop()
            found.append(self._sequence())
        return found

    def _sequence(self) -> _Part:
        rest = self._rest
        part = self._item() if rest and rest[-1] not in _ENDS else _Part(_EMPTY)
        if not rest or rest[-1] in _ENDS:
            return part
        exact, run, conditional = part.exact is not None, part.exact or _EMPTY, part.conditional
        options = [part.needed]
        while rest and rest[-1] not in _ENDS:
            part = self._item()
            conditional = conditional or part.conditional
            options.append(part.needed)
            if part.exact is not None and len(run) * len(part.exact) <= _MAX_CHOICES:
                run = frozenset([one + other for one in run for other in part.exact])
            else:
                options.append(_needed(run))
                exact, run = False, _EMPTY
        options.append(_needed(run))
        return _Part(run if exact else None, min(options, key=_frequency), conditional)

    def _item(self) -> _Part:
        """A run of characters, a class or a group, with what says how often it comes."""
        piece = self._rest.pop()
        if piece[0] == "(":
            part = self._group(piece)
        elif piece[0] == "[":
            part = _class(piece[1:-1])
        elif piece in {"^", "$"}:
            return _Part(_EMPTY, conditional=True)
        elif piece == "." or (piece[0] == "\\" and piece[1].isalnum()):
            part = _UNKNOWN
        else:
            piece = piece.removeprefix("\\")
            if len(piece) > 1 and self._rest and self._rest[-1][0] in "?*+{":
                self._rest.append(piece[-1])  # only the last character may come more often
                piece = piece[:-1]
            part = _literals(frozenset((piece,)))
        return self._repeated(part)

    def _group(self, opening: str) -> _Part:
        if opening in _AROUND:
            self._skip()
            return _Part(_EMPTY, conditional=True)
        choices = self.choices()
        self._rest.pop()
        exact = [choice.exact for choice in choices if choice.exact is not None]
        needed = [choice.needed for choice in choices]
        return _Part(
            frozenset().union(*exact) if len(exact) == len(choices) else None,
            frozenset().union(*needed) if all(needed) else frozenset(),
            any(choice.conditional for choice in choices),
        )

    def _skip(self) -> None:
        """Pass over the rest of a group."""
        depth = 1
        while depth:
            piece = self._rest.pop()
            depth += (piece[0] == "(") - (piece == ")")

    def _repeated(self, part: _Part) -> _Part:
        if not self._rest or self._rest[-1][0] not in "?*+{":
            return part
        times = self._rest.pop()
        if self._rest and self._rest[-1] == "?":
            self._rest.pop()  # as few as possible
        if times == "?":
            return _Part(
                None if part.exact is None else part.exact | _EMPTY, conditional=part.conditional
            )
        if times == "+" or (times[0] == "{" and times[1] not in "0,"):
            return part._replace(exact=None)
        return _Part(None, conditional=part.conditional)


def _class(members: str) -> _Part:
    if members[0] == "^" or "-" in members:
        return _UNKNOWN
    return _literals(frozenset(members))


def _literals(texts: frozenset[str]) -> _Part:
    return _Part(texts, _needed(texts))


def _needed(choices: frozenset[str]) -> frozenset[str]:
    """The grams that tell that one of these texts may be there; empty where one has none."""
    found = frozenset(map(required_gram, choices))
    if "" in found:
        return frozenset()
    if len(found) == 1:
        return found
    return frozenset([gram for gram in found if found.isdisjoint(_parts(gram))])


@lru_cache(maxsize=1024)
def required_gram(text: str) -> str:
    """A gram that every text has in which ``text`` stands, the first of the longest.

    Numbers are written as 0 there, so a gram ends where one begins.
    """
    if not _DIGITS.search(text):
        return text[:_LONGEST]
    pieces = [piece[:_LONGEST] for piece in _DIGITS.split(text) if piece]
    return max(pieces, key=len) if pieces else "0" if text[0] != "." else ""


_DIGITS = re.compile(r"[0-9.]+")


@lru_cache(maxsize=1024)
def _parts(gram: str) -> tuple[str, ...]:
    """The shorter grams in a gram."""
    if len(gram) == 1:
        return ()
    return (*gram, *map(add, gram, gram[1:])) if len(gram) > 2 else tuple(gram)


_REPERTOIRE = 32


def _frequency(needed: frozenset[str]) -> float:
    """About how often a text has one of the grams: the longer the less often; 1.0 without any."""
    return sum(_REPERTOIRE ** -len(gram) for gram in needed) if needed else 1.0
