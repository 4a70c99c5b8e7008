"""Rules that follow their files: read again when one changes, the last good set kept."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from monitor.errors import UserError
from monitor.rules.loader import load_rules
from monitor.rules.matcher import RuleSet
from monitor.rules.model import ANYTHING, Known

log = logging.getLogger(__name__)


class LiveRules:
    """The rules in force. A file that breaks leaves the set before it in force and says so.

    ``broken`` is the mistake in the files as they are now, None while there is none.
    """

    def __init__(self, paths: Sequence[Path], known: Known = ANYTHING) -> None:
        """Read the rules for the first time.

        Args:
            paths: of the files.
            known: what rules may name.

        Raises:
            UserError: they are wrong; at the start there is no good set to keep.
        """
        self._paths = tuple(paths)
        self._known = known
        self.broken: UserError | None = None
        self._rules, error = self._read()
        if error is not None:
            raise error

    def current(self) -> RuleSet:
        """The newest good set; a look at the files costs a ``stat`` each. One caller at a time."""
        if self._look((*self._files(), *self._templates)) == self._seen:
            return self._rules
        rules, self.broken = self._read()
        if self.broken is not None:
            log.error("rules.broken", extra={"reason": str(self.broken)})
        else:
            self._rules = rules
            log.info("rules.loaded", extra={"rules": len(rules.rules)})
        return self._rules

    def _read(self) -> tuple[RuleSet, UserError | None]:
        """The rules of the files as they are, or the mistake in them.

        Each file is looked at before it is read: what is written meanwhile is read the next time.
        The templates of rules that are wrong are looked at too: they may be the mistake.
        """
        self._seen = self._look(self._files())
        self._templates: list[Path] = []

        def note(template: Path) -> None:
            if template not in self._seen:
                self._templates.append(template)
                self._seen |= self._look([template])

        try:
            return load_rules(self._paths, replace(self._known, looked_at=note)), None
        except UserError as error:
            return RuleSet(()), error

    def _files(self) -> Iterator[Path]:
        for path in self._paths:
            yield from path.glob("**/*.y*ml") if path.is_dir() else [path]

    def _look(self, files: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
        found: dict[Path, tuple[int, int] | None] = {}
        for file in files:
            try:
                stat = file.stat()
            except OSError:
                found[file] = None
            else:
                found[file] = (stat.st_mtime_ns, stat.st_size)
        return found
