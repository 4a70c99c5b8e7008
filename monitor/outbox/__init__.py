"""Alerts on their way to recipients, and the worker that delivers them."""
