"""The places that are watched: built-in sources, and the user's over them."""

from monitor.catalogue.load import families, load_catalogue
from monitor.catalogue.model import USUAL, Catalogue, Pattern, Route, Source, Tls

__all__ = [
    "USUAL",
    "Catalogue",
    "Pattern",
    "Route",
    "Source",
    "Tls",
    "families",
    "load_catalogue",
]
