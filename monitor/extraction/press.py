"""Labels in the press, by the speaker, the manner of saying and the wording."""

from __future__ import annotations

import re
from functools import cache

from monitor.extraction.attribution import Attribution, Manner, region_pattern, speaker_words
from monitor.extraction.labels import CueScores, score_cues
from monitor.extraction.quantities import quantities
from monitor.model.statements import Label, Speaker

_AUTHORITIES = frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY})


def label_by_speaker(
    sentence: str, attribution: Attribution, scores: CueScores
) -> tuple[Label, str]:
    """The label of a sentence of the press, and the reason.

    Only governments and ministries make commitments; delegates, experts and firms propose or
    opine; what the newspaper itself reports is an achievement or *other*.
    """
    if sentence.endswith("？"):
        return Label.OTHER, "question"
    if attribution.speaker in _AUTHORITIES:
        return _label_of_authority(sentence, attribution, scores)
    if attribution.speaker is Speaker.MEDIA:
        if scores.state < 3 and _reports_results(sentence, scores):
            return Label.ACHIEVEMENT, "wording of the newspaper"
        return Label.OTHER, "wording of the newspaper"
    if attribution.manner == Manner.PROPOSE or _requests_action(
        _quoted_words(sentence, attribution), attribution
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


def _requests_action(words: str, attribution: Attribution) -> bool:
    """Whether the words ask somebody to act; a firm's own plans do not."""
    if attribution.speaker is Speaker.ENTERPRISE:
        return proposes(words, opening=False)
    return proposes(words) or (
        attribution.manner == Manner.ANNOUNCE and score_cues(words).future > 0
    )


def _quoted_words(sentence: str, attribution: Attribution) -> str:
    """The sentence without the reporting clause in front of it."""
    at = sentence.find(attribution.cue[-6:]) if attribution.cue else -1
    return sentence if at < 0 else sentence[at + len(attribution.cue[-6:]) :].lstrip("，：“")


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


def proposes(words: str, *, opening: bool = True) -> bool:
    """Whether words demand an action: 要推动…, 北京应当…; 产业的发展要… is an opinion.

    Without ``opening`` a sentence that begins with 要 does not count.
    """
    start, agent, asking = _proposing()
    first = start.search(words) if opening else None
    if first is not None and first.start() <= 1:
        return True
    return agent.search(words) is not None or asking.search(words) is not None
