"""The longer help behind a code: why it happens, what to do step by step, whom to call; and the search by number.

It is laid over whatever is on the screen and gives it back untouched: basket, typed digits, a payment that waits.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Move, Pop, Push, Screen, Stay, codes_on, help_keys, shown
from firmware.screens.prose import ROOM_PX, rows, width_px
from firmware.txn.command import Context
from firmware.view import Block, Field, Hint, Item, Items, Lang, Para, Row, Tint, View, text
from rules.help import HelpDocument, group_of
from texts import t

ROWS_SHOWN = 8
"""Rows of 16 px text the body holds."""

ITEMS_SHOWN = 5
CODE_DIGITS = 4
DEPTH_MAX = 10
"""On a stack as high as this no help is laid: there must be room for what comes from the outside."""

TITLE_ROOM_PX = ROOM_PX


def asked_help(stack: tuple[Screen, ...], key: Key, ctx: Context) -> Move | None:
    """What a help key leads to on the screen on top; None when it is no such key, or there is no code to explain."""
    top = stack[-1]
    if key not in (Key.F1, Key.D0, Key.STAR) or top.OVERLAY or len(stack) > DEPTH_MAX:
        return None
    codes = codes_on(top.view(ctx).body, ctx)
    if not codes or key not in help_keys(top, ctx):
        return None
    return Push(Help(codes[0]) if len(codes) == 1 else HelpChoice(codes))


@dataclass(frozen=True, slots=True)
class Help(Screen):
    """Everything about one code, a page at a time; CANCEL gives the screen beneath back as it was."""

    code: int
    page: int = 0

    OVERLAY: ClassVar[bool] = True

    def press(self, key: Key, ctx: Context) -> Move:
        """UP and DOWN turn pages; OK reads on, after the last page it leaves, as CANCEL does."""
        last = len(pages(self.code, ctx.help, ctx.lang)) - 1
        match key:
            case Key.DOWN | Key.OK if self.page < last:
                return Stay(replace(self, page=self.page + 1))
            case Key.UP if self.page:
                return Stay(replace(self, page=self.page - 1))
            case Key.OK | Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """`[1003] 网络连接失败`, and a page of what there is to know."""
        found = pages(self.code, ctx.help, ctx.lang)
        page = min(self.page, len(found) - 1)
        turn = turn_hints(page, len(found))
        return shown(self, ctx, heading(self.code, ctx.help, ctx.lang)[0], found[page], (*turn, CANCEL_HINT))


def turn_hints(page: int, of: int) -> tuple[Hint, ...]:
    """Which page this is, and the key for the next."""
    return (Hint("DOWN", text("help__page", page=page + 1, pages=of)),) if of > 1 else ()


def pages(code: int, said: HelpDocument, lang: Lang) -> tuple[tuple[Block, ...], ...]:
    """The help of a code in pages; a paragraph is never torn, unless it is longer than a page."""
    found: list[list[Block]] = [[]]
    for paragraph in _paragraphs(code, said, lang):
        if found[-1] and len(found[-1]) + len(paragraph) > ROWS_SHOWN:
            found.append([])
        for row in paragraph:
            if len(found[-1]) == ROWS_SHOWN:
                found.append([])
            found[-1].append(row)
    return tuple(tuple(page) for page in found)


def _paragraphs(code: int, said: HelpDocument, lang: Lang) -> list[list[Block]]:
    known = said.help(code, lang)
    told = [*heading(code, said, lang)[1], [_head("cause"), *_rows(known.cause)]]
    for number, step in enumerate(known.steps, 1):
        rest = _rows(f"{number}. {step}", "    ")
        told.append([_head("steps"), *rest] if number == 1 else rest)
    who = [said.hotline(each, lang) or t("firmware", lang, f"help__call_{each}") for each in known.call]
    return [*told, [_head("call"), *(row for line in who for row in _rows(line))]]


def heading(code: int, said: HelpDocument, lang: Lang) -> tuple[str, list[list[Block]]]:
    """The title bar, and the title as a paragraph where it is too long for the bar."""
    line = said.error(code).line(lang)
    if width_px(line) <= TITLE_ROOM_PX:
        return line, []
    return f"[{code}]", [list(_rows(said.error(code).title(lang)))]


def _head(name: str) -> Block:
    return Row(text(f"help__{name}"), tint=Tint.QUIET, strong=True)


def _rows(words: str, indent: str = "") -> list[Block]:
    return [Para(row, rows=1) for row in rows(words, indent=indent)]


# --- finding a code ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HelpSearch(Screen):
    """The menu's entry: groups, then the codes of one; every digit typed narrows the list."""

    digits: str = ""
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits narrow, CLEAR widens, OK opens."""
        if key.digit:
            wanted = self.digits + key.digit
            return Stay(HelpSearch(wanted)) if _matching(wanted, ctx) else Stay()
        if key is Key.CLEAR:
            return Stay(HelpSearch(self.digits[:-1]))
        if key is Key.OK and not self.digits:
            return Stay(HelpSearch(str(_groups(ctx)[self.row])))
        return _in_list(self, _matching(self.digits, ctx) if self.digits else _groups(ctx), key)

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held: all groups again."""
        return Stay(HelpSearch()) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def view(self, ctx: Context) -> View:
        """The groups, or the codes that begin with what is typed."""
        if self.digits:
            items = _code_items(_matching(self.digits, ctx), ctx)
        else:
            items = tuple(Item(str(group), text(f"help__group_{group}")) for group in _groups(ctx))
        body = (Field(text("help__number"), self.digits), _page_of(items, self.row))
        clear = (Hint("CLEAR", text("hint__clear")),) if self.digits else ()
        hints = (Hint("OK", text("help__open")), *clear, Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("menu__help"), body, hints)


