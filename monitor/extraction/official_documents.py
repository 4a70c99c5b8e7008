"""Texts of the press that are an authority's own document: a notice, a plan, a regulation.

Such a text has no newspaper in it: from its beginning, or from its first article on, every line is
its issuer's. The issuer stands in the title, in the line below it, or in the signature.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.extraction.attribution import Attribution, KnownBy, role_of
from monitor.extraction.issuers import first_region
from monitor.extraction.speaker_words import Manner, ministry_pattern, press_pattern
from monitor.extraction.toponyms import region_of_all, regions_in
from monitor.model.statements import NATION, Speaker

_HEAD = 3
"""Lines at the beginning, and at the end, that may name the issuer."""
_OFFICE_LENGTH = 60
_MARKED_LINES = 2


def issued_text(lines: Sequence[str], place: str | None) -> tuple[int, Attribution] | None:
    """From which line on a text is an authority's own document, and whose; None if it is none."""
    begin = _document_begins(lines)
    if begin is None:
        return None
    issuer = _issuer(lines, place)
    if issuer is None:
        return None
    speaker, region = issuer
    plans = begin or press_pattern("issued_plan").search(_title(lines))
    manner = Manner.ANNOUNCE if plans else Manner.NONE
    return begin, Attribution(speaker, region, manner, lines[0][:30], KnownBy.ISSUED)


def _title(lines: Sequence[str]) -> str:
    """The headline; where the issuer or the number stands above it, the line that is a title."""
    return next((x for x in lines[:_HEAD] if press_pattern("issued_title").fullmatch(x)), "")


def _document_begins(lines: Sequence[str]) -> int | None:
    if any(press_pattern("dateline").match(line) for line in lines[: _HEAD + 1]):
        return None
    title = _title(lines)
    if title and press_pattern("news_of_document").search(title) is None:
        formal = any(press_pattern("issued_form").search(line) for line in lines[: 3 * _HEAD])
        marked = sum(press_pattern("issued_line").match(line) is not None for line in lines)
        if formal or marked >= _MARKED_LINES:
            return 0
    if any(press_pattern("notice").search(line) for line in lines[:_HEAD]):
        return 0
    if any(press_pattern("reply").search(line) for line in lines[: 3 * _HEAD]):
        return 0
    articles = [n for n, line in enumerate(lines) if press_pattern("article_line").match(line)]
    return articles[0] if len(articles) >= _MARKED_LINES else None


def _issuer(lines: Sequence[str], place: str | None) -> tuple[Speaker, str | None] | None:
    """The office in the title, below it, or in the signature; else the place it speaks of."""
    somewhere = place or first_region("".join(lines))
    for line in (*lines[:_HEAD], *lines[: -_HEAD - 1 : -1]):
        who, about, _ = line.partition("关于")
        is_prose = not about and line[-1:] in "。；！？："
        office = None if is_prose or len(who) > _OFFICE_LENGTH else _office(who, somewhere)
        if office is not None:
            return office
    head = lines[: 2 * _HEAD]
    replies = any(press_pattern("reply").search(line) for line in head)
    speaks = replies and any(ministry_pattern().match(line) for line in head)
    if speaks or any(press_pattern("to_all_provinces").search(line) for line in head):
        return Speaker.MINISTRY, NATION
    if somewhere is not None:
        return Speaker.GOVERNMENT, somewhere
    # A document of no place is the ministries'.
    return (Speaker.MINISTRY, NATION) if _title(lines) else None


def _office(who: str, place: str | None) -> tuple[Speaker, str | None] | None:
    """The authority that a title or a signature names; a place names its government."""
    role = role_of(who)
    speaker = role.speaker if role is not None else None
    region = region_of_all(regions_in(who))
    if role is not None and role.region == NATION and speaker is Speaker.GOVERNMENT:
        return speaker, NATION
    if speaker is Speaker.MINISTRY and first_region(who) is None:
        return speaker, NATION
    if region not in {None, NATION}:
        return Speaker.GOVERNMENT, region
    return (speaker, place) if speaker is Speaker.GOVERNMENT else None
