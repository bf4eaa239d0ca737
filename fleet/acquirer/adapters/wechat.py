"""WeChat Pay, payment codes by API v3, for a merchant or for a service provider's sub-merchant.

A payment is `POST /v3/pay/transactions/codepay`: 200 with the trade, 202 while the customer types a password, or a signed
refusal. The same order number is the same order. A reversal closes what is unpaid and gives back what is paid; WeChat Pay
wants it at least 15 s after the payment was asked for (domain 1.4)."""

import json
from decimal import Decimal

import msgspec

from fleet.acquirer.adapters.adapter import Nothing, Stands
from fleet.acquirer.adapters.wechat_door import CODEPAY, Keys, WeChatDoor
from fleet.acquirer.port import PayCall, QueryCall, RefundCall, RefundQueryCall, Reply, ReverseCall
from fleet.doors.answers import Json, fen, inner, text
from fleet.doors.clock import Clock, Until
from fleet.doors.credentials import Unusable
from fleet.doors.trouble import NOT_UNDERSTOOD, Failed, Trouble
from fleet.doors.web import Limits, Web

BASE = "https://api.mch.weixin.qq.com"
REVERSIBLE_AFTER_MS = 15_000
ANSWER_MAX_MS = 12_000
"""A bank may think longer over a payment than a platform over a voucher."""

