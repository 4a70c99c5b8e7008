"""Train the model that reads the press, and print how good it is.

    python tools/train_press.py [--archive FOLDER] [--compare] [--write]

Needs scikit-learn, which is no dependency of the program, and the labelled press beside the
checkout (``../shared/press``). A quarter of its articles is kept unseen: nothing is measured on it
here. Besides these it takes the invented articles
(``../shared/press/invented``) and ``tools/data/press_labels.jsonl``: sentences on other subjects
in the same articles, which we labelled by the same guide, as offsets without text; and
``tools/data/press_examples.jsonl``: invented sentences and articles of rare kinds, a row with
``text``, ``labels`` that quote sentences of it, and perhaps ``published``; the invented articles of
``tools/press_texts`` (its README tells the format); and the articles of ``--archive``: real ones of
public archives, labelled by us in ``tools/data/archive_labels.jsonl``, whose texts are not ours to
ship. Of each that file has the source, the title and the SHA-256 of the text, title line first and
then a paragraph a line; ``tools/label_archive.py`` takes over more. ``context`` and ``doubtful``
in it are the sentences without a word of the topic that belong to it by what they refer to, or
perhaps: nothing is learned from these (docs/explanation/design.md says why). No article of the
archive, and none of ours, is ever used to measure; ``--compare`` tells what the measure would be
without each.

Every figure comes from cross-validation over the articles that are not kept unseen: an article is
measured with a model that saw nothing of it. They are counted as ``score_press.py`` counts: a value
is right when it is the label's or one of its alternatives.

``--write`` trains two models by the same settings, each with the record of its training. The one
that ships, ``monitor/extraction/data/press_model.json``, learns from all articles: more is better
for the texts of users. Its twin, ``benchmarks/data/press_model_three_quarters.json``, learns from
all but the unseen quarter, and ``benchmarks/quality.py`` measures it there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.extraction.context_scope import Place, count_words
from monitor.extraction.press import PressReader
from monitor.extraction.press_features import CONTEXT, CUES, FLAGS, GENRE, Features
from monitor.extraction.press_model import (
    CLASSES,
    LABELS,
    MAX_WEIGHT,
    SPEAKERS,
    Answer,
    PressModel,
    ScopeModel,
    model_of,
    pack_weights,
    scope_model_of,
    zone_size,
)
from monitor.extraction.sections import paragraphs
from monitor.extraction.text import join_lines, split_sentences
from monitor.extraction.topics import Hit, Topics, in_scope_hits, load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import NATION, Label, Speaker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from quality import TWIN, is_kept_unseen  # noqa: E402

PRESS = ROOT.parent / "shared" / "press"
SEED_TEXT = ROOT.parent / "shared" / "corpus" / "press_2024_cena.txt"
SEED_LABELS = ROOT.parent / "shared" / "gold" / "seed_article.jsonl"
OWN = ROOT / "tools" / "data" / "press_labels.jsonl"
EXAMPLES = ROOT / "tools" / "data" / "press_examples.jsonl"
TEXTS = ROOT / "tools" / "press_texts"
ARCHIVE = ROOT / "tools" / "data" / "archive_labels.jsonl"
MODEL = ROOT / "monitor" / "extraction" / "data" / "press_model.json"

FOLDS = 5
REGULARISATION = 3.0
ZONES = {
    "sentence": 3.0,
    "beginning": 1.0,
    "clause": 1.0,
    "before": 1.0,
    "paragraph before": 1.0,
    "after": 1.0,
    "title": 0.25,
    "end": 0.25,
    FLAGS: 0.08,
    CUES: 0.015,
    GENRE: 0.02,
}
"""How much each zone weighs in the likeness of two sentences."""
MAIN_SHARE = 0.7
"""Weight of the label itself; the rest is shared by the label and its alternatives."""
INVENTED_WEIGHT = 1.0
OWN_WEIGHT = 1.0
EXAMPLE_WEIGHT = 0.6
TEXT_WEIGHT = 1.0
ARCHIVE_WEIGHT = 0.6
PROPOSAL_WEIGHT = 2.5
"""Proposals are few: without more weight, a demand by a delegate is taken for an opinion."""
MIN_SENTENCES = 3
"""A feature of fewer sentences is left out."""
MAX_FEATURES = 28_500
LIMIT = 0.08
"""By how much a commitment must beat the best other answer: the figures of other limits are printed
and recorded."""
SURE_LIMIT = 0.0
"""The same where the speaker is known by a document, a quotation or as the owner of the plan."""
TOPIC = "ai_computing"
SCOPE_ZONES = {"sentence": 3.0, "title": 2.0, CONTEXT: 0.1}
SCOPE_REGULARISATION = 3.0
"""The inverse strength, as scikit-learn has it."""
SCOPE_LIMITS = {"limit": -1.0, "commitment_limit": 0.3, "margin": 0.2}
"""From which logarithm of odds a sentence without a word of the topic is told: a false alert costs
more than another false statement."""
SETTINGS = (
    "REGULARISATION",
    "ZONES",
    "MAIN_SHARE",
    "INVENTED_WEIGHT",
    "OWN_WEIGHT",
    "EXAMPLE_WEIGHT",
    "TEXT_WEIGHT",
    "ARCHIVE_WEIGHT",
    "PROPOSAL_WEIGHT",
    "MIN_SENTENCES",
    "MAX_FEATURES",
    "LIMIT",
    "SURE_LIMIT",
    "SCOPE_ZONES",
    "SCOPE_REGULARISATION",
    "SCOPE_LIMITS",
)
"""What the record tells of the above."""
LIMITS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its features; ``gold`` are the labels that the scorer compares it with.

    ``lost`` are labels of sentences without a word of the topic: they belong to it by what they
    refer to. ``own`` are labels of ours of sentences on other subjects. ``context`` is what the
    model of the scope weighs, for sentences without a word of the topic that stand near one.
    ``region`` is the rules'; ``span`` is where the sentence stands in the article.
    """

    doc: str
    features: Features
    told: bool
    ignored: bool
    gold: tuple[dict[str, Any], ...]
    lost: tuple[dict[str, Any], ...]
    own: tuple[dict[str, Any], ...]
    weight: float
    measured: bool
    by_rule: Answer
    region: str | None
    sure: bool
    context: Features | None
    span: tuple[int, int]

    @property
    def labels(self) -> tuple[dict[str, Any], ...]:
        """The labels to learn from."""
        return self.gold or self.lost or self.own


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file with one JSON object a line; none without the file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def fold_of(doc: str) -> int:
    """The part of the cross-validation that measures an article."""
    return int(hashlib.sha256(f"fold {doc}".encode()).hexdigest(), 16) % FOLDS


