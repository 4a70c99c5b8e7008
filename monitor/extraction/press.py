"""Label and speaker of the sentences of an article: the rules' answers, weighed by a model.

The rules say who speaks (speakers.py) and what a sentence of such a speaker is; the learned model
(press_model.py) takes their answers as features and decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, cached_property

from monitor.extraction.article_frame import read_frame
from monitor.extraction.attribution import Attribution
from monitor.extraction.context_scope import ContextArticle, Place, TopicWords
from monitor.extraction.issuers import AUTHORITIES
from monitor.extraction.labels import CueScores, cue_grams, cues_of_sentence, score_cues
from monitor.extraction.pattern_prefilter import PatternPrefilter
from monitor.extraction.press_features import (
    CONTEXT,
    Features,
    PressArticle,
    SentenceFeatures,
    known_grams,
)
from monitor.extraction.press_model import SURE_BY, ArticleScorer, PressModel, press_model
from monitor.extraction.quantities import quantities
from monitor.extraction.source_names import SourceName, fitting_name, name_sources
from monitor.extraction.speaker_words import Manner, speaker_words
from monitor.extraction.speakers import attribute_sentences, with_full_names
from monitor.extraction.topic_region import news_start, region_of_topic
from monitor.extraction.toponyms import region_pattern
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Label, Speaker


@dataclass(frozen=True, slots=True)
class PressReading:
    """What a sentence of the press is, who says it, and why."""

    label: Label
    attribution: Attribution
    source: SourceName
    scores: CueScores
    reason: str


@dataclass(frozen=True, slots=True)
class ScopeCandidate:
    """A sentence without a word of a topic that may belong to it.

    ``score`` is what the model gives for it; ``nearest`` is the sentence it refers to.
    """

    place: Place
    score: float
    nearest: Place


class PressReader:
    """Reads the sentences of an article.

    Args:
        text: the normalised text of the article.
        paragraphs: the spans of the sentences of each paragraph in ``text``.
        provenance: what is known of the article.
        model: what decides; None is the model that ships.
    """

    def __init__(
        self,
        text: str,
        paragraphs: Sequence[Sequence[tuple[int, int]]],
        provenance: Provenance,
        model: PressModel | None = None,
    ) -> None:
        self._text = text
        self._model = model
        self._spans = paragraphs
        sentences = [[text[start:end] for start, end in spans] for spans in paragraphs]
        self._sentences = sentences
        named = with_full_names(sentences)
        frame = read_frame(named, provenance)
        self._place = frame.place
        self._attributions = attribute_sentences(named, provenance, frame)
        self._sources = name_sources(sentences, self._attributions, provenance)
        published = provenance.published
        self._article = PressArticle(
            provenance.title,
            sentences,
            self._attributions,
            published.year if published else provenance.year,
            frame,
            known_grams=_known_grams(),
        )

    @property
    def model(self) -> PressModel:
        """The model that decides; the one that ships is not loaded before it is needed."""
        return self._model or press_model()

    def by_rule(self, paragraph: int, index: int) -> tuple[Label, Speaker]:
        """The label and the speaker of a sentence by the rules alone."""
        sentence, attribution, scores, grams = self._rule_input(paragraph, index)
        return label_by_speaker(sentence, attribution, scores, grams)[0], attribution.speaker

    def region(self, paragraph: int, index: int) -> str | None:
        """The region of a sentence by the rules."""
        return self._attributions[paragraph][index].region

    def is_sure(self, paragraph: int, index: int) -> bool:
        """Whether the speaker of a sentence is known so that a commitment needs less."""
        return self._attributions[paragraph][index].known_by in SURE_BY

    def features(self, paragraph: int, index: int) -> Features:
        """What the model weighs of a sentence, with what it weighs of all of the article."""
        own = self.sentence_features(paragraph, index)
        return {**self._article.features, **own.by_zone()}

    def sentence_features(self, paragraph: int, index: int) -> SentenceFeatures:
        """What the model weighs of a sentence alone."""
        sentence, attribution, scores, grams = self._rule_input(paragraph, index)
        label, _ = label_by_speaker(sentence, attribution, scores, grams)
        return self._article.features_of(paragraph, index, scores, label)

    def _rule_input(
        self, paragraph: int, index: int
    ) -> tuple[str, Attribution, CueScores, Set[str]]:
        """A sentence, its speaker, its cues, and its runs of characters that tell something."""
        spans = self._spans[paragraph]
        start, end = spans[index]
        sentence = self._text[start:end]
        grams = self._article.grams(paragraph, index).known
        scores = cues_of_sentence(self._text, spans, index, grams)
        return sentence, self._attributions[paragraph][index], scores, grams

    def scope_features(
        self, words: Sequence[Sequence[TopicWords]]
    ) -> Iterator[tuple[Place, Place, Features]]:
        """The sentences that may belong to a topic by their context alone.

        Args:
            words: the topic's words in each sentence, paragraph by paragraph.

        Yields:
            The place of the sentence, that of the nearest one with a word, and what the model
            weighs.
        """
        article = ContextArticle(self._sentences, self._attributions, words)
        for at in article.candidates:
            place = article.places[at]
            features = {**self._article.scope_features(*place), CONTEXT: article.flags(at)}
            yield place, article.nearest(at), features

    def in_context(self, words: Sequence[Sequence[TopicWords]]) -> list[ScopeCandidate]:
        """The sentences that the model takes for part of its topic, commitments or not."""
        model = self.model.scope
        if model is None:
            return []
        least = min(model.limit, model.commitment_limit)
        return [
            ScopeCandidate(place, score, nearest)
            for place, nearest, features in self.scope_features(words)
            if (score := self.scorer.scope(features["sentence"], features[CONTEXT])) >= least
        ]

    @cached_property
    def scorer(self) -> ArticleScorer:
        """The model's arithmetic for the sentences of this article."""
        return ArticleScorer(self.model, self._article.features)

    def read_in_context(
        self, found: ScopeCandidate, *, reason: bool = False
    ) -> PressReading | None:
        """What a sentence is that belongs to the topic by its context; None if it is not told."""
        model = self.model.scope
        if model is None:
            return None
        reading = self.read(*found.place, reason=reason, margin=model.margin)
        return reading if model.is_in_scope(found.score, reading.label) else None

    def read(
        self, paragraph: int, index: int, *, reason: bool = False, margin: float = 0.0
    ) -> PressReading:
        """The label of a sentence, and its attribution to the speaker that the model names.

        Where this is another speaker than the rules', their region stays, but a ministry's is the
        nation, a government has one, and what the newspaper tells after somebody's plan has the
        region of its own words. The ``reason`` costs far more time than the answer and is
        given only when asked for.
        ``margin`` is asked of a commitment besides the model's own.
        """
        model = self.model
        sentence, attribution, scores, grams = self._rule_input(paragraph, index)
        by_rule, why = label_by_speaker(sentence, attribution, scores, grams)
        features = self._article.features_of(paragraph, index, scores, by_rule)
        sure = attribution.known_by in SURE_BY
        best, second = model.best(self.scorer.scores(features), margin, sure=sure)
        told = ""
        if reason:
            weighed = {**self._article.features, **features.by_zone()}
            decided = model.deciding_features(weighed, best, second)
            told = (
                f"model: {best.label} of {best.speaker} rather than {second.label} of "
                f"{second.speaker}, by {', '.join(decided)}; "
                f"rules: {by_rule} of {attribution.speaker}, {why}"
            )
        if best.speaker is not attribution.speaker:
            region = self._region_of(best.speaker, sentence, attribution)
            attribution = replace(attribution, speaker=best.speaker, region=region)
        source = self._sources[paragraph][index]
        source = fitting_name(source, attribution.speaker, attribution.region)
        return PressReading(best.label, attribution, source, scores, told)

    def _region_of(self, speaker: Speaker, sentence: str, attribution: Attribution) -> str | None:
        """The region of a sentence of a speaker whom the rules did not name."""
        if speaker is Speaker.MINISTRY:
            return NATION
        if speaker is Speaker.GOVERNMENT and attribution.region is None:
            return region_of_topic(sentence[news_start(sentence) :]) or self._place
        if speaker is Speaker.MEDIA and attribution.news_region not in {None, NATION}:
            return attribution.news_region
        return attribution.region


