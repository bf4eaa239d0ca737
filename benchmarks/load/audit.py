"""After a run: does the backend's store hold every record of every journal once, with its hash, and nothing else?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from fleet.sql_tables import conflicts, quarantine, records
from wire.records import Record, record_hash

EXAMPLES_MAX = 10
PAGE = 5_000

Expected = Mapping[str, tuple[int, list[bytes]]]
"""Epoch and hashes of each terminal's journal; hash n is that of seq n + 1."""


@dataclass(slots=True)
class Audit:
    """`missing`: not in the store; `changed`: there with another hash, or with a body that does not make its hash;
    `doubled`: the same hash again under another key, or a conflict about a key; `foreign`: nobody's; `aside`: in
    quarantine. `examples`: the first few of them in words."""

    expected: int = 0
    stored: int = 0
    missing: int = 0
    changed: int = 0
    doubled: int = 0
    foreign: int = 0
    aside: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled."""
        return not (self.missing or self.changed or self.doubled or self.foreign or self.aside)

    def note(self, text: str) -> None:
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(text)


def audit_store(url: str, expected: Expected) -> Audit:
    """Audit a store by the URL of its database. Raises `sqlalchemy.exc.SQLAlchemyError`."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        return audit(engine, expected)
    finally:
        engine.dispose()


def audit(engine: sa.Engine, expected: Expected) -> Audit:
    """Audit any store of the backend's tables."""
    result = Audit(expected=sum(len(hashes) for _, hashes in expected.values()))
    found: Counter[str] = Counter()
    seen: set[bytes] = set()
    ours = {made for _, hashes in expected.values() for made in hashes}
    with engine.connect() as connection:
        for terminal, record in _records(connection):
            result.stored += 1
            _judge(result, expected, ours, seen, terminal, record)
            epoch, hashes = expected.get(terminal, (0, []))
            if record.epoch == epoch and record.seq <= len(hashes):
                found[terminal] += 1
        for table, name in ((conflicts, "doubled"), (quarantine, "aside")):
            rows = connection.execute(sa.select(table.c.terminal, table.c.epoch, table.c.seq)).all()
            setattr(result, name, getattr(result, name) + len(rows))
            for row in rows:
                result.note(f"{name}: {row.terminal} {row.epoch}-{row.seq}")
    for terminal, (_, hashes) in expected.items():
        lacks = len(hashes) - found[terminal]
        result.missing += lacks
        if lacks:
            result.note(f"missing: {lacks} of {terminal}")
    return result


def _judge(
    result: Audit, expected: Expected, ours: set[bytes], seen: set[bytes], terminal: str, record: Record
) -> None:
    place = f"{terminal} {record.epoch}-{record.seq}"
    stored = bytes.fromhex(record.hash)
    epoch, hashes = expected.get(terminal, (0, []))
    at_home = record.epoch == epoch and record.seq <= len(hashes)
    if at_home and (stored != hashes[record.seq - 1] or record_hash(terminal, record) != record.hash):
        result.changed += 1
        result.note(f"changed: {place}")
    elif stored in seen or (not at_home and stored in ours):
        result.doubled += 1
        result.note(f"doubled: {place}")
    elif not at_home:
        result.foreign += 1
        result.note(f"foreign: {place}")
    seen.add(stored)


def _records(connection: sa.Connection) -> Iterator[tuple[str, Record]]:
    it = records.c
    names = (it.terminal, it.epoch, it.seq, it.kind, it.version, it.at_ms, it.clock, it.body, it.prev, it.hash)
    query = sa.select(*names).order_by(it.terminal, it.epoch, it.seq)
    for row in connection.execution_options(yield_per=PAGE).execute(query):
        body = msgspec.Raw(bytes(row.body))
        yield (
            row.terminal,
            Record(row.epoch, row.seq, row.kind, row.version, row.at_ms, row.clock, body, row.prev, row.hash),
        )
