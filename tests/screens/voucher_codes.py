"""How each code about vouchers is reached from keys, scans and what the backend answers (decisions 30)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.events import Answered, LinkUp
from rules.deals import Deal, PackageItem
from tests.counter import APPLE_5_YUAN, Counter
from tests.payments.till import WECHAT
from tests.screens import ledgers
from tests.vouchers.till import MEITUAN, OWN, VoucherTill, coupon, vouchers
from wire.vouchers import AnswerDeals, AnswerVoucherLook, AskVoucherLook, PlatformState, Used

Way = Callable[[Path], Counter]
DAY, DAY_BEFORE, DAY_AFTER = "2026-11-22", "2026-11-21", "2026-11-23"


def deal(**more: Any) -> Deal:
    """A cash voucher of 5.00."""
    said: dict[str, Any] = {
        "platform": "meituan",
        "deal_id": "4001",
        "title": "5元代金券",
        "kind": "cash",
        "face_fen": 500,
    }
    return Deal(**{**said, **more})


@dataclass(frozen=True)
class Offered:
    """A voucher of a deal is shown for two colas; then `keys`."""

    rules: Deal
    keys: str = ""
    more: tuple[tuple[str, Any], ...] = ()

    def __call__(self, folder: Path) -> VoucherTill:
        shown = coupon(deal=self.rules, kind=self.rules.kind, **dict(self.more))
        till = vouchers(folder).basket(2).code().prepared(shown)
        assert till.screen == "CouponView"
        return till.keys(self.keys) if self.keys else till  # type: ignore[return-value]


@dataclass(frozen=True)
class Said:
    """The backend says why not, of a code that was typed."""

    code: int

    def __call__(self, folder: Path) -> VoucherTill:
        return vouchers(folder).basket(2).code().prepared(code=self.code)


@dataclass(frozen=True)
class Consumed:
    """A voucher left, and the backend says what became of it."""

    state: str
    code: int = 0
    count: int = 1

    def __call__(self, folder: Path) -> VoucherTill:
        till = vouchers(folder).basket(2).code().prepared(coupon(face_fen=200, count=self.count))
        till.keys("UP OK" if self.count > 1 else "OK").keys("CANCEL CANCEL CANCEL OK OK")
        assert till.screen == "VoucherWait"
        return till.says(self.state, code=self.code, consumed=1 if self.count > 1 else 0)


@dataclass(frozen=True)
class Kept:
    """An order was given up, and the platform does not give its voucher back: as it stands on the list."""

    code: int = 0
    late: bool = False

    def __call__(self, folder: Path) -> VoucherTill:
        till = given_up(folder, 2 if self.late else 0).says("kept", code=self.code)
        return till.keys("OK MENU 3 2 OK")  # type: ignore[return-value]


def given_up_asked(folder: Path, undo_until_ms: int = 0) -> VoucherTill:
    """The first of two vouchers was redeemed, the second refused: what is to become of the order?"""
    till = vouchers(folder).basket(2).voucher(face_fen=300).voucher(OWN, ref="p2", face_fen=200).keys("OK OK")
    till.says("consumed", undo_until_ms=undo_until_ms).says("rejected", code=3005)
    return till.keys("OK CANCEL")  # type: ignore[no-any-return]


def given_up(folder: Path, undo_until_ms: int = 0) -> VoucherTill:
    """It was given up, the cash that was typed given back: the first voucher is being undone."""
    return given_up_asked(folder, undo_until_ms).keys("F2 OK OK")  # type: ignore[no-any-return, attr-defined]


def undo_too_late(folder: Path) -> Counter:
    """The platform said how long: after that the supervisor's try is refused on the spot."""
    till = till_of_supervisor(folder)
    till.basket(2).voucher(face_fen=300).voucher(OWN, ref="p2", face_fen=200).keys("OK OK")
    till.says("consumed", undo_until_ms=2).says("rejected", code=3005).keys("OK CANCEL F2 OK").says("kept", code=3020)
    return till.keys("OK OK MENU 3 2 OK F1")


