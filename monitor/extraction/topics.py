"""Topics: lexicons in YAML that decide what a sentence is about, and under which themes.

The words of all topics are in one Aho-Corasick automaton, so that the time does not depend on the
number of topics.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import ahocorasick

from monitor.errors import UserError, UserErrors
from monitor.extraction.vocabulary import DATA, WordTable, alternation, read_table

# The schema loads pydantic, which importing this module must not do.
if TYPE_CHECKING:
    from monitor.extraction.topic_schema import Entry, Topic
    from monitor.yaml import YamlFile

GENERAL = "general"
"""The name in ``of`` for the topic's own words, which have no theme."""

BUILT_IN = DATA / "topics"

_LATIN = frozenset(string.ascii_letters)


class ContextWindow(StrEnum):
    """Where a word of the topic must be for a word of the lexicon to count."""

    SCOPE = "scope"  # nowhere: the word itself puts its sentence in scope
    CLAUSE = "clause"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class WordUse:
    """What one word means to one topic."""

    topic: str
    theme: str | None
    reach: ContextWindow
    entry: Entry
    with_themes: tuple[str, ...] = ()

    @property
    def scope(self) -> bool:
        """Whether the word puts its sentence in scope."""
        return self.reach is ContextWindow.SCOPE


@dataclass(frozen=True, slots=True)
class Hit:
    """An occurrence of a word of a topic in a text."""

    start: int
    end: int
    word: str
    use: WordUse
    hidden_by: str = ""
    """The longer phrase around it in which the word means something else, if there is one."""


@dataclass(frozen=True)
class Topics:
    """All topics, and the automaton that finds their words."""

    topics: tuple[Topic, ...]

    @cached_property
    def automaton(self) -> ahocorasick.Automaton:
        """Built for the first text: many a run reads none."""
        return _automaton(self.topics)

    def get(self, topic_id: str) -> Topic:
        """The topic with this id; KeyError if there is none."""
        return next(topic for topic in self.topics if topic.id == topic_id)

    def hits(self, text: str) -> list[Hit]:
        """Every occurrence of a word, in text order; linear in the length of the text.

        A word inside one of its ``except`` phrases, or used as a figure of speech, has
        ``hidden_by``; so has one that shares characters with an ordinary word (算法 in 预算法,
        智能体 in 智能体验). A part of a longer Latin word (AI in CHAIN) is not a hit. The caller,
        who knows the sentence, checks ``needs``.
        """
        found: list[Hit] = []
        exceptions: dict[tuple[str, int], tuple[int, str]] = {}
        ordinary = _OrdinaryPlaces(text)
        for last, (word, uses, excepted) in self.automaton.iter(_lower_case(text)):
            start, end = last + 1 - len(word), last + 1
            ordinary.add(word, start, end)
            if word[0] in _LATIN and start and text[start - 1] in _LATIN:
                continue
            if word[-1] in _LATIN and end < len(text) and text[end] in _LATIN:
                continue
            found.extend(Hit(start, end, word, use) for use in uses)
            for inner in excepted:
                exceptions.update({(inner, index): (end, word) for index in range(start, end)})
        if exceptions:
            found = [_hidden(hit, exceptions) if hit.use.entry.unless else hit for hit in found]
        if ordinary:
            found = [ordinary.hide(hit) for hit in found]
        found = [
            _hidden_by_figure(hit, text) if hit.use.entry.figurative_with else hit for hit in found
        ]
        found.sort(key=lambda hit: (hit.start, -hit.end))
        return found


def _hidden(hit: Hit, exceptions: dict[tuple[str, int], tuple[int, str]]) -> Hit:
    end, phrase = exceptions.get((hit.word, hit.start), (0, ""))
    return replace(hit, hidden_by=phrase) if end >= hit.end else hit


# Of the ordinary words, those that begin with a classifier: 家具, 道具, 面具, 支流.
_CLASSIFIERS = frozenset("家道面支")
_END_OF_NUMBER = frozenset("0123456789〇零一二两三四五六七八九十百千万亿余多几数")