def by_document(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each document."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["doc"]].append(row)
    return found


def overlap(span: tuple[int, int], row: dict[str, Any]) -> int:
    """How many characters a span shares with a labelled sentence."""
    shared: int = min(span[1], row["end"]) - max(span[0], row["start"])
    return max(0, shared)


def best_span(spans: Sequence[tuple[int, int]], row: dict[str, Any]) -> int | None:
    """The span that shares more than half of the shorter of the two, as the scorer has it."""
    best = max(range(len(spans)), key=lambda at: overlap(spans[at], row), default=None)
    if best is None:
        return None
    shorter = min(row["end"] - row["start"], spans[best][1] - spans[best][0])
    return best if overlap(spans[best], row) * 2 > shorter else None


def read_folder(folder: Path, topics: Topics, *, weight: float, measured: bool) -> list[Sentence]:
    """The labelled sentences of a folder's articles, and those that extraction tells."""
    gold = by_document(read_lines(folder / "gold.jsonl"))
    ignore = by_document(read_lines(folder / "ignore.jsonl"))
    own = by_document(read_lines(OWN)) if measured else {}
    return [
        sentence
        for row in read_lines(folder / "index.jsonl")
        for sentence in read_article(
            (folder / "texts" / row["file"]).read_text(encoding="utf-8"),
            row,
            topics,
            labels=(gold[row["file"]], ignore[row["file"]], own.get(row["file"], [])),
            weight=weight,
            measured=measured,
        )
    ]


def read_quoted(
    text: str, quotes: Sequence[dict[str, Any]], row: dict[str, Any], topics: Topics, weight: float
) -> list[Sentence]:
    """The sentences of an article whose labels quote them."""
    gold = []
    for one in quotes:
        start = text.index(one["quote"])
        gold.append({**one, "start": start, "end": start + len(one["quote"])})
    return read_article(text, row, topics, labels=(gold, [], []), weight=weight, measured=False)


def read_seed_article(topics: Topics) -> list[Sentence]:
    """The article that the project began with."""
    text = SEED_TEXT.read_text(encoding="utf-8")
    row = {"file": SEED_TEXT.name, "published": "2024-02-01"}
    return read_quoted(text, read_lines(SEED_LABELS), row, topics, 1.0)


EXAMPLE = "example "
"""How the names of our examples begin."""


def read_examples(topics: Topics) -> list[Sentence]:
    """Our invented sentences of kinds that are rare in the articles, each an article of its own."""
    return [
        sentence
        for number, one in enumerate(read_lines(EXAMPLES))
        for sentence in read_quoted(
            one["text"],
            one["labels"],
            {"file": f"{EXAMPLE}{number}", "published": one.get("published")},
            topics,
            EXAMPLE_WEIGHT,
        )
    ]


TEXT = "text "
"""How the names of our invented articles begin."""
_CODE = re.compile(r"(?P<label>[capox])(?P<speaker>[gmdefn])(?:/(?P<others>[capoxgmdefn]+))?")
_LINE = re.compile(rf"(?P<goes_on>\+?)(?:\.\.|(?P<code>{_CODE.pattern})) (?P<sentence>\S.*)")
_LABEL_CODES = {
    "c": Label.COMMITMENT,
    "a": Label.ACHIEVEMENT,
    "p": Label.PROPOSAL,
    "o": Label.OPINION,
    "x": Label.OTHER,
}
_SPEAKER_CODES = {
    "g": Speaker.GOVERNMENT,
    "m": Speaker.MINISTRY,
    "d": Speaker.DELEGATE,
    "e": Speaker.EXPERT,
    "f": Speaker.ENTERPRISE,
    "n": Speaker.MEDIA,
}


def label_of(start: int, end: int, code: str) -> dict[str, Any]:
    """The label of a sentence as the press has it, from its place and its code.

    Raises:
        ValueError: there is no such code.
    """
    match = _CODE.fullmatch(code)
    if match is None:
        raise ValueError(f"no code of a label: {code}")
    return {
        "start": start,
        "end": end,
        "label": _LABEL_CODES[match["label"]],
        "speaker": _SPEAKER_CODES[match["speaker"]],
        "alt": {
            field: [codes[one] for one in match["others"] or "" if one in codes]
            for field, codes in (("label", _LABEL_CODES), ("speaker", _SPEAKER_CODES))
        },
    }


def read_blocks(path: Path) -> list[str]:
    """The articles of a file in the form of ``tools/press_texts``, each for ``parse_article``."""
    return re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip())


