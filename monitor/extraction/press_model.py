"""The learned model of the press: what a sentence of an article is, and who says it.

A linear model scores every label and every speaker from the features of a sentence
(``press_features.py``); the possible pair with the highest sum is the answer. The weights are
learned by ``tools/train_press.py`` from labelled articles; ``data/press_model.json`` holds them
with the record of the training.

A weight is a whole number from -127 to 127, times the scale of its zone. The weights of a feature,
one for each label and speaker, stand in one integer, a lane of 16 bits each, so that one addition
adds all of them: the sums are exact, and the same on every machine. The integer is the sum of
``weight << 16 * place``; a weight below 0 borrows from the lanes above, until the sum is read.
"""

from __future__ import annotations

import base64
import json
import math
import struct
import zlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache
from operator import add, itemgetter
from typing import Any, NamedTuple

from monitor.extraction.attribution import KnownBy
from monitor.extraction.issuers import AUTHORITIES
from monitor.extraction.press_features import (
    CONTEXT,
    CUES,
    FLAGS,
    GENRE,
    Features,
    SentenceFeatures,
)
from monitor.extraction.vocabulary import DATA
from monitor.model.statements import Label, Speaker

LABELS = tuple(Label)
SPEAKERS = tuple(Speaker)
CLASSES = len(LABELS) + len(SPEAKERS)
"""Each feature has a weight for every label, then for every speaker."""

MAX_WEIGHT = 127
_OFFSET = MAX_WEIGHT + 1
"""What is added to each weight in a file, which holds bytes."""
_LANE_BITS = 16
_MAX_ADDED = (1 << (_LANE_BITS - 1)) // _OFFSET
"""So many weights are added at once: a lane then holds their sum, whatever they are."""

SURE_BY = frozenset({KnownBy.DOCUMENT, KnownBy.ISSUED, KnownBy.QUOTE, KnownBy.OWNER})
"""How a speaker is known whose plan it hardly ever is not: a commitment needs less there."""


class Answer(NamedTuple):
    """A label and a speaker."""

    label: Label
    speaker: Speaker


class _Lanes(NamedTuple):
    """How the sums of some classes are read from one integer."""

    layout: struct.Struct
    sign_bits: int

    def sums(self, total: int) -> tuple[int, ...]:
        """The sum of each lane of ``sign_bits`` plus packed weights.

        With them no lane is below 0. Flipping them leaves each lane as its two's complement.
        """
        return self.layout.unpack((total ^ self.sign_bits).to_bytes(self.layout.size, "little"))


@cache
def _lanes(classes: int, bits: int = _LANE_BITS) -> _Lanes:
    sign = 1 << (bits - 1)
    signs = sum(sign << bits * place for place in range(classes))
    return _Lanes(struct.Struct(f"<{classes}{_LAYOUTS[bits]}"), signs)


_LAYOUTS = {16: "h", 64: "q"}


@dataclass(frozen=True, slots=True)
class Zone:
    """The weights of the features of one zone; ``weights`` packs one lane for each class.

    Zones that share their features share ``weights``, too: ``place`` says which lanes are those of
    this one; None: it stands alone.
    """

    weights: Mapping[str, int]
    scale: float
    classes: int = CLASSES
    place: slice | None = None

    def sums(self, features: Set[str]) -> tuple[int, ...]:
        """The sums of the weights of the features, class by class."""
        lanes = _lanes(self.classes)
        hits = [*filter(None, map(self.weights.get, features))]
        if len(hits) > _MAX_ADDED:
            parts = (hits[at : at + _MAX_ADDED] for at in range(0, len(hits), _MAX_ADDED))
            columns = zip(*(lanes.sums(sum(part, lanes.sign_bits)) for part in parts), strict=True)
            sums = tuple(map(sum, columns))
        else:
            sums = lanes.sums(sum(hits, lanes.sign_bits))
        return sums if self.place is None else sums[self.place]


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

    Scores are logarithms of odds. A sentence is in scope from ``limit`` on, one that would be a
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

    def is_in_scope(self, score: float, label: Label) -> bool:
        """Whether a sentence with this score and label belongs to the topic."""
        return score >= (self.commitment_limit if label is Label.COMMITMENT else self.limit)


_WIDE_LANE_BITS = 64
_UNIT = 2.0**-44
"""What 1 in a wide lane is worth: they hold sums of several zones, with the scale of each."""
_MAX_KEPT = 8192


class FlagWeights(dict[frozenset[str], int]):
    """The sums of the weights of flags that come together, each in one integer with wide lanes.

    They are computed when they are first asked for, and forgotten when there are too many.
    """

    def __init__(self, zone: Zone) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, flags: frozenset[str]) -> int:
        """Add up the weights of these flags."""
        if len(self) >= _MAX_KEPT:
            self.clear()
        found = self[flags] = sum(
            round(self._zone.scale * value / _UNIT) << _WIDE_LANE_BITS * place
            for place, value in enumerate(self._zone.sums(flags))
        )
        return found


_SCOPE_SENTENCE = "scope"
_SENTENCE_ZONES = ("sentence", _SCOPE_SENTENCE, "before", "paragraph before", "after")
"""The zones that have the characters of a whole sentence: each sentence is in several of them.

Those with the most features stand first, which makes the integers short."""


