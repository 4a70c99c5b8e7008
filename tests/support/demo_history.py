"""What ``monitor demo --keep`` leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.config.settings import Settings


@dataclass(frozen=True)
class DemoHistory:
    """What ``monitor demo --keep`` left; nobody writes to it."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings.model_construct(
            database=f"sqlite:///{self.folder / 'demo.db'}",
            catalogue=(self.folder / "sources.yaml",),
            rules=(self.folder / "rules.yaml",),
        )