def parse_article(block: str) -> tuple[str, str, list[tuple[int, int, str]]]:
    """The first line, the text and the labels of an article as ``tools/press_texts`` has it.

    A label is the start and end of its sentence in the text, and its code.

    Raises:
        ValueError: a line has another form.
    """
    published, *lines = block.splitlines()
    text = ""
    labels: list[tuple[int, int, str]] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"tools/press_texts: {line}")
        text += "" if match["goes_on"] or not text else "\n"
        start = len(text)
        text += match["sentence"]
        if match["code"]:
            labels.append((start, len(text), match["code"]))
    return published.removeprefix("@"), text, labels


def read_texts(topics: Topics) -> list[Sentence]:
    """The sentences of our invented articles."""
    blocks = [
        (f"{TEXT}{path.stem} {number}", block)
        for path in sorted(TEXTS.glob("*.txt"))
        for number, block in enumerate(read_blocks(path))
    ]
    found = []
    for name, block in blocks:
        published, text, labels = parse_article(block)
        row = {"file": name, "published": published}
        gold = [label_of(*one) for one in labels]
        found += read_article(
            text, row, topics, labels=(gold, [], []), weight=TEXT_WEIGHT, measured=False
        )
    return found


ARCHIVED = "archive "
"""How the names of the articles of public archives begin."""


