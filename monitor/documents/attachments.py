"""The files that a page offers: links, viewers, frames and scripts. Pure.

Which of them has text of the document and which is a form to fill in, its name says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from selectolax.lexbor import LexborNode

from monitor.documents.blocks import Layout, Reference
from monitor.documents.boilerplate import is_foreign_name
from monitor.documents.html_text import clean_line, letters_of
from monitor.model.documents import Attachment

if TYPE_CHECKING:
    import re2

READABLE = frozenset({"pdf", "docx", "txt"})
"""Extensions of the files that are read."""

_MAX_LINKS = 5_000
_MAX_ATTACHMENTS = 50
_MAX_SCRIPT = 2_000
_MIN_NAME = 4
_SCRIPT_FILES = tuple(
    f".{name}{quote}" for name in ("pdf", "PDF", "doc", "docx", "wps", "ofd") for quote in "\"'"
)
_VIEWERS = frozenset({"iframe", "embed", "object"})
_ASIDE = frozenset({"nav", "footer", "aside"})
_RELATED = ("xiangguan", "relat", "xg")


@cache
def _file_word_pattern() -> re.Pattern[str]:
    # For small letters: an expression that heeds no case is tried at each character.
    return re.compile(
        r"\.(?:pdf|doc|wps|ofd|xls|et|ppt|txt|zip|rar)|down|file|attach|fujian|upload|annex"
    )


@cache
def _extension_pattern() -> re.Pattern[str]:
    return re.compile(r"\.(pdf|docx?|wps|ofd|xlsx?|et|pptx?|txt|zip|rar)$", re.IGNORECASE)


@cache
def _may_be_file_pattern() -> re.Pattern[str]:
    return re.compile(r"\.(?:pdf|doc|wps|ofd|xls|et|ppt|txt|zip|rar)", re.IGNORECASE)


@cache
def _sending_pattern() -> re.Pattern[str]:
    # The address of a script that sends a file, whose name the label says.
    return re.compile(r"down|file|attach|fujian|upload|annex", re.IGNORECASE)


@cache
def _named_pattern() -> re.Pattern[str]:
    return re.compile(
        r"\.(pdf|docx?|wps|ofd|xlsx?|et|pptx?|zip|rar)\s*(?:[（(][^（）()]{0,16}[）)])?$", re.I
    )


@cache
def _quoted_pattern() -> re.Pattern[str]:
    return re.compile(
        r"""['"]([^'"<>]{1,500}\.(?:pdf|docx?|wps|ofd|xlsx?|et)(?:\?[^'"<>]{0,200})?)['"]""",
        re.IGNORECASE,
    )


@cache
def _script_file_pattern() -> re.Pattern[str]:
    return re.compile(
        r"""(?<!href=)(?<!src=)["']([^"'<>\n]{1,500}\.(?:pdf|docx?|wps|ofd))["']""", re.IGNORECASE
    )


@cache
def _label_pattern() -> re.Pattern[str]:
    return re.compile(
        r"^\s*(?:相关)?附件\s*\d{0,2}\s*[：:.、]?\s*|^\s*(?:点击)?(?:下载|查看)\s*[：:]?\s*(?=\S{4})"
    )


def find_attachments(layout: Layout, url: str | None, script: str = "") -> tuple[Attachment, ...]:
    """The files and viewers of a page, each once, none of its menus and imprint.

    Args:
        layout: the page.
        url: its address; without one the references are returned as they stand.
        script: the markup of a page that shows little text, whose scripts may show a file.
    """
    found: dict[str, Attachment] = {}
    announced = announcing_lines(layout)
    for one in layout.references[:_MAX_LINKS]:
        reference = _file_reference(one) or _unnamed_reference(layout, one, announced)
        if not reference:
            continue
        target = urljoin(url, reference) if url else reference
        if url and not target.startswith(("http://", "https://")):
            continue
        if target in found or _is_aside(layout, one.block):
            continue
        is_shown = one.node.tag in _VIEWERS
        found[target] = Attachment(_name(one.node, target), target, is_shown=is_shown)
        if len(found) >= _MAX_ATTACHMENTS:
            break
    if not found and script:
        for target, name in _script_files(script, url):
            found.setdefault(target, Attachment(name, target, is_shown=True))
    return tuple(found.values())[:_MAX_ATTACHMENTS]


def _script_files(markup: str, url: str | None) -> Iterator[tuple[str, str]]:
    """The files that a script shows or lists, with their names."""
    if not any(extension in markup for extension in _SCRIPT_FILES):
        return
    for match in _script_file_pattern().finditer(markup):
        written = match[1].replace("\\/", "/").strip().replace(" ", "%20")
        target = urljoin(url, written) if url else written
        if "/" in written and (not url or target.startswith(("http://", "https://"))):
            yield target, unquote(urlsplit(target).path.rpartition("/")[2])[:200]


def extension_of(one: Attachment) -> str:
    """The extension of a file by its address, else by its name; in lower case, without the dot."""
    for text in (*_paths(one.url), one.name):
        match = _extension_pattern().search(text) or _named_pattern().search(text)
        if match is not None:
            return match[1].lower()
    return ""


def holds_text(one: Attachment, title: str, *, strict: bool = False) -> bool:
    """Whether a file by its name is a text that belongs to the document, not a form or a table.

    Args:
        one: the file.
        title: of the document.
        strict: a name that says nothing is none of a text.
    """
    if extension_of(one) in {"xls", "xlsx", "et", "zip", "rar", "ppt", "pptx"}:
        return False
    if one.is_shown:
        return True
    name = _extension_pattern().sub("", one.name)
    if _form_pattern().search(name) is not None:
        return False
    if _text_pattern().search(name) is not None:
        return True
    if not strict and re.search(r"[\u3400-\u9fff]", name) is None:
        return True
    wanted = letters_of(title)
    return bool(wanted) and (letters_of(name)[:8] in wanted)


