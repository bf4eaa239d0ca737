"""What the fleet does to a terminal, as the people in front of it see it: found, locked, about to start again."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import OK_HINT, Move, Pop, Push, Screen, Stay, local_time, shown
from firmware.screens.menu import Menu
from firmware.txn import lock
from firmware.txn.command import Context
from firmware.view import Big, Block, Gap, Hint, Para, Row, Tint, View, text
from rules.help import CONTACTS

REASON_CHARS_MAX = 40


@dataclass(frozen=True, slots=True)
class Sought(Screen):
    """Somebody at the fleet looks for this terminal: its number, large, until a key or the time ends it."""

    seconds: int
    since_ms: int = 0  # so that the next call is another screen

    def press(self, key: Key, ctx: Context) -> Move:
        """Any key ends it, and does nothing else."""
        return Pop()

    def stays_ms(self, ctx: Context) -> int:
        """As long as was asked."""
        return self.seconds * 1000

    def expired(self, ctx: Context) -> Move:
        """Back to what was there."""
        return Pop()

    def view(self, ctx: Context) -> View:
        """Number and shop."""
        shop = f"{ctx.settings.shop.name}{ctx.settings.shop.branch}"
        body: tuple[Block, ...] = (
            Gap(24), Big(text("sought__number"), ctx.terminal), Gap(16), Para(shop), Para(text("sought__words")),
        )  # fmt: skip
        return shown(self, ctx, text("sought__title"), body, (OK_HINT,), Tint.UNSURE)


@dataclass(frozen=True, slots=True)
class Locked(Screen):
    """This terminal sells no more: why, and whom to call. The menu leads to what may still be done."""

    def press(self, key: Key, ctx: Context) -> Move:
        """MENU; anything else is waited for in vain."""
        return Push(Menu()) if key is Key.MENU else Stay()

    def view(self, ctx: Context) -> View:
        """Code and action, the reason, since when, and a number to call where the shop has told one."""
        entry, found = ctx.error(lock.TERMINAL_LOCKED), lock.lock(ctx.books)
        body: tuple[Block, ...] = (
            Gap(8),
            Para(entry.line(ctx.lang), Tint.BAD, large=True),
            Para(entry.action(ctx.lang)),
        )
        if found is not None:
            reason = found.reason[:REASON_CHARS_MAX] or text("locked__no_reason")
            body += (Gap(8), Row(text("locked__why")), Para(reason))
            body += (Row(text("locked__since"), local_time(found.at_ms, "%m-%d %H:%M")),)
        hotline = next((line for who in CONTACTS if (line := ctx.help.hotline(who, ctx.lang))), "")
        body += (Para(hotline),) if hotline else ()
        return shown(self, ctx, text("locked__title"), body, (Hint("MENU", text("hint__menu")),), Tint.BAD)


@dataclass(frozen=True, slots=True)
class Updating(Screen):
    """A new release is being put in place, or the terminal is about to start again. Any key sells on: then it waits for
    its next chance."""

    version: str = ""  # "": only a restart

    def press(self, key: Key, ctx: Context) -> Move:
        """Somebody is there: later, then."""
        return Pop(key)

    def view(self, ctx: Context) -> View:
        """What happens."""
        words = text("updating__words", version=self.version) if self.version else text("updating__restart")
        body: tuple[Block, ...] = (Gap(24), Para(words, large=True), Gap(8), Para(text("updating__wait")))
        return shown(self, ctx, text("updating__title"), body, (Hint("OK", text("updating__later")),), Tint.UNSURE)
