"""A one-use code for a supervisor who is away, made at the desk: what is said over the telephone (domain 12)."""

from fleet import admin
from fleet.admin import Refused, Reply
from fleet.desk.layers import Document
from fleet.desk.link import hearing
from fleet.desk.settings import Sources
from fleet.store import Books
from rules import one_use
from rules.rights import Right, right_refusal, role_of


def make(books: Books, request: admin.MakeCode, now_ms: int) -> Reply:
    """The code of this moment, by the settings the terminal was given last. `unknown_terminal`: nobody knows it;
    `no_settings`: it was never given any; `no_codes`: they hold no secret; `no_supervisor`: the number is not listed there,
    has left, or approves nothing."""
    terminal, settings = request.terminal, books.fleet.settings
    given = settings.desired_of((terminal,)).get(terminal)
    if given is None:
        where = admin.Where(terminals=(terminal,), retired=True)
        if books.fleet.register.select(where, hearing(books, now_ms)):
            return Refused(reason="no_settings", detail=terminal)
        return Refused(reason="unknown_terminal", terminals=(terminal,))
    doc = Sources(settings).meaning(given.sha256)
    secret = str(doc["terminal"]["code_secret"])
    if not secret:
        return Refused(reason="no_codes", detail=terminal)
    if not _approves(doc, request.supervisor):
        return Refused(reason="no_supervisor", detail=request.supervisor)
    step = one_use.step_at(now_ms)
    code = one_use.code_at(one_use.key_of(secret, terminal, request.supervisor), step)
    return admin.CodeMade(code=code, until_ms=one_use.valid_until_ms(step))


def _approves(doc: Document, number: str) -> bool:
    listed = any(each["number"] == number and each["active"] for each in doc["operators"])
    return listed and right_refusal(role_of(number), Right.OVERRIDE, doc["rights"]) is None
