"""The places that are watched: built-in sources, and the user's over them."""

from monitor.catalogue.append import with_source
from monitor.catalogue.load import check_text, evidence, families, load_catalogue, source_of
from monitor.catalogue.model import USUAL, Catalogue, Pattern, Route, Season, Source, Tls

__all__ = [
    "USUAL",
    "Catalogue",
    "Pattern",
    "Route",
    "Season",
    "Source",
    "Tls",
    "check_text",
    "evidence",
    "families",
    "load_catalogue",
    "source_of",
    "with_source",
]