def parked_and_refused(folder: Path) -> Counter:
    """The next customer was served already when the platform refused."""
    return vouchers(folder).basket(2).voucher(face_fen=300).keys("OK OK F1").says("rejected", code=3003)


def till_of_supervisor(folder: Path, **sections: dict[str, Any]) -> VoucherTill:
    """The supervisor sells."""
    till = ledgers.supervised(folder, ledgers.having(**sections), VoucherTill)
    assert isinstance(till, VoucherTill)
    till.keys("MENU 9 9 0 0 OK 4 8 2 9 1 7 OK").online()
    return till


REGISTERS = {"register_later": True, "register_per_day": 1}


def registered(folder: Path) -> VoucherTill:
    """Without a link the supervisor took a voucher for 5.00; the sale is done."""
    till = till_of_supervisor(folder, vouchers=REGISTERS)
    till.offline()
    till.basket(2).keys("OK MENU " + " ".join(MEITUAN) + " F1 5 0 0 OK CANCEL OK OK")
    assert "voucher_registered" in till.facts(), till.text()
    return till


def another_registered(folder: Path) -> Counter:
    """The day's count is used up: said before an amount or a PIN is typed."""
    return registered(folder).basket(2).keys("OK MENU " + " ".join(OWN) + " F1")


def typed(code: str) -> Way:
    return lambda folder: vouchers(folder).basket(2).keys("MENU 3 1 " + " ".join(code) + " OK")


def scanned(text: str, **sections: dict[str, Any]) -> Way:
    return lambda folder: vouchers(folder, **sections).basket(2).keys("MENU 3 1").scan(text)


def refused_right(folder: Path) -> Counter:
    return (
        vouchers(folder, rights={"cashier": {"voucher_redeem": "no"}})
        .basket(2)
        .keys("OK MENU")
        .keys(" ".join(MEITUAN) + " OK")
    )


def two_that_do_not_combine(folder: Path) -> Counter:
    till = vouchers(folder).basket(2).voucher(face_fen=200)
    return till.code(OWN).prepared(
        coupon(ref="p2", face_fen=200, deal=deal(deal_id="4002", face_fen=200, stack="none"))
    )


def another_shop(folder: Path) -> Counter:
    """A voucher of two other shops of the brand."""
    till = vouchers(folder, vouchers={"shop_numbers": {"meituan": "S1"}}).basket(2).code()
    return till.prepared(coupon(deal=deal(stores=("S2", "S3"))))


def too_old(folder: Path) -> Counter:
    """The platform takes no more of this release."""
    till = vouchers(folder)
    till.pass_time(1_000)
    till.step(Answered(AnswerDeals("r1", platforms=(PlatformState("meituan", 0, "9.9"),))))
    return till.basket(2).code()


def nobody_sells(folder: Path) -> Counter:
    """The shop adds what a package lacks, but has no such goods."""
    till = vouchers(folder, vouchers={"add_missing": True}).basket(2).code()
    return till.prepared(coupon(deal=PACKAGE_LACKING, kind="package")).keys("OK")


CERTAIN_HOURS = Offered(deal(weekdays=(1, 3, 5, 6), times=(("11:00", "14:00"), ("17:00", "21:00"), ("22:00", "23:30"))))
"""A voucher for other days than this Sunday, and for certain hours of them."""

PACKAGE_LACKING = deal(
    kind="package", package=(PackageItem("可乐", 1000, ("010001",)), PackageItem("奶", 1000, ("0",)))
)
PACKAGE_UNMAPPED = deal(kind="package", package=(PackageItem("双人餐"),), package_fen=500)


