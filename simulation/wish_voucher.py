"""Wishes about vouchers: typed, redeemed as the last step of a sale, given back, registered without a link; with whatever
the platforms do about it (domain 3)."""

from firmware.events import Key
from firmware.view import Para
from fleet.vouchers.script import CallName, Play, VoucherStep
from rules.demo_vouchers import SampleCoupon, demo_vouchers
from simulation import sight
from simulation.clerk import Clerk, Job, Lost
from simulation.goods import shelf
from simulation.link import NOTICED_MS
from simulation.wish_money import card_slip, leave_order, pay_code, to_payment
from simulation.wishes import choose, goods

PLAYS: tuple[Play, ...] = ("success", "refuse", "error", "silent", "lost", "late", "double", "part", "outage")
WEIGHTS = (50, 7, 6, 6, 8, 8, 7, 5, 3)
LATER: tuple[tuple[CallName, Play], ...] = (
    ("prepare", "silent"), ("prepare", "refuse"), ("prepare", "double"), ("query", "silent"), ("query", "error"),
    ("query", "lost"), ("undo", "silent"), ("undo", "refuse"), ("undo", "lost"), ("undo", "double"), ("undo", "late"),
)  # fmt: skip
"""What may go wrong at a platform with other requests, by their name."""

LOOKS_MAX = 150
REFUSALS = (3004, 3014, 3005, 3036)
CURABLE = (2010, 2011, 3025)
"""Refusals of a platform that somebody can mend: what was taken without a link is verified once more then."""

DECIDED = ("voucherstate__consumed", "voucherstate__rejected", "voucherstate__undone", "voucherstate__kept")


def a_voucher(clerk: Clerk) -> str:
    """A voucher's code of one of the platforms, with what the platform is going to do about it."""
    rng = clerk.clock.rng
    code, several = _a_code(clerk)
    play = "part" if several and rng.random() < 0.3 else rng.choices(PLAYS, WEIGHTS)[0]
    met = clerk.machine.met
    if play != "success":
        ours = rng.choice(REFUSALS) if play == "refuse" else 0
        clerk.backend.platforms.script(
            VoucherStep(play, code_ends=code[-8:], ours=ours, after_ms=rng.randint(2_000, 90_000))
        )
        met.count(met.faults, f"platform_consume_{play}")
    if rng.random() < 0.25:
        call, later = rng.choice(LATER)
        ours = rng.choice((3019, 3020)) if (call, later) == ("undo", "refuse") else rng.choice(REFUSALS)
        clerk.backend.platforms.script(
            VoucherStep(later, call=call, ours=ours if later == "refuse" else 0, after_ms=rng.randint(1_000, 60_000))
        )
        met.count(met.faults, f"platform_{call}_{later}")
    return code


def _a_code(clerk: Clerk) -> tuple[str, bool]:
    """A code nobody has used, and whether it stands for more than one voucher."""
    rng = clerk.clock.rng
    spec = rng.choice([each for each in demo_vouchers().coupon if _fair(each)])
    code = spec.prefix + "".join(rng.choice("0123456789") for _ in range(spec.digits))
    clerk.day.voucher_codes.add(code)
    clerk.memory["several"] = spec.count > 1
    return code, spec.count > 1


def _fair(spec: SampleCoupon) -> bool:
    """Cards that are what they say: what goes wrong is the script's here."""
    return not (spec.play or spec.state or spec.valid_to or spec.shop) and (spec.digits > 0 or spec.platform == "own")