def read_archive(folder: Path, topics: Topics) -> list[Sentence]:
    """The sentences of the archive's articles, whose texts are in a folder.

    Raises:
        ValueError: a text is not the one that was labelled.
        OSError: a text is not there.
    """
    found = []
    for row in read_lines(ARCHIVE):
        text = (folder / row["file"]).read_text(encoding="utf-8")
        if hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
            raise ValueError(f"{folder / row['file']}: another text was labelled")
        found += read_article(
            text,
            {"file": ARCHIVED + row["file"], "published": row["published"]},
            topics,
            labels=([label_of(*one) for one in row["labels"]], [], []),
            weight=ARCHIVE_WEIGHT,
            measured=False,
        )
    return found


def read_article(
    text: str,
    row: dict[str, Any],
    topics: Topics,
    *,
    labels: tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]],
    weight: float,
    measured: bool,
) -> list[Sentence]:
    """The sentences of one article that have a label or are told."""
    gold, ignore, own = labels
    published = date.fromisoformat(row["published"][:10]) if row.get("published") else None
    provenance = Provenance(
        DocumentKind.NEWS, Speaker.MEDIA, None, published.year if published else None, published
    )
    clean = join_lines(text, press=True)
    cut = [
        [
            (line.start + a, line.start + b)
            for a, b in split_sentences(clean.text[line.start : line.end])
        ]
        for line in paragraphs(clean.text, provenance.year)
    ]
    reader = PressReader(clean.text, cut, provenance)
    places = [(p, k) for p, spans in enumerate(cut) for k in range(len(spans))]
    spans = [
        (clean.original(start), clean.original(end - 1) + 1) for part in cut for start, end in part
    ]
    hits = topics.hits(clean.text)
    in_context = scope_features(reader, clean.text, cut, hits)
    near = {at for at, place in enumerate(places) if place in in_context}
    told_at = [
        at
        for at, (start, end) in enumerate(span for part in cut for span in part)
        if is_told(clean.text[start:end], [one for one in hits if start <= one.start < end])
    ]
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    lost: dict[int, list[dict[str, Any]]] = defaultdict(list)
    mine: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in gold:
        best = best_span([spans[at] for at in told_at], one)
        if best is not None:
            found[told_at[best]].append(one)
        elif (at := best_span(spans, one)) is not None:
            lost[at].append(one)
    for one in own:
        at = best_span(spans, one)
        if at is not None and at not in found and at not in lost:
            mine[at].append(one)
    return [
        Sentence(
            doc=row["file"],
            features=reader.features(*places[at]),
            told=at in told_at,
            ignored=any(overlap(spans[at], one) for one in ignore),
            gold=tuple(found.get(at, ())),
            lost=tuple(lost.get(at, ())),
            own=tuple(mine.get(at, ())),
            weight=OWN_WEIGHT if at in mine else weight,
            measured=measured,
            by_rule=Answer(*reader.by_rule(*places[at])),
            region=reader.region(*places[at]),
            sure=reader.is_sure(*places[at]),
            context=None if at in told_at else in_context.get(places[at]),
            span=spans[at],
        )
        for at in sorted({*told_at, *lost, *mine, *near})
    ]


def scope_features(
    reader: PressReader, text: str, cut: Sequence[Sequence[tuple[int, int]]], hits: Sequence[Hit]
) -> dict[Place, Features]:
    """What is weighed of each sentence that may belong to the topic by its context."""
    words = count_words(text, cut, hits, TOPIC)
    return {place: features for place, _, features in reader.scope_features(words)}


def is_told(sentence: str, hits: Sequence[Hit]) -> bool:
    """Whether extraction tells a sentence: a word of a topic in it says what the topic means."""
    of_topic: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        of_topic[hit.use.topic].append(hit)
    return any(
        any(hit.use.scope for hit in found) and in_scope_hits(sentence, found)
        for found in of_topic.values()
    )


_ALL_KEPT = frozenset({FLAGS, CUES, GENRE})
"""The zones of which every feature stays: they have few."""