REFUSALS: dict[int, Way] = {
    1014: lambda folder: vouchers(folder).keys("MENU 3 4"),
    3004: Said(3004),
    3005: Offered(deal(valid_to=DAY_BEFORE), "OK"),
    3006: Offered(deal(valid_from=DAY_AFTER), "OK"),
    3007: lambda folder: another_shop(folder).keys("OK"),
    3008: Offered(deal(blackout_dates=(DAY,)), "OK"),
    3009: Offered(deal(min_spend_fen=1_000), "OK"),
    3010: lambda folder: two_that_do_not_combine(folder).keys("OK"),
    3011: Offered(deal(max_per_order=1, face_fen=200), "UP OK", (("count", 3), ("face_fen", 200))),
    3012: Offered(deal(min_per_order=2, face_fen=200), "OK", (("count", 3), ("face_fen", 200))),
    3013: Offered(deal(include_skus=("nothing",)), "OK"),
    3016: Said(3016),
    3019: undo_too_late,
    3020: Kept(3020),
    3021: lambda folder: given_up(folder).says("kept", code=3021),
    3022: Consumed("unknown"),
    3023: lambda folder: vouchers(folder).basket(2).voucher().code(),
    3027: nobody_sells,
    3028: Offered(deal(need_booking=True), "OK"),
    3029: Offered(deal(dine_in_only=True), "OK"),
    3030: lambda folder: vouchers(folder).basket(2).offline().code(),
    3031: lambda folder: registered(folder).keys("OK MENU 3 2 OK"),
    3032: Offered(deal(face_fen=900), "OK", (("face_fen", 900),)),
    3033: another_registered,
    3034: Offered(PACKAGE_UNMAPPED, "OK"),
    3035: Consumed("consumed", count=2),
    3036: Consumed("rejected"),
    6008: lambda folder: redeemed_first(folder).scan(WECHAT),
    9015: too_old,
}  # fmt: skip
"""Codes the terminal's own commands name."""

RULES: dict[int, Way] = {
    3001: typed("12345"),
    3005: Offered(deal(valid_to=DAY_BEFORE)),
    3006: Offered(deal(valid_from=DAY_AFTER)),
    3007: another_shop,
    3008: Offered(deal(blackout_dates=(DAY,))),
    3009: Offered(deal(min_spend_fen=1_000)),
    3010: two_that_do_not_combine,
    3011: Offered(deal(max_per_order=1), "UP", (("count", 3),)),
    3012: Offered(deal(min_per_order=2), "", (("count", 3),)),
    3013: Offered(deal(exclude_skus=("010001",))),
    3024: scanned("https://example.com/coupon/1"),
    3025: scanned("https://www.kuaishou.com/q/1"),
    3027: Offered(PACKAGE_LACKING),
    3028: Offered(deal(need_booking=True)),
    3029: Offered(deal(first_time_only=True)),
    3032: Offered(deal(face_fen=900)),
    3033: Offered(deal(per_day_max=1, face_fen=200), "UP", (("count", 2),)),
    3034: Offered(PACKAGE_UNMAPPED),
}  # fmt: skip
"""Codes the rules find before anything is asked, on the voucher's own screen."""

PLATFORM: dict[int, Way] = {
    code: Said(code)
    for code in (
        2010,
        2011,
        3002,
        3003,
        3004,
        3005,
        3006,
        3007,
        3008,
        3014,
        3015,
        3016,
        3017,
        3018,
        3024,
        3025,
        3026,
        3027,
        3036,
    )
} | {1004: lambda folder: _silent(vouchers(folder).basket(2).code())}
"""What a platform says of a code (domain 4)."""


def _silent(till: VoucherTill) -> VoucherTill:
    till.pass_time(11_000)
    return till


def coupons_shown(folder: Path) -> Counter:
    """Two coupons under one code."""
    both = (coupon(), coupon(ref="p2", kind="percent", percent=85, face_fen=0, title="85折券", count=2))
    return vouchers(folder).basket(2).code().prepared(*both)


def lost_value(folder: Path) -> Counter:
    """Two vouchers of 5.00 for 7.00: one and other money is the better split."""
    return vouchers(folder).basket(2).code().prepared(coupon(count=2, deal=deal())).keys("UP")


def unmapped_package(folder: Path) -> Counter:
    """A package that nobody mapped, before a supervisor."""
    till = till_of_supervisor(folder).basket(2).code()
    return till.prepared(coupon(kind="package", deal=PACKAGE_UNMAPPED))


