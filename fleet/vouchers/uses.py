"""Redemptions at the backend: one worker at a time for each request number and each code, and the same answer every time.

A platform that was asked once is never asked to redeem again before it has said what it knows of the number. What the
terminal was told is not redeemed is given back when it turns out that it was: a late success is undone by the backend
itself, on its ticks. A number closed by an undo never redeems: a consume under it is answered `rejected` with 5011, like a
payment under a closed order number, and without a call (decisions 18).
"""

from dataclasses import replace
from typing import cast

from fleet.effects import CallPlatform, Effect, SendAnswer, VoucherTicket, VoucherWhat
from fleet.vouchers import pace
from fleet.vouchers.answers import DUPLICATE, To, answer
from fleet.vouchers.books import Use
from fleet.vouchers.meaning import CLOSED, TOO_LATE, UNKNOWN, merged
from fleet.vouchers.port import (
    CALL_MAX_MS,
    Call,
    ConsumeCall,
    PrepareCall,
    PrepareReply,
    QueryCall,
    Reply,
    UndoCall,
    UseReply,
)
from fleet.vouchers.vault import plain_code
from fleet.vouchers.within import (
    USES_MAX,
    Within,
    found_used,
    shown_end,
    words,
)
from rules.deals import Platform
from rules.orders import read_voucher_no, terminal_no
from rules.voucher_again import is_way_or_right
from rules.voucher_codes import LAST_CHARS
from wire.vouchers import AnswerVoucher, AskVoucherConsume, AskVoucherQuery, AskVoucherUndo, Used

EXPIRES_MAX_MS = 30_000
START_MAX_MS = 5_000
"""A query or an undo begins within this time or not at all."""

BUSY, FORMAT, NOT_FOUND, TOO_MANY, TOO_FEW, STALE = 1010, 3001, 3002, 3011, 3012, 3016
MISMATCH = 3027


def consume(it: Within, terminal: str, ask: AskVoucherConsume, age_ms: int) -> list[Effect]:
    """Redeem, unless the number is known already, the ask too old or the code in other hands. Raises `ValueError` for a
    number that is another terminal's, or that was asked for with other contents."""
    _is_own(terminal, ask.request_no)
    start_by_ms = it.now_ms - age_ms + min(ask.expires_ms, EXPIRES_MAX_MS)
    row = it.books.use(ask.request_no)
    if row is not None:
        return _asked_again(it, row, ask, start_by_ms)
    row = _new(terminal, ask, it.now_ms)
    if start_by_ms <= it.now_ms:
        return _rejected(it, row, TOO_LATE)
    if ask.ref:
        return _by_ref(it, row, ask, start_by_ms)
    if not ask.code:
        return _rejected(it, row, FORMAT)
    row = replace(row, code_sealed=it.vault.seal(ask.code.encode()), seen=it.vault.digest(ask.code))
    return [_prepare(it, row, start_by_ms)]


def query(it: Within, terminal: str, ask: AskVoucherQuery) -> list[Effect]:
    """What became of a use. A number that never came here is `absent` and leaves nothing behind. Raises `ValueError`."""
    _is_own(terminal, ask.request_no)
    row = it.books.use(ask.request_no)
    if row is None:
        return [SendAnswer(terminal, AnswerVoucher(ask.request_no, "query", "absent"))]
    if it.now_ms >= row.busy_until_ms:
        if row.undo_wanted:
            return [_give_back(it, row, terminal)]
        if row.state == "unknown":
            return [_ask(it, row, "query", terminal)]
    return answer(it, row, "query", terminal, asked=True)


def undo(it: Within, terminal: str, ask: AskVoucherUndo) -> list[Effect]:
    """Give the voucher back. A number nobody knows is closed before this is answered. Raises `ValueError`."""
    _is_own(terminal, ask.request_no)
    row = it.books.use(ask.request_no)
    if row is None:
        row = replace(_tombstone(terminal, ask.request_no, it.now_ms), state="undone", code=CLOSED)
        it.books.put_use(row)
    if row.state in ("new", "rejected", "absent"):  # the platform holds nothing, as far as anybody knows
        row = _put(it, row, replace(row, state="undone", code=CLOSED))
    if row.state == "undone":
        return answer(it, row, "undo", terminal, asked=True)
    row = _put(it, row, replace(row, undo_wanted=True))
    if it.now_ms >= row.busy_until_ms:
        return [_give_back(it, row, terminal)]
    return answer(it, row, "undo", terminal, asked=True)


