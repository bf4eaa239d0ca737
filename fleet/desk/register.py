"""Register of terminals: shop, group and tags, and one terminal shown whole."""

import msgspec

from fleet import admin
from fleet.admin import Done, Refused, Registered, Reply
from fleet.desk.layers import differences, layers_of, masked, whole
from fleet.desk.link import Hearing, hearing
from fleet.desk.orders import seen as orders_seen
from fleet.desk.settings import Sources
from fleet.desk.sql_register import RegisterBooks
from fleet.store import Books

TAGS_MAX = 64
GAPS_OF_ONE_MAX = 64
MET_OF_ONE_MAX = 200
ORDERS_OF_ONE_MAX = 20
PASSAGES_OF_ONE_MAX = 100


def enter(books: RegisterBooks, request: admin.Register, now_ms: int) -> Reply:
    """Write entries anew. The same entry again changes nothing."""
    known = books.registered(row.terminal for row in request.rows)
    changed = 0
    for row in request.rows:
        if len(set(row.tags)) > TAGS_MAX:
            return Refused(reason="too_large", detail=f"{row.terminal}: {len(row.tags)} tags")
        clean = msgspec.structs.replace(row, tags=tuple(sorted(set(row.tags))))
        if known.get(row.terminal) != clean:
            books.put(clean, now_ms)
            changed += 1
    return Done(count=changed)


def set_tags(books: RegisterBooks, request: admin.SetTags, hearing: Hearing) -> Reply:
    """Add and take away tags at all who are meant."""
    looks = books.select(request.where, hearing)
    missing = tuple(sorted(set(request.where.terminals) - {look.terminal for look in looks}))
    if missing:
        return Refused(reason="unknown_terminal", terminals=missing)
    known = books.registered(look.terminal for look in looks)
    changed = 0
    for look in looks:
        row = known.get(look.terminal) or Registered(terminal=look.terminal)
        tags = tuple(sorted((set(row.tags) | set(request.add)) - set(request.remove)))
        if len(tags) > TAGS_MAX:
            return Refused(reason="too_large", detail=f"{look.terminal}: {len(tags)} tags")
        if tags != row.tags:
            books.put(msgspec.structs.replace(row, tags=tags), hearing.now_ms)
            changed += 1
    return Done(count=changed)


def show(books: Books, terminal: str, now_ms: int) -> Reply:
    """All that is known of one terminal."""
    where = admin.Where(terminals=(terminal,), retired=True)
    looks = books.fleet.register.select(where, hearing(books, now_ms))
    if not looks:
        return Refused(reason="unknown_terminal", terminals=(terminal,))
    look, settings = looks[0], books.fleet.settings
    row = Registered(terminal=terminal, shop=look.shop, group=look.group, tags=look.tags)
    sources = Sources(settings)
    doc, faults = sources.of(row)
    had = sources.meaning(look.desired_sha256)
    names = layers_of(row)
    newest = settings.newest(names)
    return admin.TerminalShown(
        look=look, layers=tuple(newest[name] for name in names if name in newest),
        desired=masked(had) if look.desired_rev else None, pending=() if faults else differences(had, whole(doc)),
        faults=faults, met=tuple(books.fleet.heard.met(terminal, MET_OF_ONE_MAX)),
        orders=orders_seen(books, terminal, "", "", ORDERS_OF_ONE_MAX),
        timeline=tuple(books.fleet.heard.passages(terminal, PASSAGES_OF_ONE_MAX)),
        gaps=gaps(books, terminal, now_ms, GAPS_OF_ONE_MAX),
    )  # fmt: skip


def gaps(books: Books, terminal: str, now_ms: int, limit: int) -> tuple[admin.Gap, ...]:
    """Missing records, each a range."""
    found: list[admin.Gap] = []
    for row in books.fleet.faults.lagging(terminal, limit):
        for first, last in books.holes(row, older_than_ms=now_ms, limit=limit):
            gap = admin.Gap(terminal=row.terminal, epoch=row.epoch, first=first, last=last, asked_ms=row.asked_ms)
            found.append(gap)
        if len(found) >= limit:
            break
    return tuple(found[:limit])
