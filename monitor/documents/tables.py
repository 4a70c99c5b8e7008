"""The YAML tables of this package, validated; imported when a table is first used."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from monitor.yaml import read_yaml, validate


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class BlockSigns(_Table):
    """``block_pages.yaml``: pieces of scripts with their firewall, and words of notices."""

    scripts: dict[str, str]
    words: tuple[str, ...]


class Boilerplate(_Table):
    """``boilerplate.yaml``: expressions for lines, and names of blocks, that are no article.

    ``lines`` are dropped, ``ends`` begin a footer, ``headings`` head other articles and
    ``comments`` what readers wrote. ``innocent_names`` say nothing of what a block holds,
    ``weak_words`` little.
    """

    lines: tuple[str, ...]
    ends: tuple[str, ...]
    headings: tuple[str, ...]
    comments: tuple[str, ...]
    foreign_names: tuple[str, ...]
    foreign_words: tuple[str, ...]
    article_names: tuple[str, ...]
    beside_words: tuple[str, ...]
    innocent_names: tuple[str, ...]
    weak_words: tuple[str, ...]


class AttachmentNames(_Table):
    """``attachments.yaml``: what the name of a file says of it."""

    forms: tuple[str, ...]
    texts: tuple[str, ...]
    copies: tuple[str, ...]


class SoftErrors(_Table):
    """``soft_errors.yaml``: expressions for notices, for what precedes and what follows them."""

    opening: str
    gone: tuple[str, ...]
    closed: tuple[str, ...]
    filler: tuple[str, ...]


@cache
def block_signs() -> BlockSigns:
    """The signs of block pages."""
    return validate(read_yaml(Path(__file__).with_name("block_pages.yaml")), BlockSigns)


@cache
def boilerplate() -> Boilerplate:
    """The expressions for boilerplate."""
    return validate(read_yaml(Path(__file__).with_name("boilerplate.yaml")), Boilerplate)


@cache
def attachment_names() -> AttachmentNames:
    """The expressions for the names of files."""
    return validate(read_yaml(Path(__file__).with_name("attachments.yaml")), AttachmentNames)


@cache
def soft_errors() -> SoftErrors:
    """The expressions for soft errors."""
    return validate(read_yaml(Path(__file__).with_name("soft_errors.yaml")), SoftErrors)