SUBJECT_BYTES_MAX, REASON_BYTES_MAX = 127, 80
ABSENT = frozenset({"ORDER_NOT_EXIST", "ORDER_NOT_EXISTS", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS", "REFUNDNOTEXIST"})
PAID, CLOSED = ("SUCCESS", "REFUND"), ("CLOSED", "REVOKED")
ORDER_CLOSED, REFUND_PROCESSING, REFUND_CLOSED = 5011, 5018, 5016
AGAIN = 5009


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the credentials file says under `[wechat]`; keys and certificates are names of PEM files. With `sub_mchid` the
    merchant is a service provider's. `device_ip`: told with each payment, which WeChat Pay wants."""

    mchid: str
    appid: str
    serial_no: str
    private_key: str
    public_key: str = ""
    public_key_id: str = ""
    platform_certificates: tuple[str, ...] = ()
    sub_mchid: str = ""
    sub_appid: str = ""
    device_ip: str = "127.0.0.1"
    base: str = BASE

    def __repr__(self) -> str:
        return "Credentials(wechat)"


class WeChat:
    """A `Dialect`."""

    channel = "wechat"
    reversible_after_ms = REVERSIBLE_AFTER_MS

    def __init__(self, credentials: Credentials, keys: Keys, clock: Clock, answer_ms: int = ANSWER_MAX_MS) -> None:
        """Raises `ValueError` for keys or an address that cannot be used."""
        if bool(keys.public_key) != bool(keys.public_key_id) or bool(keys.public_key) == bool(
            keys.platform_certificates
        ):
            raise Unusable("either public_key with public_key_id, or platform_certificates")
        web = Web("wechat", credentials.base, Limits(answer_ms=answer_ms))
        partner = bool(credentials.sub_mchid)
        self._door = WeChatDoor(credentials.mchid, credentials.appid, partner, keys, web, clock)
        self._credentials = credentials

    def pay(self, call: PayCall, until: Until) -> Reply:
        answer = self._read(
            self._door.within(until).pay(
                description=_cut(call.subject, SUBJECT_BYTES_MAX) or call.order_no,
                out_trade_no=call.order_no,
                amount={"total": call.amount_fen, "currency": "CNY"},
                payer={"auth_code": call.auth_code},
                scene_info={"device_id": call.terminal[:32], "device_ip": self._credentials.device_ip},
                pay_type=CODEPAY,
                **self._sub(appid=True),
            )
        )
        reply = self._trade(answer, call.order_no)
        if reply.state == "paid" and reply.paid_fen != call.amount_fen:
            raise Trouble(NOT_UNDERSTOOD, "paid, but not what was asked for")
        return Reply("failed", ORDER_CLOSED) if reply.state == "reversed" else reply

    def query(self, call: QueryCall, until: Until) -> Reply:
        answer = self._read(self._door.within(until).query(out_trade_no=call.order_no, **self._sub()))
        return self._trade(answer, call.order_no)

    def reverse(self, call: ReverseCall, until: Until) -> Reply:
        """Any signed success is one, unless it asks to be called again."""
        answer = self._read(
            self._door.within(until).codepay_reverse(out_trade_no=call.order_no, **self._sub(appid=True))
        )
        _is_of(answer, "out_trade_no", call.order_no)
        return Reply("unknown", AGAIN) if text(answer, "recall", "N") == "Y" else Reply("reversed")

    def refund(self, call: RefundCall, until: Until) -> Reply:
        answer = self._read(
            self._door.within(until).refund(
                out_refund_no=call.refund_no,
                amount={"refund": call.amount_fen, "total": call.paid_fen, "currency": "CNY"},
                out_trade_no=call.order_no,
                reason=_cut(call.reason, REASON_BYTES_MAX) or None,
                **self._sub(),
            )
        )
        reply = _refund(answer, call.refund_no, call.order_no)
        if fen(inner(answer, "amount"), "refund") != call.amount_fen:
            raise Trouble(NOT_UNDERSTOOD, "refunded, but not what was asked for")
        return reply

    def refund_query(self, call: RefundQueryCall, until: Until) -> Reply:
        answer = self._read(self._door.within(until).query_refund(out_refund_no=call.refund_no, **self._sub()))
        return _refund(answer, call.refund_no, call.order_no)

    def _sub(self, appid: bool = False) -> dict[str, str]:
        """Whose merchant it is, for a service provider."""
        told = {"sub_mchid": self._credentials.sub_mchid, "sub_appid": self._credentials.sub_appid if appid else ""}
        return {name: value for name, value in told.items() if value}

    def _read(self, answered: tuple[int, str]) -> Json:
        """What a success says. Raises `Nothing` and `Failed` for what is none."""
        status, words = answered
        answer = _parsed(words)
        if 200 <= status < 300:
            return answer
        code = text(answer, "code", "")
        raise (Nothing if code in ABSENT else Failed)(code or f"HTTP {status}", text(answer, "message", ""))

    def _trade(self, answer: Json, order_no: str) -> Reply:
        state = text(answer, "trade_state")
        _is_of(answer, "out_trade_no", order_no)
        _is_of(answer, "sub_mchid" if self._credentials.sub_mchid else "mchid", self._merchant)
        if state in PAID:
            if text(answer, "out_trade_no", "") != order_no:
                raise Trouble(NOT_UNDERSTOOD, "paid, but which order is not told")
            amount = inner(answer, "amount")
            if text(amount, "currency", "CNY") != "CNY":
                raise Trouble(NOT_UNDERSTOOD, "paid in another currency")
            return Reply("paid", 0, text(answer, "transaction_id"), fen(amount, "total"))
        if state in CLOSED:
            return Reply("reversed", 0, text(answer, "transaction_id", ""))
        raise Stands(state, text(answer, "trade_state_desc", ""))

    @property
    def _merchant(self) -> str:
        return self._credentials.sub_mchid or self._credentials.mchid


def _refund(answer: Json, refund_no: str, order_no: str) -> Reply:
    """ABNORMAL waits for the merchant, who gives it another account at WeChat Pay's merchant platform."""
    if text(answer, "out_refund_no") != refund_no:
        raise Trouble(NOT_UNDERSTOOD, "an answer about another refund")
    _is_of(answer, "out_trade_no", order_no)
    number = text(answer, "refund_id")
    match text(answer, "status"):
        case "SUCCESS":
            return Reply("refunded", 0, number)
        case "PROCESSING" | "ABNORMAL":
            return Reply("processing", REFUND_PROCESSING, number)
        case "CLOSED":
            return Reply("failed", REFUND_CLOSED, number)
        case _:
            raise Trouble(NOT_UNDERSTOOD, "a refund's status nobody knows")


def _is_of(answer: Json, name: str, value: str) -> None:
    """An answer about somebody else's number is none to us; not every answer repeats it."""
    if text(answer, name, value) != value:
        raise Trouble(NOT_UNDERSTOOD, f"an answer with another {name}")


def _parsed(words: str) -> Json:
    """A signed body; a success may have none."""
    try:
        parsed = json.loads(words, parse_float=Decimal) if words else {}
    except (ValueError, RecursionError) as trouble:
        raise Trouble(NOT_UNDERSTOOD, "no JSON") from trouble
    if not isinstance(parsed, dict):
        raise Trouble(NOT_UNDERSTOOD, "no JSON object")
    return parsed


def _cut(words: str, most: int) -> str:
    """As many whole characters as fit into so many bytes."""
    return words.encode()[:most].decode(errors="ignore")
