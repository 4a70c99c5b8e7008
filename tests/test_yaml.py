"""YAML without a tree of nodes reads what the library's own safe loader reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import UserError
from monitor.yaml import load, parse_yaml

FILE = Path("f.yaml")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
    | st.sampled_from(["yes", "0o17", "1e3", "2026-01-02", "<<", "~", "贵州省", "- a", "a: b", "#"])
)
KEYS = st.text("abc贵州", min_size=1, max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, True, False]))
def test_it_reads_what_the_safe_loader_reads(value, flow):
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    assert load(text, FILE) == yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "a: &x [1, 2]\nb: *x\n",
        "base: &b {every: 1h, n: 1}\none: {<<: *b, n: 2}\ntwo:\n  <<: [*b, {m: 3}]\n",
        "a: |\n  two\n  lines\nb: >-\n  one\n  line\n",
        "? a\n: b\n",
        "- !!str 12\n- 2026-01-02\n- .inf\n",
        "'on': off\n",
        "520000: 贵州\n",
    ],
)
def test_it_reads_what_people_write(text):
    assert load(text, FILE) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1", "the key 'a' stands here twice"),
        ("a: *x\n", "f.yaml:1:4", "stands for nothing"),
        ("a: &x [*x]\n", "f.yaml:1:8", "stands for nothing"),
        ("a: !!python/name:os.system x\n", "f.yaml:1:4", "means nothing here"),
        ("a: !mine {b: 1}\n", "f.yaml:1:4", "means nothing here"),
        ("? [a, b]\n: c\n", "f.yaml:1", "cannot be a key"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1", "a second document"),
        ("a: [1\n", "f.yaml:2:1", "this is not YAML"),
        ("<<: 12\n", "f.yaml:1", "takes mappings"),
        ("- " * 60 + "x\n", "f.yaml", "too many values"),
        (
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{n}: &{n} [{', '.join('*' + m for _ in range(10))}]\n"
                for m, n in zip("abcdefg", "bcdefgh", strict=True)
            ),
            "f.yaml",
            "too many values",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place(text, where, what):
    with pytest.raises(UserError) as caught:
        load(text, FILE)
    assert str(caught.value).startswith(where)
    assert what in str(caught.value)


def test_the_places_of_keys_and_items():
    file = parse_yaml("rules:\n  - id: a\n    regions: [贵州省,\n      湖南省]\n  - id: b\n", FILE)
    assert file.place(("rules",)) == (1, 1)
    assert file.place(("rules", 0)) == (2, 5)
    assert file.place(("rules", 0, "regions")) == (3, 5)
    assert file.place(("rules", 0, "regions", 1)) == (4, 7)
    assert file.place(("rules", 1, "id")) == (5, 5)
    # Nothing stands there: its nearest parent.
    assert file.place(("rules", 1, "name")) == (5, 5)
