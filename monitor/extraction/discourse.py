"""The state of the discourse: who and what an article has named so far, and what refers to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from monitor.extraction.article_frame import ArticleFrame, is_leader
from monitor.extraction.attribution import Attribution, KnownBy, people_in, role_of
from monitor.extraction.issuers import AUTHORITIES, first_region, region_of_role
from monitor.extraction.speaker_words import Manner, press_pattern
from monitor.model.documents import Provenance
from monitor.model.statements import Speaker

_PEOPLE_LIMIT = 200


@dataclass
class Discourse:
    """Who and what the sentences read so far have named."""

    provenance: Provenance
    frame: ArticleFrame
    author: Attribution | None = None
    """Who signs the text."""
    current: Attribution | None = None
    """Who is speaking, until somebody else or the newspaper speaks."""
    carried: Attribution | None = None
    """Who was speaking at the end of the last paragraph."""
    owner: Attribution | None = None
    """The authority whose plans were told last."""
    office: Attribution | None = None
    """The office named last as a subject: 该局 is this one."""
    document: Attribution | None = None
    """The issuer of the document named last."""
    meeting: Attribution | None = None
    """Whose meeting was named last."""
    block: Attribution | None = None
    """Who speaks below the last line that named a speaker."""
    caption: Attribution | None = None
    """The region of the caption above (上海：, 【广东】)."""
    listing: Attribution | None = None
    """Whose words the lines below list: the last line named a speaker and ended with a colon."""
    open_quote: Attribution | None = None
    """Who is quoted when a paragraph ends inside the quotation."""
    cited: Attribution | None = None
    """Who is cited in a list that goes on after a semicolon."""
    convener: Attribution | None = None
    """Who holds the press conference that this paragraph tells of: 会上介绍 is its word."""
    pending: Attribution | None = None
    """A speaker whose 看来 follows in a later line, because a column broke the sentence."""
    subject_place: str | None = None
    """The region that was the subject of a sentence of this paragraph."""
    section: str | None = None
    """The region of the last line that names a place alone."""
    begun: bool = False
    """The headline is read."""
    last_person: Attribution | None = None
    group: Attribution | None = None
    """The people without names who were spoken of last: 大家 are these."""
    people: dict[str, Attribution] = field(default_factory=dict)
    place: str | None = None
    """The region named last."""
    paragraph_place: str | None = None
    """The region the paragraph is about."""

    def add_person(self, names: Sequence[str], attribution: Attribution) -> None:
        """Remember a person under the name, and under its first two characters."""
        for name in names:
            attribution = replace(attribution, person=name)
            if len(self.people) < _PEOPLE_LIMIT:
                self.people[name] = attribution
                self.people.setdefault(name[:2], attribution)
        self.last_person = attribution

    def known(self, text: str) -> Attribution | None:
        """The person that a text begins with, by a name alone."""
        return next((p for size in (4, 3, 2) if (p := self.people.get(text[:size]))), None)

    def begin_item(self) -> None:
        """Forget who spoke and whose plan was told: the next item of news is about others."""
        self.current = self.carried = self.owner = self.document = self.meeting = None
        self.office = None
        self.cited = self.block = self.caption = self.listing = self.open_quote = (
            self.last_person
        ) = None

    def home(self) -> str | None:
        """The region of what names no region."""
        return self.paragraph_place or self.base()

    def base(self) -> str | None:
        """The region of the section or of the whole article."""
        return self.section or self.frame.place or self.provenance.region


def note_people(masked: str, state: Discourse) -> None:
    """Record the people a text introduces; who is its subject is whom 他 means next."""
    leads, before = True, ""
    for clause in _by_person(masked):
        office, before = before, clause
        opening = press_pattern("opening").match(clause)
        if leads and opening is not None and opening.end() == len(clause):
            continue  # 5月6日，某局…
        names, first, leads = people_in(clause), leads, False
        if first and (known := state.known(clause)) is not None:
            state.last_person = known
        words = _introducing(clause, names)
        if names and press_pattern("delegate_alone").fullmatch(office):
            words = office + words  # 某省政协委员，某大学校长王某
        group = None if names else press_pattern("several_people").search(clause)
        role = role_of(group[0] if group else words) if names or first or group else None
        if role is None or role.speaker is Speaker.MEDIA:
            continue
        region = region_of_role(
            role.speaker, role.region or first_region(words), words, state.home()
        )
        person = Attribution(role.speaker, region, Manner.REPORT, clause[:30], KnownBy.NAMED)
        if role.speaker in AUTHORITIES and not is_leader(role):
            state.office = person
        if group is not None:
            state.group = person
        elif is_leader(role) and first:
            state.last_person = person
        if any(state.known(name) for name in names):
            continue
        for name in names:
            state.add_person([name[:3]], person)


def _introducing(clause: str, names: Sequence[str]) -> str:
    """The words that say who a person is: those up to the name, where they tell it.

    What 市委书记某某 does at a firm says nothing of him.
    """
    before = clause[: clause.find(names[0]) + len(names[0])] if names else ""
    return before if before and role_of(before) is not None else clause


def _by_person(masked: str) -> Iterator[str]:
    """The clauses of a text; of a list of persons (院长王某、教授李某) the words of each.

    Whom somebody receives (市长某某会见董事长某某) is another.
    """
    for clause in re.split("，|会见了?|会晤|接见", masked):
        begin = 0
        for match in press_pattern("listed_person").finditer(clause):
            yield clause[begin : match.end()]
            begin = match.end() + 1
        yield clause[begin:]
