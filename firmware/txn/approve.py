"""A supervisor's approval at the point of need: one action, both persons on record (主管授权, domain 12)."""

from dataclasses import dataclass, replace
from typing import Literal

from firmware.txn.command import Command, Context, Decision, Refusal
from rules.rights import Right, Role, right_refusal, role_of
from wire.facts import Approved

OVERRIDABLE = frozenset({2006, 2012, 2015, 2016, 4011, 6003, 6006, 6007, 8004, 8005, 8007, 8008})
"""Refusals that a supervisor may lift for one action: the command is then decided again with `Context.approver`."""


def may_approve(ctx: Context, approver: str) -> bool:
    """Whether this operator may stand in for another: a supervisor who is listed, active and not the operator."""
    listed = any(entry.number == approver and entry.active for entry in ctx.settings.operators)
    other = approver != ctx.session.operator
    return listed and other and right_refusal(role_of(approver), Right.OVERRIDE, ctx.settings.rights) is None


@dataclass(frozen=True, slots=True)
class Approve:
    """`command`, decided with a supervisor's approval of the refusal `code` that stood in its way. The approver's PIN or
    badge has been checked already."""

    command: Command
    approver: str
    code: int
    means: Literal["pin", "badge", "code"] = "pin"
    about: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """What the command decides, and `Approved` in the same commit; 2007 when this person may not approve."""
        assert self.code in OVERRIDABLE, self.code
        if not ctx.session.operator:
            return Refusal(2001)
        if not may_approve(ctx, self.approver):
            return Refusal(2007, self.approver)
        decision = self.command.decide(replace(ctx, approver=self.approver))
        if isinstance(decision, Refusal):
            return decision
        action = type(self.command).__name__
        fact = Approved(ctx.session.operator, self.approver, self.code, action, self.about, self.means)
        return replace(decision, facts=(*decision.facts, fact))


def authority(ctx: Context) -> Role | None:
    """Whose limits hold for the action being decided: the approver's, or the operator's own."""
    return role_of(ctx.approver or ctx.session.operator)
