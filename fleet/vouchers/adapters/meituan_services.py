"""Meituan's services (到店综合, business 58) and Dianping: the same calls and fields behind two doors, one of which writes
`receiptCode` where the other writes `receipt_code` (domain 3.3).

As with restaurants a redemption is recorded under the number of its use, so that its record tells whose it is. A times
card (`biz_type` 205) is redeemed and given back by the batch calls."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, Protocol

import msgspec

from fleet.doors.answers import Json, beijing_ms, day_of, inner, last4, plain_code, rows, text, whole, yuan
from fleet.doors.clock import Until
from fleet.doors.trouble import BAD_CODE, NOT_UNDERSTOOD, Failed, Ours, Trouble
from fleet.vouchers.adapters.meituan_gateway import ACCOUNT_CHARS_MAX, Gateway
from fleet.vouchers.adapters.meituan_money import details, split
from fleet.vouchers.port import (
    COUPONS_MAX,
    UNKNOWN,
    ConsumeCall,
    DealsCall,
    DealsReply,
    FoundCoupon,
    PrepareCall,
    PrepareReply,
    QueryCall,
    UndoCall,
    UseReply,
)
from rules.deals import Deal, Platform

BUSINESS = 58
COUNT_MAX = 100
TIMES_CARD = 205
THIRD_PARTY = "15"
"""`verify_channel` of what was redeemed through the open platform."""

SINGLE_SUCCESS = "200"
NEVER_USED = re.compile("未(验证|消费|使用|核销)")
OUR_NUMBER = re.compile(r"[0-9A-Za-z_]{8}[0-9]{14}V[0-9]{2}")
USED_ELSEWHERE, TOO_MANY, PARTLY, NOT_FOUND = 3003, 3011, 3035, 3002


class Door(Protocol):
    """How requests reach the platform. `ask` returns an answer with its payload under `data`, names as Dianping writes
    them."""

    def ask(self, name: str, shop: str, fields: Mapping[str, str], until: Until) -> Json: ...

    def opened(self, shop: str, until: Until) -> None: ...


class MeituanDoor:
    """Business 58 of Meituan's open platform."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def ask(self, name: str, shop: str, fields: Mapping[str, str], until: Until) -> Json:
        biz = {camel(field): value for field, value in fields.items()}
        data = self._gateway.ask(f"/ddzh/tuangou/receipt/{name}", shop, biz, until)
        return {"data": _snake(data.get("result", data))}

    def opened(self, shop: str, until: Until) -> None:
        self._gateway.opened(shop, until)


class Handle(msgspec.Struct, frozen=True):
    """What consume, query and reverse need of a preparation; the price is of one voucher."""

    code: str
    deal_id: str
    count: int
    price_fen: int
    times: bool


class Done(msgspec.Struct, frozen=True):
    """Undo handle: what was redeemed."""

    codes: tuple[str, ...]
    uses: int = 0  # of a times card


