"""A push, given a lot at a time: what it says to whom is entered at once, whole; who gets it is written as it is sent.

So the first terminals have their settings while the rows of the last are not written yet. Nobody goes on from half a push:
before anything else is changed at the desk, `finish` gives what is left, and one to a few is given at once (ADR 0027). Lots
are cut where neighbours that share a text begin (ADR 0024), in the order of names.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from fleet.admin import PushLook
from fleet.desk.sql_settings import DesiredRow, SettingsBooks
from fleet.store import Books
from wire.fleet import AUDIENCE_MAX

LOT = 16 * AUDIENCE_MAX
EXPIRY_MS = 365 * 86_400_000
"""How long a signed document may be taken; a good while before, it is signed anew (`settings.renew`)."""


class Lot(NamedTuple):
    """Some terminals of a push. `pairs`: addresses of what is given and of what it replaces ("" nothing); `to`: terminals,
    each with the place of its pair."""

    rollout: int
    at_ms: int
    pairs: list[tuple[str, str]]
    to: list[tuple[str, int]]


_LOT = msgspec.json.Decoder(Lot)


def begin(books: Books, to: dict[str, tuple[str, str]], push: PushLook) -> int:
    """Enter a push under a new revision; 0 when it is to nobody. What is no more than a lot is given with it. `to`: by
    terminal, addresses of what it gets and had."""
    if not to:
        return 0
    settings = books.fleet.settings
    rev = settings.next_rev(to)
    settings.add_push(msgspec.structs.replace(push, rev=rev, terminals=len(to)))
    settings.add_lots(rev, [msgspec.json.encode(lot) for lot in _lots(to, push)])
    if len(to) <= LOT:
        finish(settings)
    return rev


def _lots(to: dict[str, tuple[str, str]], push: PushLook) -> Iterator[Lot]:
    order = sorted(to)
    for start in range(0, len(order), LOT):
        names = order[start : start + LOT]
        places: dict[tuple[str, str], int] = {}
        theirs = [(name, places.setdefault(to[name], len(places))) for name in names]
        yield Lot(push.rollout, push.at_ms, list(places), theirs)


def give_lot(settings: SettingsBooks) -> list[DesiredRow]:
    """Give the next lot: the rows that are due to be published now, by name; none when all is given."""
    found = settings.take_lot()
    if found is None:
        return []
    rev, body = found
    lot = _LOT.decode(body)
    settings.add_given(rev, [(name, *lot.pairs[place]) for name, place in lot.to])
    expires_ms = lot.at_ms + EXPIRY_MS
    rows = [
        DesiredRow(name, rev, lot.pairs[place][0], lot.rollout, lot.at_ms, expires_ms, due_ms=lot.at_ms)
        for name, place in lot.to
    ]
    settings.put_desired(*rows)
    return rows


def finish(settings: SettingsBooks) -> None:
    """Give all that is left."""
    while give_lot(settings):
        continue
