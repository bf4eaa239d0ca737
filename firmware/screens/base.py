"""What a screen is, and the moves it can answer with (design 4)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from firmware.events import Event, Key, Scanned
from firmware.screens.prose import ROOM_PX, small_px
from firmware.txn.command import Command, Context, Decision
from firmware.txn.life import ChooseLanguage
from firmware.txn.slip import LOCAL
from firmware.view import (
    Block,
    Hint,
    Items,
    Lang,
    LinkLook,
    Para,
    Row,
    Say,
    StatusBar,
    Text,
    Tint,
    View,
    text,
)  # fmt: skip
from texts import t
from wire.facts import Fact


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: its fields are all its state. The only base class we inherit from."""

    TELLS_DRAWER: ClassVar[bool] = False
    """A result that says by itself what is wrong with the drawer (`Devices.drawer_code`): nothing need cover it."""

    OVERLAY: ClassVar[bool] = False
    """Laid over another screen, which it gives back exactly as it was: no `back` is called when it leaves, and what the
    devices or the backend say is still said to the screen beneath."""

    TAKES_BADGES: ClassVar[bool] = False
    """Whether `scan` may be given an operator's badge; every other screen rejects one unseen."""

    TAKES_VOUCHERS: ClassVar[bool] = False
    """Whether a voucher's code is typed or scanned here: one in ten passes the check of card numbers, which every other
    screen's entries are held against."""

    def press(self, key: Key, ctx: Context) -> "Move":
        """A key went down."""
        return Stay()

    def hold(self, key: Key, ctx: Context) -> "Move":
        """A key has been down for two seconds: CANCEL leads home from anywhere (domain 14.1)."""
        return Home() if key is Key.CANCEL else Stay()

    def scan(self, scanned: Scanned, ctx: Context) -> "Move":
        """Something was scanned; a screen that expects none rejects it audibly."""
        return Reject()

    def hear(self, event: Event, ctx: Context) -> "Move":
        """A worker's answer this screen waits for."""
        return Stay()

    def back(self, result: object, ctx: Context) -> "Move":
        """The screen above was popped with `result`."""
        return Stay()

    def stays_ms(self, ctx: Context) -> int:
        """How long the screen stands unchanged before `expired` is asked; 0: as long as nobody does anything."""
        return 0

    def expired(self, ctx: Context) -> "Move":
        """Nobody did anything for `stays_ms`."""
        return Home()

    def view(self, ctx: Context) -> View:
        """What there is to see."""
        raise AssertionError("every screen has a view")


@dataclass(frozen=True, slots=True)
class Stay:
    """Remain, as `screen` if given."""

    screen: Screen | None = None


@dataclass(frozen=True, slots=True)
class Push:
    screen: Screen


@dataclass(frozen=True, slots=True)
class Replace:
    screen: Screen


@dataclass(frozen=True, slots=True)
class Pop:
    """Leave, giving `result` to the screen beneath."""

    result: object = None


