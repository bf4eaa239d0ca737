"""团购同步: how old the deals are, how each platform stands, and a key that asks for them now (domain 3.4)."""

from dataclasses import dataclass

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Done, Move, Pop, Push, Screen, Stay, shown
from firmware.screens.slips import trouble_rows
from firmware.txn import deals
from firmware.txn.command import Context
from firmware.txn.deals import RefreshDeals, age_ms, stale
from firmware.txn.voucher_names import platform_name
from firmware.view import Block, Hint, Row, Say, Tint, View, text

ROWS_MAX = 8
MINUTES_AN_HOUR, MINUTES_A_DAY = 60, 24 * 60


def deals_screen(ctx: Context) -> Move:
    """What is known of deals and platforms."""
    return Push(Deals())


def age(ctx: Context) -> Say:
    """刚刚, 12 分钟前, 3 小时前 …"""
    found = age_ms(ctx)
    if found is None:
        return text("deals__never")
    minutes = found // deals.MINUTE_MS
    if minutes < MINUTES_AN_HOUR:
        return text("deals__minutes", count=minutes) if minutes else text("deals__now")
    if minutes < MINUTES_A_DAY:
        return text("deals__hours", count=minutes // MINUTES_AN_HOUR)
    return text("deals__days", count=minutes // MINUTES_A_DAY)


def age_row(ctx: Context) -> Row:
    """How old the deals are, with 1014 when they are older than two intervals."""
    old = stale(ctx)
    name = text("deals__old" if old else "deals__age")
    return Row(name, age(ctx), Tint.UNSURE if old else Tint.QUIET)


@dataclass(frozen=True, slots=True)
class Deals(Screen):
    """Age, number of deals, and each platform of this shop. OK asks for them now."""

    asked: bool = False

    def press(self, key: Key, ctx: Context) -> Move:
        """OK refreshes."""
        if key is Key.OK:
            return Do(RefreshDeals(), _asked)
        return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """What stops a platform is said beneath it."""
        fresh = age_ms(ctx)
        body: tuple[Block, ...] = (Row(text("deals__age"), age(ctx), Tint.QUIET),)
        body += trouble_rows(deals.STALE, ctx) if stale(ctx) else ()
        if self.asked and (fresh is None or fresh > deals.MINUTE_MS):
            body += (Row(text("deals__asking"), tint=Tint.QUIET),)
        elif not stale(ctx):
            body += (Row(text("deals__count"), str(deals.head(ctx.books).deals)),)
        room = ROWS_MAX - len(body)
        for row in [each for each in ctx.settings.vouchers.platforms if each.enabled][:room]:
            refusal = deals.platform_refusal(ctx, row.platform)
            told = deals.platform_state(ctx.books, row.platform)
            state: Say = "-" if told is None else f"[{refusal.code}]" if refusal else text("deals__fine")
            tint = Tint.BAD if refusal else Tint.QUIET if told is None else Tint.PLAIN
            body += (Row(platform_name(ctx, row.platform), state, tint),)
        return shown(self, ctx, text("deals__title"), body, (Hint("OK", text("deals__refresh")), CANCEL_HINT))


def _asked(done: Done, ctx: Context) -> Move:
    return Stay(Deals(asked=True))
