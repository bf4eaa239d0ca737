"""请主管授权: a supervisor lifts one refusal at the point of need, without anybody signing on or off (domain 12).

The terminal puts `Override` where any other refusal would stand as `Refused`; nothing beneath it is lost.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from firmware.events import Event, Key, PinChecked, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Push, Reject, Screen, Stay, shown
from firmware.screens.widgets import MASK, Refused, Wait, refusal_blocks, refuse, typed
from firmware.txn.approve import Approve, ApproverWrong, CheckApprover, badge_refusal, takes_codes
from firmware.txn.command import Context, Refusal
from firmware.txn.operator import locked_about
from firmware.view import Block, Field, Gap, Hint, Para, Tint, View, text
from rules import one_use
from rules.badges import badge_like, read_badge
from wire.facts import SignOnRefused

NUMBER_DIGITS = 2
PIN_DIGITS_MIN, PIN_DIGITS_MAX = 4, 8


@dataclass(frozen=True, slots=True)
class Authorised:
    """A supervisor proved who they are."""

    approver: str
    means: Literal["pin", "badge", "code"] = "pin"
    proof: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Override(Screen):
    """A refusal a supervisor may lift: OK, or the first digit of their number, asks for them."""

    refusal: Refusal
    do: Do

    TAKES_BADGES: ClassVar[bool] = True

    def press(self, key: Key, ctx: Context) -> Move:
        """OK or a digit: the supervisor; CANCEL or CLEAR: leave it at the refusal."""
        if key is Key.OK or key.digit:
            return Push(Supervisor(self.refusal.code, digits=key.digit))
        return Pop() if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The supervisor's badge: enough, or in place of the number (`terminal.badge_alone`)."""
        badge = read_badge(scanned.text)
        if badge is None or badge_refusal(ctx, scanned.text):
            return _badge_refused(scanned, ctx)
        if ctx.settings.terminal.badge_alone:
            return self._approved(Authorised(badge.operator, "badge", scanned.text))
        return Push(Supervisor(self.refusal.code, badge.operator))

    def back(self, result: object, ctx: Context) -> Move:
        """Somebody authorised it: the same command once more, with them. Nobody did: back to where one was."""
        return self._approved(result) if isinstance(result, Authorised) else Stay()

    def _approved(self, by: Authorised) -> Move:
        about = self.refusal.about if isinstance(self.refusal.about, str) else ""
        command = Approve(self.do.command, by.approver, self.refusal.code, by.means, about, by.proof)
        return replace(self.do, command=command)

    def view(self, ctx: Context) -> View:
        """The refusal as everywhere, and who can help."""
        hints = (Hint("OK", text("override__ask")), CANCEL_HINT)
        return shown(self, ctx, text("override__title"), refusal_blocks(self.refusal, ctx), hints, Tint.UNSURE)


@dataclass(frozen=True, slots=True)
class Supervisor(Screen):
    """The supervisor's number, then their PIN; F2 takes a one-use code in its place (`approve.takes_codes`)."""

    code: int  # of the refusal being lifted
    number: str = ""
    digits: str = field(default="", repr=False)  # may hold a PIN
    by_code: bool = False  # a one-use code stands for the PIN of who is away

    TAKES_BADGES: ClassVar[bool] = True

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits and CLEAR type; OK goes on; CANCEL goes one back; F2 changes between PIN and code."""
        value = typed(self.digits, key, PIN_DIGITS_MAX if self.number else NUMBER_DIGITS)
        if value is not None:
            return Stay(replace(self, digits=value))
        if key is Key.OK:
            return self._on()
        if key is Key.F2 and self.number and takes_codes(ctx):
            return Stay(Supervisor(self.code, self.number, by_code=not self.by_code))
        if key is Key.CANCEL:
            return Stay(Supervisor(self.code, digits=self.number)) if self.number else Pop()
        return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """As on the screen beneath."""
        badge = read_badge(scanned.text)
        if badge is None or badge_refusal(ctx, scanned.text):
            return _badge_refused(scanned, ctx)
        if ctx.settings.terminal.badge_alone:
            return Pop(Authorised(badge.operator, "badge", scanned.text))
        return Stay(Supervisor(self.code, badge.operator))

    def _on(self) -> Move:
        if not self.number:
            return Stay(Supervisor(self.code, self.digits)) if len(self.digits) == NUMBER_DIGITS else Stay()
        if len(self.digits) < (one_use.DIGITS if self.by_code else PIN_DIGITS_MIN):
            return Stay()
        return Do(CheckApprover(self.number, self.digits, self.by_code), _checking)

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the field."""
        return Stay(replace(self, digits="")) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def back(self, result: object, ctx: Context) -> Move:
        """It was refused: ask again; which number may have been wrong too."""
        return Stay(Supervisor(self.code))

    def view(self, ctx: Context) -> View:
        """What is to be lifted, number, PIN."""
        code = f"[{self.code}]"
        body: tuple[Block, ...] = (Gap(4), Para(text("override__words", code=code), Tint.UNSURE))
        if self.number:
            body += (Field(text("override__number"), self.number, focus=False),)
            body += (self._secret_field(),)
        else:
            body += (Field(text("override__number"), self.digits),)
        hints = (OK_HINT, CANCEL_HINT, *((Hint("CLEAR", text("hint__clear")),) if self.digits else ()))
        if self.number and takes_codes(ctx):
            hints += (Hint("F2", text("override__by_pin" if self.by_code else "override__by_code")),)
        return shown(self, ctx, text("override__title"), body, hints, Tint.UNSURE)

    def _secret_field(self) -> Field:
        """A code may be seen: it is of no use to anybody once it was taken."""
        if self.by_code:
            return Field(text("override__code"), self.digits)
        return Field(text("signon__pin"), MASK * len(self.digits), masked=True)


def _badge_refused(scanned: Scanned, ctx: Context) -> Move:
    """Why a scan authorises nothing; goods and the like are not taken at all."""
    refusal = badge_refusal(ctx, scanned.text) if badge_like(scanned.text) else None
    return Push(Refused(refusal)) if refusal else Reject()


def _checking(done: Done, ctx: Context) -> Move:
    assert isinstance(done.command, CheckApprover)
    if done.command.by_code:
        return Pop(Authorised(done.command.approver, "code", done.command.pin))
    return Push(Wait(text("signon__checking"), _heard, done.command.approver))


def _heard(event: Event, approver: str, ctx: Context) -> Move | None:
    if not isinstance(event, PinChecked):
        return None
    return Pop(Authorised(approver)) if event.ok else Do(ApproverWrong(approver), _wrong)


def _wrong(done: Done, ctx: Context) -> Move:
    """2007, or that this was one wrong PIN too many."""
    assert isinstance(done.command, ApproverWrong)
    locked = any(isinstance(fact, SignOnRefused) and fact.locked for fact in done.decision.facts)
    return refuse(2004, locked_about(ctx, done.command.approver)) if locked else refuse(2007)