def take_voucher(clerk: Clerk, code: str) -> Job:
    """From the payment screen: the code typed or scanned, one coupon taken if it may be; ends where it began."""
    clerk.press(Key.MENU)
    yield from clerk.pause()
    if clerk.screen != "VoucherEntry":
        return
    if code.isdigit() and clerk.clock.rng.random() < 0.7:
        clerk.type(code)
        clerk.press(Key.F1)  # registers it where there is no link and the shop allows it, else nothing
        if clerk.screen == "VoucherEntry":
            clerk.press(Key.OK)
    else:
        clerk.scan(code)
    for _ in range(60):
        yield from clerk.pause(200, 700)
        match clerk.screen:
            case "VoucherCheck":
                if sight.codes(clerk.view):
                    clerk.press(Key.OK)
            case "PlatformChoice" | "Coupons":
                clerk.press(Key.OK)
            case "CouponView":
                yield from _coupon(clerk)
            case "VoucherEntry":
                if clerk.clock.rng.random() < 0.08:
                    clerk.press(Key.CLEAR)  # taken off again
                    yield from clerk.pause()
                clerk.press(Key.CANCEL)
                yield from clerk.pause()
                return
            case "RegisterAmount":  # without a link, at the shop's risk; a supervisor stands by it
                clerk.type(str(clerk.clock.rng.choice((500, 1_000, 2_000))))
                clerk.press(Key.OK)
                clerk.machine.met.count(clerk.machine.met.faults, "voucher_registered")
            case "VoucherLines":
                clerk.press(Key.OK, Key.F1)
            case "Cash" | "Idle" | "BasketScreen" | "VoucherWait":
                return
            case _:
                pass
    raise Lost(f"no voucher taken, {clerk.screen} is there")


def _coupon(clerk: Clerk) -> Job:
    """Look at it, take it; what stands in its way is agreed to, or it is left."""
    codes = sight.codes(clerk.view)
    if clerk.clock.rng.random() < 0.3:
        clerk.press(clerk.clock.rng.choice((Key.UP, Key.UP, Key.F2)))
        yield from clerk.pause()
    if not codes:
        clerk.press(Key.OK)
    elif clerk.clock.rng.random() < 0.7 and set(codes) & {"3032", "3028", "3029", "3034"}:
        clerk.press(Key.F1)
        yield from clerk.pause()
        if clerk.screen == "CouponView":
            clerk.press(Key.OK)
    else:
        clerk.press(Key.CANCEL)
    yield from clerk.pause()
    if clerk.screen == "CouponView" and sight.codes(clerk.view):
        clerk.press(Key.CANCEL)


def state(clerk: Clerk) -> str:
    """What the voucher's screen says, in its large words."""
    large = (block.text for block in clerk.view.body if isinstance(block, Para) and block.large)
    return next((sight.key_of(words) for words in large), "")


def pay_rest(clerk: Clerk) -> Job:
    """What the vouchers leave, in cash; nothing when they pay for all. Then the vouchers' own screen until it is decided."""
    if clerk.screen != "Cash":
        return
    due = sight.big(clerk.view, "cash__due") or 0
    paid = due
    clerk.hopes("sale", due)
    if due and clerk.clock.rng.random() < 0.5:
        paid = due + clerk.clock.rng.randint(0, 9_000)
        clerk.type(str(paid))
        yield from clerk.pause()
        if clerk.screen != "Cash":
            raise Lost("something came between")
        clerk.press(Key.OK)
    else:
        clerk.press(Key.F1 if due else Key.OK)
    yield from redeemed(clerk, paid)


def redeemed(clerk: Clerk, paid: int) -> Job:
    """Until the sale is done, or the vouchers' screen or the payment's says that it is not."""
    for _ in range(LOOKS_MAX):
        yield clerk.clock.soon_ms(300, 1_200)
        match clerk.screen:
            case "AskSlip" | "Notice":
                clerk.press(Key.OK)
            case "Sold":
                change = sight.big(clerk.view, "done__change")
                clerk.moved(paid - (change or 0))  # without cash there is no change to be shown
                return
            case "VoucherWait":
                if state(clerk) in DECIDED:
                    clerk.press(Key.OK)
                elif clerk.clock.rng.random() < 0.015:
                    clerk.press(clerk.clock.rng.choice((Key.F1, Key.F2)))
                    clerk.machine.met.count(clerk.machine.met.faults, "voucher_left")
            case "Cash":  # a voucher was refused: the order waits, the cash is still the customer's
                clerk.failed()
                if clerk.clock.rng.random() < 0.5:
                    yield from pay_rest(clerk)
                else:
                    yield from leave_order(clerk)
                return
            case "Idle" | "Overpaid":
                return
            case _:
                pass


