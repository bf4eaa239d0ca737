"""Settings at the desk: layers written down, what they would change, and pushing them."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from fleet import admin
from fleet.admin import Call, Fault, LayerLook, PushLook, Refused, Registered, Reply
from fleet.desk import giving
from fleet.desk.layers import (
    Document,
    canonical,
    differences,
    faults,
    layers_of,
    masked,
    merged,
    own_layer,
    shared_by,
    whole,
)
from fleet.desk.link import hearing
from fleet.desk.sql_register import Meant
from fleet.desk.sql_settings import NOTHING_GIVEN, SettingsBooks
from fleet.store import Books

RENEWED_BEFORE_MS = 90 * 86_400_000
RENEWED_AT_ONCE_MAX = 200
FAULTS_MAX = 50
OF_THE_REGISTER = ("group", "shop", "tag")
"""What only the register says of a terminal."""
UNTOUCHED = "-" * 8
"""A terminal no name can be: stands for those a layer does not touch yet."""


class Wanted(NamedTuple):
    """What the layers say for one terminal: its document's address, and whether that differs in meaning from `before`, the
    address of what it is to have now ("" nothing). What it has refused is none: another release may take it by now."""

    terminal: str
    sha256: str
    before: str
    changed: bool


_Key = tuple[str, str, tuple[str, ...], str]
"""What decides which layers a terminal has: group, shop, tags, and its number if it has one of its own."""


class Sources:
    """The newest layers, read once each for as many terminals as are asked about; `instead` puts one in another's place."""

    def __init__(self, books: SettingsBooks, instead: Mapping[str, Document] | None = None) -> None:
        self._books = books
        self._instead = dict(instead or {})
        self._documents: dict[str, Document | None] = dict(self._instead)
        self._known: set[str] = set()  # terminals of which it is known whether they have a layer of their own
        self._own: set[str] = set()  # and those that have
        self._of: dict[_Key, tuple[Document, tuple[Fault, ...]]] = {}
        self._made: dict[tuple[str, ...], tuple[Document, tuple[Fault, ...]]] = {}  # by the layers that say something
        self._whole: dict[str, Document] = {}
        self._differ: dict[tuple[str, str], bool] = {}

    def know(self, rows: Collection[Registered]) -> None:
        """Read what these terminals need, in few statements."""
        fresh = {row.terminal for row in rows} - self._known
        own = self._books.own(fresh) | {terminal for terminal in fresh if own_layer(terminal) in self._instead}
        names = (shared_by(rows) | set(map(own_layer, own))) - self._documents.keys()
        newest = self._books.newest(names)
        self._documents |= dict.fromkeys(names)
        self._documents |= {name: self._books.document(look.sha256) for name, look in newest.items()}
        self._known |= fresh
        self._own |= own

    def parts(self, row: Registered) -> dict[str, Document]:
        """The layers of a terminal that say something, in their order."""
        found = ((name, self._documents.get(name)) for name in layers_of(row))
        return {name: doc for name, doc in found if doc is not None}

    def of(self, row: Registered) -> tuple[Document, tuple[Fault, ...]]:
        """A terminal's document and what is wrong with it; worked out once for all that have the same layers."""
        if row.terminal not in self._known:
            self.know((row,))
        own = row.terminal if row.terminal in self._own else ""
        key = (row.group, row.shop, row.tags, own)
        made = self._of.get(key)
        if made is None:
            parts = self.parts(row)
            if (names := tuple(parts)) not in self._made:
                self._made[names] = (merged(parts), faults(parts, row.terminal))
            made = self._of[key] = self._made[names]
        return made

    def meaning(self, sha256: str) -> Document:
        """A document kept under an address, with every default in it; {} for "". A document of a release before that would
        not be taken any more means what it says."""
        if sha256 not in self._whole:
            doc = self._books.document(sha256) if sha256 else {}
            self._whole[sha256] = whole(doc) if not faults({"": doc}) else doc
        return self._whole[sha256]

    def differ(self, sha256: str, other: str) -> bool:
        """Whether two documents mean different things; compared once for all terminals that have these two."""
        if (sha256, other) not in self._differ:
            self._differ[sha256, other] = sha256 != other and self.meaning(sha256) != self.meaning(other)
        return self._differ[sha256, other]


