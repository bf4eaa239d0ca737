"""Filling the basket and settling it: the one commit that makes a sale true."""

from dataclasses import dataclass, replace
from typing import assert_never

from firmware.txn import drawer, product, shift, voucher_offer
from firmware.txn.basket import Basket, requantified
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.limits import TOO_LARGE, above_lines, above_money, above_pieces, above_weight
from firmware.txn.numbers import next_trace
from firmware.txn.prices import bill, netted, rounded, too_large
from firmware.txn.removal import REASONS, needs_reason, too_many_removals
from firmware.txn.selling import by_supervisor, not_selling, unchecked
from firmware.view import Say, text
from rules.barcodes import clean_scan, shown, strip_aim
from rules.catalogue import Product
from rules.codes import Bad, Carton, Glued, Goods, Other, Weighed, read_code
from rules.gs1 import Gs1
from rules.money import line_amount, yuan
from rules.pricing import nets
from rules.rights import Right
from rules.scale_codes import ScaleReading, settle_weighing
from rules.settings_counter import TenderKind
from wire.facts import BasketCancelled, BasketKept, Carried, Line, LineRemoved, Sale, TenderPart
from wire.records import SALE_LINES_MAX

PIECE_MILLI = 1000
LABELS_MAX = 20
"""`20*` and a scale label: more labels of one weight are a typing error."""

BARCODE_CHARS_MAX = 48
HARD_QUANTITY, HARD_WEIGHT_G, HARD_AMOUNT_FEN = 9_999, 999_999, 99_999_999
"""Above these no supervisor helps: what the settings may allow at most."""

PAID_ABOVE_FEN_MAX = 100_000


@dataclass(frozen=True, slots=True)
class AddCode:
    """Put what a scanned or typed code stands for into the basket, `times_milli` of it."""

    code: str
    symbology: str = ""
    times_milli: int = PIECE_MILLI

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with the goods, or 6001, 6004, 6005, 6007, 6016, 6018, 6019."""
        code = read_code(self.code, self.symbology, ctx.settings.scale_layouts)
        match code:
            case Goods(gtin=gtin, also=also, gs1=more):
                return _expired(ctx, more) or self._pieces(ctx, (gtin, *also), more=more)
            case Carton(gtin14=gtin14, gs1=more):  # a carton whose pack nobody told us of is unknown, never one piece
                return _expired(ctx, more) or self._pieces(ctx, (gtin14,), more=more)
            case Weighed():
                return self._weighed(ctx, code)
            case Glued(text=text) | Other(text=text):
                return self._pieces(ctx, (text,), code.code)
            case Bad():
                return Refusal(code.code, shown(code.text))
        assert_never(code)

    def _pieces(
        self, ctx: Context, codes: tuple[str, ...], otherwise: int = 6001, more: Gs1 | None = None
    ) -> Decision | Refusal:
        for code in codes:
            found = product.by_code(ctx.books, code)
            if found is None:
                continue
            if found.product.weighable:
                amount_fen, milli = (more.price_fen, more.quantity_milli) if more else (None, None)
                return self._on_scale(ctx, found.product, ScaleReading("", amount_fen, milli, "gs1"), code)
            return AddProduct(found.product.sku, self.times_milli * found.pack, code).decide(ctx)
        return Refusal(otherwise, shown(self.code))

    def _weighed(self, ctx: Context, code: Weighed) -> Decision | Refusal:
        goods = product.by_plu(ctx.books, code.plu)
        if goods is None:
            return self._pieces(ctx, (code.gtin,) if code.gtin else ())
        return self._on_scale(ctx, goods, code.reading, strip_aim(clean_scan(self.code))[0])

    def _on_scale(self, ctx: Context, goods: Product, reading: ScaleReading, code: str) -> Decision | Refusal:
        """As many lines as there are labels of this kind; without weight and amount the goods must be weighed: 6005."""
        weighing = settle_weighing(reading, goods.price_fen)
        if isinstance(weighing, int):
            return Refusal(weighing, shown(goods.name))
        labels = self.times_milli // PIECE_MILLI
        if labels > LABELS_MAX:
            return above_lines(LABELS_MAX)
        line = product.line_of(
            goods, weighing.quantity_milli, weighing.amount_fen, code[:BARCODE_CHARS_MAX], ctx.settings.terminal.lang
        )
        done: Decision | Refusal = Decision(session=ctx.session)
        for _ in range(labels):
            done = put(ctx, line, goods.age_limit)
            if isinstance(done, Refusal):
                return done
            assert done.session is not None
            ctx = replace(ctx, session=done.session)
        return done


def _expired(ctx: Context, more: Gs1 | None) -> Refusal | None:
    """6016 for goods whose code says that they are past their date on this business day (domain 7.3)."""
    open_shift = shift.current(ctx.books)
    late = more is not None and more.expiry and open_shift is not None and more.expiry < open_shift.business_date
    return Refusal(6016, more.expiry) if more is not None and late else None


@dataclass(frozen=True, slots=True)
class AddProduct:
    """Put goods chosen from a list into the basket."""

    sku: str
    quantity_milli: int = PIECE_MILLI
    barcode: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with the goods, or 6001, 6007."""
        goods = product.by_sku(ctx.books, self.sku)
        if goods is None:
            return Refusal(6001, self.sku)
        amount = line_amount(goods.price_fen, self.quantity_milli)
        line = product.line_of(goods, self.quantity_milli, amount, self.barcode, ctx.settings.terminal.lang)
        return put(ctx, line, goods.age_limit)