def for_the_deal(clerk: Clerk) -> Job:
    """Goods a customer with vouchers would bring: some of the packages', and enough for the minimum."""
    rng = clerk.clock.rng
    yield from goods(clerk)
    wanted = [sku for deal in demo_vouchers().deal for item in deal.package for sku in item.skus]
    by_sku = {piece.sku: piece for piece in shelf().pieces}
    for sku in wanted if rng.random() < 0.4 else ():
        if sku in by_sku:
            for _ in range(rng.randint(1, 2)):
                clerk.scan(by_sku[sku].barcodes[0])
                yield from clerk.pause(500, 1_200)
    if rng.random() < 0.6:
        yield from goods_on_top(clerk)
    yield from clerk.until("BasketScreen")
    clerk.press(Key.OK)
    yield from clerk.until("Cash")


def voucher(clerk: Clerk) -> Job:
    """Goods, one voucher or two, the rest in cash or by code."""
    yield from for_the_deal(clerk)
    for _ in range(1 if clerk.clock.rng.random() < 0.8 else 2):
        yield from take_voucher(clerk, a_voucher(clerk))
        if clerk.screen != "Cash":
            break
    if clerk.screen == "Cash" and clerk.clock.rng.random() < 0.2:
        yield from pay_code(clerk)
        if clerk.screen == "VoucherWait":
            yield from redeemed(clerk, 0)
    else:
        yield from pay_rest(clerk)
    yield from leave_order(clerk)


