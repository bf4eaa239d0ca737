"""Adapters to the platforms that sold the vouchers: one file each, over the shared door to HTTP (`fleet/doors/web.py`)
and the wrapper that keeps every adapter to the same manners (`adapter.py`). How to add one: docs/voucher-platforms.md."""
