"""Copies of slips: the one made last in three keys (`#`, reason, OK), any other by what is known of it (domain 6.2)."""

from dataclasses import dataclass, replace

from firmware.events import Key, Scanned
from firmware.screens.base import (
    CANCEL_HINT,
    OK_HINT,
    Do,
    Done,
    Home,
    Move,
    Pop,
    Push,
    Reject,
    Replace,
    Screen,
    Stay,
    home,
    local_time,
    shown,
)  # fmt: skip
from firmware.screens.widgets import Notice, amount_text, refuse, typed
from firmware.txn import reprint
from firmware.txn.command import Context
from firmware.txn.reprint import ELECTRONIC, REASONS, Found, Reprint, ShowCopy
from firmware.txn.slips import Sheet, stored
from firmware.txn.slips.reprint import PARTS
from firmware.txn.slips.sheet import copy_address
from firmware.view import Block, Chips, Field, Hint, Item, Items, Para, QrCode, Row, Say, Tint, View, text
from rules.money import yuan
from wire.facts import Refund, Sale

ROWS_MAX = 3
DIGITS_MAX = {"number": 12, "amount": 9, "time": 8, "ending": 12}
WAYS = tuple(DIGITS_MAX)


def reprint_last(ctx: Context) -> Move:
    """`#` on the idle screen: the last customer's slip."""
    found = reprint.last_slip(ctx.books)
    return Push(ReprintSlip(found.seq)) if found else Reject()


def find_slip(ctx: Context) -> Move:
    """Any slip, by what is known of it; menus and lists on the way there are left."""
    return Home(FindSlip())


