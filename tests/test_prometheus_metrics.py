"""Metrics: what is counted, and that documents, dashboard and alert rules name what there is."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from alert_story import NOW
from prometheus_client.parser import text_string_to_metric_families

from monitor.errors import ChatGone, DeliveryError, RetryLater
from monitor.ingest.context import VisitReport
from monitor.metrics import Metrics
from monitor.model.alerts import Recipient
from monitor.model.documents import Fetched, Health, Outcome
from monitor.model.processes import Heartbeat, Loop
from monitor.model.status import OutboxFacts, SourceFacts, StatusFacts, StatusLimits, assess
from monitor.observer import ObservedChannel, ObservedFetcher, SendResult
from monitor.status import Status, read_status
from monitor.storage.status import ChannelState, ChatCounts, UnhealthySource

ROOT = Path(__file__).resolve().parents[1]
DASHBOARD = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "deploy/alert-rules.yml").read_text(encoding="utf-8"))

FACTS = StatusFacts(
    NOW,
    "0001",
    "0001",
    SourceFacts({Health.OK: 3, Health.FAILING: 2}, (), 1, NOW, NOW, 4, timedelta(hours=3)),
    OutboxFacts(5, 6, NOW - timedelta(minutes=40), 7, 8, 2),
    tuple(Heartbeat(loop, "host", 1, "1.0", NOW, NOW) for loop in Loop),
)
STATUS = Status(
    FACTS,
    assess(FACTS, StatusLimits()),
    "sqlite:///monitor.db",
    4096,
    ChatCounts(1, 2, 3),
    (ChannelState("team", True, 9),),
    (UnhealthySource("hunan", "湖南", Health.FAILING, NOW, "error", "timed out"),),
)


def full_metrics() -> Metrics:
    """Metrics in which every series has happened."""
    metrics = Metrics(lambda: STATUS)
    metrics.sent("telegram", SendResult.SENT)
    metrics.updated("message")
    return metrics


def families(metrics: Metrics) -> list:
    return list(text_string_to_metric_families(metrics.exposition().decode()))


def samples(metrics: Metrics) -> dict[str, float]:
    """Values by name and labels as they are written: ``name{key="value"}``."""
    found = {}
    for family in families(metrics):
        for sample in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_the_database_gives_what_monitor_status_shows():
    found = samples(full_metrics())
    assert {name: found[name] for name in EXPECTED} == EXPECTED


EXPECTED = {
    "monitor_database_up": 1,
    "monitor_database_size_bytes": 4096,
    'monitor_sources{health="failing"}': 2,
    "monitor_sources_never_visited": 1,
    "monitor_sources_due": 4,
    "monitor_visit_lag_seconds": 10_800,
    'monitor_source_unhealthy_since_timestamp_seconds{health="failing",source="hunan"}': (
        NOW.timestamp()
    ),
    'monitor_outbox_alerts{state="pending"}': 5,
    'monitor_outbox_alerts{state="dead"}': 8,
    "monitor_outbox_due_age_seconds": 2400,
    "monitor_outbox_given_up_alerts": 2,
    "monitor_delivery_paused": 0,
    'monitor_channel_waiting_alerts{channel="team"}': 9,
    'monitor_chats{state="asked"}': 3,
    'monitor_heartbeat_timestamp_seconds{loop="bot"}': NOW.timestamp(),
    'monitor_problem{kind="outbox"}': 1,
    'monitor_problem{kind="paused"}': 0,
}


def test_a_real_database_is_read(sqlite_database):
    metrics = Metrics(
        lambda: read_status(sqlite_database, limits=StatusLimits(), now=NOW, bot=False)
    )
    found = samples(metrics)
    assert found["monitor_database_up"] == 1
    assert found['monitor_sources{health="ok"}'] == 0


def test_without_a_database_the_process_is_still_measured():
    def read() -> Status:
        raise OSError("disk")

    found = samples(Metrics(read))
    assert found["monitor_database_up"] == 0
    assert found["monitor_fetched_bytes_total"] == 0
    assert "process_resident_memory_bytes" in found
    assert "monitor_sources_due" not in found


def test_another_schema_is_a_problem_and_nothing_else_is_read():
    facts = replace(FACTS, schema="0000")
    found = samples(
        Metrics(lambda: replace(STATUS, facts=facts, problems=assess(facts, StatusLimits())))
    )
    assert found['monitor_problem{kind="schema"}'] == 1
    assert "monitor_sources_due" not in found


def test_visits_are_counted_by_outcome():
    metrics = full_metrics()
    report = VisitReport("hunan", Outcome.PARTIAL, alerts=4)
    report.pages[Outcome.OK] += 3
    metrics.visited(report, 7.0)
    metrics.token_checked(refused=True)
    found = samples(metrics)
    assert found['monitor_visits_total{outcome="partial"}'] == 1
    assert found['monitor_visits_total{outcome="ok"}'] == 0
    assert found['monitor_pages_total{outcome="ok"}'] == 3
    assert found["monitor_alerts_enqueued_total"] == 4
    assert found['monitor_visit_duration_seconds_bucket{le="10.0"}'] == 1
    assert found['monitor_visit_duration_seconds_bucket{le="5.0"}'] == 0
    assert found["monitor_telegram_token_refused"] == 1


@pytest.mark.parametrize(
    ("status", "label"), [(200, "2xx"), (304, "3xx"), (503, "5xx"), (None, "none"), (999, "none")]
)
async def test_fetches_are_counted_by_class(status, label):
    class One:
        async def fetch(self, url, **_known):
            return Fetched(url, url, Outcome.OK, status, NOW, body=b"12345")

    metrics = full_metrics()
    fetched = await ObservedFetcher(One(), metrics).fetch("https://example.gov.cn/")
    assert fetched.status == status
    found = samples(metrics)
    assert found[f'monitor_fetches_total{{status="{label}"}}'] == 1
    assert found["monitor_fetched_bytes_total"] == 5
    assert found["monitor_fetch_duration_seconds_count"] == 1


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, "sent"),
        (RetryLater("wait", seconds=1), "deferred"),
        (DeliveryError("no"), "refused"),
        (ChatGone("gone"), "refused"),
        (KeyError("bug"), "error"),
    ],
)
async def test_attempts_to_send_are_counted_by_channel(error, result):
    class One:
        async def ready(self, to):
            pass

        async def send(self, _to, _message):
            if error is not None:
                raise error
            return 7

    metrics = Metrics(lambda: STATUS)
    channel = ObservedChannel(One(), metrics)
    to = Recipient(0, channel="team")
    with nullcontext() if error is None else pytest.raises(type(error)):
        assert await channel.send(to, None) == 7
    found = samples(metrics)
    assert found[f'monitor_alert_sends_total{{channel="team",result="{result}"}}'] == 1


def documented_name(family) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_every_metric_is_documented():
    text = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(monitor_\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$", text, re.MULTILINE)
    expected = []
    for family in families(full_metrics()):
        if family.name.startswith("monitor_"):
            labels = dict.fromkeys(label for sample in family.samples for label in sample.labels)
            shown = ", ".join(f"`{label}`" for label in labels if label != "le")
            meaning = family.documentation
            expected.append((documented_name(family), family.type, shown, meaning))
    assert rows == sorted(expected)


def expressions() -> list[str]:
    """All expressions of the dashboard and the alert rules."""
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    return [target["expr"] for panel in panels for target in panel["targets"]] + [
        rule["expr"] for group in RULES["groups"] for rule in group["rules"]
    ]


WORDS = {
    *("rate", "increase", "delta", "sum", "max", "min", "by", "without", "time", "clamp_min"),
    *("histogram_quantile", "or", "and", "unless", "le", "outcome", "health", "kind", "status"),
    *("channel", "result", "loop", "instance", "state", "source", "up"),
}


@pytest.mark.parametrize("expression", expressions())
def test_dashboard_and_rules_name_what_there_is(expression):
    found = samples(full_metrics())
    names = {name.partition("{")[0] for name in found}
    for name, selector in re.findall(r"([a-z_]\w*)\{(.*?)\}", expression):
        for label, how, value in re.findall(r'(\w+)(=~?|!=)"(.*?)"', selector):
            if label not in {"job", "instance"} and how == "=":
                assert any(
                    known.startswith(f"{name}{{") and f'{label}="{value}"' in known
                    for known in found
                ), f"{name}: no {label}={value}"
    bare = re.sub(r"\{.*?\}|\[.*?\]", "", expression)
    used = set(re.findall(r"(?<![\w.])[a-z_]\w*", bare))
    assert used - WORDS <= names
    assert bare.count("(") == bare.count(")")


def test_the_dashboard_can_be_imported_with_any_datasource():
    (variable,) = [v for v in DASHBOARD["templating"]["list"] if v["type"] == "datasource"]
    assert variable["query"] == "prometheus"
    sources = {
        panel["datasource"]["uid"] for panel in DASHBOARD["panels"] if panel["type"] != "row"
    }
    assert sources == {f"${{{variable['name']}}}"}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_alert_rules_say_what_to_do():
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert re.fullmatch(r"\d+[mh]", rule["for"])
