"""Reads bytes to a document: text, title, date of publication, outcome. Pure."""
