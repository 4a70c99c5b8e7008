"""Train the model that links the promises of two years' reports, and print how good it is.

    python tools/train_links.py [--write]

Needs scikit-learn, which is no dependency of the program, and the judged pairs beside the checkout
(``../shared/links``). Besides these it takes ``tools/data/link_labels.jsonl``: links that we judged
by the same guide in the same reports, between sentences on other subjects (energy, water, schools
…), as offsets without text. They are weighted lower, and never used to measure.

Every figure comes from cross-validation over regions: a region is measured with a model that saw
nothing of it. ``--write`` trains on everything and writes ``monitor/comparison/link_model.json``
with the record of the training.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.comparison.year_links import (
    FEATURES,
    AloneModel,
    LinkModel,
    PlanSentence,
    best_candidates,
    log_odds,
    propose_links,
)
from monitor.extraction.extract import extract, plan_sentences
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import Topics, load_topics
from monitor.model.statements import Label

ROOT = Path(__file__).resolve().parents[1]
LINKS = ROOT.parent / "shared" / "links"
LABELS = ROOT / "tools" / "data" / "link_labels.jsonl"
MODEL = ROOT / "monitor" / "comparison" / "link_model.json"

ARGUABLE_WEIGHT = 0.6
"""Weight of an arguable link: two readers differ on it."""
OWN_WEIGHT = 0.2
"""Weight of our own labels on other subjects; 0 and 1 gave a lower F1."""
REGULARISATION = 0.02
ACTION_LOG_ODDS = 2.5
"""What it adds that both are the general sentence of one action, which the guide links: the judged
pairs that have it are all linked, but too few to learn this from."""
LIMITS = {"link": 0.5, "link_out_of_scope": 0.9}
# Least probabilities of what is called sure. Precision first: dropped accuses a government.
SURE = {"sure_before": 0.55, "sure_after": 0.6, "candidate": 0.35}
ARGUABLY_ALONE_WEIGHT = 0.5
_NEVER_ALONE = AloneModel(0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 0.0)


@dataclass(frozen=True, slots=True)
class Row:
    """A pair of sentences with its features, and whether and how it is linked."""

    region: str
    pair: str
    before: int
    after: int
    features: tuple[float, ...]
    grade: str
    link: int
    own: bool = False


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans of one pair of reports."""

    region: str
    name: str
    before: tuple[PlanSentence, ...]
    after: tuple[PlanSentence, ...]


@dataclass(frozen=True, slots=True)
class Single:
    """A sentence in scope that has no link, and the probabilities of its best candidates.

    ``grade``: *right* if the annotators found it plainly alone, *arguable* if they left it open,
    *wrong* if it has a clear link.
    """

    region: str
    later: bool
    best: tuple[float, float]
    grade: str


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file with one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def is_same(start: int, end: int, span: dict[str, Any]) -> bool:
    """Whether two spans share more than half of the shorter one, as the scorer has it."""
    shared: int = min(end, span["end"]) - max(start, span["start"])
    shorter: int = min(end - start, span["end"] - span["start"])
    return shared * 2 > shorter


def read_plan(path: Path, region: str, topics: Topics) -> tuple[PlanSentence, ...]:
    """The sentences of a report's plan."""
    text = path.read_text(encoding="utf-8")
    provenance = replace(infer_provenance(text, title="", url=None, region=region), region=region)
    statements = extract(text, provenance, topics)
    wanted = [one for one in statements if one.label is Label.COMMITMENT]
    context = plan_sentences(text, provenance, statements)
    found = [PlanSentence(one, True) for one in wanted] + [
        PlanSentence(one, False) for one in context
    ]
    return tuple(sorted(found, key=lambda one: one.statement.start))


def judged_rows(plans: Plans, links: Sequence[dict[str, Any]]) -> list[Row]:
    """All pairs that are proposed for two plans, with the grade of their link."""
    grades: dict[tuple[int, int], tuple[str, int]] = {}
    for number, link in enumerate(links):
        for i, old in enumerate(plans.before):
            if is_same(old.statement.start, old.statement.end, link["old"]):
                for j, new in enumerate(plans.after):
                    if is_same(new.statement.start, new.statement.end, link["new"]):
                        grades[i, j] = link["grade"], number
    return [
        Row(plans.region, plans.name, i, j, features, *grades.get((i, j), ("", -1)))
        for i, j, features in propose_links(plans.before, plans.after)
    ]


