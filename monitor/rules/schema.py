"""The schema of a rule file, for the loader and for editors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
)

from monitor.folding import fold
from monitor.model.alerts import DeliveryMode
from monitor.model.changes import Basis, Kind
from monitor.model.statements import Label, Speaker
from monitor.rules.model import CertaintyCondition

_MOST = 500
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Words = Annotated[tuple[Word, ...], Field(max_length=_MOST)]
_KINDS = [speaker.value for speaker in Speaker]
SpeakerName = Annotated[
    Word,
    WithJsonSchema({"anyOf": [{"enum": _KINDS}, {"type": "string", "pattern": "[^\\x00-\\x7f]"}]}),
]
SpeakerNames = Annotated[tuple[SpeakerName, ...], Field(max_length=_MOST)]
_CHAT = r"^-?\d{1,16}(/\d{1,16})?$"
# Telegram's ids have 52 bits at most, those of topics 31.
_LARGEST_CHAT, _LARGEST_TOPIC = 1 << 52, 1 << 31
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def _chat_name(value: Any) -> str:
    name = value if isinstance(value, bool) else fold(str(value))
    if isinstance(name, bool) or re.match(_CHAT, name, re.ASCII) is None:
        hint = "a chat is a number such as -1001234, one of its topics -1001234/45"
        raise ValueError(f"{value!r} is no chat – {hint}")
    chat, slash, topic = name.partition("/")
    if not 0 < abs(int(chat)) < _LARGEST_CHAT or (slash and not 0 < int(topic) < _LARGEST_TOPIC):
        raise ValueError(
            f"there is no chat {name} – monitor alerts list shows the numbers of chats"
        )
    return name


def _written_number(value: Any) -> Any:
    if isinstance(value, bool):
        # Pydantic takes no other exception for a wrong value.
        raise ValueError("YAML reads yes or no here – write a number")  # noqa: TRY004
    return fold(value) if isinstance(value, str) else value


def _plan_year(value: int) -> int:
    if not _FIRST_YEAR <= value <= _LAST_YEAR:
        raise ValueError(f"{value} is no year of a plan – write {_FIRST_YEAR} to {_LAST_YEAR}")
    return value


PlanYear = Annotated[
    int,
    BeforeValidator(_written_number),
    AfterValidator(_plan_year),
    WithJsonSchema({"type": "integer", "minimum": _FIRST_YEAR, "maximum": _LAST_YEAR}),
]
Number = Annotated[float, BeforeValidator(_written_number), Field(allow_inf_nan=False)]


ChatName = Annotated[
    str,
    BeforeValidator(_chat_name),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": _CHAT}]}),
]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any, info: Any) -> Any:
        """``regions: 贵州`` means ``regions: [贵州]`` wherever a list is wanted."""
        annotation = cls.model_fields[info.field_name].annotation
        wants_many = getattr(annotation, "__origin__", None) in {tuple, frozenset}
        if wants_many and (isinstance(value, str | int) or value is None):
            return [] if value is None else [value]
        return value


class KeywordsEntry(_Entry):
    """Words in the statement, before or after.

    Width, case, script, spaces and the forms of marks do not matter (``monitor.folding``).
    """

    any: Words = Field(default=(), description="At least one of these.")
    all: Words = Field(default=(), description="Each of these.")
    none: Words = Field(default=(), description="None of these.")


class TargetEntry(_Entry):
    """A number the change must have."""

    metric: Word | None = Field(default=None, description="Part of the metric's name.")
    unit: Word | None = Field(
        default=None,
        description="Unit of at_least and at_most, which need it (metrics such as PUE have "
        "none): P, 亿元, 万张.",
    )
    at_least: Number | None = Field(default=None, description="The number is this or more.")
    at_most: Number | None = Field(default=None, description="The number is this or less.")
    relative_change: Number | None = Field(
        default=None, ge=0, description="The number changed by this many percent or more."
    )


class ThenEntry(_Entry):
    """What happens when the rule matches."""

    chats: tuple[ChatName, ...] = Field(
        default=(),
        description="Telegram chats that get alerts; `-1001234/45` is topic 45 of a forum.",
    )
    channels: tuple[Word, ...] = Field(
        default=(), description="Other channels that get alerts, by their names in the settings."
    )
    delivery: DeliveryMode | None = Field(
        default=None,
        description="immediate: at once even for chats with a digest; digest: in a digest even for "
        "chats without one; as each chat has chosen if left out.",
    )
    template: Word | None = Field(
        default=None, description="File of a template for the alert, beside the rule file."
    )
    subscribable: bool = Field(default=True, description="Chats may subscribe through the bot.")


class RuleEntry(_Entry):
    """One rule. What is left out is no condition."""

    id: RuleId = Field(description="Name of the rule in chats and in the log; never reuse one.")
    name: Word = Field(description="Display name.")
    description: str = Field(default="", max_length=500, description="One line for the bot.")
    topics: Words = Field(default=(), description="Topics; all if left out.")
    regions: Words = Field(
        default=(),
        description="Regions by official or short name, a province with its prefectures; groups "
        "such as 京津冀 or 东部; 贵州各市州 for all prefectures of a province.",
    )
    keywords: KeywordsEntry = KeywordsEntry()
    regex: tuple[str, ...] = Field(
        default=(),
        max_length=50,
        description="RE2 expressions, folded like words; one of them must match.",
    )
    themes: Words = Field(default=(), description="At least one of these themes.")
    # Verdicts have to be asked for: a rule without kinds tells what changes in what is promised,
    # and one review judges the targets of a whole year. not_reported never comes by itself: a
    # review that is silent, or says it in words the comparison does not find, proves nothing.
    kinds: tuple[Kind, ...] = Field(
        default=(Kind.ADDED, Kind.STRENGTHENED, Kind.WEAKENED, Kind.REWORDED, Kind.DROPPED),
        description="Kinds of change. Continued and the verdicts on targets (met, missed, "
        "not_reported) only if asked for; with basis fulfilment met and missed if left out.",
    )
    basis: tuple[Basis, ...] = Field(
        default=tuple(Basis),
        description="revision: an edited page; succession: this year's report against last's; "
        "fulfilment: a target against the review of the year it was due in; withdrawal: a page "
        "that is gone for good (its promises are dropped), or back (added).",
    )
    certainty: CertaintyCondition = Field(
        default=CertaintyCondition.SURE,
        description="sure: added and dropped only where no sentence of the other report may be "
        "the same promise, the others are counted in one line of the alert; any: all of them, the "
        "unsure ones with the nearest sentence.",
    )
    speakers: SpeakerNames = Field(
        default=(Speaker.GOVERNMENT.value, Speaker.MINISTRY.value),
        description="Who says it: kinds of speaker (government, ministry, delegate, expert, "
        "enterprise, media), and offices by official or short name (工信部, 国家数据局, "
        "贵州省大数据局); one of them is enough.",
    )
    labels: tuple[Label, ...] = Field(
        default=(Label.COMMITMENT,), description="Proposals and opinions only if asked for."
    )
    sources: Words = Field(default=(), description="Ids of sources; all if left out.")
    years: tuple[PlanYear, ...] = Field(default=(), description="Plan years; all if left out.")
    targets: TargetEntry | None = Field(
        default=None, description="A number that the change must have."
    )
    priority: Annotated[int, BeforeValidator(_written_number)] = Field(
        default=0,
        ge=-100,
        le=100,
        description="Matches of rules with a higher priority come first in an alert.",
    )
    then: ThenEntry = ThenEntry()


VERDICT_KINDS = (Kind.MET, Kind.MISSED)
"""The kinds of a rule that asks for fulfilment and names none."""


class RuleFile(_Entry):
    """A file of rules."""

    rules: tuple[RuleEntry, ...] = Field(max_length=20_000)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a rule file, for completion in editors."""
    return RuleFile.model_json_schema()


def field_names() -> Sequence[str]:
    """The keys a rule may have, in the order of the documents."""
    return list(RuleEntry.model_fields)
