"""The drawer as an audited device: what may open it, openings by hand, and what happened to it in a shift (domain 11.4).

Selling, giving back, cash moves and shifts ask `opening` and put the answer into their own fact; the drawer desk pulses
once that fact is committed. Nothing here opens anything.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from firmware.txn import shift
from firmware.txn.approve import authority
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.slips.sheet import LOCAL
from firmware.view import Text, text
from rules.drawer_rules import NEEDS_AUTHORISATION, Moment, Opening, Verdict, verdict
from rules.errors import first_refusal
from rules.rights import NEEDS_SUPERVISOR, NOT_ALLOWED, Right, Role, grant
from rules.settings_counter import DrawerAction, DrawerEvent, TenderKind
from wire import facts as wire_facts
from wire.facts import (
    Carried,
    CashMoved,
    DrawerMoved,
    DrawerPulsed,
    DrawerRefused,
    DrawerReleased,
    Fact,
    LeftOpen,
    NoSale,
    Refund,
    RefundTurned,
    Sale,
    ShiftClosed,
    ShiftOpened,
)  # fmt: skip

ByHand = Literal["no_sale", "exchange", "count", "test", "resume"]
REASONS = ("change", "check", "lend", "correct", "other")
"""Why a drawer is opened without a sale; texts `drawer__reason_…`."""

COUNTED = ("no_sale", "exchange")
"""Openings that the limit per shift is about (8005)."""

LOG_ROWS_MAX = 200
LEFT_OPEN_MAX = 20
"""A slip names so many times the drawer was left open; the longest of all is in the drawer's log."""

NO_DRAWER, NO_SHIFT, TOO_MANY, TOO_SOON = 8003, 2014, 8005, 8006

Opener = Sale | Refund | RefundTurned | CashMoved | ShiftOpened | ShiftClosed
OPENERS = ("sale", "refund", "refund_turned", "cash_moved", "shift_opened", "shift_closed")
"""Kinds of facts that may open the drawer by themselves."""


# --- what may open it -----------------------------------------------------------------------------------------


def opening(
    ctx: Context, event: DrawerEvent, tenders: tuple[TenderKind, ...] = (), cash_fen: int = 0, change_fen: int = 0
) -> DrawerAction:
    """What the rules say of this opening for who is there: `open` at once, `ask` for a key, `supervisor`, or `deny`.

    `tenders`: kinds that have a part in it; `cash_fen`: its cash part. A supervisor who asks, or stands by, is enough for
    `supervisor`. Never a reason to refuse what the drawer is to be opened for."""
    return judged(ctx, Opening(event, tenders, cash_fen, change_fen, authority(ctx))).action


def judged(ctx: Context, wanted: Opening) -> Verdict:
    """`opening` with the row of the rules that decided."""
    if ctx.settings.drawer.kind == "none":
        return Verdict("deny")
    found = verdict(ctx.settings.drawer_use, wanted, moment(ctx))
    if found.action == "supervisor" and wanted.role == Role.SUPERVISOR:
        return Verdict("open", found.rule, found.reason_required, found.code)
    return found


def moment(ctx: Context) -> Moment:
    """Now, in the shop's time."""
    local = datetime.fromtimestamp(ctx.now.wall_ms / 1000, UTC).astimezone(LOCAL)
    return Moment(local.isoweekday(), local.hour * 60 + local.minute, ctx.now.trusted)


def described(fact: Opener, role: Role | str | None) -> Opening:
    """What a fact wants the drawer for."""
    match fact:
        case Sale():
            cash = [part for part in fact.tenders if part.kind == "cash"]
            kinds = tuple(dict.fromkeys(part.kind for part in fact.tenders))
            given = sum(part.paid_fen - part.change_fen for part in cash)
            return Opening("sale", kinds, given, sum(part.change_fen for part in cash), role)
        case Refund():
            kinds = tuple(dict.fromkeys(part.kind for part in fact.tenders))
            return Opening("refund", kinds, sum(part.paid_fen for part in fact.tenders if part.kind == "cash"), 0, role)
        case RefundTurned():
            return Opening("refund", ("cash",), fact.amount_fen, 0, role)
        case CashMoved():
            return Opening("cash_in" if fact.way == "in" else "cash_out", ("cash",), fact.amount_fen, 0, role)
        case ShiftOpened():
            return Opening("shift_open", ("cash",), fact.float_fen, 0, role)
        case ShiftClosed():
            return Opening("shift_close", ("cash",), fact.counted_fen, 0, role)


