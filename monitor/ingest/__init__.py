"""One visit of a source, from its list page to the outbox."""
