"""The size of a picture, as far as a server must know it to refuse one."""

from __future__ import annotations

import struct
from typing import Any

from telegram_calls import Refusal

LARGEST = 10 * 1024 * 1024
#: The sizes that Telegram keeps of a photo, by the longer side.
_SIDES = (90, 320, 800, 1280)


def measured(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG that Telegram takes as a photo.

    Raises:
        Refusal: 400, as Telegram words it.
    """
    if not content:
        raise Refusal(400, "Bad Request: file must be non-empty")
    if len(content) > LARGEST:
        raise Refusal(
            400,
            f"Bad Request: file of size {len(content)} bytes is too big for a photo; "
            f"the maximum size is {LARGEST} bytes",
        )
    size = _png(content) or _jpeg(content)
    if size is None:
        raise Refusal(400, "Bad Request: IMAGE_PROCESS_FAILED")
    width, height = size
    if width + height > 10_000 or max(size) > 20 * min(size):
        raise Refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return size


def sizes(file_id: str, content: bytes) -> list[dict[str, Any]]:
    """The photo in the sizes that Telegram makes of it, the smallest first."""
    width, height = measured(content)
    longer = max(width, height)
    sides = [side for side in _SIDES if side < longer]
    shown = [*sides, min(longer, _SIDES[-1])] if longer <= _SIDES[-1] else sides
    return [
        {
            "file_id": file_id if side == shown[-1] else f"{file_id}-{side}",
            "file_unique_id": f"u{file_id}-{side}",
            "width": max(1, width * side // longer),
            "height": max(1, height * side // longer),
            "file_size": max(1, len(content) * side // longer),
        }
        for side in shown
    ]


def _png(content: bytes) -> tuple[int, int] | None:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return (width, height) if width and height else None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """The frame header stands behind any number of segments, each with its length."""
    position = 2
    while content[:2] == b"\xff\xd8" and position + 9 <= len(content):
        marker = content[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[position + 5 : position + 9])
            return (width, height) if width and height else None
        position += 2 + struct.unpack(">H", content[position + 2 : position + 4])[0]
    return None
