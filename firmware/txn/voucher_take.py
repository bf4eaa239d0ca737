"""Vouchers for the open basket: asking what a code is worth, adding, taking off, registering one without a link, and
looking one up (domain 3.2, 3.4). Nothing here redeems anything."""

from dataclasses import dataclass, field, replace
from typing import Literal

from firmware.events import Ask
from firmware.txn import checkout, collect, life, product, sale, shift, voucher
from firmware.txn.basket import Basket
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.deals import platform_refusal
from firmware.txn.prices import bill, too_large
from firmware.txn.selling import by_supervisor, not_selling
from firmware.txn.slips.sheet import local, receipt_number
from firmware.txn.voucher_offer import offer, refusal_of, rest_fen
from firmware.txn.voucher_prepared import Prepared
from firmware.txn.voucher_rights import voucher_refusal
from firmware.view import text
from rules.barcodes import normal_forms
from rules.deals import Platform
from rules.money import line_amount, yuan
from rules.rights import Right
from rules.voucher_codes import Reading, digest, read_code
from wire.vouchers import AskVoucherLook, AskVoucherPrepare, Coupon

OFFLINE, TWICE, PER_DAY, MISMATCH, SUPERVISOR = 3030, 3023, 3033, 3027, 2006
LOOK_BYTES = 12


def reading_of(ctx: Context, raw: str, scanned: bool) -> Reading:
    """What was typed or scanned where a voucher belongs."""
    return read_code(
        raw, scanned, ctx.settings.vouchers.platforms, ctx.settings.tenders.channels,
        lambda code: any(product.by_code(ctx.books, each) for each in (code, *normal_forms(code))),
    )  # fmt: skip


def digest_of(ctx: Context, code: str) -> str:
    """By which this terminal knows a code again."""
    return digest(life.value(ctx.books, "journal_key"), code)


@dataclass(frozen=True, slots=True)
class AskPrepare:
    """Ask the backend what a code is worth. The code goes into the ask and nowhere else. `platform`: as the cashier chose
    when the terminal's table could not tell."""

    raw: str = field(repr=False)
    scanned: bool = False
    platform: Platform | Literal[""] = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The ask, which moves nothing; or 2001, 2014, 5029 with an order at the counter, 3001, 3024, 3025, 2005,
        2006, how its platform stands (9015, 2010, 2011, 1019 …), 3023 without any call for a code used before, 3030."""
        read = reading_of(ctx, self.raw, self.scanned)
        platform = self.platform or read.platform
        refusal = adding_refusal(ctx) or bad_code(read) or voucher_refusal(ctx, "redeem", platform)
        refusal = refusal or (platform_refusal(ctx, platform) if platform else None)
        if refusal := refusal or twice(ctx, read.text):
            return refusal
        if collect.offline(ctx):
            return Refusal(OFFLINE, text("voucher__may_register") if ctx.settings.vouchers.register_later else "")
        ask = AskVoucherPrepare(ctx.chance.hex()[: LOOK_BYTES * 2], read.text, self.scanned, platform)
        return Decision(effects=(Ask(0, ask),))


def adding_refusal(ctx: Context) -> Refusal | None:
    """Why no voucher can be added now at all; with an order at the counter because it is frozen."""
    if not ctx.settings.vouchers.enabled:
        return lacking(ctx, Right.SALE) or Refusal(2005, "vouchers.enabled")
    refusal = not_selling(ctx)
    if refusal is not None and refusal.code == 5029:
        return Refusal(5029, text("voucher__frozen"))
    return refusal


def bad_code(read: Reading) -> Refusal | None:
    """What is wrong with a code; never the code itself."""
    return Refusal(read.refusal, text(f"voucherfault__{read.fault}")) if read.fault else None


def twice(ctx: Context, code: str) -> Refusal | None:
    """3023 for a code that is in the open sale, or whose vouchers were all used at this terminal: when, and on which
    receipt. Nobody is asked."""
    mark = digest_of(ctx, code)
    now_ms = ctx.now.monotonic_ms
    if any(each.digest == mark and (each.registered or each.until_ms > now_ms) for each in ctx.session.basket.vouchers):
        return Refusal(TWICE, text("voucher__in_this_sale"))
    used = voucher.of_digest(ctx.books, mark)
    if used is None or used.more > 0:
        return None
    about = text(
        "voucher__used_before", when=local(used.at_ms, "%m-%d %H:%M"), number=receipt_number(used.batch, used.trace)
    )
    return Refusal(TWICE, about)


@dataclass(frozen=True, slots=True)
class AddVoucher:
    """Take vouchers for the open basket; they are redeemed when everything else is paid."""

    prepared: Prepared

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with them, or 2001, 2014, 5029, 6008 without goods, 2005, 2006, 3023, the first code of the rules,
        3032 before the customer agreed, 3027 for a package that lacks goods nobody sells, 6007."""
        if refusal := adding_refusal(ctx) or not_selling(ctx, Right.SALE, bool(ctx.session.basket.lines)):
            return replace(refusal, about=text("voucher__goods_first")) if refusal.code == 6008 else refusal
        coupon = self.prepared.coupon
        refusal = voucher_refusal(ctx, "redeem", coupon.platform, coupon.kind)
        if refusal := refusal or platform_refusal(ctx, coupon.platform):
            return refusal
        basket = ctx.session.basket
        others = tuple(each for each in basket.vouchers if not self._replaces(ctx, each))
        if any((each.digest, each.coupon.ref) == (self.prepared.digest, coupon.ref) for each in others):
            return Refusal(TWICE, text("voucher__in_this_sale"))
        if len(others) >= ctx.settings.vouchers.per_sale_max:
            return Refusal(3011, text("voucherabout__most", count=ctx.settings.vouchers.per_sale_max))
        if self.prepared.chosen and not by_supervisor(ctx):
            return Refusal(SUPERVISOR, Right.VOUCHER_REDEEM.value)
        prepared = replace(self.prepared, approver=ctx.approver)
        before = replace(ctx, session=replace(ctx.session, basket=replace(basket, vouchers=others)))
        found = offer(before, prepared)
        if found.fault is not None:
            return refusal_of(found)
        whole = _completed(before, prepared)
        if isinstance(whole, Refusal):
            return whole
        after = replace(whole, vouchers=(*whole.vouchers, prepared))
        return Refusal(6007) if too_large(ctx, after) else Decision(session=replace(ctx.session, basket=after))

    def _replaces(self, ctx: Context, old: Prepared) -> bool:
        """The same code prepared anew after the first preparation ran out."""
        return old.digest == self.prepared.digest and 0 < old.until_ms <= ctx.now.monotonic_ms


