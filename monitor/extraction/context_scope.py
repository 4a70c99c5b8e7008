"""Sentences of the press that belong to a topic by what they refer to, without a word of it.

After a sentence on a new computing centre, 首期工程明年投用 is about it too. Which sentences do is
learned (``press_model.py``): from their own words, from the title, and from where the sentences
with words of the topic stand around them, which is what this module finds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from monitor.extraction.attribution import Attribution
from monitor.extraction.topics import Hit, in_scope_hits

_REACH = 2
"""A sentence is looked at when one with a word of the topic is at most so far away."""
_CAPTION_LENGTH = 6
"""A line up to this length without a stop (【广东】) names something and says nothing."""
_FAR = 5
_WINDOW = 6
_NEARBY_HEADING = 3
_MAX_WORDS = 3
_SHARES = (("all", 1.0), ("many", 0.5), ("few", 1e-9), ("none", 0.0), ("alone", -1.0))

Place = tuple[int, int]
"""The number of a paragraph, and of a sentence in it."""


class TopicWords(NamedTuple):
    """How many words of a topic a sentence has."""

    scope: int
    """Words that put it in scope."""
    other: int
    """Words that tell a theme only beside those."""
    candidate: bool
    """Whether it may belong to the topic by its context: no word is said to put it in scope."""


_NO_WORDS = TopicWords(0, 0, candidate=True)


def count_words(
    text: str, paragraphs: Sequence[Sequence[tuple[int, int]]], hits: Sequence[Hit], topic: str
) -> list[list[TopicWords]]:
    """The words of a topic in each sentence.

    Args:
        text: the text of the article.
        paragraphs: the spans of the sentences of each paragraph in ``text``.
        hits: the words of topics in ``text``, in order.
        topic: the id of the topic.
    """
    own = [hit for hit in hits if hit.use.topic == topic]
    starts = [hit.start for hit in own]

    def count(start: int, end: int) -> TopicWords:
        found = own[bisect_left(starts, start) : bisect_left(starts, end)]
        if not found:
            return _NO_WORDS
        scope = [hit for hit in found if hit.use.scope]
        told = {hit.start for hit in in_scope_hits(text[start:end], scope)}
        return TopicWords(len(told), len(found) - len(scope), candidate=not scope)

    return [[count(start, end) for start, end in spans] for spans in paragraphs]


@dataclass(frozen=True)
class ContextArticle:
    """An article as a row of sentences, some of which have words of a topic.

    The three sequences have the same shape: paragraphs of sentences.
    """

    paragraphs: Sequence[Sequence[str]]
    attributions: Sequence[Sequence[Attribution]]
    words: Sequence[Sequence[TopicWords]]

    @cached_property
    def places(self) -> list[Place]:
        """All sentences in order."""
        return [
            (p, k) for p, sentences in enumerate(self.paragraphs) for k in range(len(sentences))
        ]

    @cached_property
    def told(self) -> list[bool]:
        """Whether each sentence has a word that puts it in scope, in the order of ``places``."""
        return [words.scope > 0 for row in self.words for words in row]

    @cached_property
    def candidates(self) -> list[int]:
        """The sentences without a word of the topic that stand near one with a word."""
        told = self.told
        may_be = (
            at
            for at, (p, k) in enumerate(self.places)
            if self.words[p][k].candidate and not _is_caption(self.paragraphs[p][k])
        )
        return [at for at in may_be if any(told[max(0, at - _REACH) : at + _REACH + 1])]

    def nearest(self, at: int) -> Place:
        """The sentence that a candidate refers to: the nearest one in scope, before it if equal."""
        told = (other for other, in_scope in enumerate(self.told) if in_scope)
        return self.places[min(told, key=lambda other: (abs(other - at), other))]

    def flags(self, at: int) -> frozenset[str]:
        """What the surroundings of a candidate are."""
        return frozenset(
            (*self._around(at), *self._of_paragraph(at), *self._of_speakers(at), *self._form(at))
        )

    @cached_property
    def _title(self) -> bool:
        return self._paragraph_told(0)

    @cached_property
    def _share(self) -> int:
        return min(4, 5 * sum(self.told) // max(1, len(self.told)))

    def _paragraph_told(self, paragraph: int) -> bool:
        return paragraph < len(self.words) and any(one.scope for one in self.words[paragraph])

    def _distance(self, at: int, step: int) -> int:
        """How many sentences away the next one in scope is, forwards or backwards."""
        for distance in range(1, _FAR):
            place = at + step * distance
            if 0 <= place < len(self.told) and self.told[place]:
                return distance
        return _FAR

    def _around(self, at: int) -> Iterator[str]:
        title, lead = self._title, self._paragraph_told(1)
        before, after = self._distance(at, -1), self._distance(at, 1)
        near, far = min(before, 3), min(after, 3)
        beside = self.told[max(0, at - _WINDOW) : at] + self.told[at + 1 : at + 1 + _WINDOW]
        window = 4 * sum(beside) // max(1, len(beside))
        yield f"title {title:d}"
        yield f"lead {lead:d}"
        yield f"title {title:d}, lead {lead:d}"
        yield f"in scope {before} before"
        yield f"in scope {after} after"
        yield f"in scope {near} before, {far} after"
        yield f"title {title:d}, in scope {near} before, {far} after"
        yield f"share {self._share}"
        yield f"share {self._share}, in scope {near} before"
        yield f"share {self._share}, in scope {far} after"
        yield f"window {window}"
        yield f"window {window}, in scope {min(before, 2)} before"

    def _of_paragraph(self, at: int) -> Iterator[str]:
        paragraph, index = self.places[at]
        row = [one.scope > 0 for one in self.words[paragraph]]
        others = row[:index] + row[index + 1 :]
        share = sum(others) / len(others) if others else -1
        kind = next(name for name, least in _SHARES if share >= least)
        yield f"others of the paragraph {kind}"
        yield f"others of the paragraph {kind}, title {self._title:d}"
        yield f"same paragraph {any(row[index - 1 : index]):d}{any(row[index + 1 : index + 2]):d}"
        if index:
            yield f"first of paragraph {row[0]:d}"
        above = range(paragraph - 1, max(-1, paragraph - 1 - _NEARBY_HEADING), -1)
        heading = next((p for p in above if self._is_heading(p)), None)
        told = "none" if heading is None else f"{self._paragraph_told(heading):d}"
        yield f"heading {told}"
        if self._is_heading(paragraph):
            yield "is heading"
            yield f"is heading, in scope {min(self._distance(at, 1), 2)} after"

    def _is_heading(self, paragraph: int) -> bool:
        sentences = self.paragraphs[paragraph]
        return len(sentences) == 1 and sentences[0][-1:] not in "。！？；”…："

    def _of_speakers(self, at: int) -> Iterator[str]:
        own = self._attribution(at)
        for name, step in (("before", -1), ("after", 1)):
            other = at + step * self._distance(at, step)
            if not (0 <= other < len(self.told) and self.told[other]):
                continue
            paragraph, index = self.places[other]
            said = self._attribution(other)
            speaker, region = said.speaker is own.speaker, said.region == own.region
            yield f"speaker {name} {speaker:d}, region {region:d}"
            yield f"speaker {name} {speaker:d}, {own.known_by.value}"
            yield f"words {name} {min(_MAX_WORDS, self.words[paragraph][index].scope)}"

    def _attribution(self, at: int) -> Attribution:
        paragraph, index = self.places[at]
        return self.attributions[paragraph][index]

    def _form(self, at: int) -> Iterator[str]:
        paragraph, index = self.places[at]
        text = self.paragraphs[paragraph][index]
        yield f"length {min(6, len(text) // 15)}"
        yield f"other words {self.words[paragraph][index].other > 0:d}"
        if at:
            p, k = self.places[at - 1]
            end = self.paragraphs[p][k][-1:]
            if end in "；：":
                yield f"after {end} {self.told[at - 1]:d}"
        if text[-1:] in "；：":
            yield f"ends with {text[-1:]}"


def _is_caption(text: str) -> bool:
    return len(text) <= _CAPTION_LENGTH and text[-1:] not in "。！？；"
