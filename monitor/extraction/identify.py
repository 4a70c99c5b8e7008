"""What a text says of itself: whose report it is, of which year, or that it is none."""

from __future__ import annotations

import re
from datetime import date

from monitor.extraction.attribution import role_of
from monitor.extraction.regions import find_region, names_pattern
from monitor.extraction.text import plain
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import NATION, Speaker

_HEAD = 1500
_REPORT = re.compile("政府工作报告")
_DELIVERED = re.compile(
    "(?:现在，?)?我?代表[^，。]{0,12}(?:人民)?(?:政府|国务院)，?(?:向)?(?:大会)?(?:作|报告|做)"
)
_SESSION = re.compile(
    r"(?P<year>20[0-9]{2})年[0-9]{1,2}月[0-9]{1,2}日[^\n]{0,6}在(?P<place>[^\n第]{2,12}?)?"
    r"(?:第|人民代表大会)"
)
_NATIONAL = re.compile(
    "代表国务院|国务院政府工作报告|全国人民代表大会|在第[一二三四五六七八九十]+届全国"
)
_HEADING_YEAR = re.compile(
    "^[一二三四五]、[^\\n。]{0,20}?(20[0-9]{2})年([^\\n。]{0,20})", re.MULTILINE
)
_YEAR = re.compile("(20[0-9]{2})年")
_PLAN = re.compile(
    "(?:行动方案|行动计划|实施方案|实施意见|若干措施|若干政策|发展规划|规划纲要|工作方案)》?(?:的通知)?"
    "(?:（[^）]{1,30}）)?$"
)
_ABOUT = re.compile("解读|印发了|发布了|出台了|一图|问答|新闻发布会")
# Named after a report, and none: it would take the report's place in its series.
_NEWS = re.compile(
    "政府工作报告(?:提出|明确|解读|亮相|出炉|来了|热词|中|里)|图解|一图|读懂|解读|解码|速览|热议|视频"
)


def guess_provenance(
    text: str,
    *,
    title: str = "",
    url: str | None = None,
    published: date | None = None,
    region: str | None = None,
) -> Provenance:
    """Who speaks in ``text``, for where and which year, from its title and first lines.

    A work report is known by its title (2026年某省政府工作报告) or by the line that says at which
    session it was delivered; its year is the session's, which is the year it plans. A plan or
    measure that a government issued (行动方案, 若干措施) speaks for the government too. Everything
    else is news of the press. ``region`` and ``published`` are believed when they are given.
    """
    head = plain(text[:_HEAD])
    opening = plain(title) + "\n" + head
    if not _is_report(plain(title), head):
        issuer = _issuer(plain(title), head)
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
    session = _SESSION.search(opening)
    year = int(session["year"]) if session else _planned(text) or _year(opening)
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
    if _NEWS.search(title):
        return False
    if _REPORT.search(title):
        return True
    named = any(
        _REPORT.search(line) and len(line) <= 40 and "，" not in line and not _NEWS.search(line)
        for line in head.splitlines()[:25]
    )
    session = _SESSION.search(head)
    if _DELIVERED.search(head) is not None:
        return True
    # Printed without its title, a report still opens with its session and its audience.
    addressed = session is not None and "各位代表" in head[session.end() : session.end() + 200]
    return addressed or (named and session is not None)


def _issuer(title: str, head: str) -> Speaker | None:
    """Who issued a plan, when the text is one: the government of a region, or a ministry."""
    lines = [title, *(line.strip() for line in head.splitlines()[:12])]
    if not any(_PLAN.search(line) and not _ABOUT.search(line) for line in lines if len(line) <= 60):
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
    if _NATIONAL.search(opening):
        return NATION
    titled = next((line for line in opening.splitlines() if _REPORT.search(line)), opening)
    known = names_pattern().search(titled) or names_pattern().search(opening)
    region = find_region(known[0]) if known else None
    return region.name if region else None


def _planned(text: str) -> int | None:
    """The latest year that a heading of the first level names; a review is of the year before."""
    years = [int(year) + ("回顾" in rest) for year, rest in _HEADING_YEAR.findall(plain(text))]
    return max(years, default=None)


def _year(text: str) -> int | None:
    years = [int(year) for year in _YEAR.findall(text)]
    return years[0] if years else None


def _title(head: str) -> str:
    return next((line.strip() for line in head.splitlines() if _REPORT.search(line)), "")[:80]