@dataclass(frozen=True, slots=True)
class ReprintSlip(Screen):
    """One slip to be printed again: a digit names the reason, OK prints, `*` chooses a part of it."""

    of: int
    reason: int = -1
    part: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """1-5 or UP and DOWN choose the reason, OK prints, F1 finds another slip, F2 shows the electronic copy."""
        if key.digit and 1 <= int(key.digit) <= len(REASONS):
            return Stay(replace(self, reason=int(key.digit) - 1))
        match key:
            case Key.OK if self.reason >= 0:
                return Do(Reprint(self.of, REASONS[self.reason], PARTS[self.part]), home)
            case Key.UP | Key.DOWN:
                step = 1 if key is Key.DOWN else -1
                return Stay(
                    replace(self, reason=(max(self.reason, 0) + step) % len(REASONS) if self.reason >= 0 else 0)
                )
            case Key.STAR if parts(self._found(ctx)):
                return Stay(replace(self, part=(self.part + 1) % len(PARTS)))
            case Key.F1:
                return find_slip(ctx)
            case Key.F2:
                return show_copy(self.of, ctx)
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Another slip, by its code."""
        return scanned_slip(scanned, ctx)

    def _found(self, ctx: Context) -> Found:
        found = reprint.slip_at(ctx.books, self.of)
        assert found is not None, "slips of the journal's end do not go while they are looked at"
        return found

    def view(self, ctx: Context) -> View:
        """Which slip, how often it was copied, the reasons."""
        found = self._found(ctx)
        reasons = Chips(tuple(map(_reason, range(len(REASONS)))), self.reason)
        body: tuple[Block, ...] = (
            Row(slip_name(found), yuan(found.amount_fen), strong=True),
            Row(local_time(found.at_ms, "%m-%d %H:%M"), text("reprint__copies", copies=found.copies), Tint.QUIET),
            Row(text("reprint__content"), text(f"reprint__part_{PARTS[self.part] or 'whole'}")),
            Row(text("reprint__why"), tint=Tint.QUIET),
            reasons,
        )
        return shown(self, ctx, text("reprint__title"), body, self._hints(ctx, found))

    def _hints(self, ctx: Context, found: Found) -> tuple[Hint, ...]:
        hints: tuple[Hint, ...] = (OK_HINT,) if self.reason >= 0 else ()
        hints += (Hint("F1", text("reprint__other_slip")),)
        if ctx.settings.slips.receipt_url and found.kind in ELECTRONIC:
            hints += (Hint("F2", text("reprint__copy")),)
        if parts(found):
            hints += (Hint("*", text("reprint__part")),)
        return hints if len(hints) > 2 else (*hints, CANCEL_HINT)


def _reason(index: int) -> Say:
    """`1 顾客要求`."""
    return text("reprint__reason", digit=index + 1, name=text(f"reprint__{REASONS[index]}"))


def parts(found: Found) -> bool:
    """Whether a part of this slip can be printed alone: only a sale has a payment of its own."""
    return found.kind == Sale.KIND


def slip_name(found: Found) -> Say:
    """Its kind and number."""
    return text("reprint__slip", kind=text(f"reprint__kind_{found.kind}"), number=found.number)


@dataclass(frozen=True, slots=True)
class FindSlip(Screen):
    """Find a slip: UP and DOWN choose by what, digits type it, OK looks; a scan of the slip or bill finds it at once."""

    way: int = 0
    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """With nothing typed OK lists the newest slips."""
        digits = typed(self.digits, key, DIGITS_MAX[WAYS[self.way]])
        if digits is not None:
            return Stay(replace(self, digits=digits))
        match key:
            case Key.UP | Key.DOWN:
                return Stay(FindSlip((self.way + (1 if key is Key.DOWN else -1)) % len(WAYS)))
            case Key.OK:
                return listed(self.way, self.digits, ctx)
            case Key.CANCEL:
                return Pop()
            case _:
                return Stay()

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the field."""
        return Stay(replace(self, digits="")) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """By the code on the slip, or by the customer's bill."""
        return scanned_slip(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """The ways, and what is typed."""
        way = WAYS[self.way]
        body: tuple[Block, ...] = (
            Chips(tuple(text(f"findslip__{name}") for name in WAYS), self.way),
            Field(text(f"findslip__label_{way}"), _typed(way, self.digits)),
            Para(text(f"findslip__how_{way}"), Tint.QUIET, rows=2),
        )
        hints = (OK_HINT, Hint("UP", text("findslip__way")), CANCEL_HINT)
        return shown(self, ctx, text("findslip__title"), body, hints)


def _typed(way: str, digits: str) -> str:
    """What has been typed, as what it is: `12.30` yuan, `14:00-15:30`."""
    match way:
        case "amount" if digits:
            return amount_text(digits)
        case "time":
            clocks = (digits[:4], digits[4:])
            return "-".join(":".join(filter(None, (each[:2], each[2:]))) for each in clocks if each)
        case _:
            return digits


def find(way: int, digits: str, ctx: Context) -> tuple[Found, ...]:
    """Slips that fit what was typed, newest first."""
    books = ctx.books
    if not digits:
        return reprint.latest(books)
    match WAYS[way]:
        case "number":
            return reprint.by_number(books, digits)
        case "amount":
            return reprint.by_amount(books, int(digits))
        case "time":
            return _by_time(digits, ctx)
        case _:
            return reprint.by_ending(books, digits)


def _by_time(digits: str, ctx: Context) -> tuple[Found, ...]:
    """`1530`: today until then; `14001530`: from the one to the other."""
    since, until = (digits[:4], digits[4:]) if len(digits) > 4 else ("", digits)
    try:
        return reprint.by_time(ctx.books, local_time(ctx.now.wall_ms, "%Y-%m-%d"), until.ljust(4, "0"), since)
    except ValueError:
        return ()


def listed(way: int, digits: str, ctx: Context) -> Move:
    """What was found: nothing (4010), one slip, or a list."""
    found = find(way, digits, ctx)
    if not found:
        return refuse(reprint.NO_ORIGINAL, digits)
    return Push(ReprintSlip(found[0].seq)) if len(found) == 1 and digits else Push(SlipList(way, digits))


def scanned_slip(scanned: Scanned, ctx: Context) -> Move:
    """The slip whose code was scanned, or 4010."""
    found = reprint.by_scan(ctx.books, ctx.terminal, scanned.text)
    return Replace(ReprintSlip(found[0].seq)) if found else refuse(reprint.NO_ORIGINAL)


@dataclass(frozen=True, slots=True)
class SlipList(Screen):
    """Slips to choose from, newest first."""

    way: int
    digits: str
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN choose, `#` turns the page, OK takes."""
        found = find(self.way, self.digits, ctx)
        row = min(self.row, len(found) - 1)
        match key:
            case Key.OK:
                return Push(ReprintSlip(found[row].seq))
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=(row + (1 if key is Key.DOWN else -1)) % len(found)))
            case Key.HASH:
                return Stay(replace(self, row=_next_page(row, len(found))))
            case Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """Found by its code after all."""
        return scanned_slip(scanned, ctx)

    def view(self, ctx: Context) -> View:
        """Number, sum, time and copies of each."""
        found = find(self.way, self.digits, ctx)
        row = min(self.row, len(found) - 1)
        items = tuple(
            Item("", slip_name(each), yuan(each.amount_fen), text(
                "reprint__note", when=local_time(each.at_ms, "%m-%d %H:%M"), copies=each.copies,
            ))
            for each in found[row // ROWS_MAX * ROWS_MAX :][:ROWS_MAX]
        )  # fmt: skip
        return shown(self, ctx, text("findslip__title"), (_page(items, row, len(found)),), LIST_HINTS)


LIST_HINTS = (OK_HINT, Hint("UP", text("hint__choose")), Hint("#", text("hint__page")), CANCEL_HINT)


def _next_page(row: int, count: int) -> int:
    first = (row // ROWS_MAX + 1) * ROWS_MAX
    return first if first < count else 0


def _page(items: tuple[Item, ...], row: int, count: int) -> Items:
    return Items(items, row % ROWS_MAX, row // ROWS_MAX + 1, -(-count // ROWS_MAX))


# --- the electronic copy ----------------------------------------------------------------------------------------------


def show_copy(of: int, ctx: Context) -> Move:
    """The electronic copy of the sale or refund at `of` on the display, journaled; nothing where there is none."""
    found = reprint.slip_at(ctx.books, of)
    if not ctx.settings.slips.receipt_url or found is None or found.kind not in ELECTRONIC or ctx.training:
        return Reject()
    return Do(ShowCopy(of), _copy_shown)


def _copy_shown(done: Done, ctx: Context) -> Move:
    assert isinstance(done.command, ShowCopy)
    return Push(ElectronicCopy(done.command.of))


@dataclass(frozen=True, slots=True)
class ElectronicCopy(Screen):
    """The QR code that leads to the receipt at the backend, for the customer's phone."""

    of: int

    def press(self, key: Key, ctx: Context) -> Move:
        """Any of OK, CANCEL and CLEAR leaves."""
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """The code and what it is for."""
        fact, _, _ = stored(ctx.books, self.of)
        assert isinstance(fact, Sale | Refund)
        amount_fen = fact.due_fen if isinstance(fact, Sale) else fact.total_fen
        sheet = Sheet(ctx.terminal, ctx.settings, ctx.books)
        address = copy_address(sheet, self.of, fact.batch, fact.trace, amount_fen)
        body = (QrCode(address, text("copy__words")),)
        return shown(self, ctx, text("copy__title", amount=yuan(amount_fen)), body, (OK_HINT,))


# --- the archive of copies --------------------------------------------------------------------------------------------


def archive(ctx: Context) -> Move:
    """Copies printed so far, if there are any."""
    none = Notice(text("copies__title"), (text("copies__none"),))
    return Push(CopyArchive()) if reprint.archived(ctx.books) else Push(none)


@dataclass(frozen=True, slots=True)
class CopyArchive(Screen):
    """Every copy: of which slip, why, by whom; OK opens the slip, F1 prints the list by reason and operator."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN choose, `#` turns the page, OK opens, F1 prints."""
        count = reprint.archived(ctx.books)
        if key is Key.CANCEL or not count:
            return Pop()
        row = min(self.row, count - 1)
        match key:
            case Key.OK:
                copied = reprint.archive(ctx.books, row, 1)[0]
                return Push(ReprintSlip(copied.of)) if copied.number else refuse(reprint.NO_ORIGINAL)
            case Key.UP | Key.DOWN:
                return Stay(CopyArchive((row + (1 if key is Key.DOWN else -1)) % count))
            case Key.HASH:
                return Stay(CopyArchive(_next_page(row, count)))
            case Key.F1:
                return Do(reprint.PrintCopies(), home)
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Number, count, reason and operator of each."""
        count = reprint.archived(ctx.books)
        row = min(self.row, max(0, count - 1))
        items = tuple(
            Item("", text("copies__slip", number=each.number or "-", count=each.count), each.operator, text(
                "copies__note", when=local_time(each.at_ms, "%m-%d %H:%M"), why=text(f"reprint__{each.reason}"),
            ))
            for each in reprint.archive(ctx.books, row // ROWS_MAX * ROWS_MAX, ROWS_MAX)
        )  # fmt: skip
        hints = (Hint("OK", text("copies__open")), Hint("F1", text("copies__print")), CANCEL_HINT)
        return shown(self, ctx, text("copies__title"), (_page(items, row, count),), hints)
