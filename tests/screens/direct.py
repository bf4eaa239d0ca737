"""Commands given at a counter that stands where they would be done; `test_rights_taken` looks at what is decided."""

from collections.abc import Callable
from pathlib import Path

from firmware.events import LinkUp
from firmware.txn import checkout, day, hold, prices, refund_parts, reprint, reserve, sale, slip
from firmware.txn.age import ConfirmAge, RefuseAge
from firmware.txn.badge import IssueBadge, PrintBadge, RevokeBadge
from firmware.txn.cash import MoveCash
from firmware.txn.collect import AskAbout, CancelPayment, PayAmount
from firmware.txn.command import Command
from firmware.txn.diagnosis import PrintDiagnosis
from firmware.txn.drawer import OpenDrawer, ReleaseDrawer
from firmware.txn.drawer_report import PrintDrawerLog
from firmware.txn.eventlog import Wanted
from firmware.txn.eventlog_report import PrintError, PrintEvents
from firmware.txn.handover import RollShift, TryCount
from firmware.txn.life import ChooseLanguage
from firmware.txn.operator import ChangePin
from firmware.txn.rights_report import PrintRights
from firmware.txn.selftest import PrintSelftest
from firmware.txn.settings import ChangeSetting, TakeBack
from firmware.txn.staff import CheckOwnPin, ResetPin, UnlockOperator
from firmware.txn.voucher_again import VerifyAgain
from firmware.txn.voucher_redeem import HandleVoucher, TakeBackUse, UndoVoucher
from firmware.txn.voucher_take import AskLook, RegisterVoucher, TakeVoucherOff
from tests.counter import COLA, Counter
from tests.giving import looks
from tests.payments.till import WECHAT, till
from tests.screens import ledgers, voucher_codes
from tests.vouchers.till import MEITUAN, vouchers

Way = Callable[[Path], Counter]
Given = Callable[[Counter], tuple[Command, ...]]


def linked(way: Way) -> Way:
    """The same counter, on line."""

    def made(folder: Path) -> Counter:
        counter = way(folder)
        counter.step(LinkUp())
        return counter

    return made


def with_a_badge(folder: Path) -> Counter:
    return ledgers.give_badge(ledgers.as_supervisor(folder), ledgers.BADGE)


def held(folder: Path) -> Counter:
    return ledgers.idle(folder).scan(COLA).keys("F2 6 OK")


def with_a_voucher(folder: Path) -> Counter:
    return vouchers(folder).basket(2).voucher(face_fen=200)


def shop_setting_changed(folder: Path) -> Counter:
    counter = ledgers.as_supervisor(folder)
    assert counter.terminal.do(ChangeSetting("sale.amount_lines", False)) is None
    counter.pass_time(1_000)
    return counter


def newest(counter: Counter, kind: str) -> int:
    """Seq of the newest fact of a kind."""
    return int(counter.ledger.read("SELECT max(seq) FROM journal WHERE kind = ?", kind)[0][0])


def slips(counter: Counter) -> tuple[Command, ...]:
    job = slip.open_jobs(counter.ledger)[0].job
    return slip.ContinueSlip(job), slip.DropSlip(job)


def parked(counter: Counter) -> tuple[Command, ...]:
    return tuple(checkout.ResumeOrder(order.trace) for order in checkout.parked(counter.ledger)[:1])


def refused_refund(counter: Counter) -> tuple[Command, ...]:
    number = str(counter.ledger.read("SELECT refund_no FROM refund_part ORDER BY seq LIMIT 1")[0][0])
    return refund_parts.RetryRefund(number), refund_parts.TurnRefund(number)


def reserved(counter: Counter) -> tuple[Command, ...]:
    number = reserve.open_reservations(counter.ledger)[0]
    return reserve.AskReservation(number), reserve.EndReservation(number)


def order_no(counter: Counter) -> str:
    """Number of the oldest payment by code."""
    return str(counter.ledger.read("SELECT order_no FROM payment ORDER BY seq LIMIT 1")[0][0])