@dataclass(frozen=True, slots=True)
class AddAmount:
    """Put a typed amount into the basket, for goods without a code."""

    amount_fen: int
    name: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with the amount as one line, or 2005 where the shop sells goods only, 5020, 6007."""
        if refusal := not_selling(ctx):
            return refusal
        if not ctx.settings.sale.amount_lines:
            return Refusal(2005, "sale.amount_lines")
        if self.amount_fen <= 0:
            return Refusal(5020)
        rate_bp = ctx.settings.sale.amount_line_rate_bp
        return put(ctx, Line("", self.name, PIECE_MILLI, self.amount_fen, self.amount_fen, tax_bp=rate_bp))


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """Change a line to `quantity_milli` pieces; fewer pieces are recorded as removed."""

    index: int
    quantity_milli: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket changed, or 2001, 2014, 5029, 6008, 2005, 2006, 6006 for what was weighed, 6007."""
        basket = ctx.session.basket
        if refusal := not_selling(ctx, Right.SALE, 0 <= self.index < len(basket.lines)):
            return refusal
        old = basket.lines[self.index]
        if old.weighed:
            return Refusal(6006, old.name)
        if self.quantity_milli <= 0:
            return Refusal(6007)
        new = requantified(old, self.quantity_milli)
        if new.quantity_milli < old.quantity_milli and (refusal := too_many_removals(ctx, Right.LINE_REMOVE)):
            return refusal
        changed = basket.with_line(self.index, new)
        gone = _fewer(ctx, old, new)
        rest = rest_kept(ctx, changed) if gone else ()
        return over_limits(ctx, changed, new) or Decision((*gone, *rest), replace(ctx.session, basket=changed))


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """Take a line out of the basket; the journal keeps what it was."""

    index: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`LineRemoved`, or 2001, 2014, 5029, 6008, 2005, 2006."""
        basket = ctx.session.basket
        refusal = not_selling(ctx, Right.LINE_REMOVE, 0 <= self.index < len(basket.lines))
        if refusal := refusal or too_many_removals(ctx, Right.LINE_REMOVE):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        rest = basket.without(self.index)
        gone = LineRemoved(ctx.session.operator, open_shift.batch, basket.lines[self.index], ctx.approver)
        return Decision((gone, *rest_kept(ctx, rest)), replace(ctx.session, basket=rest))


@dataclass(frozen=True, slots=True)
class CancelBasket:
    """Give the whole basket up, one of many goods for one of `removal.REASONS`."""

    reason: str = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketCancelled`, or 2001, 2014, 5029, 6008 also for want of a reason, 2005, 2006."""
        assert self.reason in ("", *REASONS), self.reason
        basket = ctx.session.basket
        says_why = bool(self.reason) or not needs_reason(ctx, basket)
        refusal = not_selling(ctx, Right.BASKET_CANCEL, bool(basket.lines) and says_why)
        if refusal := refusal or too_many_removals(ctx, Right.BASKET_CANCEL):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        who = ctx.session.operator
        fact = BasketCancelled(who, open_shift.batch, basket.lines, basket.total_fen, ctx.approver, self.reason)
        return Decision((fact,), replace(ctx.session, basket=Basket()))