def voucher_in_basket(folder: Path) -> Counter:
    """One voucher is taken; the voucher screen is open."""
    return vouchers(folder).basket(2).voucher().keys("MENU 3 1")


def misfit(folder: Path) -> Counter:
    """Two vouchers were taken; then goods went out, and one of them needs more than is left."""
    till = vouchers(folder).basket(2).scan(APPLE_5_YUAN)
    till.voucher(face_fen=200, deal=deal(face_fen=200, min_spend_fen=800))
    till.voucher(OWN, ref="p2", face_fen=100, deal=deal(deal_id="4002", face_fen=100))
    return till.keys("CLEAR MENU 3 1")  # type: ignore[no-any-return]


def may_register(folder: Path) -> Counter:
    """A supervisor at a shop that registers vouchers, without a link."""
    return till_of_supervisor(folder, vouchers=REGISTERS).offline().basket(2).keys("OK MENU")


def voucher_leaves(folder: Path) -> Counter:
    """One is under way, with cash kept."""
    return vouchers(folder).basket(2).voucher(face_fen=200).keys("OK OK")


def voucher_unknown_after_a_cut(folder: Path) -> Counter:
    """Nobody knows what became of it; the backend is asked."""
    till = voucher_leaves(folder)
    till.cut()
    till.boot().sign_on()
    till.step(LinkUp())  # type: ignore[attr-defined]
    till.pass_time(1_000)
    return till


def voucher_waits_for_the_link(folder: Path) -> Counter:
    """A card paid the rest while there was no link: the voucher could not leave yet."""
    return vouchers(folder).basket(2).voucher().offline().keys("OK # 1 2 3 4 5 6 7 8 9 0 1 2 OK OK")


def vouchers_pending(folder: Path) -> Counter:
    """A supervisor looks at one the platform did not give back."""
    till = till_of_supervisor(folder).basket(2)
    till.voucher(face_fen=300).voucher(OWN, ref="p2", face_fen=200).keys("OK OK")
    till.says("consumed").says("rejected", code=3005).keys("OK CANCEL F2 OK").says("kept", code=3020)
    return till.keys("OK OK MENU 3 2 OK")


def registering(folder: Path) -> Counter:
    """A supervisor types what a voucher is for; there is no link."""
    till = till_of_supervisor(folder, vouchers=REGISTERS)
    till.offline()
    return till.basket(2).keys("OK MENU " + " ".join(MEITUAN) + " F1")


def verified_later(folder: Path) -> Counter:
    """The link is back: what was registered is being redeemed."""
    till = registered(folder)
    till.keys("OK").step(LinkUp())
    return till


def refused_curably(folder: Path, code: int = 2010) -> VoucherTill:
    """What was registered is refused: for 2010 because the shop has not authorised the platform, or for another code."""
    till = registered(folder)
    till.online()
    till.pass_time(1_000)
    return till.says("rejected", code=code)


def to_verify_again(folder: Path) -> Counter:
    """A supervisor looks at one that may be verified once more."""
    return refused_curably(folder).keys("OK MENU 3 2 OK")


def voucher_looked_up(folder: Path) -> Counter:
    """The backend is asked where a code was used."""
    return vouchers(folder).keys("MENU 3 3 " + " ".join(MEITUAN) + " OK")


def found_elsewhere(folder: Path) -> Counter:
    """It was redeemed at another terminal."""
    till = vouchers(folder).keys("MENU 3 3 " + " ".join(MEITUAN) + " OK")
    ask = till.asks(AskVoucherLook)[-1]  # type: ignore[attr-defined]
    used = Used("00010024", 7, 9, 1_795_300_000_000)
    till.step(Answered(AnswerVoucherLook(ask.look_no, 0, (used,))))
    return till


def platform_unknown(folder: Path) -> Counter:
    """Nine digits are nobody's for sure."""
    return vouchers(folder).basket(2).keys("MENU 3 1 1 2 3 4 5 6 7 8 9 OK")


