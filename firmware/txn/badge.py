"""Badges: issued on a slip that is made once, revoked, and what a scanned one is worth (domain 12).

The journal says who has a badge by whom, never which. The text goes from chance to the printer's effect and is forgotten;
its hash stands beside those of the PINs, under a name no operator number can be.
"""

from dataclasses import dataclass, field

from firmware.events import Print
from firmware.txn import operator
from firmware.txn.books import Entry, Reading
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.slips.badge import badge_slip
from firmware.txn.slips.sheet import Sheet
from firmware.txn.staff import not_in_care
from rules import badges
from rules.badges import Badge
from rules.rights import Right
from wire.facts import BadgeIssued, BadgeRevoked
from wire.messages import PrinterLook

NO_BADGE = (b"", b"")
FACTORY_PIN, WRONG = 2013, 2002

PRINTER_TROUBLE: dict[PrinterLook, int] = {
    "paper_out": 4001, "cover_open": 4003, "offline": 4005, "none": 4005, "fault": 4013,
}  # fmt: skip
"""Why no badge can be printed now: it is printed at once or not at all."""


def kept(books: Reading, number: str) -> bytes | None:
    """Hash of the operator's badge; None: they have none."""
    rows = books.read("SELECT hash FROM secret WHERE operator = ?", _name(number))
    return bytes(rows[0][0]) if rows and rows[0][0] else None


def genuine(books: Reading, text: str) -> Badge | None:
    """The badge of a scan, when it is the one its operator has now."""
    badge = badges.read_badge(text)
    own = kept(books, badge.operator) if badge else None
    return badge if badge and own and badges.is_genuine(badge, own) else None


def is_badge(books: Reading, job: int) -> bool:
    """Whether the print job is a badge's, which the journal cannot make again."""
    return bool(books.read("SELECT 1 FROM journal WHERE seq = ? AND kind = ?", job, BadgeIssued.KIND))


@dataclass(frozen=True, slots=True)
class ReadBadge:
    """A badge was scanned instead of typing one's number; the PIN is asked all the same."""

    text: str = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """Nothing to record; 2002 for a badge that is old, revoked, damaged or of another terminal."""
        return Decision() if genuine(ctx.books, self.text) else Refusal(WRONG)


@dataclass(frozen=True, slots=True)
class IssueBadge:
    """A new badge for oneself (the PIN has been checked) or for somebody one looks after; the one before is revoked."""

    number: str
    text: str = field(repr=False)  # `badges.badge_text` of fresh random bytes

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BadgeIssued` with the hash beside the journal, or 2001, 2005, 2002, 2013; 4001, 4003, 4005, 4007,
        4013."""
        if refused := _not_theirs(ctx, self.number):
            return refused
        if operator.must_change_pin(ctx.books, self.number):
            return Refusal(FACTORY_PIN, self.number)
        low = 4007 if ctx.devices.starved(ctx.settings.printer.battery_min) else 0
        if code := PRINTER_TROUBLE.get(ctx.devices.look(ctx.devices.slip_printer), low):
            return Refusal(code)
        badge = badges.read_badge(self.text)
        assert badge is not None
        assert badge.operator == self.number
        fact = BadgeIssued(self.number, ctx.session.operator)
        return Decision((fact,), secrets=((_name(self.number), b"", badges.badge_hash(badge)),))


def _not_theirs(ctx: Context, number: str) -> Refusal | None:
    """Why a badge of `number` is none of the operator's business: it is neither theirs nor of somebody they look after."""
    own = number == ctx.session.operator and number != ""
    return lacking(ctx, Right.PIN_OWN) if own else not_in_care(ctx, number)


@dataclass(frozen=True, slots=True)
class PrintBadge:
    """Print the badge just issued by the fact `issued`: once, never from the journal, never again."""

    issued: int
    text: str = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The slip on its way, or 2001, 2002 when it is no longer the one in force, 2005 as `IssueBadge`."""
        if not ctx.session.operator:
            return Refusal(2001)
        badge = genuine(ctx.books, self.text)
        if badge is None:
            return Refusal(WRONG)
        if refused := _not_theirs(ctx, badge.operator):
            return refused
        sheet = Sheet(ctx.terminal, ctx.settings, ctx.books, ctx.now.trusted, ctx.training)
        fact = BadgeIssued(badge.operator, ctx.session.operator)
        receipt = badge_slip(sheet, fact, Entry(self.issued, ctx.now.wall_ms, fact), self.text)
        return Decision(effects=(Print(self.issued, self.issued, receipt, ctx.devices.slip_printer),))


@dataclass(frozen=True, slots=True)
class RevokeBadge:
    """A badge was lost, or its owner has left."""

    number: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BadgeRevoked`, nothing when they have none; or 2001, 2005, 2002."""
        if refused := not_in_care(ctx, self.number):
            return refused
        if kept(ctx.books, self.number) is None:
            return Decision()
        fact = BadgeRevoked(self.number, ctx.session.operator)
        return Decision((fact,), secrets=((_name(self.number), *NO_BADGE),))


def _name(number: str) -> str:
    """Under which the badge's hash is kept in the table `secret`."""
    return f"badge:{number}"
