"""What a document is: kind, speaker, region and year, from its title, its form and its address.

A work report and a plan are known by their form, never by their title alone: every sign for and
against is a line of ``data/documents.yaml`` with a weight, and the sum decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from itertools import islice

from monitor.extraction.regions import (
    Region,
    districts,
    find_region,
    gazetteer,
    names_pattern,
)
from monitor.extraction.text import normalize_characters
from monitor.extraction.vocabulary import DATA, WordTable, read_table
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import NATION, Speaker

_HEAD = 6000
_OPENING = 1500
_TAIL = 1000
_FIRST_LINES = 30
_LAST_LINES = 12
_HEADER_LINES = 12
_LONGEST_OFFICE = 60
_LONGEST_TITLE = 80
# A session in November or December plans the coming year.
_LATE_SESSION = 11


class Part(StrEnum):
    """The part of a page that a line of evidence is looked for in."""

    TITLE = "title"
    LINE = "line"
    NAME = "name"
    HEADING = "heading"
    TEXT = "text"
    OPENING = "opening"
    END = "end"
    ADDRESS = "address"
    SOURCE = "source"


@dataclass(frozen=True)
class Evidence(WordTable):
    """A sign that a document is of a kind, or that it is not (with a negative weight)."""

    name: str
    part: Part
    weight: int
    pattern: str
    times: int = 1


@dataclass(frozen=True)
class KindEvidence(WordTable):
    """The evidence for one kind, and the sum that is needed."""

    threshold: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class NumberOfOffice(WordTable):
    """Whose documents have numbers that begin like this."""

    pattern: str
    speaker: Speaker
    region: str


@dataclass(frozen=True)
class DocumentWords(WordTable):
    """``data/documents.yaml``."""

    report: KindEvidence
    plan: KindEvidence
    ministries: str
    central: str
    numbers: tuple[NumberOfOffice, ...]
    codes: dict[str, tuple[str, ...]]
    no_names: str
    patterns: dict[str, str]


@dataclass(frozen=True, slots=True)
class Weighed:
    """The evidence that was found for a kind: each line with what matched it."""

    found: tuple[tuple[Evidence, re.Match[str]], ...]
    threshold: int

    @property
    def total(self) -> int:
        """The sum of the weights."""
        return sum(one.weight for one, _ in self.found)

    @property
    def suffices(self) -> bool:
        """Whether the document is of the kind."""
        return self.total >= self.threshold

    def places(self) -> Iterator[str]:
        """The places that the evidence names, as written."""
        for _, match in self.found:
            place = match.groupdict().get("place")
            if place:
                yield place


@cache
def _words() -> DocumentWords:
    return read_table(DATA / "documents.yaml", DocumentWords)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the table with the names in braces filled in."""
    named = _words().patterns | {"region": names_pattern().pattern}
    while any(f"{{{name}}}" in pattern for name in named):
        for name, part in named.items():
            pattern = pattern.replace(f"{{{name}}}", part)
    return re.compile(pattern, re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page in the parts that evidence is looked for in; all but the text are normalised."""

    title: str
    lines: tuple[str, ...]
    headings: tuple[str, ...]
    opening: str
    text: str
    end: tuple[str, ...]
    address: str
    source: str

    def part(self, part: Part) -> Sequence[str]:
        parts: dict[Part, Sequence[str]] = {
            Part.TITLE: (self.title,),
            Part.LINE: self.lines,
            Part.NAME: (self.title, *self.lines),
            Part.HEADING: self.headings,
            Part.TEXT: (self.text,),
            Part.OPENING: (self.opening,),
            Part.END: self.end,
            Part.ADDRESS: (self.address,),
            Part.SOURCE: (self.source,),
        }
        return parts[part]


def infer_provenance(
    text: str,
    *,
    title: str = "",
    url: str | None = None,
    published: date | None = None,
    region: str | None = None,
    expected: DocumentKind | None = None,
    speaker: Speaker = Speaker.GOVERNMENT,
) -> Provenance:
    """Infer kind, speaker, region and year of ``text`` from its title, form and address.

    A work report is known by its delivery, session, audience and headings; its year is the
    session's, which is the year it plans. A plan is a document in which a government or ministry
    lays down what is to be done; its issuer is its speaker. Everything else is news of the press.

    Args:
        text: the text of the page.
        title: its title.
        url: its address.
        published: when it was published.
        region: whose documents are expected here: that of an article. A report or plan that names
            its own place belongs to that place.
        expected: the kind of documents its source has, which is evidence, not proof.
        speaker: who issues what is published there: the speaker of a plan that names no issuer.
    """
    page = _page(text, title, url, expected)
    report = weigh(_words().report, page)
    if report.suffices:
        return Provenance(
            DocumentKind.REPORT,
            Speaker.GOVERNMENT,
            _report_region(page, report, region),
            _report_year(page, report) or (published.year if published else None),
            published,
            title or _report_title(page),
        )
    plan = weigh(_words().plan, page)
    if plan.suffices:
        issuer, own = _issuer(page, plan, region)
        return Provenance(
            DocumentKind.PLAN,
            issuer or (speaker if own == region else Speaker.GOVERNMENT),
            own,
            _issue_year(page, _title_line(plan), published),
            published,
            title,
        )
    return Provenance(
        DocumentKind.NEWS,
        Speaker.MEDIA,
        region,
        published.year if published else _year(page.title + "\n" + page.opening),
        published,
        title,
    )


def weigh(kind: KindEvidence, page: _Page) -> Weighed:
    """Look for each line of evidence of a kind, as long as what is left may suffice.

    Most pages are of no kind, and the table has what speaks for one before what speaks against it.
    """
    found: list[tuple[Evidence, re.Match[str]]] = []
    possible = sum(one.weight for one in kind.evidence if one.weight > 0)
    for one in kind.evidence:
        if possible < kind.threshold:
            break
        match = _first_match(one, page)
        if match is not None:
            found.append((one, match))
        if (match is None) == (one.weight > 0):
            possible -= abs(one.weight)
    return Weighed(tuple(found), kind.threshold)


def _first_match(one: Evidence, page: _Page) -> re.Match[str] | None:
    """What matches a line of evidence first, if it is found as often as is needed."""
    pattern = _compiled(one.pattern)
    every = (match for text in page.part(one.part) for match in pattern.finditer(text))
    matches = list(islice(every, one.times))
    return matches[0] if len(matches) == one.times else None


def _page(text: str, title: str, url: str | None, expected: DocumentKind | None) -> _Page:
    # To normalise the whole text takes longer than all the rest.
    head = normalize_characters(text[:_HEAD])
    tail = normalize_characters(text[-_TAIL:])
    return _Page(
        title=_compact(normalize_characters(title)),
        lines=tuple(line for line in map(_compact, head.splitlines()) if line)[:_FIRST_LINES],
        headings=tuple(_headings(text)),
        opening=head[:_OPENING],
        text=text,
        end=tuple(line for line in map(_compact, tail.splitlines()) if line)[-_LAST_LINES:],
        address=url or "",
        source=expected or "",
    )


@cache
def _heading_pattern() -> re.Pattern[str]:
    # On a line of its own, or where line breaks were lost, after the end of a sentence. Some sites
    # strip the numbers: a short line without punctuation may be a heading.
    number = "(?:[一二三四五六七八九十]{1,3}、|第[一二三四五六七八九十]{1,3}(?:部分|章|篇)[、：]?)"
    return re.compile(
        rf"^\s*{number}([^。！；\n]{{2,40}})|[。：！；:!;]{number}([^，。！；,;\n]{{2,40}})"
        r"|^([^，。：；！？“”《》,:;!?\n]{4,24})$",
        re.MULTILINE,
    )


def _headings(text: str) -> Iterator[str]:
    for match in _heading_pattern().finditer(text):
        yield _compact(normalize_characters(match[1] or match[2] or match[3]))


def _compact(line: str) -> str:
    return "".join(line.split())


# Places


@cache
def _county_pattern() -> re.Pattern[str]:
    # 津市市, 沙市区: the first 市 may belong to the name.
    return re.compile(
        r"[一-鿿]{1,12}?(?:自治县|自治旗|新区|开发区|区|县|旗|市)(?:(?<=市)[市区])?(?=人民政府|政府|"
        r"管理委员会|管委会|$)"
    )


@cache
def _short_county_pattern() -> re.Pattern[str]:
    return re.compile(r"[一-鿿]{1,3}?(?:新区|区|县|旗|市(?=[^场政]))")


@cache
def _level_pattern() -> re.Pattern[str]:
    return re.compile("自治[区州县旗]|[省市州盟区县旗]")


@dataclass(frozen=True, slots=True)
class _Place:
    """A place as a document names it: a region of the gazetteer, or a county in one."""

    known: Region | None
    county: str = ""


def _read_place(text: str, county: re.Pattern[str]) -> _Place | None:
    """The place that ``text`` begins with: 安徽省合肥市蜀山区 is 蜀山区 in 合肥市."""
    known: Region | None = None
    at = 0
    while (match := names_pattern().match(text, at)) is not None:
        region = find_region(match[0])
        # 河北 is also a district of 天津
        if region is None or (match[0] != region.name and text[match.end() :][:1] in {*"区县市旗"}):
            break
        known, at = region, match.end()
    rest = county.match(text, at)
    if rest is not None and not _compiled(_words().no_names).search(rest[0]):
        return _Place(known, rest[0])
    return _Place(known) if known else None


def _full_name(place: _Place, page: _Page, context: str | None) -> str:
    """The official name, or of a county that the gazetteer lacks its name after its city's.

    A county whose name only one city has gets this city whatever stands before it, so that it has
    one name. Of the others (two provinces have a 鼓楼区 each) the region is the one the text names
    right before the county, else the context.
    """
    if not place.county:
        return place.known.name if place.known else ""
    city = districts().get(place.county)
    if city is not None and (place.known is None or _lies_in(city, place.known)):
        return city.name + place.county
    if place.known is not None:
        return place.known.name + place.county
    before = re.compile(f"((?:{names_pattern().pattern})+){re.escape(place.county)}")
    longer = before.search(page.title) or before.search(page.text)
    if longer is not None:
        around = _read_place(longer[1], _county_pattern())
        if around is not None and around.known is not None:
            return around.known.name + place.county
    if context is None or context == NATION or context.endswith(place.county):
        return context if context and context != NATION else place.county
    return context + place.county if find_region(context) else place.county


def _lies_in(city: Region, around: Region) -> bool:
    return around in (city, gazetteer().province_of(city))


def _fits(level: str, region: str) -> bool:
    """Whether a region may be what a text calls 省, 市 or 区."""
    if level == "区":
        return region.endswith("区") and not region.endswith("自治区")
    return region.endswith(level)


def _region_in(text: str, level: str) -> str | None:
    """The first region a text names, of the level if it is known."""
    for match in names_pattern().finditer(text):
        region = find_region(match[0])
        if region is not None and _fits(level, region.name):
            return region.name
    return None


# Reports


@cache
def _national_pattern() -> re.Pattern[str]:
    return re.compile("代表国务院|国务院政府工作报告|届全国人民代表大会|^国务院$")


@cache
def _heading_year_pattern() -> re.Pattern[str]:
    return re.compile("^[一二三四五]、[^\\n。]{0,20}?(20[0-9]{2})年([^\\n。]{0,20})", re.MULTILINE)


@cache
def _date_pattern() -> re.Pattern[str]:
    return re.compile("(20[0-9]{2})年([0-9]{1,2})月")


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile("(20[0-9]{2})年")


def _report_region(page: _Page, report: Weighed, context: str | None) -> str | None:
    level = ""
    for written in report.places():
        place = _read_place(written.removesuffix("人民"), _county_pattern())
        if place is not None:
            return _full_name(place, page, context)
        if _level_pattern().fullmatch(written.removesuffix("人民")):
            level = level or written.removesuffix("人民")
    if any(_national_pattern().search(match[0]) for _, match in report.found):
        return NATION
    if context is not None and context != NATION and _fits(level, context):
        return context
    titled = next((line for line in page.lines if "政府工作报告" in line), "")
    return _region_in(page.title + titled, level) or _region_in(page.opening, level)


def _report_year(page: _Page, report: Weighed) -> int | None:
    for one, match in report.found:
        session = _date_pattern().search(match[0]) if one.part is Part.LINE else None
        if session is not None:
            if int(session[2]) < _LATE_SESSION:
                return int(session[1])
            return _plan_year(page.text) or int(session[1]) + 1
    return _plan_year(page.text) or _year(page.title + "\n" + page.opening)


def _plan_year(text: str) -> int | None:
    """The latest year in a heading of the first level; for a review, the year after it."""
    found = _heading_year_pattern().findall(normalize_characters(text))
    years = [int(year) + ("回顾" in rest) for year, rest in found]
    return max(years, default=None)


def _year(text: str) -> int | None:
    years = [int(year) for year in _year_pattern().findall(text)]
    return years[0] if years else None


def _report_title(page: _Page) -> str:
    return next((line for line in page.lines if "政府工作报告" in line), "")[:_LONGEST_TITLE]


# Plans


@cache
def _issuer_pattern() -> re.Pattern[str]:
    return re.compile("^(?P<issuer>[^《，。]{2,60}?)(?:关于|印发)")


@cache
def _plan_name_pattern() -> re.Pattern[str]:
    return re.compile("^(?:.{0,60}(?:印发|发布|公布|下发|转发|批转))?《?(?:20[0-9]{2}年度?)?")


@cache
def _yearly_pattern() -> re.Pattern[str]:
    return re.compile("(20[0-9]{2})年(?:度)?[^，。—至到]{0,30}(?:要点|安排|工作计划|清单|分工方案)")


@cache
def _issued_pattern() -> re.Pattern[str]:
    return re.compile("[〔\\[【（](20[0-9]{2})[〕\\]】）]")


def _issuer(page: _Page, plan: Weighed, context: str | None) -> tuple[Speaker | None, str | None]:
    """The speaker and region of a plan: by title, header, signature, number, in this order.

    The speaker is None where nothing names one.
    """
    level = ""
    for written in _offices(page):
        office = written.removeprefix("中共")
        found = _central_issuer(office)
        if found is not None:
            return found
        place = _read_place(office, _county_pattern())
        if place is not None:
            return Speaker.GOVERNMENT, _full_name(place, page, context)
        named = _level_pattern().match(office)
        level = level or (named[0] if named else "")
    number = _number(page)
    return _numbered(number) or (
        None,
        _plan_region(page, _plan_name(_title_line(plan)), number, level, context),
    )


def _central_issuer(office: str) -> tuple[Speaker, str] | None:
    """The State Council or a ministry, by the form of its name."""
    if _compiled(_words().central).search(office):
        return Speaker.GOVERNMENT, NATION
    if _compiled(_words().ministries).search(office):
        return Speaker.MINISTRY, NATION
    return None


def _plan_region(
    page: _Page, name: str, number: str, level: str, context: str | None
) -> str | None:
    """The region of a plan whose issuer is not named: by its own name, its number, the context.

    Args:
        page: the page of the plan.
        name: the plan's own name.
        number: its document number, or an empty text.
        level: what its issuer calls its place (省, 市), or an empty text.
        context: the region whose documents are expected.
    """
    own = _read_place(name, _short_county_pattern())
    if own is not None and (own.known is not None or not level or _fits(level, own.county)):
        return _full_name(own, page, context)
    numbered = _region_of_number(number, level, context)
    if numbered is not None:
        return numbered
    if context is None:
        return _region_in(name, level)
    return context if _fits(level, context) else None


def _region_of_number(number: str, level: str, context: str | None) -> str | None:
    """The region whose documents have such numbers: 皖政办 is 安徽省, 合政办 合肥市."""
    codes = _words().codes
    lengths = range(min(len(number), max(map(len, codes))), 0, -1)
    code = next((number[:length] for length in lengths if number[:length] in codes), None)
    if code is None:
        return None
    if len(code) == 1 and _compiled("^{code_follows}").match(number[1:]) is None:
        return None
    fitting = [region for region in codes[code] if _fits(level, region)]
    if context in fitting:
        return context
    return fitting[0] if len(fitting) == 1 else None


def _offices(page: _Page) -> Iterator[str]:
    """What may be the issuer: before 关于 in the title, in the header, in the signature."""
    for line in (page.title, *page.lines[:_HEADER_LINES]):
        issuer = _issuer_pattern().match(line)
        if issuer is not None:
            yield issuer["issuer"]
    office = _compiled("^[^，。：；！《》]{0,50}{office}(?:文件|令)?$")
    for line in (*page.lines[:_HEADER_LINES], *page.end):
        if len(line) <= _LONGEST_OFFICE and office.match(line):
            yield line


def _title_line(plan: Weighed) -> str:
    """The title, or the line that has its form."""
    return next((match.string for one, match in plan.found if one.part is Part.NAME), "")


def _plan_name(titled: str) -> str:
    """The plan's own name, out of the title of the notice that issues it."""
    prefix = _plan_name_pattern().match(titled)
    return titled[prefix.end() :] if prefix else titled


def _number(page: _Page) -> str:
    """The document number in the header, or an empty text."""
    for line in page.lines[:_HEADER_LINES]:
        found = _compiled("{number}").search(line)
        if found is not None and len(line) <= _LONGEST_OFFICE:
            return found[0]
    return ""


def _numbered(number: str) -> tuple[Speaker, str] | None:
    """The central office whose documents have such numbers."""
    for one in _words().numbers:
        if _compiled(one.pattern).search(number):
            return one.speaker, one.region
    return None


def _issue_year(page: _Page, title: str, published: date | None) -> int | None:
    """The year a plan is for, if it is for one; else the year it was issued in."""
    yearly = _yearly_pattern().search(title)
    if yearly is not None:
        return int(yearly[1])
    number = _issued_pattern().search(_number(page))
    if number is not None:
        return int(number[1])
    signed = next((m for line in page.end if (m := _signed_pattern().match(line))), None)
    if signed is not None:
        return int(signed[1])
    if published is not None:
        return published.year
    span = _span_pattern().search(title)
    return int(span[1]) if span else _year(title + "\n" + page.opening)


@cache
def _span_pattern() -> re.Pattern[str]:
    # 2025—2027年
    return re.compile("(20[0-9]{2})年?[—–~至到-]+20[0-9]{2}年")


@cache
def _signed_pattern() -> re.Pattern[str]:
    return re.compile("^(20[0-9]{2})年[0-9]{1,2}月[0-9]{1,2}日$")