def wanted(books: Books, rows: list[Registered], at_ms: int | None = None) -> tuple[list[Wanted], tuple[Fault, ...]]:
    """What the layers say for these terminals; documents are kept. With faults nothing should be done with it, and who has
    them is left out. `at_ms`: by the layers as they stood then, and as they are now where there were none."""
    settings = books.fleet.settings
    stood = settings.stood({name for row in rows for name in layers_of(row)}, at_ms) if at_ms is not None else {}
    sources = Sources(settings, {name: settings.document(look.sha256) for name, look in stood.items()})
    sources.know(rows)
    have = settings.given(row.terminal for row in rows)
    found: list[Wanted] = []
    wrong: list[Fault] = []
    kept: dict[int, str] = {}
    for row in rows:
        doc, bad = sources.of(row)
        if bad:
            wrong += [fault for fault in bad if fault not in wrong]
            continue
        sha256 = kept.get(id(doc)) or kept.setdefault(id(doc), books.fleet.settings.keep(doc))
        before, refused = have.get(row.terminal, NOTHING_GIVEN)
        changed = not before or refused or sources.differ(sha256, before)
        found.append(Wanted(row.terminal, sha256, before, changed))
    return found, tuple(wrong[:FAULTS_MAX])


def meant(books: Books, where: admin.Where, now_ms: int) -> Meant | Refused:
    """Register's entries of all who are meant; a terminal nobody entered has only the fleet's layer and its own."""
    found = books.fleet.register.meant(where, hearing(books, now_ms))
    missing = tuple(sorted(set(where.terminals) - {row.terminal for row in found.rows})) if where.terminals else ()
    if missing:
        return Refused(reason="unknown_terminal", terminals=missing[:100])
    return found


# --- layers -----------------------------------------------------------------------------------------------------------


def put_layer(books: Books, call: Call, request: admin.PutLayer, now_ms: int) -> Reply:
    """Write a layer anew, when every terminal it touches can live with it."""
    settings = books.fleet.settings
    if not isinstance(request.document, dict):
        return Refused(reason="faults", faults=(Fault(path="$", reason="table", layer=request.layer),))
    before = settings.version(request.layer, 0)
    if request.parent is not None and request.parent != (before.sha256 if before else ""):
        return Refused(reason="moved_on", detail=before.sha256 if before else "")
    touched, reach = _touched(books, request.layer)
    wrong = _tried(settings, request, touched)
    if wrong:
        return Refused(reason="faults", faults=wrong)
    old = settings.document(before.sha256) if before else {}
    changes = differences(old, request.document)
    number = before.number + 1 if before else 1
    parent = before.sha256 if before else ""
    sha256 = settings.keep(request.document)
    version = LayerLook(
        layer=request.layer, number=number, sha256=sha256, parent=parent, who=call.by.name, why=call.why, at_ms=now_ms
    )
    if before is not None and sha256 == before.sha256:
        return admin.LayerPut(version=before, terminals=len(touched), stored=False, reach=reach)
    if not request.check:
        settings.add_version(version)
    return admin.LayerPut(
        version=version, terminals=len(touched), changes=changes, stored=not request.check, reach=reach
    )  # fmt: skip


def _touched(books: Books, layer: str) -> tuple[list[Registered], admin.Reach]:
    """All whose settings a layer is part of."""
    kind, _, name = layer.partition(":")
    entered = books.fleet.register.with_layer(layer)
    others = books.fleet.register.unregistered((name,) if kind == "terminal" else ())
    if kind in OF_THE_REGISTER:
        return entered, admin.Reach(registered=len(entered), left_out=len(others))
    rows = [*entered, *(Registered(terminal=terminal) for terminal in others)]
    return rows, admin.Reach(registered=len(entered), unregistered=len(others))


def _reach(books: Books, where: admin.Where, found: Meant) -> admin.Reach:
    """Whom a choice of terminals means."""
    by_register = not where.terminals and bool(where.shop or where.group or where.tags)
    left_out = len(books.fleet.register.unregistered()) if by_register else 0
    return admin.Reach(registered=found.entered, unregistered=len(found.rows) - found.entered, left_out=left_out)


def _tried(settings: SettingsBooks, request: admin.PutLayer, touched: list[Registered]) -> tuple[Fault, ...]:
    """What would be wrong with the documents of all who are touched, each fault once; with nobody touched, over the
    fleet's."""
    sources = Sources(settings, {request.layer: request.document})
    rows = touched or [_stand_in(request.layer)]
    sources.know(rows)
    found: dict[tuple[str, str, str], Fault] = {}
    for row in rows:
        for fault in sources.of(row)[1]:
            found.setdefault((fault.path, fault.reason, fault.layer), fault)
        if len(found) >= FAULTS_MAX:
            break
    return tuple(found.values())[:FAULTS_MAX]


def _stand_in(layer: str) -> Registered:
    kind, _, name = layer.partition(":")
    match kind:
        case "group":
            return Registered(terminal=UNTOUCHED, group=name)
        case "shop":
            return Registered(terminal=UNTOUCHED, shop=name)
        case "tag":
            return Registered(terminal=UNTOUCHED, tags=(name,))
        case "terminal":
            return Registered(terminal=name)
        case _:
            return Registered(terminal=UNTOUCHED)


