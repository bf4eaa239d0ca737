"""设置: what is in force here, where it comes from, and what a supervisor may change at this terminal alone.

Made from the model (`rules.settings_edit`): switches and choices from a list, numbers by their digits, texts by scanning a
code that holds them, for no keypad writes Chinese. What was changed is marked, and F1 takes it back.
"""

from dataclasses import dataclass, replace
from typing import Any

from firmware.events import Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Do, Done, Move, Pop, Push, Reject, Screen, Stay, shown
from firmware.screens.widgets import amount_text, refuse, typed
from firmware.txn.command import Context
from firmware.txn.settings import ChangeSetting, TakeBack, standing, value_of
from firmware.view import Block, Field, Hint, Item, Items, Para, Row, Say, Tint, View, text
from rules.barcodes import shown as safe
from rules.rights import role_of
from rules.settings_book import source
from rules.settings_edit import COMMON, Editable, editable, editables
from texts import t

ROWS = 4
COMMON_GROUP = "common"
MARK = "＊"
"""Before what is another here than in the document."""

VALUE_SIGNS = 16
CLOCK_DIGITS = 4
BAD = 9004
TINTS = {"rolled_back": Tint.UNSURE, "rejected": Tint.UNSURE, "trial": Tint.UNSURE}


def settings(ctx: Context) -> Move:
    """What can be set here, by whoever is signed on; 2001 for nobody."""
    return Push(SettingsHome()) if _mine(ctx) else refuse(2001)


def _mine(ctx: Context) -> tuple[Editable, ...]:
    role = role_of(ctx.session.operator)
    return editables(role) if role is not None else ()


def _groups(ctx: Context) -> tuple[str, ...]:
    return (COMMON_GROUP, *dict.fromkeys(each.section for each in _mine(ctx)))


def _of_group(ctx: Context, group: str) -> tuple[Editable, ...]:
    mine = {each.path: each for each in _mine(ctx)}
    if group == COMMON_GROUP:
        return tuple(mine[path] for path in COMMON if path in mine)
    return tuple(each for each in mine.values() if each.section == group)


def _name(one: Editable, ctx: Context) -> str:
    return t("rules", ctx.lang, f"settings__{one.key}")


def _said(one: Editable, value: Any, ctx: Context) -> str:
    """A value in a few words."""
    match one.kind:
        case "choice" if isinstance(value, bool):
            return t("rules", ctx.lang, f"choice__{'on' if value else 'off'}")
        case "choice" if isinstance(value, str):
            return t("rules", ctx.lang, f"choice__{value}")
        case "number" | "numbers" if isinstance(value, int) and one.money:
            return amount_text(str(value))
        case "texts" | "numbers" if isinstance(value, list | tuple):
            return "/".join(_said(one, each, ctx) for each in value) or "-"
        case _:
            return str(value) or "-"


def _in_force(one: Editable, ctx: Context) -> Any:
    return value_of(ctx.settings, one.path)


def _short(words: str) -> str:
    return safe(words, VALUE_SIGNS)


def _here(path: str, ctx: Context) -> bool:
    return source(ctx.book, path) == "override"


def _moved(row: int, key: Key, count: int) -> int:
    return (row + (1 if key is Key.DOWN else -1)) % max(1, count)


def _listed(items: tuple[Item, ...], row: int) -> Items:
    first = row // ROWS * ROWS
    return Items(items[first : first + ROWS], row - first, first // ROWS + 1, max(1, -(-len(items) // ROWS)))


@dataclass(frozen=True, slots=True)
class SettingsHome(Screen):
    """Revision, how the fleet's newest document stands, and the groups."""

    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK opens a group."""
        groups = _groups(ctx)
        match key:
            case Key.UP | Key.DOWN:
                return Stay(SettingsHome(_moved(self.row, key, len(groups))))
            case Key.OK:
                return Push(SettingsGroup(groups[self.row % len(groups)]))
            case _:
                return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """A page of groups under what is in force."""
        groups = _groups(ctx)
        now = standing(ctx)
        count = len(ctx.book.overrides)
        items = tuple(Item("", t("rules", ctx.lang, f"section__{each}")) for each in groups)
        body: tuple[Block, ...] = (
            Row(text("setting__rev", rev=ctx.settings.revision), text(f"setting__{now}"), TINTS.get(now, Tint.PLAIN)),
            Row(text("setting__changed"), str(count)),
            _listed(items, self.row % len(groups)),
        )
        hints = (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("setting__title"), body, hints)


@dataclass(frozen=True, slots=True)
class SettingsGroup(Screen):
    """The settings of a group with their values."""

    about: str
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK changes one, F1 takes a change back."""
        ones = _of_group(ctx, self.about)
        if not ones:
            return Pop()
        one = ones[self.row % len(ones)]
        match key:
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=_moved(self.row, key, len(ones))))
            case Key.OK:
                return Push(_editor(one, ctx))
            case Key.F1 if _here(one.path, ctx):
                return Do(TakeBack(one.path), taken_back)
            case _:
                return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """A page of them; what differs from the document is marked."""
        ones = _of_group(ctx, self.about)
        row = self.row % max(1, len(ones))
        items = tuple(_item(each, ctx) for each in ones)
        back = (Hint("F1", text("setting__back")),) if ones and _here(ones[row].path, ctx) else ()
        hints = (OK_HINT, *back, CANCEL_HINT)
        return shown(self, ctx, t("rules", ctx.lang, f"section__{self.about}"), (_listed(items, row),), hints)


