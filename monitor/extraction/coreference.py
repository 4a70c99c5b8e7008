"""Coreference: whom the subject of a reporting clause means (他, 该局, 《方案》, 会议)."""

from __future__ import annotations

from dataclasses import replace

from monitor.extraction.attribution import (
    Attribution,
    KnownBy,
    Reference,
    ReportingClause,
    Subject,
    mask_quotes,
    read_subject,
    reporting_clauses,
    role_of,
)
from monitor.extraction.discourse import Discourse, note_people
from monitor.extraction.issuers import AUTHORITIES, first_region, issuer_of, issuing, region_of_role
from monitor.extraction.speaker_words import Manner, Role, press_pattern
from monitor.extraction.topic_region import is_national, news_start, region_of_topic, topic_regions
from monitor.extraction.toponyms import mark_places, province_name, region_of_all, regions_in
from monitor.model.statements import NATION, Speaker


def resolve_first(
    sentence: str, state: Discourse, *, inside: bool
) -> tuple[ReportingClause, Attribution] | None:
    """The first reporting clause that can be resolved, and its attribution."""
    start = news_start(sentence)
    body = sentence[start:]
    found = _informant(body, state) or _told_at_meeting(body, state)
    if found is not None:
        return found
    introduced = (
        _leader_says(body)
        or _firm_notice(body)
        or _person_before_colon(body, state)
        or _known_person_before_colon(body, state)
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
    return _delegate_without_verb(body, state) or _continued_document(body, state)


def _continued_document(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """The document or the speaker before, when a sentence goes on with a verb alone: 还明确，…."""
    match = press_pattern("sets_more").match(body)
    known = state.current or state.document or state.frame.owner
    if match is None or known is None or known.speaker not in AUTHORITIES:
        return None
    subject = Subject(Reference.PRONOUN, "")
    clause = ReportingClause(subject, Manner.ANNOUNCE, match[0], match.end(), closes=False)
    return clause, replace(known, manner=Manner.ANNOUNCE, cue=match[0], distance=0)


def _delegate_without_verb(
    body: str, state: Discourse
) -> tuple[ReportingClause, Attribution] | None:
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


def _informant(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
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
        attribution = _resolve_role(clause, state)
        return clause, replace(attribution, cue=match[0])
    return None


def _told_at_meeting(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
    """会上介绍，…: whose press conference it is."""
    host = state.convener
    match = press_pattern("told_at_meeting").match(body) if host is not None else None
    if match is None or host is None or any(reporting_clauses(body[match.end() :])):
        return None
    subject = Subject(Reference.MEETING, match[0])
    clause = ReportingClause(subject, Manner.REPORT, "介绍", match.end(), closes=False)
    told = replace(host, manner=Manner.REPORT, cue=match[0], known_by=KnownBy.NAMED)
    return clause, replace(told, person="", distance=0)


def _convener(body: str) -> Attribution | None:
    """The government that holds the press conference a sentence tells of."""
    match = press_pattern("convenes").match(body) if "会" in body else None
    if match is None:
        return None
    role, region = role_of(match["who"]), first_region(match["who"])
    if role is None or role.speaker is not Speaker.GOVERNMENT or region is None:
        return None
    return Attribution(Speaker.GOVERNMENT, region, Manner.REPORT, match["who"])


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


def _person_before_colon(body: str, state: Discourse) -> tuple[ReportingClause, Attribution] | None:
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
    attribution = _resolve_role(clause, state)
    _remember(subject, attribution, state)
    return clause, attribution


def _known_person_before_colon(
    body: str, state: Discourse
) -> tuple[ReportingClause, Attribution] | None:
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
    known = issuer_of_document(subject, body, state)
    if known is None:
        return None
    clause = ReportingClause(subject, Manner.ANNOUNCE, "：", match.end(), closes=False)
    known = replace(known, manner=Manner.ANNOUNCE, cue=match["subject"], distance=0)
    return clause, replace(known, known_by=KnownBy.DOCUMENT)


def _remember(subject: Subject, attribution: Attribution, state: Discourse) -> None:
    if subject.name:
        # A name alone may have words behind it: 王某还详细了解….
        name = subject.name if subject.speaker else attribution.person
        state.add_person([name or subject.name], attribution)
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
        known = _resolve_role(clause, state)
        known_by = known.known_by
    elif subject.reference is Reference.NAME:
        known = state.known(subject.name) or _resolve_delegate(subject, clause, state)
    elif subject.reference is Reference.PRONOUN:
        known = _just_introduced(subject, body, state)
    elif subject.reference is Reference.DOCUMENT:
        known, known_by = issuer_of_document(subject, body, state), KnownBy.DOCUMENT
    else:
        known = _resolve_meeting(body, state)
    if known is None:
        return None
    return replace(known, manner=clause.manner, cue=clause.cue, known_by=known_by, distance=0)


def _resolve_delegate(
    subject: Subject, clause: ReportingClause, state: Discourse
) -> Attribution | None:
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
    note_people(before, state)
    known = state.last_person or state.current or state.carried
    is_group = press_pattern("group").fullmatch(subject.text) is not None
    return _group(subject, known, state) if is_group else known


def _group(subject: Subject, known: Attribution | None, state: Discourse) -> Attribution | None:
    """Who 大家 and 多位专家 are, who have no name: what they are called, or who was spoken of.

    Whoever came to hear a leader (与会嘉宾) does not speak with his voice.
    """
    role = role_of(subject.text)
    if role is not None:
        region = known.region if known is not None else None
        return Attribution(role.speaker, region, Manner.OPINE, subject.text)
    known = state.group or known
    leader = known is not None and known.speaker is Speaker.GOVERNMENT and known.region == NATION
    if leader and press_pattern("guests").fullmatch(subject.text):
        return Attribution(Speaker.MEDIA, NATION, Manner.OPINE, subject.text)
    return None if known is None else replace(known, person="")


def _resolve_role(clause: ReportingClause, state: Discourse) -> Attribution:
    """The speaker that the words of a clause name themselves.

    An office or a place that announces something speaks no further than its plan goes.
    """
    subject = clause.subject
    speaker = subject.speaker or Speaker.MEDIA
    if press_pattern("that_place").fullmatch(subject.text):  # 当地提出: the place named before
        region = state.place if state.place not in {None, NATION} else state.home()
        announcer = Speaker.MEDIA if region in {None, NATION} else speaker
        return Attribution(announcer, region, clause.manner, clause.cue, KnownBy.ACTING)
    region = region_of_role(speaker, subject.region, subject.text, state.home())
    told = subject.person or (speaker is Speaker.GOVERNMENT and subject.region == NATION)
    owner = state.office or state.owner
    if owner is not None and press_pattern("that_office").match(subject.text):
        speaker, region = owner.speaker, owner.region
    if speaker is Speaker.ENTERPRISE and press_pattern("bureau").match(subject.text):
        speaker, region = _owner_of_bureau(state)
    announced = clause.manner is Manner.ANNOUNCE and not told and speaker in AUTHORITIES
    known_by = KnownBy.ACTING if announced else KnownBy.NAMED
    return Attribution(speaker, region, clause.manner, clause.cue, known_by, person=subject.person)


def _owner_of_bureau(state: Discourse) -> tuple[Speaker, str | None]:
    """Whom a bureau belongs to that nothing else is said of: whoever spoke, or the place's own."""
    for known in (state.office, state.owner, state.frame.voice):
        if known is not None and known.speaker in AUTHORITIES:
            return known.speaker, known.region
    home = state.home()
    return (Speaker.GOVERNMENT, home) if home not in {None, NATION} else (Speaker.MINISTRY, NATION)


def issuer_of_document(subject: Subject, body: str, state: Discourse) -> Attribution | None:
    """The issuer of a document: named with it, or of the document spoken of."""
    issued = issuer_of(body, state.place or state.home()) or _document_of_place(body)
    issued = issued or _local_document(subject, state)
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
    return known or _plan_of_place(subject, state, role)


def _local_document(subject: Subject, state: Discourse) -> Attribution | None:
    """The place's own document of that name that the article spoke of: 规划纲要 alone."""
    known = state.document
    bare = press_pattern("bare_document").fullmatch(subject.text)
    if bare is None or known is None or known.speaker is not Speaker.GOVERNMENT:
        return None
    return known if bare["kind"] in known.cue else None


def _with_quote(subject: Subject, body: str) -> str:
    """The words of a subject with the quotation before them: 国家“十五五”规划."""
    at = body.find(subject.text)
    return body[max(0, body.rfind("，", 0, at) + 1) : at] + subject.text


def _plan_of_place(subject: Subject, state: Discourse, role: Role | None) -> Attribution | None:
    """A plan or a rule of which no issuer is named, in an article about a place: the place's."""
    home = state.home()
    if home in {None, NATION} or (role is not None and role.speaker not in AUTHORITIES):
        return None
    if press_pattern("local_plan").search(subject.text) is None:
        return None
    return Attribution(Speaker.GOVERNMENT, home, Manner.ANNOUNCE, subject.text)


def _document_of_place(body: str) -> Attribution | None:
    """The government whose document a sentence begins with: 某省的报告, 某市拿出一份意见."""
    match = press_pattern("possessed").match(mark_places(mask_quotes(body)))
    if match is None:
        return None
    region = region_of_all(regions_in(body[slice(*match.span("place"))]))
    cue = body[match.start("place") : match.end()]
    return Attribution(Speaker.GOVERNMENT, region, Manner.ANNOUNCE, cue, KnownBy.DOCUMENT)


def _state_council(subject: Subject, state: Discourse) -> Attribution | None:
    """报告 alone, in an article without a region, is the State Council's."""
    if state.home() is None and subject.text.rstrip("中里还也").endswith("报告"):
        return Attribution(Speaker.GOVERNMENT, NATION, Manner.ANNOUNCE, subject.text)
    return None


def _resolve_meeting(body: str, state: Discourse) -> Attribution | None:
    return meeting_of(body, state) or state.meeting or state.owner


def meeting_of(body: str, state: Discourse) -> Attribution | None:
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
    issued = issued or _document_of_place(body)
    if issued is not None:
        state.document = issued
        if issued.speaker in AUTHORITIES:
            state.owner = issued
    state.meeting = meeting_of(body, state) or state.meeting
    state.convener = _convener(body) or state.convener
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
    note_people(mask_quotes(body), state)


def _is_known(body: str, state: Discourse) -> bool:
    """Whether a sentence only says that a document came out of a known issuer: 《意见》出台后."""
    issued = issuing(body)
    return (
        issued is not None
        and state.document is not None
        and not issued["who"]
        and not regions_in(issued[0])
    )