def voucher_regret(clerk: Clerk) -> Job:
    """A voucher is taken, then the customer goes: the order is given up in the middle."""
    yield from for_the_deal(clerk)
    yield from take_voucher(clerk, a_voucher(clerk))
    if clerk.screen == "Cash":
        due = sight.big(clerk.view, "cash__due") or 0
        if due > 200:
            clerk.press(Key.STAR)
            clerk.type(str(due // 2))
            yield from clerk.pause()
            yield from pay_code(clerk)
    yield from leave_order(clerk)


def voucher_and_card(clerk: Clerk) -> Job:
    """The rest goes through the shop's own card terminal, which needs no link; ours is gone meanwhile, and the voucher is
    redeemed once it is back."""
    yield from for_the_deal(clerk)
    yield from take_voucher(clerk, a_voucher(clerk))
    if clerk.screen == "Cash" and (sight.big(clerk.view, "cash__due") or 0):
        yield from _without_link(clerk, 20_000)
        clerk.press(Key.HASH)
        yield from card_slip(clerk)
        yield from redeemed(clerk, 0)
    yield from leave_order(clerk)


def _without_link(clerk: Clerk, for_ms: int) -> Job:
    """The radio is switched off until somebody sees it; returns once the terminal knows."""
    link = clerk.machine.link

    def becomes(there: bool) -> None:
        link.radio = there
        link.changes()

    becomes(False)
    clerk.clock.after(NOTICED_MS[1] + for_ms, lambda: becomes(True))
    yield NOTICED_MS[1] + 100


def voucher_twice(clerk: Clerk) -> Job:
    """The same code again: in the same sale, and after it was used."""
    code = a_voucher(clerk)
    for _ in range(2):
        yield from for_the_deal(clerk)
        yield from take_voucher(clerk, code)
        if clerk.screen == "Cash" and clerk.clock.rng.random() < 0.4:
            yield from take_voucher(clerk, code)
        yield from pay_rest(clerk)
        yield from leave_order(clerk)
        yield from clerk.pause(500, 2_000)


def voucher_nonsense(clerk: Clerk) -> Job:
    """What is no voucher, where one belongs."""
    yield from to_payment(clerk)
    junk = (
        "1234567",
        "6901234567892",
        "134512345678901234",
        "https://example.org/x",
        "ABC",
        "1" * 21,
        "8800000000000000",
    )
    yield from take_voucher(clerk, clerk.clock.rng.choice(junk))
    yield from leave_order(clerk)


def basket_changed(clerk: Clerk) -> Job:
    """A voucher is prepared, then the basket changes before it is redeemed."""
    yield from for_the_deal(clerk)
    yield from take_voucher(clerk, a_voucher(clerk))
    if clerk.screen == "Cash":
        clerk.press(Key.CANCEL)
        yield from clerk.until("BasketScreen", "GiveUp")
        if clerk.screen == "GiveUp":
            yield from leave_order(clerk)
            return
        yield from goods_more(clerk)
        clerk.press(Key.OK)
        yield from clerk.until("Cash")
        yield from pay_rest(clerk)
    yield from leave_order(clerk)


def goods_more(clerk: Clerk) -> Job:
    """One piece more, or the last line out."""
    if clerk.clock.rng.random() < 0.5:
        yield from goods_on_top(clerk)
    else:
        clerk.press(Key.CLEAR)
        yield from clerk.pause()
        if clerk.screen == "Confirm":
            clerk.press(Key.CANCEL)
        if clerk.screen == "Idle":
            yield from goods(clerk)
    yield from clerk.until("BasketScreen")


def goods_on_top(clerk: Clerk) -> Job:
    """One more scan."""
    product = clerk.clock.rng.choice(shelf().pieces)
    clerk.scan(product.barcodes[0])
    yield from clerk.pause(500, 1_500)


def pending(clerk: Clerk) -> Job:
    """The list of vouchers that wait for a platform or a person."""
    yield from choose(clerk, "vouchers", "voucher_list")
    yield from clerk.until("VoucherList")
    entries, _ = sight.items(clerk.view)
    if not entries:
        clerk.press(Key.CANCEL)
        return
    clerk.press(*[Key.DOWN] * clerk.clock.rng.randrange(len(entries)), Key.OK)
    yield from clerk.until("VoucherUseView")
    keys = (Key.F1, Key.F1, Key.F1, Key.F2) if _may_be_mended(clerk) else (Key.F1, Key.F2, Key.CANCEL)
    clerk.press(clerk.clock.rng.choice(keys))
    yield from clerk.pause()
    if clerk.screen == "Confirm":
        clerk.press(Key.OK)


def _may_be_mended(clerk: Clerk) -> bool:
    """Whether the screen offers to verify it once more."""
    return any(sight.key_of(hint.text) == "voucheruse__again" for hint in clerk.view.hints)


def mended(clerk: Clerk) -> Job:
    """The platform refuses the shop, not the voucher; what was taken without a link is verified once more after that."""
    yield from for_the_deal(clerk)
    code, _ = _a_code(clerk)
    ours = clerk.clock.rng.choice(CURABLE)
    times = 1 if clerk.clock.rng.random() < 0.7 else 2
    clerk.backend.platforms.script(VoucherStep("refuse", code_ends=code[-8:], ours=ours, times=times))
    yield from take_voucher(clerk, code)
    yield from pay_rest(clerk)
    yield from leave_order(clerk)
    yield from clerk.pause(1_000, 60_000)
    yield from pending(clerk)


def voucher_look(clerk: Clerk) -> Job:
    """Where was this used?"""
    yield from choose(clerk, "vouchers", "voucher_look")
    yield from clerk.until("VoucherLook")
    codes = sorted(clerk.day.voucher_codes)
    clerk.scan(clerk.clock.rng.choice(codes) if codes else "123456789012")
    yield from clerk.until("VoucherLooked", "Refused")
    yield from clerk.pause(500, 2_000)
    clerk.press(Key.OK)
