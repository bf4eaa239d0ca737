"""A stand-in for an aggregator: RSA both ways, redemptions known by the number of the request."""

import base64
import json
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from starlette.requests import Request

from tests.standins.meituan import Meituan
from tests.standins.server import Refused

SYSTEM, PRODUCT, MERCHANT, BIND = "6666000100000001", "YYZY", "6666000100000002", "bind-0001"


class Aggregator(Meituan):
    PATHS: ClassVar = {
        "/v2/coupon/meituan/prepare": ("POST", "prepare"),
        "/v2/coupon/meituan/consume": ("POST", "consume"),
        "/v2/coupon/meituan/query": ("POST", "query"),
        "/v2/coupon/meituan/cancel": ("POST", "undo"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.own = generate_private_key(65537, 2048)
        self.callers = generate_private_key(65537, 2048)

    async def parse(self, request: Request) -> dict:
        body = json.loads(await request.body())
        if (body["sys_id"], body["product_id"]) != (SYSTEM, PRODUCT):
            raise Refused("10000000", "参数错误")
        words = json.dumps(body["data"], ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        try:
            self.callers.public_key().verify(base64.b64decode(body["sign"]), words, PKCS1v15(), SHA256())
        except Exception as trouble:
            raise Refused("90000000", "验签失败") from trouble
        if body["data"]["bind_id"] != BIND or body["data"]["huifu_id"] != MERCHANT:
            raise Refused("22000002", "门店未授权")
        return body["data"]

    def _prepare(self, asked: dict):
        voucher = self.usable(asked["coupon_code"])
        return {
            "receipt_code": voucher.code,
            "deal_id": voucher.deal,
            "deal_title": voucher.title,
            "deal_price": f"{voucher.price_fen / 100:.2f}",
            "deal_market_price": f"{voucher.value_fen / 100:.2f}",
            "coupon_buy_price": f"{voucher.paid_fen / 100:.2f}",
            "voucher": voucher.kind == "cash",
            "count": sum(1 for each in self.books.of_order(voucher.order) if each.state == "unused"),
            "min_consume": voucher.min_count,
            "receipt_end_date": "2026-12-31 23:59:59",
        }

    def _consume(self, asked: dict):
        key = asked["req_seq_id"], asked["req_date"]
        if key not in self.books.answered:
            info = json.loads(asked["receipt_code_infos"])[0]
            chosen = self.take(key[0], info["receipt_code"], info["count"], asked["app_shop_account"])
            self.books.answered[key] = {
                "hf_seq_id": f"0056{len(self.books.answered):08d}",
                "receipt_infos": [{"receipt_code": each.code} for each in chosen],
                "platform_amount": "4.00",
                "merchant_amount": "5.00",
            }
        return self.books.answered[key]

    def _standing(self, asked: dict):
        key = asked["org_req_seq_id"], asked["org_req_date"]
        told = self.books.answered.get(key)
        codes = [each["receipt_code"] for each in told["receipt_infos"]] if told else []
        return told, [self.books.vouchers[code] for code in codes if self.books.vouchers[code].used_by == key[0]]

    def _query(self, asked: dict):
        told, ours = self._standing(asked)
        if told is None:
            return {"trans_stat": "N", "used": bool(self.books.vouchers[asked["receipt_code"]].used_by)}
        if not ours:
            return {"trans_stat": "C", "hf_seq_id": told["hf_seq_id"]}
        return {"trans_stat": "S", "cancelable": all(each.undoable for each in ours), **told}

    def _undo(self, asked: dict):
        _told, ours = self._standing(asked)
        for each in ours or [None]:
            self.give_back(each)
        return {}

    def yes(self, name: str, payload) -> object:
        return self._signed({"resp_code": "00000000", "resp_desc": "成功", **payload})

    def no(self, name: str, refused: Refused) -> object:
        return self._signed({"resp_code": str(refused.code), "resp_desc": refused.words})

    def _signed(self, data: dict) -> dict:
        told = {name: value for name, value in data.items() if value not in (None, "")}
        words = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        return {"data": data, "sign": base64.b64encode(self.own.sign(words, PKCS1v15(), SHA256())).decode()}


def private_pem(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
