"""How a source is written in YAML: the model that checks a file, key by key."""

from __future__ import annotations

import codecs
import re
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import re2
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from monitor.catalogue.model import Tls
from monitor.errors import RefusedAddress
from monitor.model.documents import DocumentKind
from monitor.model.statements import Speaker
from monitor.urls import parse_url

_DURATION = re.compile(r"(\d{1,5})\s*(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHORTEST = timedelta(minutes=1)
_ADDRESS_FIX = "write the address as a browser shows it, without user name and password"


def _duration(value: object) -> timedelta:
    return _duration_of(value.strip() if isinstance(value, str) else "")


# Thousands of sources have the same few intervals.
@lru_cache(maxsize=256)
def _duration_of(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("write a time as 30m, 6h, 7d or 2w")
    found = timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})
    if found < _SHORTEST:
        raise ValueError("a minute is the shortest time between visits")
    return found


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


def _or_none(value: object) -> object:
    # A key with nothing behind it, as a file that was just begun has it.
    return () if value is None else value


_ADDRESS = re.compile(r"https?://[^/?#\\\s]", re.IGNORECASE)


def _address(value: object) -> str:
    """An address that the fetcher would request: it reads it with the same parser."""
    address = str(value)
    if _ADDRESS.match(address) is None:
        raise ValueError("write an address that begins with http:// or https://")
    if " " in address:
        raise ValueError("write %20 for each space")
    try:
        parse_url(address)
    except RefusedAddress as error:
        # The address is not repeated: it may hold a password.
        raise ValueError(f"{error.reason}; {_ADDRESS_FIX}") from None
    return address


def _proxy(value: object) -> object:
    if value is None or value == "direct":
        return value
    try:
        url = httpx.URL(str(value))
    except httpx.InvalidURL:
        url = httpx.URL("")
    # The value is not repeated: it may hold a password.
    kinds = {"http", "https", "socks5", "socks5h"}
    if url.scheme not in kinds or not url.host or "%" in url.host:
        raise ValueError("write http://, https:// or socks5:// with a host and a port, or direct")
    return str(value)


def _expression(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("write a regular expression in quotes")
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode() if isinstance(reason, bytes) else reason
        raise ValueError(f"this is no regular expression of RE2: {reason}") from None
    return value


def _selector(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("write a CSS selector in quotes")
    # The reading of pages is loaded where a source has a selector.
    from monitor.documents.selectors import selector_error

    wrong = selector_error(value)
    if wrong:
        raise ValueError(f"this is no CSS selector: {wrong}")
    return value


def _charset(value: object) -> str:
    try:
        return codecs.lookup(str(value)).name
    except LookupError:
        raise ValueError("this is no charset; write utf-8 or gb18030") from None


def _code(value: object) -> object:
    # Unquoted, YAML reads 520000 as a number.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Address = Annotated[str, BeforeValidator(_address)]
Expression = Annotated[str, BeforeValidator(_expression)]
Selector = Annotated[str, BeforeValidator(_selector)]
Host = Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,253}(:[0-9]{1,5})?$")]
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Month = Annotated[int, Field(ge=1, le=12)]
Fact = Literal["lists", "pages", "family", "link_pattern", "paging", "selectors"]
SourceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


def _some(item: Any) -> Any:
    return Annotated[tuple[item, ...], BeforeValidator(_one_or_many)]


class SelectorsEntry(BaseModel):
    """CSS selectors of a page's parts."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    title: Selector | None = None
    published: Selector | None = None
    source_line: Selector | None = None
    body: Selector | None = None


class SeasonEntry(BaseModel):
    """Months in which lists are visited at another pace."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    months: _some(Month) = ()  # type: ignore[valid-type]
    list_interval: Duration


class FamilyEntry(BaseModel):
    """What pages made by one system have in common; a source's own words come first."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    what: str
    link_pattern: Expression | None = None
    title_skip: Expression | None = None
    paging: str | None = None
    paging_from: int = 1
    season: SeasonEntry | None = None
    selectors: SelectorsEntry = SelectorsEntry()
    markers: _some(Expression) = ()  # type: ignore[valid-type]


class FamiliesFile(BaseModel):
    """builtin/families.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    families: dict[Word, FamilyEntry]


class EvidenceFile(BaseModel):
    """builtin/evidence.yaml: what the words under ``seen`` stand for."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    evidence: dict[Word, str]


class SourceEntry(BaseModel):
    """One source as written. Only ``id`` must be there: the rest may come of a built-in one."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: SourceId
    name: str | None = Field(default=None, min_length=1, max_length=100)
    region: str | None = None
    code: Annotated[str | None, BeforeValidator(_code)] = None
    speaker: Speaker = Speaker.GOVERNMENT
    document_kind: DocumentKind = DocumentKind.PAGE
    lists: _some(Address) = ()  # type: ignore[valid-type]
    pages: _some(Address) = ()  # type: ignore[valid-type]
    family: Word = "generic"
    link_pattern: Expression | None = None
    title_pattern: Expression | None = None
    title_skip: Expression | None = None
    selectors: SelectorsEntry = SelectorsEntry()
    list_interval: Duration = timedelta(hours=6)
    season: SeasonEntry | None = None
    page_interval: Duration = timedelta(days=1)
    max_links: int = Field(default=200, ge=1, le=20_000)
    list_pages: int = Field(default=1, ge=1, le=100)
    paging: str | None = Field(default=None, pattern=r"\{n\}")
    paging_from: int | None = Field(default=None, ge=0, le=10)
    max_backfill_pages: int = Field(default=14, ge=0, le=100)
    hosts: _some(Host) = ()  # type: ignore[valid-type]
    enabled: bool = True
    baseline: bool = True
    topics: _some(Word) = ()  # type: ignore[valid-type]
    allow_private: bool = False
    robots: Literal["obey", "ignore"] = "obey"
    proxy: Annotated[str | None, BeforeValidator(_proxy)] = Field(default=None, repr=False)
    tls: Tls = Tls.STRICT
    ca_file: Path | None = None
    encoding: Annotated[str | None, BeforeValidator(_charset)] = None
    confidence: Literal["seen", "unverified"] = "unverified"
    seen: dict[Fact, _some(Word)] = {}  # type: ignore[valid-type]
    notes: str = ""


class SourcesFile(BaseModel):
    """A catalogue file: built-in or the user's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    builtin: bool = True
    # Each is validated by itself as a ``SourceEntry``.
    sources: Annotated[tuple[Any, ...], BeforeValidator(_or_none)] = ()


def known_fields() -> tuple[str, ...]:
    """The keys a source may have in a file, for the documents and the test that compares them."""
    return tuple(SourceEntry.model_fields)