def tick(it: Within, limit: int) -> list[Effect]:
    """Ask the platforms about what nobody else asks: open ends, late successes, changes in their own back offices."""
    effects: list[Effect] = []
    for row in it.books.due(it.now_ms, limit):
        assert it.now_ms >= row.busy_until_ms, "what is busy is not due"
        if row.state == "new" or not row.platform:
            it.books.put_use(replace(row, due_ms=0))  # nothing was sent: the terminal asks again, or never
        elif pace.is_over(row):
            it.books.put_use(pace.ended(row))
        else:
            row = replace(row, tries=row.tries + 1)
            effects.append(_give_back(it, row, "") if row.undo_wanted else _ask(it, row, "query", ""))
    return effects


def heard(it: Within, ticket: VoucherTicket, reply: Reply) -> list[Effect]:
    """An answer of a platform, be it late or doubled; a wanted undo follows without a gap, and a query follows an undo
    that was refused: the platform may have done it before."""
    row = it.books.use(ticket.key)
    assert row is not None, ticket
    if ticket.what == "code":
        return _prepared(it, row, ticket, reply)
    if not isinstance(reply, UseReply):
        reply = UseReply("unknown", UNKNOWN)
    current = ticket.call == row.call
    after = merged(it, row, ticket, reply, current)
    if current:
        after = replace(after, busy_until_ms=0)
    after = _put(it, row, after)
    if ticket.what == "undo" and reply.state == "refused" and current and after.undo_wanted:
        return [_ask(it, after, "check", ticket.asker)]
    effects = answer(it, after, _to(row, ticket), ticket.asker, asked=False, detail=reply.detail)
    if _follows(after, ticket) and it.now_ms >= after.busy_until_ms:
        stored = it.books.use(after.request_no)
        assert stored is not None, "it was put just now"
        effects.append(_give_back(it, stored, ticket.asker or row.terminal))
    return effects


def _to(row: Use, ticket: VoucherTicket) -> To:
    """Which ask of the terminal the answer of a platform is to."""
    if ticket.what == "consume":
        return "consume"
    return "query" if ticket.what == "query" and not row.undo_wanted else "undo"


def _follows(row: Use, ticket: VoucherTicket) -> bool:
    """Whether the wanted undo goes on at once."""
    if not row.undo_wanted:
        return False
    return row.state == "consumed" if ticket.what == "query" else ticket.what == "consume" and row.state != "undone"


# --- redeeming ---


def _by_ref(it: Within, row: Use, ask: AskVoucherConsume, start_by_ms: int) -> list[Effect]:
    found = it.books.prepared(ask.ref)
    if found is None or found.terminal != row.terminal or found.expires_ms <= it.now_ms:
        return _rejected(it, row, STALE)
    if found.platform != ask.platform:
        return _rejected(it, row, MISMATCH)
    row = replace(
        row, shop=found.shop, digest=found.digest, seen=found.seen, handle=found.handle, last4=found.last4,
        deal_id=found.deal_id, title=found.title, kind=found.kind, basis_fen=found.basis_fen * row.count,
    )  # fmt: skip
    return _redeem(it, row, found.count, found.min_count, found.got_ms, start_by_ms)


