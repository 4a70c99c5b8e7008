"""Text to statements: sections, sentences, speakers, regions, quantities, topics."""

from monitor.commitments.extract import Explained, explain, extract
from monitor.commitments.groups import region_groups, regions_named, suggest_region
from monitor.commitments.guess import guess_provenance
from monitor.commitments.numbers import chinese as chinese_number
from monitor.commitments.regions import Gazetteer, Region, find_region, gazetteer, region_names
from monitor.commitments.script import simplified_of
from monitor.commitments.targets import parse_targets
from monitor.commitments.topics import Hit, Topic, Topics, check_topics, load_topics
from monitor.commitments.units import comparable, to_base

__all__ = [
    "Explained",
    "Gazetteer",
    "Hit",
    "Region",
    "Topic",
    "Topics",
    "check_topics",
    "chinese_number",
    "comparable",
    "explain",
    "extract",
    "find_region",
    "gazetteer",
    "guess_provenance",
    "load_topics",
    "parse_targets",
    "region_groups",
    "region_names",
    "regions_named",
    "simplified_of",
    "suggest_region",
    "to_base",
]