def _item(one: Editable, ctx: Context) -> Item:
    mark = MARK if _here(one.path, ctx) else ""
    return Item("", mark + _name(one, ctx), note=_short(_said(one, _in_force(one, ctx), ctx)))


def taken_back(done: Done, ctx: Context) -> Move:
    """`then` of a change that was taken back: it is seen in the list."""
    return Stay()


def was_set(done: Done, ctx: Context) -> Move:
    """`then` of a change: back to the list, where it is seen."""
    return Pop()


def _editor(one: Editable, ctx: Context) -> Screen:
    match one.kind:
        case "choice":
            value = _in_force(one, ctx)
            return SettingChoice(one.path, next((n for n, each in enumerate(one.choices) if each == value), 0))
        case "texts" | "numbers":
            return SettingList(one.path)
        case "text":
            return SettingText(one.path)
        case _:
            return SettingNumber(one.path)


def _top(one: Editable, ctx: Context) -> tuple[Block, ...]:
    """What it is, where its value comes from, what it does."""
    came = source(ctx.book, one.path)
    return (
        Row(
            _name(one, ctx),
            text(f"setting__from_{came}"),
            Tint.UNSURE if came == "override" else Tint.PLAIN,
            strong=True,
        ),
        Para(t("rules", ctx.lang, f"settings_help__{one.key}"), Tint.QUIET),
    )


@dataclass(frozen=True, slots=True)
class SettingChoice(Screen):
    """One of a few values."""

    about: str
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK sets the one that is marked."""
        one = editable(self.about)
        match key:
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=_moved(self.row, key, len(one.choices))))
            case Key.OK:
                return Do(ChangeSetting(one.path, one.choices[self.row % len(one.choices)]), was_set)
            case _:
                return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """The choices."""
        one = editable(self.about)
        items = tuple(Item("", _said(one, each, ctx)) for each in one.choices)
        body = (*_top(one, ctx), _listed(items, self.row))
        hints = (OK_HINT, Hint("UP", text("hint__choose")), CANCEL_HINT)
        return shown(self, ctx, text("setting__title"), body, hints)


@dataclass(frozen=True, slots=True)
class SettingNumber(Screen):
    """A number, an amount, or an hour; `place` 0 or more: that row of a list of numbers."""

    about: str
    place: int = -1
    digits: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits and CLEAR type, OK sets."""
        one = editable(self.about)
        longest = CLOCK_DIGITS if one.kind == "clock" else len(str(one.high))
        now = typed(self.digits, key, longest)
        if now is not None:
            return Stay(replace(self, digits=now))
        if key is Key.OK and self.digits:
            return self._set(one, ctx)
        return Pop() if key is Key.CANCEL else Stay()

    def _set(self, one: Editable, ctx: Context) -> Move:
        if one.kind == "clock":
            return Do(ChangeSetting(one.path, _clock(self.digits)), was_set)
        number = int(self.digits)
        if not one.low <= number <= one.high:
            return refuse(BAD, text("setting__bounds", low=_said(one, one.low, ctx), high=_said(one, one.high, ctx)))
        value = number if self.place < 0 else _with(_in_force(one, ctx), self.place, number)
        return Do(ChangeSetting(one.path, sorted(value) if isinstance(value, list) else value), was_set)

    def view(self, ctx: Context) -> View:
        """What is in force, what is being typed, and the bounds."""
        one = editable(self.about)
        value = _in_force(one, ctx)
        if isinstance(value, list):
            value = value[self.place] if self.place < len(value) else ""
        now = _clock(self.digits) if one.kind == "clock" else amount_text(self.digits) if one.money else self.digits
        bounds: tuple[Block, ...] = ()
        if one.kind != "clock":
            low, high = (_said(one, each, ctx) for each in (one.low, one.high))
            bounds = (Row(text("setting__range"), f"{low} … {high}", Tint.QUIET),)
        body: tuple[Block, ...] = (
            *_top(one, ctx),
            Row(text("setting__now"), _said(one, value, ctx) if value != "" else "-"),
            *bounds,
            Field(text("setting__new"), now if self.digits else ""),
        )
        hints = (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT) if self.digits else (CANCEL_HINT,)
        return shown(self, ctx, text("setting__title"), body, hints)


