"""A terminal at each screen of giving back, for goldens, the walk and the codes."""

from pathlib import Path

import msgspec

from rules.slip_code import slip_code
from tests.counter import APPLE_5_YUAN, COLA, Counter
from tests.giving import shop
from wire.facts import Line, RefundSent
from wire.messages import AnswerReserve, AnswerSale, AskReserve

MIXED = (
    Line("010001", "可口可乐500ml", 3000, 350, 1050, "瓶", net_fen=945),
    Line("090001", "红富士苹果", 735, 1280, 941, "kg", weighed=True, net_fen=941),
    Line("020002", "特仑苏纯牛奶250ml*12", 1000, 6500, 6500, "箱", net_fen=6500),
    Line("030003", "洗洁精", 1000, 1290, 1290, "瓶", net_fen=1290),
)


def till(folder: Path, **sections: dict) -> Counter:
    """A supervisor sells for cash: three goods."""
    counter = shop.as_supervisor(shop.shop(folder, **sections))
    return counter.scan(COLA).scan(COLA).scan(APPLE_5_YUAN).keys("OK OK OK")


def mixed(folder: Path) -> Counter:
    """A sale paid by code, card and cash; on line."""
    counter = shop.online(till(folder))
    shop.sold(counter, *MIXED, codes=(5000,), card=3000)
    return counter


def mixed_found(folder: Path) -> Counter:
    """That sale on the screen."""
    return mixed(folder).keys("MENU 5 2 OK")


def granted(counter: Counter) -> Counter:
    """The backend keeps the goods."""
    asks = [effect.ask for effect in counter.out if type(effect).__name__ == "Ask"]
    ask = next(each for each in reversed(asks) if isinstance(each, AskReserve))
    shop.answer(counter, AnswerReserve(ask.refund_no, granted=True))
    return counter


def given(folder: Path) -> Counter:
    """By code, card and cash, just given back."""
    return granted(mixed(folder).keys("MENU 5 2 OK OK 1 1 2 3 4 5 6 7 8 9 0 1 2 OK OK"))


def refused(folder: Path, code: int = 5017) -> Counter:
    """The channel refused its part."""
    counter = given(folder)
    (sent,) = shop.of_kind(counter, RefundSent)
    shop.heard(counter, sent.refund_no, "failed", code)
    return counter


def refused_list(folder: Path) -> Counter:
    """That part on the list."""
    return refused(folder).keys("OK MENU 5 F2")


def looking(folder: Path) -> Counter:
    """Another terminal's slip, asked for."""
    return shop.online(till(folder)).keys("MENU 5").scan(slip_code("00019999", 3, 7, 1))


def elsewhere(folder: Path) -> Counter:
    """A sale of another terminal, of which a piece went back."""
    counter = shop.online(till(folder))
    known = shop.sold(counter, *MIXED)
    counter.keys("MENU 5").scan(slip_code("00019999", 3, 7, 1))
    sale = msgspec.structs.replace(known.sale, batch=7, trace=1)
    shop.answer(counter, AnswerSale(
        "00019999-000007-000001", 0, "00019999", 77, 30, known.origin.at_ms, sale, {"0": 1000}, 315,
    ))  # fmt: skip
    return counter


def reserving(folder: Path) -> Counter:
    """Its goods are being reserved."""
    return elsewhere(folder).keys("OK 1 OK")


def left_open(folder: Path) -> Counter:
    """A reservation nobody answered, on the list."""
    return reserving(folder).keys("CANCEL MENU 5 F2")


SCREENS = {
    "giveback": lambda folder: till(folder).keys("MENU 5 1 2 3 * 4 5"),
    "giveback_open": lambda folder: refused(folder).keys("OK MENU 5"),
    "looking": looking,
    "found": lambda folder: till(folder).keys("MENU 5 1 OK"),
    "found_elsewhere": elsewhere,
    "lines": lambda folder: mixed(folder).keys("MENU 5 2 OK F1 2 OK DOWN"),
    "lines_typed": lambda folder: mixed(folder).keys("MENU 5 2 OK F1 2 OK DOWN 3 8 5"),
    "why": lambda folder: mixed(folder).keys("MENU 5 2 OK OK"),
    "cardback": lambda folder: mixed(folder).keys("MENU 5 2 OK OK 1 1 2 3 4"),
    "confirm_back": lambda folder: mixed(folder).keys("MENU 5 2 OK OK 1 1 2 3 4 OK"),
    "reserving": reserving,
    "givenback": given,
    "givenback_cash": lambda folder: till(folder).keys("MENU 5 1 OK OK 2 OK"),
    "givenback_failed": refused,
    "recent_sales": lambda folder: mixed(folder).keys("MENU 5 F1"),
    "open_refunds": refused_list,
    "open_reservation": left_open,
    "in_cash": lambda folder: refused_list(folder).keys("OK"),
}
"""Name -> a terminal at that screen."""
