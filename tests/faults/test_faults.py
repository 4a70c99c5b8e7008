"""The fault matrix, played over loopback with the real fetcher and the real pipeline.

Every case is a site of its own. Four rounds, days apart by a clock of the test: the site is well,
it misbehaves, it is well again, and something really changes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from fault_cases import CASES, LIST, Case, Way
from fault_site import CHANGED, FAULTY, HEALTHY, PAGE, ZONE, FaultSite, listening
from rich.console import Console
from sqlalchemy import text

from monitor.app import App, open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import Settings
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings
from monitor.ingest.visit import visit
from monitor.model.documents import Outcome

START = datetime(2026, 2, 1, tzinfo=UTC)
ROUNDS = ((HEALTHY, 0), (FAULTY, 5), (HEALTHY, 8), (CHANGED, 8))
ENTRY = """
  - id: {name}
    name: {name}
    region: 贵州省
    {key}: ['{address}']
    link_pattern: '/t\\d+_\\d+\\.html$'
    selectors: {{body: div.article}}
    list_interval: 1h
    page_interval: 1d
    allow_private: {private}
"""
RULES = "rules:\n  - {id: all, name: 全部}\n"


@dataclass(frozen=True)
class Seen:
    """A case after a round."""

    source: dict[str, Any]
    page: dict[str, Any]
    addresses: int
    changes: int
    alerts: int
    snapshot: int | None


@dataclass(frozen=True)
class Played:
    seen: list[dict[str, Seen]]
    asked: list[tuple[str, str, str, dict[str, str]]]
    turns: int


def address(case: Case, site: FaultSite) -> str:
    host = f"{case.name}.{ZONE}"
    if case.way is Way.TLS:
        return f"https://{host}:{site.tls_port}{case.on}"
    # Through a proxy a site has its usual port.
    return f"http://{host}{'' if case.way is Way.PROXY else f':{site.port}'}{case.on}"


async def play(folder: Path) -> Played:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(f"{c.name}.{ZONE}" for c in CASES if c.way is Way.TLS)).configure_cert(
        context
    )
    async with listening({case.name: case for case in CASES}, context) as site:
        return await rounds(folder, site)


async def rounds(folder: Path, site: FaultSite) -> Played:
    clock = [START]
    entries = [
        ENTRY.format(
            name=case.name,
            key="lists" if case.on == LIST else "pages",
            address=address(case, site),
            private=str(case.way is not Way.PROXY).lower(),
        )
        for case in CASES
    ]
    (folder / "c.yaml").write_text("builtin: false\nsources:" + "".join(entries), encoding="utf-8")
    (folder / "r.yaml").write_text(RULES, encoding="utf-8")
    settings = Settings.model_construct(
        database=f"sqlite:///{folder / 'm.db'}",
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
    )
    limits = FetcherSettings(min_delay=0.0, ca_file=str(folder / "ca.pem"), max_bytes=4_000_000)
    impatient = replace(limits, read_timeout=0.2, total_timeout=0.3)
    proxied = replace(limits, proxy=f"http://127.0.0.1:{site.port}")

    def now() -> datetime:
        return clock[0]

    slept = [0.0]

    def monotonic() -> float:
        return (now() - START).total_seconds() + slept[0]

    async def sleep(seconds: float) -> None:
        slept[0] += seconds
        await asyncio.sleep(0)

    def fetcher(settings: FetcherSettings) -> HttpFetcher:
        return HttpFetcher(
            settings,
            now=now,
            clock=monotonic,
            sleep=sleep,
            resolver=site.resolve,
        )

    seen: list[dict[str, Seen]] = []
    async with (
        fetcher(limits) as patient,
        fetcher(impatient) as hasty,
        fetcher(proxied) as behind,
        open_app(
            settings,
            console=Console(quiet=True),
            fetcher=patient,
            channel=FakeChannel(),
            now=now,
        ) as daemon,
    ):
        for mode, days in ROUNDS:
            site.mode = mode
            clock[0] += timedelta(days=days)
            hurried = hasty if mode == FAULTY else patient
            fetchers = {Way.PROXY: behind, Way.IMPATIENT: hurried}
            await visit_all(daemon, fetchers)
            seen.append(look(daemon))
        with daemon.context.database.read() as connection:
            turns = connection.scalar(text("SELECT COUNT(*) FROM source_health_event"))
    return Played(seen, site.asked, turns)


async def visit_all(daemon: App, fetchers: dict[Way, HttpFetcher]) -> None:
    limit = asyncio.Semaphore(8)

    async def one(case: Case) -> None:
        (source,) = (source for source in daemon.sources if source.id == case.name)
        tools = replace(daemon.context, fetcher=fetchers.get(case.way, daemon.context.fetcher))
        async with limit:
            await visit(source, tools)

    async with asyncio.TaskGroup() as group:
        for case in CASES:
            group.create_task(one(case))


def look(daemon: App) -> dict[str, Seen]:
    def rows(query: str) -> Sequence[Any]:
        return [dict(row._mapping) for row in connection.execute(text(query))]

    with daemon.context.database.read() as connection:
        sources = rows("SELECT * FROM source")
        pages = rows("SELECT * FROM frontier_entry")
        changes = rows("SELECT source_id, COUNT(*) n FROM change_log GROUP BY source_id")
        alerts = rows(
            "SELECT d.source_id, COUNT(*) n FROM alert_log a JOIN document d"
            " ON d.id = a.document_id GROUP BY d.source_id"
        )
        documents = rows("SELECT * FROM document")
    found = {}
    for source in sources:
        name = source["id"]
        mine = [page for page in pages if page["source_id"] == name]
        (page,) = (one for one in mine if one["url"].endswith(PAGE))
        (document,) = (one for one in documents if one["id"] == page["document_id"])
        found[name] = Seen(
            source,
            page,
            len(mine),
            sum(row["n"] for row in changes if row["source_id"] == name),
            sum(row["n"] for row in alerts if row["source_id"] == name),
            document["snapshot_id"],
        )
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(play(tmp_path_factory.mktemp("faults")))


@pytest.fixture
def rounds_of(played: Played, case: Case) -> list[Seen]:
    return [seen[case.name] for seen in played.seen]


each_case = pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case.name,
            marks=[pytest.mark.xfail(reason=case.waits, strict=False)] if case.waits else [],
        )
        for case in CASES
    ],
)
WELL = {"ok", "not_modified"}


def test_there_are_cases_enough_and_each_has_its_name() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@each_case
def test_a_healthy_visit_makes_the_baseline(case: Case, rounds_of: list[Seen]) -> None:
    first = rounds_of[0]
    assert (first.source["last_outcome"], first.page["last_outcome"]) == ("ok", "ok")
    assert (first.changes, first.alerts) == (0, 0)
    assert first.snapshot is not None


@each_case
def test_the_fault_ends_in_its_outcome(case: Case, rounds_of: list[Seen]) -> None:
    fault = rounds_of[1]
    where = fault.source if case.on == LIST else fault.page
    outcome, reason = where["last_outcome"], where["last_reason"] or ""
    said = f"{outcome}: {reason}"
    if case.outcome is Outcome.OK:
        assert outcome in WELL, said
    else:
        assert outcome == case.outcome.value, said
        assert reason, said
    assert case.reason in reason, said


@each_case
def test_the_fault_changes_nothing_and_sends_no_alert(case: Case, rounds_of: list[Seen]) -> None:
    first, fault = rounds_of[:2]
    assert (fault.changes, fault.alerts) == (0, 0)
    assert fault.snapshot == first.snapshot
    assert fault.page["text_hash"] == first.page["text_hash"]
    assert fault.addresses <= 201


@each_case
def test_the_next_visit_is_healthy_and_still_nothing_changed(
    case: Case, rounds_of: list[Seen]
) -> None:
    first, _, again, _ = rounds_of
    assert again.source["last_outcome"] in WELL
    assert again.page["last_outcome"] in WELL
    assert (again.source["failures"], again.page["failures"]) == (0, 0)
    assert (again.changes, again.alerts) == (0, 0)
    assert again.snapshot == first.snapshot


@each_case
def test_a_real_change_is_then_reported(case: Case, rounds_of: list[Seen]) -> None:
    last = rounds_of[3]
    assert last.changes >= 1
    # The page is edited everywhere; a list has a new article besides.
    assert last.alerts == (2 if case.on == LIST else 1)


def test_one_failed_visit_does_not_change_source_health(played: Played) -> None:
    assert played.turns == 0


@each_case
def test_no_validator_of_a_bad_page_is_kept(case: Case, played: Played) -> None:
    if case.outcome is Outcome.OK:
        pytest.skip("its page was good")
    sent = {
        headers.get("if-none-match", "")
        for mode, name, path, headers in played.asked
        if name == case.name and path == case.on and mode != FAULTY
    }
    assert '"fault"' not in sent
