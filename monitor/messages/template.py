"""The message of an alert: from the template of the rule that asked for it, or the built-in one.

Templates are validated on load by rendering sample alerts of every kind. If a real alert still
breaks a template, the built-in message is sent instead, so that no template loses an alert.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import UserError
from monitor.messages.alert_message import (
    MAX_CHANGES,
    TEMPLATE_PAGE,
    duplicate_note,
    page_buttons,
    ranked_changes,
    render_alert,
    unsure_count,
)
from monitor.messages.html_parser import MarkupError, parse_markup
from monitor.messages.richtext import ENTITY_LIMIT, TEXT_LIMIT, Message
from monitor.messages.template_context import (
    FIELDS,
    VARIABLES,
    ChangeView,
    TemplateError,
    change_views,
    template_variables,
)
from monitor.messages.template_samples import sample_alerts
from monitor.model.alerts import AlertDocument, OutboxAlert
from monitor.rules.matcher import RuleSet
from monitor.rules.model import TemplateFile

if TYPE_CHECKING:
    from monitor.messages.template_sandbox import SandboxedTemplate

log = logging.getLogger(__name__)


def message_renderer(rules: Callable[[], RuleSet]) -> Callable[[OutboxAlert], Message]:
    """A function that renders alerts with the templates of the rules in force.

    Args:
        rules: returns the rules of the files as they are now.
    """

    def render_message(alert: OutboxAlert) -> Message:
        built_in = render_alert(alert)
        file = _template_of(alert, rules())
        if file is None:
            return built_in
        message = _cached_template(file).render(alert)
        return replace(message, buttons=page_buttons(alert, TEMPLATE_PAGE), alert=alert)

    return render_message


def check_template(file: TemplateFile) -> None:
    """Validate a template when its rule is loaded.

    Raises:
        UserError: see ``compile_template``.
    """
    _cached_template(file)


@dataclass(frozen=True, slots=True)
class Template:
    """A validated template; ``path`` is its file."""

    path: Path
    sandboxed: SandboxedTemplate

    def render(self, alert: OutboxAlert) -> Message:
        """The message of an alert, with as many of its changes as fit, strongest first.

        Source health events, notices and digests, and alerts that break the template, get the
        built-in message; the last is logged as ``template.failed``.
        """
        if alert.document is None or not alert.changes:
            return render_alert(alert)
        try:
            return _largest_fitting(self.sandboxed, alert, alert.document)
        except TemplateError as error:
            log.warning(
                "template.failed",
                extra={
                    "template": str(self.path),
                    "template_line": error.line,
                    "alert": alert.id,
                    "reason": str(error),
                },
            )
            return render_alert(alert)


def compile_template(file: TemplateFile) -> Template:
    """Compile a template and render samples of every kind of change in both languages with it.

    Raises:
        UserError: with the line, where it is known. The template is too long, is no template,
            names what does not exist, does what is not offered, gives markup that Telegram
            would refuse, or gives no message.
    """
    # Jinja2 takes 6 MB, which only rules with a template need.
    from monitor.messages.template_sandbox import SandboxedTemplate

    tried = ""
    try:
        sandboxed = SandboxedTemplate(file.source, VARIABLES, FIELDS)
        for what, alert in sample_alerts():
            tried = f" (tried with {what}, {alert.language})"
            if alert.document is not None:
                _largest_fitting(sandboxed, alert, alert.document)
    except TemplateError as error:
        message, _, hint = str(error).partition(" – ")
        raise UserError(
            message + tried, file=file.path, line=error.line, hint=hint or None
        ) from None
    return Template(file.path, sandboxed)


def _template_of(alert: OutboxAlert, rules: RuleSet) -> TemplateFile | None:
    """The template of the rule that ranks highest among those that have one."""
    if alert.document is None:
        return None
    named = (
        rules.by_id.get(rule_id) for item in ranked_changes(alert) for rule_id in item.rule_ids
    )
    with_template = [rule for rule in named if rule is not None and rule.template is not None]
    return max(with_template, key=lambda rule: rule.priority).template if with_template else None


@lru_cache(maxsize=64)
def _cached_template(file: TemplateFile) -> Template:
    return compile_template(file)


def _largest_fitting(
    sandboxed: SandboxedTemplate, alert: OutboxAlert, document: AlertDocument
) -> Message:
    """The message with the most changes that Telegram accepts.

    Raises:
        TemplateError: the template fails, or one change alone is too long.
    """
    views = change_views(alert, MAX_CHANGES)
    message = _render(sandboxed, alert, document, views)
    if message.fits:
        return message
    # The smallest number of changes that is too many; a longer list makes no shorter message.
    sizes = range(1, len(views))
    most = bisect_left(
        sizes, True, key=lambda n: not _render(sandboxed, alert, document, views[:n]).fits
    )
    if most == 0:
        raise TemplateError(
            "one change alone makes too long a message "
            f"– Telegram takes {TEXT_LIMIT} characters and {ENTITY_LIMIT} styled places"
        )
    return _render(sandboxed, alert, document, views[:most])


def _render(
    sandboxed: SandboxedTemplate,
    alert: OutboxAlert,
    document: AlertDocument,
    changes: tuple[ChangeView, ...],
) -> Message:
    output = sandboxed.render(template_variables(alert, document, changes))
    try:
        spans = parse_markup(output.text)
    except MarkupError as error:
        raise TemplateError(str(error), output.line_at(error.offset)) from None
    if not any(span.text.strip() for span in spans):
        raise TemplateError("the message is empty – Telegram takes no empty message")
    return Message((*spans, *unsure_count(alert), *duplicate_note(alert)))
