"""Document identity: speaker, region, year and kind of a text, from its title and head."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from monitor.extraction.attribution import role_of
from monitor.extraction.regions import find_region, names_pattern
from monitor.extraction.text import normalize_characters
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import NATION, Speaker

_HEAD = 1500


@cache
def _report_pattern() -> re.Pattern[str]:
    return re.compile("政府工作报告")


@cache
def _delivered_pattern() -> re.Pattern[str]:
    return re.compile(
        "(?:现在，?)?我?代表[^，。]{0,12}(?:人民)?(?:政府|国务院)，?(?:向)?(?:大会)?(?:作|报告|做)"
    )


@cache
def _session_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?P<year>20[0-9]{2})年[0-9]{1,2}月[0-9]{1,2}日[^\n]{0,6}在(?P<place>[^\n第]{2,12}?)?"
        r"(?:第|人民代表大会)"
    )


@cache
def _national_pattern() -> re.Pattern[str]:
    return re.compile(
        "代表国务院|国务院政府工作报告|全国人民代表大会|在第[一二三四五六七八九十]+届全国"
    )


@cache
def _heading_year_pattern() -> re.Pattern[str]:
    return re.compile("^[一二三四五]、[^\\n。]{0,20}?(20[0-9]{2})年([^\\n。]{0,20})", re.MULTILINE)


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile("(20[0-9]{2})年")


@cache
def _plan_pattern() -> re.Pattern[str]:
    return re.compile(
        "(?:行动方案|行动计划|实施方案|实施意见|若干措施|若干政策|发展规划|规划纲要|工作方案)》?(?:的通知)?"
        "(?:（[^）]{1,30}）)?$"
    )


@cache
def _about_pattern() -> re.Pattern[str]:
    return re.compile("解读|印发了|发布了|出台了|一图|问答|新闻发布会")


@cache
def _news_pattern() -> re.Pattern[str]:
    # News about a report: as a report it would take the report's place in its series.
    return re.compile(
        "政府工作报告(?:提出|明确|解读|亮相|出炉|来了|热词|中|里)|图解|一图|读懂|解读|解码|速览|热议|视频"
    )


def infer_provenance(
    text: str,
    *,
    title: str = "",
    url: str | None = None,
    published: date | None = None,
    region: str | None = None,
) -> Provenance:
    """Infer kind, speaker, region and year of ``text`` from its title and first lines.

    A work report is recognised by its title (2026年某省政府工作报告) or by the line that names the
    session it was delivered at; its year is the session's, which is the year it plans. A plan or
    measure that a government issued (行动方案, 若干措施) has the government as its speaker too.
    Everything else is news of the press. ``region`` and ``published`` take precedence when given.
    """
    head = normalize_characters(text[:_HEAD])
    opening = normalize_characters(title) + "\n" + head
    if not _is_report(normalize_characters(title), head):
        issuer = _issuer(normalize_characters(title), head)
        if issuer is not None:
            return Provenance(
                DocumentKind.PAGE,
                issuer,
                NATION if issuer is Speaker.MINISTRY else region or _region(opening, None),
                published.year if published else _year(opening),
                published,
                title or head.strip().splitlines()[0][:80],
            )
        return Provenance(
            DocumentKind.NEWS,
            Speaker.MEDIA,
            region,
            published.year if published else _year(opening),
            published,
            title,
        )
    session = _session_pattern().search(opening)
    year = int(session["year"]) if session else _plan_year(text) or _year(opening)
    if year is None and published is not None:
        year = published.year
    return Provenance(
        DocumentKind.REPORT,
        Speaker.GOVERNMENT,
        region or _region(opening, session),
        year,
        published,
        title or _title(head),
    )


def _is_report(title: str, head: str) -> bool:
    if _news_pattern().search(title):
        return False
    if _report_pattern().search(title):
        return True
    named = any(
        _report_pattern().search(line)
        and len(line) <= 40
        and "，" not in line
        and not _news_pattern().search(line)
        for line in head.splitlines()[:25]
    )
    session = _session_pattern().search(head)
    if _delivered_pattern().search(head) is not None:
        return True
    # Without its title, a report still opens with its session and its audience.
    addressed = session is not None and "各位代表" in head[session.end() : session.end() + 200]
    return addressed or (named and session is not None)


def _issuer(title: str, head: str) -> Speaker | None:
    """The issuer when the text is a plan: the government of a region, or a ministry."""
    lines = [title, *(line.strip() for line in head.splitlines()[:12])]
    if not any(
        _plan_pattern().search(line) and not _about_pattern().search(line)
        for line in lines
        if len(line) <= 60
    ):
        return None
    role = role_of("\n".join(lines))
    ministry = role is not None and role.speaker is Speaker.MINISTRY
    return (
        Speaker.MINISTRY
        if ministry and not names_pattern().search(lines[0] or lines[1])
        else (Speaker.GOVERNMENT)
    )


def _region(opening: str, session: re.Match[str] | None) -> str | None:
    if session and session["place"]:
        known = names_pattern().search(session["place"])
        region = find_region(known[0]) if known else None
        if region is not None:
            return region.name
    if _national_pattern().search(opening):
        return NATION
    titled = next(
        (line for line in opening.splitlines() if _report_pattern().search(line)), opening
    )
    known = names_pattern().search(titled) or names_pattern().search(opening)
    region = find_region(known[0]) if known else None
    return region.name if region else None


def _plan_year(text: str) -> int | None:
    """The latest year in a heading of the first level; for a review, the year after it."""
    years = [
        int(year) + ("回顾" in rest)
        for year, rest in _heading_year_pattern().findall(normalize_characters(text))
    ]
    return max(years, default=None)


def _year(text: str) -> int | None:
    years = [int(year) for year in _year_pattern().findall(text)]
    return years[0] if years else None


def _title(head: str) -> str:
    return next((line.strip() for line in head.splitlines() if _report_pattern().search(line)), "")[
        :80
    ]
