"""Alipay, payment codes by `alipay.trade.pay`, for a merchant or for an application that merchants have authorised.

Code 10000 is done, 10003 waits for the customer, 20000 is a system error, 40004 a refusal with a `sub_code`. Money is yuan
with two decimals. `alipay.trade.cancel` closes what is unpaid and gives back what is paid, within a day."""

import msgspec

from fleet.acquirer.adapters.adapter import Nothing, Stands
from fleet.acquirer.adapters.alipay_door import Keys, door
from fleet.acquirer.port import PayCall, QueryCall, RefundCall, RefundQueryCall, Reply, ReverseCall
from fleet.doors.answers import Json, text, yuan
from fleet.doors.clock import Clock, Until
from fleet.doors.credentials import Unusable
from fleet.doors.trouble import NOT_UNDERSTOOD, Failed, Trouble
from fleet.doors.web import Limits, Web
from rules import money

GATEWAY = "https://openapi.alipay.com/gateway.do"
DONE = "10000"
ABSENT = frozenset({"ACQ.TRADE_NOT_EXIST"})
PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
ANSWER_MAX_MS = 12_000
UNPAID_CLOSES_AFTER = "3m"
"""The customer may type a password for so long; by then the terminal has given up (domain 1.4)."""
SUBJECT_CHARS_MAX, OPERATOR_CHARS_MAX, TERMINAL_CHARS_MAX, REASON_CHARS_MAX = 80, 28, 32, 80
AGAIN = 5009


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the credentials file says under `[alipay]`; keys and certificates are names of PEM files."""

    app_id: str
    private_key: str
    public_key: str = ""
    app_certificate: str = ""
    alipay_certificate: str = ""
    root_certificate: str = ""
    app_auth_token: str = ""
    gateway: str = GATEWAY

    def __repr__(self) -> str:
        return "Credentials(alipay)"


class Alipay:
    """A `Dialect`. A trade can be cancelled at once."""

    channel = "alipay"
    reversible_after_ms = 0

    def __init__(self, credentials: Credentials, keys: Keys, clock: Clock, answer_ms: int = ANSWER_MAX_MS) -> None:
        """Raises `ValueError` for keys or an address that cannot be used."""
        certificates = (keys.app_certificate, keys.alipay_certificate, keys.root_certificate)
        if bool(keys.public_key) == any(certificates) or any(certificates) != all(certificates):
            raise Unusable("either public_key, or all three certificates")
        web = Web("alipay", credentials.gateway, Limits(answer_ms=answer_ms))
        self._door = door(credentials.app_id, credentials.app_auth_token, keys, web, clock)

    def pay(self, call: PayCall, until: Until) -> Reply:
        answer = self._door.within(until).api_alipay_trade_pay(
            call.order_no,
            "bar_code",
            call.auth_code,
            call.subject[:SUBJECT_CHARS_MAX] or call.order_no,
            total_amount=money.yuan(call.amount_fen),
            product_code="FACE_TO_FACE_PAYMENT",
            timeout_express=UNPAID_CLOSES_AFTER,
            operator_id=call.operator[:OPERATOR_CHARS_MAX],
            terminal_id=call.terminal[:TERMINAL_CHARS_MAX],
        )
        reply = _paid(_done(answer), call.order_no)
        if reply.paid_fen != call.amount_fen:
            raise Trouble(NOT_UNDERSTOOD, "paid, but not what was asked for")
        return reply

    def query(self, call: QueryCall, until: Until) -> Reply:
        """Closed means three things: never paid, cancelled, given back whole. In each the shop holds nothing of it."""
        answer = _done(self._door.within(until).api_alipay_trade_query(out_trade_no=call.order_no))
        state = text(answer, "trade_status")
        if state in PAID:
            return _paid(answer, call.order_no)
        _is_of(answer, call.order_no)
        if state == "TRADE_CLOSED":
            return Reply("reversed", 0, text(answer, "trade_no", ""))
        raise Stands(state, "")

    def reverse(self, call: ReverseCall, until: Until) -> Reply:
        answer = _done(self._door.within(until).api_alipay_trade_cancel(out_trade_no=call.order_no))
        _is_of(answer, call.order_no)
        if text(answer, "retry_flag", "N") == "Y":
            return Reply("unknown", AGAIN)
        if not text(answer, "action", ""):  # nothing was closed and nothing given back: Alipay has not seen it
            raise Nothing("action", "")
        return Reply("reversed", 0, text(answer, "trade_no", ""))

    def refund(self, call: RefundCall, until: Until) -> Reply:
        """Only `fund_change` Y says that money went back; without it the refund is asked about."""
        answer = _done(
            self._door.within(until).api_alipay_trade_refund(
                money.yuan(call.amount_fen),
                out_trade_no=call.order_no,
                out_request_no=call.refund_no,
                **({"refund_reason": call.reason[:REASON_CHARS_MAX]} if call.reason else {}),
            )
        )
        if text(answer, "out_trade_no") != call.order_no:
            raise Trouble(NOT_UNDERSTOOD, "an answer about another order")
        if text(answer, "fund_change", "N") == "Y":
            return Reply("refunded", 0, text(answer, "trade_no"))
        return self.refund_query(RefundQueryCall(call.refund_no, call.order_no, call.channel), until)

    def refund_query(self, call: RefundQueryCall, until: Until) -> Reply:
        """A refund Alipay has not got, or that failed, has no status; asking for it again under its number is safe."""
        answer = _done(
            self._door.within(until).api_alipay_trade_fastpay_refund_query(call.refund_no, out_trade_no=call.order_no)
        )
        status = text(answer, "refund_status", "")
        if not status:
            raise Nothing("refund_status", "")
        if text(answer, "out_request_no") != call.refund_no or text(answer, "out_trade_no") != call.order_no:
            raise Trouble(NOT_UNDERSTOOD, "an answer about another refund")
        if status != "REFUND_SUCCESS":
            raise Trouble(NOT_UNDERSTOOD, "a refund's status nobody knows")
        return Reply("refunded", 0, text(answer, "trade_no"))


def _done(answer: Json) -> Json:
    """A success. Raises `Nothing` and `Failed` for what is none: by the channel's own code where it names one."""
    code, sub_code = text(answer, "code"), text(answer, "sub_code", "")
    if code == DONE:
        return answer
    said = sub_code if "ACQ." in sub_code or "AQC." in sub_code else code
    raise (Nothing if said in ABSENT else Failed)(said, text(answer, "sub_msg", ""))


def _paid(answer: Json, order_no: str) -> Reply:
    if text(answer, "out_trade_no") != order_no:
        raise Trouble(NOT_UNDERSTOOD, "an answer about another order")
    return Reply("paid", 0, text(answer, "trade_no"), yuan(answer, "total_amount"))


def _is_of(answer: Json, order_no: str) -> None:
    """An answer about somebody else's order is none to us; not every answer repeats its number."""
    if text(answer, "out_trade_no", order_no) != order_no:
        raise Trouble(NOT_UNDERSTOOD, "an answer about another order")
