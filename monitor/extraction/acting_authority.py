"""Plans the newspaper tells in its own words (湖南将…): the authority that is their subject."""

from __future__ import annotations

from dataclasses import replace

from monitor.extraction.attribution import Attribution, KnownBy, mask_quotes
from monitor.extraction.discourse import Discourse
from monitor.extraction.issuers import AUTHORITIES, issuer_of, issuing
from monitor.extraction.quantities import quantities
from monitor.extraction.speaker_words import Manner, ministry_pattern, press_pattern
from monitor.extraction.topic_region import news_start, topic_regions
from monitor.extraction.toponyms import (
    mark_places,
    places_in,
    province_name,
    region_of_all,
    regions_in,
)
from monitor.model.statements import NATION, Speaker

_CLAUSES_READ = 4


def acting_authority(sentence: str, state: Discourse) -> Attribution | None:
    """A government, a ministry or a document that is the subject of a plan, without a quotation."""
    body = sentence[news_start(sentence) :]
    quoted = _by_document(body, state)
    if quoted is not None:
        return quoted
    masked = mask_quotes(body)
    at = 0
    for clause in masked.split("，")[:_CLAUSES_READ]:
        opening = press_pattern("opening").match(clause)
        begin = opening.end() if opening else 0
        if at and _goes_on_listing_places(masked, at):
            at += len(clause) + 1
            continue
        found = _acting_clause(body[at + begin : at + len(clause)], clause[begin:], body, state)
        if found is not None:
            return found
        at += len(clause) + 1
    issued = issuing(body)
    if issued is not None and press_pattern("content").search(body, issued.end()):
        issuer = issuer_of(body, state.home())
        return issuer if issuer is not None and issuer.speaker in AUTHORITIES else None
    return None


def _goes_on_listing_places(masked: str, at: int) -> bool:
    """Whether the clause at ``at`` goes on with a list of places: 在甲、乙，丙等地建设…."""
    if not any(start == at for start, _, _ in places_in(masked)):
        return False
    return press_pattern("listed_places").search(mark_places(masked), 0, at) is not None


def _acting_clause(clause: str, masked: str, sentence: str, state: Discourse) -> Attribution | None:
    if press_pattern("nation_acts").match(masked):
        if state.owner is not None and state.owner.speaker is Speaker.MINISTRY:
            return replace(state.owner, manner=Manner.REPORT, known_by=KnownBy.ACTING, distance=0)
        return Attribution(Speaker.GOVERNMENT, NATION, Manner.REPORT, masked[:12], KnownBy.ACTING)
    office = ministry_pattern().match(masked)
    if (
        office is not None
        and not topic_regions(masked[: office.end()])
        and is_forward_looking(sentence)
    ):
        return Attribution(Speaker.MINISTRY, NATION, Manner.REPORT, office[0], KnownBy.ACTING)
    if press_pattern("everywhere_acts").match(masked) and is_forward_looking(sentence):
        return Attribution(Speaker.GOVERNMENT, NATION, Manner.REPORT, masked[:12], KnownBy.ACTING)
    if press_pattern("departments_act").match(masked) and not state.frame.comment:
        owner = state.owner or _departments(masked[:12], state.home())
        return replace(owner, manner=Manner.REPORT, known_by=KnownBy.ACTING, distance=0)
    document = _document_acts(clause, masked, sentence, state)
    return document or _office_acts(masked, state) or _place_acts(masked, sentence, state)


def _departments(cue: str, home: str | None) -> Attribution:
    """Whose departments act in an article: those of its place, or the ministries."""
    if home in {None, NATION}:
        return Attribution(Speaker.MINISTRY, NATION, Manner.REPORT, cue)
    return Attribution(Speaker.GOVERNMENT, home, Manner.REPORT, cue)


def _office_acts(masked: str, state: Discourse) -> Attribution | None:
    """The office named before that will do something: 该局计划…."""
    match = press_pattern("that_office").match(masked)
    if match is None or state.office is None:
        return None
    if press_pattern("aims").match(masked[match.end() :]) is None:
        return None
    return replace(state.office, cue=match[0], known_by=KnownBy.ACTING, distance=0)


def only_issues(sentence: str) -> bool:
    """Whether a sentence says that a document is issued, and nothing of what it contains."""
    issued = issuing(sentence)
    return (
        issued is not None
        and press_pattern("nothing_more").match(sentence, issued.end()) is not None
    )