def _completed(ctx: Context, prepared: Prepared) -> Basket | Refusal:
    """The basket with what its package lacks, where the shop wants it (`vouchers.add_missing`). At its price, which the
    voucher pays: should the voucher be taken off or refused, the goods are owed. 3027 when the voucher would not pay it."""
    if not ctx.settings.vouchers.add_missing:
        return ctx.session.basket
    before, left_fen = ctx.session.basket, offered_rest_fen(ctx, prepared)
    for item, milli in offer(ctx, prepared).amount.missing:
        goods = next((each for sku in item.skus if (each := product.by_sku(ctx.books, sku)) is not None), None)
        if goods is None:
            return Refusal(MISMATCH, item.name)
        line = product.line_of(
            goods, milli, line_amount(goods.price_fen, milli), "", ctx.settings.terminal.lang
        )  # fmt: skip
        done = sale.put(ctx, line, goods.age_limit)
        if isinstance(done, Refusal):
            return done
        assert done.session is not None
        ctx = replace(ctx, session=done.session)
    added = ctx.session.basket != before
    return Refusal(MISMATCH) if added and offered_rest_fen(ctx, prepared) > left_fen else ctx.session.basket


def offered_rest_fen(ctx: Context, prepared: Prepared) -> int:
    """What other money must cover when `prepared` is one more voucher of the open basket."""
    basket = ctx.session.basket
    return bill(ctx, replace(basket, vouchers=(*basket.vouchers, prepared))).rest_fen


