"""The link, for who stands in the shop: which network, how strong, what waits, everything that is wrong, and OK to try
again at once."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Done, Move, Pop, Push, Screen, Stay, link_look, shown
from firmware.txn import life
from firmware.txn.command import Context
from firmware.txn.link import Reconnect, troubles
from firmware.txn.settings import standing
from firmware.view import Block, Hint, Row, Rule, Say, Tint, View, text

TROUBLES_SHOWN = 2
"""Code and action take two rows each."""

TRIED_MS = 5_000
"""An attempt that was asked for is under way for at least as long; asking again changes nothing (1018)."""

RETRY_HINT = Hint("OK", text("network__retry"))


def network(ctx: Context) -> Move:
    """The menu's entry."""
    return Push(Network())


@dataclass(frozen=True, slots=True)
class Network(Screen):
    """What the link looks like; OK connects at once, UP and DOWN turn the list of troubles."""

    tried_ms: int = 0
    page: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK tries, CANCEL leaves."""
        pages = _pages(ctx)
        match key:
            case Key.OK if down(ctx):
                return Do(again(self.tried_ms, ctx), _tried)
            case Key.UP | Key.DOWN if pages > 1:
                return Stay(replace(self, page=(self.page + (1 if key is Key.DOWN else -1)) % pages))
            case Key.OK | Key.CANCEL | Key.CLEAR:
                return Pop()
            case _:
                return Stay()

    def view(self, ctx: Context) -> View:
        """Link, network, what waits; then codes with their actions."""
        found, pages = troubles(ctx), _pages(ctx)
        page = min(self.page, pages - 1)
        rows: tuple[Block, ...] = (link_row(ctx), _network_row(ctx), backlog_row(ctx), Rule())
        for code in found[page * TROUBLES_SHOWN : (page + 1) * TROUBLES_SHOWN]:
            rows += code_rows(code, ctx)
        if pages > 1:
            rows += (Row(text("network__more"), f"{page + 1}/{pages}", Tint.QUIET),)
        hints = (RETRY_HINT, CANCEL_HINT) if down(ctx) else (CANCEL_HINT,)
        return shown(self, ctx, text("menu__network"), rows if found else (*rows, Row(text("network__fine"))), hints)


def down(ctx: Context) -> bool:
    """Whether there is anything to connect: not while the broker has us."""
    return ctx.devices.link != "up"


def again(tried_ms: int, ctx: Context) -> Reconnect:
    """The command: connect at once, unless that was asked for a moment ago."""
    return Reconnect(bool(tried_ms) and ctx.now.monotonic_ms - tried_ms < TRIED_MS)


def _tried(done: Done, ctx: Context) -> Move:
    return Stay(Network(ctx.now.monotonic_ms))


def link_row(ctx: Context) -> Row:
    """Whether the backend is there, and whether the terminal is signed on with it (签到成功)."""
    silent = ctx.devices.link == "up" and not ctx.devices.answered
    look = "silent" if silent else "signed" if signed_on(ctx) else link_look(ctx)
    return Row(text("about__link"), text(f"link__{look}"))


def signed_on(ctx: Context) -> bool:
    """Whether the terminal itself is signed on (domain 5.3): the session stands, the backend has numbered the journal, the
    time is set, and no settings of the fleet's wait, are on trial or were refused."""
    numbered = ctx.devices.link == "up" and life.value(ctx.books, "epoch_number") != ""
    return numbered and ctx.now.trusted and standing(ctx) in ("none", "applied")


def backlog_row(ctx: Context) -> Row:
    """Records not yet acknowledged."""
    return Row(text("about__backlog"), str(ctx.backlog), Tint.UNSURE if ctx.backlog else Tint.PLAIN)


def code_rows(code: int, ctx: Context) -> tuple[Row, Row]:
    """A code, and what to do about it."""
    entry = ctx.error(code)
    return Row(entry.line(ctx.lang), tint=Tint.UNSURE), Row(entry.action(ctx.lang), tint=Tint.QUIET)


def _network_row(ctx: Context) -> Row:
    percent = ctx.devices.signal_percent
    kind: Say = text(f"network__{ctx.devices.network}")
    return Row(text("network__kind"), kind if percent is None else text("network__signal", kind=kind, percent=percent))


def _pages(ctx: Context) -> int:
    return max(1, -(-len(troubles(ctx)) // TROUBLES_SHOWN))
