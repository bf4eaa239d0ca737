"""Vouchers at the backend: decisions, the port to the platforms, their simulator, the shop's own, and reconciliation."""