class Design:
    """The features of all sentences as matrices, zone by zone, and what is to be learned."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        import numpy as np

        self.sentences = sentences
        self.names: dict[str, list[str]] = {}
        self.matrices: dict[str, Any] = {}
        size = len(sentences)
        kernel = np.zeros((size, size), np.float32)
        for zone, weight in ZONES.items():
            names, matrix = zone_matrix([one.features for one in sentences], zone)
            self.names[zone], self.matrices[zone] = names, matrix
            kernel += np.float32(weight) * (matrix @ matrix.T).toarray()
        self.kernel = kernel
        self.weights = np.array([weight_of(one) for one in sentences])
        self.targets = np.array([target_of(one) for one in sentences], np.float32)
        self.known = np.array([bool(one.labels) for one in sentences])

    def fit(self, rows: NDArray[np.intp]) -> dict[str, Any]:
        """Train on some sentences; the data of the model's file without its record."""
        import numpy as np
        from sklearn.kernel_ridge import KernelRidge

        rows = rows[self.known[rows]]
        mean = np.average(self.targets[rows], axis=0, weights=self.weights[rows])
        ridge = KernelRidge(alpha=REGULARISATION, kernel="precomputed")
        ridge.fit(
            self.kernel[np.ix_(rows, rows)],
            (self.targets[rows] - mean).astype(np.float32),
            sample_weight=self.weights[rows].astype(np.float32),
        )
        learned = {
            zone: np.float32(weight) * (self.matrices[zone][rows].T @ ridge.dual_coef_)
            for zone, weight in ZONES.items()
        }
        return self._pack(learned, mean)

    def scores(self, data: dict[str, Any], rows: NDArray[np.intp]) -> Any:
        """The scores that a model with this data gives to some sentences, as the program does."""
        model = model_of(data)
        return [model.scores(self.sentences[at].features) for at in rows]

    def _pack(self, learned: dict[str, Any], mean: Any) -> dict[str, Any]:
        """Keep the features that matter most, with weights as whole numbers."""
        import numpy as np

        norms = np.concatenate(
            [np.linalg.norm(w, axis=1) for zone, w in learned.items() if zone not in _ALL_KEPT]
        )
        limit = np.sort(norms)[-MAX_FEATURES] if len(norms) > MAX_FEATURES else 0.0
        zones = {}
        for zone, weights in learned.items():
            kept = np.flatnonzero(
                np.linalg.norm(weights, axis=1) >= (0.0 if zone in _ALL_KEPT else limit)
            )
            zones[zone] = packed_zone([self.names[zone][at] for at in kept], weights[kept])
        return {
            "intercepts": [round(float(value), 5) for value in mean],
            "commitment": 0.0,
            "sure_commitment": 0.0,
            "zones": zones,
        }


def zone_matrix(features: Sequence[Features], zone: str) -> tuple[list[str], Any]:
    """The features of a zone that are not rare, and which sentence has which of them."""
    import numpy as np
    from scipy import sparse

    counts = Counter(name for one in features for name in one.get(zone, ()))
    names = sorted(name for name, count in counts.items() if count >= MIN_SENTENCES)
    column = {name: at for at, name in enumerate(names)}
    rows, columns, values = [], [], []
    for at, one in enumerate(features):
        members = one.get(zone, frozenset())
        for name in members & column.keys():
            rows.append(at)
            columns.append(column[name])
            values.append(1 / zone_size(zone, members))
    shape = (len(features), len(names))
    return names, sparse.csr_matrix((np.array(values, np.float32), (rows, columns)), shape)


def packed_zone(names: Sequence[str], weights: NDArray[np.float64]) -> dict[str, Any]:
    """A zone as the model's file has it; ``weights`` has a row for each feature."""
    import numpy as np

    scale = float(np.abs(weights).max()) / MAX_WEIGHT
    return {
        "scale": float(f"{scale:.6g}"),
        "features": "\n".join(names),
        "weights": pack_weights(np.rint(weights / scale).astype(int).tolist()),
    }


