"""The learned model of the press: what a sentence of an article is, and who says it.

The rules read an article first: who speaks by the state of the discourse (speakers.py), what the
cues of a sentence are (labels.py). Here their answers are features of a linear model, beside the
characters (one to three in a row) of the sentence and its neighbours, of the beginnings of the
sentence and of its clauses, of the title and of the end of the article, and beside kinds of wording
(``data/press_wording.yaml``). It scores every label and every speaker; the possible pair with the
highest sum is the answer. The weights are learned by ``tools/train_press.py`` from labelled
articles; ``data/press_model.json`` holds them with the record of the training.

A weight is a whole number from -127 to 127, times the scale of its zone. The weights of a feature,
one for each label and speaker, are one integer, each times a power of 2**16, so that one addition
adds all of them: the sums are exact, and the same on every machine. Python's integers are as long
as they need to be, so a weight of 0 above the last other one takes no memory.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, combinations
from operator import add
from typing import Any, NamedTuple, TypeAlias

from monitor.extraction.article_frame import ArticleFrame
from monitor.extraction.attribution import Attribution, KnownBy
from monitor.extraction.issuers import AUTHORITIES
from monitor.extraction.labels import CueScores
from monitor.extraction.press_cues import (
    article_flags,
    cue_flags,
    kinds_of_article,
    lists_of_proposals,
    speaks_to_states,
    word_flags,
)
from monitor.extraction.vocabulary import DATA, WordTable, read_table
from monitor.model.statements import Label, Speaker

LABELS = tuple(Label)
SPEAKERS = tuple(Speaker)
CLASSES = len(LABELS) + len(SPEAKERS)
"""Each feature has a weight for every label, then for every speaker."""

MAX_WEIGHT = 127
_OFFSET = MAX_WEIGHT + 1
"""What is added to each weight in a file."""
_LANE_BYTES = 2
_MIDDLE = 1 << (8 * _LANE_BYTES - 1)
"""What is added to each sum before it is read out of its lane: no lane borrows from the next."""
_MOST_HITS = _MIDDLE // _OFFSET
"""So many weights fit into a lane, whatever they are."""
_TITLE_LENGTH = 80
_END_LENGTH = 60
_BEGINNING_LENGTH = 10
_MAX_SCORE = 4
_MAX_DISTANCE = 6

FLAGS = "rules"
"""The zone whose features are not characters but what the rules found."""

GENRE = "genre"
"""The zone of what the article is, with what the rules say of the sentence."""

CUES = "cues"
"""The zone of the kinds of verbs and subjects (press_cues.py)."""

SURE_BY = frozenset({KnownBy.DOCUMENT, KnownBy.ISSUED, KnownBy.QUOTE, KnownBy.OWNER})
"""How a speaker is known whose plan it hardly ever is not: a commitment needs less there."""

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
def _wording_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(text)) for name, text in press_wording().wording.items())


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile(r"[0-9][0-9.]*")


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(r"20[0-9]{2}(?=年)")


def grams(text: str) -> frozenset[str]:
    """The runs of one to three characters of ``text``."""
    pairs = [*map(add, text, text[1:])]
    return frozenset((*text, *pairs, *map(add, pairs, text[2:])))


def _plain(text: str) -> str:
    """The text with every number as 0."""
    return _number_pattern().sub("0", text)


@cache
def _clause_pattern() -> re.Pattern[str]:
    return re.compile("[^，；：。、！？“”（）]+")


def _clause_starts(text: str) -> frozenset[str]:
    """The first one to three characters of each clause: that is where its verb is."""
    return frozenset(
        clause[:length] for clause in _clause_pattern().findall(text) for length in (1, 2, 3)
    )


Features: TypeAlias = "Mapping[str, Set[str]]"
"""The features of a sentence by zone."""


class PressArticle:
    """An article, prepared so that the features of its sentences share their parts."""

    def __init__(
        self,
        title: str,
        paragraphs: Sequence[Sequence[str]],
        attributions: Sequence[Sequence[Attribution]],
        year: int | None,
        frame: ArticleFrame,
    ) -> None:
        self._paragraphs = paragraphs
        self._attributions = attributions
        self._year = year
        self._grams: dict[tuple[int, int], frozenset[str]] = {}
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
            "title": grams(_plain((title or first)[:_TITLE_LENGTH])),
            "end": grams(_plain(end[-_END_LENGTH:])),
        }
        """The features that all sentences have."""

    def features_of(
        self, paragraph: int, index: int, scores: CueScores, by_rule: Label
    ) -> Features:
        """The other features of a sentence with these cues, which the rules label ``by_rule``."""
        sentences = self._paragraphs[paragraph]
        text = sentences[index]
        plain = _plain(text)
        found: dict[str, Set[str]] = {
            "sentence": self._sentence(paragraph, index),
            "beginning": grams(plain[:_BEGINNING_LENGTH])
            | {f"^{plain[:length]}" for length in range(1, 7)},
            "clause": _clause_starts(plain),
            FLAGS: frozenset(self._flags(paragraph, index, scores, by_rule)),
            CUES: self._cue_flags(paragraph, index),
            GENRE: self._genre_flags(paragraph, index, scores, by_rule),
        }
        if index:
            found["before"] = self._sentence(paragraph, index - 1)
        elif paragraph and self._paragraphs[paragraph - 1]:
            found["paragraph before"] = self._sentence(
                paragraph - 1, len(self._paragraphs[paragraph - 1]) - 1
            )
        if index + 1 < len(sentences):
            found["after"] = self._sentence(paragraph, index + 1)
        return found

    def scope_features(self, paragraph: int, index: int) -> Features:
        """The features of its words by which a sentence may belong to a topic without a word."""
        return {
            "sentence": self._sentence(paragraph, index),
            "title": self.features["title"],
        }

    def _sentence(self, paragraph: int, index: int) -> frozenset[str]:
        key = (paragraph, index)
        if key not in self._grams:
            self._grams[key] = grams(_plain(self._paragraphs[paragraph][index]))
        return self._grams[key]

    def _cue_flags(self, paragraph: int, index: int) -> frozenset[str]:
        speaker = self._attributions[paragraph][index].speaker.value
        found = cue_flags(self._paragraphs[paragraph][index], speaker)
        return found | word_flags(self._sentence(paragraph, index), speaker)

    def _genre_flags(
        self, paragraph: int, index: int, scores: CueScores, by_rule: Label
    ) -> frozenset[str]:
        """What the article is, with what the rules say: the same for many of its sentences."""
        speaker = self._attributions[paragraph][index].speaker.value
        listed = self._lists[paragraph][index]
        states = speaks_to_states(self._paragraphs[paragraph][index])
        key = (speaker, by_rule.value, _tense(scores), listed, states)
        if key not in self._genre:
            flags = [*article_flags(self._kinds, *key[:3])]
            if listed:
                flags += [listed, f"{listed}, speaker {speaker}"]
            flags.append(f"states {self._to_states:d}{states:d}, speaker {speaker}")
            flags.append(f"states {self._to_states:d}{states:d}, {bool(listed):d}")
            self._genre[key] = frozenset(flags)
        return self._genre[key]

    def _flags(
        self, paragraph: int, index: int, scores: CueScores, by_rule: Label
    ) -> Iterable[str]:
        sentences = self._paragraphs[paragraph]
        text = sentences[index]
        attribution = self._attributions[paragraph][index]
        yield from _attribution_flags(attribution, scores, by_rule)
        yield from _form_flags(text, self._year)
        yield from _wording_flags(text, attribution.speaker)
        if not index:
            yield "first of paragraph"
        if index == len(sentences) - 1:
            yield "last of paragraph"
        if len(sentences) == 1:
            yield "paragraph of its own"
        if paragraph < 2:
            yield f"paragraph {paragraph}"
        yield f"quarter {4 * (self._before[paragraph] + index) // max(1, self._size)}"


def _tense(scores: CueScores) -> str:
    back = scores.past + scores.result
    return "ahead" if scores.future > back else "back" if back > scores.future else "open"


def _attribution_flags(
    attribution: Attribution, scores: CueScores, by_rule: Label
) -> Iterable[str]:
    speaker, manner = attribution.speaker.value, attribution.manner.value or "none"
    known_by = attribution.known_by.value
    distance = min(attribution.distance, _MAX_DISTANCE)
    tense = _tense(scores)
    yield f"speaker {speaker}"
    yield f"speaker {speaker}, manner {manner}"
    yield f"speaker {speaker}, {known_by}"
    yield f"speaker {speaker}, {known_by}, {tense}"
    yield f"{known_by}, {distance} sentences before"
    yield f"speaker {speaker}, {tense}"
    yield f"speaker {speaker}, manner {manner}, {tense}"
    yield f"label {by_rule.value}"
    yield f"label {by_rule.value}, speaker {speaker}"
    for name, score in (
        ("future", scores.future),
        ("past", scores.past),
        ("result", scores.result),
        ("state", scores.state),
    ):
        yield f"{name} {min(score, _MAX_SCORE)}"


def _form_flags(text: str, year: int | None) -> Iterable[str]:
    yield f"ends with {text[-1:] if text[-1:] in '。？！；”：' else 'nothing'}"
    yield f"quote {text.startswith('“'):d}{'“' in text:d}{'”' in text:d}"
    yield f"length {min(6, len(text) // 15)}"
    yield f"numbers {min(3, len(_number_pattern().findall(text)))}"
    years = [int(found) for found in _year_pattern().findall(text)]
    if years and year:
        latest = max(years)
        yield "year " + ("ahead" if latest > year else "now" if latest == year else "past")


def _wording_flags(text: str, speaker: Speaker) -> Iterable[str]:
    kinds = [name for name, pattern in _wording_patterns() if pattern.search(text)]
    crossed = press_wording().crossed
    for kind in kinds:
        yield kind
        yield f"{kind}, speaker {speaker.value}"
    for one, other in combinations(kinds, 2):
        if one in crossed or other in crossed:
            yield f"{one} + {other}"


class Answer(NamedTuple):
    """A label and a speaker."""

    label: Label
    speaker: Speaker


@cache
def _lanes(classes: int) -> struct.Struct:
    return struct.Struct(f"<{classes}H")


_ALL = slice(None)


@cache
def _in_each_lane(value: int, classes: int) -> int:
    return int.from_bytes(_lanes(classes).pack(*[value] * classes), "little")


@dataclass(frozen=True, slots=True)
class Zone:
    """The weights of the features of one zone; ``weights`` has ``lanes`` of them for each.

    Zones that share their features share ``weights``, too: ``place`` is where those of this one
    stand; None: they stand alone.
    """

    weights: Mapping[str, int]
    scale: float
    lanes: int = CLASSES
    place: slice | None = None

    def sums(self, features: Set[str]) -> list[int]:
        """The sums of the weights of the features, class by class."""
        hits = list(filter(None, map(self.weights.get, features)))
        if len(hits) <= _MOST_HITS:
            return self._read(sum(hits))
        parts = (hits[at : at + _MOST_HITS] for at in range(0, len(hits), _MOST_HITS))
        return [
            sum(column) for column in zip(*(self._read(sum(one)) for one in parts), strict=True)
        ]

    def _read(self, total: int) -> list[int]:
        """The sums that stand in the lanes of a sum of weights."""
        lanes = _lanes(self.lanes)
        raised = (total + _in_each_lane(_MIDDLE, self.lanes)).to_bytes(lanes.size, "little")
        return [lane - _MIDDLE for lane in lanes.unpack(raised)[self.place or _ALL]]


def _add_scores(totals: list[float], zones: Mapping[str, Zone], features: Features) -> list[float]:
    """Add what the features say to the score of each class."""
    for name, found in features.items():
        zone = zones[name]
        factor = zone.scale / zone_size(name, found)
        for place, value in enumerate(zone.sums(found)):
            totals[place] += factor * value
    return totals


@dataclass(frozen=True, slots=True)
class ScopeModel:
    """A linear model of whether a sentence without a word of ``topic`` belongs to it.

    Scores are logarithms of odds. A sentence is told from ``limit`` on, one that would be a
    commitment from ``commitment_limit`` on; its label then needs ``margin`` more than others'.
    """

    topic: str
    zones: Mapping[str, Zone]
    intercept: float
    limit: float
    commitment_limit: float
    margin: float

    def score(self, features: Features) -> float:
        """How much speaks for the topic."""
        return _add_scores([self.intercept], self.zones, features)[0]

    def tells(self, score: float, label: Label) -> bool:
        """Whether a sentence with this score and label is told."""
        return score >= (self.commitment_limit if label is Label.COMMITMENT else self.limit)


_SCOPE_SENTENCE = "scope"
_SENTENCE_ZONES = ("sentence", _SCOPE_SENTENCE, "before", "paragraph before", "after")
"""The zones that have the characters of a whole sentence: each sentence is in several of them.

