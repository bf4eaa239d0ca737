"""The event log as it is sent to the fleet on request: plain lines, packed, without anything a customer showed.

A row of the event log holds codes, numbers of ours and words of ours only (`rules.discreet`, docs/event-log.md); nothing
else of the terminal is added but how its devices look.
"""

import zlib
from datetime import UTC, datetime
from typing import Final

from firmware.txn import eventlog
from firmware.txn.command import Context
from rules.discreet import discreet

PART_BYTES_MAX: Final = 40_000
PARTS_MAX: Final = 64
GZIP: Final = 16 + zlib.MAX_WBITS


def lines(ctx: Context, most: int) -> tuple[str, ...]:
    """What the devices look like, then the newest rows of the event log, the oldest of them first."""
    rows = eventlog.page(ctx.books, eventlog.ALL, 0, most)
    told = (
        " ".join(
            (
                _time(row.at_ms), row.clock, row.boot, str(row.mono_ms), str(row.code), row.operator or "-",
                row.subject or "-", f"x{row.attempt}", ",".join(row.steps) or "-", discreet(row.reason),
            )
        ).rstrip()
        for row in reversed(rows)
    )  # fmt: skip
    return (*_looks(ctx), *told)


def packed(ctx: Context, most: int) -> tuple[bytes, ...]:
    """`lines` as gzip, in pieces of at most 40 kB."""
    engine = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    whole = engine.compress("\n".join((*lines(ctx, most), "")).encode()) + engine.flush()
    pieces = tuple(whole[at : at + PART_BYTES_MAX] for at in range(0, len(whole), PART_BYTES_MAX))
    assert len(pieces) <= PARTS_MAX, len(whole)
    return pieces


def _looks(ctx: Context) -> tuple[str, ...]:
    devices = ctx.devices
    return (
        f"# terminal {ctx.terminal} software {ctx.software} settings {ctx.settings.revision} backlog {ctx.backlog}",
        f"# time {_time(ctx.now.wall_ms)} {ctx.now.clock} up {ctx.now.monotonic_ms} ms safe_mode {ctx.safe_mode}",
        f"# link {devices.link} {devices.link_code} answered {devices.answered} network {devices.network}"
        f" {devices.signal_percent} {devices.network_fault}".rstrip(),
        f"# printer {devices.printer} {devices.printer2} drawer {devices.drawer_open}"
        f" {devices.drawer_code} scanner {devices.scanner} keypad {devices.keypad} battery {devices.battery}"
        f" {devices.charging}",
    )


def _time(ms: int) -> str:
    return datetime.fromtimestamp(max(0, ms) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