class _OrdinaryPlaces:
    """Where ordinary words of a text overlap the words of topics."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = _ordinary_words()
        # By offset inside an ordinary word: that word, with its start and end.
        self._before: dict[int, tuple[int, int, str]] = {}
        self._after: dict[int, tuple[int, int, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._before or self._after)

    def add(self, word: str, start: int, end: int) -> None:
        """Note ``word`` at ``start:end``, unless its outer character belongs to another word."""
        taken = self._words.before.get(word)
        if (
            taken is not None
            and self._text[start - 1 : start] not in {*taken}
            and not self._is_counted(word, start)
        ):
            self._before.update(dict.fromkeys(range(start + 1, end), (start, end, word)))
        taken = self._words.after.get(word)
        if taken is not None and self._text[end : end + 1] not in {*taken}:
            self._after.update(dict.fromkeys(range(start + 1, end), (start, end, word)))

    def _is_counted(self, word: str, start: int) -> bool:
        """Whether the first character only counts: 家 in 50家具身智能企业 is no part of 家具."""
        return word[0] in _CLASSIFIERS and self._text[start - 1 : start] in _END_OF_NUMBER

    def hide(self, hit: Hit) -> Hit:
        """Hide a hit that begins inside an ordinary word and ends after it, or the reverse."""
        if hit.hidden_by:
            return hit
        start, end, _ = self._before.get(hit.start, (0, 0, ""))
        if hit.start < end < hit.end:
            return replace(hit, hidden_by=self._text[start : hit.end])
        start, end, _ = self._after.get(hit.end, (0, 0, ""))
        if hit.start < start < hit.end < end:
            return replace(hit, hidden_by=self._text[hit.start : end])
        return hit


def _hidden_by_figure(hit: Hit, text: str) -> Hit:
    """Hide a hit in quotation marks whose neighbours say that it is meant figuratively."""
    words = hit.use.entry.figurative_with
    if hit.hidden_by:
        return hit
    if _names_figure(words).search(text, max(0, hit.start - 8), hit.start):
        return replace(hit, hidden_by=text[max(0, hit.start - 4) : hit.end])
    marks = text[hit.start - 1 : hit.start] + text[hit.end : hit.end + 1]
    if marks not in {"“”", "‘’"}:
        return hit
    if _likens_pattern().search(text, max(0, hit.start - 14), hit.start - 1):
        return replace(hit, hidden_by=text[hit.start - 1 : hit.end + 1])
    left = max((m.end() for m in _item_end_pattern().finditer(text, 0, hit.start)), default=0)
    right = _item_end_pattern().search(text, hit.end)
    item = text[left : right.start() if right else len(text)]
    beside = any(word in item for word in words)
    return replace(hit, hidden_by=item) if beside else hit


@cache
def _names_figure(words: tuple[str, ...]) -> re.Pattern[str]:
    """One of ``words`` right before a hit: 农牧业芯片."""
    return re.compile(f"(?:{alternation(words)})[牧林]?(?:产业|业|物)?的?$")


@cache
def _likens_pattern() -> re.Pattern[str]:
    """Something else is said to be the hit: 种质是农业的“芯片”."""
    return re.compile(
        "(?:是|被称为|被誉为|被喻为|堪称|称作|犹如|好比|如同|当作)[^，。；：“”]{0,8}的?$"
    )


@cache
def _item_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？、\n]")


@dataclass(frozen=True)
class _OrdinaryWords(WordTable):
    """``data/ordinary_words.yaml``."""

    before: dict[str, str]
    after: dict[str, str]


@cache
def _ordinary_words() -> _OrdinaryWords:
    return read_table(DATA / "ordinary_words.yaml", _OrdinaryWords)


def in_scope_hits(sentence: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that put a sentence in scope: not hidden, and with a word that they need."""
    return [
        hit
        for hit in hits
        if hit.use.scope
        and not hit.hidden_by
        and (not hit.use.entry.needs or any(word in sentence for word in hit.use.entry.needs))
    ]


def themes_of(sentence: str, hits: Sequence[Hit], topic: Topic, offset: int) -> dict[str, str]:
    """The themes of a sentence that starts at ``offset``, each with the word that assigned it.

    They are in the order of the topic's file; the theme that ``default_theme`` gives has no word.
    """
    scope = in_scope_hits(sentence, hits)
    found = {hit.use.theme: hit.word for hit in reversed(scope) if hit.use.theme}
    by_clause: dict[int, set[str]] = {}
    for hit in scope:
        clause = _clause_number(sentence, hit.start - offset)
        by_clause.setdefault(clause, set()).add(hit.use.theme or GENERAL)
    anywhere = set().union(*by_clause.values())
    for hit in hits:
        use = hit.use
        if use.scope or hit.hidden_by or use.theme is None or use.theme in found:
            continue
        if use.entry.needs and not any(word in sentence for word in use.entry.needs):
            continue
        clause = _clause_number(sentence, hit.start - offset)
        nearby = anywhere if use.reach is ContextWindow.SENTENCE else by_clause.get(clause, set())
        if nearby and (not use.with_themes or nearby.intersection(use.with_themes)):
            found[use.theme] = hit.word
    if not found and topic.default_theme:
        found[topic.default_theme] = ""
    return {theme: found[theme] for theme in topic.themes if theme in found}


@cache
def _clause_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？\n]")


def _clause_number(sentence: str, at: int) -> int:
    """The number of the clause that contains the offset ``at``."""
    return sum(1 for _ in _clause_end_pattern().finditer(sentence, 0, at))


