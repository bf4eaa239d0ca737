"""What is due to be sent, a little at a time, so that taking records in never waits for a push to thousands.

All of it stands in the store, due until the broker says that it has it; what is under way to it only its connection knows.
So nothing is forgotten over a crash at any moment, and at worst the same bytes are published twice.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import msgspec

from fleet.desk.giving import LOT, give_lot
from fleet.desk.layers import canonical, split
from fleet.desk.sql_settings import DesiredRow, SettingsBooks
from fleet.effects import Effect, MoreDue, SendCommand, SendDesired, Sent
from fleet.store import Books
from wire.fleet import AUDIENCE_MAX, Blob, Desired, Signed, audience, signed_text

AT_ONCE_MAX = 1_024


def pump(
    books: Books, sign: Callable[[bytes], bytes], now_ms: int, limit: int, under_way: Collection[Sent]
) -> list[Effect]:
    """Commands first, for they expire; then settings."""
    effects: list[Effect] = []
    for order in books.fleet.orders.due(now_ms, limit, {each.cid for each in under_way if each.cid}):
        text = order.text.decode()
        signed = Signed(text, sign(signed_text("command", text)).hex())
        expiry_s = max(1, (order.expires_ms - now_ms) // 1_000)
        effects.append(SendCommand(order.terminal, order.cid, order.name, signed, expiry_s))
    settings, room = books.fleet.settings, limit - len(effects)
    busy = {each.terminal for each in under_way if not each.cid}  # one at a time to each
    texts = _Texts(settings, sign)
    given: list[DesiredRow] = []
    for lot in _given(settings, room):
        texts.lay(lot)
        given += lot
    free = [row for row in given if row.terminal not in busy][:room] if given else settings.due(now_ms, room, busy)
    effects += [SendDesired(row.terminal, row.rev, texts.of(row)) for row in free]
    if given or len(effects) >= limit:
        effects.append(MoreDue())
    return effects


def _given(settings: SettingsBooks, room: int) -> list[list[DesiredRow]]:
    """What a push gives now: as many lots as there is room for, or one. What of it is not sent now is due like all else."""
    lots: list[list[DesiredRow]] = []
    while (not lots or (len(lots) + 1) * LOT <= room) and (rows := give_lot(settings)):
        lots.append(rows)
    return lots


@dataclass(slots=True)
class _Lot:
    """Neighbours of one push, each with the address of its document; what is signed for those that have the same one."""

    names: list[tuple[str, str]]
    signed: dict[str, Signed] = field(default_factory=dict)


class _Texts:
    """Signed settings; terminals that got the same document in one push share text and signature, so many at a time."""

    def __init__(self, settings: SettingsBooks, sign: Callable[[bytes], bytes]) -> None:
        self._settings = settings
        self._sign = sign
        self._bodies: dict[str, tuple[bytes, tuple[Blob, ...]]] = {}
        self._lots: dict[int, dict[str, _Lot]] = {}  # by revision and terminal
        self._last: dict[int, str] = {}  # by revision, the last of the neighbours met last

    def of(self, row: DesiredRow) -> Signed:
        """For the same row always the same to the byte: a terminal takes another text under a revision it knows for a
        replay. Rows of one revision and document are alike in everything else (`giving.give_lot`)."""
        lot = self._lots.get(row.rev, {}).get(row.terminal) or self._lot(row.terminal, row.rev)
        signed = lot.signed.get(row.sha256)
        if signed is None:
            names = [name for name, sha256 in lot.names if sha256 == row.sha256]
            text = desired_text(row, names, *self._body(row.sha256))
            signed = lot.signed[row.sha256] = Signed(text, self._sign(signed_text("settings", text)).hex())
        return signed

    def lay(self, rows: list[DesiredRow]) -> None:
        """A lot that a push gives now: nobody needs to read who is whose neighbour."""
        known = self._lots.setdefault(rows[0].rev, {})
        for start in range(0, len(rows), AUDIENCE_MAX):
            some = rows[start : start + AUDIENCE_MAX]
            lot = _Lot([(row.terminal, row.sha256) for row in some])
            known.update((row.terminal, lot) for row in some)

    def _lot(self, terminal: str, rev: int) -> _Lot:
        known = self._lots.setdefault(rev, {})
        for some in self._settings.together(terminal, rev, self._last.get(rev, "")):
            lot = _Lot(some)
            for name, _ in some:
                known[name] = lot
            self._last[rev] = some[-1][0]
        return known[terminal]

    def _body(self, sha256: str) -> tuple[bytes, tuple[Blob, ...]]:
        if sha256 not in self._bodies:
            doc, blobs = split(msgspec.json.decode(self._settings.body(sha256)))
            self._bodies[sha256] = canonical(doc), blobs
        return self._bodies[sha256]


def desired_text(row: DesiredRow, names: Iterable[str], body: bytes, blobs: tuple[Blob, ...] = ()) -> str:
    """The text that is signed, for all these terminals."""
    desired = Desired(
        row.rev, audience(names), 0, row.expires_ms, msgspec.Raw(body), blobs, str(row.rollout) if row.rollout else "",
    )  # fmt: skip
    return msgspec.json.encode(desired).decode()


def taken(books: Books, what: tuple[Sent, ...], now_ms: int) -> None:
    """The broker has these."""
    orders, settings = _parted(what)
    books.fleet.orders.taken(orders, now_ms)
    books.fleet.settings.taken(settings, now_ms)


def put_off(books: Books, what: tuple[Sent, ...], now_ms: int) -> None:
    """The broker does not take these: they are due as if they were so since now."""
    orders, settings = _parted(what)
    books.fleet.orders.put_off(orders, now_ms)
    books.fleet.settings.put_off(settings, now_ms)


def _parted(what: tuple[Sent, ...]) -> tuple[list[str], list[tuple[str, int]]]:
    return [each.cid for each in what if each.cid], [(each.terminal, each.rev) for each in what if not each.cid]
