"""The names that rules may use, so that a misspelt one is reported instead of never matching."""

from __future__ import annotations

from collections.abc import Collection

from monitor.catalogue.model import Catalogue
from monitor.extraction.topics import Topics
from monitor.model.documents import DocumentKind
from monitor.rules.model import RuleVocabulary, TemplateFile


def rule_vocabulary(
    topics: Topics, catalogue: Catalogue, channels: Collection[str] = ()
) -> RuleVocabulary:
    """Themes and ids of topics, ids of all sources, also disabled ones, and names of channels."""
    every = topics.topics
    themes = {
        theme: None for topic in every for theme in (*topic.themes, topic.default_theme or "")
    }
    return RuleVocabulary(
        themes=[theme for theme in themes if theme],
        topics=[topic.id for topic in every],
        sources=[source.id for source in catalogue.sources],
        channels=channels,
        # Pages and articles may be of other regions than their source.
        source_regions={
            source.id: source.region
            for source in catalogue.sources
            if source.region and source.document_kind is DocumentKind.REPORT
        },
        check_template=_check_template,
    )


def _check_template(file: TemplateFile) -> None:
    # The template engine is loaded for rules that have a template.
    from monitor.messages.template import check_template

    check_template(file)
