"""How commands end: the one table (docs/operating-a-fleet.md shows it).

The same kind of failure ends every command alike, because it goes by the failure's name and not by the command.
"""

DONE, FOUND, USAGE, TROUBLE, STOPPED = 0, 1, 2, 3, 130
"""All well. Done, and a person should look at something. The line or a file it names is wrong; nothing was done. The line
is right and it was not done: refused, or something is out of reach. Ctrl-C."""

MEANT_WRONG = frozenset({
    # words that do not fit
    "address", "database_url", "date", "days", "file_words", "grace_open", "http_tls", "ids_or_all", "issue", "layer",
    "mount", "no_seal", "no_url", "nobody_chosen", "nobody_to_ask", "password_alone", "slots", "time", "time_order",
    "tls_alone", "too_many", "value", "worker_alone", "worker_name", "passphrase_twice", "user_bad_name",
    "user_differs", "user_weak_long", "user_weak_name", "user_weak_plain", "user_weak_short", "ca_refused",
    # files that cannot be used
    "credentials", "deals", "document", "file", "rights_file", "scenario", "secret_file", "secret_open",
    "statement_empty", "tls_files", "typed", "unread", "voucher_statement",
    "bundle_damaged", "bundle_minimum", "bundle_older", "bundle_unsigned", "bundle_version",
    # names of nothing, and names that are taken
    "in_force", "no_certificate", "no_deal", "no_terminal", "schema_there", "taken", "user_taken", "user_unknown",
})  # fmt: skip
"""Failures (`wrong__NAME`) that whoever typed the line sets right."""

MEANT = frozenset({
    "backend", "broker_kick", "database", "database_away", "database_left", "deaf", "editor", "folder", "grace", "in_use",
    "key_away", "key_locked", "key_wrong", "left", "no_ca", "no_database", "port", "schema_later", "unprinted", "unwritten",
    "user_too_many",
})  # fmt: skip
"""Failures of what the line needs, whatever it says."""

REFUSED_WRONG = frozenset({
    "ambiguous", "faults", "first", "no_supervisor", "plan", "too_large", "unknown_aside", "unknown_command",
    "unknown_layer", "unknown_rollout", "unknown_terminal", "unknown_version", "why_missing", "zone",
})  # fmt: skip
"""The backend's refusals (`refused__REASON`) of the first kind; all others are of the second."""
