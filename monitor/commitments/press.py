"""Labels in the press: who says it and how decides what it is."""

from __future__ import annotations

import re
from functools import cache

from monitor.commitments.labels import Wording
from monitor.commitments.speakers import Voice, place_pattern, speaker_words
from monitor.model import Label, Speaker

_RULERS = frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY})


def label_by_voice(sentence: str, voice: Voice, said: Wording) -> tuple[Label, str]:
    """The label of a sentence of the press, and what decided.

    Only governments and ministries commit themselves; delegates, experts and firms propose or
    opine; what the paper tells by itself is an achievement or nothing.
    """
    if voice.speaker in _RULERS:
        return _of_ruler(voice, said)
    if voice.speaker is Speaker.MEDIA:
        if said.past + said.result > said.future and said.state < 3:
            return Label.ACHIEVEMENT, "wording of the paper"
        return Label.OTHER, "wording of the paper"
    if voice.manner == "propose" or proposes(sentence):
        return Label.PROPOSAL, "proposal of the speaker"
    return Label.OPINION, "opinion of the speaker"


def _of_ruler(voice: Voice, said: Wording) -> tuple[Label, str]:
    if voice.manner == "announce":
        if said.past + said.result >= said.future + 3:
            return Label.ACHIEVEMENT, "wording of the announcement"
        return Label.COMMITMENT, "announcement"
    if said.state >= 3:
        return Label.OTHER, "wording"
    if said.past + said.result > said.future:
        return Label.ACHIEVEMENT, "wording"
    return (Label.COMMITMENT, "wording") if said.future >= 1 else (Label.OTHER, "wording")


@cache
def _proposing() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = speaker_words()
    agent = words.agent_should.replace("{region}", place_pattern().pattern)
    return re.compile(words.proposing), re.compile(agent)


def proposes(sentence: str) -> bool:
    """Whether somebody is told what to do: 要推动…, 北京应当…; 产业的发展要… is a view."""
    opening, agent = _proposing()
    first = opening.search(sentence)
    if first is not None and first.start() <= 1:
        return True
    return agent.search(sentence) is not None
