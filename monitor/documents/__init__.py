"""Bytes to a document: text, title, day of issue, and whether to believe it. Pure."""