class MeituanServices:
    """A `Dialect`."""

    def __init__(self, platform: Platform, door: Door) -> None:
        self.platform: Platform = platform
        self._door = door

    def prepare(self, call: PrepareCall, until: Until) -> PrepareReply:
        code = plain_code(call.code)
        if code:
            found: tuple[Json, ...] = (
                inner(self._door.ask("prepare", call.shop, {"receipt_code": code}, until), "data"),
            )
        elif call.scanned and "://" in call.code:
            found = rows(self._door.ask("scanprepare", call.shop, {"qr_code": call.code}, until), "data")
        else:
            raise Ours(BAD_CODE)
        coupons = tuple(_coupon(self.platform, row) for row in found[:COUPONS_MAX])
        return PrepareReply(self.platform, 0 if coupons else NOT_FOUND, coupons)

    def consume(self, call: ConsumeCall, until: Until, again: bool) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        if call.count > min(handle.count, COUNT_MAX):
            raise Ours(TOO_MANY)
        return self._redeemed(call.request_no, call.shop, handle, call.count, call.operator, until)

    def _redeemed(self, number: str, shop: str, handle: Handle, count: int, operator: str, until: Until) -> UseReply:
        who = {"request_id": number, **_account(number, operator)}
        if handle.times:
            answer = self._door.ask("batchconsume", shop, {**who, **_infos((handle.code,), count)}, until)
            return _consumed(handle, _batched(answer), count, number)
        answer = self._door.ask("consume", shop, {**who, "receipt_code": handle.code, "count": str(count)}, until)
        return _consumed(handle, rows(answer, "data"), count, number)

    def query(self, call: QueryCall, until: Until) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        done = msgspec.json.decode(call.undo_handle, type=Done) if call.undo_handle else Done(())
        states = [self._state(code, call, until) for code in done.codes or (handle.code,)]
        whose = [_whose(state, call.request_no) for state in states]
        if not done.codes:
            return self._found_out(whose[0], call, handle, until)
        ours = [code for code, of in zip(done.codes, whose, strict=True) if of in ("ours", "unclear")]
        if not ours:
            return UseReply("undone", record_no=call.record_no)
        count = done.uses or len(ours)
        reply = UseReply("consumed", 0 if len(ours) == len(whose) else PARTLY, call.record_no, count)
        return replace(reply, undo_handle=call.undo_handle)

    def _found_out(self, whose: str, call: QueryCall, handle: Handle, until: Until) -> UseReply:
        """Nobody heard how it ended: what is used, and may be by us, is asked for once more under its number. That is told
        alike when it was ours, and refused when it was somebody else's; it can redeem nothing."""
        if whose in ("nobody's", "theirs"):
            return UseReply("absent", USED_ELSEWHERE if whose == "theirs" else 0)
        try:
            return self._redeemed(call.request_no, call.shop, handle, call.count, "", until)
        except (Failed, Trouble):
            if whose == "unclear" or call.count > 1:
                return UseReply("unknown", UNKNOWN)
        done = Done((handle.code,), call.count if handle.times else 0)
        return UseReply("consumed", 0, call.request_no, call.count, undo_handle=msgspec.json.encode(done))

    def _state(self, code: str, call: QueryCall, until: Until) -> Json:
        """The record of a redemption; empty for a voucher that is not redeemed: the platform knows only redeemed ones."""
        try:
            return inner(self._door.ask("getconsumed", call.shop, {"receipt_code": code}, until), "data")
        except Failed as no:
            if NEVER_USED.search(no.words):
                return {}
            raise

    def undo(self, call: UndoCall, until: Until) -> UseReply:
        """One call for each voucher, one for all uses of a times card; a refused one does not keep the others."""
        handle = msgspec.json.decode(call.handle, type=Handle)
        done = msgspec.json.decode(call.undo_handle, type=Done)
        who = _account(call.request_no, call.operator)
        if done.uses:
            self._door.ask("batch/reverseconsume", call.shop, {**who, **_infos(done.codes, done.uses)}, until)
            return UseReply("undone", record_no=call.record_no)
        refused: Failed | None = None
        for code in done.codes:
            fields = {**who, "receipt_code": code, "deal_id": handle.deal_id}
            try:
                self._door.ask("reverseconsume", call.shop, fields, until)
            except Failed as no:
                refused = refused or no
        if refused is not None:
            raise refused
        return UseReply("undone", record_no=call.record_no)

    def deals(self, call: DealsCall, until: Until) -> DealsReply:
        """What a deal is comes with each preparation; here only whether the shop has authorised us."""
        self._door.opened(call.shop, until)
        return DealsReply(self.platform)