Those with the most features stand first, which makes the integers short."""


@dataclass(frozen=True, slots=True)
class SharedZones:
    """Several zones with the same features as one, so that a feature is looked up once for all.

    ``places`` says which lanes of ``weights`` are those of each zone.
    """

    weights: Mapping[str, int]
    lanes: int
    places: Mapping[str, slice]

    @classmethod
    def of(cls, zones: Mapping[str, Zone]) -> SharedZones:
        """Put zones side by side; where one does not know a feature its weights are 0."""
        weights: dict[str, int] = {}
        places: dict[str, slice] = {}
        at = 0
        for name, zone in zones.items():
            shift = 8 * _LANE_BYTES * at
            if not weights:
                weights = dict(zone.weights)
            else:
                for feature, own in zone.weights.items():
                    weights[feature] = weights.get(feature, 0) + (own << shift)
            places[name] = slice(at, at + zone.lanes)
            at += zone.lanes
        return cls(weights, at, places)

    def zone(self, name: str, scale: float) -> Zone:
        """One of the zones."""
        return Zone(self.weights, scale, self.lanes, self.places[name])

    def sums(self, features: Set[str]) -> list[int]:
        """The sums of the weights of the features in all the zones."""
        return Zone(self.weights, 1.0, self.lanes).sums(features)


class ArticleScorer:
    """Scores the sentences of an article; what they share is computed once.

    Args:
        model: the model.
        features: those that all sentences of the article have.
    """

    def __init__(self, model: PressModel, features: Features) -> None:
        self._model = model
        self._start = model.scores(features)
        self._title = (
            model.scope.score({"title": features["title"]}) if model.scope is not None else 0.0
        )
        self._sums: dict[Set[str], list[int]] = {}
        self._of_genre: dict[Set[str], list[int]] = {}

    def scores(self, features: Features) -> list[float]:
        """The score of each label, then of each speaker: those of ``PressModel.scores``."""
        totals = list(self._start)
        shared = self._model.shared
        for name, found in features.items():
            zone = self._model.zones[name]
            factor = zone.scale / zone_size(name, found)
            place = shared.places.get(name) if shared else None
            if place is not None:
                sums = self._shared_sums(found)[place]
            elif name == GENRE:
                sums = self._genre_sums(found)
            else:
                sums = zone.sums(found)
            totals = [total + factor * value for total, value in zip(totals, sums, strict=True)]
        return totals

    def scope(self, sentence: Set[str], context: Set[str]) -> float:
        """How much speaks for a sentence's belonging to the model's topic."""
        model, shared = self._model.scope, self._model.shared
        if model is None or shared is None:
            return -math.inf
        zone = model.zones["sentence"]
        (value,) = self._shared_sums(sentence)[shared.places[_SCOPE_SENTENCE]]
        (around,) = model.zones[CONTEXT].sums(context)
        of_words = zone.scale / zone_size("sentence", sentence) * value
        return self._title + of_words + model.zones[CONTEXT].scale * around

    def _genre_sums(self, features: Set[str]) -> list[int]:
        """Many sentences of an article have the same features of this zone."""
        known = self._of_genre.get(features)
        if known is None:
            known = self._of_genre[features] = self._model.zones[GENRE].sums(features)
        return known

    def _shared_sums(self, features: Set[str]) -> list[int]:
        known = self._sums.get(features)
        if known is None:
            shared = self._model.shared
            known = self._sums[features] = shared.sums(features) if shared else []
        return known


@dataclass(frozen=True, slots=True)
class PressModel:
    """A linear model of labels and speakers.

    ``commitment`` is what a commitment's sum must exceed that of the best other pair by, and
    ``sure_commitment`` the same where the authority that speaks is sure (``SURE_BY``).
    """

    zones: Mapping[str, Zone]
    intercepts: tuple[float, ...]
    commitment: float
    sure_commitment: float
    scope: ScopeModel | None = None
    shared: SharedZones | None = None
    """The zones of the characters of whole sentences, together; None where nothing is shared."""

    def scores(self, features: Features, start: Sequence[float] = ()) -> list[float]:
        """The score of each label, then of each speaker, added to those of ``start``."""
        return _add_scores(list(start or self.intercepts), self.zones, features)

    def best(
        self, scores: Sequence[float], margin: float = 0.0, *, sure: bool = False
    ) -> tuple[Answer, Answer]:
        """The possible answer with the highest sum of scores, and the next one.

        ``margin`` is asked of a commitment besides the model's own; ``sure`` says that the speaker
        is known by one of ``SURE_BY``.
        """
        needed = (self.sure_commitment if sure else self.commitment) + margin
        answers = _possible_answers()
        values = [scores[i] + scores[j] - needed * commits for _, i, j, commits in answers]
        first = values.index(max(values))
        values[first] = -math.inf
        return answers[first][0], answers[values.index(max(values))][0]

    def deciding_features(
        self, features: Features, best: Answer, second: Answer
    ) -> tuple[str, ...]:
        """The features that speak most for one answer and against another, strongest first."""
        found: list[tuple[float, str]] = []
        for name, members in features.items():
            zone = self.zones[name]
            factor = zone.scale / zone_size(name, members)
            for feature in members & zone.weights.keys():
                sums = zone.sums({feature})
                difference = sum(
                    sign * (sums[LABELS.index(label)] + sums[len(LABELS) + SPEAKERS.index(speaker)])
                    for sign, (label, speaker) in ((-1, best), (1, second))
                )
                shown = feature if name == FLAGS else f"{name} “{feature}”"
                found.append((factor * difference, shown))
        return tuple(shown for value, shown in sorted(found)[:_MAX_SHOWN] if value < 0)


_MAX_SHOWN = 6


def is_possible(label: Label, speaker: Speaker) -> bool:
    """Whether a speaker of this kind makes statements of this kind."""
    if label is Label.COMMITMENT:
        return speaker in AUTHORITIES
    return label is not Label.PROPOSAL or speaker is not Speaker.MEDIA


@cache
def _possible_answers() -> tuple[tuple[Answer, int, int, bool], ...]:
    """Each possible answer, the places of its label and speaker, and whether it commits."""
    return tuple(
        (Answer(label, speaker), i, len(LABELS) + j, label is Label.COMMITMENT)
        for i, label in enumerate(LABELS)
        for j, speaker in enumerate(SPEAKERS)
        if is_possible(label, speaker)
    )


def zone_size(name: str, features: Set[str]) -> float:
    """What the sum of a zone is divided by, so that long sentences do not outweigh the rest."""
    return 1.0 if name in {FLAGS, CUES, GENRE, CONTEXT} else math.sqrt(len(features) or 1)


def pack_weights(rows: Sequence[Sequence[int]]) -> str:
    """The weights of a zone, feature by feature, as the model's file has them."""
    lanes = bytes(weight + _OFFSET for row in rows for weight in row)
    return base64.b64encode(zlib.compress(lanes, 9)).decode("ascii")


