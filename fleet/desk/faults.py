"""What a person has dealt with of what was put aside."""

from fleet import admin
from fleet.admin import Call, Refused, Reply
from fleet.store import Books


def deal_with(books: Books, call: Call, request: admin.DealWith, now_ms: int) -> Reply:
    """Enter who has dealt with it, when, and the note; nothing when one of the ids is none, or of more than one thing."""
    if not request.ids and not request.upto_ms:
        return Refused(reason="bad_request")
    whole: set[str] = set()
    for start in request.ids:
        found = books.fleet.faults.ids(start)
        if len(found) != 1:
            return Refused(reason="ambiguous" if found else "unknown_aside", detail=start)
        whole |= found
    ids = whole if request.ids else None
    count = books.fleet.faults.deal_with(ids, request.terminal, request.upto_ms, now_ms, call.by.name, call.why)
    return admin.Done(count=count)
