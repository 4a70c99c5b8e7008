"""Bad luck on a seed: what goes wrong with the n-th message is the same in every run."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from telegram_calls import SENDS, Refusal
from telegram_limits import too_many

#: Each way a call can fail. Those that end in "late" have done the work when they fail.
KINDS = ("flood", "500", "502", "500 late", "502 late", "drop", "lose", "garbage")
_LATE = frozenset({"500 late", "502 late", "lose"})
_ANSWERS = {"500": "Internal Server Error", "502": "Bad Gateway"}


class Fault(NamedTuple):
    """What happened to a call, and how long it was asked to wait."""

    number: int
    kind: str
    method: str
    chat_id: int
    retry_after: int = 0

    @property
    def late(self) -> bool:
        """Whether the work was done all the same."""
        return self.kind in _LATE

    @property
    def silent(self) -> bool:
        return self.kind in {"drop", "lose"}

    def refusal(self) -> Refusal | None:
        """The answer, where there is one that can be read."""
        code = self.kind.partition(" ")[0]
        if code in _ANSWERS:
            return Refusal(int(code), _ANSWERS[code])
        return too_many(self.retry_after) if self.kind == "flood" else None


@dataclass
class Faults:
    """Draws for each call that sends a message; ``done`` is what was drawn and carried out."""

    seed: int
    rate: float = 0.1
    kinds: tuple[str, ...] = KINDS
    methods: frozenset[str] = SENDS
    longest_wait: int = 3
    number: int = 0
    done: list[Fault] = field(default_factory=list)

    def draw(self, method: str, chat_id: int) -> Fault | None:
        """What is to go wrong with this call; None: nothing."""
        if method not in self.methods:
            return None
        self.number += 1
        chance = random.Random(f"{self.seed}/{self.number}")
        if chance.random() >= self.rate:
            return None
        kind = chance.choice(self.kinds)
        wait = chance.randint(1, self.longest_wait) if kind == "flood" else 0
        return Fault(self.number, kind, method, chat_id, wait)

    @property
    def counts(self) -> Counter[str]:
        """How often each kind befell a call."""
        return Counter(fault.kind for fault in self.done)

    @property
    def unheard(self) -> list[Fault]:
        """Messages that are in their chat though the client got a refusal, or no answer."""
        return [fault for fault in self.done if fault.late]
