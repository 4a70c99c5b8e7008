"""Rule files: what they may say, and what a mistake is answered with."""

from __future__ import annotations

import os
from pathlib import Path

import jsonschema
import pytest
import yaml

from monitor.errors import UserError, UserErrors
from monitor.model.alerts import Recipient
from monitor.model.changes import Certainty, Kind
from monitor.model.statements import Label, Speaker
from monitor.rules.loader import load_rules
from monitor.rules.model import RuleVocabulary
from monitor.rules.provider import RuleFiles
from monitor.rules.schema import field_names, json_schema

SHIPPED = Path(__file__).resolve().parents[2] / "rules"

VERDICTS = {Kind.MET, Kind.MISSED, Kind.NOT_REPORTED}


def write(tmp_path, text, name="r.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def load_one(tmp_path, body):
    (rule,) = load_rules([write(tmp_path, f"rules:\n  - id: one\n    name: 一\n{body}")]).rules
    return rule


def test_left_out_conditions_have_the_defaults_of_a_careful_reader(tmp_path):
    rule = load_one(tmp_path, "")
    assert rule.kinds == frozenset(Kind) - {Kind.CONTINUED, *VERDICTS}
    assert rule.labels == {Label.COMMITMENT}
    assert rule.speakers == {Speaker.GOVERNMENT, Speaker.MINISTRY}
    assert rule.certainty == {Certainty.SURE}
    assert rule.regions == rule.themes == frozenset()
    assert rule.subscribable
    assert rule.recipients == ()


@pytest.mark.parametrize(
    ("body", "verdicts", "others"),
    [
        ("basis: [fulfilment]", {Kind.MET, Kind.MISSED}, False),
        ("basis: [succession, fulfilment]", {Kind.MET, Kind.MISSED}, True),
        ("basis: [revision]", set(), True),
        ("kinds: [not_reported]", {Kind.NOT_REPORTED}, False),
        (
            "kinds: [met, not_reported]\n    basis: [fulfilment]",
            {Kind.MET, Kind.NOT_REPORTED},
            False,
        ),
    ],
)
def test_verdicts_have_to_be_asked_for_and_silence_by_its_name(tmp_path, body, verdicts, others):
    rule = load_one(tmp_path, f"    {body}\n")
    assert rule.kinds & VERDICTS == verdicts
    assert (Kind.ADDED in rule.kinds) is others


def test_short_region_names_become_official_ones(tmp_path):
    rule = load_one(tmp_path, "    regions: [贵州, 深圳, 全国, 广西]\n")
    assert rule.regions == {"贵州省", "深圳市", "全国", "广西壮族自治区"}


@pytest.mark.parametrize(
    ("written", "speakers"),
    [
        ("[government, Ministry]", {"government", "ministry"}),
        ("工信部", {"工业和信息化部"}),
        ("[工业和信息化部, 国家数据局, delegate]", {"工业和信息化部", "国家数据局", "delegate"}),
        ("[國家數據局]", {"国家数据局"}),
        ("[数据局]", {"国家数据局"}),
        ("[发改委]\n    regions: [全国]", {"国家发展和改革委员会"}),
    ],
)
def test_speakers_are_kinds_or_offices_by_any_of_their_names(tmp_path, written, speakers):
    assert load_one(tmp_path, f"    speakers: {written}\n").speakers == speakers


def test_a_local_office_stands_for_those_that_do_its_work_in_its_region(tmp_path):
    speakers = load_one(tmp_path, "    speakers: [贵州数据局]\n").speakers
    assert {"贵州省数据局", "贵州省大数据局"} <= speakers
    assert all(name.startswith("贵州省") for name in speakers)


def test_an_office_without_a_region_is_that_of_the_rules_regions(tmp_path):
    speakers = load_one(tmp_path, "    speakers: [发改委]\n    regions: [贵州]\n").speakers
    assert "贵州省发展和改革委员会" in speakers
    assert "国家发展和改革委员会" not in speakers


def test_one_value_may_stand_without_brackets(tmp_path):
    rule = load_one(tmp_path, "    regions: 贵州\n    then: {chats: -1001234567890}\n")
    assert rule.regions == {"贵州省"}
    assert rule.recipients == (Recipient(-1001234567890),)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    regions: [贵洲]\n", ":4:15: unknown region '贵洲' – did you mean 贵州"),
        ("    regoins: [贵州]\n", ":4:5: unknown key 'regoins' – did you mean regions?"),
        ("    keywords: {any_of: [算力]}\n", "unknown key 'any_of'"),
        ("    kinds: [sideways]\n", ":4:13: kinds: unknown kind 'sideways' – one of added, "),
        (
            "    then: {chats: ['@channel']}\n",
            ":4:20: then.chats: '@channel' is no chat – a chat is a number such as",
        ),
        ("    regex: ['(']\n", ":4:13: no regular expression: missing )"),
        ("    regex: ['(?=a)b']\n", "RE2 syntax, without look-around"),
        ("    regex: ['((a{999}){999}){999}']\n", "no regular expression"),
        ("    name: 二\n", "the key 'name' stands here twice – keep one"),
        (
            "    speakers: [工新部]\n",
            ":4:16: unknown speaker '工新部' – did you mean 工信部?",
        ),
        (
            "    speakers: [goverment]\n",
            ":4:16: unknown speaker 'goverment' – did you mean government?",
        ),
        ("    speakers: [算力]\n", "unknown speaker '算力' – a kind (government, ministry,"),
        ("    priority: high\n", ":4:5: priority: 'high' is no whole number"),
        (
            "    certainty: unsure\n",
            ":4:5: certainty: unknown certainty 'unsure' – did you mean any?",
        ),
    ],
)
def test_an_error_names_its_place_and_the_fix(tmp_path, body, message):
    with pytest.raises(UserError) as caught:
        load_one(tmp_path, body)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules:\n  - name: x\n", "id is missing"),
        (
            "rules:\n  - id: Über\n    name: x\n",
            ":2:5: id: 'Über' has other characters than a-z, 0-9 and - – write uber",
        ),
        ("rules: nothing\n", "r.yaml:1:1: rules"),
        ("- a\n- b\n", ":1:1: a rule file has one key, rules – write rules:"),
        ("rules: [\n", "this is not YAML"),
        ("rules: &a [*a]\n", "r.yaml"),
        ("rules:\n  - !!python/object:os.system {}\n", "this is not YAML"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        load_rules([write(tmp_path, text)])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "keywords: [算网, 超算]",
            ":4:5: keywords: wants any, all or none before the words – write",
        ),
        ("keywords: 算网、超算", "words – write keywords: {any: [算网, 超算]}"),
        ("keywords: {any: [算网，超算]}", "is one word here, not a list – write [算网, 超算]"),
        ("keywords: {all: 算网、超算}", "keywords.all: '算网、超算' is one word here, not a list"),
        ("keywords: {any: [算网 超算]}", "write [算网, 超算]"),
        ("keywords: {any: ［算网，超算］}", "write [算网, 超算]"),
        ("keywords: {any: [“算网”]}", "a part of the word – write 算网"),
        ("keywords: {any: [算网”]}", "has only one of “ and ”"),
        ("keywords: {any: [算\u200b网]}", "'算网' holds a character that nobody sees (U+200B)"),
        ('keywords: {any: ["\u3000\u200b"]}', "there is nothing to look for"),
        (
            "keywords: {any: [on]}",
            ':4:22: keywords.any: YAML reads on as yes or no – put it in quotes: "on"',
        ),
        ("keywords: {any: [2026]}", 'YAML reads 2026 as a number – put it in quotes: "2026"'),
        ("keywords: {any: [2026-01-01]}", "YAML reads 2026-01-01 as a day or time"),
        ("keywords: {any: [{a: b}]}", "keys with values where one word is wanted"),
        ("keywords: {any: [算网], none: [算]}", "the rule never matches: what any and all ask for"),
        ("keywords: {all: [算网], none: [網]}", "the rule never matches"),
        ("any: [算网]", "unknown key 'any' – it stands under keywords: keywords: {any: …}"),
        ("Regions: [贵州]", "unknown key 'Regions' – write regions"),
        ("regions: [贵州、甘肃]", "unknown region '贵州、甘肃' – write [贵州, 甘肃]"),
        ("regions: [atlantis]", "unknown region 'atlantis' – write it in Chinese characters"),
        ("regions: [Suzhou]", "unknown region 'Suzhou' – did you mean 苏州 or 宿州?"),
        ("years: [26]", ":4:13: years: 26 is no year of a plan – write 2000 to 2100"),
        ("years: 2025-2027", "is no whole number – write [2025, 2026, 2027]"),
        ("kinds: []", ":4:5: kinds: an empty list matches nothing"),
        ("regions: []", ":4:5: regions: nothing stands in it, so that the rule would match all"),
        ("themes:", ":4:5: themes: nothing stands in it"),
        ("keywords: {any: []}", ":4:16: keywords.any: nothing stands in it – name a word"),
        ("keywords: {}", ":4:5: keywords: nothing stands in it"),
        ("labels: [achievement]", ":4:5: labels: the rule never matches"),
        (
            "keywords: {any: [机房*]}",
            "the * of '机房*' is a part of the word",
        ),
        ("keywords: {any: [机房/机柜]}", "is one word here, not a list – write [机房, 机柜]"),
        ("regions: [贵州/四川]", "unknown region '贵州/四川' – write [贵州, 四川]"),
        ("then: {template: /dev/null}", ":4:12: the template '/dev/null' is no file"),
        ("kinds: [met]\n    basis: [revision]", "basis: the rule never matches"),
        (
            "targets: {at_least: 100}",
            "targets: at_least 100 of what? a number is compared with numbers of its unit only – "
            "add unit: P",
        ),
        ("targets: {unit: P, at_least: 10, at_most: 1}", "at_least 10 is more than at_most 1"),
        ("targets: {}", ":4:5: targets: nothing stands in it – leave it out, or write at_least"),
        ("targets: {relative_change: 0.1}", "less than one percent – it is in percent: write 10"),
        ("regex: [/算力.*/]", "the slashes of /算力.*/ are a part of it – write 算力.*"),
        ("targets: {at_least: .nan}", ":4:15: targets.at_least: nan is no number"),
        ("targets: {at_most: .inf}", "targets.at_most: inf is no number"),
        ("targets: {at_least: yes}", "YAML reads yes or no here – write a number"),
        ("targets: {at_least: 15万}", "targets.at_least: '15万' is no number"),
        (
            "targets: {at_least: 100P}",
            "targets.at_least: '100P' is no number – write at_least: 100, unit: P",
        ),
        ("targets: {relative_change: 20%}", "'20%' is no number – write relative_change: 20"),
        ("kinds: [加码]", "unknown kind '加码' – did you mean strengthened?"),
        ("kinds: [removed]", "unknown kind 'removed' – did you mean dropped?"),
        ("regions: [全部]", "unknown region '全部' – leave regions out: that accepts all"),
        ("speakers: [企业]", "unknown speaker '企业' – did you mean enterprise?"),
        ("labels: [promise]", "unknown label 'promise' – did you mean commitment?"),
        ("keywords: {not: [液冷]}", "unknown key 'not' – write none: …"),
        ("not: [液冷]", "unknown key 'not' – write keywords: {none: …}"),
        ("regions: [*]", "in quotes; a field that is left out accepts everything"),
        ("themes：[compute]\n    years: 2026", "the colon is full-width: write : and a space"),
        ("themes：[compute]", "the colon is full-width: write : and a space in line 4"),
        ("\u3000themes: [compute]", "the spaces before it are not those of the space bar"),
        ("targets: {at_least: 1, unit: 个万}", "unknown unit '个万' – 万 of what? write 万元"),
        ("targets: {at_least: 1, unit: eflop}", "unknown unit 'eflop' – did you mean eflops?"),
        ("targets: {relative_change: 5}\n    kinds: [added]", "relative_change compares two"),
        ("then: {chats: [0]}", "there is no chat 0"),
        (
            "then: {chats: [0654321]}",
            ":4:20: YAML reads 0654321 as 219345 – write the digits alone",
        ),
        ("priority: 1:30", "YAML reads 1:30 as 90"),
        ("then: {subscribable: perhaps}", "'perhaps' is neither – write true or false"),
        ("regex: ['.*']", "'.*' is found in every sentence"),
        ("regex: ['[0-9']", "missing ]: [0-9 – each [ needs its ]"),
        ('regex: ["\\d"]', "write an expression in single quotes"),
        ("\tthemes: [compute]", "with spaces, not with tabs"),
        ("keywords: {any： [算网]}", "： is full-width"),
        ("targets:\n    then:", ":5:5: then: nothing stands below it – leave it out"),
    ],
)
def test_a_mistake_is_said_in_the_words_of_the_file(tmp_path, body, message):
    with pytest.raises(UserError) as caught:
        load_one(tmp_path, f"    {body}\n")
    said = str(caught.value)
    assert message in said
    assert "\n" not in said
    assert "Input should" not in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rules:\n  one: {name: x}\n",
            ":1:1: rules: keys with values stand where a list is",
        ),
        ("rules:\n  - id： one\n    name： x\n", "is no rule – the colon is full-width"),
        ("rules：\n  - id: one\n", "the colon is full-width: write : and a space in line 1"),
        ("rules:\n  -id: one\n   name: x\n", "a space is missing behind the - in line 2"),
        ("rules:\n  - id:one\n    name:x\n", "a space is missing behind the colon: id: one"),
        ("rules:\n  - {id: one, name: {{ x }}}\n", "put a text with { } or [ ] in quotes"),
        ("rule: []\n", "unknown key 'rule' – did you mean rules?"),
        ("id: one\nname: x\n", "rules: stands once, before the list"),
        ("rules:\n  - id: a\x00\n", "r.yaml:2: this is not YAML: a control character (U+0000)"),
    ],
)
def test_a_file_that_is_no_list_of_rules_says_so(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        load_rules([write(tmp_path, text)])
    assert message in str(caught.value)


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path):
    write(tmp_path, "rules: [\n", "a.yaml")
    write(
        tmp_path,
        "rules:\n  - {id: one, name: x, kinds: [no], regions: [贵洲], keywords: {any: 5, of: 6}}\n"
        "  - {name: y, regex: ['(']}\n  - 7\n  - {id: one, name: z}\n",
        "b.yaml",
    )
    with pytest.raises(UserErrors) as caught:
        load_rules([tmp_path, tmp_path / "missing"])
    places = [(one.file and one.file.name, one.line) for one in caught.value.errors]
    lines = [2, 2, 2, 2, 3, 3, 4, 5]
    assert places[0][0] == "a.yaml"
    assert places[1:] == [*(("b.yaml", line) for line in lines), ("missing", None)]
    assert str(caught.value).endswith("(and 9 more)")


