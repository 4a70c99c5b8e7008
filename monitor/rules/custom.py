"""Rules that chats make for themselves, out of a few words: 贵州 液冷, 算力券|模型券 -机器人."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2s

from monitor.errors import UserError
from monitor.extraction.region_groups import regions_named, suggest_region
from monitor.extraction.regions import gazetteer
from monitor.extraction.zh_simplify import simplification_table
from monitor.rules.loader import OWN, parse_rule

_MOST_WORDS = 8
_LONGEST = 30
_SHORTEST = 2
_MOST_CHARACTERS = 100
_BAR = re.compile(r"\s*\|\s*")
_APART = re.compile(r"[\s,，、;；]+")


@dataclass(frozen=True, slots=True)
class OwnWish:
    """What a chat asked for: the id, the name and the body (JSON) of the rule it makes.

    Equal wishes have equal ids, whoever has them and in whatever order the words stand.
    """

    id: str
    name: str
    body: str


class WishError(UserError):
    """Words that make no rule. ``kind`` says why, so that a chat hears it in its language."""

    def __init__(self, kind: str, message: str, *, hint: str, **values: object) -> None:
        """Keep why, and what a text about it may name."""
        super().__init__(message, hint=hint)
        self.kind = kind
        self.values = values


def own_wish(text: str) -> OwnWish:
    """The rule that some words make.

    A region, or a group of them, limits it to that place. Any other word has to stand in the
    sentence; of words with ``|`` between them one is enough; a word after ``-`` must not stand
    there.

    Raises:
        WishError: too many words, or one too short or too long to be looked for.
    """
    regions: list[str] = []
    keywords: dict[str, list[str]] = {"any": [], "all": [], "none": []}
    said: list[str] = []
    words = [word for word in _APART.split(_BAR.sub("|", plain(text))) if word]
    if not words:
        raise WishError("nothing", "no words", hint="贵州 液冷")
    if len(words) > _MOST_WORDS:
        hint = f"at most {_MOST_WORDS}"
        raise WishError("words", f"more than {_MOST_WORDS} words", hint=hint, most=_MOST_WORDS)
    if len(" ".join(words)) > _MOST_CHARACTERS:
        raise WishError(
            "long", "too long", hint=f"at most {_MOST_CHARACTERS}", most=_MOST_CHARACTERS
        )
    for word in words:
        if regions_named(word):
            regions.append(word)
        elif word.startswith("-"):
            keywords["none"] += _checked([word[1:]])
        elif "|" in word:
            if keywords["any"]:
                raise WishError(
                    "groups", "alternatives twice", hint="one group of words with | between"
                )
            keywords["any"] += _checked(word.split("|"))
        else:
            keywords["all"] += _checked([word])
        said.append(word)
    if not regions and not keywords["any"] and not keywords["all"]:
        raise WishError("nothing", "nothing to look for", hint="贵州 液冷")
    wish: dict[str, object] = {}
    if regions:
        wish["regions"] = sorted({name for word in regions for name in _official(word)})
    chosen = {key: sorted(set(found)) for key, found in keywords.items() if found}
    if chosen:
        wish["keywords"] = chosen
    body = json.dumps(wish, ensure_ascii=False, sort_keys=True)
    rule_id = OWN + blake2s(body.encode(), digest_size=6).hexdigest()
    name = " ".join(dict.fromkeys(said))
    parse_rule(body, rule_id=rule_id, name=name)
    return OwnWish(rule_id, name, body)


def own_id_of(text: str) -> str | None:
    """The id of the rule that some words make, in whatever order and form; None: they make none."""
    try:
        return own_wish(text).id
    except UserError:
        return None


def plain(text: str) -> str:
    """What people write, in half width and simplified characters, as the sources have it."""
    return unicodedata.normalize("NFKC", text).translate(simplification_table()).strip()


def regions_asked(name: str) -> tuple[str, ...]:
    """The official names of all regions a name stands for; of a province all that lie in it.

    Empty when nobody knows the name.
    """
    names: dict[str, None] = {}
    for region in regions_named(plain(name)):
        names[region.name] = None
        if region.level == "province":
            prefix = region.code[:2]
            inside = (r.name for r in gazetteer().regions if r.code.startswith(prefix))
            names.update(dict.fromkeys(inside))
    return tuple(names)


def region_hint(name: str) -> str | None:
    """The region or group nearest to a name nobody knows, or None."""
    hint = suggest_region(plain(name))
    return None if hint is None else hint.removeprefix("did you mean ").removesuffix("?")


def _checked(words: list[str]) -> list[str]:
    for word in words:
        if not _SHORTEST <= len(word) <= _LONGEST:
            raise WishError(
                "length",
                f"{word!r} cannot be looked for",
                hint=f"{_SHORTEST} to {_LONGEST} characters",
                word=word,
                least=_SHORTEST,
                most=_LONGEST,
            )
    return words


def _official(word: str) -> tuple[str, ...]:
    return tuple(region.name for region in regions_named(word))
