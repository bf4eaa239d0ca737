"""Reusable screens and pieces: notice, refusal, confirmation, wait, wizard, and digits being typed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from firmware.events import Event, Key, Scanned
from firmware.screens.base import CANCEL_HINT, OK_HINT, Home, Move, Pop, Push, Reject, Screen, Stay, shown
from firmware.txn.approve import OVERRIDABLE
from firmware.txn.command import Context, Refusal
from firmware.view import Block, Field, Gap, Hint, Para, Say, Tint, View, text
from rules.badges import badge_like
from rules.money import yuan
from rules.rights import Right
from texts import t

AMOUNT_DIGITS_MAX = 9
MASK = "0"
"""Stands for each digit of a PIN in a view, whose masked field shows a dot for it."""


@dataclass(frozen=True, slots=True)
class Notice(Screen):
    """Something to read; any of OK and CANCEL leaves. `code`: of the error table, that says why; 0: none."""

    title: Say
    words: tuple[Say, ...]
    tint: Tint = Tint.PLAIN
    code: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """Leave on OK, CANCEL or CLEAR."""
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """The words, large first; what the code says comes right after them."""
        first, *rest = self.words
        why = (ctx.error(self.code).line(ctx.lang),) if self.code else ()
        body: tuple[Block, ...] = (Gap(16), Para(first, self.tint, large=True), *(Para(word) for word in (*why, *rest)))
        return shown(self, ctx, self.title, body, (OK_HINT,), self.tint)


@dataclass(frozen=True, slots=True)
class Refused(Screen):
    """A refusal, always shown the same way: `[2005] …` and what the cashier does next (design 4).

    `trouble`: nothing was refused, a device or the terminal itself needs a hand.
    """

    refusal: Refusal
    trouble: bool = False

    def press(self, key: Key, ctx: Context) -> Move:
        """Leave on OK, CANCEL or CLEAR."""
        return Pop() if key in (Key.OK, Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """Code, text, what it was about, action."""
        title = text("refused__trouble" if self.trouble else "refused__title")
        final = not self.trouble and self.refusal.code in SUPERVISED
        return shown(self, ctx, title, refusal_blocks(self.refusal, ctx, final), (OK_HINT,), Tint.BAD)


SUPERVISED = OVERRIDABLE - {8011}
"""Refusals whose action sends for a supervisor (8011 names what is to be settled first)."""


def refusal_blocks(refusal: Refusal, ctx: Context, final: bool = False) -> tuple[Block, ...]:
    """Code, text, what it was about, action: the same wherever a refusal is shown. `final`: no supervisor may lift it, so
    none is sent for (`approve.helps`)."""
    entry = ctx.error(refusal.code)
    action = text("refused__final") if final else entry.action(ctx.lang)
    body: tuple[Block, ...] = (Gap(8), Para(entry.line(ctx.lang), Tint.BAD, large=True))
    if refusal.about:
        body += (Para(_about(refusal, ctx), Tint.QUIET, rows=2),)
    return (*body, Gap(8), Para(action)) if action else body


def _about(refusal: Refusal, ctx: Context) -> Say:
    """Of a refusal for want of a right its name in words, and what stands behind it; anything else as it is."""
    about = refusal.about
    right, *more = about.split(" ") if isinstance(about, str) and refusal.code in OF_RIGHTS else ("",)
    return " ".join((t("rules", ctx.lang, f"right__{right}"), *more)) if right in RIGHT_NAMES else about


OF_RIGHTS = frozenset({2005, 2006})
RIGHT_NAMES = frozenset(right.value for right in Right)


@dataclass(frozen=True, slots=True)
class Confirm(Screen):
    """A question; OK answers with True, CANCEL with False, to the screen beneath."""

    title: Say
    words: tuple[Say, ...]
    yes: Say = field(default_factory=lambda: text("hint__yes"))
    no: Say = field(default_factory=lambda: text("hint__no"))

    def press(self, key: Key, ctx: Context) -> Move:
        """OK is yes; CANCEL and CLEAR are no."""
        if key is Key.OK:
            return Pop(True)
        return Pop(False) if key in (Key.CANCEL, Key.CLEAR) else Stay()

    def view(self, ctx: Context) -> View:
        """The question."""
        first, *rest = self.words
        body: tuple[Block, ...] = (Gap(16), Para(first, large=True), *(Para(word) for word in rest))
        return shown(self, ctx, self.title, body, (Hint("OK", self.yes), Hint("CANCEL", self.no)), Tint.UNSURE)


Heard = Callable[[Event, str, Context], Move | None]
"""What a worker's answer leads to: the event, what `Wait.about` holds; None when it is not the one waited for."""


@dataclass(frozen=True, slots=True)
class Wait(Screen):
    """Waiting for a worker; its answer leads on by `heard`. CANCEL is not hinted: nothing waits for the outside here."""

    words: Say
    heard: Heard
    about: str = ""

    def press(self, key: Key, ctx: Context) -> Move:
        """CANCEL leads home, should an answer never come."""
        return Home() if key is Key.CANCEL else Stay()

    def hear(self, event: Event, ctx: Context) -> Move:
        """On by `heard`, when the event is the one waited for."""
        return self.heard(event, self.about, ctx) or Stay()

    def view(self, ctx: Context) -> View:
        """What is being waited for."""
        return shown(self, ctx, text("wait__title"), (Gap(48), Para(self.words, large=True)), ())