_SOURCES = RuleVocabulary(
    sources=("sichuan", "hunan", "daily"), source_regions={"sichuan": "四川省", "hunan": "湖南省"}
)


@pytest.mark.parametrize(
    ("regions", "condition", "wrong"),
    [
        (
            "贵州",
            "speakers: [四川省数据局]",
            "speakers: the rule never matches: 四川省数据局 is of",
        ),
        ("贵州, 甘肃", "speakers: [四川省数据局, 成都市财政局]", "speakers: the rule never"),
        ("贵阳", "sources: [sichuan]", "sources: the rule never matches: sichuan is of 四川省"),
        ("四川", "speakers: [四川省数据局]", None),
        ("成都", "speakers: [四川省数据局]", None),
        ("四川", "speakers: [成都市财政局]", None),
        ("成渝", "sources: [sichuan]", None),
        ("贵州", "speakers: [四川省数据局, 国家数据局]", None),
        ("贵州", "speakers: [数据局]", None),
        ("贵州", "speakers: [expert, 四川省数据局]", None),
        ("全国", "speakers: [四川省数据局]", None),
        ("贵州", "sources: [sichuan, daily]", None),
        ("湖南", "sources: [sichuan, hunan]", None),
    ],
)
def test_an_office_or_a_source_of_other_regions_never_matches(tmp_path, regions, condition, wrong):
    path = write(
        tmp_path, f"rules:\n  - id: one\n    name: 一\n    regions: [{regions}]\n    {condition}\n"
    )
    if wrong is None:
        assert load_rules([path], _SOURCES).rules
        return
    with pytest.raises(UserError) as caught:
        load_rules([path], _SOURCES)
    assert wrong in str(caught.value)
    assert ":5:" in str(caught.value)


