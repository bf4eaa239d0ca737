"""What a person should look at: missing records, what could not be read, records under a taken key."""

import sqlalchemy as sa

from fleet.admin import QuarantineRow
from fleet.sql_tables import conflicts, epochs, quarantine, terminals
from fleet.store import Epoch


class FaultBooks:
    """Questions about faults within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def lagging(self, terminal: str, limit: int) -> list[Epoch]:
        """Journals that are not whole up to what is known to exist."""
        ours = sa.and_(terminals.c.terminal == epochs.c.terminal, terminals.c.epoch == epochs.c.epoch)
        query = sa.select(epochs).select_from(epochs.outerjoin(terminals, ours))
        query = query.where((epochs.c.high > epochs.c.upto) | (terminals.c.acked_seq > epochs.c.upto))
        if terminal:
            query = query.where(epochs.c.terminal == terminal)
        rows = self._db.execute(query.order_by(epochs.c.terminal, epochs.c.epoch).limit(limit))
        return [Epoch(*row) for row in rows]

    def quarantined(self, terminal: str, limit: int) -> list[QuarantineRow]:
        """Newest first."""
        rows = []
        for there, reason, is_conflict in (
            (quarantine, quarantine.c.reason, False),
            (conflicts, conflicts.c.hash, True),
        ):
            it = there.c
            size = sa.func.length(it.raw)
            query = sa.select(it.terminal, it.epoch, it.seq, reason.label("reason"), it.got_ms, size.label("size"))
            if terminal:
                query = query.where(it.terminal == terminal)
            query = query.order_by(it.got_ms.desc(), it.terminal, it.epoch, it.seq).limit(limit)
            rows += [QuarantineRow(**each._mapping, conflict=is_conflict) for each in self._db.execute(query)]
        return sorted(rows, key=lambda row: (-row.got_ms, row.terminal, row.epoch, row.seq))[:limit]