def label_by_speaker(
    sentence: str, attribution: Attribution, scores: CueScores, grams: Set[str]
) -> tuple[Label, str]:
    """The label of a sentence of the press, and the reason.

    Only governments and ministries make commitments; delegates, experts and firms propose or
    opine; what the newspaper itself reports is an achievement or *other*. ``grams`` are the
    sentence's runs of characters.
    """
    if sentence.endswith("？"):
        return Label.OTHER, "question"
    if attribution.speaker in AUTHORITIES:
        return _label_of_authority(sentence, attribution, scores)
    if attribution.speaker is Speaker.MEDIA:
        if scores.state < 3 and _reports_results(sentence, scores):
            return Label.ACHIEVEMENT, "wording of the newspaper"
        return Label.OTHER, "wording of the newspaper"
    if attribution.manner == Manner.PROPOSE or _requests_action(
        _quoted_words(sentence, attribution), attribution, grams
    ):
        return Label.PROPOSAL, "proposal of the speaker"
    return Label.OPINION, "opinion of the speaker"


def _label_of_authority(
    sentence: str, attribution: Attribution, scores: CueScores
) -> tuple[Label, str]:
    back = scores.past + scores.result
    if attribution.manner == Manner.ANNOUNCE:
        if back >= scores.future + 3 or (scores.past >= 3 and scores.future < 3):
            return Label.ACHIEVEMENT, "wording of the announcement"
        if scores.state >= 3 and not scores.future:
            return Label.OTHER, "wording of the announcement"
        return Label.COMMITMENT, "announcement"
    if scores.state >= 3 and scores.future < 3:
        return Label.OTHER, "wording"
    if _reports_results(sentence, scores) or (scores.past >= 3 and scores.future < 3):
        return Label.ACHIEVEMENT, "wording"
    # Without a speaker, a sentence of a government's site needs an explicit future cue.
    enough = 1 if attribution.manner else 2
    return (Label.COMMITMENT, "wording") if scores.future >= enough else (Label.OTHER, "wording")


