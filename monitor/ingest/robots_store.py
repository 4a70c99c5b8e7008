"""The fetcher's store of robots.txt, in the database."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.fetching.robots import RobotsCopy
from monitor.storage.engine import Database
from monitor.storage.robots import load_robots, save_robots


@dataclass(frozen=True, slots=True)
class StoredRobots:
    """Implements ``RobotsStore``."""

    database: Database

    def load(self, origin: str) -> RobotsCopy | None:
        """The latest copy, or None."""
        with self.database.read() as session:
            found = load_robots(session, origin)
        return None if found is None else RobotsCopy(*found)

    def save(self, origin: str, copy: RobotsCopy) -> None:
        """Replace any earlier copy."""
        with self.database.write() as session:
            save_robots(session, origin, copy.text, copy.read_at)