def _clock(digits: str) -> str:
    """0830 -> 08:30."""
    return f"{digits[:2]}:{digits[2:]}" if len(digits) > 2 else digits


@dataclass(frozen=True, slots=True)
class SettingText(Screen):
    """A short text: scanned from a code that holds it, or digits typed. `place` 0 or more: that row of a list of texts."""

    about: str
    place: int = -1
    value: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits and CLEAR type, OK sets; an empty text where the setting may be empty."""
        one = editable(self.about)
        now = typed(self.value, key, one.longest)
        if now is not None:
            return Stay(replace(self, value=now))
        if key is Key.OK:
            return self._set(one, ctx)
        return Pop() if key is Key.CANCEL else Stay()

    def _set(self, one: Editable, ctx: Context) -> Move:
        value: Any = self.value if self.place < 0 else _with(_in_force(one, ctx), self.place, self.value)
        return Do(ChangeSetting(one.path, value), was_set)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """The text of a code, if it fits and hides nothing."""
        said = scanned.text.strip()
        if not said.isprintable() or len(said) > editable(self.about).longest:
            return Reject()
        return Stay(replace(self, value=said))

    def view(self, ctx: Context) -> View:
        """What is in force, and what will be."""
        one = editable(self.about)
        held = _in_force(one, ctx)
        now = held if self.place < 0 else held[self.place] if self.place < len(held) else ""
        body: tuple[Block, ...] = (
            Row(_name(one, ctx), text(f"setting__from_{source(ctx.book, one.path)}"), strong=True),
            Row(safe(now, VALUE_SIGNS) or "-", tint=Tint.QUIET),
            Para(text("setting__scan"), Tint.QUIET),
            Row(text("setting__new")),
            Para(self.value or "-"),
        )
        hints = (OK_HINT, Hint("CLEAR", text("hint__clear")), CANCEL_HINT)
        return shown(self, ctx, text("setting__title"), body, hints)


def _with(rows: list[Any], place: int, value: Any) -> list[Any]:
    """The list with another row at `place`, or one more."""
    return [*rows[:place], value, *rows[place + 1 :]]


@dataclass(frozen=True, slots=True)
class SettingList(Screen):
    """A list of texts or numbers: the last row adds one."""

    about: str
    row: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK changes a row or adds one, F2 removes it."""
        one = editable(self.about)
        rows = _in_force(one, ctx)
        count = len(rows) + (len(rows) < one.rows_max)
        row = self.row % max(1, count)
        match key:
            case Key.UP | Key.DOWN:
                return Stay(replace(self, row=_moved(row, key, count)))
            case Key.OK:
                return Push(SettingText(one.path, row) if one.kind == "texts" else SettingNumber(one.path, row))
            case Key.F2 if row < len(rows) and len(rows) > one.rows_min:
                return Do(ChangeSetting(one.path, [*rows[:row], *rows[row + 1 :]]), taken_back)
            case _:
                return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """The rows."""
        one = editable(self.about)
        rows = _in_force(one, ctx)
        added = (Item("", text("setting__add")),) if len(rows) < one.rows_max else ()
        items = (*(Item("", safe(_said(one, each, ctx), 18)) for each in rows), *added)
        row = self.row % max(1, len(items))
        removes = (Hint("F2", text("setting__remove")),) if row < len(rows) > one.rows_min else ()
        top: Say = text(f"setting__from_{source(ctx.book, one.path)}")
        body = (Row(_name(one, ctx), top, strong=True), _listed(items, row))
        return shown(self, ctx, text("setting__title"), body, (OK_HINT, *removes, CANCEL_HINT))
