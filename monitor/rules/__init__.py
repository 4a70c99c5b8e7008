"""YAML rules: which changes interest whom. Pure."""
