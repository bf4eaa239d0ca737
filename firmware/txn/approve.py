"""A supervisor's approval at the point of need: one action, both persons on record (主管授权, domain 12)."""

from dataclasses import dataclass, field, replace
from typing import Literal

from firmware.events import CheckPin
from firmware.txn import badge, operator
from firmware.txn.command import Command, Context, Decision, Refusal
from firmware.view import text
from rules import one_use, pins
from rules.errors import first_refusal
from rules.rights import Right, Role, right_refusal, role_of
from wire.facts import Approved, SignOnRefused

OVERRIDABLE = frozenset({2006, 2012, 2015, 2016, 4011, 6003, 6006, 6007, 8004, 8005, 8007, 8008, 8011})
"""Refusals that a supervisor may lift for one action: the command is then decided again with `Context.approver`."""


def may_approve(ctx: Context, approver: str) -> bool:
    """Whether this operator may stand in for another: a supervisor who is listed, active and not the operator."""
    listed = any(entry.number == approver and entry.active for entry in ctx.settings.operators)
    other = approver != ctx.session.operator
    return listed and other and right_refusal(role_of(approver), Right.OVERRIDE, ctx.settings.rights) is None


def helps(ctx: Context, command: Command, code: int) -> bool:
    """Whether a supervisor could lift the refusal `code` of `command`: somebody may, and with them it is not refused so.

    A supervisor whose own limit is reached is not offered another one with the same limit."""
    if code not in OVERRIDABLE or ctx.approver or isinstance(command, Approve):
        return False
    someone = next((each.number for each in ctx.settings.operators if may_approve(ctx, each.number)), "")
    if not someone:
        return False
    answer = command.decide(replace(ctx, approver=someone))
    return not (isinstance(answer, Refusal) and answer.code == code)


def hopeless(ctx: Context, command: Command) -> Refusal | None:
    """Why `command` would be refused even with a supervisor at hand; None: it would be done, perhaps with one."""
    answer = command.decide(ctx)
    if not isinstance(answer, Refusal) or helps(ctx, command, answer.code):
        return None
    someone = next((each.number for each in ctx.settings.operators if may_approve(ctx, each.number)), ctx.approver)
    with_them = command.decide(replace(ctx, approver=someone))
    return with_them if isinstance(with_them, Refusal) else answer


def badge_refusal(ctx: Context, text: str) -> Refusal | None:
    """Why the owner of a scanned badge cannot approve: 2001; 2013 while their factory PIN holds; 2007 for a badge that is
    not in force or an owner who may not approve; 2004 while they are locked. None: they can."""
    if not ctx.session.operator:
        return Refusal(2001)
    found = badge.genuine(ctx.books, text)
    if found is None:
        return Refusal(2007)
    return _approver_refusal(ctx, found.operator) or _first_sign_on(ctx, found.operator)


def _approver_refusal(ctx: Context, approver: str) -> Refusal | None:
    may = may_approve(ctx, approver)
    code = first_refusal((None if may else 2007, 2004 if approver in ctx.locked else None))
    if code is None:
        return None
    return Refusal(code, operator.locked_about(ctx, approver) if code == 2004 else approver)


def _first_sign_on(ctx: Context, approver: str) -> Refusal | None:
    """2013, with what to do: a supervisor whose factory PIN holds signs on once and chooses one of their own."""
    if not operator.must_change_pin(ctx.books, approver):
        return None
    return Refusal(2013, text("override__first", number=approver))


def takes_codes(ctx: Context) -> bool:
    """Whether a one-use code may stand for a PIN: the fleet gave this terminal a secret. Practice takes none, for whoever
    reads one out means the counter that is real."""
    return bool(ctx.settings.terminal.code_secret) and not ctx.training


def _code_step(ctx: Context, approver: str, code: str) -> int | Refusal:
    """The step of a one-use code, or why it is not taken: 2007 without codes here, and for one that was used; 1011 while the
    time is uncertain; a wrong one counts like a wrong PIN (2007, 2004)."""
    if not takes_codes(ctx):
        return Refusal(2007, approver)
    if not ctx.now.trusted:
        return Refusal(1011, text("override__clock"))
    key = one_use.key_of(ctx.settings.terminal.code_secret, ctx.terminal, approver)
    step = one_use.step_of(key, code, ctx.now.wall_ms)
    if step is None:
        wrong = ApproverWrong(approver).decide(ctx)
        return wrong if isinstance(wrong, Refusal) else _refused_wrong(ctx, approver, wrong)
    return step if step > operator.code_used(ctx.books, approver) else Refusal(2007, text("override__used"))


