"""Commands from afar: which are obeyed, and the table of what became of them (wire contract, 2).

A command is on record before it has an effect (`CommandTaken`), and its first result is its only one (`CommandEnded`): the
same number again, however late and after whatever power cut, gets that result and is never run twice. The table holds at
most `KEPT_MAX`; those that expired an hour ago by a trusted clock are forgotten when another one comes, and all with their
records. What is forgotten cannot come back: up to which expiry anything was forgotten is kept, and an unknown command that
expires no later than that is refused as a copy, whatever the clock says.

What needs the time and comes before it is *held* (ADR 30): on the card, beside the journal, until the first trusted time
judges it as if it had come then. A held command has had no effect and is on no record yet.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, assert_never

import msgspec

from firmware.txn import drawer, life, lock, shift, update
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.selling import settling
from rules.barcodes import shown
from rules.drawer_rules import Opening
from wire.facts import (
    Carried,
    CommandBegun,
    CommandEnded,
    CommandTaken,
    DrawerRefused,
    Fact,
    NoSale,
    TerminalLocked,
    TerminalUnlocked,
)
from wire.fleet import (
    ON_TRIAL,
    Check,
    CommandName,
    Identify,
    Lock,
    OpenDrawer,
    Order,
    Reboot,
    Replay,
    Reply,
    Selftest,
    SendLog,
    Unlock,
    Update,
    command_name,
)

KEPT_MAX: Final = 200
LIFE_MS_MAX: Final = 7 * 24 * 3_600_000
"""A command that could be carried out for longer than this is none."""

FORGET_MS: Final = 3_600_000
"""For so long after its expiry a command's result is surely kept."""

SIGNS_MAX: Final = 64
"""Of what somebody wrote into a command, which is shown and printed here."""

REPLAY_RECORDS_MAX: Final = 5_000
PARTS_KEPT_MAX: Final = 3
"""Of so many commands the data of the reply is kept to be sent once more."""

NO_CLOCK, STALE, TWICE, NO_ORIGINAL, TOO_MANY = 1011, 1014, 1018, 4010, 6007
UNDER_WAY, NO_DRAWER, NOT_ALLOWED, COOLS = 5029, 8003, 2005, 8006

DANGEROUS: Final = (Reboot, Update, Lock, Unlock, OpenDrawer)
"""Commands that are not carried out by a clock nobody trusts."""

PARTS_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS remote_part(cid TEXT NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY(cid, part)) STRICT, WITHOUT ROWID"
)
"""Data of replies, beside the journal as the event log is: it rides in its commits and may be forgotten."""

HELD_MAX: Final = 32
"""So many commands wait for the time; what comes beyond is refused for want of it."""

HELD_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS remote_held(cid TEXT PRIMARY KEY, issued_ms INTEGER NOT NULL, body BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID"
)
"""Commands that wait for the time, beside the journal: the broker was told that they have come, so no cut may lose them."""

MARK: Final = "command_mark"

_ORDER: Final = msgspec.json.Decoder(Order)

