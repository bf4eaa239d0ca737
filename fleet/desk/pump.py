"""What is due to be sent, a little at a time, so that taking records in never waits for a push to thousands.

All of it stands in the store, due until the broker says that it has it; what is under way to it only its connection knows.
So nothing is forgotten over a crash at any moment, and at worst the same bytes are published twice.
"""

from collections.abc import Callable, Iterable

import msgspec

from fleet.desk.layers import canonical, split
from fleet.desk.sql_settings import DesiredRow, SettingsBooks
from fleet.effects import Effect, MoreDue, SendCommand, SendDesired, Sent
from fleet.store import Books
from wire.fleet import Blob, Desired, Signed, audience, signed_text

AT_ONCE_MAX = 512


def pump(
    books: Books, sign: Callable[[bytes], bytes], now_ms: int, limit: int, under_way: frozenset[Sent]
) -> list[Effect]:
    """Commands first, for they expire; then settings."""
    effects: list[Effect] = []
    for order in books.fleet.orders.due(now_ms, limit, {each.cid for each in under_way if each.cid}):
        text = order.text.decode()
        signed = Signed(text, sign(signed_text("command", text)).hex())
        expiry_s = max(1, (order.expires_ms - now_ms) // 1_000)
        effects.append(SendCommand(order.terminal, order.cid, order.name, signed, expiry_s))
    busy = {each.terminal for each in under_way if not each.cid}  # one at a time to each
    texts = _Texts(books.fleet.settings, sign)
    for row in books.fleet.settings.due(now_ms, limit - len(effects), busy):
        effects.append(SendDesired(row.terminal, row.rev, texts.of(row)))
    if len(effects) >= limit:
        effects.append(MoreDue())
    return effects


class _Texts:
    """Signed settings; terminals that got the same document in one push share text and signature, so many at a time."""

    def __init__(self, settings: SettingsBooks, sign: Callable[[bytes], bytes]) -> None:
        self._settings = settings
        self._sign = sign
        self._bodies: dict[str, tuple[bytes, tuple[Blob, ...]]] = {}
        self._signed: dict[tuple[str, int], Signed] = {}
        self._neighbours: dict[tuple[str, int], list[tuple[str, str]]] = {}
        self._last: dict[int, str] = {}  # by revision, the last of the neighbours met last

    def of(self, row: DesiredRow) -> Signed:
        """For the same row always the same to the byte: a terminal takes another text under a revision it knows for a
        replay. Rows of one revision and document are alike in everything else (`settings.give`)."""
        if (row.terminal, row.rev) not in self._signed:
            names = [name for name, sha256 in self._together(row.terminal, row.rev) if sha256 == row.sha256]
            text = desired_text(row, names, *self._body(row.sha256))
            signed = Signed(text, self._sign(signed_text("settings", text)).hex())
            self._signed |= {(name, row.rev): signed for name in names}
        return self._signed[row.terminal, row.rev]

    def _together(self, terminal: str, rev: int) -> list[tuple[str, str]]:
        if (terminal, rev) not in self._neighbours:
            for some in self._settings.together(terminal, rev, self._last.get(rev, "")):
                self._neighbours |= dict.fromkeys(((name, rev) for name, _ in some), some)
                self._last[rev] = some[-1][0]
        return self._neighbours[terminal, rev]

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
