"""Every voucher platform, played in process: each keeps its books and answers as the real one does, good days and bad.

Pure but for its books: time and chance are given in. `plan` says which replies come after how many milliseconds; the
simulation puts them on its clock, `fleet.simulated` waits them out in the backend's worker threads.
"""

from dataclasses import replace
from datetime import timedelta
from random import Random

import msgspec

from fleet import china
from fleet.vouchers.because import EARLY, EXPIRED, SHOP, because
from fleet.vouchers.codes import CallName, Table, provided_table
from fleet.vouchers.port import (
    NO_ANSWER,
    Call,
    ConsumeCall,
    DealsCall,
    DealsReply,
    FoundCoupon,
    PrepareCall,
    PrepareReply,
    QueryCall,
    Reply,
    UndoCall,
    UseReply,
)
from fleet.vouchers.script import VoucherStep, name_of
from fleet.vouchers.sim_books import PlatformLedgers, PlatformPages, Redemption, Voucher
from fleet.vouchers.vault import plain_code
from rules.deals import Deal
from rules.demo_vouchers import SampleCoupon

LATENCY_MS = (60, 250)
SECOND_ANSWER_MS = 1_500
UNDO_MIN = {"douyin": 60, "meituan": 10, "dianping": 10}
"""Minutes in which a platform lets a redemption be undone; the others: until the day's end."""
TELLS_UNDO_TIME = ("douyin",)
CYCLES_MAX = {"wechat": 10}
VALID_MS = 300_000
NOT_FOUND, USED, TOO_MANY, DYNAMIC, WINDOW, NEVER = 3002, 3003, 3011, 3016, 3019, 3020
PARTLY, NOT_REDEEMED = 3035, 3036

Plan = tuple[tuple[int, Reply], ...]
"""(milliseconds from now, reply); none: no answer."""


class _Handle(msgspec.Struct, frozen=True):
    """What the simulator gives out for a coupon."""

    code: str
    made_ms: int

    def __repr__(self) -> str:
        return "_Handle()"