def camel(name: str) -> str:
    """`receipt_code` as `receiptCode`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _snake(value: Any) -> Any:
    """Names of an answer, however deep, as Dianping writes them."""
    match value:
        case dict():
            return {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): _snake(each) for name, each in value.items()}
        case list():
            return [_snake(each) for each in value]
    return value


def _account(number: str, operator: str) -> dict[str, str]:
    return {
        "app_shop_account": number[:ACCOUNT_CHARS_MAX],
        "app_shop_account_name": (operator or "POS")[:ACCOUNT_CHARS_MAX],
    }


def _infos(codes: tuple[str, ...], count: int) -> dict[str, str]:
    told = [{"receipt_code": code, "count": count} for code in codes]
    return {"receipt_code_infos": json.dumps(told, separators=(",", ":"))}


def _batched(answer: Json) -> tuple[Json, ...]:
    """Redemptions of a batch. The first one that was refused refuses all, when none was carried out."""
    found: list[Json] = []
    refused: Failed | None = None
    for row in rows(answer, "data"):
        if text(row, "single_consume_code") == SINGLE_SUCCESS:
            found += rows(row, "consume_detail_list")
        else:
            refused = refused or Failed(text(row, "single_consume_code"), text(row, "single_consume_msg", ""))
    if refused is not None and not found:
        raise refused
    return tuple(found)


def _coupon(platform: Platform, row: Json) -> FoundCoupon:
    code = text(row, "receipt_code")
    times = whole(row, "biz_type", 0) == TIMES_CARD
    price_fen = yuan(row, "deal_price", 0)
    worth_fen = yuan(row, "deal_marketprice", yuan(row, "deal_market_price", 0))
    count = whole(row, "available_count", whole(row, "count", 1))
    until_ms = _end_ms(text(row, "receipt_end_date", ""))
    deal_id = text(row, "deal_id", "") or text(row, "product_item_id")
    deal = Deal(
        platform,
        deal_id[:64],
        text(row, "deal_title")[:80],
        "times" if times else "package",
        package_fen=worth_fen,
        valid_to=day_of(until_ms),
    )
    payments = details(rows(row, "payment_detail"), ("payment_detail_id", "amount", "amount_type"))
    return FoundCoupon(
        msgspec.json.encode(Handle(code, deal_id, count, price_fen, times)),
        code,
        deal.deal_id,
        deal.title,
        deal.kind,
        last4(code),
        count=count,
        face_fen=worth_fen,
        basis_fen=split(payments, price_fen, 1).customer_fen or price_fen,
        valid_to_ms=until_ms,
        deal=deal,
    )


def _end_ms(words: str) -> int:
    """Told as a moment in words by the one door, in milliseconds by the other."""
    return int(words) if re.fullmatch(r"[0-9]{13}", words) else beijing_ms(words)


def _whose(state: Json, number: str) -> Literal["nobody's", "ours", "theirs", "unclear"]:
    """Whose a redemption is, by the account and the way in its record."""
    if not state:
        return "nobody's"
    account, way = text(state, "verify_account", ""), text(state, "verify_channel", "")
    if account == number[:ACCOUNT_CHARS_MAX]:
        return "ours"
    if OUR_NUMBER.fullmatch(account) or (way and way != THIRD_PARTY):
        return "theirs"
    return "unclear"


def _consumed(handle: Handle, told: tuple[Json, ...], asked: int, number: str) -> UseReply:
    codes = tuple(dict.fromkeys(text(row, "receipt_code") for row in told))
    count = len(told)
    if not 0 < count <= asked:
        raise Trouble(NOT_UNDERSTOOD, "which vouchers were redeemed is not told")
    payments = details(
        (each for row in told for each in rows(row, "payment_detail")), ("payment_detail_id", "amount", "amount_type")
    )
    share = split(payments, handle.price_fen, count)
    platform_fen = sum(yuan(row, "platform_amount", 0) for row in told) or share.platform_fen
    merchant_fen = sum(yuan(row, "merchant_amount", 0) for row in told) or share.merchant_fen
    return UseReply(
        "consumed",
        0 if count == asked else PARTLY,
        text(told[0], "flow_id", "") or text(told[0], "order_id", "") or number,
        count,
        share.customer_fen,
        platform_fen,
        merchant_fen,
        {"deal_price": handle.price_fen, **share.raw},
        undo_handle=msgspec.json.encode(Done(codes, count if handle.times else 0)),
    )