def own_rows(plans: Plans, labels: Sequence[dict[str, Any]]) -> list[Row]:
    """The candidates of the sentences that we judged; each is in scope for its own subject."""
    wanted = {one["start"]: one for one in labels}

    def judged(sentence: PlanSentence) -> bool:
        return sentence.statement.start in wanted

    before = [
        PlanSentence(
            replace(one.statement, themes=("subject",)) if judged(one) else one.statement,
            judged(one),
        )
        for one in plans.before
    ]
    both, theme = FEATURES.index("both_in_scope"), FEATURES.index("theme")
    rows = []
    for i, j, features in propose_links(before, [replace(x, in_scope=False) for x in plans.after]):
        label = wanted[before[i].statement.start]
        new = plans.after[j].statement
        values = list(features)
        values[both] = values[theme] = float(re.search(label["subject"], new.text) is not None)
        grade = next((grade for grade in ("clear", "arguable") if new.start in label[grade]), "")
        rows.append(Row(plans.region, plans.name, i, j, tuple(values), grade, -1, own=True))
    return rows


def fit(rows: Sequence[Row]) -> LinkModel:
    """A logistic model over standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    action = FEATURES.index("action")
    values = [(*row.features[:action], 0.0, *row.features[action + 1 :]) for row in rows]
    weights = [
        (OWN_WEIGHT * (0.5 if row.grade == "arguable" else 1.0))
        if row.own
        else (ARGUABLE_WEIGHT if row.grade == "arguable" else 1.0)
        for row in rows
    ]
    scaler = StandardScaler().fit(values, sample_weight=weights)
    model = LogisticRegression(C=REGULARISATION, max_iter=5_000)
    model.fit(scaler.transform(values), [bool(row.grade) for row in rows], sample_weight=weights)
    learned = list(map(float, model.coef_[0]))
    learned[action] = ACTION_LOG_ODDS
    return LinkModel(
        tuple(map(float, scaler.mean_)),
        tuple(float(scale) or 1.0 for scale in scaler.scale_),
        tuple(learned),
        float(model.intercept_[0]),
        **LIMITS,
        alone=_NEVER_ALONE,
    )


def told_rows(rows: Iterable[Row], model: LinkModel) -> list[Row]:
    """The pairs that are linked, by the rule of ``find_links``."""
    scored = [(row, model.probability(row.features)) for row in rows]
    best: dict[tuple[str, str, int], float] = defaultdict(float)
    for row, probability in scored:
        for key in ((row.pair, "before", row.before), (row.pair, "after", row.after)):
            best[key] = max(best[key], probability)
    both = FEATURES.index("both_in_scope")
    return [
        row
        for row, probability in scored
        if probability >= (model.link if row.features[both] else model.link_out_of_scope)
        and probability
        >= min(best[row.pair, "before", row.before], best[row.pair, "after", row.after])
    ]


def measure(rows: Sequence[Row], clear: int, models: dict[str, LinkModel]) -> dict[str, Any]:
    """Recall of clear links, precision (clear or arguable) and F1, cross-validated."""
    count: Counter[str] = Counter()
    hits = set()
    for region, model in models.items():
        for row in told_rows([row for row in rows if row.region == region], model):
            count["told"] += 1
            count["right"] += bool(row.grade)
            if row.grade == "clear":
                hits.add((row.pair, row.link))
    recall, precision = len(hits) / clear, count["right"] / max(1, count["told"])
    return {
        "clear_links": clear,
        "recall": round(recall, 3),
        "told": count["told"],
        "precision": round(precision, 3),
        "f1": round(2 * recall * precision / (recall + precision), 3),
    }


def singles(
    plans: Plans,
    rows: Sequence[Row],
    model: LinkModel,
    links: Sequence[dict[str, Any]],
    alone: Sequence[dict[str, Any]],
) -> list[Single]:
    """The sentences of two plans that ``model`` links with nothing, with what was judged."""
    told = told_rows(rows, model)
    scored = [(row, model.probability(row.features)) for row in rows]
    found = []
    for later, name, sentences, others in (
        (False, "old", plans.before, plans.after),
        (True, "new", plans.after, plans.before),
    ):
        linked = {row.after if later else row.before for row in told}
        best = best_candidates(
            (row.after, others[row.before].in_scope, probability)
            if later
            else (row.before, others[row.after].in_scope, probability)
            for row, probability in scored
        )
        for index, one in enumerate(sentences):
            start, end = one.statement.start, one.statement.end
            if one.in_scope and index not in linked:
                grades = {link["grade"] for link in links if is_same(start, end, link[name])}
                grade = "wrong" if "clear" in grades else "arguable"
                spots = [x for x in alone if x["side"] == name and is_same(start, end, x)]
                if not grades and spots and spots[0]["grade"] == "clear":
                    grade = "right"
                found.append(Single(plans.region, later, best.get(index, (0.0, 0.0)), grade))
    return found


def fit_alone(known: Sequence[Single]) -> AloneModel:
    """How probably a sentence plainly stands alone, by its best candidates."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=3_000)
    model.fit(
        [[*map(log_odds, one.best), float(one.later)] for one in known],
        [one.grade == "right" for one in known],
        sample_weight=[ARGUABLY_ALONE_WEIGHT if one.grade == "arguable" else 1.0 for one in known],
    )
    in_scope, out_of_scope, later = map(float, model.coef_[0])
    return AloneModel(float(model.intercept_[0]), in_scope, out_of_scope, later, **SURE)