class PlatformSimulator:
    """Takes calls at given times. `rng` only spreads latencies and makes the platforms' numbers."""

    def __init__(self, ledgers: PlatformLedgers, rng: Random, codes: Table | None = None) -> None:
        self._ledgers = ledgers
        self._rng = rng
        self._codes = codes or provided_table()

    def plan(self, call: Call, now_ms: int) -> Plan:
        """Do what is asked, as far as the script lets it, and say which replies come when."""
        with self._ledgers.begin() as books:
            _ripen(books, now_ms)
            step = self._step_for(books, call)
            play = step.play if step is not None else "success"
            if step is not None and play == "outage":
                books.mark(f"outage_{call.platform}", str(now_ms + step.after_ms))
            if now_ms < int(books.marked(f"outage_{call.platform}") or 0) or play == "silent":
                return ()
            reply = self._do(books, call, step, now_ms)
            wait_ms = self._rng.randint(*LATENCY_MS)
        match play:
            case "lost" | "late":
                return ()
            case "double":
                return (wait_ms, reply), (wait_ms + SECOND_ANSWER_MS, reply)
            case _:
                return ((wait_ms, reply),)

    def ripen(self, now_ms: int) -> None:
        """Let come true what is due by now, without a request."""
        with self._ledgers.begin() as books:
            _ripen(books, now_ms)

    def undo_in_back_office(self, request_no: str, now_ms: int) -> None:
        """Somebody gives a voucher back in the platform's own back office."""
        with self._ledgers.begin() as books:
            row = books.redemption(request_no)
            assert row is not None, request_no
            assert row.state == "consumed", row
            _undone(books, row, now_ms)

    def _step_for(self, books: PlatformPages, call: Call) -> VoucherStep | None:
        code = _code_of(call)
        for number, step, left in books.steps():
            if step.is_for(call, code):
                books.use_step(number, left)
                return step
        spec = _spec(books, call.platform, code) if code else None
        if spec is not None and spec[1].play and spec[1].call == name_of(call):
            it = spec[1]
            assert it.play, "looked at"
            return VoucherStep(it.play, it.call, ours=it.ours, after_ms=it.after_ms)
        return None

    def _do(self, books: PlatformPages, call: Call, step: VoucherStep | None, now_ms: int) -> Reply:
        if step is not None and step.play in ("refuse", "error"):
            return self._refusal(call, step)
        match call:
            case PrepareCall():
                return _prepare(books, call, now_ms)
            case ConsumeCall():
                return self._consume(books, call, step, now_ms)
            case QueryCall():
                return _known(books, books.redemption(call.request_no), now_ms)
            case UndoCall():
                return _undo(books, call, now_ms)
            case DealsCall():
                least = books.marked(f"software_{call.platform}")
                return DealsReply(call.platform, 0, tuple(books.deals(call.platform)), least)

    def _refusal(self, call: Call, step: VoucherStep) -> Reply:
        """A definite refusal, or an error that says nothing; the platform has done nothing."""
        name = name_of(call)
        ours, definite = step.ours, step.play == "refuse"
        if not ours:
            asked: CallName = name if name != "deals" and name != "any" else "prepare"
            meaning = self._codes.meaning(call.platform, step.code, step.text, asked)
            ours, definite = meaning.code, meaning.definite and definite
        match call:
            case PrepareCall():
                return PrepareReply(call.platform, ours, detail=step.text)
            case DealsCall():
                return DealsReply(call.platform, ours)
            case UndoCall():
                return UseReply("refused" if definite else "unknown", ours, detail=step.text)
            case QueryCall():
                return UseReply("unknown", ours, detail=step.text)
            case ConsumeCall():
                return UseReply("rejected" if definite else "unknown", ours, detail=step.text)

    def _consume(self, books: PlatformPages, call: ConsumeCall, step: VoucherStep | None, now_ms: int) -> UseReply:
        known = books.redemption(call.request_no)
        if known is not None:  # the same number is the same redemption
            return _repeated(books, known, now_ms)
        handle = msgspec.json.decode(call.handle, type=_Handle)
        found = _spec(books, call.platform, handle.code)
        if found is None:
            return UseReply("rejected", NOT_FOUND)
        number, spec = found
        row = books.voucher(handle.code) or Voucher(handle.code, call.platform, number, spec.count)
        count = call.count - 1 if step is not None and step.play == "part" and call.count > 1 else call.count
        code = spec.state or _unfit(spec, call.shop, now_ms) or _spent(row, call.count)
        if spec.dynamic_s and now_ms - handle.made_ms > spec.dynamic_s * 1_000:
            code = code or DYNAMIC
        if code:
            return UseReply("rejected", code)
        deal = _deal(books, spec)
        late = step is not None and step.play == "late"
        made = Redemption(
            call.request_no, call.platform, handle.code, spec.deal_id, deal.title, call.shop, call.terminal, call.operator,
            f"{call.platform[:2].upper()}{now_ms:013d}{self._rng.randrange(10**9):09d}", count, spec.basis_fen * count,
            spec.platform_fen * count, spec.merchant_fen * count, "due", now_ms,
            due_ms=now_ms + step.after_ms if late and step is not None else now_ms,
        )  # fmt: skip
        books.put_voucher(row)
        books.put_redemption(made)
        if not late:
            made = _happens(books, made, now_ms)
        reply = _known(books, made, now_ms)
        return replace(reply, code=PARTLY) if count < call.count else reply


def _code_of(call: Call) -> str:
    """The code of the voucher a call is about."""
    match call:
        case PrepareCall():
            return plain_code(call.code)
        case DealsCall():
            return ""
        case _:
            return msgspec.json.decode(call.handle, type=_Handle).code if call.handle else ""


def _spec(books: PlatformPages, platform: str, code: str) -> tuple[int, SampleCoupon] | None:
    fits = ((n, spec) for n, spec in books.specs() if platform in ("", spec.platform) and spec.fits(code))
    return next(fits, None)


def _deal(books: PlatformPages, spec: SampleCoupon) -> Deal:
    return next(deal for deal in books.deals(spec.platform) if deal.deal_id == spec.deal_id)


def _unfit(spec: SampleCoupon, shop: str, now_ms: int) -> int:
    """Why such a voucher may not be used here and now, 0 when it may."""
    today = china.at(now_ms).date().isoformat()
    if spec.valid_to and today > spec.valid_to:
        return EXPIRED
    if spec.valid_from and today < spec.valid_from:
        return EARLY
    return SHOP if spec.shop and spec.shop != shop else 0


def _spent(row: Voucher, count: int) -> int:
    if row.cycles >= CYCLES_MAX.get(row.platform, 1_000_000):
        return NOT_REDEEMED
    if not row.left:
        return USED
    return TOO_MANY if count > row.left else 0