@dataclass(frozen=True, slots=True)
class HelpChoice(Screen):
    """Several codes stand on the screen beneath: which one is meant."""

    codes: tuple[int, ...]
    row: int = 0

    OVERLAY: ClassVar[bool] = True

    def press(self, key: Key, ctx: Context) -> Move:
        """UP, DOWN and OK, or the place in the list."""
        if key.digit and 1 <= int(key.digit) <= len(self.codes):
            return Push(Help(self.codes[int(key.digit) - 1]))
        return _in_list(self, self.codes, key)

    def view(self, ctx: Context) -> View:
        """The codes."""
        hints = (Hint("OK", text("help__open")), Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("menu__help"), (_page_of(_code_items(self.codes, ctx), self.row),), hints)


def search(ctx: Context) -> Move:
    """The menu's entry."""
    return Push(HelpSearch())


def _in_list(screen: HelpSearch | HelpChoice, listed: tuple[int, ...], key: Key) -> Move:
    match key:
        case Key.OK:
            return Push(Help(listed[screen.row]))
        case Key.UP | Key.DOWN:
            return Stay(replace(screen, row=(screen.row + (1 if key is Key.DOWN else -1)) % len(listed)))
        case Key.CANCEL:
            return Pop()
        case _:
            return Stay()


def _groups(ctx: Context) -> tuple[int, ...]:
    return tuple(dict.fromkeys(map(group_of, ctx.help.codes())))


def _matching(digits: str, ctx: Context) -> tuple[int, ...]:
    return tuple(code for code in ctx.help.codes() if str(code).startswith(digits))


def _code_items(codes: tuple[int, ...], ctx: Context) -> tuple[Item, ...]:
    return tuple(Item("", f"{code}  {ctx.error(code).title(ctx.lang)}") for code in codes)


def _page_of(items: tuple[Item, ...], row: int) -> Items:
    first = row // ITEMS_SHOWN * ITEMS_SHOWN
    page, of = first // ITEMS_SHOWN + 1, -(-len(items) // ITEMS_SHOWN)
    return Items(items[first : first + ITEMS_SHOWN], row - first, page, of)
