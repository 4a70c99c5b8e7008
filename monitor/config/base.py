"""The base of all sections of the settings, and reading secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from monitor.errors import UserError


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def split(value: Any) -> Any:
    """Split the commas of an environment variable; a list of a file passes through."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def read_secret(secret: SecretStr | None, file: Path | None, key: str) -> str | None:
    """A secret from a setting or from a file; None without one.

    Args:
        secret: the setting itself, which has priority.
        file: the file that holds the secret and nothing else.
        key: the setting that names the file.

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
        reason = (error.strerror if isinstance(error, OSError) else None) or "this is not UTF-8"
        raise UserError(
            f"the {key.removesuffix('_file').rpartition('.')[2]} file cannot be read: {reason}",
            file=file,
            hint=f"{key} names a file that holds what its name says and nothing else",
        ) from None
