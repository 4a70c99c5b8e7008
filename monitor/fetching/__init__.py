"""The only door to the network for pages: polite, bounded, guarded."""
