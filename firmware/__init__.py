"""The terminal's daemon, `posd`."""
