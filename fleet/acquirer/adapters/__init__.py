"""Adapters to channels that move real money: for each a door to its SDK package and a dialect that speaks the port's calls
through it. What every one of them owes stands in `adapter.py`; how to add one: docs/payment-channels.md."""
