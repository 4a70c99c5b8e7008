"""What a robots.txt says, after RFC 9309. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from protego import Protego

from monitor.model import Outcome

_USER_AGENT = re.compile(r"\s*user[- ]?agent[\s:]+(\*|[\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """What came of asking for it: ``text`` of the file, None if there is none.

    ``trouble`` says why nobody can tell; ``outcome`` is what a page's visit then ends as.
    """

    text: str | None = None
    trouble: str = ""
    outcome: Outcome = Outcome.OK


def robots_file(status: int, body: bytes) -> RobotsFile:
    """What an answer means that was no redirect.

    Whatever says "not here" or "not for you" allows everything (2.3.1.3), but not a server in
    trouble (2.3.1.4) or one that asks for fewer requests.
    """
    if 200 <= status < 300:
        return RobotsFile(body.decode("utf-8", "replace"))
    if status == 429 or status >= 500:
        trouble = f"robots.txt answers HTTP {status}: nothing is asked for until it can be read"
        return RobotsFile(trouble=trouble, outcome=Outcome.BLOCKED)
    return RobotsFile()


def parse_robots(text: str, agent: str) -> Protego | None:
    """The rules of a file, None if it has none for us.

    A hostile file names ten thousand agents before ten thousand rules, and the parser keeps every
    rule for every agent; so all agents who are not us become one.

    Args:
        text: of the file.
        agent: our name in it, in lower case and without version.
    """
    lines, ours = [], False
    for line in text.removeprefix("\ufeff").splitlines():
        found = _USER_AGENT.match(line)
        name = found[1].lower() if found else ""
        ours = ours or name in {"*", agent}
        lines.append(f"User-agent: {name if name in {'*', agent} else '-'}" if name else line)
    return Protego.parse("\n".join(lines)) if ours else None
