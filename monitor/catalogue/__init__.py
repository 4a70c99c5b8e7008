"""The places that are watched: built-in sources, and the user's over them."""

from monitor.catalogue.load import families, load_catalogue
from monitor.catalogue.model import Catalogue, Pattern, Source

__all__ = ["Catalogue", "Pattern", "Source", "families", "load_catalogue"]
