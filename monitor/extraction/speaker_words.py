"""The words and patterns by which the press tells who speaks: ``data/speakers.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from monitor.extraction.vocabulary import DATA, WordTable, alternation, read_table
from monitor.model.statements import Speaker


class Manner(StrEnum):
    """How something is said; verbs of saying are listed by manner in ``data/speakers.yaml``."""

    PROPOSE = "propose"
    OPINE = "opine"
    ANNOUNCE = "announce"
    REPORT = "report"
    NONE = ""  # nobody is quoted


@dataclass(frozen=True)
class Role(WordTable):
    """A pattern that identifies the kind of a speaker, and the region where it implies one."""

    speaker: Speaker
    pattern: str
    region: str | None = None


@dataclass(frozen=True)
class SpeakerWords(WordTable):
    """``data/speakers.yaml``."""

    roles: tuple[Role, ...]
    saying: dict[Manner, tuple[str, ...]]
    not_saying: tuple[str, ...]
    proposing: str
    agent_should: str
    dateline: str
    informed: str
    according: str
    occasion: str
    circumstance: str
    trailing: str
    adverbs: str
    excerpt: str
    voices: str
    news_desk: str
    introduced: str
    opening: str
    pronoun: str
    that_office: str
    bureau: str
    stranger: str
    delegate_subject: str
    meeting: str
    document: str
    meets: str
    document_subject: str
    issues: str
    issuing: str
    possessed: str
    plan_title: str
    nation_acts: str
    everywhere_acts: str
    heard: str
    only_tells: str
    digest: str
    motion: str
    motion_asks: str
    working_meeting: str
    figures: str
    publishes: str
    figures_go_on: str
    results_go_on: str
    counted: str
    as_core: str
    elsewhere: str
    again: str
    firm_line: str
    under_way: str
    bare_heading: str
    sets_more: str
    defines: str
    duty: str
    explained: str
    nothing_more: str
    concrete: str
    by_document: str
    delegate_before: str
    delegate_alone: str
    delegate_after: str
    listed_person: str
    several_people: str
    quoted_document: str
    leader_says: str
    bare_document: str
    guests: str
    both_sides: str
    facility: str
    local_plan: str
    firm_notice: str
    excerpted: str
    item: str
    pending: str
    adverbial_place: str
    group: str
    aside: str
    adverbial: str
    departments_act: str
    document_acts: str
    place_acts: str
    society: str
    done: str
    aims: str
    bare_aims: str
    own_office: str
    national_delegate: str
    delegate_of: str
    state_document: str
    host: str
    paper_again: str
    content: str
    subject_place: str
    that_city: str
    block_line: str
    local_acts: str
    wider: str
    governs: str
    planning: str
    judges: str
    trend: str
    future: str
    past: str
    as_such: str
    here: str
    now: str
    reached: str
    aims_at: str
    paper: str
    scene: str
    firm_news: str
    goes_on: str
    caption: str
    answer: str
    question: str
    scholar: str
    comment: str
    argues: str
    decree: str
    research: str
    signature: str
    notice: str
    reply: str
    convenes: str
    told_at_meeting: str
    issued_title: str
    issued_plan: str
    news_of_document: str
    issued_form: str
    abbreviated: str
    acts_together: str
    listed_places: str
    own_city: str
    own_province: str
    issued_line: str
    article_line: str
    to_all_provinces: str
    respondent: str
    office_caption: str
    firm_acts: str
    that_body: str
    launching: str
    briefing: str
    world_wide: str
    national_event: str
    leader_event: str
    visits: str
    nation_subject: str
    public_body: str
    nation: str
    ranked: str
    home: str
    departments: str
    that_place: str
    whole_province: str
    directs: str
    several: str
    venue: str
    delegation: str
    destination: str
    organisation: str
    institution: str
    titles: tuple[str, ...]
    no_names: tuple[str, ...]
    compound_surnames: tuple[str, ...]
    surnames: str
    ambiguous: tuple[str, ...]
    contained: dict[str, str]
    ordinary_names: tuple[str, ...]
    zones: dict[str, tuple[str, ...]]
    events: tuple[str, ...]
    event_verbs: tuple[str, ...]


@cache
def speaker_words() -> SpeakerWords:
    """Roles, verbs of saying, and the patterns of the press."""
    return read_table(DATA / "speakers.yaml", SpeakerWords)


PLACE_MARK = "◆"
"""What ``mark_places`` writes for each character of the name of a region."""


@cache
def press_pattern(name: str) -> re.Pattern[str]:
    """The pattern ``name`` of ``data/speakers.yaml``.

    One that speaks of a ``{region}`` is to be matched with ``mark_places(text)``.
    """
    words = speaker_words()
    pattern = getattr(words, name).replace("{titles}", alternation(words.titles))
    pattern = pattern.replace("{document}", words.document).replace("{surnames}", words.surnames)
    return re.compile(pattern.replace("{region}", f"{PLACE_MARK}+"))


@cache
def roles() -> tuple[tuple[Role, re.Pattern[str]], ...]:
    """The roles in order of precedence."""
    return tuple((role, re.compile(role.pattern)) for role in speaker_words().roles)


@cache
def ministry_pattern() -> re.Pattern[str]:
    """The names of ministries and of other central offices."""
    return next(pattern for role, pattern in roles() if role.speaker is Speaker.MINISTRY)
