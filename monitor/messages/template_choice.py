"""The message of an alert: by the template of the rule that asked for it, or built in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from monitor.messages.alert_message import alert_page, ranked
from monitor.messages.bot_i18n import bot_words
from monitor.messages.richtext import Button, Message
from monitor.outbox.load import OutboxAlert
from monitor.rules.matcher import RuleSet
from monitor.rules.model import TemplateFile

if TYPE_CHECKING:
    from monitor.messages.template import Template


def composer(rules: Callable[[], RuleSet]) -> Callable[[OutboxAlert], Message]:
    """What makes the messages of alerts, with the rules' templates as they are then.

    Args:
        rules: gives the rules of the files, at any time.
    """

    def compose(alert: OutboxAlert) -> Message:
        shown = alert_page(alert)
        file = _template_of(alert, rules())
        if file is None:
            return shown
        message = _compiled(file).render(alert)
        # The first page of the built-in message has what a short template left out.
        whole = Button(bot_words(alert.language).expand, f"a:{alert.id}:0")
        return replace(message, buttons=((whole,), *shown.buttons[-1:]), alert=alert)

    return compose


def check_template(file: TemplateFile) -> None:
    """Prove a template when its rule is read.

    Raises:
        UserError: see ``compile_template``.
    """
    _compiled(file)


def _template_of(alert: OutboxAlert, rules: RuleSet) -> TemplateFile | None:
    """The template of the rule that ranks highest among those that have one."""
    if alert.document is None:
        return None
    named = (rules.by_id.get(rule_id) for item in ranked(alert) for rule_id in item.rule_ids)
    with_one = [rule for rule in named if rule is not None and rule.template is not None]
    return max(with_one, key=lambda rule: rule.priority).template if with_one else None


@lru_cache(maxsize=64)
def _compiled(file: TemplateFile) -> Template:
    # Jinja is several megabytes that only those with a template need.
    from monitor.messages.template import compile_template

    return compile_template(file.source, file.path)
