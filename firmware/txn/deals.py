"""Deals of the platforms, their rules and how each platform stands, as the backend told them last (domain 3.4, 3.5).

Reference data beside the journal, like the price list: loaded whole and at once, named in the journal by its digest
(`DealsLoaded`). The platform's own word when a voucher is prepared always counts more.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from firmware.events import Ask
from firmware.txn import life
from firmware.txn.books import Reading
from firmware.txn.command import Context, Decision, Refusal
from firmware.txn.voucher_names import platform_name
from rules.deals import Deal, Platform
from wire.vouchers import AnswerVoucherPrepare, AskDeals, PlatformState

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS deal(platform TEXT NOT NULL, deal_id TEXT NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY (platform, deal_id)) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS deal_platform(platform TEXT PRIMARY KEY, code INTEGER NOT NULL, software_min TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS deal_head(one INTEGER PRIMARY KEY, rev TEXT NOT NULL, digest TEXT NOT NULL,"
    " deals INTEGER NOT NULL) STRICT",
)
"""Additive: a release that does not know them passes them over."""

MINUTE_MS: Final = 60_000
STALE_INTERVALS: Final = 2
STALE, TOO_OLD = 1014, 9015


@dataclass(frozen=True, slots=True)
class Head:
    """Which deals are in force."""

    rev: str
    digest: str
    deals: int


def deal_of(books: Reading, platform: str, deal_id: str) -> Deal | None:
    """The rules of a deal, None when the backend has told none."""
    rows = books.read("SELECT body FROM deal WHERE platform = ? AND deal_id = ?", platform, deal_id)
    return msgspec.json.decode(rows[0][0], type=Deal) if rows else None


def platform_state(books: Reading, platform: str) -> PlatformState | None:
    """How a platform stood when the deals were told; None: nobody has told."""
    rows = books.read("SELECT platform, code, software_min FROM deal_platform WHERE platform = ?", platform)
    return PlatformState(*rows[0]) if rows else None


def head(books: Reading) -> Head:
    """Which deals are in force; of none: empty."""
    rows = books.read("SELECT rev, digest, deals FROM deal_head WHERE one = 1")
    return Head(*rows[0]) if rows else Head("", "", 0)


def platform_refusal(ctx: Context, platform: Platform) -> Refusal | None:
    """Why nothing of this platform can be redeemed here: 9015 for a release it does not take any more; while what is known
    is fresh also 2010, 2011, 3025, 1019 … as the backend told. None: it can be asked."""
    state = platform_state(ctx.books, platform)
    if state is None:
        return None
    if older(ctx.software, state.software_min):
        return Refusal(TOO_OLD, platform_name(ctx, platform))
    return Refusal(state.code, platform_name(ctx, platform)) if state.code and not stale(ctx) else None


def older(software: str, least: str) -> bool:
    """Whether a release comes before another: by its numbers, from left to right; one that says nothing is never old."""
    return bool(software and least) and _numbers(software) < _numbers(least)


def _numbers(software: str) -> tuple[int, ...]:
    found = [int(number) for number in re.findall(r"[0-9]+", software.split("-")[0].split("+")[0])]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def age_ms(ctx: Context) -> int | None:
    """How long ago the backend last said what the deals are; None: not in this boot, and no record tells when before."""
    if ctx.devices.deals_ms:
        return ctx.now.monotonic_ms - ctx.devices.deals_ms
    loaded_ms = int(life.value(ctx.books, "deals_ms", "0"))
    return max(0, ctx.now.wall_ms - loaded_ms) if loaded_ms else None


def stale(ctx: Context) -> bool:
    """Whether what is known is older than two intervals (1014)."""
    age = age_ms(ctx)
    return age is None or age > STALE_INTERVALS * ctx.settings.vouchers.sync_min * MINUTE_MS


def digest_of(deals: Iterable[Deal], platforms: Iterable[PlatformState]) -> str:
    """By which the journal names them."""
    return hashlib.sha256(msgspec.json.encode((tuple(deals), tuple(platforms)), order="sorted")).hexdigest()


def with_rules(books: Reading, answer: AnswerVoucherPrepare) -> AnswerVoucherPrepare:
    """A preparation whose coupons have the rules known here, where the backend told none with them."""
    coupons = tuple(
        coupon
        if coupon.deal is not None
        else msgspec.structs.replace(coupon, deal=deal_of(books, coupon.platform, coupon.deal_id))
        for coupon in answer.coupons
    )
    return msgspec.structs.replace(answer, coupons=coupons)


@dataclass(frozen=True, slots=True)
class RefreshDeals:
    """Ask what the deals are, by itself or by key. It moves nothing."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """The ask for the first page, or 1003 without a link, 2005 where the shop takes no vouchers."""
        if not ctx.settings.vouchers.enabled:
            return Refusal(2005, "vouchers.enabled")
        if ctx.devices.link != "up" or ctx.safe_mode:
            return Refusal(1003)
        return Decision(effects=(Ask(0, AskDeals(head(ctx.books).rev)),))
