"""Fetching of pages: the only package that opens connections for the crawl."""
