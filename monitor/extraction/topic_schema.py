"""The schema of a topics file: a lexicon says what is in scope, and under which themes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(pattern=r"^\w[\w-]*$", max_length=60)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Entry(_Model):
    """Words of a topic with their exceptions.

    ``except`` are longer phrases in which a word means something else; of ``needs`` one must be
    in the same sentence. In quotation marks beside one of ``figurative_with``, within the same
    item of a list, a word is a figure of speech.
    """

    words: Annotated[tuple[Word, ...], Field(min_length=1)]
    unless: tuple[Word, ...] = Field(default=(), alias="except")
    needs: tuple[Word, ...] = ()
    figurative_with: tuple[Word, ...] = ()


class Theme(_Model):
    """``words`` put a sentence in scope; the others only add the theme to one that is.

    A word of ``same_clause`` needs a word of the topic in its clause, one of ``same_sentence``
    anywhere in its sentence. ``with_themes`` limits these words of the topic to those of some
    themes; the topic's own words, which have no theme, are ``general``.
    """

    words: tuple[Word | Entry, ...] = ()
    same_clause: tuple[Word | Entry, ...] = ()
    same_sentence: tuple[Word | Entry, ...] = ()
    with_themes: tuple[Name, ...] = ()


class Topic(_Model):
    """A lexicon. ``default_theme`` is the theme of a sentence that no theme's word assigns one."""

    id: Name
    name: str = ""
    extends: bool = False
    words: tuple[Word | Entry, ...] = ()
    themes: dict[Name, Theme] = {}
    default_theme: Name | None = None


class TopicsFile(_Model):
    """The content of a topics file."""

    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]
