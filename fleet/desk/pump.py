"""What is due to be sent, a little at a time, so that taking records in never waits for a push to thousands.

All of it stands in the store. What was handed to the broker is due again a minute later unless the broker said that it has
it; so nothing is forgotten over a crash at any moment, and at worst the same bytes are published twice.
"""

from collections.abc import Callable

import msgspec

from fleet.desk.layers import canonical, split
from fleet.desk.sql_settings import DesiredRow
from fleet.effects import Effect, MoreDue, SendCommand, SendDesired, Sent
from fleet.store import Books
from wire.fleet import Blob, Desired, Signed, signed_text

AT_ONCE_MAX = 128
AGAIN_MS = 60_000


def pump(books: Books, sign: Callable[[bytes], bytes], now_ms: int, limit: int) -> list[Effect]:
    """Commands first, for they expire; then settings."""
    effects: list[Effect] = []
    orders = books.fleet.orders.due(now_ms, limit)
    for order in orders:
        text = order.text.decode()
        signed = Signed(text, sign(signed_text("command", text)).hex())
        expiry_s = max(1, (order.expires_ms - now_ms) // 1_000)
        effects.append(SendCommand(order.terminal, order.cid, order.name, signed, expiry_s))
    if orders:
        books.fleet.orders.sent([order.cid for order in orders], now_ms, now_ms + AGAIN_MS)
    rows = books.fleet.settings.due(now_ms, limit - len(orders))
    bodies: dict[str, tuple[bytes, tuple[Blob, ...]]] = {}
    for row in rows:
        if row.sha256 not in bodies:
            doc, blobs = split(msgspec.json.decode(books.fleet.settings.body(row.sha256)))
            bodies[row.sha256] = canonical(doc), blobs
        text = desired_text(row, *bodies[row.sha256])
        effects.append(SendDesired(row.terminal, row.rev, Signed(text, sign(signed_text("settings", text)).hex())))
    if rows:
        books.fleet.settings.sent([row.terminal for row in rows], now_ms, now_ms + AGAIN_MS)
    if len(effects) >= limit:
        effects.append(MoreDue())
    return effects


def desired_text(row: DesiredRow, body: bytes, blobs: tuple[Blob, ...] = ()) -> str:
    """The text that is signed: for the same row always the same to the byte, for a terminal takes another one under a
    revision it knows for a replay."""
    desired = Desired(
        row.rev, f"terminal:{row.terminal}", 0, row.expires_ms, msgspec.Raw(body),
        blobs, str(row.rollout) if row.rollout else "",
    )  # fmt: skip
    return msgspec.json.encode(desired).decode()


def taken(books: Books, what: tuple[Sent, ...]) -> None:
    """The broker has these."""
    for each in what:
        if each.cid:
            books.fleet.orders.taken(each.cid)
    books.fleet.settings.taken([(each.terminal, each.rev) for each in what if not each.cid])
