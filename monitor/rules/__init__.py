"""YAML rules: which changes are sent to whom. Pure."""