def newest(books: Reading) -> tuple[int, Opener] | None:
    """The last fact that could open the drawer by itself, with its seq."""
    rows = books.read(
        f"SELECT seq, kind, version, body FROM journal WHERE kind IN ({', '.join('?' * len(OPENERS))})"
        " ORDER BY seq DESC LIMIT 1",
        *OPENERS,
    )
    if not rows:
        return None
    seq, kind, version, body = rows[0]
    fact = wire_facts.decode(str(kind), int(version), bytes(body))
    assert isinstance(fact, Opener)
    return int(seq), fact


def releasable(ctx: Context, cause: int) -> DrawerAction | None:
    """Whether a key may open the drawer for the fact `cause`: the rule asks for one, or the pulse before did not open it.
    Only for the newest such fact, so that an old sale opens nothing. None: there is nothing to press."""
    found = newest(ctx.books)
    if found is None or found[0] != cause or not ctx.session.operator:
        return None
    fact = found[1]
    wanted = described(fact, authority(ctx))
    if isinstance(fact, Refund | ShiftOpened) and not wanted.cash_fen:
        return None  # there is nothing to put in or take out
    pressed = bool(ctx.books.read("SELECT 1 FROM opening WHERE cause = ? AND event = 'released'", cause))
    if fact.open_drawer or pressed:
        return "ask" if ctx.devices.drawer_code and ctx.settings.drawer.kind != "none" else None
    action = judged(ctx, wanted).action
    return "ask" if action == "open" else action if action != "deny" else None


def resumable(books: Reading) -> int:
    """Seq of the fact whose opening a power cut may have swallowed; 0: none (decisions 20)."""
    found = newest(books)
    if found is None or not found[1].open_drawer:
        return 0
    seq = found[0]
    pulsed = books.read("SELECT 1 FROM journal WHERE seq > ? AND kind = 'drawer_pulsed' LIMIT 1", seq)
    booted = books.read("SELECT 1 FROM journal WHERE seq > ? AND kind = 'booted' LIMIT 1", seq)
    return seq if booted and not pulsed else 0


# --- openings by hand -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenDrawer:
    """Open the drawer without a sale: for change, to look, to count it, to test it, or after a power cut."""

    event: ByHand
    reason: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`NoSale`, or 2001, 2014, 2005; 8004, 8007 (a supervisor lifts them), 8005; 8003, 8006. A refusal is recorded."""
        if refusal := self._not_allowed(ctx):
            return refusal
        open_shift = shift.current(ctx.books)
        batch = open_shift.batch if open_shift else 0
        found = judged(ctx, Opening(self.event, (), 0, 0, authority(ctx)))
        code = first_refusal((
            _why_not(ctx, found),
            NEEDS_AUTHORISATION if found.reason_required and not self.reason else None,
            NEEDS_AUTHORISATION if self.event == "resume" and not resumable(ctx.books) else None,
            self._too_many(ctx),
            TOO_SOON if cools_ms(ctx) else None,
        ))  # fmt: skip
        if code is None:
            return Decision((NoSale(batch, ctx.session.operator, self.reason, ctx.approver, self.event),))
        fact = DrawerRefused(self.event, ctx.session.operator, code, 0, found.rule)
        return Refusal(code, _cooling(ctx) if code == TOO_SOON else "", (fact,))

    def _not_allowed(self, ctx: Context) -> Refusal | None:
        """2001, 2014, 8003, and the right where it is not the rule's alone."""
        no_shift = NO_SHIFT if self.event != "test" and shift.current(ctx.books) is None else None
        right = (
            Right.DRAWER_NO_SALE if self.event in COUNTED else Right.PIN_OWN
        )  # who is signed on; the rule says the rest
        if refusal := lacking(ctx, right, no_shift):
            return refusal
        return Refusal(NO_DRAWER) if ctx.settings.drawer.kind == "none" else None

    def _too_many(self, ctx: Context) -> int | None:
        """The limit per shift of who has one (8005)."""
        limited = grant(authority(ctx), Right.DRAWER_NO_SALE, ctx.settings.rights) != "yes"
        if self.event not in COUNTED or not limited:
            return None
        return TOO_MANY if by_hand(ctx.books) >= ctx.settings.drawer_use.no_sale_per_shift else None


