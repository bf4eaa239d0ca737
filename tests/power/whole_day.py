"""Everything the counter can do with money, from the float to the Z, for cuts and kills at any moment of it."""

from firmware.events import EpochAnswered, Key, KeyPressed, LinkUp
from firmware.txn import closing, numbers, original, shift, till
from firmware.txn.cash import MoveCash
from firmware.txn.checkout import DropOrder, ParkOrder, ResumeOrder, TakeCard, TakeRest
from firmware.txn.collect import SendCode
from firmware.txn.command import Command
from firmware.txn.day import CloseDay, PrintX, ReopenDay, SettleNow
from firmware.txn.drawer import OpenDrawer
from firmware.txn.handover import CloseShift, OpenShift
from firmware.txn.hold import DropHold, HoldBasket, RecallHold
from firmware.txn.original import Original
from firmware.txn.prices import Discount
from firmware.txn.refund import RefundGoods, VoidSale
from firmware.txn.reprint import Reprint
from firmware.txn.reserve import UseReservation
from rules.money import DENOMINATIONS_FEN, change_pieces
from tests.counter import COLA
from tests.power.sell import EPOCH, QUIET_MS, Seller

CODE = "134567890123456789"
SUPERVISOR_KEYS = "MENU 9 9 0 0 OK 1 2 3 4 5 6 OK 4 8 2 9 1 7 OK 4 8 2 9 1 7 OK"


def play(seller: Seller) -> None:
    """Two shifts of one business day, its Z, opened again, and the next morning. A supervisor works alone."""
    seller.boot().open_for_business()
    seller.keys(SUPERVISOR_KEYS)
    seller.backend = True
    seller.step(LinkUp())
    seller.step(EpochAnswered(EPOCH, 1))
    codes_and_cards(seller)
    holds(seller)
    giving_back(seller)
    slips_and_drawer(seller)
    handed_over(seller)
    seller.did(OpenShift(20_000, closing.days(seller.ledger)[0].date))
    assert seller.sell()
    handed_over(seller)
    seller.did(CloseDay())
    seller.did(ReopenDay("late_sale"))
    seller.did(CloseDay())
    seller.pass_time(QUIET_MS)
    seller.stop()


def codes_and_cards(seller: Seller) -> None:
    """A code that pays, one that fails, one nobody knows of and is parked, one given up, a split with card and cash."""
    seller.sell(COLA, COLA)
    basket(seller, 2).did(SendCode(CODE))
    seller.says = ["failed"]
    basket(seller).did(SendCode(CODE))
    seller.says = ["paid"]
    seller.did(SendCode(CODE))
    seller.says = ["unknown"]
    basket(seller, 3).did(SendCode(CODE), ParkOrder())
    parked = numbers.last_trace(seller.ledger)
    seller.sell()
    basket(seller, 3).did(Discount(0, amount_fen=50, reason="damaged"), TakeCard(300, "123456789012", "4321"))
    seller.did(TakeRest(2_000))
    seller.pass_time(QUIET_MS)
    seller.pass_time(90_000)  # the deadline of what is unknown: it is reversed
    seller.did(ResumeOrder(parked), DropOrder(parked))


def holds(seller: Seller) -> None:
    """Put aside, taken back and sold, put aside and given up."""
    basket(seller, 2).did(HoldBasket(print_slip=True))
    basket(seller).did(HoldBasket())
    seller.did(RecallHold(1))
    home(seller).keys("OK F2 OK")
    seller.did(DropHold(2, "left"))


def giving_back(seller: Seller) -> None:
    """A void in cash, refunds by the channel: done, in progress and then done."""
    given(seller, VoidSale(sale(seller, 1), "customer"))
    seller.says = ["processing"]
    given(seller, RefundGoods(sale(seller, 2), ((0, 1_000),), "customer"))
    seller.pass_time(60_000)
    given(seller, RefundGoods(sale(seller, 2), ((0, 1_000),), "customer"))


def given(seller: Seller, command: Command) -> None:
    """The goods are reserved at the backend first; its answer is used as the screen would."""
    seller.step(LinkUp())
    seller.did(command)
    ((number,),) = seller.ledger.read("SELECT reserve_no FROM reservation")
    seller.did(UseReservation(number))
    home(seller)


def slips_and_drawer(seller: Seller) -> None:
    """Copies, an opening without a sale, cash put in and taken out, X."""
    seller.did(Reprint(sale(seller, 1).origin.seq, "customer"))
    seller.did(Reprint(sale(seller, 1).origin.seq, "jam"))
    seller.pass_time(5_000)
    seller.did(OpenDrawer("no_sale", "change"))
    seller.pass_time(5_000)
    seller.did(MoveCash("in", 5_000, "change"))
    seller.did(MoveCash("out", 2_000, "deposit"))
    seller.did(PrintX())


def handed_over(seller: Seller) -> None:
    """The shift counted and closed, its batch compared with the backend's."""
    expected = till.expected_cash(closing.running(seller.ledger))
    open_shift = shift.current(seller.ledger)
    assert open_shift is not None
    seller.did(CloseShift(change_pieces(expected, DENOMINATIONS_FEN)))
    seller.step(LinkUp())
    seller.did(SettleNow(open_shift.batch))
    home(seller)


def basket(seller: Seller, pieces: int = 1) -> Seller:
    home(seller)
    for _ in range(pieces):
        seller.scan(COLA)
    return seller


def home(seller: Seller) -> Seller:
    """Back to where goods are scanned."""
    for _ in range(6):
        if seller.screen in ("Idle", "BasketScreen", "Wizard"):
            return seller
        seller.read_notices()
        seller.step(KeyPressed(Key.CANCEL))
    raise AssertionError(seller.text())


def sale(seller: Seller, number: int) -> Original:
    """The so-manieth sale of the day."""
    (seq,) = seller.ledger.read("SELECT seq FROM receipt ORDER BY seq LIMIT 1 OFFSET ?", number - 1)[0]
    found = original.of_seq(seller.ledger, seller.ledger.terminal, seq)
    assert found is not None
    return found
