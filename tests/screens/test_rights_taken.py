"""What a person does is refused where the role has no right to it: checked in `decide`, never only in a menu (domain 12).

Every command that is done on the way to the named ledgers, or given at a counter of `direct`, is decided again in the same
state, for the same operator, with the right it needs taken from every role and no supervisor beside.
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
from tests.screens.direct import GIVEN
from tests.screens.ledgers import LEDGERS
from wire.facts import Trouble

OWN, ITSELF, ANSWER = "everybody's own", "the terminal does it by itself", "what a worker or the backend answered"
NEEDS_NO_RIGHT = {
    "KeepPin": "the hash of a PIN that `ChangePin` took",
    **dict.fromkeys(("SignOn", "ReadBadge"), "nobody is signed on"),
    "SignOff": OWN,
    **dict.fromkeys(("KeepBasket", "RefreshDeals", "BookCovered", "FailUnsent", "GiveUpWaiting", "Reverse"), ITSELF),
    **dict.fromkeys(
        ("NeverLeft", "RedeemNext", "VerifyRegistered", "MoveUpdate", "BeginCommand", "EndCommand"), ITSELF
    ),
    **dict.fromkeys(("Settle", "HearPayment", "HearRefund", "HearRelease", "HearVoucher", "SignOnAnswered"), ANSWER),
    **dict.fromkeys(("CheckApprover", "ApproverWrong"), "the approver's right counts, and is asked for there (2007)"),
    "Approve": "the approver's right counts (2007), and the command it lifts is decided with its own",
    "OwnPinWrong": "what the worker said of `CheckOwnPin`",
    "TakeOrder": "the fleet's signature is its right",
    "Reconnect": "it changes nothing; the link is everybody's",
    **dict.fromkeys(
        ("StartTraining", "StopTraining"), "practice books and sends nothing, and money stays away from it"
    ),
}
"""Commands that no right of the operator's stands before, and why."""

ANY = "any"
X, CLOSE = (ANY, Right.X_REPORT_OWN, Right.X_REPORT_ANY), (ANY, Right.SHIFT_CLOSE_OWN, Right.SHIFT_CLOSE_ANY)
GIVE_BACK = (ANY, Right.REFUND, Right.SALE_VOID)
TAKE_OUT, VOUCHER = Right.BASKET_CANCEL, Right.VOUCHER_REDEEM
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("AddAmount", "AddCode", "AddProduct", "SetQuantity", "ConfirmAge", "RefuseAge"), (Right.SALE,)),
    **dict.fromkeys(("TakeBackReductions", "TakeVoucherOff", "RecallKept", "TakeCash", "TakeCard"), (Right.SALE,)),
    **dict.fromkeys(("TakeRest", "SendCode", "PayAmount", "CancelPayment", "AskAbout"), (Right.SALE,)),
    **dict.fromkeys(("ParkOrder", "ResumeOrder", "TakeBackUse", "ShowCopy"), (Right.SALE,)),
    **dict.fromkeys(("ContinueSlip", "DropSlip"), (Right.SALE,)),
    **dict.fromkeys(("CancelBasket", "DropHold"), (TAKE_OUT,)),
    "DropKept": (Right.SALE, TAKE_OUT),
    "DropOrder": (ANY, TAKE_OUT, Right.SALE),
    **dict.fromkeys(("HoldBasket", "RecallHold"), (Right.BASKET_HOLD,)),
    "RemoveLine": (Right.LINE_REMOVE,),
    "Discount": (Right.DISCOUNT,),
    "ChangePrice": (Right.PRICE_CHANGE,),
    "RoundOff": (Right.ROUNDING_MANUAL,),
    "MarkMember": (Right.MEMBER_PRICE,),
    "VoidSale": (Right.SALE_VOID,),
    "UseReservation": GIVE_BACK,
    **dict.fromkeys(("RefundGoods", "TurnRefund", "RetryRefund", "LookUpSale"), (Right.REFUND,)),
    **dict.fromkeys(("AskReservation", "EndReservation"), (Right.REFUND,)),
    "Redeem": (Right.SALE,),
    **dict.fromkeys(("AskPrepare", "AddVoucher"), (Right.SALE, VOUCHER)),
    **dict.fromkeys(("RegisterVoucher", "VerifyAgain"), (Right.SALE, Right.VOUCHER_REGISTER)),
    **dict.fromkeys(("UndoVoucher", "HandleVoucher"), (Right.SALE, Right.VOUCHER_UNDO)),
    "AskLook": (Right.SALE, Right.VOUCHER_LOOK_UP),
    "OpenDrawer": (Right.DRAWER_NO_SALE,),
    "ReleaseDrawer": (Right.PIN_OWN,),
    "MoveCash": (Right.CASH_IN_OUT,),
    **dict.fromkeys(("Reprint", "PrintCopies"), (Right.REPRINT,)),
    "OpenShift": (Right.SHIFT_OPEN,),
    **dict.fromkeys(("CloseShift", "RollShift"), CLOSE),
    **dict.fromkeys(("TryCount", "SettleNow"), (Right.SHIFT_CLOSE_OWN,)),
    **dict.fromkeys(("PrintX", "PrintDrawerLog"), X),
    **dict.fromkeys(("PrintDetail", "PrintReconciliation"), (Right.X_REPORT_OWN,)),
    **dict.fromkeys(("AskSeal", "CloseDay", "ReopenDay"), (Right.DAY_CLOSE,)),
    **dict.fromkeys(("ChangePin", "CheckOwnPin"), (Right.PIN_OWN,)),
    **dict.fromkeys(("IssueBadge", "PrintBadge"), (ANY, Right.PIN_OWN, Right.OPERATORS_CASHIERS)),
    **dict.fromkeys(("RevokeBadge", "UnlockOperator", "ResetPin", "PrintRights"), (Right.OPERATORS_CASHIERS,)),
    "ChooseLanguage": (Right.LANGUAGE,),
    **dict.fromkeys(("PrintEvents", "PrintError", "PrintDiagnosis"), (Right.DEVICE_VIEW,)),
    "PrintSelftest": (Right.SELFTEST_PRINT,),
    **dict.fromkeys(("ChangeSetting", "TakeBack"), (Right.SETTINGS_SHOP,)),
}  # fmt: skip
"""Command -> the rights it needs: without each of them it is refused. After `ANY` it depends on what is asked, and of whom,
which one that is: without them all it is refused."""