def is_packed(one: Attachment) -> bool:
    """Whether a file is an archive, in which the text of a short notice may be."""
    name = _extension_pattern().sub("", one.name)
    return extension_of(one) in {"zip", "rar"} and _form_pattern().search(name) is None


def is_unnamed(one: Attachment) -> bool:
    """Whether neither the address nor the name of a file says of what format it is."""
    return not one.is_shown and not extension_of(one)


def is_copy(one: Attachment, title: str) -> bool:
    """Whether a file is the page itself in another format."""
    name = letters_of(_extension_pattern().sub("", one.name))
    return bool(name) and (
        name == letters_of(title) or _copy_pattern().search(one.name) is not None
    )


def _file_reference(one: Reference) -> str:
    """The file that an element leads to, as written; empty for a page."""
    attributes = one.attributes
    written = attributes.get("href") or attributes.get("src") or attributes.get("data") or ""
    if not _may_lead_to_file(written, attributes):
        return ""
    written = written.strip()
    reference = _file_in(written) if "." in written else ""
    if not reference and len(attributes) > 1:
        for name, value in attributes.items():
            if name.startswith("data-") and value and "." in value:
                reference = reference or _file_in(value.strip())
    if not reference:
        script = attributes.get("onclick") or (
            written if written[:10].lower() == "javascript" else ""
        )
        match = _quoted_pattern().search(script[:_MAX_SCRIPT]) if script else None
        reference = match[1].strip() if match is not None else ""
    if not reference and _sending_pattern().search(written) is not None:
        label = one.node.text(strip=True)
        named = len(label) <= 200 and _named_pattern().search(label) is not None
        reference = written if named and written[:10].lower() != "javascript" else ""
    return " ".join(reference.split()).replace(" ", "%20")


def announcing_lines(layout: Layout) -> list[tuple[int, str]]:
    """The lines that begin with 附件, with their places."""
    found = (
        (index, line.text)
        for index, line in enumerate(layout.lines)
        if line.text[:4].lstrip("（(【[").startswith("附件")
    )
    return list(islice(found, _MAX_ATTACHMENTS))


def is_announced(
    layout: Layout, one: Reference, label: str, announced: Sequence[tuple[int, str]]
) -> bool:
    """Whether a line around a link announces what it leads to: 附件：, then its label."""
    block = layout.blocks[one.block]
    return any(block.first <= index < block.end and label in text for index, text in announced)


def _unnamed_reference(layout: Layout, one: Reference, announced: Sequence[tuple[int, str]]) -> str:
    """The address that sends a file of unknown format, in a line that begins with 附件."""
    written = (one.attributes.get("href") or "").strip()
    if _sending_pattern().search(written) is None or written[:10].lower() == "javascript":
        return ""
    label = clean_line(one.node.text(deep=True)[:200])
    if len(letters_of(label)) < _MIN_NAME:
        return ""
    if not is_announced(layout, one, label, announced):
        return ""
    return " ".join(written.split()).replace(" ", "%20")


def _may_lead_to_file(written: str, attributes: dict[str, str | None]) -> bool:
    """Whether an element may lead to a file; most links of a page do not."""
    if "onclick" in attributes or _file_word_pattern().search(written.lower()) is not None:
        return True
    return len(attributes) > 1 and any(name.startswith("data-") for name in attributes)


def _file_in(reference: str) -> str:
    """A reference to a file, or the file that a viewer is asked to show; empty for a page."""
    if _may_be_file_pattern().search(reference) is None:
        return ""
    if reference.lower().startswith(("javascript:", "data:", "mailto:")):
        return ""
    try:
        parts = urlsplit(reference)
    except ValueError:
        return ""
    if _extension_pattern().search(parts.path.strip()) is not None:
        return reference
    for _, value in parse_qsl(parts.query):
        if _extension_pattern().search(urlsplit(value).path.strip()) is not None:
            # viewer.html?file=/a/plan.pdf shows a file, download?name=plan.pdf sends it.
            return value if "/" in value or "view" in parts.path.lower() else reference
    return ""


def _paths(url: str) -> list[str]:
    parts = urlsplit(url)
    return [unquote(parts.path), *(value for _, value in parse_qsl(parts.query))]


def _name(node: LexborNode, target: str) -> str:
    shown = clean_line(node.text(deep=True)[:400]) if node.tag == "a" else ""
    shown = shown or clean_line(node.attributes.get("title") or "")
    plain = _label_pattern().sub("", shown)
    if len(plain) >= 3:
        return plain[:200]
    if shown:
        return shown
    return unquote(urlsplit(target).path.rpartition("/")[2])[:200] or target[:200]


def _is_aside(layout: Layout, block: int) -> bool:
    for index in (block, *layout.ancestors(block)):
        one = layout.blocks[index]
        if one.tag in _ASIDE:
            return True
        if len(one.names) > 1 and one.tag != "body" and is_foreign_name(one.names):
            # 相关附件 stands in a block of that name.
            return not any(name in one.names for name in _RELATED)
    return False


@cache
def _form_pattern() -> re2._Regexp:
    return _compiled("forms")


@cache
def _text_pattern() -> re2._Regexp:
    return _compiled("texts")


@cache
def _copy_pattern() -> re2._Regexp:
    return _compiled("copies")


def _compiled(name: str) -> re2._Regexp:
    import re2

    from monitor.documents.tables import attachment_names

    return re2.compile("|".join(getattr(attachment_names(), name)))
