"""The state of the discourse: who and what an article has named so far, and what refers to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from monitor.extraction.article_frame import ArticleFrame, is_leader
from monitor.extraction.attribution import (
    Attribution,
    KnownBy,
    Reference,
    ReportingClause,
    Subject,
    mask_quotes,
    people_in,
    read_subject,
    reporting_clauses,
    role_of,
)
from monitor.extraction.issuers import AUTHORITIES, first_region, issuer_of, issuing, region_of_role
from monitor.extraction.speaker_words import Manner, Role, press_pattern
from monitor.extraction.topic_region import is_national, news_start, region_of_topic, topic_regions
from monitor.extraction.toponyms import mark_places, province_name, region_of_all, regions_in
from monitor.model.documents import Provenance
from monitor.model.statements import NATION, Speaker

_PEOPLE_LIMIT = 200
_CAPTION_LENGTH = 5
"""A longer line of names alone (某省某市某区) says where a scene is, not who plans."""


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
    pending: Attribution | None = None
    """A speaker whose 看来 follows in a later line, because a column broke the sentence."""
    subject_place: str | None = None
    """The region that was the subject of a sentence of this paragraph."""
    section: str | None = None
    """The region of the last line that names a place alone."""
    begun: bool = False
    """The headline is read."""
    last_person: Attribution | None = None
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


def resolve_first(
    sentence: str, state: Discourse, *, inside: bool
) -> tuple[ReportingClause, Attribution] | None:
    """The first reporting clause that can be resolved, and its attribution."""
    start = news_start(sentence)
    body = sentence[start:]
    found = _informed(body, state)
    if found is not None:
        return found
    introduced = (
        _leader_says(body)
        or _firm_notice(body)
        or _introduced(body, state)
        or _again(body, state)
        or _quoted_document(body, state)
    )
    if introduced is not None:
        return introduced
    for clause in reporting_clauses(body, inside=inside):
        attribution = _resolve(clause, body, state)
        if attribution is not None:
            if attribution.known_by is KnownBy.NAMED:
                _remember(clause.subject, attribution, state)
            return clause, attribution
    return _delegate(body, state) or _sets_more(body, state)


def _sets_more(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """The document or the speaker before, when a sentence goes on with a verb alone: 还明确，…."""
    match = press_pattern("sets_more").match(body)
    known = state.current or state.document or state.frame.owner
    if match is None or known is None or known.speaker not in AUTHORITIES:
        return None
    subject = Subject(Reference.PRONOUN, "")
    clause = ReportingClause(subject, Manner.ANNOUNCE, match[0], match.end(), closes=False)
    return clause, replace(known, manner=Manner.ANNOUNCE, cue=match[0], distance=0)


def _delegate(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """A delegate whose view is told without a verb of saying: 某委员关注的是人：…."""
    masked = mask_quotes(body)
    clause = masked[masked.rfind("”") + 1 :].lstrip("，")
    match = press_pattern("delegate_subject").match(clause)
    if match is None or not press_pattern("voices").search(clause, 0, 60):
        return None
    region = region_of_role(Speaker.DELEGATE, first_region(match[0]), clause, state.home())
    subject = Subject(Reference.ROLE, match[0], Speaker.DELEGATE, region)
    attribution = Attribution(Speaker.DELEGATE, region, Manner.OPINE, match[0], KnownBy.NAMED)
    state.last_person = attribution
    return ReportingClause(subject, Manner.OPINE, "", 0, closes=False), attribution


def _informed(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """记者从X获悉, 据X介绍: X speaks."""
    for name in ("informed", "according"):
        match = press_pattern(name).search(body, 0, 120)
        if match is None:
            continue
        who = match["who"]
        if press_pattern("host").search(who) and state.frame.host is not None:
            heard = Subject(Reference.MEETING, who)
            clause = ReportingClause(heard, Manner.REPORT, "获悉", match.end(), closes=False)
            return clause, replace(state.frame.host, cue=match[0], known_by=KnownBy.NAMED)
        if press_pattern("occasion").match(who):
            continue
        subject = read_subject(who, who, Manner.REPORT)
        office = state.office or state.owner
        if office is not None and press_pattern("that_office").fullmatch(who):
            heard = Subject(Reference.PRONOUN, who)
            clause = ReportingClause(heard, Manner.REPORT, "获悉", match.end(), closes=False)
            told = replace(office, manner=Manner.REPORT, cue=match[0], known_by=KnownBy.NAMED)
            return clause, replace(told, distance=0)
        if subject is None or subject.speaker in {None, Speaker.MEDIA}:
            continue
        clause = ReportingClause(subject, Manner.REPORT, match[0][-2:], match.end(), closes=False)
        attribution = _of_role(clause, state)
        return clause, replace(attribution, cue=match[0])
    return None


def _leader_says(body: str) -> tuple[ReportingClause, Attribution] | None:
    """The nation's leader with his words after a colon, whatever verb stands before it."""
    match = press_pattern("leader_says").match(body)
    if match is None:
        return None
    subject = Subject(Reference.ROLE, match[0], Speaker.GOVERNMENT, NATION)
    clause = ReportingClause(subject, Manner.ANNOUNCE, "：", match.end(), closes=False)
    return clause, Attribution(Speaker.GOVERNMENT, NATION, Manner.ANNOUNCE, match[0], KnownBy.NAMED)