def _reports_results(sentence: str, scores: CueScores) -> bool:
    """Whether a sentence reports what is: by its cues, or because it only gives numbers."""
    if scores.past + scores.result > scores.future:
        return True
    return not scores.future and bool(quantities(sentence))


def _requests_action(words: str, attribution: Attribution, grams: Set[str]) -> bool:
    """Whether the words ask somebody to act; a firm's own plans do not."""
    if attribution.speaker is Speaker.ENTERPRISE:
        return proposes(words, grams, opening=False)
    return proposes(words, grams) or (
        attribution.manner == Manner.ANNOUNCE and score_cues(words).future > 0
    )


def _quoted_words(sentence: str, attribution: Attribution) -> str:
    """The sentence without the reporting clause in front of it."""
    at = sentence.find(attribution.cue[-6:]) if attribution.cue else -1
    return sentence if at < 0 else sentence[at + len(attribution.cue[-6:]) :].lstrip("，：“")


@cache
def _known_grams() -> frozenset[str]:
    return known_grams() | cue_grams() | _proposal_prefilter().grams


@cache
def _proposing() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    words = speaker_words()
    agent = words.agent_should.replace("{region}", region_pattern().pattern)
    asking = "|".join(words.saying[Manner.PROPOSE])
    return (
        re.compile(words.proposing),
        re.compile(agent),
        re.compile(f"(?:^|[，。；“])(?:也|还|更|因此|所以)?(?:{asking})"),
    )


@cache
def _proposal_prefilter() -> PatternPrefilter:
    words = speaker_words()
    asking = "|".join(words.saying[Manner.PROPOSE])
    return PatternPrefilter.of(
        (words.proposing, words.agent_should.replace("{region}", "."), asking)
    )


def proposes(words: str, grams: Set[str], *, opening: bool = True) -> bool:
    """Whether words demand an action: 要推动…, 北京应当…; 产业的发展要… is an opinion.

    ``grams`` are the runs of characters of the sentence. Without ``opening`` a sentence that begins
    with 要 does not count.
    """
    start, agent, asking = _proposing()
    possible = _proposal_prefilter().candidates(grams)
    first = start.search(words) if opening and 0 in possible else None
    if first is not None and first.start() <= 1:
        return True
    return (1 in possible and agent.search(words) is not None) or (
        2 in possible and asking.search(words) is not None
    )