State = Literal["open", "begun", "done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Known:
    """A command this terminal knows, and how it stands."""

    cid: str
    taken: int  # seq of its first fact
    seq: int  # of its last one
    at_ms: int  # of the last one
    name: CommandName
    expires_ms: int
    state: State
    about: str
    code: int
    reason: str
    checks: tuple[Check, ...]
    parts: int

    @property
    def is_open(self) -> bool:
        """Whether its result is still to come."""
        return self.state in ("open", "begun")

    def reply(self) -> Reply:
        """What the fleet is told, without data."""
        status = "accepted" if self.is_open else self.state
        assert status != "open"
        assert status != "begun"
        return Reply(
            self.cid, self.name, status, max(0, self.at_ms), self.code, self.reason[:200], self.checks,
            parts=max(1, self.parts),
        )  # fmt: skip


_COLUMNS: Final = "cid, taken, seq, at_ms, name, expires_ms, state, about, code, reason, checks, parts"


def known(books: Reading, cid: str) -> Known | None:
    """The command of this number; None: it has not come yet, or is forgotten."""
    rows = books.read(f"SELECT {_COLUMNS} FROM command WHERE cid = ?", cid)
    return _known(rows[0]) if rows else None


def open_commands(books: Reading) -> tuple[Known, ...]:
    """Those whose result is still to come, oldest first."""
    rows = books.read(f"SELECT {_COLUMNS} FROM command WHERE state IN ('open', 'begun') ORDER BY seq")
    return tuple(map(_known, rows))


def needs_time(ctx: Context, order: Order) -> bool:
    """Whether this command cannot be judged before the time is known: an old one might be new again."""
    return not ctx.now.trusted and isinstance(order.command, DANGEROUS)


def held(books: Reading) -> tuple[Order, ...]:
    """Commands that wait for the time, in the order in which they were given: of lock and unlock the later one stands."""
    rows = books.read("SELECT body FROM remote_held ORDER BY issued_ms, cid")
    return tuple(order for (body,) in rows if (order := _read(body)) is not None)


def unreadable_held(books: Reading) -> tuple[str, ...]:
    """Numbers of those that a later release held before it was left again, in words this one does not know."""
    rows = books.read("SELECT cid, body FROM remote_held ORDER BY cid")
    return tuple(str(cid) for cid, body in rows if _read(body) is None)


def _read(body: bytes) -> Order | None:
    try:
        return _ORDER.decode(body)
    except msgspec.MsgspecError:
        return None


def forgotten_ms(books: Reading) -> int:
    """No command that was forgotten expires later than this; 0: none was forgotten yet."""
    first, at_ms = next(iter(books.read("SELECT seq, at_ms FROM journal ORDER BY seq LIMIT 1")), (1, 0))
    pruned_ms = int(at_ms) + LIFE_MS_MAX if int(first) > 1 else 0
    return max(pruned_ms, int(life.value(books, MARK, "0")))


def told_since(books: Reading, after: int, limit: int) -> tuple[Known, ...]:
    """Commands whose last fact has a seq above `after`, oldest first: while the backend has not acknowledged that record,
    it may have got no reply either."""
    rows = books.read(f"SELECT {_COLUMNS} FROM command WHERE seq > ? ORDER BY seq DESC LIMIT ?", after, limit)
    return tuple(map(_known, reversed(rows)))


def data_of(books: Reading, cid: str) -> tuple[bytes, ...]:
    """The data of a command's reply, piece by piece; empty when it had none or it is forgotten."""
    rows = books.read("SELECT data FROM remote_part WHERE cid = ? ORDER BY part", cid)
    return tuple(bytes(row[0]) for row in rows)


def _known(row: tuple[Any, ...]) -> Known:
    *plain, checks, parts = row
    fields: list[Any] = [*plain, msgspec.json.decode(checks, type=tuple[Check, ...]), parts]
    return Known(*fields)


# --- taking one ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakeOrder:
    """A command that is signed by the fleet and meant for this terminal. `parts`: pieces of data its reply has."""

    order: Order
    parts: int = 0

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`CommandTaken` with what it does at once; a command that stands against the rules is taken and ended as refused,
        which is its result for good. Nothing is recorded of one that is known (1018), too late (1014), a copy of one that
        is forgotten (1018), or one too many (6007)."""
        order = self.order
        if known(ctx.books, order.cid) is not None:
            return Refusal(TWICE)
        if (code := too_late(ctx, order)) is not None:
            return Refusal(code)
        if int(ctx.books.read("SELECT count(*) FROM command")[0][0]) >= KEPT_MAX:
            return Refusal(TOO_MANY, f"{KEPT_MAX}")
        forget_ms = max(0, ctx.now.wall_ms - FORGET_MS) if ctx.now.trusted else 0
        name = command_name(order.command)
        by = shown(order.by, SIGNS_MAX)
        taken = CommandTaken(order.cid, name, order.expires_ms, by, _about(order), forget_ms)
        if needs_time(ctx, order):
            return Decision((taken, CommandEnded(order.cid, "refused", NO_CLOCK)))
        facts = self._facts(ctx)
        if isinstance(facts, Refusal):
            reason = facts.about if isinstance(facts.about, str) else ""
            ended = CommandEnded(order.cid, "refused", facts.code, reason)
            return Decision((taken, *facts.facts, ended))
        return Decision((taken, *facts))

    def _facts(self, ctx: Context) -> tuple[Fact, ...] | Refusal:
        """What the command does at once, and its end where that is all; or why it is not done."""
        cid, by, command = self.order.cid, shown(self.order.by, SIGNS_MAX), self.order.command
        done = CommandEnded(cid, "done", parts=self.parts)
        match command:
            case Identify():
                money = settling(ctx) or bool(ctx.session.basket.lines)
                return Refusal(UNDER_WAY) if money else (done,)
            case Replay():
                return _replay(ctx, command)
            case Selftest():
                return _alone(ctx, "selftest")
            case SendLog():
                return (done,)
            case Lock(reason):
                return (TerminalLocked(cid, shown(reason, SIGNS_MAX), by), done)
            case Unlock():
                return (TerminalUnlocked(cid, by), done)
            case Reboot():
                return _alone(ctx, "reboot")
            case Update(version, bundle, rollout):
                return _update(ctx, cid, version, command) or update.ordered(ctx, cid, version, bundle, rollout)
            case OpenDrawer(reason):
                return _open_drawer(ctx, shown(reason, SIGNS_MAX))
            case _:
                assert_never(command)


def too_late(ctx: Context, order: Order) -> int | None:
    """1014 for a command that has expired, by a clock that can tell, or could be carried out for ever; 1018 for one that
    expires no later than one that is forgotten: it may be that one."""
    lives_ms = order.expires_ms - order.issued_ms
    if not 0 < lives_ms <= LIFE_MS_MAX:
        return STALE
    if ctx.now.trusted and not ctx.now.wall_ms < order.expires_ms <= ctx.now.wall_ms + LIFE_MS_MAX:
        return STALE
    return TWICE if order.expires_ms <= forgotten_ms(ctx.books) else None


def _about(order: Order) -> str:
    match order.command:
        case Reboot(what):
            return what
        case Replay(_, first, last):
            return f"{first}-{last}"
        case Update(version):
            return version
        case _:
            return ""


def _alone(ctx: Context, name: CommandName) -> tuple[Fact, ...] | Refusal:
    """Nothing yet, unless one like it is under way (1018)."""
    return Refusal(TWICE) if any(each.name == name for each in open_commands(ctx.books)) else ()


def _replay(ctx: Context, command: Replay) -> tuple[Fact, ...] | Refusal:
    """4010 for records this journal does not hold, 6007 for too many at once."""
    newest = ctx.books.read("SELECT epoch, seq FROM journal ORDER BY seq DESC LIMIT 1")
    oldest = ctx.books.read("SELECT seq FROM journal ORDER BY seq LIMIT 1")
    epoch, last = (int(newest[0][0]), int(newest[0][1])) if newest else (0, 0)
    first = int(oldest[0][0]) if oldest else 0
    if command.epoch != epoch or not first <= command.first <= command.last <= last:
        return Refusal(NO_ORIGINAL, f"{first}-{last}")
    if command.last - command.first >= REPLAY_RECORDS_MAX:
        return Refusal(TOO_MANY, f"{REPLAY_RECORDS_MAX}")
    return _alone(ctx, "replay")


def _update(ctx: Context, cid: str, version: str, command: Update) -> Refusal | tuple[Fact, ...] | None:
    """What was wrong with this release before, which is not tried again; 1018 while another one is on trial; done already,
    and what waits to take its place is given up; None: go on. Records that are due do not matter."""
    runs = version == ctx.software
    if not runs and (known := update.faulty(ctx.books, command.bundle)) is not None:
        return Refusal(known.code, f"tried before: {known.reason}"[:200])
    pending = update.under_way(ctx.books)
    on_trial = pending is not None and pending.stage == "trying"
    if pending is not None and on_trial and not (runs and pending.version == version):
        return Refusal(TWICE, f"{pending.version} {ON_TRIAL}")
    done = CommandEnded(cid, "done", 0, "runs already")
    if runs:
        return (done,) if on_trial else (*update.given_up(ctx, version), done)
    return None


def _open_drawer(ctx: Context, reason: str) -> tuple[Fact, ...] | Refusal:
    """`NoSale` for the event `remote`, where the shop's rules open the drawer for it; nobody stands by it, so a rule that
    wants a supervisor, or a key, is a no. A refusal is on record like any other."""
    if ctx.settings.drawer.kind == "none":
        return Refusal(NO_DRAWER)
    found = drawer.judged(ctx, Opening("remote", (), 0, 0, None))
    code = NOT_ALLOWED if found.action != "open" else COOLS if drawer.cools_ms(ctx) else 0
    if code:
        return Refusal(code, "", (DrawerRefused("remote", ctx.session.operator, code, 0, found.rule),))
    running = shift.current(ctx.books)
    return (NoSale(running.batch if running else 0, ctx.session.operator, reason, "", "remote"),)


# --- ending one ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginCommand:
    """A command that waited for its moment is carried out now."""

    cid: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`CommandBegun`, or 1018 when it is not waiting."""
        found = known(ctx.books, self.cid)
        return Decision((CommandBegun(self.cid),)) if found and found.state == "open" else Refusal(TWICE)


@dataclass(frozen=True, slots=True)
class EndCommand:
    """What became of a command."""

    cid: str
    status: Literal["done", "failed"]
    code: int = 0
    reason: str = ""
    checks: tuple[Check, ...] = ()

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`CommandEnded`, or 1018 when it has its result already."""
        found = known(ctx.books, self.cid)
        if found is None or not found.is_open:
            return Refusal(TWICE)
        return Decision((CommandEnded(self.cid, self.status, self.code, self.reason, self.checks),))


# --- the table -------------------------------------------------------------------------------------------------------


def _taken(books: Books, fact: CommandTaken, entry: Entry) -> None:
    if fact.forget_ms > int(life.value(books, MARK, "0")):
        life.keep(books, MARK, str(fact.forget_ms))
        books.write(
            "DELETE FROM command WHERE expires_ms < ? AND state NOT IN ('open', 'begun')", fact.forget_ms
        )  # fmt: skip
    books.write(
        f"INSERT OR REPLACE INTO command({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 'open', ?, 0, '', '[]', 0)",
        fact.cid, entry.seq, entry.seq, entry.at_ms, fact.name, fact.expires_ms, fact.about,
    )  # fmt: skip


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    books.write("DELETE FROM command WHERE taken <= ?", fact.upto)


def _begun(books: Books, fact: CommandBegun, entry: Entry) -> None:
    books.write("UPDATE command SET state = 'begun', seq = ? WHERE cid = ?", entry.seq, fact.cid)


def _ended(books: Books, fact: CommandEnded, entry: Entry) -> None:
    books.write(
        "UPDATE command SET state = ?, seq = ?, at_ms = ?, code = ?, reason = ?, checks = ?, parts = ? WHERE cid = ?"
        " AND state IN ('open', 'begun')",
        fact.status, entry.seq, entry.at_ms, fact.code, fact.reason, msgspec.json.encode(fact.checks).decode(),
        fact.parts, fact.cid,
    )  # fmt: skip


SUBJECT = Subject(
    (
        "CREATE TABLE command(cid TEXT PRIMARY KEY, taken INTEGER NOT NULL, seq INTEGER NOT NULL,"
        " at_ms INTEGER NOT NULL, name TEXT NOT NULL,"
        " expires_ms INTEGER NOT NULL, state TEXT NOT NULL, about TEXT NOT NULL, code INTEGER NOT NULL,"
        " reason TEXT NOT NULL, checks TEXT NOT NULL, parts INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE INDEX command_taken ON command(taken)",
    ),
    {
        Carried: _carried, CommandTaken: _taken, CommandBegun: _begun, CommandEnded: _ended, TerminalLocked: lock.on_locked,
        TerminalUnlocked: lock.on_unlocked,
    },
    uses=("life",),
)  # fmt: skip
