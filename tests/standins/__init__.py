"""Stand-ins for the platforms' servers, written from the facts of docs/voucher-platforms.md: they check signatures and
timestamps, keep books of their own, and can be told to misbehave."""
