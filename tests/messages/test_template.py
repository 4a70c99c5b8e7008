"""Operators' templates: proved when read, harmless whatever they say, never a lost alert."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from alert_story import NOW, raised
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram_api import parse_html, utf16

from monitor.errors import UserError
from monitor.messages.alert_message import render_alert
from monitor.messages.html_parser import TAGS
from monitor.messages.richtext import ENTITY_LIMIT, TEXT_LIMIT, Message
from monitor.messages.template import Template, compile_template
from monitor.messages.template_context import (
    VARIABLES,
    ChangeView,
    DocumentView,
    FigureView,
    TextsView,
)
from monitor.messages.template_samples import (
    sample_alert,
    sample_alerts,
    sample_change,
    unsure_change,
)
from monitor.messages.template_sandbox import FILTERS, SOURCE_LIMIT
from monitor.model.changes import Kind
from monitor.model.documents import Health, Outcome, SourceHealthEvent
from monitor.rules.model import TemplateFile

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "templates.md").read_text(encoding="utf-8")
SHIPPED = sorted((ROOT / "rules" / "templates").glob("*.html"))
FILE = Path("mine.html")


def template(source: str) -> Template:
    return compile_template(TemplateFile(FILE, source))


def refused(source: str) -> UserError:
    with pytest.raises(UserError) as caught:
        template(source)
    assert caught.value.file == FILE
    return caught.value


def taken_by_telegram(message: Message) -> None:
    text, entities = parse_html(message.html)
    assert text == message.text
    assert 0 < utf16(text.strip()) <= TEXT_LIMIT
    assert len(entities) <= ENTITY_LIMIT


def test_a_template_makes_the_whole_message() -> None:
    made = template(
        "{% for c in changes %}<b>{{ c.headline }}</b>\n{% endfor %}{{ document.title }}"
    )
    assert made.render(sample_alert(sample_change(Kind.STRENGTHENED))).html == (
        "<b>贵州 算力规模 160 → 190 Eflops ▲18.75%</b>\n2026年贵州省政府工作报告"
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_templates_that_come_along_make_messages(path: Path) -> None:
    made = template(path.read_text(encoding="utf-8"))
    for _, alert in sample_alerts():
        taken_by_telegram(made.render(alert))


def test_two_templates_come_along() -> None:
    assert len(SHIPPED) == 2


def test_the_example_of_the_reference_is_what_it_says() -> None:
    source = re.search(r"```html\n(.*?)```", PAGE, re.DOTALL)
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert source is not None
    assert shown is not None
    made = template(source[1]).render(sample_alert(sample_change(Kind.STRENGTHENED)))
    assert made.html == shown[1].strip()


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Variables", list(VARIABLES)),
        ("A change", [field.name for field in fields(ChangeView)]),
        ("A figure", [field.name for field in fields(FigureView)]),
        ("The document", [field.name for field in fields(DocumentView)]),
        ("Texts", [field.name for field in fields(TextsView)]),
        ("Language", list(FILTERS)),
    ],
)
def test_everything_a_template_may_name_is_documented(heading: str, names: list[str]) -> None:
    part = re.split(r"^##+ ", PAGE.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == sorted(names)


def test_every_tag_is_documented() -> None:
    assert all(re.search(rf"`{tag}( href)?`", PAGE) for tag in TAGS)


def test_a_field_that_is_not_known_is_empty() -> None:
    made = template("x{{ document.url }}{{ document.published }}{{ changes[0].year }}.")
    bare = next(alert for what, alert in sample_alerts() if "no region" in what)
    document = replace(bare.document, url=None, published=None)  # type: ignore[type-var]
    assert made.render(replace(bare, document=document)).text == "x."


def test_changes_come_strongest_first_and_what_does_not_fit_is_counted() -> None:
    made = template(
        "{% for c in changes %}{{ c.kind }} {{ c.text }}{{ c.text }}{{ c.text }}\n{% endfor %}"
        "{{ changes|length }}+{{ rest }}"
    )
    many = next(alert for what, alert in sample_alerts() if "at once" in what)
    first = sample_change(Kind.STRENGTHENED)
    message = made.render(
        sample_alert(sample_change(Kind.REWORDED), first, *[c.change for c in many.changes])
    )
    lines = message.text.count("\n")
    assert message.text.endswith(f"{lines}+{32 - lines}")
    assert 1 <= lines < 12
    assert message.fits
    few = made.render(sample_alert(sample_change(Kind.REWORDED), first))
    assert re.findall(r"^[a-z]+", few.text, re.MULTILINE) == ["strengthened", "reworded"]


def test_a_message_that_may_be_a_repetition_says_so() -> None:
    alert = replace(sample_alert(raised()), possibly_delivered=True)
    assert "可能已经发过" in template("x {{ document.title }}").render(alert).text


def test_a_template_can_say_that_a_change_is_not_sure() -> None:
    made = template(
        "{% for c in changes %}{{ c.certainty }} {{ c.score|default('–') }} "
        "{{ c.nearest_text }} / {{ c.note }}\n{% endfor %}"
    )
    nearest = "加快算力枢纽建设，算力总规模再上一个台阶。"
    alert = sample_alert(unsure_change(Kind.DROPPED), sample_change(Kind.REWORDED), language="en")
    assert made.render(alert).text == (
        f"unsure 0.31 {nearest} / not repeated; nearest: {nearest}\nsure –  /"
    )


def test_what_is_not_sure_is_counted_under_the_message_of_a_template() -> None:
    alert = replace(sample_alert(raised()), unsure=2)
    assert template("{{ document.title }}").render(alert).text == (
        "2026年贵州省政府工作报告\n另有 2 条承诺可能是新增或不再提，尚不能确定。"
    )


def test_markup_from_outside_stays_text() -> None:
    evil = '</b><a href="https://evil.example">x</a>{{ 7*7 }}'
    change = raised()
    after = replace(change.statement, text=evil, section=evil, region=evil, themes=(evil,))
    alert = sample_alert(replace(change, after=after, region=evil, deltas=()))
    document = replace(alert.document, title=evil, source_name=evil)  # type: ignore[type-var]
    figures = ROOT / "rules" / "templates" / "figures.html"
    made = template(figures.read_text(encoding="utf-8"))
    _, entities = parse_html(made.render(replace(alert, document=document)).html)
    links = [entity["url"] for entity in entities if entity["type"] == "text_link"]
    assert links == [document.url]


def test_filters_see_the_text_of_what_is_marked() -> None:
    made = template("{{ changes[0].diff|truncate(9) }} {{ changes[0].diff ~ '' }}")
    shown = made.render(sample_alert(sample_change(Kind.STRENGTHENED))).html
    assert shown.startswith("2025→202…")


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("{% if", 1, "end of template"),
        ("a\n{{ chnages }}", 2, "did you mean changes"),
        ("a\n\n{% if false %}{{ rset }}{% endif %}", 3, "did you mean rest"),
        ("a\n{{ changes[0].headlin }}", 2, "did you mean headline"),
        ("a\n{% for c in changes %}\n{{ c.title }}{% endfor %}", 3, "a change has no attribute"),
        ("a\n{% if rest < 0 %}{{ document|uper }}{% endif %}", 2, "did you mean upper"),
        ("a {{ document.title|safe }}", 1, "escaped"),
        ("a\n{% if document is defined %}x{% endif %}", 2, "always there"),
        ("a\n{{ changes[0].figures[0].shown }}", 2, "without numbers"),
        ("a\n{{ changes }}", 2, "texts and numbers"),
        ("a\n\n<u>b</u>", 3, "<u> is no tag"),
        ("a\n{% for c in changes %}\n<b>{{ c.symbol }}\n{% endfor %}", 3, "left open"),
        ("<b>a\n</b>\n\n{{ rest }}<a>x</a>", 4, "href"),
        ("a\n<a href='tg://x'>b</a>", 2, "http"),
        ("\n\n1 < 2", 3, "&lt;"),
        ("{% if changes[0].kind == 'added' %}x{% endif %}", None, "empty"),
        (
            "{% for n in range(99) %}{{ document.title }} {{ changes[0].text }}{% endfor %}",
            None,
            "long",
        ),
        ("x" * (SOURCE_LIMIT + 1), None, "at most"),
        ("a\n{{ 1 / 0 }}", 2, "division by zero"),
    ],
)
def test_an_error_names_its_line_and_reason(source: str, line: int | None, reason: str) -> None:
    error = refused(source)
    assert reason in str(error)
    assert error.line == line


NESTED = "{% for a in range(99) %}" * 8 + "x" + "{% endfor %}" * 8
SILENT = "{% for a in range(99) %}" * 8 + "{% endfor %}" * 8 + "x"
GROWING = "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}"
SQUARED = "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a|replace('x', a) %}" * 20 + "{{ a }}"
LISTED = "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}"
NUMBERS = "{% set a = 99999 %}" + "{% set a = a * a %}" * 60 + "{{ a }}"
BUSY = (
    "{% for a in range(99) %}{% for b in range(99) %}"
    + "{% if changes[0].text == document.title %}y{% endif %}" * 250
    + "{% endfor %}{% endfor %}x"
)
SEARCHING = (
    "{% set a = 'x' %}"
    + "{% set a = a ~ a %}" * 14
    + "{% set b = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy' %}{% for n in range(30) %}"
    + "{% if b in a %}{% endif %}" * 400
    + "{% endfor %}x"
)


@pytest.mark.parametrize(
    "source",
    [
        NESTED,
        SILENT,
        GROWING,
        SQUARED,
        LISTED,
        NUMBERS,
        BUSY,
        GROWING.replace("~", "+"),
        SEARCHING,
        SEARCHING.replace("b in a", "b is in a"),
        "{{ 'a' * 10**9 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'a'.rjust(1000000000) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ 'a'|indent(1000000000) }}",
        "{{ changes|batch(1000000000, 'x')|list }}",
        "{{ '%0999999999d'|format(1) }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ 1.5|round(1000000000, 'ceil') }}",
        "{% for a in range(1000000000) %}{% endfor %}x",
        "{{ range(1000000000)|join('x') }}",
        "{% set a = 'x'|replace('x', 'y') %}{{ a|replace('', a) }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in changes recursive %}{{ loop(changes) }}{% endfor %}",
        "{% call(x) range(3) %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% set a %}x{% endset %}{{ a }}",
        "{% set ns = namespace(a=1) %}{{ ns.a }}",
        "{% block a %}{% endblock %}{{ self.a() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}x",
        "{% extends 'x' %}",
        "{% autoescape false %}{{ document.title }}{% endautoescape %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ changes[0]['__class__'] }}",
        "{{ changes|attr('__class__') }}",
        "{{ changes|map(attribute='__class__')|join }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ range.__globals__ }}",
        "{{ document['title'].upper() }}",
        "{{ range }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "not " * 3000 + "1 }}",
        "{{ 1" + " + 1" * 3000 + " }}",
        "{% if 1 %}" * 1000 + "x" + "{% endif %}" * 1000,
        "{{ " + "9" * 10_000 + " }}",
        "{{ 0x" + "f" * 10_000 + " }}",
        "<b>" * 5000 + "x",
        "x" * 5000,
    ],
)
def test_a_hostile_template_is_refused(source: str) -> None:
    refused(source)


@pytest.mark.slow
def test_work_is_bounded_by_the_budget() -> None:
    inner = "{% if changes[0].text == document.title %}y{% endif %}"
    template("{% for a in range(90) %}" + inner * 60 + "{% endfor %}x")
    error = refused("{% for a in range(90) %}" + inner * 120 + "{% endfor %}x")
    assert "more than a message needs" in str(error)


WORDS = (
    *("{{", "}}", "{%", "%}", "{#", "#}", " for ", " in ", " if ", " endfor ", " endif ", " set "),
    *(" changes ", " c ", ".text", "[0]", "|upper", "|join(", ")", "(", "'", "~", "*", "+", "="),
    *("9", "<b>", "</b>", "<a href=", ">", "\n", "range", ",", "["),
)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(
        st.sampled_from(WORDS),
        max_size=25,
    ).map("".join)
)
def test_any_text_is_a_template_or_the_operators_mistake(source: str) -> None:
    try:
        made = template(source)
    except UserError as error:
        line = str(error)
    else:
        line = ""
        taken_by_telegram(made.render(sample_alert(raised())))
    assert "\n" not in line


def test_a_template_that_fails_on_an_alert_falls_back_to_the_built_in_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = template("a\n{% if document.title == 'odd' %}{{ 1 / 0 }}{% endif %}")
    alert = sample_alert(raised())
    alert = replace(alert, document=replace(alert.document, title="odd"))  # type: ignore[type-var]
    assert made.render(alert) == render_alert(alert)
    (record,) = [record for record in caplog.records if record.message == "template.failed"]
    assert record.levelname == "WARNING"
    assert (record.template, record.template_line) == ("mine.html", 2)  # type: ignore[attr-defined]
    assert record.reason == "division by zero"  # type: ignore[attr-defined]


def test_a_source_health_event_uses_the_built_in_message() -> None:
    event = SourceHealthEvent("a", "A", NOW, Health.FAILING, Health.OK, NOW, Outcome.ERROR, "x")
    alert = replace(sample_alert(), document=None, event=event)
    assert template("x").render(alert) == render_alert(alert)
