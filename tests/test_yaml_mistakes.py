"""One mistake is told alike in a catalogue, a file of rules and a file of topics."""

import pytest

from monitor.catalogue.loader import load_catalogue
from monitor.errors import UserError
from monitor.extraction.topics_file import read_topics
from monitor.rules.loader import load_rules
from monitor.yaml import read_yaml

GOOD = {
    "sources": "sources:\n  - id: a\n    name: 某市\n    lists: https://a.example.cn/\n",
    "rules": "rules:\n  - id: a\n    name: 某省\n    regions: [贵州省]\n",
    "topics": "topics:\n  - id: a\n    name: 某题\n    words: [低空经济]\n",
}
READ = {
    "sources": lambda path: load_catalogue([path]),
    "rules": lambda path: load_rules([path]),
    "topics": lambda path: read_topics(read_yaml(path)),
}


@pytest.fixture(params=GOOD)
def kind(request):
    return request.param


@pytest.fixture
def told(kind, tmp_path):
    def of(text: str | bytes) -> list[str]:
        path = tmp_path / "mine.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(UserError) as caught:
            READ[kind](path)
        errors = getattr(caught.value, "errors", [caught.value])
        return [str(one).removeprefix(f"{path}:") for one in errors]

    return of


def name_as(kind, written):
    return GOOD[kind].replace("name: ", f"name: {written} # ")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("2026", "a number"), ("yes", "yes or no"), ("2026-01-02", "a day or time")],
)
def test_a_text_without_quotes_is_told_as_it_is_written(told, kind, written, read_as):
    assert told(name_as(kind, written)) == [
        f'3:5: name: YAML reads {written} as {read_as} – put it in quotes: "{written}"'
    ]


def test_an_octal_number_in_place_of_a_text_is_told_once(told, kind):
    found = told(GOOD[kind].replace("id: a", "id: 0123"))
    assert found == ['2:5: id: YAML reads 0123 as a number – put it in quotes: "0123"']


def test_a_list_in_place_of_a_text(told, kind):
    assert told(name_as(kind, "[甲]")) == [
        "3:5: name: a list where one word is wanted – write one word"
    ]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("", " is no {one} – a {one} begins with - id:"),
        ("[a]", "a list is no {one} – a {one} begins with - id:"),
        ("id:a", "'id:a' is no {one} – a space is missing behind the colon: id: a"),
        ("id：a", "'id：a' is no {one} – the colon is full-width"),
    ],
)
def test_an_item_that_has_no_keys(told, kind, item, message):
    (found,) = told(f"{kind}:\n  - {item}\n")
    assert message.format(one=kind[:-1]) in found
    assert "None" not in found


def test_keys_in_place_of_the_list_are_not_printed_as_python_writes_them(told, kind):
    (found,) = told(f"{kind}:\n    id: a\n    name: b\n")
    assert found == (
        f"1:1: {kind}: keys with values stand where a list is wanted – "
        f"write - id: … for each {kind[:-1]}, one below the other"
    )


def test_a_file_of_another_kind_is_named(told, kind):
    for other in GOOD.keys() - {kind}:
        (found,) = told(GOOD[other])
        assert f"unknown key {other!r} – this is a " in found
        assert f"{other}" in found.partition(": monitor")[2]


def test_a_mistyped_first_key_is_one_mistake(told, kind):
    (found,) = told(GOOD[kind].replace(f"{kind}:", f"{kind[:-1]}:"))
    assert found == f"1:1: unknown key {kind[:-1]!r} – did you mean {kind}?"


def test_spaces_that_are_letters_to_yaml_are_told(told, kind):
    (found,) = told(GOOD[kind] + "\u00a0   notes: x\n")
    assert found.endswith("the spaces before it are not those of the space bar: indent with these")


def test_a_number_as_a_key_is_found_where_it_stands(told, kind):
    (found,) = told(GOOD[kind] + "    12: x\n")
    assert found.startswith("5:5: unknown key '12' – ")


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("id: *x", "put a text that begins with * in quotes"),
        ("id: !!python/name:os a", "'!!python/name:os' means nothing here – leave it out"),
    ],
)
def test_marks_of_yaml_are_told_with_the_fix(told, kind, text, fix):
    (found,) = told(GOOD[kind].replace("id: a", text))
    assert found.startswith("2:9: ")
    assert fix in found


def test_a_name_that_is_too_long_is_not_said_to_have_wrong_characters(told, kind):
    (found,) = told(GOOD[kind].replace("id: a", "id: " + "a" * 100))
    assert found.startswith("2:5: id: the text is too long – at most 6")


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("tab", "indent with spaces, not with tabs"),
        ("twice", "stands here twice – keep one"),
        ("gbk", "this is not UTF-8 – save it as UTF-8"),
    ],
)
def test_tabs_double_keys_and_other_encodings(told, kind, text, fix):
    wrong = {
        "tab": GOOD[kind].replace("    ", "\t", 1),
        "twice": GOOD[kind] + "    name: 再来\n",
        "gbk": GOOD[kind].encode("gb18030"),
    }
    (found,) = told(wrong[text])
    assert fix in found


def test_the_files_without_a_mistake_are_read(kind, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD[kind], encoding="utf-8")
    assert READ[kind](path)
