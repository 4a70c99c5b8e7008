"""The sample site's pages: what stands at an address in a round, as bytes.

``site.yaml`` names the pages of the story; a text of ``texts/`` is put into a frame of ``frames/``.
A page that looks different and says the same is thus one text in two frames, and an edit is a line
of ``site.yaml``. The reports of ``provinces.yaml`` fill the map, the charts and the grid.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict

from monitor.yaml import read_yaml, validate

FOLDER = Path(__file__).parent
ROUNDS = (1, 2)
"""The sample site is visited twice, and edited between the visits."""

YEARS = (2025, 2026)
"""Of the reports that ``provinces.yaml`` has."""

_REPORTS = "/reports/index.html"
_PORTAL = "各地政府工作报告汇编（示例）"


# What pages of these sites say of their charset, which is not what they are written in.
_LABELS = {"gb18030": "gb2312"}


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    old: str
    new: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    frame: str
    site: str
    title: str
    published: date | None = None
    source_line: str = ""
    text: str | None = None
    lines: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    charset: str = "utf-8"
    declared: str | None = "utf-8"
    status: int = 200
    counter: bool = False
    edits: tuple[_Edit, ...] = ()
    rounds: tuple[int, ...] = ROUNDS
    then: dict[str, Any] = {}


class _Province(BaseModel):
    """The reports of a province, one for each of ``YEARS``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: str
    published: tuple[date, ...]
    review: tuple[tuple[str, ...], ...]
    plan: tuple[tuple[str, ...], ...]


class _Site(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    notice: str
    pages: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What the site answers for one address.

    ``lasting`` is False where the page changes at each request, so that it has no validator.
    """

    status: int
    content_type: str
    body: bytes
    lasting: bool


@dataclass(frozen=True, slots=True)
class _Link:
    href: str
    title: str
    published: date | None


def addresses() -> tuple[str, ...]:
    """The paths of all pages, of whichever round, in the order of ``site.yaml``."""
    return tuple(entry.path for entry in _all_entries())


def page_at(path: str, *, round_: int, visits: int = 0) -> Page | None:
    """The page at a path, or None if nothing is there in that round.

    Args:
        path: absolute, as in a request line, without query.
        round_: 1 or 2.
        visits: what a page with a counter shows.
    """
    entry = _entries(round_).get(path)
    if entry is None:
        return None
    markup = (
        _frames()
        .get_template(entry.frame)
        .render(
            site=entry.site,
            title=entry.title,
            published=entry.published,
            chinese_date="" if entry.published is None else _in_chinese(entry.published),
            source_line=entry.source_line,
            lines=_lines(entry),
            links=[_link(entry, to, round_) for to in entry.links],
            notice=_site().notice,
            visits=visits,
            label=_LABELS.get(entry.charset, entry.charset),
        )
    )
    declared = "" if entry.declared is None else f"; charset={entry.declared}"
    return Page(
        entry.status, f"text/html{declared}", markup.encode(entry.charset), not entry.counter
    )


def _lines(entry: _Entry) -> list[str]:
    if entry.text is None:
        return list(entry.lines)
    text = (FOLDER / "texts" / entry.text).read_text(encoding="utf-8")
    for edit in entry.edits:
        if edit.old not in text:
            raise ValueError(f"{entry.text} does not say {edit.old}")
        text = text.replace(edit.old, edit.new)
    return text.splitlines()


def _link(entry: _Entry, to: str, round_: int) -> _Link:
    target = _entries(round_)[to]
    href = posixpath.relpath(to, posixpath.dirname(entry.path))
    return _Link(href if href.startswith(".") else f"./{href}", target.title, target.published)


def _in_chinese(day: date) -> str:
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"


@cache
def _entries(round_: int) -> Mapping[str, _Entry]:
    """The pages of a round by path, with what is different in the second one."""
    return {
        entry.path: _second(entry) if round_ == ROUNDS[-1] else entry
        for entry in _all_entries()
        if round_ in entry.rounds
    }


def _second(entry: _Entry) -> _Entry:
    return _Entry.model_validate({**entry.model_dump(), **entry.then})


@cache
def _all_entries() -> tuple[_Entry, ...]:
    """The pages of ``site.yaml``, and the reports of other provinces with the list of them."""
    reports = sorted(_reports(), key=lambda one: one.published or date.min, reverse=True)
    listing = _Entry(
        path=_REPORTS,
        frame="trs_list.html",
        site=_PORTAL,
        title="政府工作报告",
        links=tuple(report.path for report in reports),
    )
    return (*_site().pages, listing, *reports)


def _reports() -> Iterator[_Entry]:
    for number, province in enumerate(_provinces(), 101):
        for index, (year, published) in enumerate(zip(YEARS, province.published, strict=True)):
            yield _Entry(
                path=f"/reports/{published:%Y%m}/t{published:%Y%m%d}_{number}{index}.html",
                frame="trs_article.html",
                site=_PORTAL,
                title=f"{year}年{province.region}政府工作报告",
                published=published,
                source_line=f"{province.region}人民政府",
                lines=(
                    f"（{_in_chinese(published)}在{province.region}人民代表大会会议上）",
                    "各位代表：",
                    "现在，我代表人民政府向大会报告工作，请予审议。",
                    f"一、{year - 1}年工作回顾",
                    *province.review[index],
                    f"二、{year}年重点工作",
                    *province.plan[index],
                    "稳定粮食播种面积，办好民生实事。",
                    "各位代表，让我们团结奋斗，完成全年目标任务。",
                ),
            )


@cache
def _provinces() -> tuple[_Province, ...]:
    file = read_yaml(FOLDER / "provinces.yaml")
    return tuple(
        validate(file, _Province, at=(number,), value=one) for number, one in enumerate(file.value)
    )


@cache
def _site() -> _Site:
    return validate(read_yaml(FOLDER / "site.yaml"), _Site)


@cache
def _frames() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "frames"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