def test_one_wrong_item_of_a_list_does_not_hide_the_others(tmp_path):
    text = """rules:
  - id: one
    name: 一
    regions: ["", 贵洲, 火星]
    themes: [null, computers]
    keywords: {any: [机房、机柜, 2026], all: [机柜], none: ["", 机柜]}
"""
    with pytest.raises(UserErrors) as caught:
        load_rules([write(tmp_path, text)], RuleVocabulary(themes=["compute"]))
    said = [str(one).partition("r.yaml")[2] for one in caught.value.errors]
    for wrong in (":4:15:", ":4:19:", ":4:23:", ":5:14:", ":5:20:", ":6:22:", ":6:29:"):
        assert sum(one.startswith(wrong) for one in said) == 1, said
    assert any("the rule never matches" in one for one in said)


def test_a_folder_is_read_whatever_the_case_of_its_endings(tmp_path):
    write(tmp_path, "rules:\n  - {id: one, name: a}\n", "a.YAML")
    assert [rule.id for rule in load_rules([tmp_path]).rules] == ["one"]


def test_windows_files_and_wide_digits_are_read(tmp_path):
    text = "\ufeffrules:\r\n  - id: one\r\n    name: 一\r\n    years: [２０２６]\r\n"
    path = tmp_path / "r.yaml"
    path.write_bytes(text.encode())
    (rule,) = load_rules([path]).rules
    assert rule.years == {2026}


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("monitor.rules.loader._FILE_BYTES", 10)
    with pytest.raises(UserError, match="larger than"):
        load_rules([write(tmp_path, "rules: []  # nothing yet\n")])