@dataclass(frozen=True, slots=True)
class ReleaseDrawer:
    """The key on a result screen: open the drawer for the fact `cause` after all."""

    cause: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`DrawerReleased`, or 2001, 8004 when there is nothing to open it for, 2006, 8007, 8006."""
        if refusal := lacking(ctx, Right.PIN_OWN):
            return refusal
        action = releasable(ctx, self.cause)
        found = newest(ctx.books)
        if action is None or found is None:
            return Refusal(NEEDS_AUTHORISATION)
        if action == "supervisor" or cools_ms(ctx):
            ruled = judged(ctx, described(found[1], authority(ctx)))
            outside = ruled.code if ruled.code != NEEDS_AUTHORISATION else 0
            code = (outside or NEEDS_SUPERVISOR) if action == "supervisor" else TOO_SOON
            fact = DrawerRefused(kind_of(found[1]), ctx.session.operator, code, 0, ruled.rule)
            return Refusal(code, _cooling(ctx) if code == TOO_SOON else "", (fact,))
        return Decision((DrawerReleased(self.cause, ctx.session.operator, ctx.approver),))


def _why_not(ctx: Context, found: Verdict) -> int | None:
    """The rule's own no: 2005 where it denies, 8004 or 8007 where it wants a supervisor."""
    if found.action == "deny":
        return NOT_ALLOWED
    return found.code if found.action == "supervisor" else None


def cools_ms(ctx: Context) -> int:
    """How long the coil must rest yet."""
    return max(0, ctx.devices.drawer_ready_ms - ctx.now.monotonic_ms)