def get_layer(books: Books, request: admin.GetLayer) -> Reply:
    """One version of a layer."""
    version = books.fleet.settings.version(request.layer, request.number)
    if version is None:
        return Refused(reason="unknown_version" if request.number else "unknown_layer", detail=request.layer)
    doc = books.fleet.settings.document(version.sha256)
    return admin.LayerGot(version=version, document=doc if request.secrets else masked(doc))


def diff_layer(books: Books, request: admin.DiffLayer) -> Reply:
    """Between two versions of a layer."""
    settings = books.fleet.settings
    docs: list[Document] = []
    for number, is_newest in ((request.before, False), (request.after, True)):
        version = settings.version(request.layer, number) if number or is_newest else None
        if version is None and (number or is_newest):
            return Refused(reason="unknown_version" if number else "unknown_layer", detail=request.layer)
        docs.append(settings.document(version.sha256) if version else {})
    return admin.Differences(changes=differences(*docs))


# --- pushing ----------------------------------------------------------------------------------------------------------


def dry_run(books: Books, request: admin.DryRun, now_ms: int) -> Reply:
    """What a push would change at whom. Reads only, so documents are not kept here."""
    meant_ = meant(books, request.where, now_ms)
    if isinstance(meant_, Refused):
        return meant_
    rows = meant_.rows
    sources = Sources(books.fleet.settings)
    sources.know(rows)
    have = books.fleet.settings.given(row.terminal for row in rows)
    groups: dict[bytes, tuple[list[str], tuple[admin.PathChange, ...]]] = {}
    compared: dict[tuple[int, str], tuple[admin.PathChange, ...]] = {}  # many terminals have the same two documents
    unchanged = first = 0
    wrong: list[Fault] = []
    for row in rows:
        doc, bad = sources.of(row)
        if bad:
            wrong += [fault for fault in bad if fault not in wrong]
            continue
        before, refused = have.get(row.terminal, NOTHING_GIVEN)
        first += not before
        key = (id(doc), before)
        if key not in compared:
            compared[key] = differences(sources.meaning(before), whole(doc))
        changes = compared[key]
        if before and not refused and not changes:
            unchanged += 1
            continue
        groups.setdefault(canonical(changes), ([], changes))[0].append(row.terminal)
    return admin.DryRunDone(
        groups=tuple(admin.SameChange(terminals=tuple(who), changes=what) for who, what in groups.values()),
        unchanged=unchanged, first=first, faults=tuple(wrong[:FAULTS_MAX]),
        held=books.fleet.register.held(row.terminal for row in rows), reach=_reach(books, request.where, meant_),
    )  # fmt: skip


def taken(held: Mapping[str, int]) -> Refused:
    """Open roll-outs hold some of the terminals that are meant: which, and whom. `held`: terminal -> roll-out."""
    numbers = ", ".join(map(str, sorted(set(held.values()))))
    return Refused(reason="in_rollout", detail=numbers, terminals=tuple(sorted(held))[:100])


def push(books: Books, call: Call, request: admin.Push, now_ms: int) -> Reply:
    """Give terminals what their layers say."""
    meant_ = meant(books, request.where, now_ms)
    if isinstance(meant_, Refused):
        return meant_
    rows = meant_.rows
    if not rows:
        return Refused(reason="nobody")
    held = books.fleet.register.held(row.terminal for row in rows)
    if held:
        return taken(held)
    found, wrong = wanted(books, rows)
    if wrong:
        return Refused(reason="faults", faults=wrong)
    changed = {each.terminal: (each.sha256, each.before) for each in found if each.changed}
    look = PushLook(rev=0, at_ms=now_ms, who=call.by.name, why=call.why, kind="push", terminals=len(changed))
    rev = giving.begin(books, changed, look)
    reach = _reach(books, request.where, meant_)
    return admin.Pushed(rev=rev, terminals=len(changed), unchanged=len(found) - len(changed), reach=reach)


def give(books: Books, to: dict[str, tuple[str, str]], push_: PushLook) -> int:
    """Make documents the desired ones of terminals under a new revision, due to be published; 0 when there is nobody. All
    of it at once: whoever asks goes on with their rows. `to`: as `giving.begin`."""
    rev = giving.begin(books, to, push_)
    giving.finish(books.fleet.settings)
    return rev


def renew(books: Books, now_ms: int) -> None:
    """Sign documents anew that would soon be too old to be taken: under a new revision, for the same text under the same
    revision must never have two signatures. What a roll-out holds waits for its end."""
    old = books.fleet.settings.expiring(now_ms + RENEWED_BEFORE_MS, RENEWED_AT_ONCE_MAX)
    to = {row.terminal: (row.sha256, row.sha256) for row in old}
    give(books, to, PushLook(rev=0, at_ms=now_ms, who="", why="renewed", kind="push", terminals=len(to)))