def _prepare(books: PlatformPages, call: PrepareCall, now_ms: int) -> PrepareReply:
    code = plain_code(call.code)
    found = _spec(books, call.platform, code)
    if found is None:
        return PrepareReply(call.platform, NOT_FOUND)
    number, spec = found
    row = books.voucher(code) or Voucher(code, spec.platform, number, spec.count)
    refused = spec.state or _unfit(spec, call.shop, now_ms) or _spent(row, min(spec.min_count, max(row.left, 1)))
    if refused:
        shops = (spec.shop,) if spec.shop else ()
        return PrepareReply(spec.platform, refused, about=because(refused, spec.valid_from, spec.valid_to, shops))
    deal = _deal(books, spec)
    coupon = FoundCoupon(
        msgspec.json.encode(_Handle(code, now_ms)), code, spec.deal_id, deal.title, deal.kind, code[-4:], row.left,
        spec.min_count, deal.face_fen, deal.percent, deal.max_discount_fen, spec.basis_fen, deal=deal,
    )  # fmt: skip
    return PrepareReply(spec.platform, 0, (coupon,), spec.dynamic_s * 1_000 or VALID_MS)


def _happens(books: PlatformPages, row: Redemption, now_ms: int) -> Redemption:
    """What was asked for is done, if the voucher is still there."""
    voucher = books.voucher(row.code)
    assert voucher is not None, "put with the redemption"
    if voucher.left < row.count:
        row = replace(row, state="missed", due_ms=0)
    else:
        books.put_voucher(replace(voucher, left=voucher.left - row.count, cycles=voucher.cycles + 1))
        row = replace(row, state="consumed", used_ms=now_ms, due_ms=0)
    books.put_redemption(row)
    return row


def _ripen(books: PlatformPages, now_ms: int) -> None:
    for row in books.due(now_ms):
        _happens(books, row, row.due_ms)


def _undo_until_ms(books: PlatformPages, row: Redemption) -> int:
    """Until when it may be undone; 0: never."""
    found = _spec(books, row.platform, row.code)
    minutes = found[1].undo_min if found is not None else 0
    if minutes < 0:
        return 0
    minutes = minutes or UNDO_MIN.get(row.platform, 0)
    if minutes:
        return row.used_ms + minutes * 60_000
    day = china.at(row.used_ms).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((day + timedelta(days=1)).timestamp() * 1_000)


def _known(books: PlatformPages, row: Redemption | None, now_ms: int) -> UseReply:
    """What the books say of a redemption."""
    if row is None or row.state == "due":
        return UseReply("absent", 0)
    if row.state == "missed":
        return UseReply("rejected", USED)
    if row.state == "undone":
        return UseReply("undone", 0, row.record_no)
    until_ms = _undo_until_ms(books, row)
    raw = {"couponBuyPrice": row.paid_fen, "platformAmount": row.platform_fen, "merchantAmount": row.merchant_fen}
    return UseReply(
        "consumed", 0, row.record_no, row.count, row.paid_fen, row.platform_fen, row.merchant_fen, raw,
        until_ms if row.platform in TELLS_UNDO_TIME else 0, now_ms <= until_ms, row.record_no.encode(),
    )  # fmt: skip


def _repeated(books: PlatformPages, row: Redemption, now_ms: int) -> UseReply:
    """The answer to a redemption asked for once more. It hastens nothing: of what is still to come nobody knows yet."""
    match row.state:
        case "due":
            return NO_ANSWER
        case "undone":
            return UseReply("rejected", USED)
        case _:
            return _known(books, row, now_ms)


def _undo(books: PlatformPages, call: UndoCall, now_ms: int) -> UseReply:
    row = books.redemption(call.request_no)
    if row is None or row.state in ("due", "missed"):
        return UseReply("absent")
    if row.state == "undone":
        return UseReply("undone", 0, row.record_no)
    until_ms = _undo_until_ms(books, row)
    if now_ms > until_ms:
        return UseReply("refused", WINDOW if until_ms else NEVER, row.record_no)
    _undone(books, row, now_ms)
    return UseReply("undone", 0, row.record_no)


def _undone(books: PlatformPages, row: Redemption, now_ms: int) -> None:
    voucher = books.voucher(row.code)
    assert voucher is not None, "put with the redemption"
    books.put_voucher(replace(voucher, left=voucher.left + row.count))
    books.put_redemption(replace(row, state="undone", undone_ms=now_ms))