def typed(value: str, key: Key, longest: int) -> str | None:
    """`value` after a digit or CLEAR; None when the key is neither."""
    if key.digit:
        return value + key.digit if len(value) < longest else value
    return value[:-1] if key is Key.CLEAR else None


def amount_text(digits: str) -> str:
    """Digits shifted in from the right: 1230 -> 12.30 (domain 14.2)."""
    return yuan(int(digits or "0"))


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a wizard. `kind`: a number as typed, a hidden PIN, or an amount in fen shifted in from the right."""

    label: Say
    kind: str  # number | pin | amount
    longest: int
    shortest: int = 1
    start: str = ""


Finish = Callable[[tuple[str, ...], Context], Move]


@dataclass(frozen=True, slots=True)
class Soft:
    """What a key does on one screen beside typing; `press` is a module-level function."""

    key: Key
    words: Say
    press: Callable[[Context], Move]


def leave(ctx: Context) -> Move:
    """Back to the screen beneath."""
    return Pop()


LEAVE = Soft(Key.CANCEL, CANCEL_HINT.text, leave)


@dataclass(frozen=True, slots=True)
class Wizard(Screen):
    """A linear flow: one question after the other; CANCEL goes one back, on the first one it does what `out` says."""

    title: Say
    steps: tuple[Step, ...]
    finish: Finish
    values: tuple[str, ...] = field(default=(), repr=False)  # may hold a PIN
    value: str = field(default="", repr=False)
    out: Soft | None = LEAVE  # None: there is no way out
    soft: tuple[Soft, ...] = ()
    words: Say = ""
    badge: Callable[[str, Context], Move] | None = None  # what an operator's badge does here
    no_scan: int = 0  # code that is said to any other scan
    said: int = 0  # code that was said
    above: Callable[[int, Context], tuple[Block, ...]] | None = (
        None  # what is to be known before the questions, `said` too
    )

    TAKES_BADGES: ClassVar[bool] = True

    @property
    def step(self) -> Step:
        """The question now asked."""
        return self.steps[len(self.values)]

    def press(self, key: Key, ctx: Context) -> Move:
        """Digits and CLEAR type, OK goes on, CANCEL back."""
        value = typed(self.value, key, self.step.longest)
        if value is not None:
            return Stay(replace(self, value=value))
        if key is Key.OK and len(self.value) >= self.step.shortest:
            return self._next(ctx)
        if key is Key.CANCEL:
            return self._back(ctx)
        return next((soft.press(ctx) for soft in self.soft if soft.key is key), Stay())

    def hold(self, key: Key, ctx: Context) -> Move:
        """CLEAR held empties the field."""
        return Stay(replace(self, value="")) if key is Key.CLEAR else Screen.hold(self, key, ctx)

    def scan(self, scanned: Scanned, ctx: Context) -> Move:
        """A badge, where one is of use."""
        if self.badge and badge_like(scanned.text):
            return self.badge(scanned.text, ctx)
        return Reject(replace(self, said=self.no_scan) if self.no_scan else None)

    def restarted(self) -> "Wizard":
        """The same flow from its first question, after a refusal."""
        return replace(self, values=(), value=self.steps[0].start)

    def back(self, result: object, ctx: Context) -> Move:
        """A screen above was left: ask again from the start."""
        return Stay(self.restarted())

    def _next(self, ctx: Context) -> Move:
        values = (*self.values, self.value)
        if len(values) == len(self.steps):
            return self.finish(values, ctx)
        return Stay(replace(self, values=values, value=self.steps[len(values)].start))

    def _back(self, ctx: Context) -> Move:
        if self.values:
            return Stay(replace(self, values=self.values[:-1], value=self.values[-1]))
        return self.out.press(ctx) if self.out else Stay(self.restarted())

    def view(self, ctx: Context) -> View:
        """Answers so far, the question, and what has been typed."""
        done = tuple(
            Field(step.label, shown_value(step, value), masked=step.kind == "pin", focus=False)
            for step, value in zip(self.steps, self.values, strict=False)
        )
        now = Field(self.step.label, shown_value(self.step, self.value), masked=self.step.kind == "pin")
        words = (Para(self.words, Tint.QUIET),) if self.words else ()
        body: tuple[Block, ...] = (Gap(8), *(self.above(self.said, ctx) if self.above else ()), *words, *done, now)
        return shown(self, ctx, self.title, body, self._hints())

    def _hints(self) -> tuple[Hint, ...]:
        """OK, what CANCEL does, CLEAR as long as there is something to delete, and the soft keys."""
        hints: tuple[Hint, ...] = (OK_HINT,)
        if self.values or self.out:
            hints += (CANCEL_HINT if self.values or self.out is None else Hint("CANCEL", self.out.words),)
        hints += tuple(Hint(soft.key, soft.words) for soft in self.soft)
        if self.value and len(hints) < HINTS_MAX:
            hints += (Hint("CLEAR", text("hint__clear")),)
        return hints


HINTS_MAX = 3
"""As many stand side by side in English."""


def shown_value(step: Step, value: str) -> str:
    """What has been typed, as it is shown: amounts with their point; of a PIN not even the view knows the digits."""
    if step.kind == "pin":
        return MASK * len(value)
    return amount_text(value) if step.kind == "amount" else value


def refuse(code: int, about: Say = "") -> Push:
    """The move that shows a refusal."""
    return Push(Refused(Refusal(code, about)))