@dataclass(frozen=True, slots=True)
class Home:
    """To the bottom of the stack, which fits the session: sign-on, open shift, or ready to sell; `above` on top of it."""

    above: Screen | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Not taken: an audible reject. Nothing changes, unless `screen` takes the place of this one, or `above` says why."""

    screen: Screen | None = None
    above: Screen | None = None


F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Done:
    """A command that was done, what it decided, and the seqs of its facts."""

    command: Command
    decision: Decision
    seqs: tuple[int, ...]

    def first(self, kind: type[F]) -> tuple[int, F]:
        """Seq and fact of the first of this kind among what was decided."""
        found = zip(self.seqs, self.decision.facts, strict=True)
        return next((seq, fact) for seq, fact in found if isinstance(fact, kind))


Then = Callable[[Done, Context], "Move"]
"""What follows a command that was done: always a module-level function, so that screens compare (decisions 29)."""


@dataclass(frozen=True, slots=True)
class Do:
    """Have a command done, then make the move `then` says. A refusal shows itself the same way everywhere."""

    command: Command
    then: Then


Move = Stay | Push | Replace | Pop | Home | Reject | Do


def stay(done: Done, ctx: Context) -> Move:
    """`then`: remain on the screen."""
    return Stay()


def home(done: Done, ctx: Context) -> Move:
    """`then`: go home."""
    return Home()


def pop(done: Done, ctx: Context) -> Move:
    """`then`: leave the screen."""
    return Pop()


def shown(
    screen: Screen,
    ctx: Context,
    title: Say,
    body: tuple[Block, ...],
    hints: tuple[Hint, ...],
    tint: Tint = Tint.PLAIN,
) -> View:
    """The view of a screen, with the status bar as things stand. One that shows a code says which key explains it, where
    the bar has room."""
    if not screen.OVERLAY and codes_on(body, ctx):
        longer = (*hints, *(Hint(key, text("hint__help")) for key in help_keys(screen, ctx)[:1]))
        hints = longer if bar_px(longer, ctx.lang) <= ROOM_PX else hints
    return View(type(screen).__name__, ctx.lang, title, body, hints, status_bar(ctx), tint)


def help_keys(screen: Screen, ctx: Context) -> tuple[Key, ...]:
    """Keys that open the help for a code on `screen`, one rule for all screens: F1 where it means nothing else, 0 where
    digits mean nothing; where both mean something, `*` if that is free."""

    def free(key: Key) -> bool:
        return screen.press(key, ctx) == Stay()

    f1 = (Key.F1,) if free(Key.F1) else ()
    zero = (Key.D0,) if free(Key.D0) and free(Key.D5) else ()
    return (*f1, *zero) or ((Key.STAR,) if free(Key.STAR) else ())


def codes_on(body: tuple[Block, ...], ctx: Context) -> tuple[int, ...]:
    """The error codes that stand in a body as `[1003]`, each once, from the top."""
    found = (int(code) for say in _said(body) for code in _CODE.findall(spoken(say, ctx.lang)))
    return tuple(code for code in dict.fromkeys(found) if ctx.knows(code))


def spoken(say: Say, lang: Lang) -> str:
    """`say` in words."""
    if isinstance(say, str):
        return say
    args = {name: spoken(value, lang) if isinstance(value, Text) else value for name, value in say.args}
    return t("firmware", lang, say.key, **args)


def _said(body: tuple[Block, ...]) -> Iterator[Say]:
    for block in body:
        match block:
            case Row(left=left, right=right):
                yield from (left, right)
            case Para(text=words):
                yield words
            case Items(items=items):
                yield from (say for item in items for say in (item.left, item.right, item.note))
            case _:
                pass


HINT_GAP_PX = 8
_CODE = re.compile(r"\[(\d{4})\]")


def bar_px(hints: tuple[Hint, ...], lang: Lang) -> int:
    """How wide the bar of hints is at its smallest, or wider: caps and words of 12 px."""
    words = sum(max(14, small_px(hint.key) + 8) + 4 + small_px(spoken(hint.text, lang)) for hint in hints)
    return words + HINT_GAP_PX * (len(hints) - 1)


def status_bar(ctx: Context) -> StatusBar:
    """Time and its trust, link, backlog, printer, battery, operator."""
    return StatusBar(
        local_time(ctx.now.wall_ms, "%H:%M"), ctx.now.clock, link_look(ctx), ctx.backlog,
        ctx.devices.printer, ctx.devices.battery, operator_name(ctx),
    )  # fmt: skip


def link_look(ctx: Context) -> LinkLook:
    """The link as the cashier should see it: a backend that stays silent is as good as none (decisions 22)."""
    devices = ctx.devices
    return "down" if devices.link == "up" and not devices.answered else devices.link


def operator_name(ctx: Context) -> str:
    """Number and name of who is signed on, or that nobody is."""
    number = ctx.session.operator
    if not number:
        return t("firmware", ctx.lang, "status__no_operator")
    name = next((entry.name for entry in ctx.settings.operators if entry.number == number), "")
    return name if number in name else f"{number} {name}".rstrip()


def local_time(wall_ms: int, form: str) -> str:
    """China's time of a UTC moment."""

    return datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(LOCAL).strftime(form)


TYPED = ("digits", "value", "times", "reference", "last4")
"""Fields in which screens keep what is being typed."""


def typed_text(screen: Screen) -> str:
    """What is being typed on a screen; empty when nothing is."""
    return "".join(str(value) for name in TYPED if (value := getattr(screen, name, "")))


def emptied(screen: Screen) -> Screen:
    """The screen with nothing typed."""
    held = {name: type(value)() for name in TYPED if (value := getattr(screen, name, ""))}
    return replace(screen, **held)


OK_HINT = Hint("OK", text("hint__ok"))
CANCEL_HINT = Hint("CANCEL", text("hint__back"))


def other_language(ctx: Context) -> Move:
    """Speak the other language from now on, wherever one is."""
    return Do(ChooseLanguage("en" if ctx.lang == "zh" else "zh"), stay)
