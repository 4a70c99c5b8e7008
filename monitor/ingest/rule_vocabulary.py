"""What rules may name, so that a slip of the pen is told instead of matching nothing for ever."""

from __future__ import annotations

from collections.abc import Collection

from monitor.catalogue.model import Catalogue
from monitor.extraction.topics import Topics
from monitor.rules.model import Known, TemplateFile


def known_names(topics: Topics, catalogue: Catalogue, channels: Collection[str] = ()) -> Known:
    """Themes and ids of topics, ids of all sources, also disabled ones, and names of channels."""
    every = topics.topics
    themes = {theme: None for topic in every for theme in (*topic.themes, topic.otherwise or "")}
    return Known(
        themes=[theme for theme in themes if theme],
        topics=[topic.id for topic in every],
        sources=[source.id for source in catalogue.sources],
        channels=channels,
        template=_check_template,
    )


def _check_template(file: TemplateFile) -> None:
    # The template engine is loaded for rules that have a template.
    from monitor.messages.template import check_template

    check_template(file)
