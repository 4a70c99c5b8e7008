"""Rules that follow their files: read again when one changes, the last good set kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import UserError
from monitor.rules.load import load_rules
from monitor.rules.rule import ANYTHING, Known
from monitor.rules.ruleset import RuleSet

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
        self._rules = load_rules(self._paths, known)
        self._stamp = self._look()

    def current(self) -> RuleSet:
        """The newest good set; a look at the files costs a ``stat`` each."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._rules = load_rules(self._paths, self._known)
            except UserError as error:
                self.broken = error
                log.error("rules.broken", extra={"reason": str(error)})  # noqa: TRY400
            else:
                self.broken = None
                self._stamp = self._look()
                log.info("rules.loaded", extra={"rules": len(self._rules.rules)})
        return self._rules

    def _look(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        files = {r.template.path for r in self._rules.rules if r.template is not None}
        for path in self._paths:
            files.update(path.glob("**/*.y*ml") if path.is_dir() else [path])
        for file in sorted(files):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_mtime_ns, stat.st_size))
        return tuple(found)