def _cooling(ctx: Context) -> Text:
    """How long yet, in seconds."""
    return text("drawer__wait", seconds=-(-cools_ms(ctx) // 1000))


def by_hand(books: Reading) -> int:
    """Openings of the running shift that count towards its limit."""
    rows = books.read("SELECT event, times FROM drawer_count WHERE batch = ? ORDER BY event", _now(books))
    return sum(int(times) for event, times in rows if event in COUNTED)


# --- what happened to it -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Logged:
    """One opening by hand, refusal or forced opening. `outcome`: of the pulse, "" while unknown."""

    seq: int
    at_ms: int
    event: str
    operator: str
    approver: str
    reason: str
    code: int
    outcome: str


@dataclass(frozen=True, slots=True)
class DrawerLog:
    """A shift's openings: by event, and what went wrong. `entries` are all but those of sales and shifts, newest first."""

    openings: dict[str, int]
    refused: int
    failed: int
    forced: int
    open_ms: int
    longest_ms: int
    entries: tuple[Logged, ...]

    @property
    def total(self) -> int:
        """Every opening that was asked for."""
        return sum(self.openings.values())


def drawer_log(books: Reading, batch: int, rows_max: int = LOG_ROWS_MAX) -> DrawerLog:
    """What the drawer was opened for in the shift `batch`; costs no more for a long shift than for a short one."""
    counts = {
        str(event): (int(times), int(open_ms), int(longest_ms))
        for event, times, open_ms, longest_ms in books.read(
            "SELECT event, times, open_ms, longest_ms FROM drawer_count WHERE batch = ? ORDER BY event", batch
        )
    }
    entries = books.read(
        "SELECT o.seq, j.at_ms, o.event, o.operator, o.approver, o.reason, o.code, o.outcome FROM opening o"
        " JOIN journal j ON j.seq = o.seq WHERE o.batch = ? ORDER BY o.seq DESC LIMIT ?",
        batch, rows_max,
    )  # fmt: skip
    none = (0, 0, 0)
    stood = counts.get("stood_open", none)
    openings = {event: count[0] for event, count in counts.items() if event not in _TROUBLES}
    return DrawerLog(
        openings, counts.get("refused", none)[0], counts.get("failed", none)[0], counts.get("forced", none)[0],
        stood[1], stood[2], tuple(Logged(*row) for row in entries),
    )  # fmt: skip


def left_open(books: Reading, batch: int) -> tuple[LeftOpen, ...]:
    """When in the shift `batch` the drawer stood open for too long, the newest `LEFT_OPEN_MAX` in order."""
    rows = books.read(
        "SELECT at_ms, open_ms FROM left_open WHERE batch = ? ORDER BY seq DESC LIMIT ?", batch, LEFT_OPEN_MAX
    )
    return tuple(LeftOpen(int(at_ms), int(open_ms)) for at_ms, open_ms in reversed(rows))


_TROUBLES = ("refused", "failed", "forced", "stood_open")


def kind_of(fact: Fact) -> DrawerEvent:
    """The event of an opener."""
    assert isinstance(fact, Opener)
    return described(fact, None).event


def _count(books: Books, batch: int, event: str, open_ms: int = 0) -> None:
    books.write(
        "INSERT INTO drawer_count VALUES (?, ?, 1, ?, ?) ON CONFLICT(batch, event) DO UPDATE SET times = times + 1,"
        " open_ms = open_ms + excluded.open_ms, longest_ms = max(longest_ms, excluded.longest_ms)",
        batch, event, open_ms, open_ms,
    )  # fmt: skip


def _log(books: Books, seq: int, batch: int, event: str, operator: str, *more: str | int) -> None:
    approver, reason, code, cause = more
    books.write(
        "INSERT INTO opening VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')",
        seq, batch, event, operator, approver, reason, code, cause,
    )  # fmt: skip


def _now(books: Reading) -> int:
    """The batch of the open shift; 0 between shifts."""
    rows = books.read("SELECT batch FROM shift WHERE open = 1")
    return int(rows[0][0]) if rows else 0


def _opener(books: Books, fact: Opener, entry: Entry) -> None:
    if fact.open_drawer:
        _count(books, fact.batch, kind_of(fact))


def _by_hand(books: Books, fact: NoSale, entry: Entry) -> None:
    _count(books, fact.batch, fact.event)
    _log(books, entry.seq, fact.batch, fact.event, fact.operator, fact.approver, fact.reason, 0, 0)


def _released(books: Books, fact: DrawerReleased, entry: Entry) -> None:
    batch = _now(books)
    _count(books, batch, "released")
    _log(books, entry.seq, batch, "released", fact.operator, fact.approver, "", 0, fact.cause)


def _refused(books: Books, fact: DrawerRefused, entry: Entry) -> None:
    batch = _now(books)
    _count(books, batch, "refused")
    _log(books, entry.seq, batch, fact.event, fact.operator, "", "", fact.code, 0)


def _pulsed(books: Books, fact: DrawerPulsed, entry: Entry) -> None:
    if fact.outcome not in ("opened", "no_sensor"):
        _count(books, _now(books), "failed")
    books.write("UPDATE opening SET outcome = ? WHERE seq = ?", fact.outcome, fact.cause)


def _moved(books: Books, fact: DrawerMoved, entry: Entry) -> None:
    if fact.forced:
        _count(books, _now(books), "forced")
        _log(books, entry.seq, _now(books), "forced", "", "", "", 0, 0)
    elif not fact.open and fact.open_ms:
        _count(books, _now(books), "stood_open", fact.open_ms)
    if fact.too_long:
        books.write("INSERT INTO left_open VALUES (?, ?, ?, ?)", entry.seq, _now(books), entry.at_ms, fact.open_ms)


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    """Shifts that began in the pruned prefix keep no log; the open shift never begins there."""
    books.write("DELETE FROM opening WHERE seq <= ?", fact.upto)
    books.write("DELETE FROM left_open WHERE seq <= ?", fact.upto)
    books.write("DELETE FROM drawer_count WHERE batch IN (SELECT batch FROM shift WHERE opened_seq <= ?)", fact.upto)
    books.write("DELETE FROM drawer_count WHERE batch = 0")


SUBJECT = Subject(
    (
        "CREATE TABLE opening(seq INTEGER PRIMARY KEY, batch INTEGER NOT NULL, event TEXT NOT NULL, operator TEXT NOT NULL,"
        " approver TEXT NOT NULL, reason TEXT NOT NULL, code INTEGER NOT NULL, cause INTEGER NOT NULL,"
        " outcome TEXT NOT NULL) STRICT",
        "CREATE TABLE drawer_count(batch INTEGER NOT NULL, event TEXT NOT NULL, times INTEGER NOT NULL,"
        " open_ms INTEGER NOT NULL, longest_ms INTEGER NOT NULL, PRIMARY KEY(batch, event)) STRICT, WITHOUT ROWID",
        "CREATE TABLE left_open(seq INTEGER PRIMARY KEY, batch INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
        " open_ms INTEGER NOT NULL) STRICT",
    ),
    {
        Carried: _carried, Sale: _opener, Refund: _opener, RefundTurned: _opener, CashMoved: _opener,
        ShiftOpened: _opener, ShiftClosed: _opener, NoSale: _by_hand, DrawerReleased: _released,
        DrawerRefused: _refused, DrawerPulsed: _pulsed, DrawerMoved: _moved,
    },
    uses=("shift",),
    version=2,  # 2: the drawer left open
)  # fmt: skip
