"""What a person does is refused where the role has no right to it: checked in `decide`, never only in a menu (domain 12).

Every command that is done on the way to the named ledgers and to each code is decided a second time in the same state, for
the same operator, with all rights taken from every role and no supervisor beside.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

import firmware.txn
from firmware.txn.command import Context, Decision, Refusal
from rules.rights import Right, Role
from tests.screens import test_codes
from tests.screens.ledgers import LEDGERS

NO_RIGHTS = {role.value: {right.value: "no" for right in Right} for role in Role}
OWN, ITSELF, ANSWER = "everybody's own", "the terminal does it by itself", "what a worker or the backend answered"
NEEDS_NO_RIGHT = {
    **dict.fromkeys(("ChangePin", "KeepPin", "SignOff", "ChooseLanguage"), OWN),
    **dict.fromkeys(("KeepBasket", "RefreshDeals", "EndReservation", "Reconnect", "MoveUpdate"), ITSELF),
    **dict.fromkeys(("Settle", "HearPayment", "HearRefund", "HearVoucher", "SignOnAnswered"), ANSWER),
    **dict.fromkeys(("CheckApprover", "ApproverWrong"), "the approver's right counts, and is asked for there (2007)"),
    "TakeOrder": "the fleet's signature is its right",
}
"""Commands that no right of the operator's stands before, and why."""

DONE_MIN = 35
"""So many commands that need a right are done on the ways here; fewer means that the ways do not lead there any more."""

Met = dict[str, set[str]]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Met, Met]]:
    """Names of commands that were refused without rights, and of those that were not, each with the roles they had."""
    refused: Met = {}
    allowed: Met = {}
    with pytest.MonkeyPatch.context() as patch:
        for command in _commands():
            patch.setattr(command, "decide", _twice(command, refused, allowed))
        for way in (*LEDGERS, *test_codes.REFUSALS.values(), *test_codes.DEVICES.values()):
            way(tmp_path_factory.mktemp("way"))
        yield refused, allowed


def _commands() -> set[type]:
    found = (
        importlib.import_module(f"firmware.txn.{each.name}") for each in pkgutil.iter_modules(firmware.txn.__path__)
    )
    kinds = {kind for module in found for kind in vars(module).values() if isinstance(kind, type)}
    return {kind for kind in kinds if "decide" in vars(kind) and not getattr(kind, "_is_protocol", False)}


def _twice(kind: type, refused: Met, allowed: Met) -> Callable[[object, Context], Decision | Refusal]:
    whole = kind.decide  # type: ignore[attr-defined]

    def decide(self: object, ctx: Context) -> Decision | Refusal:
        decided = whole(self, ctx)
        if isinstance(decided, Decision) and ctx.session.operator:
            settings = msgspec.structs.replace(ctx.settings, rights=NO_RIGHTS)
            again = whole(self, dataclasses.replace(ctx, settings=settings, approver=""))
            met = refused if isinstance(again, Refusal) and again.code in (2005, 2006) else allowed
            met.setdefault(kind.__name__, set()).add(ctx.session.role)
        return decided

    return decide


def test_nothing_that_needs_a_right_is_done_without_one(tried: tuple[Met, Met]) -> None:
    refused, allowed = tried
    assert set(allowed) == set(NEEDS_NO_RIGHT)
    assert set(refused).isdisjoint(NEEDS_NO_RIGHT), "it needs a right after all"
    assert len(refused) >= DONE_MIN, sorted(refused)


@pytest.mark.parametrize("role", ["cashier", "supervisor"])
def test_it_holds_for_who_stands_at_the_counter(tried: tuple[Met, Met], role: str) -> None:
    refused, _ = tried
    assert sum(role in roles for roles in refused.values()) > 10


def test_a_command_that_asks_for_no_right_is_noticed(tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    refused: Met = {}
    allowed: Met = {}

    class Forgetful:
        def decide(self, ctx: Context) -> Decision | Refusal:
            return Decision()

    counter = test_codes.till(tmp_path)
    _twice(Forgetful, refused, allowed)(Forgetful(), counter.terminal.context())
    assert (refused, allowed) == ({}, {"Forgetful": {"cashier"}})