def test_an_id_is_taken_once_over_all_files(tmp_path):
    write(tmp_path, "rules:\n  - {id: one, name: a}\n", "a.yaml")
    write(tmp_path, "rules:\n  - {id: one, name: b}\n", "b.yml")
    with pytest.raises(UserError, match=r"b\.yml:2:\d+: the id 'one' is taken"):
        load_rules([tmp_path])


def test_an_empty_file_has_no_rules(tmp_path):
    assert load_rules([write(tmp_path, "# nothing yet\n")]).rules == ()


def test_a_missing_folder_says_how_to_get_one(tmp_path):
    with pytest.raises(UserError, match="monitor init writes rules"):
        load_rules([tmp_path / "rules"])


def test_the_shipped_rules_are_read_and_fit_their_schema():
    rules = load_rules([SHIPPED]).rules
    assert len(rules) >= 8
    assert all(rule.subscribable and not rule.recipients for rule in rules)
    schema = json_schema()
    for file in SHIPPED.glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)


def test_every_field_of_a_rule_is_described():
    properties = json_schema()["$defs"]["RuleEntry"]["properties"]
    described = {name for name, field in properties.items() if field.get("description")}
    assert set(field_names()) - described <= {"keywords", "then"}


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_the_last_set(tmp_path, caplog):
    path = write(tmp_path, "rules:\n  - {id: one, name: a}\n")
    live = RuleFiles([tmp_path])
    assert [rule.id for rule in live.current().rules] == ["one"]
    write(tmp_path, "rules:\n  - {id: two, name: a}\n  - {id: three, name: b}\n")
    os.utime(path, ns=(1, 1))
    assert [rule.id for rule in live.current().rules] == ["two", "three"]
    write(tmp_path, "rules: [")
    os.utime(path, ns=(2, 2))
    assert [rule.id for rule in live.current().rules] == ["two", "three"]
    assert [record.message for record in caplog.records] == ["rules.broken"]


