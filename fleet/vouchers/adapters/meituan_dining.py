"""Meituan, vouchers of restaurants (到店餐饮, business 1): prepare, consume, queryById, cancel (domain 3.3).

A redemption is recorded under the account that made it. The account's id is only recorded, never checked, so it is the
number of the use (25 signs of the 32 allowed): the platform's own record then tells whose a redemption is. Whether it may
be undone is asked (`couponCancelStatus`), never counted in minutes."""

import re
from dataclasses import replace
from typing import Any, Literal

import msgspec

from fleet.doors.answers import (
    Json,
    beijing_ms,
    day_of,
    flag,
    last4,
    plain_code,
    rows,
    text,
    texts,
    whole,
    yuan,
)
from fleet.doors.clock import Clock, Until
from fleet.doors.credentials import TokenFile
from fleet.doors.trouble import BAD_CODE, NOT_UNDERSTOOD, Failed, Ours, Trouble
from fleet.doors.web import Limits
from fleet.vouchers.adapters.meituan_gateway import ACCOUNT_CHARS_MAX, Credentials, Gateway
from fleet.vouchers.adapters.meituan_money import details, split
from fleet.vouchers.codes import Table
from fleet.vouchers.port import (
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
from rules.deals import Deal, PackageItem, Platform

BUSINESS = 1
COUNT_MAX = 100
UNDO_TYPE = 1
MENU_GOODS = "128"
"""Rows of a deal's menu that are goods; the others are headings and remarks."""

ITEMS_MAX = 60
USED, UNUSED = "已使用", "未使用"
OUR_NUMBER = re.compile(r"[0-9A-Za-z_]{8}[0-9]{14}V[0-9]{2}")
USED_ELSEWHERE, TOO_MANY, PARTLY = 3003, 3011, 3035


class Handle(msgspec.Struct, frozen=True):
    """What consume, query and cancel need of a preparation; prices are of one voucher."""

    code: str
    count: int
    price_fen: int  # before promotions: what the order's payments add up to
    paid_fen: int  # by the customer, 0 where it is not told


class MeituanDining:
    """A `Dialect`."""

    platform: Platform = "meituan"

    def __init__(
        self,
        credentials: Credentials,
        tokens: TokenFile,
        table: Table,
        clock: Clock,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._gateway = Gateway("meituan", BUSINESS, credentials, tokens, table, clock, limits)

    def prepare(self, call: PrepareCall, until: Until) -> PrepareReply:
        """Typed digits, or whatever was scanned: that is for the platform to read."""
        code = plain_code(call.code)
        if code:
            data = self._gateway.ask("/tuangou/coupon/prepare", call.shop, {"couponCode": code}, until)
        elif call.scanned and "://" in call.code:
            data = self._gateway.ask("/tuangou/ng/coupon/msprepare", call.shop, {"code": call.code}, until)
        else:
            raise Ours(BAD_CODE)
        _willing(data)
        return PrepareReply("meituan", 0, (_coupon(data),))

    def consume(self, call: ConsumeCall, until: Until, again: bool) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        if call.count > min(handle.count, COUNT_MAX):
            raise Ours(TOO_MANY)
        return self._redeemed(call.request_no, call.shop, handle, call.count, call.operator, until)

    def _redeemed(self, number: str, shop: str, handle: Handle, count: int, operator: str, until: Until) -> UseReply:
        biz = {
            "requestId": number,
            "couponCode": handle.code,
            "count": count,
            "eId": number[:ACCOUNT_CHARS_MAX],
            "eName": (operator or "POS")[:ACCOUNT_CHARS_MAX],
            "eOrderId": number,
        }
        data = self._gateway.ask("/tuangou/coupon/consume", shop, biz, until)
        _willing(data)
        codes = texts(data, "couponCodes")
        if not 0 < len(codes) <= count:
            raise Trouble(NOT_UNDERSTOOD, "which vouchers were redeemed is not told")
        reply = _consumed(handle, codes, data, text(data, "orderId", "") or number)
        return replace(reply, code=PARTLY if len(codes) < count else 0)

    def query(self, call: QueryCall, until: Until) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        if not call.undo_handle:
            return self._found_out(call, handle, until)
        codes = msgspec.json.decode(call.undo_handle, type=tuple[str, ...])
        states = [self._state(code, call.shop, until) for code in codes]
        ours = [state for state in states if _whose(state, call.request_no) != "nobody's"]
        if not ours or all(_whose(state, call.request_no) == "theirs" for state in ours):
            return UseReply("undone", record_no=call.record_no)
        reply = _consumed(handle, codes[: len(ours)], {}, call.record_no)
        undoable = all(whole(state, "couponCancelStatus", 0) == 1 for state in ours)
        return replace(reply, undo_handle=call.undo_handle, undoable=undoable)

    def _found_out(self, call: QueryCall, handle: Handle, until: Until) -> UseReply:
        """Nobody heard how it ended. A voucher that is used, and may be by us, is asked for once more under its number:
        that is told alike when it was ours, and refused when it was somebody else's; it can redeem nothing."""
        state = self._state(handle.code, call.shop, until)
        whose = _whose(state, call.request_no)
        if whose == "nobody's":
            return UseReply("absent")
        if whose == "theirs":
            return UseReply("absent", USED_ELSEWHERE)
        undoable = whole(state, "couponCancelStatus", 0) == 1
        try:
            reply = self._redeemed(call.request_no, call.shop, handle, call.count, "", until)
        except (Failed, Trouble):
            if whose == "unclear" or call.count > 1:
                return UseReply("unknown", UNKNOWN)
            reply = _consumed(handle, (handle.code,), {}, call.request_no)
        return replace(reply, undoable=undoable)

    def _state(self, code: str, shop: str, until: Until) -> Json:
        return self._gateway.ask("/tuangou/coupon/queryById", shop, {"couponCode": code}, until)

    def undo(self, call: UndoCall, until: Until) -> UseReply:
        """One cancel for each voucher; one that is refused does not keep the others."""
        codes = msgspec.json.decode(call.undo_handle, type=tuple[str, ...])
        refused: Failed | None = None
        for code in codes:
            biz = {
                "couponCode": code,
                "type": UNDO_TYPE,
                "eId": call.request_no[:ACCOUNT_CHARS_MAX],
                "eName": (call.operator or "POS")[:ACCOUNT_CHARS_MAX],
            }
            try:
                _willing(self._gateway.ask("/tuangou/coupon/cancel", call.shop, biz, until))
            except Failed as no:
                refused = refused or no
        if refused is not None:
            raise refused
        return UseReply("undone", record_no=call.record_no)

    def deals(self, call: DealsCall, until: Until) -> DealsReply:
        """What a deal is comes with each preparation; here only whether the shop has authorised us."""
        self._gateway.opened(call.shop, until)
        return DealsReply("meituan")


def _willing(data: Json) -> None:
    result = whole(data, "result")
    if result != 0:
        raise Failed(result, text(data, "message", ""))


def _coupon(data: Json) -> FoundCoupon:
    code = text(data, "couponCode")
    cash = flag(data, "voucher") or flag(data, "isVoucher")
    bulk = whole(data, "volume", 0) == 1
    worth_fen = yuan(data, "singleValue" if bulk else "dealValue", 0)
    price_fen = yuan(data, "dealPrice", 0)
    paid_fen = yuan(data, "couponBuyPrice", 0)
    count, least = whole(data, "count", 1), max(1, whole(data, "minConsume", 1))
    until_ms = beijing_ms(text(data, "couponEndTime", ""))
    deal = Deal(
        "meituan",
        text(data, "dealId")[:64],
        (text(data, "rawTitle", "") or text(data, "dealTitle"))[:80],
        "cash" if cash else "package",
        face_fen=worth_fen if cash else 0,
        package=() if cash else _goods(data),
        package_fen=0 if cash else worth_fen,
        min_per_order=min(least, 100),
        valid_to=day_of(until_ms),
    )
    return FoundCoupon(
        msgspec.json.encode(Handle(code, count, price_fen, paid_fen)),
        code,
        deal.deal_id,
        deal.title,
        deal.kind,
        last4(code),
        count=count,
        min_count=least,
        face_fen=worth_fen,
        basis_fen=paid_fen or price_fen,
        valid_from_ms=0,
        valid_to_ms=until_ms,
        deal=deal,
    )


def _goods(data: Json) -> tuple[PackageItem, ...]:
    """Goods of a package, where its menu names them; nobody has mapped them to the shop's yet."""
    menu = data.get("dealMenu")
    if not isinstance(menu, list):
        return ()
    lines = [row for group in menu if isinstance(group, list) for row in rows({"group": group}, "group")]
    goods = [row for row in lines if text(row, "type", "") == MENU_GOODS and text(row, "content", "")]
    return tuple(PackageItem(text(row, "content")[:80], _milli(row)) for row in goods[:ITEMS_MAX])


def _milli(row: Json) -> int:
    """How much of it: `2份` is 2000; what is not told is one."""
    found = re.match(r"[0-9]{1,2}", text(row, "specification", ""))
    return max(1, int(found.group())) * 1_000 if found else 1_000


def _whose(state: Json, number: str) -> Literal["nobody's", "ours", "theirs", "unclear"]:
    """Whose the redemption of a voucher is, by the account and the way in its record."""
    if text(state, "couponStatusDesc") != USED:
        return "nobody's"
    account, way = text(state, "verifyAcct", ""), text(state, "verifyType", "").lower()
    if account == number[:ACCOUNT_CHARS_MAX]:
        return "ours"
    if OUR_NUMBER.fullmatch(account) or (way and "api" not in way and "开放平台" not in way):
        return "theirs"
    return "unclear"


def _consumed(handle: Handle, codes: tuple[str, ...], data: Json, record_no: str) -> UseReply:
    count = len(codes)
    payments = details(rows(data, "paymentDetail"), ("id", "amount", "amountType"))
    share = split(payments, handle.price_fen, count)
    raw: dict[str, Any] = {"dealPrice": handle.price_fen, "couponBuyPrice": handle.paid_fen, **share.raw}
    return UseReply(
        "consumed",
        record_no=record_no,
        consumed=count,
        paid_fen=handle.paid_fen * count or share.customer_fen,
        platform_fen=yuan(data, "platformAmount", share.platform_fen),
        merchant_fen=yuan(data, "merchantAmount", share.merchant_fen),
        raw=raw,
        undo_handle=msgspec.json.encode(codes),
    )
