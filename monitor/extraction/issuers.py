"""Documents in the press, and whom they are of; the region an office or a person speaks for."""

from __future__ import annotations

import re
from functools import lru_cache

from monitor.extraction.attribution import Attribution, KnownBy, role_of
from monitor.extraction.speaker_words import Manner, Role, press_pattern
from monitor.extraction.topic_region import is_national, news_start, topic_regions
from monitor.extraction.toponyms import (
    mark_places,
    places_in,
    province_name,
    region_of_all,
    regions_in,
)
from monitor.model.statements import NATION, Speaker

AUTHORITIES = frozenset({Speaker.GOVERNMENT, Speaker.MINISTRY})


_READ_LENGTH = 240


@lru_cache(maxsize=2048)
def issuing(sentence: str) -> re.Match[str] | None:
    """The words of a sentence that announce a document."""
    if press_pattern("issues").search(sentence) is None:
        return None
    start = news_start(sentence)
    return press_pattern("issuing").search(sentence, start, start + _READ_LENGTH)


def issuer_of(sentence: str, place: str | None) -> Attribution | None:
    """The authority whose document a sentence announces; ``place`` where it names none itself."""
    match = issuing(sentence)
    if match is None:
        return _launcher(sentence, place)
    who = match["who"] or ""
    role = role_of(who)
    if role is None and press_pattern("research").search(match["named"] or match["what"]):
        return Attribution(Speaker.EXPERT, NATION, Manner.REPORT, match[0][-30:], KnownBy.DOCUMENT)
    region = _region_of_issuer(who, match["named"] or match["what"], role, place)
    if role is None or role.speaker in AUTHORITIES:
        places = role is None and len(regions_in(who)) > 1
        central = region == NATION and not (places or (role is None and _is_decree(match)))
        speaker = Speaker.MINISTRY if central else Speaker.GOVERNMENT
        speaker = role.speaker if role is not None and role.region else speaker
    else:
        speaker = role.speaker
    if region is None:
        return None
    return Attribution(speaker, region, Manner.ANNOUNCE, match[0][-30:], KnownBy.DOCUMENT)


def _launcher(sentence: str, place: str | None) -> Attribution | None:
    """The authority that starts a campaign or a pilot, of which the text then tells."""
    match = press_pattern("launching").match(sentence, news_start(sentence))
    role = role_of(match["who"]) if match is not None else None
    if match is None or role is None or role.speaker not in AUTHORITIES:
        return None
    region = _region_of_issuer(match["who"], match["what"], role, place)
    if region is None:
        return None
    central = region == NATION and role.speaker is Speaker.MINISTRY
    speaker = Speaker.MINISTRY if central else Speaker.GOVERNMENT
    return Attribution(speaker, region, Manner.ANNOUNCE, match[0][-30:], KnownBy.DOCUMENT)


def _is_decree(issued: re.Match[str]) -> bool:
    """Whether a document whose issuer is not named is of the kind that the State Council issues."""
    return press_pattern("decree").search(issued["named"] or issued["what"]) is not None


def _region_of_issuer(who: str, what: str, role: Role | None, place: str | None) -> str | None:
    """The region of an issuer; a named document of nobody is the ministries'."""
    if role is not None and (role.region or role.speaker not in AUTHORITIES):
        return role.region or NATION
    own = region_of_all(topic_regions(who))
    if role is not None and role.speaker is Speaker.MINISTRY and (own is None or is_national(who)):
        return NATION
    region = own or region_of_all(regions_in(what))
    if region is None and (role is not None or press_pattern("that_place").search(who)):
        return place
    return region or (NATION if "《" in what else None)


def region_of_role(speaker: Speaker, region: str | None, text: str, home: str | None) -> str | None:
    """The region somebody speaks for; whoever does not govern has none from home or employer."""
    if speaker is Speaker.MINISTRY:
        return NATION
    if speaker is Speaker.GOVERNMENT:
        if region is None and home is not None and press_pattern("own_office").search(text):
            return province_name(home)
        own = region or home
        national = own is None and press_pattern("state_document").search(text)
        return NATION if national else own
    if speaker is Speaker.DELEGATE:
        if press_pattern("national_delegate").search(text):
            return NATION
        body = press_pattern("delegate_of").search(mark_places(text))
        return (first_region(text[slice(*body.span())]) if body else home) or NATION
    return home


def first_region(text: str) -> str | None:
    """The region that a text names first."""
    return next((region.name for _, _, region in places_in(text)), None)
