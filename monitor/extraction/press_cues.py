"""What the clauses of a sentence of the press do, and who does it, for the learned model.

A sentence is labelled by its verbs (投运 or 力争), by the mark of tense beside them (已建成),
and by the kind of the subject (an office, a firm, a robot). The model sees too few sentences to
learn each word: ``data/press_cues.yaml`` says which of them mean the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress, count
from operator import add
from typing import NamedTuple

from monitor.extraction.article_frame import ArticleFrame
from monitor.extraction.attribution import Attribution, places_in
from monitor.extraction.vocabulary import DATA, WordTable, read_table

_MAX_VERBS = 24
_MAX_SUFFIX = 5
_MAX_MARK = 4


@dataclass(frozen=True)
class PressCues(WordTable):
    """``data/press_cues.yaml``."""

    verbs: dict[str, tuple[str, ...]]
    marks: dict[str, tuple[str, ...]]
    subjects: dict[str, tuple[str, ...]]
    words: dict[str, tuple[str, ...]]
    genres: dict[str, str]
    asks_others: str
    other_states: str


class Verb(NamedTuple):
    """A verb of a sentence: its kinds, the mark of its tense, and where it stands."""

    kinds: tuple[str, ...]
    mark: str
    start: int


@cache
def press_cues() -> PressCues:
    """The kinds of verbs, marks and subjects."""
    return read_table(DATA / "press_cues.yaml", PressCues)


def _by_word(table: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The kinds of each word."""
    found: dict[str, tuple[str, ...]] = {}
    for kind, words in table.items():
        for word in words:
            found[word] = (*found.get(word, ()), kind)
    return found


@dataclass(frozen=True, slots=True)
class _VerbTable:
    """The verbs by their first two characters, longest first, and the kinds of each.

    Looking up pairs is far faster than an alternation of hundreds of words.
    """

    kinds: Mapping[str, tuple[str, ...]]
    by_start: Mapping[str, tuple[str, ...]]
    single: frozenset[str]


@cache
def _verbs() -> _VerbTable:
    kinds = _by_word(press_cues().verbs)
    by_start: dict[str, tuple[str, ...]] = {}
    for word in sorted(kinds, key=lambda one: (-len(one), one)):
        if len(word) > 1:
            by_start[word[:2]] = (*by_start.get(word[:2], ()), word)
    return _VerbTable(kinds, by_start, frozenset(word for word in kinds if len(word) == 1))


@dataclass(frozen=True, slots=True)
class _Endings:
    """The kind of each word, and the characters that such words end with."""

    kinds: Mapping[str, str]
    last: frozenset[str]

    def kind_before(self, text: str, end: int, longest: int) -> str | None:
        """The kind of the longest word that ends at a place."""
        if not end or text[end - 1] not in self.last:
            return None
        for size in range(min(longest, end), 0, -1):
            kind = self.kinds.get(text[end - size : end])
            if kind is not None:
                return kind
        return None


def _endings(table: Mapping[str, tuple[str, ...]]) -> _Endings:
    kinds = {word: kind for word, (kind, *_) in _by_word(table).items()}
    return _Endings(kinds, frozenset(word[-1] for word in kinds))


@cache
def _marks() -> _Endings:
    return _endings(press_cues().marks)


@cache
def _subjects() -> _Endings:
    return _endings(press_cues().subjects)


_BOUNDARIES = frozenset("，；：。！？“”、")


def verbs_of(text: str) -> list[Verb]:
    """The verbs of a sentence that the table knows, in order; of those that overlap the first."""
    table = _verbs()
    pairs = compress(count(), map(table.by_start.__contains__, map(add, text, text[1:])))
    alone = compress(count(), map(table.single.__contains__, text))
    found: list[Verb] = []
    free = 0
    for at in sorted({*pairs, *alone}):
        word = _word_at(text, at, table) if at >= free else ""
        if word:
            free = at + len(word)
            found.append(Verb(table.kinds[word], _mark(text, at, free), at))
            if len(found) == _MAX_VERBS:
                break
    return found


def _word_at(text: str, at: int, table: _VerbTable) -> str:
    """The longest verb that begins at a place, or nothing."""
    for word in table.by_start.get(text[at : at + 2], ()):
        if text.startswith(word, at):
            return word
    return text[at] if text[at] in table.single else ""


def _mark(text: str, start: int, end: int) -> str:
    """The mark of tense of a verb: the word before it, or 了 after it."""
    if text[end : end + 1] == "了":
        return "done"
    return _marks().kind_before(text, start, _MAX_MARK) or "none"


def subject_of(text: str, begin: int, verb_start: int, places: Set[int] = frozenset()) -> str:
    """The kind of the words before a verb, from the last comma or from the beginning.

    ``begin`` is where its clause begins; ``places`` are the ends of the names of regions in
    ``text``.
    """
    end = verb_start
    while end > begin and text[end - 1] in _LIGHT:
        end -= 1
    if end == begin:
        return "nobody" if begin else "opens with verb"
    if end in places:
        return "place"
    kind = _subjects().kind_before(text, end, min(_MAX_SUFFIX, end - begin))
    return kind or ("number" if text[end - 1].isdigit() else "other")


_LIGHT = frozenset("已将正要还也都均可能会并又再共拟")


