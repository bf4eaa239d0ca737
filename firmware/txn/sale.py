"""Filling the basket and settling it: the one commit that makes a sale true."""

from dataclasses import dataclass, replace
from typing import assert_never

import msgspec

from firmware.txn import drawer, product, shift
from firmware.txn.basket import Basket, requantified
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.numbers import next_trace
from rules.barcodes import clean_scan, shown, strip_aim
from rules.catalogue import Product
from rules.codes import Bad, Carton, Glued, Goods, Other, Weighed, read_code
from rules.gs1 import Gs1
from rules.money import cash_rounding, line_amount, rounding_unit
from rules.rights import Right
from rules.scale_codes import ScaleReading, settle_weighing
from wire.facts import BasketCancelled, BasketKept, Carried, Fact, Line, LineRemoved, Sale, TenderPart
from wire.records import RECORD_BYTES_MAX, SALE_LINES_MAX

PIECE_MILLI = 1000
LABELS_MAX = 20
"""`20*` and a scale label: more labels of one weight are a typing error."""

BARCODE_CHARS_MAX = 48
BASKET_BYTES_MAX = RECORD_BYTES_MAX - 512
"""A basket whose lines take more cannot be settled in one record (decisions 22)."""

PAID_ABOVE_FEN_MAX = 100_000


def kept(books: Reading) -> tuple[Line, ...]:
    """Lines of the basket that was open when the terminal went down; none in normal running."""
    rows = books.read("SELECT lines FROM kept_basket")
    return msgspec.json.decode(rows[0][0], type=tuple[Line, ...]) if rows else ()


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
            return Refusal(6007)
        line = product.line_of(
            goods, weighing.quantity_milli, weighing.amount_fen, code[:BARCODE_CHARS_MAX], ctx.settings.terminal.lang
        )
        done: Decision | Refusal = Decision(session=ctx.session)
        for _ in range(labels):
            done = put(ctx, line)
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
        return put(ctx, product.line_of(goods, self.quantity_milli, amount, self.barcode, ctx.settings.terminal.lang))


@dataclass(frozen=True, slots=True)
class AddAmount:
    """Put a typed amount into the basket, for goods without a code."""

    amount_fen: int
    name: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The basket with the amount as one line, or 2005 where the shop sells goods only, 5020, 6007."""
        if refusal := _not_selling(ctx):
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
        """The basket changed, or 6007, 6008."""
        basket = ctx.session.basket
        if refusal := _not_selling(ctx, Right.SALE, 0 <= self.index < len(basket.lines)):
            return refusal
        old = basket.lines[self.index]
        if old.weighed:
            return Refusal(6006, old.name)
        if not 0 < self.quantity_milli <= ctx.settings.sale.quantity_max * PIECE_MILLI:
            return Refusal(6007)
        new = requantified(old, self.quantity_milli)
        changed = basket.with_line(self.index, new)
        if changed.total_fen > ctx.settings.sale.amount_max_fen:
            return Refusal(6007)
        return Decision(_fewer(ctx, old, new), replace(ctx.session, basket=changed))


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """Take a line out of the basket; the journal keeps what it was."""

    index: int

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`LineRemoved`, or 2001, 2014, 6008, 2005, 2006."""
        basket = ctx.session.basket
        if refusal := _not_selling(ctx, Right.LINE_REMOVE, 0 <= self.index < len(basket.lines)):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        rest = basket.without(self.index)
        facts: tuple[Fact, ...] = (LineRemoved(ctx.session.operator, open_shift.batch, basket.lines[self.index]),)
        if not rest.lines and kept(ctx.books):
            facts += (BasketKept(ctx.session.operator, ()),)  # or the next screen would offer it as left by a cut
        return Decision(facts, replace(ctx.session, basket=rest))


@dataclass(frozen=True, slots=True)
class CancelBasket:
    """Give the whole basket up."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketCancelled`, or 2001, 2014, 6008, 2005, 2006."""
        basket = ctx.session.basket
        if refusal := _not_selling(ctx, Right.BASKET_CANCEL, bool(basket.lines)):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        fact = BasketCancelled(ctx.session.operator, open_shift.batch, basket.lines, basket.total_fen)
        return Decision((fact,), replace(ctx.session, basket=Basket()))


@dataclass(frozen=True, slots=True)
class KeepBasket:
    """Write the open basket down, so that a power cut does not lose it."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketKept`, or nothing when it is already written as it stands."""
        lines = ctx.session.basket.lines
        if lines == kept(ctx.books):
            return Decision()
        return Decision((BasketKept(ctx.session.operator, lines),))


@dataclass(frozen=True, slots=True)
class RecallKept:
    """Take the basket that survived a power cut into the hands of whoever is signed on."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The session with those lines, or 6008."""
        lines = kept(ctx.books)
        if refusal := _not_selling(ctx, Right.SALE, bool(lines) and not ctx.session.basket.lines):
            return refusal
        return Decision(session=replace(ctx.session, basket=Basket(lines)))


@dataclass(frozen=True, slots=True)
class DropKept:
    """Give the basket up that survived a power cut; recorded like any cancelled basket."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`BasketCancelled` of those lines, or 6008."""
        recalled = RecallKept().decide(ctx)
        if isinstance(recalled, Refusal):
            return recalled
        assert recalled.session is not None
        return CancelBasket().decide(replace(ctx, session=recalled.session))


