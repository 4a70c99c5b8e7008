"""An operator's own message: a template that is proved before it is used.

What a template can do wrong it does wrong when it is read: it is tried on sample alerts of every
kind, and refused with its line. Should a real alert still break it, the message everybody else
gets is sent instead, so that no template can lose an alert.
"""

from __future__ import annotations

import logging
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import jinja2
from jinja2.exceptions import TemplateSyntaxError

from monitor.errors import UserError
from monitor.messages.alert_message import MOST_CHANGES, render, repetition
from monitor.messages.html_parser import MarkupError, parse_markup
from monitor.messages.richtext import ENTITY_LIMIT, TEXT_LIMIT, Message
from monitor.messages.template_context import FIELDS, VARIABLES, ChangeView, change_views, variables
from monitor.messages.template_samples import samples
from monitor.messages.template_sandbox import (
    environment,
    mark_lines,
    restrict,
    variables_with_budget,
)
from monitor.outbox.load import AlertDocument, OutboxAlert

SOURCE_LIMIT = 16_384
"""Code points of a template."""

OUTPUT_LIMIT = 60_000
"""Code points a template may give with its markup; a message has 4096 without."""

_SIGN = "\x00"
_MARKED_LINE = re.compile(f"{_SIGN}(\\d+){_SIGN}")
# Jinja2 names the class of what has no such field; an operator knows it by another name.
_OBJECT = re.compile(r"'monitor\.alerts\.view\.(\w+?)View object'")
_BLANK_LINES = re.compile(r"\n\s*\n\s*\n")

log = logging.getLogger(__name__)


class _Trouble(Exception):
    """A template that gave no message; ``line`` is the template's, where it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(" ".join(message.split()))


@dataclass(frozen=True, slots=True)
class Template:
    """A template that has been proved. ``path`` is where it was read."""

    path: Path
    compiled: jinja2.Template

    def render(self, alert: OutboxAlert) -> Message:
        """The message of an alert: as many of its changes as fit, strongest first.

        A source's turn, and an alert that breaks the template, get the built-in message; the
        latter is logged as ``template.failed``.
        """
        if alert.document is None or not alert.changes:
            return render(alert)
        try:
            return _fitting(self.compiled, alert, alert.document)
        except _Trouble as trouble:
            log.warning(
                "template.failed",
                extra={
                    "template": str(self.path),
                    "template_line": trouble.line,
                    "alert": alert.id,
                    "reason": str(trouble),
                },
            )
            return render(alert)


def load_template(path: Path) -> Template:
    """Read a template and prove it.

    Raises:
        UserError: it cannot be read, or see ``compile_template``.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", file=path) from None
    except UnicodeDecodeError:
        raise UserError("is no text in UTF-8", file=path) from None
    return compile_template(source, path)


def compile_template(source: str, path: Path) -> Template:
    """A template from its text, tried on samples of every kind of change in both languages.

    Args:
        source: in the language of docs/reference/templates.md.
        path: the name errors carry.

    Raises:
        UserError: it is too long, is no template, names what there is not, does what is not
            offered, gives markup that Telegram would refuse, or gives no message.
    """
    if len(source) > SOURCE_LIMIT:
        raise UserError(
            f"the template has {len(source)} characters",
            file=path,
            hint=f"a template has at most {SOURCE_LIMIT}",
        )
    try:
        compiled = _compiled(source.replace(_SIGN, ""))
    except TemplateSyntaxError as error:
        message, _, hint = (error.message or "is no template").partition(" – ")
        raise UserError(message, file=path, line=error.lineno, hint=hint or None) from None
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UserError(f"this is no template: {reason}", file=path) from None
    for what, alert in samples():
        if alert.document is None:  # pragma: no cover - samples tell of documents
            continue
        try:
            _fitting(compiled, alert, alert.document)
        except _Trouble as trouble:
            message, _, hint = str(trouble).partition(" – ")
            raise UserError(
                f"{message} (tried with {what}, {alert.language})",
                file=path,
                line=trouble.line,
                hint=hint or None,
            ) from None
    return Template(path, compiled)


def _compiled(source: str) -> jinja2.Template:
    sandbox = environment()
    tree = sandbox.parse(source)
    restrict(tree, VARIABLES, FIELDS)
    mark_lines(tree, _SIGN)
    return jinja2.Template.from_code(sandbox, sandbox.compile(tree), {}, None)


def _fitting(compiled: jinja2.Template, alert: OutboxAlert, document: AlertDocument) -> Message:
    """The message with the most changes that Telegram takes.

    Raises:
        _Trouble: not even one change gives a message.
    """
    views = change_views(alert, MOST_CHANGES)
    whole = _message(compiled, alert, document, views)
    if whole.fits:
        return whole
    # The first number of changes that is too many; a longer list makes no shorter message.
    sizes = range(1, len(views))
    most = bisect_left(
        sizes, True, key=lambda n: not _message(compiled, alert, document, views[:n]).fits
    )
    if most == 0:
        raise _Trouble(
            "one change alone makes too long a message "
            f"– Telegram takes {TEXT_LIMIT} characters and {ENTITY_LIMIT} styled places"
        )
    return _message(compiled, alert, document, views[:most])


def _message(
    compiled: jinja2.Template,
    alert: OutboxAlert,
    document: AlertDocument,
    changes: tuple[ChangeView, ...],
) -> Message:
    told = _output(compiled, variables(alert, document, changes))
    marks = list(_MARKED_LINE.finditer(told))
    try:
        spans = parse_markup(_MARKED_LINE.sub("", told).strip())
    except MarkupError as error:
        raise _Trouble(str(error), _line_of(error.offset, told, marks)) from None
    if not any(span.text.strip() for span in spans):
        raise _Trouble("the message is empty – Telegram takes no empty message")
    return Message((*spans, *repetition(alert)))


def _output(compiled: jinja2.Template, named: dict[str, object]) -> str:
    context = compiled.new_context(variables_with_budget(named))
    pieces: list[str] = []
    size = 0
    try:
        for piece in compiled.root_render_func(context):
            pieces.append(piece)
            size += len(piece)
            if size > OUTPUT_LIMIT:
                break
    except Exception as error:  # noqa: BLE001 - an operator's template may raise anything
        reason = str(error) or type(error).__name__
        raise _Trouble(_OBJECT.sub(_said, reason), _line(compiled, error.__traceback__)) from None
    if size > OUTPUT_LIMIT:
        raise _Trouble(f"it gives more than {OUTPUT_LIMIT} characters")
    return _BLANK_LINES.sub("\n\n", "".join(pieces))


def _said(found: re.Match[str]) -> str:
    return f"a {found[1].lower()}"


def _line(compiled: jinja2.Template, trace: TracebackType | None) -> int | None:
    """The line of the template that was at work when something was raised."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = compiled.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def _line_of(offset: int, told: str, marks: list[re.Match[str]]) -> int | None:
    """The line of the template that a place of its output, without the marks, comes from."""
    places: list[int] = [-1]
    taken = len(told) - len(told.lstrip())
    for mark in marks:
        places.append(mark.start() - taken)
        taken += len(mark[0])
    index = bisect_right(places, offset) - 1
    return int(marks[index - 1][1]) if index > 0 else None
