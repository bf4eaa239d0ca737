"""Operators: sign-on, PINs, locks. PIN hashes are kept apart from the journal, in the table `secret`."""

from dataclasses import dataclass, field, replace
from typing import Literal

from firmware.events import CheckPin, HashPin
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, Session, lacking
from firmware.view import Say, text
from rules import pins, rights
from rules.settings import Settings
from wire.facts import Approved, OperatorUnlocked, PinChanged, PinReset, SignedOff, SignedOn, SignOnRefused

FAILURES_MAX = 3
"""Wrong PINs in a row before the operator is locked (domain 12)."""

LOCK_MS = 5 * 60_000
DELAYS_MS = (0, 1_000, 3_000, LOCK_MS, 2 * LOCK_MS)
"""How long an operator must wait after so many wrong PINs in a row; after more, until somebody lifts the lock."""

FOR_GOOD_MS = 1 << 60
NOBODY_LIFTS_MS = 30 * 60_000
"""Instead of that, where nobody could lift it: no shop may lock itself out."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an operator stands with the lock: wrong PINs in a row, and when the last was."""

    failures: int = 0
    failed_at_ms: int = 0


def standing(books: Reading, operator: str) -> Standing:
    """The operator's standing; a fresh one if nothing is on record."""
    rows = books.read("SELECT failures, failed_at_ms FROM sign_on WHERE operator = ?", operator)
    return Standing(*rows[0]) if rows else Standing()


def secret(books: Reading, operator: str) -> tuple[bytes, bytes] | None:
    """Salt and hash of the operator's own PIN; None while the factory PIN still holds."""
    rows = books.read("SELECT salt, hash FROM secret WHERE operator = ?", operator)
    return (bytes(rows[0][0]), bytes(rows[0][1])) if rows and rows[0][1] else None  # empty: it was reset


def code_used(books: Reading, operator: str) -> int:
    """Step of the newest one-use code that was taken for this operator; 0: none yet."""
    rows = books.read("SELECT step FROM code_used WHERE operator = ?", operator)
    return int(rows[0][0]) if rows else 0


def must_change_pin(books: Reading, operator: str) -> bool:
    """Whether the factory PIN still holds, so that sign-on is not complete (2013)."""
    return secret(books, operator) is None


def wait_ms(settings: Settings, operator: str, failures: int) -> int:
    """How long no PIN of this operator is looked at after so many wrong ones in a row."""
    if failures < len(DELAYS_MS):
        return DELAYS_MS[failures]
    lifts = {rights.Role.CASHIER: rights.Role.SUPERVISOR, rights.Role.SUPERVISOR: rights.Role.ADMIN}
    wanted = lifts.get(rights.role_of(operator) or rights.Role.ADMIN)
    someone = any(each.active and rights.role_of(each.number) == wanted for each in settings.operators)
    return FOR_GOOD_MS if someone else NOBODY_LIFTS_MS


def waits(books: Reading, settings: Settings) -> dict[str, int]:
    """Operators with wrong PINs and how long they must wait, in ms; at a boot each wait begins anew (decisions 17)."""
    rows = books.read("SELECT operator, failures FROM sign_on ORDER BY operator")
    return {str(who): wait_ms(settings, str(who), int(failures)) for who, failures in rows}


