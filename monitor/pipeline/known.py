"""What rules may name, so that a slip of the pen is told instead of matching nothing for ever."""

from __future__ import annotations

from collections.abc import Collection

from monitor.alerts import check_template
from monitor.catalogue import Catalogue
from monitor.commitments import Topics
from monitor.rules import Known


def known_names(topics: Topics, catalogue: Catalogue, ways: Collection[str] = ()) -> Known:
    """Themes and ids of topics, ids of all sources, those switched off too, and names of ways."""
    every = topics.topics
    themes = {theme: None for topic in every for theme in (*topic.themes, topic.otherwise or "")}
    return Known(
        themes=[theme for theme in themes if theme],
        topics=[topic.id for topic in every],
        sources=[source.id for source in catalogue.sources],
        ways=ways,
        template=check_template,
    )
