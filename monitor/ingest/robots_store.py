"""The fetcher's memory of robots.txt, in the database."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.fetching.robots import RobotsCopy
from monitor.storage.engine import Database
from monitor.storage.robots import load_robots, save_robots


@dataclass(frozen=True, slots=True)
class StoredRobots:
    """Keeps the contract of ``RobotsMemory``."""

    database: Database

    def recall(self, origin: str) -> RobotsCopy | None:
        """The copy that was kept last, or None."""
        with self.database.read() as session:
            found = load_robots(session, origin)
        return None if found is None else RobotsCopy(*found)

    def keep(self, origin: str, copy: RobotsCopy) -> None:
        """Keep a copy in place of any earlier one."""
        with self.database.write() as session:
            save_robots(session, origin, copy.text, copy.read_at)
