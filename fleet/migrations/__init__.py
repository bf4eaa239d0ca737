"""Steps between schemas of the backend's PostgreSQL database, run by `posfleet db upgrade` (`fleet/pg_schema.py`).

A step is for ever: it names its tables and columns itself and imports nothing of the backend that may change.
"""
