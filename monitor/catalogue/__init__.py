"""The places that are watched: built-in sources, and the user's over them."""

from monitor.catalogue.load import evidence, families, load_catalogue
from monitor.catalogue.model import Catalogue, Pattern, Season, Source

__all__ = [
    "Catalogue",
    "Pattern",
    "Season",
    "Source",
    "evidence",
    "families",
    "load_catalogue",
]