@dataclass(frozen=True, slots=True)
class TakeCash:
    """Settle the basket with cash: the sale, its slip and the drawer's pulse are one fact in one commit."""

    paid_fen: int
    print_slip: bool | None = None  # what the cashier answered where the shop asks; None: as the settings say

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`Sale`, or 2001, 2014, 6008, 2005, 5020."""
        basket = ctx.session.basket
        if refusal := _not_selling(ctx, Right.SALE, bool(basket.lines)):
            return refusal
        open_shift = shift.current(ctx.books)
        assert open_shift is not None
        total = basket.total_fen
        due, rounding = due_in_cash(ctx)
        if rounding and not due:
            return Refusal(5020)  # too small to be paid in cash at all
        if not due <= self.paid_fen <= max(ctx.settings.sale.amount_max_fen * 2, due + PAID_ABOVE_FEN_MAX):
            return Refusal(5020)
        change = self.paid_fen - due
        wanted = ctx.settings.printer.print_slip == "always" if self.print_slip is None else self.print_slip
        sale = Sale(
            open_shift.batch, next_trace(ctx.books), ctx.session.operator, open_shift.business_date, basket.lines,
            total, rounding, due, (TenderPart("cash", self.paid_fen, change),), ctx.settings.revision,
            print_slip=wanted and ctx.devices.printer != "none",
            open_drawer=self.paid_fen > 0 and drawer.opening(ctx, "sale", ("cash",), due, change) == "open",
        )  # fmt: skip
        assert sum(line.amount_fen for line in sale.lines) == sale.due_fen + sale.rounding_fen
        return Decision((sale,), replace(ctx.session, basket=Basket()))


def put(ctx: Context, line: Line) -> Decision | Refusal:
    """The basket with `line` added, or why not: 2001, 2005, 2014, 6007."""
    if refusal := _not_selling(ctx):
        return refusal
    limits = ctx.settings.sale
    basket = ctx.session.basket.add(line)
    if len(basket.lines) > min(limits.lines_max, SALE_LINES_MAX) or basket.total_fen > limits.amount_max_fen:
        return Refusal(6007)
    newest = basket.lines[-1]
    if newest.quantity_milli > (limits.weight_max_g if newest.weighed else limits.quantity_max * PIECE_MILLI):
        return Refusal(6007)
    if len(msgspec.json.encode(basket.lines)) > BASKET_BYTES_MAX:
        return Refusal(6007)
    return Decision(session=replace(ctx.session, basket=basket))


def due_in_cash(ctx: Context) -> tuple[int, int]:
    """What is to be paid in cash for the open basket, and the rounding taken off it; fen."""
    total = ctx.session.basket.total_fen
    rounding = cash_rounding(total, rounding_unit(ctx.settings.cash.rounding, ctx.settings.cash.rounding_custom_fen))
    assert 0 <= rounding <= total
    return total - rounding, rounding


def _not_selling(ctx: Context, right: Right = Right.SALE, fits: bool = True) -> Refusal | None:
    """2001, 2014, 6008 when the basket does not fit what is asked, or why the right is lacking; None: go on."""
    no_shift = None if shift.current(ctx.books) is not None else 2014
    return lacking(ctx, right, no_shift, None if fits else 6008)


def _fewer(ctx: Context, old: Line, new: Line) -> tuple[LineRemoved, ...]:
    """What lowering a line's quantity takes away, for the journal."""
    gone_milli = old.quantity_milli - new.quantity_milli
    open_shift = shift.current(ctx.books)
    if gone_milli <= 0 or open_shift is None:
        return ()
    return (LineRemoved(ctx.session.operator, open_shift.batch, requantified(old, gone_milli)),)


def _sold(books: Books, fact: Sale, entry: Entry) -> None:
    assert fact.rounding_fen >= 0
    assert sum(part.paid_fen - part.change_fen for part in fact.tenders) == fact.due_fen
    books.write("INSERT INTO receipt VALUES (?, ?, ?, ?)", entry.seq, fact.batch, fact.trace, fact.due_fen)
    books.write("DELETE FROM kept_basket")


def _cancelled(books: Books, fact: BasketCancelled, entry: Entry) -> None:
    books.write("DELETE FROM kept_basket")


def _kept(books: Books, fact: BasketKept, entry: Entry) -> None:
    books.write("DELETE FROM kept_basket")
    if fact.lines:
        books.write("INSERT INTO kept_basket VALUES (?)", msgspec.json.encode(fact.lines))


def _carried(books: Books, fact: Carried, entry: Entry) -> None:
    books.write("DELETE FROM receipt WHERE seq <= ?", fact.upto)


SUBJECT = Subject(
    (
        "CREATE TABLE receipt(seq INTEGER PRIMARY KEY, batch INTEGER NOT NULL, trace INTEGER NOT NULL,"
        " due_fen INTEGER NOT NULL) STRICT",
        "CREATE TABLE kept_basket(lines BLOB NOT NULL) STRICT",
    ),
    {Carried: _carried, Sale: _sold, BasketCancelled: _cancelled, BasketKept: _kept},
)
