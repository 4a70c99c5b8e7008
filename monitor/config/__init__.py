"""Settings: ``monitor.toml``, environment, command line."""
