"""Topics: lexicons in YAML that say what a sentence is about, and under which themes.

All words of all topics go to one automaton, so that ten topics cost what one costs.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import ahocorasick
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from monitor.errors import UserError
from monitor.yaml import YamlFile, read_yaml, validate

GENERAL = "general"
"""What ``of`` calls the topic's own words, which carry no theme."""

_CLAUSE = re.compile("[，。；：！？\n]")


def counted(sentence: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that put a sentence in scope.

    They are not hidden by a longer phrase, and have what they need in the same sentence.
    """
    return [
        hit
        for hit in hits
        if hit.use.scope
        and not hit.hidden_by
        and (not hit.use.entry.needs or any(word in sentence for word in hit.use.entry.needs))
    ]


def themes_of(sentence: str, hits: Sequence[Hit], topic: Topic, offset: int) -> dict[str, str]:
    """The themes of a sentence that starts at ``offset``, each with the word that gave it.

    They stand in the order of the topic's file; the theme that ``otherwise`` gives has no word.
    """
    scope = counted(sentence, hits)
    found = {hit.use.theme: hit.word for hit in reversed(scope) if hit.use.theme}
    near: dict[int, set[str]] = {}
    for hit in scope:
        near.setdefault(_clause(sentence, hit.start - offset), set()).add(hit.use.theme or GENERAL)
    anywhere = set().union(*near.values())
    for hit in hits:
        use = hit.use
        if use.scope or hit.hidden_by or use.theme is None or use.theme in found:
            continue
        if use.entry.needs and not any(word in sentence for word in use.entry.needs):
            continue
        clause = _clause(sentence, hit.start - offset)
        beside = anywhere if use.reach == "sentence" else near.get(clause, set())
        if beside and (not use.of or beside.intersection(use.of)):
            found[use.theme] = hit.word
    if not found and topic.otherwise:
        found[topic.otherwise] = ""
    return {theme: found[theme] for theme in topic.themes if theme in found}


def _clause(sentence: str, at: int) -> int:
    """The number of the clause a place stands in."""
    return sum(1 for _ in _CLAUSE.finditer(sentence, 0, at))


BUILT_IN = Path(__file__).parent / "data" / "topics"
_LOWER = {
    ord(big): small
    for big, small in zip(string.ascii_uppercase, string.ascii_lowercase, strict=True)
}
_LATIN = frozenset(string.ascii_letters)

Word = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(pattern=r"^\w[\w-]*$", max_length=60)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Entry(_Model):
    """Words that mean the topic, with the longer phrases and neighbours that decide."""

    words: Annotated[tuple[Word, ...], Field(min_length=1)]
    unless: tuple[Word, ...] = Field(default=(), alias="except")
    needs: tuple[Word, ...] = ()


class Theme(_Model):
    """``words`` put a sentence in scope; the others only add the theme to one that is.

    ``beside`` words must stand in one clause with a word of the topic, ``within`` words anywhere
    in the sentence. ``of`` names the themes whose words they may go with; the topic's own words,
    which have no theme, are ``general``.
    """

    words: tuple[Word | Entry, ...] = ()
    beside: tuple[Word | Entry, ...] = ()
    within: tuple[Word | Entry, ...] = ()
    of: tuple[Name, ...] = ()


class Topic(_Model):
    """A lexicon. ``otherwise`` is the theme of a sentence that no theme's word names."""

    id: Name
    name: str = ""
    extends: bool = False
    words: tuple[Word | Entry, ...] = ()
    themes: dict[Name, Theme] = {}
    otherwise: Name | None = None


class TopicsFile(_Model):
    """What a topics file holds."""

    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Use:
    """What one word means to one topic."""

    topic: str
    theme: str | None
    reach: Literal["scope", "clause", "sentence"]
    entry: Entry
    of: tuple[str, ...] = ()

    @property
    def scope(self) -> bool:
        """Whether the word puts its sentence in scope."""
        return self.reach == "scope"


@dataclass(frozen=True, slots=True)
class Hit:
    """A word of a topic in a text."""

    start: int
    end: int
    word: str
    use: Use
    hidden_by: str = ""
    """The longer phrase in which the word means something else, if it stands in one."""


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics, and the automaton that finds their words."""

    topics: tuple[Topic, ...]
    automaton: ahocorasick.Automaton

    def get(self, topic_id: str) -> Topic:
        """The topic with this id; KeyError if there is none."""
        return next(topic for topic in self.topics if topic.id == topic_id)

    def hits(self, text: str) -> list[Hit]:
        """Every word that counts, in the order of the text; linear in its length.

        A word inside one of its ``except`` phrases is given with ``hidden_by``; a part of a longer
        Latin word (AI in CHAIN) is no hit. ``needs`` is for the caller, who knows the sentence.
        """
        found: list[Hit] = []
        shields: dict[tuple[str, int], tuple[int, str]] = {}
        for last, (word, uses, shielded) in self.automaton.iter(text.translate(_LOWER)):
            start, end = last + 1 - len(word), last + 1
            if word[0] in _LATIN and start and text[start - 1] in _LATIN:
                continue
            if word[-1] in _LATIN and end < len(text) and text[end] in _LATIN:
                continue
            found.extend(Hit(start, end, word, use) for use in uses)
            for inner in shielded:
                shields.update({(inner, index): (end, word) for index in range(start, end)})
        if shields:
            found = [_hidden(hit, shields) if hit.use.entry.unless else hit for hit in found]
        found.sort(key=lambda hit: (hit.start, -hit.end))
        return found


def _hidden(hit: Hit, shields: dict[tuple[str, int], tuple[int, str]]) -> Hit:
    end, phrase = shields.get((hit.word, hit.start), (0, ""))
    return replace(hit, hidden_by=phrase) if end >= hit.end else hit


def load_topics(user_files: Sequence[Path] = ()) -> Topics:
    """The built-in topics and those of the user's files.

    A user's topic may carry ``extends: true`` to add words to a topic that is there already.

    Raises:
        UserError: a file cannot be read or does not fit; the line says where and how to mend it.
    """
    return _load(user_files) if user_files else _built_in()


@cache
def _built_in() -> Topics:
    return _load(())


def _load(user_files: Sequence[Path]) -> Topics:
    found: dict[str, Topic] = {}
    for path in (*sorted(BUILT_IN.glob("*.yaml")), *user_files):
        file = read_yaml(path)
        for index, topic in enumerate(validate(file, TopicsFile).topics):
            found[topic.id] = _placed(topic, found.get(topic.id), file, index)
    topics = tuple(found.values())
    return Topics(topics, _automaton(topics))


def _placed(topic: Topic, known: Topic | None, file: YamlFile, index: int) -> Topic:
    here = ("topics", index, "id")
    if topic.extends and known is None:
        raise file.error(here, f"there is no topic {topic.id!r} to extend", "drop extends: true")
    if known is not None and not topic.extends:
        raise file.error(
            here, f"the topic {topic.id!r} is there already", "add extends: true or rename it"
        )
    if not topic.extends and not any(use.scope for _, use in _uses(topic)):
        raise file.error(here, f"the topic {topic.id!r} has no words", "add words: [...]")
    if topic.otherwise and topic.otherwise not in topic.themes and known is None:
        raise file.error(
            ("topics", index, "otherwise"),
            f"the topic {topic.id!r} has no theme {topic.otherwise!r}",
            "name one of its themes",
        )
    if known is None:
        return topic
    themes = dict(known.themes)
    for name, theme in topic.themes.items():
        old = themes.get(name, Theme())
        themes[name] = Theme(
            words=old.words + theme.words,
            beside=old.beside + theme.beside,
            within=old.within + theme.within,
            of=theme.of or old.of,
        )
    return known.model_copy(update={"words": known.words + topic.words, "themes": themes})


def _uses(topic: Topic) -> Iterator[tuple[str, Use]]:
    for word, entry in _words(topic.words):
        yield word, Use(topic.id, None, "scope", entry)
    for name, theme in topic.themes.items():
        for word, entry in _words(theme.words):
            yield word, Use(topic.id, name, "scope", entry)
        for word, entry in _words(theme.beside):
            yield word, Use(topic.id, name, "clause", entry, theme.of)
        for word, entry in _words(theme.within):
            yield word, Use(topic.id, name, "sentence", entry, theme.of)


def _words(values: tuple[str | Entry, ...]) -> Iterator[tuple[str, Entry]]:
    for value in values:
        entry = Entry(words=(value,)) if isinstance(value, str) else value
        for word in entry.words:
            yield word.translate(_LOWER), entry


def _automaton(topics: tuple[Topic, ...]) -> ahocorasick.Automaton:
    uses: dict[str, list[Use]] = {}
    shielded: dict[str, list[str]] = {}
    for topic in topics:
        for word, use in _uses(topic):
            uses.setdefault(word, []).append(use)
            for phrase in use.entry.unless:
                shielded.setdefault(phrase.translate(_LOWER), []).append(word)
    automaton = ahocorasick.Automaton()
    for word in {**uses, **shielded}:
        automaton.add_word(
            word, (word, tuple(uses.get(word, ())), tuple(set(shielded.get(word, ()))))
        )
    automaton.make_automaton()
    return automaton


def check_topics(files: Sequence[Path]) -> list[UserError]:
    """What is wrong with the user's topic files, one error a file at most; empty when all fit."""
    errors: list[UserError] = []
    for path in files:
        try:
            _load([path])
        except UserError as error:
            errors.append(error)
    return errors
