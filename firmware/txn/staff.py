"""Looking after operators: one's own PIN, a forgotten one, a lock after wrong ones (domain 12).

A supervisor looks after cashiers, the administrator after supervisors; nobody after themselves or their equals.
"""

from dataclasses import dataclass, field

from firmware.events import CheckPin
from firmware.txn import operator
from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal, lacking
from rules.rights import Right, Role, right_refusal, role_of
from wire.facts import OperatorUnlocked, PinReset

WRONG, LOCKED = 2002, 2004
NO_SECRET = (b"", b"")

CARE: dict[Role | None, Right] = {
    Role.CASHIER: Right.OPERATORS_CASHIERS,
    Role.SUPERVISOR: Right.OPERATORS_SUPERVISORS,
}
"""Whose locks and PINs which right is about; the administrator's are nobody's."""


def in_care(ctx: Context) -> tuple[str, ...]:
    """Numbers of the operators whom the one who is signed on looks after."""
    return tuple(
        entry.number
        for entry in ctx.settings.operators
        if (right := CARE.get(role_of(entry.number))) is not None
        and right_refusal(ctx.session.role, right, ctx.settings.rights) is None
    )


def standing(books: Reading, number: str) -> str:
    """How an operator stands: `locked`, `factory` (a PIN of their own is to be chosen), or `fine`."""
    if operator.standing(books, number).failures >= operator.FAILURES_MAX:
        return "locked"
    return "factory" if operator.must_change_pin(books, number) else "fine"


def not_in_care(ctx: Context, number: str) -> Refusal | None:
    """Why the operator is none of theirs: 2001; 2005 for who is not looked after by whoever asks; 2002 for a number nobody
    has."""
    listed = any(entry.number == number for entry in ctx.settings.operators)
    right = CARE.get(role_of(number), Right.KEYS)
    if refusal := lacking(ctx, right):
        return refusal
    return None if listed and number in in_care(ctx) else Refusal(WRONG, number)


@dataclass(frozen=True, slots=True)
class UnlockOperator:
    """Lift the lock after wrong PINs."""

    number: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`OperatorUnlocked`, or 2001, 2005, 2002."""
        if refusal := not_in_care(ctx, self.number):
            return refusal
        return Decision((OperatorUnlocked(self.number, ctx.session.operator),))


@dataclass(frozen=True, slots=True)
class ResetPin:
    """Give an operator who forgot the PIN the factory's back: their next sign-on must choose a new one (2013)."""

    number: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`PinReset`, or 2001, 2005, 2002."""
        if refusal := not_in_care(ctx, self.number):
            return refusal
        return Decision((PinReset(self.number, ctx.session.operator),), secrets=((self.number, *NO_SECRET),))


@dataclass(frozen=True, slots=True)
class CheckOwnPin:
    """Before a new PIN of one's own: is it really you? The system worker answers `PinChecked`."""

    pin: str = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The check on its way, or 2001, 2004."""
        if refusal := lacking(ctx, Right.PIN_OWN):
            return refusal
        number = ctx.session.operator
        if number in ctx.locked:
            return Refusal(LOCKED, operator.locked_about(ctx, number))
        own = operator.secret(ctx.books, number)
        assert own is not None, f"{number} works with a PIN of their own, or home asks for one"
        return Decision(effects=(CheckPin(ctx.request, self.pin, own[1], own[0]),))


@dataclass(frozen=True, slots=True)
class OwnPinWrong:
    """It was not: counted as at sign-on."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SignOnRefused`, or 2001."""
        if not ctx.session.operator:
            return Refusal(2001)
        return operator.SignOnAnswered(ctx.session.operator, False).decide(ctx)
