"""An aggregator that redeems Meituan's vouchers for shops without a door of their own (like Huifu's 美团卡券): prepare,
consume, query, cancel as JSON, signed with RSA both ways.

This one file and its row in `registry.py` are all that a new platform takes.

`sign` is RSA with SHA-256 (PKCS #1 v1.5) in base64 over `data` as JSON: names sorted, no blanks, nothing empty. An answer
that is not signed by the aggregator is no answer. `req_seq_id` with `req_date` is the number of a request: a redemption's is
the number of the use, and its date that of the preparation, so that both are the same at every attempt."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from fleet import china
from fleet.doors.answers import (
    Json,
    beijing_ms,
    day_of,
    flag,
    inner,
    last4,
    plain_code,
    rows,
    text,
    whole,
    yuan,
)
from fleet.doors.clock import Clock, Until
from fleet.doors.trouble import BAD_CODE, NOT_AUTHORISED, NOT_UNDERSTOOD, Failed, Ours, Trouble
from fleet.doors.web import Limits, Web
from fleet.vouchers.port import (
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

BASE = "https://api.huifu.com"
SUCCESS = "00000000"
COUNT_MAX = 100
USED_ELSEWHERE, TOO_MANY, PARTLY = 3003, 3011, 3035


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`private_key`: ours, `public_key`: the aggregator's, both PEM. A shop's number is its `bind_id`."""

    sys_id: str
    product_id: str
    huifu_id: str
    private_key: str
    public_key: str
    base: str = BASE

    def __repr__(self) -> str:
        return "Credentials(aggregator)"


class Handle(msgspec.Struct, frozen=True):
    """What the later calls need of a preparation; money is of one voucher."""

    code: str
    day: str
    count: int
    paid_fen: int


def signed_words(data: Mapping[str, Any]) -> bytes:
    """What a signature is over."""
    kept = {name: data[name] for name in sorted(data) if data[name] not in (None, "")}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=str).encode()