class ScopeDesign:
    """The sentences that may belong to the topic by their context alone, and whether they do.

    In the labelled articles one without a label is on another subject.
    """

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        import numpy as np
        from scipy import sparse

        self.sentences = [
            one
            for one in sentences
            if one.context is not None and one.measured and (one.lost or not one.ignored)
        ]
        features = [one.context or {} for one in self.sentences]
        parts = {zone: zone_matrix(features, zone) for zone in SCOPE_ZONES}
        self.names = {zone: names for zone, (names, _) in parts.items()}
        self.matrix = sparse.hstack(
            [np.sqrt(SCOPE_ZONES[zone]) * matrix for zone, (_, matrix) in parts.items()]
        ).tocsr()
        self.targets = np.array([bool(one.lost) for one in self.sentences])

    def fit(self, rows: NDArray[np.intp]) -> dict[str, Any]:
        """Train on some sentences; the data of the model of the scope."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        regression = LogisticRegression(C=SCOPE_REGULARISATION, max_iter=1000)
        regression.fit(self.matrix[rows], self.targets[rows])
        zones = {}
        at = 0
        for zone, names in self.names.items():
            weights = regression.coef_[0][at : at + len(names)] * np.sqrt(SCOPE_ZONES[zone])
            at += len(names)
            kept = np.flatnonzero(np.rint(weights * MAX_WEIGHT / np.abs(weights).max()))
            zones[zone] = packed_zone([names[k] for k in kept], weights[kept][:, None])
        intercept = round(float(regression.intercept_[0]), 5)
        return {"topic": TOPIC, "intercept": intercept, **SCOPE_LIMITS, "zones": zones}


def weight_of(sentence: Sentence) -> float:
    """How much a sentence counts in training."""
    proposal = any(one["label"] == Label.PROPOSAL for one in sentence.labels)
    return sentence.weight * (PROPOSAL_WEIGHT if proposal else 1.0)


def target_of(sentence: Sentence) -> list[float]:
    """What the scores of the labels and of the speakers should be."""
    values: list[float] = []
    for field, classes in (("label", LABELS), ("speaker", SPEAKERS)):
        share: defaultdict[str, float] = defaultdict(float)
        for one in sentence.labels[:1]:
            right = [one[field], *one.get("alt", {}).get(field, ())]
            right = [name for name in right if name in set(classes)]
            share[one[field]] += MAIN_SHARE
            for name in right:
                share[name] += (1 - MAIN_SHARE) / len(right)
        values += [share[name] for name in classes]
    return values


@dataclass(frozen=True, slots=True)
class Figures:
    """What the scorer counts."""

    all: int
    found: int
    label: int
    speaker: int
    both: int
    three: int
    """With the right region too."""
    hits: int
    false: int
    misses: int
    unlabelled: int
    """Sentences that are told and have no label."""

    @property
    def precision(self) -> float:
        """Of the commitments told, those that are some."""
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        """Of the commitments, those that are told."""
        return self.hits / max(1, self.hits + self.misses)

    def record(self) -> dict[str, float | int]:
        """The figures by name."""
        return {
            "sentences": self.all,
            "found": round(self.found / self.all, 3),
            "label_and_speaker": round(self.both / self.all, 3),
            "label_and_speaker_of_found": round(self.both / self.found, 3),
            "label_speaker_region": round(self.three / self.all, 3),
            "label_of_found": round(self.label / self.found, 3),
            "speaker_of_found": round(self.speaker / self.found, 3),
            "commitment_precision": round(self.precision, 3),
            "commitment_recall": round(self.recall, 3),
            "told_without_label": self.unlabelled,
        }


def region_told(sentence: Sentence, answer: Answer) -> str | None:
    """The region that the program gives to a sentence with this answer."""
    changed = answer.speaker is not sentence.by_rule.speaker
    return NATION if changed and answer.speaker is Speaker.MINISTRY else sentence.region


def is_right_region(region: str | None, row: Mapping[str, Any]) -> bool:
    """Whether a region is right as the scorer has it: of who does not govern, null is 全国."""
    if region == row["region"] or region in row.get("alt", {}).get("region", ()):
        return True
    nowhere = {region, row["region"]} <= {None, NATION}
    return nowhere and row["speaker"] != Speaker.GOVERNMENT


def measure(sentences: Sequence[Sentence], told: Sequence[Answer | None]) -> Figures:
    """Count as score_press.py does; None is a sentence that is not told."""
    count: Counter[str] = Counter()
    for sentence, answer in zip(sentences, told, strict=True):
        for one in sentence.gold or sentence.lost:
            labels = {one["label"], *one.get("alt", {}).get("label", ())}
            speakers = {one["speaker"], *one.get("alt", {}).get("speaker", ())}
            count["all"] += 1
            if answer is None:
                count["misses"] += one["label"] == Label.COMMITMENT
                continue
            label, speaker = answer
            count["found"] += 1
            count["label"] += label in labels
            count["speaker"] += speaker in speakers
            both = label in labels and speaker in speakers
            count["both"] += both
            count["three"] += both and is_right_region(region_told(sentence, answer), one)
            if one["label"] == Label.COMMITMENT:
                count["hits"] += label is Label.COMMITMENT
                count["misses"] += label not in labels
            elif label is Label.COMMITMENT:
                count["false"] += Label.COMMITMENT not in labels
        if answer and not sentence.gold and not sentence.lost and not sentence.ignored:
            count["unlabelled"] += 1
            count["false"] += answer.label is Label.COMMITMENT
    return Figures(**{one.name: count[one.name] for one in fields(Figures)})


def decide(
    sentences: Sequence[Sentence],
    scores: Sequence[Sequence[float]],
    scope: Sequence[float],
    commitment: float,
    limits: Mapping[str, float] | None,
) -> list[Answer | None]:
    """The best possible pair of each sentence that is told.

    Args:
        sentences: the sentences.
        scores: of each label and speaker.
        scope: how much speaks for the topic, where no word does.
        commitment: by how much a commitment must beat the best other answer.
        limits: from which ``scope`` a sentence is told; None tells none by its context.
    """
    model = PressModel({}, (), commitment, min(commitment, SURE_LIMIT))
    told: list[Answer | None] = []
    for sentence, one, score in zip(sentences, scores, scope, strict=True):
        if sentence.told:
            told.append(model.best(one, sure=sentence.sure)[0])
        elif limits is None or sentence.context is None:
            told.append(None)
        else:
            rule = ScopeModel(TOPIC, {}, 0.0, **limits)
            answer = model.best(one, rule.margin, sure=sentence.sure)[0]
            told.append(answer if rule.is_in_scope(score, answer.label) else None)
    return told


def cross_validated(design: Design) -> NDArray[np.float64]:
    """The scores of every sentence by a model that saw nothing of its article."""
    import numpy as np

    folds = np.array([fold_of(one.doc) if one.measured else -1 for one in design.sentences])
    docs = np.array([one.doc for one in design.sentences])
    scores = np.zeros((len(folds), CLASSES))
    for fold in range(FOLDS):
        left_out = np.isin(docs, docs[folds == fold])
        data = design.fit(np.flatnonzero(~left_out))
        rows = np.flatnonzero(left_out)
        scores[rows] = design.scores(data, rows)
    return scores


def scope_cross_validated(
    design: ScopeDesign, sentences: Sequence[Sentence]
) -> NDArray[np.float64]:
    """The scores for the topic of every sentence by a model that saw nothing of its article."""
    import numpy as np

    folds = np.array([fold_of(one.doc) for one in design.sentences])
    models = [scope_model_of(design.fit(np.flatnonzero(folds != fold))) for fold in range(FOLDS)]
    return np.array(
        [
            models[fold_of(one.doc)].score(one.context) if one.context else -np.inf
            for one in sentences
        ]
    )


def main() -> None:
    """Print the figures; with ``--write`` write the model too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", action="store_true", help="measure without our labels too")
    parser.add_argument("--archive", type=Path, help="the texts that archive_labels.jsonl labels")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write and not options.archive:
        parser.error("--write needs --archive: without its articles the model would be worse")
    import numpy as np

    all_sentences = read_all(load_topics(), options.archive)
    sentences = [one for one in all_sentences if not (one.measured and is_kept_unseen(one.doc))]
    design, scope_design = Design(sentences), ScopeDesign(sentences)
    scores = cross_validated(design)
    at = np.flatnonzero([one.measured for one in sentences])
    measured = [sentences[place] for place in at]
    scope = scope_cross_validated(scope_design, measured)

    def figures_at(limit: float, limits: Mapping[str, float] | None) -> dict[str, float | int]:
        told = decide(measured, scores[at].tolist(), scope.tolist(), limit, limits)
        return measure(measured, told).record()

    by_rule = [one.by_rule if one.told else None for one in measured]
    figures = {"rules": measure(measured, by_rule).record()}
    figures[f"model, limit {LIMIT}, words of the topic only"] = figures_at(LIMIT, None)
    figures |= {f"model, limit {limit}": figures_at(limit, SCOPE_LIMITS) for limit in LIMITS}
    for name, values in figures.items():
        print(name, json.dumps(values))
    if options.compare:
        for name, kept in (
            ("our examples", [one for one in sentences if not one.doc.startswith(EXAMPLE)]),
            ("our texts", [one for one in sentences if not one.doc.startswith(TEXT)]),
            ("the archive", [one for one in sentences if not one.doc.startswith(ARCHIVED)]),
            ("our labels", [one for one in sentences if kinds_of(one) != ["own"]]),
        ):
            print(f"without {name}", json.dumps(cross_validated_figures(kept)))
    if options.write:
        write_model(MODEL, all_sentences, figures)
        write_model(TWIN, sentences, figures)