def redeemed_first(folder: Path) -> Counter:
    """A shop that redeems before it takes other money."""
    return vouchers(folder, vouchers={"consume_first": True}).basket(2).voucher(face_fen=200).keys("OK")


def _named(code: int) -> Way:
    def ledger(folder: Path) -> Counter:
        return REFUSALS[code](folder)

    ledger.__name__ = f"code_{code}"
    return ledger


WALKED = (
    3004, 3005, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3013, 3016, 3019, 3021, 3027, 3028, 3029, 3031, 3033, 3035,
    9015,
)  # fmt: skip
"""Codes whose screens are walked from."""

LEDGERS: tuple[Way, ...] = (
    coupons_shown, lost_value, unmapped_package, voucher_in_basket, voucher_leaves, voucher_unknown_after_a_cut,
    voucher_waits_for_the_link, vouchers_pending, registering, verified_later, to_verify_again, voucher_looked_up,
    platform_unknown, redeemed_first,
    *map(_named, WALKED),
)  # fmt: skip
"""Where walks about vouchers begin."""

SCREENS: dict[str, Way] = {
    "voucher_entry": lambda folder: vouchers(folder).basket(2).keys("MENU 3 1 1 2 3 4 5 6 7 8 9"),
    "voucher_taken": voucher_in_basket,
    "voucher_basket": lambda folder: vouchers(folder).basket(2).voucher(),
    "voucher_pay": lambda folder: vouchers(folder).basket(2).voucher().keys("OK"),
    "voucher_platform": platform_unknown,
    "voucher_check": lambda folder: vouchers(folder).basket(2).code(),
    "voucher_used": Said(3003),
    "voucher_coupons": coupons_shown,
    "voucher_question": lambda folder: vouchers(folder).basket(2).scan(MEITUAN),
    "voucher_expired": RULES[3005],
    "voucher_elsewhere": RULES[3007],
    "voucher_hours": CERTAIN_HOURS,
    "voucher_hours_refused": lambda folder: CERTAIN_HOURS(folder).keys("OK"),
    "voucher_alone": RULES[3010],
    "voucher_misfit": lambda folder: misfit(folder),
    "voucher_misfit_basket": lambda folder: misfit(folder).keys("CANCEL CANCEL CANCEL"),
    "voucher_may_register": lambda folder: may_register(folder),
    "voucher_one_registered": lambda folder: registering(folder).keys("5 0 0 OK"),
    "voucher_no_room": another_registered,
    "voucher_sold": lambda folder: voucher_leaves(folder).says("consumed"),
    "voucher_coupon": Offered(deal(valid_to=DAY)),
    "voucher_lost": lost_value,
    "voucher_unmapped": unmapped_package,
    "voucher_lines": lambda folder: unmapped_package(folder).keys("F1 OK"),
    "voucher_register": lambda folder: registering(folder).keys("5 0 0"),
    "voucher_wait": voucher_leaves,
    "voucher_unknown": Consumed("unknown"),
    "voucher_refused": Consumed("rejected", 3003),
    "voucher_partly": Consumed("consumed", count=2),
    "voucher_told": parked_and_refused,
    "voucher_kept": lambda folder: given_up(folder).says("kept", code=3020),
    "voucher_give_up": lambda folder: given_up_asked(folder).keys("F2"),
    "voucher_offline": voucher_waits_for_the_link,
    "voucher_list": lambda folder: vouchers_pending(folder).keys("CANCEL"),
    "voucher_use": vouchers_pending,
    "voucher_again": to_verify_again,
    "voucher_look": lambda folder: vouchers(folder).keys("MENU 3 3 1 2 3 4 5"),
    "voucher_looked": voucher_looked_up,
    "voucher_found": found_elsewhere,
}
"""The pictures of the voucher screens."""

GROUP = range(3001, 3037)
"""All of group 3 has a way here."""

TOLD = {3004, 3021, 3022, 3031, 3035}
"""Told to the backend at once, and shown where the voucher is."""
