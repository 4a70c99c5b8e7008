"""A source is added to a catalogue file as text; what stands there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.catalogue.append import with_source
from monitor.catalogue.loader import check_text
from monitor.errors import UserError

NEW = {"id": "new", "name": "某市", "lists": "https://a.cn/", "selectors": {"body": "#x"}}
WRITTEN = """  - id: new
    name: 某市
    lists: https://a.cn/
    selectors:
      body: '#x'
"""
FILE = Path("sources.yaml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "sources:\n" + WRITTEN),
        ("# mine\n", "# mine\nsources:\n" + WRITTEN),
        ("sources:\n", "sources:\n" + WRITTEN),
        (
            "sources:  # mine\n  - id: a\n    name: x\n    pages: http://b.cn/  # one\n",
            "sources:  # mine\n  - id: a\n    name: x\n    pages: http://b.cn/  # one\n" + WRITTEN,
        ),
        (
            "sources:\n- id: guizhou\n  list_interval: 1h",
            "sources:\n- id: guizhou\n  list_interval: 1h\n" + WRITTEN.replace("\n  ", "\n")[2:],
        ),
        (
            "sources:\n  - {id: guizhou, list_interval: 1h}\n\n# no others\nbuiltin: false\n",
            "sources:\n  - {id: guizhou, list_interval: 1h}\n"
            + WRITTEN
            + "\n# no others\nbuiltin: false\n",
        ),
        (
            "builtin: false\nsources:\r\n  - id: guizhou\r\n",
            "builtin: false\r\nsources:\r\n  - id: guizhou\r\n" + WRITTEN.replace("\n", "\r\n"),
        ),
    ],
)
def test_the_entry_is_appended_and_all_else_stays(before, after):
    assert with_source(before, FILE, NEW) == after
    assert check_text(after, FILE)[-1].id == "new"


def test_a_comment_stands_above():
    text = with_source("sources:\n  - id: a\n", FILE, NEW, "added today")
    assert "  # added today\n  - id: new\n" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: []\n", "one line"),
        ("sources: [{id: a}]\n", "one line"),
        ("{builtin: false}\n", "one line"),
        ("sources:\n  - id: new\n", "a second source"),
        ("sources:\n  - nmae: x\n", "id"),
        ("sources: [\n", "not YAML"),
        ("- a\n", ""),
    ],
)
def test_a_file_that_cannot_be_appended_to_is_reported_in_one_line(text, words):
    with pytest.raises(UserError) as caught:
        with_source(text, FILE, NEW)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_odd_values_are_quoted_so_that_they_come_back():
    odd = {"id": "new", "name": "a: #b 'c' \"d\" 是\\d", "lists": "https://a.cn/?x=1#y"}
    (entry,) = check_text(with_source("", FILE, odd), FILE)
    assert entry.name == odd["name"]
