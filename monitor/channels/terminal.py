"""Alerts in a terminal, formatted as in Telegram: for an installation without a bot.

rich is loaded with the first alert: most rounds have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.model.alerts import Recipient

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from monitor.messages.richtext import Message

_WIDTH = 88
_FRAME = 4
"""Cells of a line that the box and its padding take."""


def as_text(message: Message, *, styles: bool = True) -> Text:
    """The message with styles, or as plain text for a pipe."""
    from rich.style import Style
    from rich.text import Text

    text = Text()
    if not styles:
        return Text(message.plain.rstrip())
    for span in message.spans:
        text.append(
            span.text,
            Style(
                bold=span.bold or None,
                italic=span.italic or None,
                strike=span.strike or None,
                underline=span.link is not None or None,
                link=span.link,
            ),
        )
    text.rstrip()
    return text


def text_lines(text: Text, width: int) -> list[Text]:
    """The lines of a text in a width, styles kept; no number or word is broken."""
    from monitor.line_breaks import break_points

    lines = list(text.divide(break_points(text.plain, width)))
    for line in lines:
        line.rstrip()
    return lines


class TerminalChannel:
    """Prints each message in a box. It has no rate limit and never refuses."""

    def __init__(self, console: Console | None = None) -> None:
        """Keep the console; None: standard output."""
        self._console = console
        self._sent = 0

    async def ready(self, to: Recipient) -> None:
        """There is no rate limit."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Print a message; the ids count up from 1."""
        from rich.box import ROUNDED
        from rich.console import Console
        from rich.panel import Panel
        from rich.text import Text

        console = self._console = self._console or Console()
        width = min(_WIDTH, console.width)
        text = as_text(message, styles=console.is_terminal)
        text = Text("\n").join(text_lines(text, width - _FRAME))
        console.print(Panel(text, box=ROUNDED, width=width, padding=(0, 1)))
        self._sent += 1
        return self._sent