def read_all(topics: Topics, archive: Path | None) -> list[Sentence]:
    """All sentences to learn from, those of the unseen quarter too."""
    return [
        *read_folder(PRESS, topics, weight=1.0, measured=True),
        *read_folder(PRESS / "invented", topics, weight=INVENTED_WEIGHT, measured=False),
        *read_seed_article(topics),
        *read_examples(topics),
        *read_texts(topics),
        *(read_archive(archive, topics) if archive else ()),
    ]


def write_model(
    path: Path, sentences: Sequence[Sentence], figures: dict[str, dict[str, float | int]]
) -> None:
    """Train on the sentences and write the model with its record."""
    import numpy as np

    scope_design = ScopeDesign(sentences)
    data = Design(sentences).fit(np.arange(len(sentences))) | {
        "commitment": LIMIT,
        "sure_commitment": SURE_LIMIT,
        "scope": scope_design.fit(np.arange(len(scope_design.sentences))),
    }
    record = record_of(sentences, figures)
    text = json.dumps({"record": record, **data}, indent=1, ensure_ascii=False)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def record_of(
    sentences: Sequence[Sentence], figures: dict[str, dict[str, float | int]]
) -> dict[str, Any]:
    """How a model was made, so that two can be compared."""
    import sklearn

    articles = sorted({one.doc for one in sentences if one.measured})
    counts = Counter(kind for one in sentences for kind in kinds_of(one))
    return {
        "trained": datetime.now(UTC).date().isoformat(),
        "by": "tools/train_press.py",
        "library": f"scikit-learn {sklearn.__version__}, KernelRidge(alpha={REGULARISATION}), "
        f"LogisticRegression(C={SCOPE_REGULARISATION}) for the scope",
        "settings": {name: globals()[name] for name in SETTINGS},
        "code": hash_of_code(),
        "data": f"{counts['press']} labelled sentences of {len(articles)} "
        f"articles of the press; {counts['invented']} of invented articles, the seed article and "
        f"examples; {counts['own']} on other subjects and {counts['archive']} of "
        f"{len({one.doc for one in sentences if one.doc.startswith(ARCHIVED)})} articles of public "
        "archives (tools/data/archive_labels.jsonl), labelled by us",
        "articles": " ".join(articles),
        "cross_validated_over_three_quarters": figures,
    }


def hash_of_code() -> str:
    """A hash of what makes the features: the modules and word lists of extraction."""
    folder = ROOT / "monitor" / "extraction"
    found = hashlib.sha256()
    for path in sorted({*folder.rglob("*.py"), *folder.rglob("*.yaml"), *folder.rglob("*.csv")}):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def cross_validated_figures(sentences: Sequence[Sentence]) -> dict[str, float | int]:
    """The figures at the model's own limit, for sentences with words of the topic."""
    scores = cross_validated(Design(sentences))
    told = [(one, row) for one, row in zip(sentences, scores.tolist(), strict=True) if one.measured]
    measured = [one for one, _ in told]
    answers = decide(measured, [row for _, row in told], [0.0] * len(told), LIMIT, None)
    return measure(measured, answers).record()


def kinds_of(sentence: Sentence) -> list[str]:
    """Where each label of a sentence comes from, for the record."""
    if not sentence.labels:
        return []
    if sentence.own and not (sentence.gold or sentence.lost):
        return ["own"]
    if sentence.doc.startswith(ARCHIVED):
        return ["archive"] * len(sentence.labels)
    return ["press" if sentence.measured else "invented"] * len(sentence.labels)


if __name__ == "__main__":
    main()
