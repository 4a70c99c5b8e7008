"""List pages, feeds, sitemaps, JSON lists and e-papers to links. Pure."""