Met = dict[str, set[str]]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Met, Met]]:
    """Names of commands that were refused for want of their right, and of those that were not, each with the roles they
    had."""
    refused: Met = {}
    allowed: Met = {}
    with pytest.MonkeyPatch.context() as patch:
        for command in _commands():
            patch.setattr(command, "decide", _twice(command, refused, allowed))
        for way in LEDGERS:
            way(tmp_path_factory.mktemp("way"))
        for at, given in GIVEN:
            counter = at(tmp_path_factory.mktemp("given"))
            for command in given(counter):
                decided = command.decide(counter.terminal.context())
                assert isinstance(decided, Decision), (command, decided)
        yield refused, allowed


def _commands() -> set[type]:
    found = (
        importlib.import_module(f"firmware.txn.{each.name}") for each in pkgutil.iter_modules(firmware.txn.__path__)
    )
    kinds = {kind for module in found for kind in vars(module).values() if isinstance(kind, type)}
    return {kind for kind in kinds if "decide" in vars(kind) and not getattr(kind, "_is_protocol", False)}


def _twice(kind: type, refused: Met, allowed: Met) -> Callable[[object, Context], Decision | Refusal]:
    whole = kind.decide  # type: ignore[attr-defined]
    needs = NEEDS.get(kind.__name__, ())
    sets = (needs[1:],) if needs[:1] == (ANY,) else tuple((right,) for right in needs) or (tuple(Right),)

    def decide(self: object, ctx: Context) -> Decision | Refusal:
        decided = whole(self, ctx)
        if isinstance(decided, Decision) and ctx.session.operator:
            for taken in sets:
                again = whole(self, dataclasses.replace(_without(ctx, taken), approver=""))
                if isinstance(again, Refusal) and again.code in (2005, 2006):
                    names = f"{again.about} {again.facts}"
                    named = any(right in names for right in taken)
                    met = refused if named and all(isinstance(fact, Trouble) for fact in again.facts) else {}
                else:
                    met = allowed
                met.setdefault(kind.__name__, set()).add(ctx.session.role)
        return decided

    return decide


def _without(ctx: Context, taken: tuple[str, ...]) -> Context:
    """The same, had the role of nobody these rights."""
    rights = {
        role.value: {**ctx.settings.rights.get(role.value, {}), **{str(right): "no" for right in taken}}
        for role in Role
    }
    return dataclasses.replace(ctx, settings=msgspec.structs.replace(ctx.settings, rights=rights))


def test_every_command_has_its_right_or_a_reason_to_need_none() -> None:
    """A new one has to say which."""
    assert {kind.__name__ for kind in _commands()} == set(NEEDS) | set(NEEDS_NO_RIGHT)
    assert set(NEEDS).isdisjoint(NEEDS_NO_RIGHT)


def test_nothing_that_needs_a_right_is_done_without_it(tried: tuple[Met, Met]) -> None:
    refused, allowed = tried
    assert {name: allowed[name] for name in set(allowed) - set(NEEDS_NO_RIGHT)} == {}
    assert set(refused) == set(NEEDS), "each was about to be done, and was not, for want of its right"


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
