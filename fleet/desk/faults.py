"""What a person has dealt with of what was put aside."""

from fleet import admin
from fleet.admin import Call, Refused, Reply
from fleet.desk.sql_faults import AsideKey
from fleet.store import Books


def deal_with(books: Books, call: Call, request: admin.DealWith, now_ms: int) -> Reply:
    """Enter who has dealt with it, when, and the note; nothing when one of the ids is none, or of more than one thing."""
    if not request.ids and not request.upto_ms:
        return Refused(reason="bad_request")
    keys: set[AsideKey] = set()
    for start in request.ids:
        found = books.fleet.faults.keys(start)
        if len(found) != 1:
            return Refused(reason="ambiguous" if found else "unknown_aside", detail=start)
        keys |= found
    counts = books.fleet.faults.deal_with(
        keys if request.ids else None, request.terminal, request.upto_ms, now_ms, call.by.name, call.why
    )
    return admin.DealtWith(count=sum(counts.values()), terminals=tuple(sorted(counts))[: admin.LIMIT_MAX])