def unpack_weights(packed: str, classes: int = CLASSES) -> Iterator[int]:
    """The weights of each feature in one integer."""
    lanes = zlib.decompress(base64.b64decode(packed))
    offsets = _in_each_lane(_OFFSET, classes)
    spread = bytearray(_LANE_BYTES * classes)
    for at in range(0, len(lanes), classes):
        spread[::_LANE_BYTES] = lanes[at : at + classes]
        yield int.from_bytes(spread, "little") - offsets


def model_of(data: Mapping[str, Any]) -> PressModel:
    """The model of a file's data."""
    names: dict[str, str] = {}
    zones = _zones_of(data["zones"], CLASSES, names)
    scope = scope_model_of(data["scope"], names) if "scope" in data else None
    parts = dict(zones)
    if scope is not None:
        parts[_SCOPE_SENTENCE] = scope.zones["sentence"]
    shared = SharedZones.of({name: parts[name] for name in _SENTENCE_ZONES if name in parts})
    zones |= {
        name: shared.zone(name, zone.scale) for name, zone in zones.items() if name in shared.places
    }
    if scope is not None:
        own = shared.zone(_SCOPE_SENTENCE, scope.zones["sentence"].scale)
        scope = replace(scope, zones={**scope.zones, "sentence": own})
    return PressModel(
        zones=zones,
        intercepts=tuple(data["intercepts"]),
        commitment=data["commitment"],
        sure_commitment=data["sure_commitment"],
        scope=scope,
        shared=shared,
    )


def scope_model_of(data: Mapping[str, Any], names: dict[str, str] | None = None) -> ScopeModel:
    """The model of the scope of a file's data; ``names`` are features that were read before."""
    return ScopeModel(
        **{**data, "zones": _zones_of(data["zones"], 1, {} if names is None else names)}
    )


def _zones_of(data: Mapping[str, Any], classes: int, names: dict[str, str]) -> dict[str, Zone]:
    # A feature of several zones is one string.
    return {
        name: Zone(
            dict(
                zip(
                    (names.setdefault(one, one) for one in zone["features"].split("\n")),
                    unpack_weights(zone["weights"], classes),
                    strict=True,
                )
            ),
            zone["scale"],
            classes,
        )
        for name, zone in data.items()
    }


@cache
def press_model() -> PressModel:
    """The model that ships with the program."""
    return model_of(json.loads((DATA / "press_model.json").read_text(encoding="utf-8")))
