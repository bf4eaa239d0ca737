"""What is this code worth, and where was it used? Neither question moves anything."""

import msgspec

from fleet.effects import CallPlatform, Effect, SendAnswer, VoucherTicket
from fleet.vouchers.books import Prepared
from fleet.vouchers.port import (
    ABOUT_CHARS_MAX,
    COUPONS_MAX,
    DETAIL_CHARS_MAX,
    FoundCoupon,
    PrepareCall,
    PrepareReply,
    Reply,
)
from fleet.vouchers.vault import plain_code
from fleet.vouchers.within import USES_MAX, Within, found_used, shop_of, used_of, words
from rules.settings_vouchers import PLATFORMS
from rules.voucher_codes import read_code
from wire.vouchers import (
    AnswerVoucherLook,
    AnswerVoucherPrepare,
    AskVoucherLook,
    AskVoucherPrepare,
    Coupon,
)

ASK_EXPIRES_MS = 10_000
"""After this long the broker has thrown the ask away (`wire.channels`): the terminal waits no more."""
JUST_MS = 24 * 3_600_000
"""A voucher used at this shop within this time was redeemed "just now" (3023), before that it was "used" (3003)."""
VALID_MAX_MS = 300_000
NO_ANSWER, FORMAT, NOT_ENABLED, NOT_FOUND, USED, DUPLICATE = 1004, 3001, 3025, 3002, 3003, 3023
WORD_CHARS_MAX, TITLE_CHARS_MAX = 64, 80


def prepare(it: Within, terminal: str, ask: AskVoucherPrepare, age_ms: int) -> list[Effect]:
    """Ask the platform, which the terminal names, or the code's own form; the router finds it out where neither does."""
    code = plain_code(ask.code)
    if not code or not code.isprintable() or not code.isascii():
        return [SendAnswer(terminal, AnswerVoucherPrepare(ask.look_no, FORMAT))]
    reading = read_code(code, ask.scanned, PLATFORMS)
    platform = ask.platform or reading.platform
    if platform and platform not in it.shops.platforms:
        return [SendAnswer(terminal, AnswerVoucherPrepare(ask.look_no, NOT_ENABLED))]
    shop = it.shops.number(terminal, platform)
    call = PrepareCall(platform, shop, code, ask.scanned, terminal)
    ticket = VoucherTicket("prepare", ask.look_no, 0, terminal, platform, shop, it.vault.digest(code))
    return [CallPlatform(ticket, call, it.now_ms - age_ms + ASK_EXPIRES_MS)]


def heard(it: Within, ticket: VoucherTicket, reply: Reply) -> list[Effect]:
    """Keep the coupons under new refs, and show them."""
    if not isinstance(reply, PrepareReply):
        return [SendAnswer(ticket.asker, AnswerVoucherPrepare(ticket.key, NO_ANSWER))]
    detail = words(reply.detail, DETAIL_CHARS_MAX)
    if reply.code or not reply.coupons:
        refused = _refused(it, ticket, reply.code or NOT_FOUND, detail)
        about = words(reply.about, ABOUT_CHARS_MAX)
        return [SendAnswer(ticket.asker, msgspec.structs.replace(refused, about=about))]
    valid_ms = max(0, min(reply.valid_ms, VALID_MAX_MS))
    rows: list[tuple[Prepared, FoundCoupon]] = []
    for index, found in enumerate(reply.coupons[:COUPONS_MAX]):
        row = _kept(it, ticket, index, found, valid_ms, reply.platform)
        if row is not None:
            it.books.put_prepared(row)
            rows.append((row, found))
    if not rows:
        return [SendAnswer(ticket.asker, _refused(it, ticket, NOT_FOUND, detail))]
    coupons = tuple(_shown(row, found) for row, found in rows)
    return [SendAnswer(ticket.asker, AnswerVoucherPrepare(ticket.key, 0, coupons, valid_ms, detail=detail))]


def look(it: Within, terminal: str, ask: AskVoucherLook) -> list[Effect]:
    """Where the code was used, over all terminals of the shop."""
    rows = it.books.uses_of(it.vault.digest(ask.code), USES_MAX)
    uses = tuple(used_of(row) for row in rows if row.platform and shop_of(row.terminal) == shop_of(terminal))
    return [SendAnswer(terminal, AnswerVoucherLook(ask.look_no, 0 if uses else NOT_FOUND, uses))]


def _refused(it: Within, ticket: VoucherTicket, code: int, detail: str) -> AnswerVoucherPrepare:
    """Why not; of a voucher that was used here, where and when."""
    if code not in (USED, DUPLICATE):
        return AnswerVoucherPrepare(ticket.key, code, detail=detail)
    used = found_used(it.books.uses_of(ticket.seen, USES_MAX))
    just = used is not None and it.now_ms - used.at_ms < JUST_MS
    return AnswerVoucherPrepare(ticket.key, DUPLICATE if just else USED, used=used, detail=detail)


def _kept(
    it: Within, ticket: VoucherTicket, index: int, found: FoundCoupon, valid_ms: int, platform: str
) -> Prepared | None:
    """A coupon as it is kept; None for one that makes no sense."""
    count, least = min(found.count, 10_000), max(1, found.min_count)
    if count < least or not platform:
        return None
    ref = it.vault.ref(ticket.asker, ticket.key, str(it.now_ms), str(index))
    return Prepared(
        ref, ticket.asker, platform, ticket.shop or it.shops.number(ticket.asker, platform),  # type: ignore[arg-type]
        it.vault.digest(found.code) or ticket.seen, ticket.seen, it.vault.seal(found.handle), words(found.last4, 4),
        words(found.deal_id, WORD_CHARS_MAX), words(found.title, TITLE_CHARS_MAX), found.kind, count, least,
        found.face_fen, found.basis_fen, it.now_ms, it.now_ms + valid_ms,
    )  # fmt: skip


def _shown(row: Prepared, found: FoundCoupon) -> Coupon:
    deal = found.deal
    return Coupon(
        row.ref, row.platform, row.deal_id, row.title, row.kind, row.last4, row.count, row.min_count, row.face_fen,
        max(0, min(found.percent, 100)), found.max_discount_fen, row.basis_fen, max(0, found.valid_from_ms),
        max(0, found.valid_to_ms), deal,
    )  # fmt: skip
