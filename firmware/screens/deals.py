"""团购同步: how old the deals are, how each platform stands, and a key that asks for them now (domain 3.4)."""

from dataclasses import dataclass, replace

from firmware.events import Key
from firmware.screens.base import CANCEL_HINT, Do, Done, Move, Pop, Push, Screen, Stay, shown
from firmware.screens.slips import trouble_rows
from firmware.txn import deals
from firmware.txn.command import Context
from firmware.txn.deals import RefreshDeals, age_ms, stale
from firmware.txn.voucher_names import platform_name
from firmware.view import Block, Hint, Row, Say, Tint, View, text
from rules.deals import Platform

ROWS_MAX = 8
"""Rows of this screen that fit, the page's own among them."""
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
    """Age, number of deals, and each platform of this shop, page by page. OK asks for them now."""

    asked: bool = False
    at: int = 0

    def press(self, key: Key, ctx: Context) -> Move:
        """OK refreshes, UP and DOWN turn pages."""
        if key is Key.OK:
            return Do(RefreshDeals(), _asked)
        if key in (Key.UP, Key.DOWN):
            return Stay(replace(self, at=(self.at + (1 if key is Key.DOWN else -1)) % self._pages(ctx)))
        return Pop() if key is Key.CANCEL else Stay()

    def view(self, ctx: Context) -> View:
        """What stops a platform is said beneath it."""
        head, rows, pages = self._head(ctx), _platform_rows(ctx), self._pages(ctx)
        a_page = _page_rows(head, rows)
        at = min(self.at, pages - 1)
        body = (*head, *rows[at * a_page : (at + 1) * a_page])
        hints: tuple[Hint, ...] = (Hint("OK", text("deals__refresh")),)
        if pages > 1:
            hints += (Hint("DOWN", text("report__next")),)
            body += (Row("", f"{at + 1}/{pages}", Tint.QUIET),)
        return shown(self, ctx, text("deals__title"), body, (*hints, CANCEL_HINT))

    def _head(self, ctx: Context) -> tuple[Block, ...]:
        fresh = age_ms(ctx)
        head: tuple[Block, ...] = (Row(text("deals__age"), age(ctx), Tint.QUIET),)
        head += trouble_rows(deals.STALE, ctx) if stale(ctx) else ()
        if self.asked and (fresh is None or fresh > deals.MINUTE_MS):
            head += (Row(text("deals__asking"), tint=Tint.QUIET),)
        elif not stale(ctx):
            head += (Row(text("deals__count"), str(deals.head(ctx.books).deals)),)
        return head

    def _pages(self, ctx: Context) -> int:
        rows = _platform_rows(ctx)
        return max(1, -(-len(rows) // _page_rows(self._head(ctx), rows)))


def _page_rows(head: tuple[Block, ...], rows: tuple[Row, ...]) -> int:
    """How many platforms stand beneath the head at once; where not all do, the page's number takes a row."""
    room = ROWS_MAX - len(head)
    return room if len(rows) <= room else room - 1


def _platform_rows(ctx: Context) -> tuple[Row, ...]:
    """Every platform of this shop, and whether it can be used."""
    return tuple(_platform_row(row.platform, ctx) for row in ctx.settings.vouchers.platforms if row.enabled)


def _platform_row(platform: Platform, ctx: Context) -> Row:
    refusal = deals.platform_refusal(ctx, platform)
    told = deals.platform_state(ctx.books, platform)
    state: Say = "-" if told is None else f"[{refusal.code}]" if refusal else text("deals__fine")
    tint = Tint.BAD if refusal else Tint.QUIET if told is None else Tint.PLAIN
    return Row(platform_name(ctx, platform), state, tint)


def _asked(done: Done, ctx: Context) -> Move:
    return Stay(Deals(asked=True))
