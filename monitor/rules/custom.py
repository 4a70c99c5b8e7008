"""Custom rules: what a chat makes of a few words, 贵州 液冷 or 算力券|模型券 -机器人."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from hashlib import blake2s
from itertools import islice, product
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.errors import UserError
from monitor.extraction.fuzzy_place_names import (
    latin_names,
    likely_names,
    names_a_place,
    split_place,
)
from monitor.extraction.offices import offices_in_regions, offices_named
from monitor.extraction.regions import gazetteer, regions_named, suggest_region
from monitor.folding import fold, simplify
from monitor.model.alerts import CUSTOM_RULE_PREFIX
from monitor.model.statements import NATION
from monitor.rules.loader import parse_rule
from monitor.rules.model import Rule
from monitor.yaml import read_yaml, validate

_MAX_WORDS = 8
_MAX_WORD_LENGTH = 30
_MIN_WORD_LENGTH = 2
_MAX_CHARACTERS = 100
# What the YAML reader of stored rules refuses; words cannot contain it.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MAX_QUERIES = 8  # that a search with alternatives is made of
_BAR = re.compile(r"\s*\|\s*")
# 算力/智算 and AI/大模型, but 元/千瓦时 is a unit.
_SLASH = re.compile(
    r"(?:(?<=[\u4e00-\u9fff]{2})\s*[/／]\s*(?=\w{2})|(?<=\w{2})\s*[/／]\s*(?=[\u4e00-\u9fff]{2}))"
    r"(?<![元吨克瓦时米里亩煤][/／])(?!\w*[元吨克瓦时米里亩煤](?!\w))"
)
# A comma in 10,000P belongs to the number.
_COMMAS = re.compile(r"\s*(?:(?<![0-9])[,，]|[,，](?![0-9]{3}(?![0-9]))|[、;；])[\s,，、;；]*")
_LEFT_OUT = re.compile(r"(?<!\S)-[^\s;；]+")
_AMONG_LEFT_OUT = re.compile(r"[,，、]+-?")
_OR = re.compile(r"\s+(?:or|或者?)\s+", re.IGNORECASE)
# … and what stands between words in English: AI chips in Shanghai.
_AND = re.compile(
    r"(?<!\S)(?:and|和|与|及|以及|[&+]|in|of|for|on|about|from|the|all|everything)(?!\S)",
    re.IGNORECASE,
)
# Quotes around a word, and the end of a sentence, are no part of the word.
_AROUND = re.compile(
    r"(?<![^\s,，、;；|-])[\"“”„'‘’「」『』]+|[\"“”„'‘’「」『』。！!？?]+(?![^\s,，、;；|])"
)
# How people begin who write to somebody: 我想看贵州的算力, 请关注北京.
_ASKING = re.compile(
    r"^(?:请|麻烦)?(?:帮我|给我|我)?(?:想要?|要)?(?:看看|看|知道|了解|订阅|关注|跟踪)一?下?"
)
_NATIONAL = re.compile(r"(?<![^\s,，、;；|])[中我]国(?![^\s,，、;；|])")
_TERMS = Path(__file__).with_name("english_terms.yaml")


class CustomRuleProblem(StrEnum):
    """Why a text makes no rule; the bot has a message for each."""

    NOTHING = "nothing"
    TOO_MANY_WORDS = "words"
    TOO_LONG = "long"
    SEVERAL_GROUPS = "groups"
    WORD_LENGTH = "length"
    PLACE_LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Combination:
    """How the words of a custom rule are combined, as they are shown.

    ``any`` are those of which one is enough, ``all`` those that are all needed; ``other`` is the
    text of a rule that has it the other way round, None for a rule that has both or a single word.
    """

    any: tuple[str, ...]
    all: tuple[str, ...]
    other: str | None


@dataclass(frozen=True, slots=True)
class CustomRuleDraft:
    """Id, name and body (JSON) of the rule that a text makes, and the rule itself.

    Texts that mean the same have the same id, whoever wrote them and in whatever order.
    """

    id: str
    name: str
    body: str
    rule: Rule = field(compare=False, repr=False)
    combination: Combination = field(compare=False, repr=False)


class CustomRuleError(UserError):
    """A text that makes no rule; ``values`` are the placeholders of the bot's message."""

    def __init__(
        self, problem: CustomRuleProblem, message: str, *, hint: str, **values: object
    ) -> None:
        """Keep the problem, so that the bot can name it in the chat's language."""
        super().__init__(message, hint=hint)
        self.problem = problem
        self.values = values


