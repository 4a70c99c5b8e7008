"""The features of a sentence of an article, which the learned model of the press weighs.

The rules read an article first: who speaks by the state of the discourse (speakers.py), what the
cues of a sentence are (labels.py). Here their answers are features, beside the characters (one to
three in a row) of the sentence and its neighbours, of the beginnings of the sentence and of its
clauses, of the title and of the end of the article, and beside kinds of wording
(``data/press_wording.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, chain, combinations
from operator import add
from typing import NamedTuple, TypeAlias

from monitor.extraction.article_frame import ArticleFrame
from monitor.extraction.attribution import Attribution, KnownBy
from monitor.extraction.labels import CueScores
from monitor.extraction.pattern_prefilter import PatternPrefilter, grams, without_numbers
from monitor.extraction.press_cues import (
    article_flags,
    cue_flags,
    kinds_of_article,
    known_words,
    lists_of_proposals,
    speaks_to_states,
    states_prefilter,
    word_flags,
)
from monitor.extraction.speaker_words import Manner
from monitor.extraction.vocabulary import DATA, WordTable, read_table
from monitor.model.statements import Label, Speaker

_TITLE_LENGTH = 80
_END_LENGTH = 60
_BEGINNING_LENGTH = 10
_LONGEST_START = 6
_MAX_SCORE = 4
_MAX_DISTANCE = 6

FLAGS = "rules"
"""The zone whose features are not characters but what the rules found."""

GENRE = "genre"
"""The zone of what the article is, with what the rules say of the sentence."""

CUES = "cues"
"""The zone of the kinds of verbs and subjects (press_cues.py)."""

CONTEXT = "context"
"""The zone of what stands around a sentence (context_scope.py)."""


@dataclass(frozen=True)
class PressWording(WordTable):
    """``data/press_wording.yaml``."""

    wording: dict[str, str]
    crossed: tuple[str, ...]


@cache
def press_wording() -> PressWording:
    """The kinds of wording that the model knows."""
    return read_table(DATA / "press_wording.yaml", PressWording)


@cache
def _wording_prefilter() -> PatternPrefilter:
    return PatternPrefilter.of(press_wording().wording.values())


@cache
def _wording_names() -> tuple[str, ...]:
    return tuple(press_wording().wording)


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(r"20[0-9]{2}(?=年)")


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile("[^，；：。、！？“”（）]+")


def _clause_starts(text: str) -> frozenset[str]:
    """The first one to three characters of each clause: that is where its verb is."""
    clauses = [clause[:3] for clause in _clause_pattern().findall(text)]
    return frozenset([part for clause in clauses for part in (clause[:1], clause[:2], clause)])


Features: TypeAlias = "Mapping[str, Set[str]]"
"""The features of a sentence by zone."""


class SentenceFeatures(NamedTuple):
    """The features of a sentence besides those that all sentences of its article have.

    Attributes:
        characters: those that are runs of characters, by zone.
        flags: the others by zone, in parts of which no two share one.
    """

    characters: Mapping[str, frozenset[str]]
    flags: Mapping[str, Sequence[frozenset[str]]]

    def by_zone(self) -> Features:
        """All of them by zone."""
        flags = {name: frozenset[str]().union(*parts) for name, parts in self.flags.items()}
        return {**self.characters, **flags}


class SentenceGrams(NamedTuple):
    """The runs of characters of a sentence of which every number is written as 0."""

    text: str
    plain: str
    all: frozenset[str]
    beginning: frozenset[str]
    """Those of the beginning, and the beginnings themselves."""
    known: frozenset[str]
    """Those that a table of words or of patterns knows."""

    @classmethod
    def of(cls, text: str, known: frozenset[str]) -> SentenceGrams:
        """Cut a sentence; the beginning and the whole share their runs."""
        plain = without_numbers(text)
        pairs = [*map(add, plain, plain[1:])]
        triples = [*map(add, pairs, plain[2:])]
        found = frozenset((*plain, *pairs, *triples))
        length = _BEGINNING_LENGTH
        starts = accumulate(plain[1:_LONGEST_START], initial=f"^{plain[:1]}")
        beginning = (*plain[:length], *pairs[: length - 1], *triples[: length - 2], *starts)
        return cls(text, plain, found, frozenset(beginning), found & known)


def known_grams() -> frozenset[str]:
    """The runs of characters that the tables of this module and of ``press_cues`` know."""
    return _wording_prefilter().grams | known_words() | states_prefilter().grams


class PressArticle:
    """An article, prepared so that the features of its sentences share their parts."""

    def __init__(
        self,
        title: str,
        paragraphs: Sequence[Sequence[str]],
        attributions: Sequence[Sequence[Attribution]],
        year: int | None,
        frame: ArticleFrame,
        *,
        known_grams: frozenset[str],
    ) -> None:
        self._paragraphs = paragraphs
        self._known_grams = known_grams
        self._attributions = attributions
        self._year = year
        self._grams: dict[tuple[int, int], SentenceGrams] = {}
        self._genre: dict[tuple[str, str, str, str, bool], frozenset[str]] = {}
        self._size = sum(map(len, paragraphs))
        self._before = [0]
        for sentences in paragraphs:
            self._before.append(self._before[-1] + len(sentences))
        first = paragraphs[0][0] if paragraphs and paragraphs[0] else ""
        end = "".join("".join(sentences) for sentences in paragraphs[-3:])
        self._kinds = kinds_of_article((title or first)[:_TITLE_LENGTH], paragraphs, frame)
        self._lists = lists_of_proposals(paragraphs, attributions)
        self._to_states = any(map(speaks_to_states, chain.from_iterable(paragraphs[:3])))
        self.features: Features = {
            "title": grams(without_numbers((title or first)[:_TITLE_LENGTH])),
            "end": grams(without_numbers(end[-_END_LENGTH:])),
        }
        """The features that all sentences have."""

    def features_of(
        self, paragraph: int, index: int, scores: CueScores, by_rule: Label
    ) -> SentenceFeatures:
        """The other features of a sentence with these cues, which the rules label ``by_rule``."""
        own = self.grams(paragraph, index)
        characters: dict[str, frozenset[str]] = {
            "sentence": own.all,
            "beginning": own.beginning,
            "clause": _clause_starts(own.plain),
        }
        if index:
            characters["before"] = self.grams(paragraph, index - 1).all
        elif paragraph and self._paragraphs[paragraph - 1]:
            last = len(self._paragraphs[paragraph - 1]) - 1
            characters["paragraph before"] = self.grams(paragraph - 1, last).all
        if index + 1 < len(self._paragraphs[paragraph]):
            characters["after"] = self.grams(paragraph, index + 1).all
        speaker = self._attributions[paragraph][index].speaker
        listed = self._lists[paragraph][index]
        flags = {
            FLAGS: self._flags(paragraph, index, own, scores, by_rule),
            CUES: [
                *word_flags(own.known, speaker),
                *cue_flags(own.text, speaker, own.known),
            ],
            GENRE: [self._genre_flags(speaker, listed, own, scores, by_rule)],
        }
        return SentenceFeatures(characters, flags)

    def scope_features(self, paragraph: int, index: int) -> Features:
        """The features of its words by which a sentence may belong to a topic without a word."""
        return {
            "sentence": self.grams(paragraph, index).all,
            "title": self.features["title"],
        }

    def grams(self, paragraph: int, index: int) -> SentenceGrams:
        """The runs of characters of a sentence: its neighbours need them too."""
        key = (paragraph, index)
        known = self._grams.get(key)
        if known is None:
            known = self._grams[key] = SentenceGrams.of(
                self._paragraphs[paragraph][index], self._known_grams
            )
        return known

    def _genre_flags(
        self, speaker: Speaker, listed: str, own: SentenceGrams, scores: CueScores, by_rule: Label
    ) -> frozenset[str]:
        """What the article is, with what the rules say: the same for many of its sentences."""
        states = bool(states_prefilter().matching(own.text, own.known))
        key = (speaker, by_rule, _tense(scores), listed, states)
        known = self._genre.get(key)
        if known is None:
            flags = [*article_flags(self._kinds, *key[:3])]
            if listed:
                flags += [listed, f"{listed}, speaker {speaker}"]
            flags.append(f"states {self._to_states:d}{states:d}, speaker {speaker}")
            flags.append(f"states {self._to_states:d}{states:d}, {bool(listed):d}")
            known = self._genre[key] = frozenset(flags)
        return known

    def _flags(
        self, paragraph: int, index: int, own: SentenceGrams, scores: CueScores, by_rule: Label
    ) -> list[frozenset[str]]:
        size = len(self._paragraphs[paragraph])
        attribution = self._attributions[paragraph][index]
        speaker = attribution.speaker
        return [
            _attribution_flags(
                speaker,
                attribution.manner,
                attribution.known_by,
                min(attribution.distance, _MAX_DISTANCE),
                _tense(scores),
            ),
            _label_flags(by_rule, speaker),
            _score_flags(scores.future, scores.past, scores.result, scores.state),
            _place_flags(
                index == 0,
                index == size - 1,
                min(paragraph, 2),
                4 * (self._before[paragraph] + index) // max(1, self._size),
            ),
            _form_of(own, self._year),
            *_wording_flags(own, speaker),
        ]


def _form_of(own: SentenceGrams, year: int | None) -> frozenset[str]:
    """The flags of how a sentence looks, in an article of this year."""
    text = own.text
    numbers = own.plain.count("0")
    when = ""
    if numbers and year:
        years = _year_pattern().findall(text)
        if years:
            latest = int(max(years))
            when = "ahead" if latest > year else "now" if latest == year else "past"
    return _form_flags(
        text[-1:] if text[-1:] in "。？！；”：" else "nothing",
        (text.startswith("“"), "“" in text, "”" in text),
        len(text) // 15,
        numbers,
        when,
    )


def _wording_flags(own: SentenceGrams, speaker: Speaker) -> list[frozenset[str]]:
    """The kinds of wording in a sentence, with the speaker and with each other."""
    kinds = _wording_prefilter().matching(own.text, own.known)
    found = [_kind_flags(kind, speaker) for kind in kinds]
    crossed = _crossed_kinds()
    if not crossed.isdisjoint(kinds):
        found += [
            _pair_flag(one, other)
            for one, other in combinations(kinds, 2)
            if one in crossed or other in crossed
        ]
    return found


def _tense(scores: CueScores) -> str:
    back = scores.past + scores.result
    return "ahead" if scores.future > back else "back" if back > scores.future else "open"


# The flags of a sentence come in parts of which no two share one. A part comes back in other
# sentences: it is kept, so that no text is put together twice, and no weight looked up.


@lru_cache(maxsize=4096)
def _attribution_flags(
    speaker: Speaker, manner: Manner, known_by: KnownBy, distance: int, tense: str
) -> frozenset[str]:
    said = manner or "none"
    return frozenset(
        (
            f"speaker {speaker}",
            f"speaker {speaker}, manner {said}",
            f"speaker {speaker}, {known_by}",
            f"speaker {speaker}, {known_by}, {tense}",
            f"{known_by}, {distance} sentences before",
            f"speaker {speaker}, {tense}",
            f"speaker {speaker}, manner {said}, {tense}",
        )
    )


@cache
def _label_flags(label: Label, speaker: Speaker) -> frozenset[str]:
    return frozenset((f"label {label}", f"label {label}, speaker {speaker}"))


@lru_cache(maxsize=4096)
def _score_flags(future: int, past: int, result: int, state: int) -> frozenset[str]:
    return frozenset(
        (
            f"future {min(future, _MAX_SCORE)}",
            f"past {min(past, _MAX_SCORE)}",
            f"result {min(result, _MAX_SCORE)}",
            f"state {min(state, _MAX_SCORE)}",
        )
    )


@cache
def _place_flags(first: bool, last: bool, paragraph: int, quarter: int) -> frozenset[str]:
    found = [f"quarter {quarter}"]
    if first:
        found.append("first of paragraph")
    if last:
        found.append("last of paragraph")
    if first and last:
        found.append("paragraph of its own")
    if paragraph < 2:
        found.append(f"paragraph {paragraph}")
    return frozenset(found)


@lru_cache(maxsize=4096)
def _form_flags(
    end: str, quotes: tuple[bool, bool, bool], length: int, numbers: int, year: str
) -> frozenset[str]:
    """``quotes`` says whether one opens the sentence, whether one opens, whether one closes."""
    starts, opens, closes = quotes
    found = [f"ends with {end}", f"quote {starts:d}{opens:d}{closes:d}"]
    found += [f"length {min(6, length)}", f"numbers {min(3, numbers)}"]
    if year:
        found.append(f"year {year}")
    return frozenset(found)


@cache
def _kind_flags(kind: int, speaker: Speaker) -> frozenset[str]:
    name = _wording_names()[kind]
    return frozenset((name, f"{name}, speaker {speaker}"))


@cache
def _pair_flag(one: int, other: int) -> frozenset[str]:
    return frozenset((f"{_wording_names()[one]} + {_wording_names()[other]}",))


@cache
def _crossed_kinds() -> frozenset[int]:
    return frozenset(map(_wording_names().index, press_wording().crossed))