@dataclass(frozen=True, slots=True)
class TakeVoucherOff:
    """Take voucher `index` off the open basket; nothing was redeemed."""

    index: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket without it, or 2001, 2014, 5029, 6008."""
        vouchers = ctx.session.basket.vouchers
        if refusal := not_selling(ctx, Right.SALE, 0 <= self.index < len(vouchers)):
            return refusal
        left = (*vouchers[: self.index], *vouchers[self.index + 1 :])
        return Decision(session=replace(ctx.session, basket=replace(ctx.session.basket, vouchers=left)))


@dataclass(frozen=True, slots=True)
class RegisterVoucher:
    """登记待补验: without a link, at the shop's risk, take a voucher for `amount_fen`; it is verified as soon as the link is
    back (domain 3.4). Only with a supervisor, where the shop allows it, and within its caps for the business day."""

    raw: str = field(repr=False)
    scanned: bool
    platform: Platform
    amount_fen: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with it, or 2001, 2014, 5029, 6008 without goods or with a link, 3001, 3024, 3025, 3030 where
        the shop does not allow it or without a number, 3023, 2005, 5020, 3033 above a cap, 6007, 2006. The supervisor is
        asked for last: nobody types a PIN for what is refused anyway."""
        read = reading_of(ctx, self.raw, self.scanned)
        refusal = register_refusal(ctx, read)
        right = voucher_refusal(ctx, "register", self.platform)
        if refusal := refusal or (right if right is not None and right.code != SUPERVISOR else None):
            return refusal
        if not 0 < self.amount_fen <= rest_fen(ctx, ctx.session.basket, bill(ctx)):
            return Refusal(5020)
        if self.amount_fen > register_room(ctx)[1]:
            return _above_caps(ctx)
        coupon = Coupon(
            "", self.platform, "", "", "cash", read.last4, face_fen=self.amount_fen
        )  # fmt: skip
        prepared = Prepared(
            coupon, 1, 0, digest_of(ctx, read.text), read.text, approver=ctx.approver or ctx.session.operator
        )
        basket = replace(ctx.session.basket, vouchers=(*ctx.session.basket.vouchers, prepared))
        if too_large(ctx, basket):
            return Refusal(6007)
        return right or Decision(session=replace(ctx.session, basket=basket))


def register_refusal(ctx: Context, read: Reading) -> Refusal | None:
    """Why no voucher can be registered now, whatever it is for and whoever asks; see `RegisterVoucher`."""
    refusal = adding_refusal(ctx) or not_selling(ctx, Right.SALE, bool(ctx.session.basket.lines))
    if refusal is not None and refusal.code == 6008:
        return replace(refusal, about=text("voucher__goods_first"))
    if refusal := refusal or bad_code(read) or _not_offline(ctx) or twice(ctx, read.text):
        return refusal
    return None if register_room(ctx)[0] > 0 else _above_caps(ctx)


def _not_offline(ctx: Context) -> Refusal | None:
    if not ctx.settings.vouchers.register_later:
        return Refusal(OFFLINE)
    if not life.value(ctx.books, "epoch_number"):
        return Refusal(OFFLINE, text("voucher__no_number"))
    return Refusal(6008, text("voucher__online")) if checkout.can_redeem(ctx) else None


def register_room(ctx: Context) -> tuple[int, int]:
    """How many vouchers may still be registered on this business day, and for how much; fen. The open sale's count."""
    open_shift = shift.current(ctx.books)
    if open_shift is None:
        return 0, 0
    count, fen = voucher.registered_on_day(ctx.books, open_shift.business_date)
    held = [each.coupon.face_fen for each in ctx.session.basket.vouchers if each.registered]
    limits = ctx.settings.vouchers
    return max(0, limits.register_per_day - count - len(held)), max(0, limits.register_fen_max - fen - sum(held))


def _above_caps(ctx: Context) -> Refusal:
    count, fen = register_room(ctx)
    return Refusal(PER_DAY, text("voucherabout__register_left", count=count, amount=yuan(fen)))


@dataclass(frozen=True, slots=True)
class AskLook:
    """Where was this code used? Moves nothing."""

    raw: str = field(repr=False)
    scanned: bool = False

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The ask, or 2001, 3001, 3024, 3025, 2005, 2006, 3030."""
        read = reading_of(ctx, self.raw, self.scanned)
        refusal = lacking(ctx, Right.SALE) or bad_code(read) or voucher_refusal(ctx, "look_up", read.platform)
        if refusal is not None:
            return refusal
        if collect.offline(ctx):
            return Refusal(OFFLINE)
        return Decision(effects=(Ask(0, AskVoucherLook(ctx.chance.hex()[: LOOK_BYTES * 2], read.text)),))