class Aggregator:
    """A `Dialect`."""

    platform: Platform = "meituan"

    def __init__(self, credentials: Credentials, clock: Clock, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        """Raises `ValueError` for keys that are none."""
        self._credentials = credentials
        self._clock = clock
        self._web = Web("aggregator", credentials.base, limits)
        private, public = (
            load_pem_private_key(credentials.private_key.encode(), None),
            load_pem_public_key(credentials.public_key.encode()),
        )
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise ValueError("the aggregator signs with RSA")
        self._private, self._public = private, public

    def prepare(self, call: PrepareCall, until: Until) -> PrepareReply:
        code = plain_code(call.code)
        if not code:
            raise Ours(BAD_CODE)
        moment = china.at(self._clock.wall_ms())
        day, number = moment.strftime("%Y%m%d"), f"P{self._clock.wall_ms()}{call.terminal}"
        data = self._ask("prepare", call.shop, number, day, {"coupon_code": code}, until)
        return PrepareReply("meituan", 0, (_coupon(data, day),))

    def consume(self, call: ConsumeCall, until: Until, again: bool) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        if call.count > min(handle.count, COUNT_MAX):
            raise Ours(TOO_MANY)
        infos = json.dumps([{"receipt_code": handle.code, "count": call.count}], separators=(",", ":"))
        asked = {"receipt_code_infos": infos, **_account(call.request_no, call.operator)}
        data = self._ask("consume", call.shop, call.request_no, handle.day, asked, until)
        return _consumed(handle, data, call.count)

    def query(self, call: QueryCall, until: Until) -> UseReply:
        """By the number of the redemption: the aggregator keeps it, and knows what became of it."""
        handle = msgspec.json.decode(call.handle, type=Handle)
        asked = {"receipt_code": handle.code, "org_req_seq_id": call.request_no, "org_req_date": handle.day}
        data = self._ask("query", call.shop, f"Q{self._clock.wall_ms()}", handle.day, asked, until)
        match text(data, "trans_stat"):
            case "S":
                return _consumed(handle, data, call.count)
            case "C":
                return UseReply("undone", record_no=text(data, "hf_seq_id", ""))
            case "N":
                return UseReply("absent", USED_ELSEWHERE if flag(data, "used") else 0)
            case _:
                return UseReply("unknown", 3022)

    def undo(self, call: UndoCall, until: Until) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        asked = {
            "receipt_code": handle.code,
            "org_req_seq_id": call.request_no,
            "org_req_date": handle.day,
            **_account(call.request_no, call.operator),
        }
        self._ask("cancel", call.shop, f"U{call.request_no}", handle.day, asked, until)
        return UseReply("undone", record_no=call.record_no)

    def deals(self, call: DealsCall, until: Until) -> DealsReply:
        if not call.shop:
            raise Ours(NOT_AUTHORISED)
        return DealsReply("meituan")

    def _ask(self, name: str, shop: str, number: str, day: str, asked: Mapping[str, str], until: Until) -> Json:
        if not shop:
            raise Ours(NOT_AUTHORISED)
        told = {
            "req_seq_id": number,
            "req_date": day,
            "huifu_id": self._credentials.huifu_id,
            "bind_id": shop,
            **asked,
        }
        sign = self._private.sign(signed_words(told), PKCS1v15(), SHA256())
        body = {
            "sys_id": self._credentials.sys_id,
            "product_id": self._credentials.product_id,
            "data": {name: told[name] for name in sorted(told) if told[name]},
            "sign": base64.b64encode(sign).decode(),
        }
        answer = self._web.post_json(f"/v2/coupon/meituan/{name}", until, body)
        data = inner(answer, "data")
        self._believed(data, text(answer, "sign", ""))
        if text(data, "resp_code") != SUCCESS:
            raise Failed(text(data, "resp_code"), text(data, "resp_desc", ""))
        return data

    def _believed(self, data: Json, sign: str) -> None:
        try:
            self._public.verify(base64.b64decode(sign), signed_words(data), PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError) as trouble:
            raise Trouble(NOT_UNDERSTOOD, "an answer somebody else signed") from trouble


def _account(number: str, operator: str) -> dict[str, str]:
    return {"app_shop_account": number, "app_shop_account_name": operator or "POS"}


def _coupon(data: Json, day: str) -> FoundCoupon:
    code = text(data, "receipt_code")
    cash = flag(data, "voucher")
    worth_fen, paid_fen = yuan(data, "deal_market_price", 0), yuan(data, "coupon_buy_price", 0)
    until_ms, count = beijing_ms(text(data, "receipt_end_date", "")), whole(data, "count", 1)
    deal = Deal(
        "meituan",
        text(data, "deal_id")[:64],
        text(data, "deal_title")[:80],
        "cash" if cash else "package",
        face_fen=worth_fen if cash else 0,
        package_fen=0 if cash else worth_fen,
        valid_to=day_of(until_ms),
    )
    return FoundCoupon(
        msgspec.json.encode(Handle(code, day, count, paid_fen)),
        code,
        deal.deal_id,
        deal.title,
        deal.kind,
        last4(code),
        count=count,
        min_count=whole(data, "min_consume", 1),
        face_fen=worth_fen,
        basis_fen=paid_fen or yuan(data, "deal_price", 0),
        valid_to_ms=until_ms,
        deal=deal,
    )


def _consumed(handle: Handle, data: Json, asked: int) -> UseReply:
    count = sum(1 for _row in rows(data, "receipt_infos"))
    if not 0 < count <= asked:
        raise Trouble(NOT_UNDERSTOOD, "which vouchers were redeemed is not told")
    number = text(data, "hf_seq_id")
    undoable = flag(data, "cancelable") if "cancelable" in data else None
    return UseReply(
        "consumed",
        0 if count == asked else PARTLY,
        number,
        count,
        handle.paid_fen * count,
        yuan(data, "platform_amount", 0),
        yuan(data, "merchant_amount", 0),
        {"coupon_buy_price": handle.paid_fen},
        undoable=undoable,
        undo_handle=number.encode(),
    )