def locked_about(ctx: Context, operator: str) -> Say:
    """What a 2004 is about: who, and how long to wait yet; nothing of the time where somebody must lift the lock."""
    left_ms = ctx.waits_ms.get(operator, 0)
    if not 0 < left_ms <= max(DELAYS_MS):
        return operator
    return text("signon__waits", number=operator, seconds=-(-left_ms // 1000))


@dataclass(frozen=True, slots=True)
class SignOn:
    """Check number and PIN. The slow hash is compared by the system worker, which answers `PinChecked`."""

    operator: str
    pin: str = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The check on its way, or 2002, 2003, 2004."""
        listed = next((entry for entry in ctx.settings.operators if entry.number == self.operator), None)
        if listed is None:
            return Refusal(2002)
        if not listed.active:
            return Refusal(2003, self.operator)
        if self.operator in ctx.locked:
            return Refusal(2004, locked_about(ctx, self.operator))
        own = secret(ctx.books, self.operator)
        if own is None:
            return SignOnAnswered(self.operator, self.pin == pins.factory_pin(self.operator)).decide(ctx)
        salt, digest = own
        return Decision(effects=(CheckPin(ctx.request, self.pin, digest, salt),))


@dataclass(frozen=True, slots=True)
class SignOnAnswered:
    """The PIN was right or wrong."""

    operator: str
    ok: bool

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SignedOn` with the session, or `SignOnRefused` counted towards the lock."""
        if not self.ok:
            failures = standing(ctx.books, self.operator).failures + 1
            return Decision((SignOnRefused(self.operator, failures, failures >= FAILURES_MAX),))
        role = rights.role_of(self.operator)
        assert role is not None
        basket = ctx.session.basket
        return Decision((SignedOn(self.operator, role),), Session(self.operator, role, basket))


@dataclass(frozen=True, slots=True)
class ChangePin:
    """Take a new PIN of one's own, after the rules of domain 12; hashed by the system worker -> `PinHashed`."""

    pin: str = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The hash on its way, or 2001, 2005, 2021 with the reason."""
        if refusal := lacking(ctx, rights.Right.PIN_OWN):
            return refusal
        reason = pins.pin_fault(self.pin, ctx.session.role)
        if reason:
            return Refusal(2021, text(f"pin__{reason}"))
        return Decision(effects=(HashPin(ctx.request, self.pin, ctx.chance),))


@dataclass(frozen=True, slots=True)
class KeepPin:
    """The new PIN's hash is here: keep it."""

    hash: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`PinChanged`, with the hash beside the journal."""
        operator = ctx.session.operator
        if not operator:
            return Refusal(2001)
        return Decision((PinChanged(operator, operator),), secrets=((operator, self.salt, self.hash),))


@dataclass(frozen=True, slots=True)
class SignOff:
    """Leave, or be signed off when nobody works (`terminal.idle_lock_min`) or when new settings do not know the operator
    any more (`gone`); the basket stays for whoever is next."""

    reason: Literal["asked", "idle", "gone"] = "asked"

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SignedOff` and an empty session."""
        if not ctx.session.operator:
            return Refusal(2001)
        left = replace(ctx.session, operator="", role="", timed_out=self.reason == "idle")
        return Decision((SignedOff(ctx.session.operator, "asked" if self.reason == "asked" else "idle"),), left)


def _refused(books: Books, fact: SignOnRefused, entry: Entry) -> None:
    books.write("INSERT OR REPLACE INTO sign_on VALUES (?, ?, ?)", fact.operator, fact.failures, entry.at_ms)


def _signed_on(books: Books, fact: SignedOn, entry: Entry) -> None:
    books.write("DELETE FROM sign_on WHERE operator = ?", fact.operator)


def _lifted(books: Books, fact: OperatorUnlocked | PinReset, entry: Entry) -> None:
    books.write("DELETE FROM sign_on WHERE operator = ?", fact.operator)


def _approved(books: Books, fact: Approved, entry: Entry) -> None:
    """The right PIN or one-use code ends the count of wrong ones; a badge says nothing about who knows the PIN."""
    if fact.means != "badge":
        books.write("DELETE FROM sign_on WHERE operator = ?", fact.approver)
    if fact.means == "code":
        books.write("INSERT OR REPLACE INTO code_used VALUES (?, ?)", fact.approver, fact.step)


SUBJECT = Subject(
    (
        "CREATE TABLE sign_on(operator TEXT PRIMARY KEY, failures INTEGER NOT NULL, failed_at_ms INTEGER NOT NULL) STRICT",
        "CREATE TABLE code_used(operator TEXT PRIMARY KEY, step INTEGER NOT NULL) STRICT",
    ),
    {
        SignOnRefused: _refused,
        SignedOn: _signed_on,
        Approved: _approved,
        OperatorUnlocked: _lifted,
        PinReset: _lifted,
    },
)
