"""Deals, rules and platforms of a shop, told page by page under a revision that is their digest."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import msgspec

from fleet.effects import CallPlatform, Effect, SendAnswer, VoucherTicket
from fleet.vouchers.books import DealRow, PlatformRow
from fleet.vouchers.port import CALL_MAX_MS, NOT_ENABLED, DealsCall, DealsReply, Reply
from fleet.vouchers.within import Within, shop_of
from rules.deals import Deal, Platform
from wire.messages import Reach
from wire.vouchers import AnswerDeals, AskDeals, PlatformState

PAGE_DEALS_MAX, PAGE_BYTES_MAX, PAGES_MAX = 50, 40_000, 1_000
NEWS_MAX = 100
REFRESH_MS = 60_000
"""A platform is asked again when somebody wants deals and its last answer is older than this."""
LATELY_MS = 3_600_000
"""A platform's answer older than this says nothing of how it stands; terminals synchronise more often."""
REV_CHARS = 32
DEALS_MAX = 2_000


def answer(it: Within, terminal: str, ask: AskDeals) -> list[Effect]:
    """The page as the backend knows it now; platforms are asked meanwhile, for the next time. While some have never been
    asked, the answer waits for them."""
    calls, first = _refresh(it, terminal, ask.have) if ask.page == 0 else ([], False)
    return calls if first else [_page(it, terminal, ask), *calls]


def heard(it: Within, ticket: VoucherTicket, reply: Reply) -> list[Effect]:
    """How a platform stands for a shop, and its deals where it tells them; the last one lets the answer go."""
    row = it.books.platform(ticket.platform, ticket.shop) or PlatformRow(ticket.platform, ticket.shop)
    if isinstance(reply, DealsReply):
        it.books.put_platform(replace(row, code=reply.code, software_min=reply.software_min[:20], got_ms=it.now_ms))
        if not reply.code and reply.deals:
            _keep(it, ticket, reply.deals)
    else:  # no answer: it stands as it stood, and is asked again
        it.books.put_platform(replace(row, asked_ms=0))
    if not ticket.asker or any(_is_asked(it, ticket.shop, platform) for platform in it.shops.platforms):
        return []
    return [_page(it, ticket.asker, AskDeals(ticket.seen))]


def _page(it: Within, terminal: str, ask: AskDeals) -> SendAnswer:
    deals = in_force(it.books.deals(shop_of(terminal)))
    states = tuple(_state(it, terminal, platform) for platform in it.shops.platforms)
    rev = revision(deals, states)
    changed = tuple(it.books.news(terminal, NEWS_MAX)) if ask.page == 0 else ()
    if rev == ask.have:
        return SendAnswer(terminal, AnswerDeals(rev, ask.page, ask.page + 1, same=True, changed=changed))
    pages = paged(deals)
    if ask.page >= len(pages):  # the deals changed while they were told: the revision says so
        return SendAnswer(terminal, AnswerDeals(rev, ask.page, ask.page + 1))
    first = states if ask.page == 0 else ()
    return SendAnswer(terminal, AnswerDeals(rev, ask.page, len(pages), pages[ask.page], first, changed=changed))


def _keep(it: Within, ticket: VoucherTicket, deals: Iterable[Deal]) -> None:
    rows = [
        DealRow(deal.platform, deal.deal_id, ticket.shop, "platform", msgspec.json.encode(deal), it.now_ms)
        for deal in _once(deals)
        if deal.platform == ticket.platform
    ]
    it.books.put_deals(ticket.platform, ticket.shop, "platform", rows)


def _is_asked(it: Within, shop: str, platform: Platform) -> bool:
    row = it.books.platform(platform, shop)
    return row is not None and not row.got_ms and it.now_ms - row.asked_ms < 2 * CALL_MAX_MS


def in_force(rows: Iterable[DealRow]) -> tuple[Deal, ...]:
    """One deal for each number: the shop's own file over what the platform says, the shop's over all shops'."""
    found: dict[tuple[str, str], tuple[tuple[bool, bool], DealRow]] = {}
    for row in rows:
        key, rank = (row.platform, row.deal_id), (row.source == "file", bool(row.shop))
        if key not in found or rank > found[key][0]:
            found[key] = (rank, row)
    return tuple(msgspec.json.decode(row.deal, type=Deal) for _, (_, row) in sorted(found.items()))


def revision(deals: tuple[Deal, ...], states: tuple[PlatformState, ...]) -> str:
    """The same deals and states always have the same revision."""
    return hashlib.sha256(msgspec.json.encode((deals, states), order="sorted")).hexdigest()[:REV_CHARS]


def paged(deals: tuple[Deal, ...]) -> list[tuple[Deal, ...]]:
    """The deals in pages that fit into a packet; at least one page."""
    pages: list[tuple[Deal, ...]] = []
    page: list[Deal] = []
    size = 0
    for deal in deals:
        bytes_ = len(msgspec.json.encode(deal))
        if page and (len(page) >= PAGE_DEALS_MAX or size + bytes_ > PAGE_BYTES_MAX):
            pages.append(tuple(page))
            page, size = [], 0
        page.append(deal)
        size += bytes_
    return [*pages, tuple(page)] if page or not pages else pages


def _once(deals: Iterable[Deal]) -> list[Deal]:
    return list({deal.deal_id: deal for deal in deals}.values())[:DEALS_MAX]


def _state(it: Within, terminal: str, platform: Platform) -> PlatformState:
    row = it.books.platform(platform, shop_of(terminal))
    return PlatformState(platform, row.code, row.software_min) if row else PlatformState(platform)


def reach(it: Within, terminal: str) -> tuple[Reach, ...]:
    """How the platforms in service stood when this shop's deals were asked for last; nothing is called for it. One whose
    channel the shop has not opened (3025) is none of its troubles."""
    return tuple(_reached(it, terminal, platform) for platform in it.shops.platforms)


def _reached(it: Within, terminal: str, platform: Platform) -> Reach:
    row = it.books.platform(platform, shop_of(terminal))
    name = f"voucher_{platform}"
    if row is None or it.now_ms - row.got_ms > LATELY_MS or row.code == NOT_ENABLED:
        return Reach(name, "unknown")
    return Reach(name, "down", row.code) if row.code else Reach(name, "ok")


def _refresh(it: Within, terminal: str, have: str) -> tuple[list[Effect], bool]:
    """Calls to the platforms whose last answer is old, and whether there are some among them that never answered."""
    shop = shop_of(terminal)
    due: list[PlatformRow] = []
    for platform in it.shops.platforms:
        row = it.books.platform(platform, shop) or PlatformRow(platform, shop)
        if it.now_ms - row.got_ms >= REFRESH_MS and it.now_ms - row.asked_ms >= 2 * CALL_MAX_MS:
            due.append(row)
    first = any(not row.got_ms for row in due)
    effects: list[Effect] = []
    for row in due:
        it.books.put_platform(replace(row, asked_ms=it.now_ms))
        platform = cast(Platform, row.platform)
        ticket = VoucherTicket("deals", platform, 0, terminal if first else "", platform, shop, have)
        call = DealsCall(platform, it.shops.number(terminal, platform))
        effects.append(CallPlatform(ticket, call, it.now_ms + CALL_MAX_MS))
    return effects, first