def parse_custom_rule(text: str) -> CustomRuleDraft:
    """The rule that a few words make.

    A region, or a group of regions, limits the rule to that place, an office (工信部) to what it
    says; beside a region 发改委 is the office of that region. Every other word must occur in the
    sentence; of words joined by ``|`` or a comma one is enough; a word after ``-`` must not occur.

    Raises:
        CustomRuleError: too many words, or a word that is too short or too long.
    """
    words = _words_of(text)
    _check_size(words)
    wish = _read_words(words)
    entry: dict[str, object] = {}
    places = sorted({name for word in wish.regions for name in _official(word)})
    if places:
        entry["regions"] = places
    if wish.offices:
        entry["speakers"] = sorted(wish.offices)
    chosen = {key: sorted(set(found)) for key, found in wish.keywords.items() if found}
    if chosen:
        entry["keywords"] = chosen
    body = json.dumps(entry, ensure_ascii=False, sort_keys=True)
    rule_id = CUSTOM_RULE_PREFIX + blake2s(body.encode(), digest_size=6).hexdigest()
    name = " ".join(dict.fromkeys(wish.shown))
    folded = {key: tuple(map(fold, chosen.get(key, ()))) for key in wish.keywords}
    rule = replace(
        _rule_without_conditions(),
        id=rule_id,
        name=name,
        regions=frozenset(places),
        speakers=frozenset(wish.offices) or _rule_without_conditions().speakers,
        keywords_any=folded["any"],
        keywords_all=folded["all"],
        keywords_none=folded["none"],
    )
    return CustomRuleDraft(rule_id, name, body, rule, _combination_of(wish))


@dataclass(frozen=True, slots=True)
class UnknownPlace:
    """A word that is meant as a place and is none; ``likely`` are the places it may mean.

    ``is_joined``: it is a place and other words in one, and ``likely`` are these apart.
    """

    word: str
    likely: tuple[str, ...]
    is_joined: bool = False


def unknown_places(text: str) -> tuple[UnknownPlace, ...]:
    """The words of a custom rule that are meant as places and name none, or several.

    贵洲 and Guizou are misspelt, Suzhou is 苏州 or 宿州, and nobody knows 云州省. A rule with such
    a word would never match, so its chat is asked before; also about 贵州算力, which is
    贵州 and 算力 in one, and about 我想看贵州的算力.
    """
    words = _words_of(text)
    if len(words) > _MAX_WORDS or len(" ".join(words)) > _MAX_CHARACTERS:
        return ()
    plain = _in_chinese(_clean(text))
    ambiguous = [(start, end, meant) for start, end, meant in latin_names(plain)]
    unknown = [UnknownPlace(plain[start:end], meant) for start, end, meant in ambiguous]
    for start, end, _ in reversed(ambiguous):
        plain = f"{plain[:start]} {plain[end:]}"
    for word in (one for some in _split(plain) for one in some.split("|")):
        if word.startswith("-") or offices_named(word):
            continue
        wanted = _ASKING.sub("", word)
        if apart := split_place(wanted):
            unknown.append(UnknownPlace(word, (" ".join(apart),), is_joined=True))
        elif wanted != word and regions_named(wanted):
            unknown.append(UnknownPlace(word, (wanted,), is_joined=True))
        elif names_a_place(word):
            unknown.append(UnknownPlace(word, likely_names(word)))
    return tuple(unknown)


def with_place(text: str, word: str, place: str) -> str:
    """The words of a custom rule with a place instead of a word, and all places in Chinese."""
    return " ".join(_split(_in_chinese(_clean(text)).replace(word, place, 1)))


