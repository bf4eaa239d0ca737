"""What terminals report: settings in force, telemetry, boots."""

from fleet.desk import orders
from fleet.desk.sql_heard import Spoken
from fleet.store import Books
from wire.fleet import Met, Reported
from wire.messages import State

REPUBLISH_AFTER_MS = 60_000
"""A terminal that knows an older revision than it should is given the newest again, unless that has just been done."""


_PASSAGE = {"cut": "cut", "crash": "crash"}
"""What a boot is noted as, by the end of the run before it: merchants pull the plug every evening, and that is no crash."""


def reported(books: Books, terminal: str, said: Reported, body: bytes, now_ms: int, kept: bool = False) -> None:
    """Keep a terminal's word about its settings. One that has never heard of what it is to have is given it again: a broker
    may have lost what it retained, a terminal its storage. `kept`: by the broker, which may have got an old one back with
    its storage; a later word stands."""
    before = books.fleet.heard.reported(terminal)
    if kept and before is not None and _is_earlier(said, before.reported):
        return
    same = before is not None and _key(before.reported) == _key(said)
    changed_ms = before.changed_ms if before is not None and same else now_ms
    books.fleet.heard.put_reported(terminal, body, Spoken(said, now_ms, changed_ms))
    if not same:
        detail = f"{said.status} {said.rev} of {said.desired_rev} {said.code or ''} {said.path} {said.reason}"
        if (other := said.unreadable) is not None:
            detail += f" unreadable: {other.code} {other.path} {other.reason}"
        books.fleet.heard.pass_(terminal, "reported", now_ms, " ".join(detail.split()))
    _again(books, terminal, said.desired_rev, now_ms)


def _is_earlier(said: Reported, known: Reported) -> bool:
    """By the terminal's clock where both trusted it, else by what it had heard of."""
    if said.clock == known.clock == "trusted":
        return said.at_ms < known.at_ms
    return said.desired_rev < known.desired_rev


def _key(said: Reported) -> tuple[object, ...]:
    update = (said.update.cid, said.update.status) if said.update is not None else ()
    return said.desired_rev, said.rev, said.status, said.code, said.locked, update, said.unreadable


def _again(books: Books, terminal: str, known_rev: int, now_ms: int) -> None:
    row = books.fleet.settings.desired(terminal)
    if row is None or row.rev <= known_rev or row.due_ms or row.sent_ms > now_ms - REPUBLISH_AFTER_MS:
        return
    books.fleet.settings.put_desired(row._replace(due_ms=now_ms))


def met(books: Books, terminal: str, _said: Met, body: bytes, now_ms: int) -> None:
    """Keep telemetry."""
    books.fleet.heard.put_met(terminal, body, now_ms)


def takes_kept(books: Books, terminal: str, kept: State, now_ms: int) -> bool:
    """Whether a state that the broker had kept is none older than the one that is known, by the journal's next number. A
    will is as old as its connection, and stands for the boot that it is of."""
    known = books.fleet.heard.state(terminal)
    if known == kept:
        return True
    is_before = known is not None and known.epoch == kept.epoch and kept.next_seq < known.next_seq
    is_will = known is not None and not kept.online and kept.boot_id == known.boot_id
    if is_before and not is_will:
        return False
    books.fleet.heard.heard_again(terminal, now_ms)  # what it reported says more of settings than any such state
    return True


def state(books: Books, terminal: str, now: State, now_ms: int) -> None:
    """A terminal says how it is, before that is kept. Another boot than before is noted, and how it came to it."""
    if not now.online:
        return
    before = books.fleet.heard.state(terminal)
    was = before.boot_id if before is not None else ""
    if now.boot_id and now.boot_id != was:
        books.fleet.heard.pass_(terminal, _PASSAGE.get(now.end, "boot"), now_ms, f"{now.software} {now.boot_id}")
    if before is None or not before.online or now.boot_id != was:
        settings, commands = books.fleet.heard.wants(terminal, now_ms, now_ms - REPUBLISH_AFTER_MS)
        if settings:
            _again(books, terminal, 0, now_ms)
        if commands:
            orders.came_back(books.fleet.orders, terminal, now_ms)
