"""robots.txt: asked for once a day and origin, obeyed for every address.

The file is got like any page: same door, same guard, same pace. A site without one allows
everything; one whose file cannot be had allows nothing for the moment, unless an earlier copy is
known. Copies outlive the process where there is a memory to keep them in.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx
from protego import Protego

from monitor.catalogue.model import FetchRoute
from monitor.fetching.budget import Effort, FetcherSettings
from monitor.fetching.http_client import REDIRECTS, TROUBLE, Asker, tries_of
from monitor.fetching.outcome import retry_after_of
from monitor.fetching.rate_limit import NotAsked, Pace
from monitor.fetching.ssrf_guard import check_name
from monitor.model.documents import Outcome
from monitor.urls import parse, resolve

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


MAX_BYTES = 500 * 1024
"""What the RFC wants to be read at least, and what is read at most."""

MAX_REDIRECTS = 5
_FRESH = 86_400.0
_TRY_AGAIN = 300.0
_LONGEST_DELAY = 30.0
_MAX_ORIGINS = 1_024
_MAX_SHOWN = 120


@dataclass(frozen=True, slots=True)
class RobotsCopy:
    """A site's robots.txt as it was read last; ``text`` is None if there was none."""

    text: str | None
    read_at: datetime


class RobotsMemory(Protocol):
    """Keeps copies by origin (``https://www.gov.cn``); called from worker threads."""

    def recall(self, origin: str) -> RobotsCopy | None:
        """The copy that was kept last, however old, or None."""

    def keep(self, origin: str, copy: RobotsCopy) -> None:
        """Keep a copy in place of any earlier one."""


@dataclass(slots=True)
class _Known:
    rules: Protego | None = None
    read_before: bool = False
    fresh_until: float = 0.0
    trouble: RobotsFile | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Robots:
    """What the sites allow, remembered for a day."""

    def __init__(
        self,
        settings: FetcherSettings,
        asker: Asker,
        pace: Pace,
        *,
        headers: Mapping[str, str],
        now: Callable[[], datetime],
        clock: Callable[[], float],
        explain: Callable[[BaseException, FetchRoute], str],
        memory: RobotsMemory | None,
    ) -> None:
        """Begin with what the memory holds.

        Args:
            settings: limits; the product's name in its user agent is ours in the files.
            asker: asks for the files.
            pace: told of a host that wants to be asked more slowly.
            headers: of the requests.
            now: aware wall clock.
            clock: monotonic seconds.
            explain: an error in one line, without secrets.
            memory: what outlives the process; None remembers for its lifetime only.
        """
        self._agent = settings.user_agent.partition("/")[0].strip().lower()
        self._total = settings.total
        self._asker = asker
        self._pace = pace
        self._headers = dict(headers)
        self._now = now
        self._clock = clock
        self._explain = explain
        self._memory = memory
        self._origins: OrderedDict[tuple[object, ...], _Known] = OrderedDict()

    async def check(self, place: httpx.URL, route: FetchRoute) -> None:
        """Nothing, if ``place`` may be asked for.

        Raises:
            NotAsked: it may not, or nobody can tell for the moment.
        """
        # Another way to the same origin may come to another answer.
        key = (place.raw_scheme, place.raw_host, place.port, route.connection_key)
        known = self._origins.get(key)
        if known is None:
            known = self._origins[key] = _Known()
            if len(self._origins) > _MAX_ORIGINS:
                self._origins.popitem(last=False)
        if self._clock() >= known.fresh_until:
            async with known.asking:
                if self._clock() >= known.fresh_until:
                    await self._learn(known, place, route)
        if (bad := known.trouble) is not None:
            raise NotAsked(bad.outcome, bad.trouble, seconds=_TRY_AGAIN, url=str(place))
        if known.rules is not None and not known.rules.can_fetch(str(place), self._agent):
            path = place.raw_path.decode("ascii", "replace")[:_MAX_SHOWN]
            reason = f"robots.txt does not allow {path}"
            raise NotAsked(Outcome.BLOCKED, reason, url=str(place))

    async def _learn(self, known: _Known, place: httpx.URL, route: FetchRoute) -> None:
        here = str(place.copy_with(raw_path=b"/robots.txt"))
        origin = here.removesuffix("/robots.txt")
        if not known.read_before and await self._remember(known, place.host, origin):
            return
        file = await self._get(here, route)
        known.fresh_until = self._clock() + (_TRY_AGAIN if file.trouble else _FRESH)
        if file.trouble:
            # What was allowed yesterday is the best guess; knowing nothing, we stay away.
            known.trouble = None if known.read_before else file
            return
        await self._take(known, place.host, file.text)
        if self._memory is not None:
            await asyncio.to_thread(self._memory.keep, origin, RobotsCopy(file.text, self._now()))

    async def _remember(self, known: _Known, host: str, origin: str) -> bool:
        """Take over an earlier process's copy; whether it is still fresh."""
        if self._memory is None:
            return False
        copy = await asyncio.to_thread(self._memory.recall, origin)
        if copy is None:
            return False
        await self._take(known, host, copy.text)
        age = (self._now() - copy.read_at).total_seconds()
        known.fresh_until = self._clock() + _FRESH - age
        return 0 <= age < _FRESH

    async def _take(self, known: _Known, host: str, text: str | None) -> None:
        known.trouble, known.read_before = None, True
        # Half a megabyte of rules takes a moment.
        rules = await asyncio.to_thread(parse_robots, text or "", self._agent)
        known.rules = rules
        delay = (rules and rules.crawl_delay(self._agent)) or 0.0
        self._pace.at_least(host, min(delay, _LONGEST_DELAY))

    async def _get(self, here: str, route: FetchRoute) -> RobotsFile:
        effort, seen = Effort(self._total), {here}
        try:
            for _ in range(MAX_REDIRECTS + 1):
                place = parse(here)
                if not route.allow_private:
                    check_name(place.host, here)
                answer = await self._asker.ask(
                    place,
                    self._headers,
                    route=route,
                    effort=effort,
                    enough=MAX_BYTES,
                )
                onward = answer.headers.get("location")
                if answer.status not in REDIRECTS or not onward:
                    file = robots_file(answer.status, answer.body)
                    wait = retry_after_of(answer.headers, self._now())
                    if file.trouble and wait:
                        self._pace.close(place.host, wait)
                    return file
                there = resolve(here, onward)
                if there is None or there in seen:
                    break
                here = there
                seen.add(here)
        except NotAsked as closed:
            return RobotsFile(trouble=closed.reason, outcome=closed.outcome)
        except TROUBLE as error:
            reason = self._explain(error, route) + tries_of(effort)
            trouble = f"robots.txt cannot be had: {reason}"
            return RobotsFile(trouble=trouble, outcome=Outcome.ERROR)
        # Sent in circles, or off the web: there is no file then (RFC 9309, 2.3.1.2).
        return RobotsFile()
