"""What the clauses of a sentence of the press do, and who does it, for the learned model.

A sentence is labelled by its verbs (投运 or 力争), by the mark of tense beside them (已建成),
and by the kind of the subject (an office, a firm, a robot). The model sees too few sentences to
learn each word: ``data/press_cues.yaml`` says which of them mean the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from monitor.extraction.article_frame import ArticleFrame
from monitor.extraction.attribution import Attribution
from monitor.extraction.pattern_prefilter import PatternPrefilter, required_gram
from monitor.extraction.toponyms import places_in
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
    """A verb of a sentence: its kinds, the mark of its tense, and where it stands.

    The mark is a word before the verb, or 了 after it.
    """

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
    """The kinds of each verb, and the verbs by a run of characters that tells them.

    A sentence has few of these runs. Hundreds of words in one pattern would take far longer.
    """

    kinds: Mapping[str, tuple[str, ...]]
    by_gram: Mapping[str, Sequence[str]]
    grams: frozenset[str]


@cache
def _verbs() -> _VerbTable:
    kinds = _by_word(press_cues().verbs)
    by_gram: dict[str, list[str]] = {}
    for word in kinds:
        by_gram.setdefault(required_gram(word), []).append(word)
    return _VerbTable(kinds, by_gram, frozenset(by_gram))


@dataclass(frozen=True, slots=True)
class _Endings:
    """The kind of each word, and how long the words are that end with a character."""

    kinds: Mapping[str, str]
    lengths: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, table: Mapping[str, tuple[str, ...]], longest: int) -> _Endings:
        """Sort the words of a table of kinds, up to a length."""
        kinds = {word: kind for word, (kind, *_) in _by_word(table).items() if len(word) <= longest}
        lengths: dict[str, set[int]] = {}
        for word in kinds:
            lengths.setdefault(word[-1], set()).add(len(word))
        return cls(
            kinds, {last: tuple(sorted(found, reverse=True)) for last, found in lengths.items()}
        )

    def kind_before(self, text: str, begin: int, end: int) -> str | None:
        """The kind of the longest word from ``begin`` on that ends at ``end``."""
        if begin >= end:
            return None
        for size in self.lengths.get(text[end - 1], ()):
            if size <= end - begin:
                kind = self.kinds.get(text[end - size : end])
                if kind is not None:
                    return kind
        return None


@cache
def _marks() -> _Endings:
    return _Endings.of(press_cues().marks, _MAX_MARK)


@cache
def _subjects() -> _Endings:
    return _Endings.of(press_cues().subjects, _MAX_SUFFIX)


@cache
def _boundary_pattern() -> re.Pattern[str]:
    return re.compile("[，；：。！？“”、]")


def verbs_of(text: str, grams: Set[str]) -> list[Verb]:
    """The verbs of a sentence that the table knows, in order; of those that overlap the first.

    ``grams`` are the sentence's runs of characters, or those of them that are words.
    """
    table, marks = _verbs(), _marks()
    found: list[Verb] = []
    free = 0
    for at, word in sorted(_verbs_by_place(text, grams & table.grams).items()):
        if at < free:
            continue
        free = at + len(word)
        done = text.startswith("了", free)
        mark = "done" if done else marks.kind_before(text, 0, at) or "none"
        found.append(Verb(table.kinds[word], mark, at))
        if len(found) == _MAX_VERBS:
            break
    return found


def _verbs_by_place(text: str, grams: Set[str]) -> dict[int, str]:
    """The longest verb that begins at each place."""
    by_gram = _verbs().by_gram
    found: dict[int, str] = {}
    for gram in grams:
        for word in by_gram[gram]:
            at = text.find(word)
            while at >= 0:
                if len(word) > len(found.get(at, "")):
                    found[at] = word
                at = text.find(word, at + 1)
    return found


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
    kind = _subjects().kind_before(text, begin, end)
    return kind or ("number" if text[end - 1].isdigit() else "other")


_LIGHT = frozenset("已将正要还也都均可能会并又再共拟")


def cue_flags(text: str, speaker: str, grams: Set[str]) -> set[frozenset[str]]:
    """The kinds of the verbs of a sentence and of their subjects, alone and together.

    The flags come in parts of which no two share one, and which come back in other sentences.
    ``grams`` are as in ``verbs_of``.
    """
    verbs = verbs_of(text, grams)
    if not verbs:
        return {_NO_MARKS}
    places = frozenset(end for _, end, _ in places_in(text))
    bounds = [bound.end() for bound in _boundary_pattern().finditer(text)]
    parts: set[frozenset[str]] = set()
    marks = set()
    subjects = []
    main = -1
    for number, (kinds, mark, start) in enumerate(verbs):
        at = bisect_right(bounds, start)
        subject = subject_of(text, bounds[at - 1] if at else 0, start, places)
        subjects.append(subject)
        if main < 0 and subject not in _NO_SUBJECT:
            main = number
        marks.add(mark)
        parts.update(_verb_flags(kinds, mark, subject, speaker))
    first, last = verbs[0], verbs[-1]
    parts.add(_role_flags("first", subjects[0], first.kinds, first.mark, speaker))
    parts.add(_role_flags("last", subjects[-1], last.kinds, last.mark, speaker))
    if main >= 0:
        verb = verbs[main]
        parts.add(_role_flags("main", subjects[main], verb.kinds, verb.mark, speaker))
    parts.add(_mark_flags(frozenset(marks - _PLAIN_MARKS)))
    return parts


@cache
def _mark_flags(marks: frozenset[str]) -> frozenset[str]:
    return frozenset((f"marks {' '.join(sorted(marks))}",))


@lru_cache(maxsize=8192)
def _verb_flags(
    kinds: tuple[str, ...], mark: str, subject: str, speaker: str
) -> tuple[frozenset[str], ...]:
    """The flags of any verb with its subject, by what other verbs may have in common with it."""
    return (
        frozenset((f"subject {subject}, {mark}",)),
        *(frozenset((f"verb {kind}",)) for kind in kinds),
        *(
            frozenset((f"verb {kind}, {mark}", f"verb {kind}, {mark}, speaker {speaker}"))
            for kind in kinds
        ),
        *(frozenset((f"subject {subject}, verb {kind}",)) for kind in kinds),
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


_NO_MARKS = frozenset({"marks "})
_PLAIN_MARKS = frozenset({"none", "by", "not"})
_NO_SUBJECT = frozenset({"ground", "when", "nobody", "other", "number"})


@cache
def _words() -> Mapping[str, tuple[str, ...]]:
    return _by_word(press_cues().words)


def known_words() -> frozenset[str]:
    """The runs of characters that tell the verbs and the words of this module."""
    return _verbs().grams | _words().keys()


_MANY = 3


def word_flags(grams: Set[str], speaker: str) -> list[frozenset[str]]:
    """Which kinds of words a sentence has, by those of its runs of characters that are words.

    The parts share no flag, as those of ``cue_flags``.
    """
    words = _words()
    counts: dict[str, int] = {}
    for word in grams & words.keys():
        for kind in words[word]:
            counts[kind] = counts.get(kind, 0) + 1
    parts = [_word_kind_flags(kind, min(times, _MANY), speaker) for kind, times in counts.items()]
    parts.append(_kinds_flag(min(5, len(counts))))
    return parts


@cache
def _kinds_flag(kinds: int) -> frozenset[str]:
    return frozenset((f"kinds of words {kinds}",))


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
def _asks_others_pattern() -> re.Pattern[str]:
    return re.compile(press_cues().asks_others)


@cache
def _other_states_pattern() -> re.Pattern[str]:
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
            if _asks_others_pattern().search(text):
                opened, since = attribution.speaker, 0
            row.append(f"list of proposals, {min(since, 3)}" if opened else "")
        found.append(row)
    return found


def speaks_to_states(text: str) -> bool:
    """Whether a sentence speaks of what states should do together."""
    return _other_states_pattern().search(text) is not None


@cache
def states_prefilter() -> PatternPrefilter:
    """Tells ``speaks_to_states`` by the runs of characters of a sentence."""
    return PatternPrefilter.of((press_cues().other_states,))
