"""What every section of the settings has in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from monitor.errors import UserError


class Section(BaseModel):
    """A table of the file: unknown keys are mistakes, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def split(value: Any) -> Any:
    """An environment variable's commas; a file's list passes through."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def read_secret(secret: SecretStr | None, file: Path | None, key: str) -> str | None:
    """A secret that stands in a setting, or in a file of its own; None without one.

    Args:
        secret: the setting itself, which goes first.
        file: the file that holds the secret and nothing else.
        key: what names the file in the settings.

    Raises:
        UserError: the file cannot be read.
    """
    if secret is not None:
        return secret.get_secret_value().strip() or None
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8-sig").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"the {key.removesuffix('_file').rpartition('.')[2]} file cannot be read: "
            f"{error.__class__.__name__}",
            file=file,
            hint=f"{key} names a file that holds what its name says and nothing else",
        ) from None