def test_a_corrected_template_makes_the_rules_valid(tmp_path):
    def prove(template):
        if "{{" in template.source:
            raise UserError("no template", file=template.path)

    write(tmp_path, "rules:\n  - {id: one, name: a}\n")
    live = RuleFiles([tmp_path], RuleVocabulary(check_template=prove))
    write(tmp_path, "rules:\n  - {id: two, name: b, then: {template: short.html}}\n")
    live.current()
    assert live.broken is not None
    (tmp_path / "short.html").write_text("{{", encoding="utf-8")
    live.current()
    assert live.broken is not None
    (tmp_path / "short.html").write_text("kurz", encoding="utf-8")
    assert [rule.id for rule in live.current().rules] == ["two"]
    assert live.broken is None


def test_what_is_written_while_the_rules_are_read_is_read_too(tmp_path):
    def prove(_):
        # Somebody saves the file that was read just before.
        if once:
            write(tmp_path, "rules:\n  - {id: three, name: c, then: {template: short.html}}\n")
            once.clear()

    once = []
    (tmp_path / "short.html").write_text("kurz", encoding="utf-8")
    write(tmp_path, "rules:\n  - {id: one, name: a}\n")
    live = RuleFiles([tmp_path], RuleVocabulary(check_template=prove))
    once.append(1)
    write(tmp_path, "rules:\n  - {id: two, name: b, then: {template: short.html}}\n")
    live.current()
    assert not once
    assert [rule.id for rule in live.current().rules] == ["three"]
