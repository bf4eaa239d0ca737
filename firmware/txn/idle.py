"""When nothing is under way that settings, an update or a restart would disturb (decisions 24)."""

from typing import Final

from firmware.txn.command import Context

_IN_FLIGHT: Final = (
    "SELECT 1 FROM pay_order WHERE state = 'open' LIMIT 1",
    "SELECT 1 FROM payment WHERE state = 'sent' LIMIT 1",
    "SELECT 1 FROM voucher_use WHERE state IN ('sent', 'undoing') LIMIT 1",
    "SELECT 1 FROM refund_part WHERE state = 'sent' LIMIT 1",
)
"""An order at the counter, or an ask whose answer is awaited. What is parked or unknown does not hold anything up."""


def busy_with(ctx: Context) -> str:
    """What is under way: `basket`, `order`, `print` or `drawer`; "" when the terminal is idle. An unknown drawer sensor
    counts as closed; holds, parked payments and slips that wait for paper do not count."""
    if ctx.session.basket.lines:
        return "basket"
    if any(ctx.books.read(sql) for sql in _IN_FLIGHT):
        return "order"
    if ctx.devices.printing:
        return "print"
    return "drawer" if ctx.devices.drawer_open else ""
