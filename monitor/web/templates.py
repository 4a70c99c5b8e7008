"""The Jinja environment of the site, and its texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from monitor.extraction.regions import english_name
from monitor.messages.i18n import alert_texts, short_metric, short_region, verdict_symbol
from monitor.messages.richtext import Span
from monitor.yaml import read_yaml

_FOLDER = Path(__file__).parent
STATIC = _FOLDER / "static"


class Texts:
    """The words of a page in one language: ``t.name`` or ``t['name']`` in templates.

    No mapping: its methods (``clear``, ``items``) would hide words of the same name.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        """Keep the words."""
        self._words = words

    def __getitem__(self, name: str) -> str:
        return self._words[name]

    def __getattr__(self, name: str) -> str:
        try:
            return self._words[name]
        except KeyError:
            raise AttributeError(name) from None


def environment() -> Environment:
    """The templates. All that is put into them is escaped; a name nobody gave is an error."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "spans": marked,
        "region": region_name,
        "short_region": short_region_name,
        "english_region": english_name,
        "verdict_symbol": verdict_symbol,
        "short_metric": short_metric,
        "path": path_part,
    }
    made.globals |= {"static": static_address, "query": query, "alert_texts": alert_texts}
    return made


def region_name(name: str, language: str) -> str:
    """A region as a page names it: 贵州省, in English 贵州省 Guizhou."""
    return _with_english(name, name, language)


def short_region_name(name: str | None, language: str) -> str:
    """The name in everyday use: 贵州, in English 贵州 Guizhou."""
    return _with_english(short_region(name), name or "", language)


def _with_english(shown: str, name: str, language: str) -> str:
    english = english_name(name) if language == "en" else ""
    return f"{shown} {english}".strip()


def marked(spans: Iterable[Span]) -> Markup:
    """Spans of ``monitor.messages`` as HTML: what was taken out is ``del``, what came ``ins``."""
    # Markup's own join and format escape once more, which costs most of a long page's time.
    parts: list[str] = []
    for span in spans:
        text = str(escape(span.text))
        if span.strike:
            text = f"<del>{text}</del>"
        elif span.bold:
            text = f"<ins>{text}</ins>"
        parts.append(text)
    return Markup("".join(parts))  # noqa: S704 - each part is escaped


def query(values: Mapping[str, object], **others: object) -> str:
    """``?region=…&kind=…``: the values that are there, in the order they are given.

    Args:
        values: by name; a tuple or list gives the name several times.
        others: instead of those of the same name; None leaves a name out.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in {**values, **others}.items():
        several = value if isinstance(value, tuple | list) else (value,)
        pairs += [(name, str(one)) for one in several if one not in {None, ""}]
    return "?" + urlencode(pairs) if pairs else "?"


def path_part(text: object) -> str:
    """A text as one part of a path."""
    return quote(str(text), safe="")


@cache
def static_address(name: str) -> str:
    """The address of a file of the package: it changes with the file, so browsers may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{digest}/{name}"


@cache
def texts_of(page: str, language: str) -> Texts:
    """The words of a page over those that all pages have.

    Args:
        page: its name; a page without words of its own has the common ones.
        language: zh or en.
    """
    common, own = _FOLDER / "texts" / "common.yaml", _FOLDER / "texts" / f"{page}.yaml"
    words = dict(read_yaml(common).value[language])
    if own.is_file():
        words |= read_yaml(own).value[language]
    return Texts(words)
