"""The business, one file per subject. Pure but for `ledger.py`, the only file that opens the database."""
