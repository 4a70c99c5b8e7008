"""Blocks of an article that have one speaker: below a line with a name, a caption, an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.extraction.attribution import (
    Attribution,
    KnownBy,
    Reference,
    Subject,
    mask_quotes,
    people_in,
    reporting_clauses,
    role_of,
)
from monitor.extraction.coreference import issuer_of_document
from monitor.extraction.discourse import Discourse
from monitor.extraction.issuers import AUTHORITIES, first_region, region_of_role
from monitor.extraction.speaker_words import Manner, press_pattern
from monitor.extraction.topic_region import news_start
from monitor.extraction.toponyms import mark_places, province_name, region_of_all, regions_in
from monitor.model.statements import NATION, Speaker

_CAPTION_LENGTH = 5
"""A longer line of names alone (某省某市某区) says where a scene is, not who plans."""


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
    known = issuer_of_document(subject, body, state)
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