def _firm_notice(body: str) -> tuple[ReportingClause, Attribution] | None:
    """What a listed firm makes known, whose name need not say that it is a firm."""
    match = press_pattern("firm_notice").match(body) or press_pattern("firm_line").match(body)
    if match is None:
        return None
    role = role_of(match["who"])
    if (role is not None and role.speaker is not Speaker.ENTERPRISE) or _is_place(match["who"]):
        return None
    subject = Subject(Reference.ROLE, match["who"], Speaker.ENTERPRISE)
    clause = ReportingClause(subject, Manner.REPORT, "公告", match.end(), closes=False)
    return clause, Attribution(Speaker.ENTERPRISE, None, Manner.REPORT, match[0], KnownBy.NAMED)


def _is_place(words: str) -> bool:
    """Whether words only name a place, perhaps with a word such as 全市 after it."""
    spans = regions_in(words)
    return bool(spans) and len(mark_places(words).strip("◆")) < 3


def _introduced(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """A person, and after a colon what the person says: 总工程师赵某给出的数字是：…."""
    masked = mask_quotes(body)
    match = press_pattern("introduced").match(masked)
    if match is None:
        return None
    words = match["subject"].rpartition("，")[2]
    subject = read_subject(words, words, Manner.REPORT)
    if subject is None or subject.reference is not Reference.ROLE or not subject.name:
        return None
    clause = ReportingClause(subject, Manner.REPORT, "：", match.end(), closes=False)
    attribution = _of_role(clause, state)
    _remember(subject, attribution, state)
    return clause, attribution


def _again(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """A person named before, with the words after a colon: 王某笑了：“…”."""
    match = press_pattern("again").match(body)
    known = state.known(match["subject"]) if match is not None else None
    if match is None or known is None:
        return None
    subject = Subject(Reference.NAME, match["subject"], name=known.person)
    clause = ReportingClause(subject, Manner.REPORT, "：", match.end(), closes=False)
    told = replace(known, manner=Manner.REPORT, cue=match["subject"], known_by=KnownBy.NAMED)
    return clause, replace(told, distance=0)


def _quoted_document(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """A document, and after a colon its words: 省政府工作报告的表述是：“…”."""
    match = press_pattern("quoted_document").match(body)
    if match is None:
        return None
    subject = Subject(Reference.DOCUMENT, match["subject"])
    known = _of_document(subject, body, state)
    if known is None:
        return None
    clause = ReportingClause(subject, Manner.ANNOUNCE, "：", match.end(), closes=False)
    known = replace(known, manner=Manner.ANNOUNCE, cue=match["subject"], distance=0)
    return clause, replace(known, known_by=KnownBy.DOCUMENT)


def _remember(subject: Subject, attribution: Attribution, state: Discourse) -> None:
    if subject.name:
        state.add_person([subject.name], attribution)
    elif subject.person or (
        subject.reference is Reference.ROLE and attribution.speaker not in AUTHORITIES
    ):
        state.last_person = attribution


def _resolve(clause: ReportingClause, body: str, state: Discourse) -> Attribution | None:
    """Who the subject of a reporting clause is, or None."""
    subject = clause.subject
    known, known_by = None, KnownBy.NAMED
    if clause.verb == "看来" and state.pending is not None:
        known, state.pending = state.pending, None
    elif subject.reference is Reference.ROLE:
        known = _of_role(clause, state)
        known_by = known.known_by
    elif subject.reference is Reference.NAME:
        known = state.known(subject.name) or _of_delegate(subject, clause, state)
    elif subject.reference is Reference.PRONOUN:
        known = _just_introduced(subject, body, state)
    elif subject.reference is Reference.DOCUMENT:
        known, known_by = _of_document(subject, body, state), KnownBy.DOCUMENT
    else:
        known = _of_meeting(body, state)
    if known is None:
        return None
    return replace(known, manner=clause.manner, cue=clause.cue, known_by=known_by, distance=0)


def _of_delegate(subject: Subject, clause: ReportingClause, state: Discourse) -> Attribution | None:
    """A delegate whom nothing but the word after the name introduces: 周某代表."""
    match = press_pattern("delegate_after").fullmatch(subject.text)
    if match is None:
        return None
    region = region_of_role(Speaker.DELEGATE, None, subject.text, state.home())
    attribution = Attribution(
        Speaker.DELEGATE, region, clause.manner, clause.cue, person=match["name"]
    )
    state.add_person([match["name"]], attribution)
    return attribution


def _just_introduced(subject: Subject, body: str, state: Discourse) -> Attribution | None:
    """Who 他 is: the person whom the clauses before name, or who spoke last."""
    office = state.office or state.owner
    if press_pattern("that_office").match(subject.text) and office is not None:
        region = office.region
        # 厅 is an office of a province.
        province = province_name(region) if region and "厅" in subject.text else region
        return replace(office, region=province)
    before = body[: body.find(subject.text)] if subject.text[:1] in {"他", "她"} else ""
    _note_people(before, state)
    return state.last_person or state.current or state.carried


def _of_role(clause: ReportingClause, state: Discourse) -> Attribution:
    """The speaker that the words of a clause name themselves.

    An office or a place that announces something speaks no further than its plan goes.
    """
    subject = clause.subject
    speaker = subject.speaker or Speaker.MEDIA
    region = region_of_role(speaker, subject.region, subject.text, state.home())
    told = subject.person or (speaker is Speaker.GOVERNMENT and subject.region == NATION)
    owner = state.office or state.owner
    if owner is not None and press_pattern("that_office").match(subject.text):
        speaker, region = owner.speaker, owner.region
    if speaker is Speaker.ENTERPRISE and press_pattern("bureau").match(subject.text):
        speaker, region = _of_bureau(state)
    announced = clause.manner is Manner.ANNOUNCE and not told and speaker in AUTHORITIES
    known_by = KnownBy.ACTING if announced else KnownBy.NAMED
    return Attribution(speaker, region, clause.manner, clause.cue, known_by, person=subject.person)


def _of_bureau(state: Discourse) -> tuple[Speaker, str | None]:
    """Whom a bureau belongs to that nothing else is said of: whoever spoke, or the place's own."""
    for known in (state.office, state.owner, state.frame.voice):
        if known is not None and known.speaker in AUTHORITIES:
            return known.speaker, known.region
    home = state.home()
    return (Speaker.GOVERNMENT, home) if home not in {None, NATION} else (Speaker.MINISTRY, NATION)


def _of_document(subject: Subject, body: str, state: Discourse) -> Attribution | None:
    """The issuer of a document: named with it, or of the document spoken of."""
    issued = issuer_of(body, state.place or state.home()) or _possessed(body)
    if issued is not None:
        return issued
    role = role_of(mask_quotes(subject.text))
    named = region_of_all(regions_in(subject.text))
    if named is None and press_pattern("that_place").search(subject.text):
        named = state.place
    speaker = role.speaker if role is not None else Speaker.GOVERNMENT
    if named is None and role is not None:
        local = speaker is Speaker.GOVERNMENT and role.region is None
        named = state.home() if local else role.region or NATION
    elif named is None and press_pattern("state_document").search(_with_quote(subject, body)):
        named = (state.home() if "报告" in subject.text else None) or NATION
    elif speaker in AUTHORITIES:
        speaker = Speaker.GOVERNMENT
    if named is not None:
        return Attribution(speaker, named, Manner.ANNOUNCE, subject.text)
    known = state.document or state.frame.owner or state.owner or _state_council(subject, state)
    return known or _local_plan(subject, state, role)


def _with_quote(subject: Subject, body: str) -> str:
    """The words of a subject with the quotation before them: 国家“十五五”规划."""
    at = body.find(subject.text)
    return body[max(0, body.rfind("，", 0, at) + 1) : at] + subject.text


def _local_plan(subject: Subject, state: Discourse, role: Role | None) -> Attribution | None:
    """A plan or a rule of which no issuer is named, in an article about a place: the place's."""
    home = state.home()
    if home in {None, NATION} or (role is not None and role.speaker not in AUTHORITIES):
        return None
    if press_pattern("local_plan").search(subject.text) is None:
        return None
    return Attribution(Speaker.GOVERNMENT, home, Manner.ANNOUNCE, subject.text)


def _possessed(body: str) -> Attribution | None:
    """The government whose document a sentence begins with: 某省的报告, 某市拿出一份意见."""
    match = press_pattern("possessed").match(mark_places(mask_quotes(body)))
    if match is None:
        return None
    region = region_of_all(regions_in(body[slice(*match.span("place"))]))
    cue = body[match.start("place") : match.end()]
    return Attribution(Speaker.GOVERNMENT, region, Manner.ANNOUNCE, cue, KnownBy.DOCUMENT)


def _state_council(subject: Subject, state: Discourse) -> Attribution | None:
    """报告 alone, in an article without a region, is the State Council's."""
    if state.home() is None and subject.text.endswith("报告"):
        return Attribution(Speaker.GOVERNMENT, NATION, Manner.ANNOUNCE, subject.text)
    return None


def _of_meeting(body: str, state: Discourse) -> Attribution | None:
    return _meeting(body, state) or state.meeting or state.owner


def _meeting(body: str, state: Discourse) -> Attribution | None:
    """Whose meeting a sentence names."""
    masked = mask_quotes(body)
    if "会" not in masked:
        return None
    for clause in masked.split("，"):
        role = role_of(clause) if press_pattern("meets").search(clause) else None
        if role is not None and role.speaker in AUTHORITIES:
            ministry = role.speaker is Speaker.MINISTRY
            region = role.region or (NATION if ministry else region_of_topic(clause))
            return Attribution(role.speaker, region or state.home(), Manner.ANNOUNCE, clause)
    return _working_meeting(masked, state)


def _working_meeting(masked: str, state: Discourse) -> Attribution | None:
    """Whose a meeting of all of a region's departments is: 全省数据工作会议."""
    match = press_pattern("working_meeting").search(mark_places(masked))
    if match is None:
        return None
    if match["scope"] == "全国":
        return Attribution(Speaker.MINISTRY, NATION, Manner.ANNOUNCE, match[0])
    own = region_of_all(regions_in(masked[slice(*match.span("scope"))]))
    named = first_region(masked)
    region = own or state.home() or (province_name(named) if named else None)
    return Attribution(Speaker.GOVERNMENT, region, Manner.ANNOUNCE, match[0]) if region else None


def note(sentence: str, state: Discourse) -> None:
    """Record the people, documents and places that a sentence names."""
    body = sentence[news_start(sentence) :]
    issued = (
        None if body.endswith("？") or _is_known(body, state) else issuer_of(body, state.home())
    )
    issued = issued or _possessed(body)
    if issued is not None:
        state.document = issued
        if issued.speaker in AUTHORITIES:
            state.owner = issued
    state.meeting = _meeting(body, state) or state.meeting
    broken = press_pattern("pending").match(body)
    if broken is not None:
        region = first_region(broken[0]) or state.home()
        state.pending = Attribution(
            Speaker.DELEGATE, region, Manner.OPINE, broken[0], KnownBy.NAMED
        )
    regions = topic_regions(mask_quotes(body))
    if regions:
        state.place = state.paragraph_place = region_of_topic(mask_quotes(body))
    elif is_national(body) and not state.frame.place:
        state.paragraph_place = None
    _note_people(mask_quotes(body), state)


def _is_known(body: str, state: Discourse) -> bool:
    """Whether a sentence only says that a document came out of a known issuer: 《意见》出台后."""
    issued = issuing(body)
    return (
        issued is not None
        and state.document is not None
        and not issued["who"]
        and not regions_in(issued[0])
    )


def _note_people(masked: str, state: Discourse) -> None:
    """Record the people a text introduces; who is its subject is whom 他 means next."""
    leads = True
    for clause in _by_person(masked):
        opening = press_pattern("opening").match(clause)
        if leads and opening is not None and opening.end() == len(clause):
            continue  # 5月6日，某局…
        names, first, leads = people_in(clause), leads, False
        if first and (known := state.known(clause)) is not None:
            state.last_person = known
        words = _introducing(clause, names)
        role = role_of(words) if names or first else None
        if role is None or role.speaker is Speaker.MEDIA:
            continue
        region = region_of_role(
            role.speaker, role.region or first_region(words), words, state.home()
        )
        person = Attribution(role.speaker, region, Manner.REPORT, clause[:30], KnownBy.NAMED)
        if role.speaker in AUTHORITIES and not is_leader(role):
            state.office = person
        if is_leader(role) and first:
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


def names_block(sentences: Sequence[str], state: Discourse) -> bool:
    """Whether a paragraph is a line that names who speaks in what follows."""
    if len(sentences) > 1 or len(sentences[0]) > 60 or sentences[0][-1:] in "。！？；”":
        return False
    line = sentences[0].lstrip("—■●▲◆□◎★▶·• ").rstrip("：")
    match = press_pattern("block_line").fullmatch(line)
    if match is None or press_pattern("news_desk").search(line):
        return False
    role = role_of(line)
    if role is None or role.speaker is Speaker.MEDIA:
        return False
    home = state.home() if role.speaker is Speaker.GOVERNMENT else None
    region = region_of_role(role.speaker, role.region or first_region(line), line, home)
    state.block = Attribution(role.speaker, region or NATION, Manner.OPINE, line, KnownBy.BLOCK)
    for name in people_in(line):
        state.add_person([name], replace(state.block, known_by=KnownBy.NAMED))
    return True


def excerpted(sentence: str, state: Discourse) -> Attribution | None:
    """The issuer of the document whose words a line announces: 省政府工作报告…内容如下：."""
    match = press_pattern("excerpted").search(mask_quotes(sentence[news_start(sentence) :]))
    if match is None:
        return None
    body = sentence[news_start(sentence) :]
    subject = Subject(Reference.DOCUMENT, body[slice(*match.span())])
    known = _of_document(subject, body, state)
    return None if known is None else replace(known, manner=Manner.ANNOUNCE, cue=subject.text)


def answering(sentence: str, state: Discourse) -> Attribution | None:
    """The speaker of an answer in an interview (秦某：…, 答：…)."""
    if press_pattern("question").match(sentence):
        state.block = None
    match = press_pattern("answer").match(sentence)
    if match is None:
        return None
    who = match["who"]
    known = state.known(who)
    if known is None and who in {"答", "他", "她"}:
        known = state.frame.respondent or state.last_person or state.owner or state.frame.owner
    if known is None:
        return None
    # An answer may run over several paragraphs, until the next question.
    state.block = replace(known, cue=match[0], known_by=KnownBy.BLOCK, distance=0)
    return state.block


def caption(sentence: str, state: Discourse) -> Attribution | None:
    """The region whose plans a paragraph lists: by its own caption, or by the one above."""
    office = press_pattern("office_caption").match(sentence)
    role = role_of(office["who"]) if office is not None else None
    if office is not None and role is not None and role.speaker in AUTHORITIES:
        region = region_of_role(role.speaker, first_region(office["who"]), office["who"], None)
        return Attribution(role.speaker, region, Manner.REPORT, office[0], KnownBy.BLOCK)
    match = press_pattern("caption").match(mark_places(sentence))
    if match is not None:
        caption = sentence[: match.end()]
        region = region_of_all(regions_in(caption))
        if caption[-1] not in "：】〕]）”" and len(caption) > _CAPTION_LENGTH:
            state.section, state.last_person = region, None
            return None
        if state.begun and len(sentence) > len(caption) and _is_crosshead(sentence):
            state.section = region  # a crosshead, below which the place's matter is told
            _change_section(region, state)
        return Attribution(Speaker.GOVERNMENT, region, Manner.REPORT, caption, KnownBy.BLOCK)
    named = {region.name for region in regions_in(sentence)}
    elsewhere = state.caption is not None and named - {state.caption.region}
    return None if elsewhere or any(reporting_clauses(sentence)) else state.caption


def _is_crosshead(line: str) -> bool:
    """Whether a line has no end of a sentence; one in quotes is no whole sentence here."""
    return line[-1] not in "。！？；…：" and line[-2:] not in {"。”", "！”", "？”", "…”"}


def _change_section(region: str | None, state: Discourse) -> None:
    """Take 报告, below a crosshead of another province, for that province's."""
    known = state.document or state.owner
    if region is None or known is None or known.speaker is not Speaker.GOVERNMENT:
        return
    if known.region in {None, NATION} or province_name(known.region or "") == province_name(region):
        return
    state.document = state.owner = replace(known, region=region)