@dataclass(frozen=True, slots=True)
class CheckApprover:
    """Check a supervisor's number and PIN at the point of need; the system worker answers `PinChecked`. A one-use code in
    the PIN's place (`by_code`) is checked at once."""

    approver: str
    pin: str = field(repr=False)
    by_code: bool = False

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The check on its way, or 2001, 2007, 2004; of a code also 1011. Of a factory PIN only who knows it hears that it
        holds yet (2013); anything else is one wrong PIN more."""
        if not ctx.session.operator:
            return Refusal(2001)
        if refusal := _approver_refusal(ctx, self.approver):
            return refusal
        if self.by_code:
            step = _code_step(ctx, self.approver, self.pin)
            return step if isinstance(step, Refusal) else Decision()
        own = operator.secret(ctx.books, self.approver)
        if own is None:
            right = self.pin == pins.factory_pin(self.approver)
            first, wrong = _first_sign_on(ctx, self.approver), ApproverWrong(self.approver).decide(ctx)
            assert first is not None
            return first if right or isinstance(wrong, Refusal) else _refused_wrong(ctx, self.approver, wrong)
        salt, digest = own
        return Decision(effects=(CheckPin(ctx.request, self.pin, digest, salt),))


def _refused_wrong(ctx: Context, approver: str, wrong: Decision) -> Refusal:
    """What a wrong PIN leads to: 2007, or 2004 when it locks; it is on record like any other."""
    locked = any(isinstance(fact, SignOnRefused) and fact.locked for fact in wrong.facts)
    return Refusal(2004 if locked else 2007, approver, wrong.facts)


@dataclass(frozen=True, slots=True)
class ApproverWrong:
    """The supervisor's PIN was wrong: it counts towards their lock, as at sign-on."""

    approver: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SignOnRefused` of the supervisor, or 2001."""
        return operator.SignOnAnswered(self.approver, False).decide(ctx) if ctx.session.operator else Refusal(2001)


@dataclass(frozen=True, slots=True)
class Approve:
    """`command`, decided with a supervisor's approval of the refusal `code` that stood in its way. The approver's PIN has
    been checked already; a badge and a one-use code are checked here."""

    command: Command
    approver: str
    code: int
    means: Literal["pin", "badge", "code"] = "pin"
    about: str = ""
    proof: str = field(default="", repr=False)  # for means `badge` as scanned, for `code` its digits

    def decide(self, ctx: Context) -> Decision | Refusal:
        """What the command decides, and `Approved` in the same commit; 2007 when this person may not approve, for a badge
        also 2013 and 2004, for a code 1011 and 2004."""
        assert self.code in OVERRIDABLE, self.code
        if not ctx.session.operator:
            return Refusal(2001)
        if not may_approve(ctx, self.approver):
            return Refusal(2007, self.approver)
        if self.means == "badge" and (refusal := self._badge_refusal(ctx)):
            return refusal
        step = self._step(ctx)
        if isinstance(step, Refusal):
            return step
        decision = self.command.decide(replace(ctx, approver=self.approver))
        if isinstance(decision, Refusal):
            return decision
        action = type(self.command).__name__
        fact = Approved(ctx.session.operator, self.approver, self.code, action, self.about, self.means, step)
        return replace(decision, facts=(*decision.facts, fact))

    def _step(self, ctx: Context) -> int | Refusal:
        """Of a code; 0 for what is none."""
        if self.means != "code":
            return 0
        return _approver_refusal(ctx, self.approver) or _code_step(ctx, self.approver, self.proof)

    def _badge_refusal(self, ctx: Context) -> Refusal | None:
        """A badge is enough only where the shop says so, and only its owner's."""
        found = badge.genuine(ctx.books, self.proof)
        if not ctx.settings.terminal.badge_alone or found is None or found.operator != self.approver:
            return Refusal(2007, self.approver)
        return badge_refusal(ctx, self.proof)


def authority(ctx: Context) -> Role | None:
    """Whose limits hold for the action being decided: the approver's, or the operator's own."""
    return role_of(ctx.approver or ctx.session.operator)
