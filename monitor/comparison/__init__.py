"""Statements then and now to changes. Pure."""
