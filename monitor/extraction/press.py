"""Labels in the press: who says it and how decides what it is."""

from __future__ import annotations

import re
from functools import cache

from monitor.extraction.attribution import Voice, place_pattern, speaker_words
from monitor.extraction.labels import Wording, wording
from monitor.extraction.quantities import quantities
from monitor.model.statements import Label, Speaker

_RULERS = frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY})


def label_by_voice(sentence: str, voice: Voice, said: Wording) -> tuple[Label, str]:
    """The label of a sentence of the press, and what decided.

    Only governments and ministries commit themselves; delegates, experts and firms propose or
    opine; what the paper tells by itself is an achievement or nothing.
    """
    if sentence.endswith("？"):
        return Label.OTHER, "question"
    if voice.speaker in _RULERS:
        return _of_ruler(sentence, voice, said)
    if voice.speaker is Speaker.MEDIA:
        if said.state < 3 and _tells(sentence, said):
            return Label.ACHIEVEMENT, "wording of the paper"
        return Label.OTHER, "wording of the paper"
    if voice.manner == "propose" or _asks(_content(sentence, voice), voice):
        return Label.PROPOSAL, "proposal of the speaker"
    return Label.OPINION, "opinion of the speaker"


def _of_ruler(sentence: str, voice: Voice, said: Wording) -> tuple[Label, str]:
    back = said.past + said.result
    if voice.manner == "announce":
        if back >= said.future + 3 or (said.past >= 3 and said.future < 3):
            return Label.ACHIEVEMENT, "wording of the announcement"
        if said.state >= 3 and not said.future:
            return Label.OTHER, "wording of the announcement"
        return Label.COMMITMENT, "announcement"
    if said.state >= 3 and said.future < 3:
        return Label.OTHER, "wording"
    if _tells(sentence, said) or (said.past >= 3 and said.future < 3):
        return Label.ACHIEVEMENT, "wording"
    # What a government's site tells without anybody saying it must look ahead in so many words.
    enough = 1 if voice.manner else 2
    return (Label.COMMITMENT, "wording") if said.future >= enough else (Label.OTHER, "wording")


def _tells(sentence: str, said: Wording) -> bool:
    """Whether a sentence tells what is: by its words, or because it only gives numbers."""
    if said.past + said.result > said.future:
        return True
    return not said.future and bool(quantities(sentence))


def _asks(words: str, voice: Voice) -> bool:
    """Whether words ask somebody to act; what a firm says it will do asks nobody."""
    if voice.speaker is Speaker.ENTERPRISE:
        return proposes(words, opening=False)
    return proposes(words) or (voice.manner == "announce" and wording(words).future > 0)


def _content(sentence: str, voice: Voice) -> str:
    """What is said: the sentence without the attribution in front of it."""
    at = sentence.find(voice.cue[-6:]) if voice.cue else -1
    return sentence if at < 0 else sentence[at + len(voice.cue[-6:]) :].lstrip("，：“")


@cache
def _proposing() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    words = speaker_words()
    agent = words.agent_should.replace("{region}", place_pattern().pattern)
    asking = "|".join(words.saying["propose"])
    return (
        re.compile(words.proposing),
        re.compile(agent),
        re.compile(f"(?:^|[，。；“])(?:也|还|更|因此|所以)?(?:{asking})"),
    )


def proposes(words: str, *, opening: bool = True) -> bool:
    """Whether somebody is told what to do: 要推动…, 北京应当…; 产业的发展要… is a view.

    Without ``opening`` a sentence that begins with 要 does not count.
    """
    start, agent, asking = _proposing()
    first = start.search(words) if opening else None
    if first is not None and first.start() <= 1:
        return True
    return agent.search(words) is not None or asking.search(words) is not None