def _by_document(body: str, state: Discourse) -> Attribution | None:
    """按照去年出台的实施意见，到2027年…: the issuer of the document."""
    match = press_pattern("by_document").match(body)
    if match is None or not is_forward_looking(body[match.end() :]):
        return None
    region = region_of_all(regions_in(match[0]))
    if region is not None:
        return Attribution(Speaker.GOVERNMENT, region, Manner.ANNOUNCE, match[0], KnownBy.DOCUMENT)
    place = state.place or state.home()
    local = Attribution(Speaker.GOVERNMENT, place, Manner.ANNOUNCE, match[0], KnownBy.DOCUMENT)
    issuer = state.document or state.frame.owner or (local if place not in {None, NATION} else None)
    return replace(issuer, cue=match[0], known_by=KnownBy.DOCUMENT, distance=0) if issuer else None


def _document_acts(clause: str, masked: str, sentence: str, state: Discourse) -> Attribution | None:
    """意见坚持…, 《方案》聚焦…: the issuer of the document."""
    match = press_pattern("document_acts").match(masked)
    if match is None or not is_forward_looking(sentence):
        return None
    issuer = state.document or state.frame.owner
    if press_pattern("state_document").search(match[0]):
        issuer = Attribution(Speaker.GOVERNMENT, NATION, Manner.ANNOUNCE, match[0])
    named = region_of_all(regions_in(clause[: match.end()]))
    if named is not None:
        issuer = Attribution(Speaker.GOVERNMENT, named, Manner.ANNOUNCE, clause[:30])
    if issuer is None:
        return None
    return replace(
        issuer, manner=Manner.ANNOUNCE, cue=clause[:30], known_by=KnownBy.DOCUMENT, distance=0
    )


def _place_acts(masked: str, sentence: str, state: Discourse) -> Attribution | None:
    """A place that will do something: 湖南今年将…, 该市计划…, 全省…将达到…."""
    local = press_pattern("local_acts").match(masked)
    reached = local is not None and local[0].endswith("达到") and not is_forward_looking(sentence)
    place = state.place or state.home()
    if local is not None and not reached and place and place != NATION:
        wide = local[0].startswith(("自治区", "全省", "该省", "省"))
        return Attribution(
            Speaker.GOVERNMENT,
            province_name(place) if wide else place,
            Manner.REPORT,
            local[0],
            KnownBy.ACTING,
        )
    bare = press_pattern("bare_aims").match(masked) or press_pattern("aims_at").match(masked)
    if state.subject_place is not None and bare:
        return Attribution(
            Speaker.GOVERNMENT, state.subject_place, Manner.REPORT, masked[:10], KnownBy.ACTING
        )
    match = press_pattern("place_acts").match(mark_places(masked))
    # 某省某某联盟将… is no plan of the province.
    if match is None or press_pattern("society").match(masked, match.end("places")):
        return None
    region = region_of_all(regions_in(masked[slice(*match.span("places"))]))
    if topic_regions(masked):
        state.subject_place = region
    rest = masked[match.end() :]
    office = match["office"]
    done = press_pattern("done").match(rest) and not press_pattern("future").search(sentence)
    plans = press_pattern("planning").match(rest) and is_forward_looking(sentence) and not done
    aims = press_pattern("aims").match(rest)
    if region is None or not (plans or aims) or (office and not is_forward_looking(sentence)):
        return None
    if not aims and _is_under_way(masked[match.end("places") :], sentence):
        return None
    return Attribution(
        Speaker.GOVERNMENT, region, Manner.REPORT, masked[: match.end()], KnownBy.ACTING
    )


def _is_under_way(rest: str, sentence: str) -> bool:
    """Whether a place is only busy with something: no aim, no number, nothing to come."""
    busy = press_pattern("under_way").search(rest, 0, 12)
    return (
        busy is not None
        and press_pattern("future").search(sentence) is None
        and press_pattern("concrete").search(sentence) is None
        and not quantities(sentence)
    )


def is_forward_looking(sentence: str) -> bool:
    """Whether a sentence looks ahead: by a cue, or because nothing in it looks back."""
    return press_pattern("future").search(sentence) is not None or not (
        press_pattern("past").search(sentence) or press_pattern("reached").search(sentence)
    )


def is_backward_looking(sentence: str) -> bool:
    """Whether a sentence looks back; in a plan a number alone (突破1000亿元) does not."""
    return (
        press_pattern("future").search(sentence) is None
        and press_pattern("duty").search(sentence) is None
        and (
            press_pattern("past").search(sentence) is not None
            or press_pattern("now").match(sentence) is not None
        )
    )


def is_plan_without_subject(sentence: str) -> bool:
    """Whether a sentence is a predicate without a subject: its verbs plan, after adverbials."""
    if press_pattern("judges").search(mask_quotes(sentence)):
        return False
    for clause in mask_quotes(sentence).split("，"):
        opening = press_pattern("opening").match(clause)
        rest = clause[opening.end() if opening else 0 :]
        if not rest or press_pattern("adverbial").match(rest):
            continue
        return press_pattern("planning").match(rest) is not None
    return press_pattern("planning").match(sentence) is not None