@dataclass(frozen=True, slots=True)
class SharedZones:
    """Several zones with the same features as one, so that a feature is looked up once for all.

    ``places`` says which classes of ``zone`` are those of each zone.
    """

    zone: Zone
    places: Mapping[str, slice]

    @classmethod
    def of(cls, zones: Mapping[str, Zone]) -> SharedZones:
        """Put zones side by side; where one does not know a feature its weights are 0."""
        weights: dict[str, int] = {}
        places: dict[str, slice] = {}
        at = 0
        for name, zone in zones.items():
            if not weights:
                weights.update(zone.weights)  # the same integers, which are most of the memory
            else:
                for feature, own in zone.weights.items():
                    weights[feature] = weights.get(feature, 0) + (own << _LANE_BITS * at)
            places[name] = slice(at, at + zone.classes)
            at += zone.classes
        return cls(Zone(weights, 1.0, at), places)

    def part(self, name: str, scale: float) -> Zone:
        """One of the zones."""
        return Zone(self.zone.weights, scale, self.zone.classes, self.places[name])


_MAX_CHARACTER_ZONES = 5
"""A sentence, its beginning and its clauses, the sentence before and the one after."""
_NOTHING = (0.0, (0,) * CLASSES)


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
        self._places = model.shared.places if model.shared is not None else {}
        self._sums: dict[Set[str], tuple[int, ...]] = {}

    def scores(self, features: SentenceFeatures) -> list[float]:
        """The score of each label, then of each speaker: those of ``PressModel.scores``."""
        terms = [_NOTHING] * (_MAX_CHARACTER_ZONES - len(features.characters))
        for name, found in features.characters.items():
            zone = self._model.zones[name]
            place = self._places.get(name)
            sums = zone.sums(found) if place is None else self._shared_sums(found)[place]
            terms.append((zone.scale / math.sqrt(len(found) or 1), sums))
        (a, one), (b, two), (c, three), (d, four), (e, five) = terms
        columns = zip(
            self._start, self._flag_sums(features), one, two, three, four, five, strict=True
        )
        # One pass over the classes: a pass for each term would take several times as long.
        return [
            start + _UNIT * flags + a * v + b * w + c * x + d * y + e * z
            for start, flags, v, w, x, y, z in columns
        ]

    def _flag_sums(self, features: SentenceFeatures) -> tuple[int, ...]:
        """The sums of the flags, as multiples of ``_UNIT``."""
        lanes = _lanes(CLASSES, _WIDE_LANE_BITS)
        total = lanes.sign_bits
        for name, parts in features.flags.items():
            total = sum(map(self._model.flag_weights[name].__getitem__, parts), total)
        return lanes.sums(total)

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

    def _shared_sums(self, features: Set[str]) -> tuple[int, ...]:
        known = self._sums.get(features)
        if known is None:
            shared = self._model.shared
            known = self._sums[features] = shared.zone.sums(features) if shared else ()
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
    flag_weights: Mapping[str, FlagWeights] = field(default_factory=dict, compare=False)
    """The weights of the zones that have no characters."""

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
        answers, label_scores, speaker_scores = _possible_answers()
        values = [*map(add, label_scores(scores), speaker_scores(scores))]
        values[:_COMMITTING] = [value - needed for value in values[:_COMMITTING]]
        first = values.index(max(values))
        values[first] = -math.inf
        return answers[first], answers[values.index(max(values))]

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


_COMMITTING = len(AUTHORITIES)
"""So many of the possible answers commit: they come first, as their label does."""


@cache
def _possible_answers() -> tuple[tuple[Answer, ...], itemgetter[Any], itemgetter[Any]]:
    """The possible answers, and what takes the scores of their labels and speakers."""
    answers = tuple(
        Answer(label, speaker)
        for label in LABELS
        for speaker in SPEAKERS
        if is_possible(label, speaker)
    )
    labels = (LABELS.index(answer.label) for answer in answers)
    speakers = (len(LABELS) + SPEAKERS.index(answer.speaker) for answer in answers)
    return answers, itemgetter(*labels), itemgetter(*speakers)


def zone_size(name: str, features: Set[str]) -> float:
    """What the sum of a zone is divided by, so that long sentences do not outweigh the rest."""
    return 1.0 if name in {FLAGS, CUES, GENRE, CONTEXT} else math.sqrt(len(features) or 1)


def pack_weights(rows: Sequence[Sequence[int]]) -> str:
    """The weights of a zone, feature by feature, as the model's file has them."""
    lanes = bytes(weight + _OFFSET for row in rows for weight in row)
    return base64.b64encode(zlib.compress(lanes, 9)).decode("ascii")


def unpack_weights(packed: str, classes: int = CLASSES) -> list[int]:
    """The weights of each feature in one integer."""
    lanes = zlib.decompress(base64.b64decode(packed))
    width = _LANE_BITS // 8
    spread = bytearray(width * len(lanes))
    spread[::width] = lanes
    size = width * classes
    offsets = sum(_OFFSET << _LANE_BITS * place for place in range(classes))
    return [
        int.from_bytes(spread[at : at + size], "little") - offsets
        for at in range(0, len(spread), size)
    ]


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
        name: shared.part(name, zone.scale) for name, zone in zones.items() if name in shared.places
    }
    if scope is not None:
        own = shared.part(_SCOPE_SENTENCE, scope.zones["sentence"].scale)
        scope = replace(scope, zones={**scope.zones, "sentence": own})
    return PressModel(
        zones=zones,
        intercepts=tuple(data["intercepts"]),
        commitment=data["commitment"],
        sure_commitment=data["sure_commitment"],
        scope=scope,
        shared=shared,
        flag_weights={name: FlagWeights(zones[name]) for name in (FLAGS, CUES, GENRE)},
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
