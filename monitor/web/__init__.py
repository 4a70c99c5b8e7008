"""The read-only site: pages, JSON, downloads and feeds over the history. It writes nothing."""
