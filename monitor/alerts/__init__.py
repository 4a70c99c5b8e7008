"""Alerts: from the outbox to a chat, and the bot that people talk with."""

from __future__ import annotations

from monitor.alerts.atom import AtomSender
from monitor.alerts.bot import build_application
from monitor.alerts.compose import check_template, composer
from monitor.alerts.delivery import (
    MAX_ATTEMPTS,
    Courier,
    DeliveryReport,
    deliver_due,
    delivery_loop,
)
from monitor.alerts.desk import Office, Policy, door
from monitor.alerts.difference import marked
from monitor.alerts.hook import webhook
from monitor.alerts.message import Message, Span
from monitor.alerts.pace import Pace
from monitor.alerts.pages import render
from monitor.alerts.redact import install_redaction
from monitor.alerts.render import describe, headline
from monitor.alerts.samples import sample_change
from monitor.alerts.sender import Sender, Ways
from monitor.alerts.service import AppriseSender
from monitor.alerts.serving import polling
from monitor.alerts.signed_json import SECRET_PREFIX as WEBHOOK_SECRET_PREFIX
from monitor.alerts.signed_json import Lookup, WebhookSender
from monitor.alerts.telegram import TelegramSender
from monitor.alerts.terminal import TerminalSender, as_text
from monitor.alerts.testing import FakeSender

__all__ = [
    "MAX_ATTEMPTS",
    "WEBHOOK_SECRET_PREFIX",
    "AppriseSender",
    "AtomSender",
    "Courier",
    "DeliveryReport",
    "FakeSender",
    "Lookup",
    "Message",
    "Office",
    "Pace",
    "Policy",
    "Sender",
    "Span",
    "TelegramSender",
    "TerminalSender",
    "Ways",
    "WebhookSender",
    "as_text",
    "build_application",
    "check_template",
    "composer",
    "deliver_due",
    "delivery_loop",
    "describe",
    "door",
    "headline",
    "install_redaction",
    "marked",
    "polling",
    "render",
    "sample_change",
    "webhook",
]
