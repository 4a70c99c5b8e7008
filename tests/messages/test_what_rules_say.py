"""What a rule's ``then`` asks for: at once or in a digest, a priority, a template of its own."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from alert_story import NOW, Clock, added, plant, raised
from bot_app import FixedRules, rules_of
from end_to_end import PERSON, running_system
from sqlalchemy import text

from monitor.app import rules_reporter
from monitor.errors import UserError
from monitor.messages.template import check_template, message_renderer
from monitor.model.changes import Kind
from monitor.outbox.queue import lease
from monitor.rules.loader import load_rules
from monitor.rules.model import RuleVocabulary
from monitor.rules.provider import RuleFiles, RuleProvider
from monitor.storage.engine import Database

URGENT = """
rules:
  - {id: urgent, name: 急, kinds: [strengthened], priority: 5, then: {delivery: immediate}}
  - {id: slow, name: 缓, kinds: [added], then: {delivery: digest}}
  - {id: usual, name: 常, kinds: [dropped, strengthened, added]}
"""


async def test_an_urgent_rule_is_sent_at_once_to_a_chat_with_a_digest(
    database: Database,
) -> None:
    async with running_system(database, rules=FixedRules(rules_of(URGENT))) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe urgent")
        await api.ask(PERSON, "/subscribe usual")
        await api.ask(PERSON, "/digest daily 09:00")
        await system.record_and_deliver(added(), title="甲")
        assert len(api.sent(PERSON)) == 3
        await system.record_and_deliver(raised(), title="乙")
        assert "160 → 190" in (await api.reply(PERSON, 3)).text


async def test_a_slow_rule_waits_for_nine_oclock_even_where_there_is_no_digest(
    database: Database,
) -> None:
    async with running_system(database, rules=FixedRules(rules_of(URGENT))) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe slow")
        await system.record_and_deliver(added(), title="甲")
        assert len(api.sent(PERSON)) == 1
        # Another zone has its nine o'clock at another time.
        await api.ask(PERSON, "/timezone Europe/Berlin")
        system.clock.time = NOW.replace(day=4, hour=1)  # 09:00 in Shanghai
        await system.deliver()
        assert len(api.sent(PERSON)) == 2
        system.clock.time = NOW.replace(day=4, hour=8)
        await system.deliver()
        assert "≥190 Eflops" in (await api.reply(PERSON, 2)).text


def test_what_a_rule_calls_urgent_stands_first_in_the_message(sqlite_database: Database) -> None:
    ids = plant(sqlite_database, [added(), raised()], chats=[])
    with sqlite_database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO alert (id, recipient_id, document_id, snapshot_id, state, created_at,"
                " not_before) SELECT 1, 7, document_id, snapshot_id, 'pending', detected_at,"
                " detected_at FROM change WHERE id = 1"
            )
        )
        for change_id, priority in zip(ids, (9, 0), strict=True):
            connection.execute(
                text("INSERT INTO alert_change VALUES (1, :change, 'r', :priority)"),
                {"change": change_id, "priority": priority},
            )
        (alert,) = lease(connection, now=NOW, lease_for=timedelta(minutes=1), limit=1)
    message = message_renderer(lambda: rules_of("rules: []"))(alert)
    assert message.text.index("≥190") < message.text.index("160 →")


def rule_with(folder: Path, template: str, name: str = "t.html") -> Path:
    (folder / name).write_text(template, encoding="utf-8")
    file = folder / "rules.yaml"
    file.write_text(
        f"rules:\n  - id: guizhou\n    name: 甲\n    then: {{template: {name}}}\n",
        encoding="utf-8",
    )
    return file


async def test_a_rule_has_a_template_of_its_own(database: Database, tmp_path: Path) -> None:
    file = rule_with(tmp_path, "<b>急报</b> {{ changes[0].headline }}")
    rules = FixedRules(load_rules([file], RuleVocabulary(check_template=check_template)))
    async with running_system(database, rules=rules) as system:
        api = system.api
        await api.ask(PERSON, "/subscribe guizhou")
        await system.record_and_deliver(raised())
        alert = await api.reply(PERSON, 1)
        assert alert.text == "急报 贵州 算力规模 160 → 190 Eflops ▲18.75%"
        # What the template leaves out is behind a button.
        api.press(PERSON, alert.result["message_id"], alert.buttons["▾ 展开"])
        whole = await api.reply(PERSON, method="editMessageText")
        assert "把枢纽节点做实" in whole.text


@pytest.mark.parametrize(
    ("template", "said"),
    [("{{ nothing }}", "t.html"), ("{% if %}", "t.html:1"), ("<u>x</u>", "t.html")],
)
def test_an_invalid_template_is_an_error_when_rules_are_loaded(
    tmp_path: Path, template: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        load_rules([rule_with(tmp_path, template)], RuleVocabulary(check_template=check_template))


def test_a_missing_template_is_an_error_with_its_place(tmp_path: Path) -> None:
    file = rule_with(tmp_path, "x")
    (tmp_path / "t.html").unlink()
    with pytest.raises(UserError, match=r"rules.yaml:4:\d+: the template 't.html' cannot be read"):
        load_rules([file])


def test_a_template_that_is_not_text_is_an_error_with_its_place(tmp_path: Path) -> None:
    file = rule_with(tmp_path, "x")
    (tmp_path / "t.html").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"rules.yaml:4:\d+: .* cannot be read: it is not UTF-8"):
        load_rules([file])


def test_a_template_is_read_again_when_it_changes(tmp_path: Path) -> None:
    live = RuleFiles([rule_with(tmp_path, "one")], RuleVocabulary(check_template=check_template))
    (first,) = live.current().rules
    (tmp_path / "t.html").write_text("two, longer", encoding="utf-8")
    (second,) = live.current().rules
    assert (first.template.source, second.template.source) == ("one", "two, longer")
    (tmp_path / "t.html").write_text("{{ broken", encoding="utf-8")
    assert live.current().rules == (second,)
    assert "t.html" in str(live.broken)
    (tmp_path / "t.html").write_text("well again", encoding="utf-8")
    live.current()
    assert live.broken is None


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("delivery: sometimes", "then.delivery: unknown delivery"),
        ("chats: ['@name']", "a chat is a number such as -1001234"),
        ("chats: [true]", "a chat is a number"),
        ("chats: [1/2/3]", "a chat is a number"),
        ("channels: [nobody]", "unknown channel 'nobody' – the settings name none"),
    ],
)
def test_a_mistake_in_then_is_named(tmp_path: Path, then: str, said: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(f"rules:\n  - {{id: r, name: 甲, then: {{{then}}}}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"r\.yaml:2") as caught:
        load_rules([file], RuleVocabulary(channels=()))
    assert said in str(caught.value)


def test_operators_hear_once_of_a_rule_file_that_breaks(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  - {id: a, name: 甲}\n", encoding="utf-8")
    rules = RuleProvider(RuleFiles([file]), report=rules_reporter(database, (1, 2), Clock()))
    assert not rules.refresh()
    file.write_text("rules:\n  - {id: a, name: 甲, regions: [贵洲]}\n", encoding="utf-8")
    assert [rules.refresh() for _ in range(3)] == [True, False, False]
    with database.read() as connection:
        notices = connection.execute(
            text("SELECT a.recipient_id, n.text FROM alert a JOIN notice n ON n.id = a.notice_id")
        ).all()
    assert sorted(row[0] for row in notices) == [1, 2]
    assert "rules.yaml:2:32: unknown region '贵洲' – did you mean 贵州?" in notices[0][1]
    assert [rule.id for rule in rules.current().rules] == ["a"]
    file.write_text("rules:\n  - {id: b, name: 乙}\n", encoding="utf-8")
    assert not rules.refresh()
    assert rules.broken is None
    assert [rule.id for rule in rules.current().rules] == ["b"]
    assert Kind.DROPPED in rules.current().rules[0].kinds