def load_topics(user_files: Sequence[Path] = ()) -> Topics:
    """The built-in topics and those of the user's files.

    A user's topic with ``extends: true`` adds words to a topic that exists already.

    Raises:
        UserError: a file cannot be read or is invalid; the message says where and how to fix it.
    """
    return _load(user_files) if user_files else _built_in()


@cache
def _built_in() -> Topics:
    return _load(())


def _load(user_files: Sequence[Path]) -> Topics:
    from monitor.extraction.topic_schema import TopicsFile
    from monitor.yaml import read_yaml

    found: dict[str, Topic] = {}
    for path in sorted(BUILT_IN.glob("*.yaml")):
        for topic in TopicsFile.model_validate(read_yaml(path).value).topics:
            found[topic.id] = topic
    for path in user_files:
        from monitor.extraction.topics_file import read_topics

        file = read_yaml(path)
        for index, topic in enumerate(read_topics(file)):
            found[topic.id] = _merge(topic, found.get(topic.id), file, index)
    return Topics(tuple(found.values()))


def _merge(topic: Topic, known: Topic | None, file: YamlFile, index: int) -> Topic:
    """Check ``topic`` and add it to the topic of the same id that is ``known``, if there is one."""
    from monitor.extraction.topic_schema import Theme

    here = ("topics", index, "id")
    if topic.extends and known is None:
        raise file.error(here, f"there is no topic {topic.id!r} to extend", "drop extends: true")
    if known is not None and not topic.extends:
        raise file.error(
            here, f"the topic {topic.id!r} is there already", "add extends: true or rename it"
        )
    if not topic.extends and not any(use.scope for _, use in _uses(topic)):
        raise file.error(here, f"the topic {topic.id!r} has no words", "add words: [...]")
    if topic.default_theme and topic.default_theme not in topic.themes and known is None:
        raise file.error(
            ("topics", index, "default_theme"),
            f"the topic {topic.id!r} has no theme {topic.default_theme!r}",
            "name one of its themes",
        )
    if known is None:
        return topic
    themes = dict(known.themes)
    for name, theme in topic.themes.items():
        old = themes.get(name, Theme())
        themes[name] = Theme(
            words=old.words + theme.words,
            same_clause=old.same_clause + theme.same_clause,
            same_sentence=old.same_sentence + theme.same_sentence,
            with_themes=theme.with_themes or old.with_themes,
        )
    return known.model_copy(update={"words": known.words + topic.words, "themes": themes})


def _uses(topic: Topic) -> Iterator[tuple[str, WordUse]]:
    for word, entry in _words(topic.words):
        yield word, WordUse(topic.id, None, ContextWindow.SCOPE, entry)
    for name, theme in topic.themes.items():
        for word, entry in _words(theme.words):
            yield word, WordUse(topic.id, name, ContextWindow.SCOPE, entry)
        for word, entry in _words(theme.same_clause):
            yield word, WordUse(topic.id, name, ContextWindow.CLAUSE, entry, theme.with_themes)
        for word, entry in _words(theme.same_sentence):
            yield word, WordUse(topic.id, name, ContextWindow.SENTENCE, entry, theme.with_themes)


def _words(values: tuple[str | Entry, ...]) -> Iterator[tuple[str, Entry]]:
    from monitor.extraction.topic_schema import Entry

    for value in values:
        entry = Entry(words=(value,)) if isinstance(value, str) else value
        for word in entry.words:
            yield _lower_case(word), entry


def _automaton(topics: tuple[Topic, ...]) -> ahocorasick.Automaton:
    uses: dict[str, list[WordUse]] = {}
    excepted: dict[str, list[str]] = {}
    for topic in topics:
        for word, use in _uses(topic):
            uses.setdefault(word, []).append(use)
            for phrase in use.entry.unless:
                excepted.setdefault(_lower_case(phrase), []).append(word)
    automaton = ahocorasick.Automaton()
    ordinary = _ordinary_words()
    for word in {*uses, *excepted, *ordinary.before, *ordinary.after}:
        automaton.add_word(
            word, (word, tuple(uses.get(word, ())), tuple(set(excepted.get(word, ()))))
        )
    automaton.make_automaton()
    return automaton


@cache
def _capitals_pattern() -> re.Pattern[str]:
    return re.compile("[A-Z]+")


def _lower_case(text: str) -> str:
    """Latin letters only: ``str.lower`` may change the length of a text."""
    return _capitals_pattern().sub(lambda found: found[0].lower(), text)


def check_topics(files: Sequence[Path]) -> list[UserError]:
    """The errors in the user's topics files; empty when all are valid."""
    errors: list[UserError] = []
    for path in files:
        try:
            _load([path])
        except UserErrors as several:
            errors += several.errors
        except UserError as error:
            errors.append(error)
    return errors