@dataclass(frozen=True, slots=True)
class Query:
    """Words to look for: ``regions`` are official names, ``places`` and ``words`` as written."""

    regions: tuple[str, ...]
    places: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The query in Chinese, places first."""
        return " ".join((*self.places, *self.words))


def parse_query(text: str, *, apart: bool = False) -> Query:
    """The places and the other words of a query; a province includes all in it.

    Args:
        text: the query.
        apart: take 贵州算力 as 贵州 and 算力.
    """
    # All of its words are looked for: a comma is a space.
    return _query_of(_words_to_find(_COMMAS.sub(" ", text)), apart=apart)


def parse_alternatives(text: str, *, apart: bool = False) -> tuple[Query, ...]:
    """The queries that a text with ``|``, a comma, or, 或 stands for: 贵州 液冷、风冷 is two.

    Args:
        text: the query; of one with very many alternatives, the first are taken.
        apart: take 贵州算力 as 贵州 and 算力.
    """
    choices = [
        [one for one in word.split("|") if any(map(str.isalnum, one))] or [word]
        for word in _words_to_find(text)
    ]
    some = islice(product(*choices), _MAX_QUERIES)
    return tuple(dict.fromkeys(_query_of(words, apart=apart) for words in some))


def _words_to_find(text: str) -> list[str]:
    return _split(_in_chinese(_clean(translate_terms(text, either=False))))


def _query_of(split: Iterable[str], *, apart: bool) -> Query:
    regions: dict[str, None] = {}
    places: list[str] = []
    words: list[str] = []
    if apart:
        split = [one for word in split for one in split_place(word) or (word,)]
    for word in split:
        names = resolve_regions(word)
        regions.update(dict.fromkeys(names))
        (places if names else words).append(word)
    return Query(tuple(regions), tuple(places), tuple(words))


def _clean(text: str) -> str:
    text = _AROUND.sub("", simplify(_UNREADABLE.sub(" ", text)))
    return _NATIONAL.sub(NATION, _AND.sub(" ", text))


def _split(text: str) -> list[str]:
    """The words of a text; those of a list (液冷、风冷 or -液冷、风冷) become one, with ``|``.

    Places, offices and what is left out are conditions of their own in a list too: in
    贵州,液冷 one of the two would not be enough.
    """
    text = _LEFT_OUT.sub(_words_left_out, _SLASH.sub("、", text))
    lists = [
        [word for word in some.split("、") if word]
        for some in _COMMAS.sub("、", _BAR.sub("|", _OR.sub("|", text))).split()
    ]
    places = {name for some in lists for word in some for name in _official(word)}
    words: list[str] = []
    for some in lists:
        alone = [word for word in some if _stands_alone(word, places)]
        choices = [word for word in some if word not in alone]
        words += [*alone, *(["|".join(choices)] if choices else [])]
    return words


def _words_left_out(found: re.Match[str]) -> str:
    """-液冷、风冷 as -液冷|风冷; a comma with a space after it ends the list."""
    return _AMONG_LEFT_OUT.sub("|", found[0].rstrip(",，、"))


def _stands_alone(word: str, places: Collection[str]) -> bool:
    return (
        word.startswith("-")
        or all(map(regions_named, word.split("|")))
        or bool(offices_named(word) or offices_in_regions(word, places))
    )


def _in_chinese(text: str) -> str:
    """A text with places in Latin letters that have one meaning in Chinese: Inner Mongolia."""
    for start, end, meant in reversed(list(latin_names(text))):
        if len(meant) == 1:
            text = f"{text[:start]}{meant[0]}{text[end:]}"
    return text


def translate_terms(text: str, *, either: bool = True) -> str:
    """A text with the English terms in it in Chinese: Guizhou data centers, AI.

    Args:
        text: words of a rule or query.
        either: a term may become two words with ``|`` between them.
    """
    either = either and not (_BAR.search(text) or _OR.search(text))

    def chinese(found: re.Match[str]) -> str:
        word = _english_terms()[" ".join(found[1].casefold().split())]
        is_left_out = text[: found.start()].endswith("-")
        return found[0] if "|" in word and (is_left_out or not either) else word

    return _english_pattern().sub(chinese, text)


@cache
def _english_terms() -> Mapping[str, str]:
    return validate(read_yaml(_TERMS), _EnglishTerms).terms


class _EnglishTerms(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    terms: dict[str, str]


@cache
def _english_pattern() -> re.Pattern[str]:
    """The terms as words of their own, also in the plural; the longest of those that fit."""
    longest = sorted(_english_terms(), key=len, reverse=True)
    terms = "|".join(re.escape(term).replace(r"\ ", r"\s+") for term in longest)
    return re.compile(rf"(?<!\w)(?<!\w-)({terms})s?(?![\w-])", re.IGNORECASE)


def _words_of(text: str) -> list[str]:
    return _split(_in_chinese(_clean(text)))


def _combination_of(wish: _ParsedWords) -> Combination:
    choices, needed = (tuple(dict.fromkeys(wish.keywords[key])) for key in ("any", "all"))
    other = None
    if bool(choices) != bool(needed) and len(choices or needed) > 1:
        # What is left out stands last, as people write it.
        keywords = {*needed, "|".join(wish.keywords["any"])}
        alone = [word for word in dict.fromkeys(wish.shown) if word not in keywords]
        wanted = [word for word in alone if not word.startswith("-")]
        left_out = [word for word in alone if word.startswith("-")]
        other = " ".join([*wanted, *(choices or ["|".join(needed)]), *left_out])
    return Combination(choices, needed, other)


@dataclass(slots=True)
class _ParsedWords:
    """What the words of a text ask for, and the words as they are shown."""

    regions: list[str] = field(default_factory=list)
    offices: set[str] = field(default_factory=set)
    keywords: dict[str, list[str]] = field(
        default_factory=lambda: {"any": [], "all": [], "none": []}
    )
    shown: list[str] = field(default_factory=list)


def _check_size(words: list[str]) -> None:
    if not words:
        raise CustomRuleError(CustomRuleProblem.NOTHING, "no words", hint="贵州 液冷")
    if len(words) > _MAX_WORDS:
        hint = f"at most {_MAX_WORDS}"
        raise CustomRuleError(
            CustomRuleProblem.TOO_MANY_WORDS,
            f"more than {_MAX_WORDS} words",
            hint=hint,
            most=_MAX_WORDS,
        )
    if len(" ".join(words)) > _MAX_CHARACTERS:
        raise CustomRuleError(
            CustomRuleProblem.TOO_LONG,
            "too long",
            hint=f"at most {_MAX_CHARACTERS}",
            most=_MAX_CHARACTERS,
        )


def _read_words(words: list[str]) -> _ParsedWords:
    wish = _ParsedWords()
    places = {name for word in words for name in _official(word)}
    for word in words:
        shown = word
        if regions_named(word):
            wish.regions.append(word)
        elif NATION not in places and (local := offices_in_regions(word, places)):
            # 贵州 发改委 is that of 贵州, 发改委 alone the central one.
            wish.offices.update(local)
        elif named := offices_named(word):
            wish.offices.update(named)
            shown = named[0]
        elif word.startswith("-"):
            refused = word[1:].split("|")
            place = next(filter(regions_named, refused), None)
            if place is not None:
                # It would leave out the sentences that name the place, not those of the place.
                raise CustomRuleError(
                    CustomRuleProblem.PLACE_LEFT_OUT,
                    f"{place} cannot be left out",
                    hint="name the places that are wanted",
                    word=place,
                )
            wish.keywords["none"] += _checked(refused, shown=word)
        elif "|" in word and all(map(regions_named, word.split("|"))):
            wish.regions += word.split("|")
        elif "|" in word:
            if wish.keywords["any"]:
                raise CustomRuleError(
                    CustomRuleProblem.SEVERAL_GROUPS,
                    "alternatives twice",
                    hint="one group of words with commas or | between",
                )
            wish.keywords["any"] += _checked(word.split("|"), shown=word)
        else:
            wish.keywords["all"] += _checked([word])
        wish.shown.append(shown)
    if not (wish.regions or wish.offices or wish.keywords["any"] or wish.keywords["all"]):
        raise CustomRuleError(CustomRuleProblem.NOTHING, "nothing to look for", hint="贵州 液冷")
    return wish


def custom_rule_ids(text: str) -> tuple[str, ...]:
    """The ids of the rule that a text makes, and of the one it made when a comma was a space."""
    ids: dict[str, None] = {}
    for one in (text, _COMMAS.sub(" ", text)):
        with suppress(UserError):
            ids[parse_custom_rule(one).id] = None
    return tuple(ids)


def resolve_regions(name: str) -> tuple[str, ...]:
    """The official names of the regions a name stands for; a province includes all in it.

    Empty for an unknown name.
    """
    names: dict[str, None] = {}
    for region in regions_named(simplify(name)):
        names[region.name] = None
        if region.level == "province":
            prefix = region.code[:2]
            inside = (r.name for r in gazetteer().regions if r.code.startswith(prefix))
            names.update(dict.fromkeys(inside))
    return tuple(names)


def suggest_region_name(name: str) -> str | None:
    """The regions or the group with the most similar name; None if no name is similar."""
    hint = suggest_region(simplify(name))
    return None if hint is None else hint.removeprefix("did you mean ").removesuffix("?")


@cache
def _rule_without_conditions() -> Rule:
    """A custom rule with the defaults of rule files."""
    return parse_rule("{}", rule_id=CUSTOM_RULE_PREFIX, name=CUSTOM_RULE_PREFIX)


def _checked(words: list[str], *, shown: str = "") -> list[str]:
    """Words that can be searched for; ``shown`` is what is named in place of an empty one."""
    for word in words:
        if not _MIN_WORD_LENGTH <= min(len(word), len(fold(word))) <= _MAX_WORD_LENGTH:
            raise CustomRuleError(
                CustomRuleProblem.WORD_LENGTH,
                f"{word!r} cannot be searched for",
                hint=f"{_MIN_WORD_LENGTH} to {_MAX_WORD_LENGTH} characters",
                word=word or shown,
                least=_MIN_WORD_LENGTH,
                most=_MAX_WORD_LENGTH,
            )
    return words


def _official(word: str) -> tuple[str, ...]:
    return tuple(region.name for region in regions_named(word))