def use(counter: Counter) -> str:
    """Number of the oldest use of a voucher."""
    return str(counter.ledger.read("SELECT request_no FROM voucher_use ORDER BY seq LIMIT 1")[0][0])


GIVEN: tuple[tuple[Way, Given], ...] = (
    (
        with_a_badge,
        lambda counter: (
            UnlockOperator("01"), ResetPin("01"), PrintRights("01"), RevokeBadge("01"), IssueBadge("00", ledgers.BADGE),
            PrintBadge(newest(counter, "badge_issued"), ledgers.BADGE), day.PrintX(), PrintDrawerLog(),
            ChooseLanguage("en"), ChangePin("739164"), ChangeSetting("sale.amount_lines", False),
            CheckOwnPin("482917"), MoveCash("in", 500, "other"), OpenDrawer("no_sale", "change"), TryCount(((10_000, 9),)),
        ),
    ),
    (ledgers.trouble_looked_through, lambda counter: (PrintEvents(Wanted()), PrintError(1), PrintSelftest())),
    (ledgers.diagnosed, lambda counter: (PrintDiagnosis(),)),
    (shop_setting_changed, lambda counter: (TakeBack("sale.amount_lines"),)),
    (
        lambda folder: till(folder, slips={"receipt_url": "https://r.example.cn/r"}).keys("5 0 0 OK OK OK # 1 OK"),
        lambda counter: (
            reprint.ShowCopy(newest(counter, "sale")), reprint.PrintCopies(), PayAmount(500, "", WECHAT), AskLook(MEITUAN),
        ),
    ),
    (ledgers.kept_after_a_cut, lambda counter: (hold.RecallKept(), hold.DropKept())),
    (ledgers.unfinished_after_a_cut, slips),
    (
        lambda folder: ledgers.idle(folder).scan(COLA),
        lambda counter: (sale.CancelBasket(), sale.RemoveLine(0), sale.SetQuantity(0, 2_000)),
    ),
    (ledgers.reduced_basket, lambda counter: (prices.TakeBackReductions(),)),
    (ledgers.for_adults, lambda counter: (RefuseAge(), ConfirmAge())),
    (held, lambda counter: (hold.RecallHold(1), hold.DropHold(1, "left"))),
    (linked(ledgers.shift_handed_over), lambda counter: (day.PrintDetail(1), day.SettleNow(1))),
    (ledgers.settled_unevenly, lambda counter: (day.PrintReconciliation(1),)),
    (lambda folder: ledgers.shift_handed_over(folder).keys("MENU 8 4 OK F1"), lambda counter: (day.ReopenDay("other"),)),
    (ledgers.drawer_by_key, lambda counter: (ReleaseDrawer(newest(counter, "sale")),)),
    (ledgers.full_batch, lambda counter: (RollShift(),)),
    (ledgers.parked_orders, parked),
    (ledgers.unknown_payment, lambda counter: (CancelPayment(order_no(counter)), AskAbout(order_no(counter)))),
    (ledgers.half_paid, lambda counter: (checkout.TakeRest(50_000), checkout.TakeCard(100, "123456789012"))),
    (looks.refused, refused_refund),
    (looks.left_open, reserved),
    (with_a_voucher, lambda counter: (TakeVoucherOff(0),)),
    (voucher_codes.voucher_leaves, lambda counter: (TakeBackUse(use(counter)),)),
    (voucher_codes.registering, lambda counter: (RegisterVoucher(MEITUAN, False, "meituan", 500),)),
    (voucher_codes.vouchers_pending, lambda counter: (UndoVoucher(use(counter)), HandleVoucher(use(counter)))),
    (voucher_codes.to_verify_again, lambda counter: (VerifyAgain(use(counter)),)),
)  # fmt: skip
"""A counter, and what is given there: nothing is done, so that one counter serves many."""