def _redeem(
    it: Within, row: Use, count: int, min_count: int, since_ms: int, start_by_ms: int, asker: str = ""
) -> list[Effect]:
    """Hand the call out, when the code is in nobody else's hands. `since_ms`: when the platform said that `count` may be
    used."""
    if row.count > count:
        return _rejected(it, row, TOO_MANY)
    if row.count < min_count:
        return _rejected(it, row, TOO_FEW)
    others = [each for each in it.books.uses_of(row.digest, USES_MAX) if each.request_no != row.request_no]
    taken = [each for each in others if _takes(each, since_ms)]
    if sum(each.count for each in taken) + row.count > count:
        return _rejected(it, row, DUPLICATE, found_used(taken))
    if any(each.busy_until_ms > it.now_ms for each in others):
        return _rejected(it, row, BUSY)
    call = ConsumeCall(
        row.request_no, _platform(row), row.shop, it.vault.open(row.handle), row.count, row.amount_fen, row.operator,
        row.terminal,
    )  # fmt: skip
    row = replace(row, state="unknown", code=UNKNOWN, used_ms=it.now_ms)
    return [_call(it, row, "consume", call, asker or row.terminal, start_by_ms)]


def _takes(other: Use, since_ms: int) -> bool:
    """Whether another use of the code takes from what the platform said may be used since then."""
    match other.state:
        case "unknown":
            return True
        case "consumed":
            return other.changed_ms >= since_ms
        case "kept":
            return other.used_ms >= since_ms
        case _:
            return False


def _asked_again(it: Within, row: Use, ask: AskVoucherConsume, start_by_ms: int) -> list[Effect]:
    """The same number: never a second redemption. What is not known is queried, when nobody is about it."""
    if row.platform and not _is_same(it, row, ask):
        raise ValueError("the number was asked for with other contents")
    free = it.now_ms >= row.busy_until_ms
    fresh = start_by_ms > it.now_ms
    if free and not row.undo_wanted:
        if row.state == "unknown":
            return [_ask(it, row, "query", row.terminal)]
        if row.state in ("new", "absent") and fresh and row.code_sealed:
            return [_prepare(it, row, start_by_ms)]
        if row.state == "absent" and fresh:
            return _by_ref(it, row, ask, start_by_ms)
    return answer(it, row, "consume", row.terminal, asked=True)


def _is_same(it: Within, row: Use, ask: AskVoucherConsume) -> bool:
    plain = (row.platform, row.count, row.amount_fen, row.ref) == (ask.platform, ask.count, ask.amount_fen, ask.ref)
    return plain and (bool(ask.ref) or not ask.code or row.seen == it.vault.digest(ask.code))


def _prepare(it: Within, row: Use, start_by_ms: int) -> CallPlatform:
    """A registered voucher is shown to the platform first."""
    code = it.vault.open(row.code_sealed).decode()
    shop = it.shops.number(row.terminal, row.platform)
    call = PrepareCall(_platform(row), shop, code, not code.isdigit(), row.terminal)
    return _call(it, replace(row, shop=shop), "code", call, row.terminal, start_by_ms)


def _prepared(it: Within, row: Use, ticket: VoucherTicket, reply: Reply) -> list[Effect]:
    """The platform's word on a registered voucher: then it is redeemed at once."""
    if ticket.call != row.call or row.state not in ("new", "absent"):
        return []  # of a call given up before, or closed meanwhile
    row = replace(row, busy_until_ms=0)
    code = reply.code if isinstance(reply, PrepareReply) else TOO_LATE
    if not isinstance(reply, PrepareReply) or says_nothing(code):
        row = _put(it, row, replace(row, code=code or TOO_LATE))
        return answer(it, row, "consume", ticket.asker, asked=False, detail=getattr(reply, "detail", ""))
    fits = [each for each in reply.coupons if each.min_count <= row.count <= each.count]
    if code or not fits:
        code = code or (TOO_MANY if any(row.count > each.count for each in reply.coupons) else NOT_FOUND)
        return _rejected(it, row, code, found_used(it.books.uses_of(row.seen, USES_MAX), row.request_no))
    coupon = fits[0]
    row = replace(
        row, digest=it.vault.digest(coupon.code), handle=it.vault.seal(coupon.handle), last4=words(coupon.last4, 4),
        deal_id=coupon.deal_id, title=words(coupon.title, 80), kind=coupon.kind, basis_fen=coupon.basis_fen * row.count,
    )  # fmt: skip
    return _redeem(it, row, coupon.count, coupon.min_count, it.now_ms, it.now_ms + START_MAX_MS, ticket.asker)


