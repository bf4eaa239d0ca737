"""Booking records: what is new, what is here already, what contradicts it, and how far each journal is whole.

All journals of one commit go to the store together: a busy backend takes a record each of many terminals, and a statement
for each of them would cost ten times what their rows do.
"""

from dataclasses import dataclass, replace

from fleet import lookup
from fleet.effects import Effect, SendAck
from fleet.reading import Arrival, Bad, Good, wrap
from fleet.store import Books, Conflict, Epoch, Quarantine, StoredRecord
from wire.facts import Born
from wire.records import Ack

QUARANTINED_IN_ACK_MAX = 256
WALK_PAGE = 512


@dataclass(frozen=True, slots=True)
class _Taken:
    """What came of one journal, sorted out. `row`: the journal as it was, with its key if that is known by now."""

    row: Epoch
    new: list[StoredRecord]
    shelved: list[Good]
    conflicts: list[Conflict]
    bad: list[Bad]

    @property
    def covered(self) -> set[int]:
        return {each.seq for each in self.new} | {each.seq for each in self.bad}

    def ack(self, upto: int) -> SendAck:
        assert upto >= self.row.upto, "an acknowledgement never goes back"
        quarantined = tuple(sorted({each.seq for each in self.bad}))[:QUARANTINED_IN_ACK_MAX] if self.bad else ()
        return SendAck(self.row.terminal, Ack(self.row.epoch, upto, quarantined))


def settle(books: Books, journals: dict[tuple[str, int], list[Arrival]], now_ms: int) -> list[Effect]:
    """Book all that came, by (terminal, epoch), and say of each journal how far it is whole. Order of arrival does not
    matter."""
    if not journals:
        return []
    before = books.epochs([terminal for terminal, _ in journals])
    taken = [_sort(books, before.get(key) or Epoch(*key), arrivals, now_ms) for key, arrivals in journals.items()]
    books.add_records([row for each in taken for row in each.new])
    lookup.shelve(books.money, [(each.row.terminal, good) for each in taken for good in each.shelved])
    books.add_conflicts([row for each in taken for row in each.conflicts])
    books.add_quarantine([quarantined(each.row.terminal, bad, now_ms) for each in taken for bad in each.bad])
    after = [_advance(books, each.row, each.covered) for each in taken]
    books.put_epochs([row for row in after if row != before.get((row.terminal, row.epoch))])
    return [each.ack(row.upto) for each, row in zip(taken, after, strict=True)]


def quarantined(terminal: str, bad: Bad, now_ms: int) -> Quarantine:
    """What is kept of something unreadable."""
    return Quarantine(terminal, bad.epoch, bad.seq, bad.reason, bad.raw, now_ms)


def _sort(books: Books, row: Epoch, arrivals: list[Arrival], now_ms: int) -> _Taken:
    old = [arrival.seq for arrival in arrivals if arrival.seq <= row.high]
    known = books.hashes(row.terminal, row.epoch, old, row.upto) if old else {}
    taken = _Taken(row, [], [], [], [])
    journal_key = row.journal_key
    for arrival in arrivals:
        if isinstance(arrival, Bad):
            taken.bad.append(arrival)
            continue
        record = arrival.record
        stored = known.get(record.seq)
        if stored is None:
            known[record.seq] = record.hash
            taken.new.append(StoredRecord.of(row.terminal, record, now_ms))
            taken.shelved.append(arrival)
            journal_key = journal_key or _key_of(arrival)
        elif stored and stored != record.hash:
            taken.conflicts.append(Conflict(row.terminal, row.epoch, record.seq, record.hash, wrap(record), now_ms))
    return replace(taken, row=replace(row, journal_key=journal_key)) if journal_key != row.journal_key else taken


def _advance(books: Books, row: Epoch, covered: set[int]) -> Epoch:
    """The row with its whole prefix and highest seq moved on by the seqs just booked."""
    upto, high = row.upto, max(row.high, max(covered, default=0))
    while upto + 1 in covered:
        upto += 1
    if row.upto < upto < row.high:  # the first hole has closed, and records beyond it were there already
        while seqs := books.covered(row.terminal, row.epoch, upto, WALK_PAGE):
            start = upto
            for seq in seqs:
                if seq != upto + 1:
                    break
                upto = seq
            if upto - start < len(seqs):
                break
    return replace(row, upto=upto, high=max(high, upto))


def _key_of(arrival: Good) -> str:
    return arrival.fact.journal_key if isinstance(arrival.fact, Born) else ""
