"""The coupons a code stands for: which of them, how many, what it takes off, and what to say before settling."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Push, Screen, Stay, shown
from firmware.screens.slips import trouble_rows
from firmware.txn.command import Context
from firmware.txn.voucher_names import platform_name
from firmware.txn.voucher_offer import BOOKING, CONSENT, CUSTOMER, UNMAPPED, Offer, offer, said
from firmware.txn.voucher_prepared import Prepared
from firmware.txn.voucher_take import AddVoucher
from firmware.view import Big, Block, Gap, Hint, Item, Items, Para, Row, Say, Tint, View, text
from rules.money import yuan
from rules.quantity import format_milli
from rules.vouchers import Ahead
from wire.vouchers import Coupon

TAKEN = "taken"
"""What a voucher screen answers with when a voucher was added."""

SETTLED = {CONSENT: "agree", BOOKING: "looked", CUSTOMER: "looked", UNMAPPED: "lines"}
"""Faults that a key settles at the counter, with what the key is called."""

COUPONS_SHOWN, LINES_SHOWN, WARNINGS_SHOWN = 4, 4, 2


@dataclass(frozen=True, slots=True)
class Coupons(Screen):
    """Everything the code may be used for now, when that is more than one coupon."""

    coupons: tuple[Coupon, ...]
    digest: str
    until_ms: int
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN choose, OK or a digit looks at it."""
        match key:
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % len(self.coupons)))
            case Key.OK:
                return Push(CouponView.of(self.coupons[self.row], self.digest, self.until_ms))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _ if key.digit and 1 <= int(key.digit) <= min(9, len(self.coupons)):
                return Push(CouponView.of(self.coupons[int(key.digit) - 1], self.digest, self.until_ms))
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """One was taken: the others of the code, if there are any."""
        taken = {each.coupon.ref for each in ctx.session.basket.vouchers if each.digest == self.digest}
        left = any(each.ref not in taken for each in self.coupons)
        return Pop(TAKEN) if result == TAKEN and not left else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """As long as the preparation holds."""
        return max(1, self.until_ms - ctx.now.monotonic_ms)

    def expired(self, ctx: Context) -> Move:
        """It ran out: the code is to be scanned again."""
        return Pop()

    def view(self, ctx: Context) -> View:
        """Kind, worth, how many, and whether it is taken already."""
        first = self.row // COUPONS_SHOWN * COUPONS_SHOWN
        items = tuple(
            self._item(index, each, ctx)
            for index, each in enumerate(self.coupons[first : first + COUPONS_SHOWN], first)
        )  # fmt: skip
        pages = max(1, -(-len(self.coupons) // COUPONS_SHOWN))
        body = (Items(items, self.row - first, first // COUPONS_SHOWN + 1, pages),)
        title = text("coupons__title", platform=platform_name(ctx, self.coupons[0].platform))
        return shown(self, ctx, title, body, (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT))

    def _item(self, index: int, coupon: Coupon, ctx: Context) -> Item:
        taken = any((each.digest, each.coupon.ref) == (self.digest, coupon.ref) for each in ctx.session.basket.vouchers)
        note: Say = text("coupons__taken") if taken else text(f"voucherkind__{coupon.kind}")
        return Item(str(index + 1) if index < 9 else "", coupon.title, worth(coupon), note)


def worth(coupon: Coupon) -> Say:
    """What one is worth: its face value, or the share the customer still pays; how many there are."""
    one: Say = text("coupons__percent", percent=coupon.percent) if coupon.kind == "percent" else yuan(coupon.face_fen)
    return text("coupons__worth", worth=one, count=coupon.count) if coupon.count > 1 else one


HINTS_BESIDE_MANY = 2
"""The keys that count are named where no more than one other has something to say beside CANCEL."""


@dataclass(frozen=True, slots=True)
class CouponView(Screen):
    """One coupon: how many, what they take off this basket, what stands in the way, what is lost."""

    prepared: Prepared

    @staticmethod
    def of(coupon: Coupon, digest: str, until_ms: int) -> "CouponView":
        """As few as must be used at once, to begin with."""
        return CouponView(Prepared(coupon, min(coupon.count, max(1, coupon.min_count)), until_ms, digest))

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN count, OK takes them; F1 does what the fault needs: agree, looked at, choose goods; F2 the better
        split."""
        found = offer(ctx, self.prepared) if ctx.session.basket.lines else None
        match key:
            case Key.OK:
                return Do(AddVoucher(self.prepared), _added)
            case Key.UP | Key.DOWN:
                return Stay(self._counted(1 if key is Key.UP else -1))
            case Key.F1 if found is not None and found.fault is not None:
                return self._settled(found)
            case Key.F2 if found is not None and found.better is not None:
                return Stay(self._with(replace(self.prepared, count=found.better.use)))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _ if key.digit and 1 <= int(key.digit) <= self.prepared.coupon.count:
                return Stay(self._with(replace(self.prepared, count=int(key.digit))))
            case _:
                return Stay()

    def _counted(self, step: int) -> "CouponView":
        count = max(1, min(self.prepared.coupon.count, self.prepared.count + step))
        return self._with(replace(self.prepared, count=count))

    def _with(self, prepared: Prepared) -> "CouponView":
        """Another count: what the customer agreed to lose is asked anew."""
        return CouponView(replace(prepared, lost_agreed_fen=0))

    def _settled(self, found: Offer) -> Move:
        assert found.fault is not None
        match found.fault.code:
            case code if code == CONSENT:
                return Stay(CouponView(replace(self.prepared, lost_agreed_fen=found.amount.lost_fen)))
            case code if code == BOOKING:
                return Stay(CouponView(replace(self.prepared, booked=True)))
            case code if code == CUSTOMER:
                return Stay(CouponView(replace(self.prepared, class_checked=True)))
            case code if code == UNMAPPED:
                return Push(VoucherLines(self.prepared))
            case _:
                return Stay()

    def back(self, result: object, ctx: Context) -> Move:
        """Goods were chosen by hand."""
        return Stay(CouponView(result)) if isinstance(result, Prepared) else Stay()

    def stays_ms(self, ctx: Context) -> int:
        """As long as the preparation holds: after that the screen says so."""
        return max(0, self.prepared.until_ms - ctx.now.monotonic_ms)

    def expired(self, ctx: Context) -> Move:
        """3016 stands on the screen from now on."""
        return Stay(CouponView(replace(self.prepared)))

    def view(self, ctx: Context) -> View:
        """What it is and takes off; the code that stands in its way with its action, or warnings and the better split."""
        coupon = self.prepared.coupon
        kind = text(f"voucherkind__{coupon.kind}")
        body: tuple[Block, ...] = (Row(coupon.title, kind, strong=True),)
        if not ctx.session.basket.lines:
            body += (
                Row(text("coupon__worth"), worth(coupon)),
                Gap(8),
                Para(text("voucher__goods_first"), Tint.UNSURE, rows=2),
            )
            return shown(self, ctx, text("coupon__title"), body, (CANCEL_HINT,))
        found = offer(ctx, self.prepared)
        count = text("coupon__count", count=self.prepared.count, most=coupon.count)
        body += (Row(count, text("voucher__last4", digits=coupon.last4), Tint.QUIET),)
        if found.fault is None:
            off = Big(text("coupon__off"), f"-{yuan(found.amount.deduct_fen)}", Tint.GOOD)
            return shown(self, ctx, text("coupon__title"), (*body, off, *_warnings(found)), self._hints(found))
        body += self._fault_rows(found, ctx)
        return shown(self, ctx, text("coupon__title"), body, self._hints(found), Tint.BAD)

    def _fault_rows(self, found: Offer, ctx: Context) -> tuple[Block, ...]:
        """The code, what it is about, and what to do; what it would take off only where a key settles it."""
        assert found.fault is not None
        said_of = said(found.fault, found.deal)
        about: tuple[Block, ...] = (Para(said_of, Tint.QUIET, rows=2),)
        about = about if said_of not in ("", self.prepared.coupon.title) else ()  # that stands above already
        if found.fault.code not in SETTLED:
            entry = ctx.error(found.fault.code)
            return Para(entry.line(ctx.lang), Tint.BAD, large=True), *about, Para(entry.action(ctx.lang), rows=2)
        deduct_fen = found.amount.deduct_fen
        off: tuple[Block, ...] = (Big(text("coupon__off"), f"-{yuan(deduct_fen)}"),) if deduct_fen else ()
        rows = (*off, *trouble_rows(found.fault.code, ctx), *about)
        return (*rows, *_better(found)) if found.fault.code == CONSENT else rows

    def _hints(self, found: Offer) -> tuple[Hint, ...]:
        code = found.fault.code if found.fault is not None else 0
        hints: tuple[Hint, ...] = (Hint("F1", text(f"coupon__{SETTLED[code]}")),) if code in SETTLED else ()
        hints += (Hint("OK", text("coupon__take")),) if not code else ()
        hints += (Hint("F2", text("coupon__split")),) if found.better is not None else ()
        room = len(hints) < HINTS_BESIDE_MANY
        hints += (Hint("UP", text("coupon__many")),) if room and self.prepared.coupon.count > 1 else ()
        return (*hints, CANCEL_HINT)


def _better(found: Offer) -> tuple[Block, ...]:
    if found.better is None:
        return ()
    return (Row(text("coupon__better", count=found.better.use, rest=yuan(found.better.rest_fen)), tint=Tint.UNSURE),)


def _warnings(found: Offer) -> tuple[Block, ...]:
    return tuple(Row(ahead(each), tint=Tint.UNSURE) for each in found.warnings[:WARNINGS_SHOWN]) + _better(found)


def ahead(warning: Ahead) -> Say:
    """A warning in words."""
    match warning.kind:
        case "lost" | "extra_charge":
            return text(f"voucherahead__{warning.kind}", amount=yuan(warning.number))
        case "missing":
            return text("voucherahead__missing", name=warning.about, count=format_milli(warning.number))
        case "expires":
            return text("voucherahead__expires", day=warning.about)
        case _:
            return text(f"voucherahead__{warning.kind}", number=warning.number)


def _added(done: Done, ctx: Context) -> Move:
    """`then` of a voucher taken: back to where it was asked for."""
    return Pop(TAKEN)


@dataclass(frozen=True, slots=True)
class VoucherLines(Screen):
    """The lines a package pays for, chosen by hand because nobody mapped it to goods (3034). A supervisor stands by it when
    it is added."""

    prepared: Prepared
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK marks a line, F1 is done."""
        lines = ctx.session.basket.lines
        match key:
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(self.row + (1 if key is Key.DOWN else -1)) % len(lines)))
            case Key.OK:
                return Stay(replace(self, prepared=self._marked(lines[self.row].quantity_milli)))
            case Key.F1 if self.prepared.chosen:
                return Pop(self.prepared)
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def _marked(self, quantity_milli: int) -> Prepared:
        old = dict(self.prepared.chosen)
        if self.row in old:
            del old[self.row]
        else:
            old[self.row] = quantity_milli
        return replace(self.prepared, chosen=tuple(sorted(old.items())))

    def view(self, ctx: Context) -> View:
        """The lines, those chosen marked."""
        lines, chosen = ctx.session.basket.lines, dict(self.prepared.chosen)
        first = self.row // LINES_SHOWN * LINES_SHOWN
        items = tuple(
            Item("✓" if index in chosen else "", line.name, yuan(line.amount_fen))
            for index, line in enumerate(lines[first : first + LINES_SHOWN], first)
        )
        body = (Items(items, self.row - first, first // LINES_SHOWN + 1, max(1, -(-len(lines) // LINES_SHOWN))),)
        hints = (Hint("OK", text("voucherlines__mark")), Hint("F1", text("voucherlines__done")), CANCEL_HINT)
        return shown(self, ctx, text("voucherlines__title"), body, hints)