def says_nothing(code: int) -> bool:
    """Whether a code of ours is about the way to the platform or the right to use it, and not about the voucher."""
    return is_way_or_right(code) or code == UNKNOWN


def _rejected(it: Within, row: Use, code: int, used: Used | None = None) -> list[Effect]:
    """Definitely not redeemed, and never to be under this number."""
    row = _put(it, row, replace(row, state="rejected", code=code, busy_until_ms=0))
    return answer(it, row, "consume", row.terminal, asked=False, used=used)


# --- calls ---


def _give_back(it: Within, row: Use, asker: str) -> CallPlatform:
    """Undo what is redeemed; what nobody knows is asked about first, for an undo needs what the answer tells."""
    if row.state == "unknown":
        return _ask(it, row, "query", asker)
    call = UndoCall(
        row.request_no, _platform(row), row.shop, it.vault.open(row.handle), it.vault.open(row.undo_handle), row.record_no,
        row.consumed or row.count, row.operator, row.terminal,
    )  # fmt: skip
    if row.state == "kept":
        row = replace(row, state="consumed")
    return _call(it, row, "undo", call, asker, it.now_ms + START_MAX_MS)


def _ask(it: Within, row: Use, what: VoucherWhat, asker: str) -> CallPlatform:
    call = QueryCall(
        row.request_no, _platform(row), row.shop, it.vault.open(row.handle), it.vault.open(row.undo_handle), row.record_no,
        row.count,
    )  # fmt: skip
    return _call(it, row, what, call, asker, it.now_ms + START_MAX_MS)


def _call(it: Within, row: Use, what: VoucherWhat, call: Call, asker: str, start_by_ms: int) -> CallPlatform:
    """One more call about the use, and nobody else about it until it is over."""
    assert it.now_ms >= row.busy_until_ms, "one worker at a time for each use"
    assert row.platform, "a tombstone is never called about"
    busy_until_ms = max(start_by_ms, it.now_ms) + CALL_MAX_MS
    row = replace(row, call=row.call + 1, busy_until_ms=busy_until_ms, changed_ms=row.changed_ms or it.now_ms)
    it.books.put_use(pace.planned(row, it.now_ms))
    ticket = VoucherTicket(what, row.request_no, row.call, asker, row.platform, row.shop)
    return CallPlatform(ticket, call, start_by_ms)


def _put(it: Within, before: Use, after: Use) -> Use:
    """Keep a row, note the time of a change and plan when to ask next. Returns it as kept."""
    if (after.state, after.undo_wanted) != (before.state, before.undo_wanted):
        after = replace(after, changed_ms=it.now_ms, tries=0)
    end = shown_end(after)
    after = replace(after, news=bool(end and after.told and end != after.told))
    if after.state in ("consumed", "kept", "undone", "rejected"):
        after = replace(after, code_sealed=b"")
    after = pace.planned(after, it.now_ms)
    it.books.put_use(after)
    return after


def _new(terminal: str, ask: AskVoucherConsume, now_ms: int) -> Use:
    return replace(
        _tombstone(terminal, ask.request_no, now_ms), platform=ask.platform, ref=ask.ref, count=ask.count,
        amount_fen=ask.amount_fen, operator=words(ask.operator, 32),
        last4=words(plain_code(ask.code)[-LAST_CHARS:], LAST_CHARS),
    )  # fmt: skip


def _tombstone(terminal: str, request_no: str, now_ms: int) -> Use:
    number = read_voucher_no(request_no)
    assert number is not None, "checked before"
    return Use(
        request_no, terminal, number.batch, number.trace, "", "", "", "", "", b"", b"", b"", "", "", "", "", 0, 0, 0, "",
        "new", got_ms=now_ms, changed_ms=now_ms,
    )  # fmt: skip


def _platform(row: Use) -> Platform:
    assert row.platform, "a tombstone is never called about"
    return cast(Platform, row.platform)  # of an ask, which was read by its type


def _is_own(terminal: str, request_no: str) -> None:
    number = read_voucher_no(request_no)
    if number is None or number.terminal != terminal_no(terminal):
        raise ValueError("the voucher's number is not this terminal's")