def measure_alone(known: Sequence[Single], alone: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How true *dropped* and *added* are where they are sure, cross-validated over regions."""
    count: Counter[tuple[str, str]] = Counter()
    for region in {one.region for one in known}:
        model = fit_alone([one for one in known if one.region != region])
        for one in known:
            if one.region == region and model.is_sure(one.best, later=one.later):
                count["added" if one.later else "dropped", one.grade] += 1
    figures = {}
    for kind, side in (("dropped", "old"), ("added", "new")):
        right, arguable = count[kind, "right"], count[kind, "arguable"]
        told = right + arguable + count[kind, "wrong"]
        clear = sum(one["side"] == side and one["grade"] == "clear" for one in alone)
        figures[f"{kind}_sure"] = {
            "told": told,
            "plainly_true": right,
            "true_or_arguable": right + arguable,
            "clearly_alone": clear,
        }
    return figures


def main() -> None:
    """Print the figures; with ``--write`` write the model too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    topics = load_topics()
    links, labels = read_lines(LINKS / "links.jsonl"), read_lines(LABELS)
    alone = read_lines(LINKS / "alone.jsonl")
    rows: list[Row] = []
    own: list[Row] = []
    every: list[Plans] = []
    for pair in read_lines(LINKS / "pairs.jsonl"):
        old, new = (
            read_plan(LINKS / "texts" / pair[side], pair["region"], topics)
            for side in ("old_doc", "new_doc")
        )
        plans = Plans(pair["region"], pair["old_doc"], old, new)
        every.append(plans)
        mine = [
            one
            for one in links
            if (one["old_doc"], one["new_doc"]) == (pair["old_doc"], pair["new_doc"])
        ]
        rows += judged_rows(plans, mine)
        own += own_rows(plans, [one for one in labels if one["old_doc"] == pair["old_doc"]])
    regions = sorted({row.region for row in rows})
    models = {
        region: fit([row for row in (*rows, *own) if row.region != region]) for region in regions
    }
    clear = sum(link["grade"] == "clear" for link in links)
    figures = measure(rows, clear, models)
    known = [
        one
        for plans in every
        for one in singles(
            plans,
            [row for row in rows if row.pair == plans.name],
            models[plans.region],
            [link for link in links if link["old_doc"] == plans.name],
            [spot for spot in alone if spot["pair"][0] == plans.name],
        )
    ]
    figures |= measure_alone(known, alone)
    print(json.dumps(figures))
    for region in regions:
        proposed = [row for row in rows if row.region == region]
        links_here = [link for link in links if link["region"] == region]
        clear_here = sum(link["grade"] == "clear" for link in links_here)
        hits = told_rows(proposed, models[region])
        found = {(row.pair, row.link) for row in hits if row.grade == "clear"}
        print(
            f"| {region} | {clear_here} | {len(found)} | {len(hits)} "
            f"| {sum(bool(row.grade) for row in hits)} |"
        )
    if not options.write:
        return
    import sklearn

    model = fit([*rows, *own])
    alone_model = fit_alone(known)
    record = {
        "trained": datetime.now(UTC).date().isoformat(),
        "by": "tools/train_links.py",
        "library": f"scikit-learn {sklearn.__version__}, LogisticRegression(C={REGULARISATION})",
        "data": f"{len(rows)} pairs of {len(regions)} regions with {len(links)} judged links, "
        f"{len(own)} pairs with {sum(bool(row.grade) for row in own)} links of our own",
        "cross_validated_over_regions": figures,
    }
    data = {
        "record": record,
        "limits": LIMITS,
        "alone": {name: round(value, 5) for name, value in asdict(alone_model).items()},
        "intercept": round(model.intercept, 5),
        "features": {
            name: {"mean": round(mean, 5), "scale": round(scale, 5), "weight": round(weight, 5)}
            for name, mean, scale, weight in zip(
                FEATURES, model.means, model.scales, model.weights, strict=True
            )
        },
    }
    MODEL.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
