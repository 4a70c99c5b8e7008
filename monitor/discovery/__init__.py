"""Finds links on list pages, feeds, sitemaps, JSON lists and e-papers. Pure."""