@dataclass(frozen=True, slots=True)
class TakeCash:
    """Settle the basket with cash: the sale, its slip and the drawer's pulse are one fact in one commit. Vouchers that a
    supervisor registered to be verified later come with it; any other is redeemed first (`voucher_redeem.Redeem`)."""

    paid_fen: int
    print_slip: bool | None = None  # what the cashier answered where the shop asks; None: as the settings say

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Sale`, with a `VoucherRegistered` for each of those; or 2001, 2014, 5029, 6008, 2005, 6013, 5020, and what stands
        in a voucher's way."""
        basket = ctx.session.basket
        redeemed = all(each.registered for each in basket.vouchers)
        if refusal := not_selling(ctx, Right.SALE, bool(basket.lines) and redeemed) or unchecked(ctx):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        costs = bill(ctx)
        if refusal := voucher_offer.freezing_refusal(ctx, costs):
            return refusal
        due, rounding = due_in_cash(ctx)
        if not due <= self.paid_fen <= max(ctx.settings.sale.amount_max_fen * 2, due + PAID_ABOVE_FEN_MAX):
            return Refusal(5020, short(due, self.paid_fen))
        change, trace = self.paid_fen - due, next_trace(ctx.books)
        uses = voucher_offer.uses(ctx, costs, open_shift.batch, trace)
        vouchers = tuple(TenderPart("voucher", use.deduct_fen, channel=use.platform, voucher=use) for use in uses)
        cash = (TenderPart("cash", self.paid_fen, change),) if self.paid_fen or not vouchers else ()
        kinds: tuple[TenderKind, ...] = ("voucher", "cash") if vouchers else ("cash",)
        wanted = ctx.settings.printer.print_slip == "always" if self.print_slip is None else self.print_slip
        sale = Sale(
            open_shift.batch, trace, ctx.session.operator, open_shift.business_date,
            netted(basket.lines, costs.nets, rounding, uses), costs.total_fen, rounding, costs.due_fen - rounding,
            (*vouchers, *cash), ctx.settings.revision,
            print_slip=wanted and ctx.devices.prints,
            open_drawer=self.paid_fen > 0 and drawer.opening(ctx, "sale", kinds, due, change) == "open",
            reductions=costs.reductions, approver=ctx.approver, age_checked=basket.age_years > 0,
        )  # fmt: skip
        assert sum(nets(sale.lines, sale.reductions, rounding)) == sale.due_fen
        facts = (*voucher_offer.registered(ctx, uses, sale.batch, trace, sale.business_date), sale)
        session = replace(ctx.session, basket=Basket())
        return Decision(facts, session, secrets=voucher_offer.codes(ctx, uses))


def put(ctx: Context, line: Line, age_limit: int = 0) -> Decision | Refusal:
    """The basket with `line` added, or why not: 2001, 2005, 2014, 5029, 6007. `age_limit` of the goods: once for each
    order somebody is to look at the customer (6013)."""
    if refusal := not_selling(ctx):
        return refusal
    basket = ctx.session.basket.add(line)
    if age_limit > basket.age_years:
        basket = replace(basket, age_due=max(basket.age_due, age_limit))
    return over_limits(ctx, basket, basket.lines[-1]) or Decision(session=replace(ctx.session, basket=basket))


def over_limits(ctx: Context, basket: Basket, newest: Line) -> Refusal | None:
    """6007 when the order, or the line that changed, is larger than the shop allows. A supervisor may exceed the shop's
    limits, but nobody what one record holds (decisions 22)."""
    limits, free = ctx.settings.sale, by_supervisor(ctx)
    pieces = HARD_QUANTITY if free else limits.quantity_max
    grams = HARD_WEIGHT_G if free else limits.weight_max_g
    amount_fen = HARD_AMOUNT_FEN if free else limits.amount_max_fen
    lines = SALE_LINES_MAX if free else min(limits.lines_max, SALE_LINES_MAX)
    if newest.quantity_milli > (grams if newest.weighed else pieces * PIECE_MILLI):
        return above_weight(grams) if newest.weighed else above_pieces(pieces)
    if len(basket.lines) > lines:
        return above_lines(lines)
    if basket.total_fen > amount_fen:
        return above_money(amount_fen)
    return Refusal(TOO_LARGE) if too_large(ctx, basket) else None


def rest_kept(ctx: Context, rest: Basket) -> tuple[BasketKept, ...]:
    """When goods leave the basket: what is written down changes in the same commit, or a cut would offer them again."""
    return (as_kept(ctx.session.operator, rest),) if kept_lines(ctx.books) else ()


def as_kept(operator: str, basket: Basket) -> BasketKept:
    """The basket as it is written down."""
    return BasketKept(
        operator, basket.lines, basket.given, basket.member, basket.age_years, basket.member_by, basket.member_why
    )


def kept_lines(books: Reading) -> bool:
    """Whether a basket is written down."""
    return bool(books.read("SELECT 1 FROM kept_basket"))


def due_in_cash(ctx: Context) -> tuple[int, int]:
    """What is to be paid in cash for the open basket after all reductions, and the rounding taken off it; fen."""
    return rounded(ctx, voucher_offer.rest_fen(ctx, ctx.session.basket, bill(ctx)))


def short(due_fen: int, paid_fen: int) -> Say:
    """What is wrong with cash that does not fit: it always closes the rest, and so much is missing; nothing to say of a
    sum that is absurdly large."""
    return text("cash__short", missing=yuan(due_fen - paid_fen)) if paid_fen < due_fen else ""


def _fewer(ctx: Context, old: Line, new: Line) -> tuple[LineRemoved, ...]:
    """What lowering a line's quantity takes away, for the journal."""
    gone_milli = old.quantity_milli - new.quantity_milli
    open_shift = shift.current(ctx.books)
    if gone_milli <= 0 or open_shift is None:
        return ()
    return (LineRemoved(ctx.session.operator, open_shift.batch, requantified(old, gone_milli), ctx.approver),)


def _sold(books: Books, fact: Sale, entry: Entry) -> None:
    assert fact.rounding_fen >= 0
    assert sum(part.paid_fen - part.change_fen for part in fact.tenders) == fact.due_fen
    books.write("INSERT INTO receipt VALUES (?, ?, ?, ?)", entry.seq, fact.batch, fact.trace, fact.due_fen)


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    books.write("DELETE FROM receipt WHERE seq <= ?", fact.upto)


SUBJECT = Subject(
    (
        "CREATE TABLE receipt(seq INTEGER PRIMARY KEY, batch INTEGER NOT NULL, trace INTEGER NOT NULL,"
        " due_fen INTEGER NOT NULL) STRICT",
    ),
    {Carried: _carried, Sale: _sold},
)
