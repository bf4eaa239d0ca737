"""Commands: ordered of one terminal or many, signed when they are sent, answered or silent."""

import hashlib
from dataclasses import replace

import msgspec

from fleet import admin
from fleet.admin import Call, Refused
from fleet.desk.settings import meant
from fleet.desk.sql_orders import OrderBooks, OrderRow
from fleet.store import Books
from wire.fleet import Command, CommandName, Order, Reply, command_name

GRACE_MS = 15_000
"""An answer may take so long after the moment up to which the terminal may begin."""
SILENT_AT_ONCE_MAX = 500
KEPT_MS = 90 * 86_400_000
FORGOTTEN_AT_ONCE_MAX = 200
AGAIN_AFTER_MS = 30_000
"""A terminal that comes back is sent an order again when it was not sent just now."""
UNDER_WAY = ("update", "accepted")
NO_CLOCK = 1011
"""With this a terminal accepts an order that it keeps until it has the time; it expires like one it has not heard of."""
ENDED = ("done", "refused", "failed")
INSTEAD_OF: dict[CommandName, tuple[CommandName, ...]] = {
    "update": ("update",), "lock": ("lock", "unlock"), "unlock": ("lock", "unlock"),
}  # fmt: skip
"""Of these only the newest counts: it takes the place of older ones, which must not be obeyed after it."""


def seen(books: Books, terminal: str, batch: str, cid: str, limit: int) -> tuple[admin.OrderLook, ...]:
    """Orders, newest first; an update that is under way with what its terminal says of it."""
    looks = books.fleet.orders.seen(terminal, batch, cid, limit)
    said = books.fleet.heard.updates({each.terminal for each in looks if (each.name, each.status) == UNDER_WAY})
    return tuple(
        msgspec.structs.replace(each, update=said[each.cid])
        if each.cid in said and (each.name, each.status) == UNDER_WAY
        else each
        for each in looks
    )


def send(books: Books, call: Call, request: admin.SendCommand, now_ms: int) -> admin.Reply:
    """Order something of all who are meant."""
    found = meant(books, request.where, now_ms)
    if isinstance(found, Refused):
        return found
    rows = found.rows
    if not rows:
        return Refused(reason="nobody")
    batch = "b" + hashlib.sha256(f"batch {call.nonce}".encode()).hexdigest()[:11]
    cids: dict[str, str] = {}
    for row in rows:
        cid = number(call.nonce, row.terminal)
        known = books.fleet.orders.get(cid)
        if known is None:
            who, why = call.by.name, call.why
            order(books.fleet.orders, row.terminal, cid, request.command, batch, who, why, now_ms, request.expires_s)
        cids[row.terminal] = cid
    return admin.Ordered(batch=batch, cids=cids)


def number(seed: str, terminal: str) -> str:
    """A command's own number: the same for the same call, so that a call that comes twice orders once."""
    return hashlib.sha256(f"command {seed} {terminal}".encode()).hexdigest()[:20]


def order(
    books: OrderBooks,
    terminal: str,
    cid: str,
    command: Command,
    batch: str,
    who: str,
    why: str,
    now_ms: int,
    expires_s: int,
) -> None:
    """One order, due to be sent; what it takes the place of no longer is."""
    expires_ms = now_ms + expires_s * 1_000
    body = Order(cid, terminal, now_ms, expires_ms, command, who[:64])
    text, name = msgspec.json.encode(body), command_name(command)
    if name in INSTEAD_OF:
        books.supersede(terminal, INSTEAD_OF[name])
    books.put(OrderRow(cid, batch, terminal, name, text, "waiting", who, why, now_ms, expires_ms, due_ms=now_ms))


def heard(books: Books, terminal: str, cid: str, reply: Reply, now_ms: int) -> None:
    """A terminal's word about an order. The first end of it stands, whatever comes later. Raises `ValueError` for an order
    it was never given."""
    row = books.fleet.orders.get(cid)
    if row is None or row.terminal != terminal or reply.cid != cid or reply.name != row.name:
        raise ValueError("reply: to no order of this terminal's")
    if reply.part > reply.parts:
        raise ValueError("reply: a part beyond all parts")
    if reply.data:
        books.fleet.orders.add_part(cid, reply.part, reply.data)
    if row.status in ENDED:
        if reply.parts > row.parts_all and reply.data:
            books.fleet.orders.put(replace(row, parts_all=reply.parts))
        return
    held = (reply.status, reply.code) == ("accepted", NO_CLOCK)
    if held and row.status == "silent":
        return  # it has not the time yet: no news
    ends = reply.status in ENDED
    kept = msgspec.json.encode(msgspec.structs.replace(reply, data=b""))
    parts_all = max(row.parts_all, reply.parts if reply.data else 0)
    books.fleet.orders.put(
        replace(
            row, status=reply.status, reply=kept, answered_ms=now_ms, parts_all=parts_all, due_ms=0, waiting=int(held)
        )
    )
    if ends:
        detail = f"{row.name} {reply.status} {reply.code or ''} {reply.reason}".strip()
        books.fleet.heard.pass_(terminal, "command", now_ms, detail)


def data(books: OrderBooks, cid: str) -> admin.Reply:
    """What came with the replies, put together once all of it is here."""
    row = books.get(cid)
    if row is None:
        return Refused(reason="unknown_command", detail=cid)
    pieces = books.data(cid)
    whole = row.status == "done" and set(range(1, row.parts_all + 1)) <= pieces.keys()
    body = b"".join(pieces[part] for part in range(1, row.parts_all + 1)) if whole else b""
    return admin.CommandDataGot(order=books.look(row), whole=whole, data=body)


def tick(books: Books, now_ms: int) -> None:
    """Book "no answer" where none came, and forget what is old."""
    for row in books.fleet.orders.overdue(now_ms - GRACE_MS, SILENT_AT_ONCE_MAX):
        books.fleet.orders.put(replace(row, status="silent", waiting=0, due_ms=0))
        books.fleet.heard.pass_(row.terminal, "command", now_ms, f"{row.name} no answer")
    books.fleet.orders.forget(now_ms - KEPT_MS, FORGOTTEN_AT_ONCE_MAX)


def came_back(books: OrderBooks, terminal: str, now_ms: int) -> None:
    """A terminal is there again: what it has said nothing about is sent once more; it knows orders by their numbers."""
    for row in books.unanswered(terminal, now_ms):
        if not row.due_ms and row.sent_ms <= now_ms - AGAIN_AFTER_MS:
            books.put(replace(row, due_ms=now_ms))