def cue_flags(text: str, speaker: str) -> frozenset[str]:
    """The kinds of the verbs of a sentence and of their subjects, alone and together."""
    verbs = verbs_of(text)
    places = frozenset(end for _, end, _ in places_in(text))
    bounds = [*compress(count(1), map(_BOUNDARIES.__contains__, text))]
    subjects = []
    for verb in verbs:
        at = bisect_right(bounds, verb.start)
        begin = bounds[at - 1] if at else 0
        subjects.append(subject_of(text, begin, verb.start, places))
    main = next((at for at, kind in enumerate(subjects) if kind not in _NO_SUBJECT), None)
    parts = [
        _verb_flags(verb.kinds, verb.mark, subject, speaker)
        for verb, subject in zip(verbs, subjects, strict=True)
    ]
    if verbs:
        for name, place in (("first", 0), ("last", -1), ("main", main)):
            if place is not None:
                verb = verbs[place]
                parts.append(_role_flags(name, subjects[place], verb.kinds, verb.mark, speaker))
    marks = {verb.mark for verb in verbs} - _PLAIN_MARKS
    return frozenset((f"marks {' '.join(sorted(marks))}",)).union(*parts)


@lru_cache(maxsize=8192)
def _verb_flags(kinds: tuple[str, ...], mark: str, subject: str, speaker: str) -> frozenset[str]:
    """The flags of any verb with its subject."""
    return frozenset(
        (
            f"subject {subject}, {mark}",
            *(f"verb {kind}" for kind in kinds),
            *(f"verb {kind}, {mark}" for kind in kinds),
            *(f"verb {kind}, {mark}, speaker {speaker}" for kind in kinds),
            *(f"subject {subject}, verb {kind}" for kind in kinds),
        )
    )


@lru_cache(maxsize=8192)
def _role_flags(
    name: str, subject: str, kinds: tuple[str, ...], mark: str, speaker: str
) -> frozenset[str]:
    """The flags of the first, the last or the main verb with its subject."""
    return frozenset(
        (
            f"{name} subject {subject}",
            f"{name} subject {subject}, speaker {speaker}",
            *(f"{name} verb {kind}, {mark}" for kind in kinds),
            *(f"{name} subject {subject}, verb {kind}" for kind in kinds),
            *(f"{name} subject {subject}, verb {kind}, {mark}" for kind in kinds),
        )
    )


_PLAIN_MARKS = frozenset({"none", "by", "not"})
_NO_SUBJECT = frozenset({"ground", "when", "nobody", "other", "number"})


@cache
def _words() -> Mapping[str, tuple[str, ...]]:
    return _by_word(press_cues().words)


_MANY = 3


def word_flags(grams: Set[str], speaker: str) -> frozenset[str]:
    """Which kinds of words a sentence has, by its runs of characters."""
    words = _words()
    counts = Counter(kind for word in grams & words.keys() for kind in words[word])
    many = f"kinds of words {min(5, len(counts))}"
    parts = [_word_kind_flags(kind, min(times, _MANY), speaker) for kind, times in counts.items()]
    return frozenset((many,)).union(*parts)


@cache
def _word_kind_flags(kind: str, times: int, speaker: str) -> frozenset[str]:
    return frozenset((f"word {kind}", f"word {kind} {times}", f"word {kind}, speaker {speaker}"))


_LEAD_LENGTH = 200
_LIST_LENGTH = 20
_SIZES = (4, 8, 14, 28, 60)


@cache
def _genres() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(text)) for name, text in press_cues().genres.items())


@cache
def _asks_others() -> re.Pattern[str]:
    return re.compile(press_cues().asks_others)


@cache
def _other_states() -> re.Pattern[str]:
    return re.compile(press_cues().other_states)


def kinds_of_article(
    title: str, paragraphs: Sequence[Sequence[str]], frame: ArticleFrame
) -> tuple[str, ...]:
    """What an article is: by the words of its headline and lead, by its frame, by its length."""
    lead = "".join("".join(sentences) for sentences in paragraphs[1:3])[:_LEAD_LENGTH]
    size = sum(map(len, paragraphs))
    found = [f"headline {name}" for name, pattern in _genres() if pattern.search(title)]
    found += [f"lead {name}" for name, pattern in _genres() if pattern.search(lead)]
    found += [
        name
        for name in ("briefing", "leader", "comment", "sourced", "digest", "feature", "figures")
        if getattr(frame, name)
    ]
    for name, known in (("voice", frame.voice), ("owner", frame.owner), ("host", frame.host)):
        found.append(f"{name} {known.speaker.value if known else 'none'}")
    found.append(f"interview {frame.respondent is not None:d}")
    found.append(f"signed {any(frame.authors):d}")
    found.append("of a place" if frame.place else "of no place")
    found.append(f"size {sum(size > limit for limit in _SIZES)}")
    return tuple(found)


def article_flags(kinds: Iterable[str], speaker: str, label: str, tense: str) -> Iterator[str]:
    """The kinds of an article with what the rules say of a sentence of it."""
    for kind in kinds:
        yield kind
        yield f"{kind}, speaker {speaker}"
        yield f"{kind}, label {label}"
        yield f"{kind}, speaker {speaker}, {tense}"


def lists_of_proposals(
    paragraphs: Sequence[Sequence[str]], attributions: Sequence[Sequence[Attribution]]
) -> list[list[str]]:
    """How each sentence stands to a list of proposals that its speaker has opened: 三点建议：….

    Empty where there is none.
    """
    found: list[list[str]] = []
    opened, since = None, 0
    for sentences, spoken in zip(paragraphs, attributions, strict=True):
        row = []
        for text, attribution in zip(sentences, spoken, strict=True):
            since += 1
            if attribution.speaker is not opened or since > _LIST_LENGTH:
                opened = None
            if _asks_others().search(text):
                opened, since = attribution.speaker, 0
            row.append(f"list of proposals, {min(since, 3)}" if opened else "")
        found.append(row)
    return found


def speaks_to_states(text: str) -> bool:
    """Whether a sentence speaks of what states should do together."""
    return _other_states().search(text) is not None
