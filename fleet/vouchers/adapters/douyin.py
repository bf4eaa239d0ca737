"""Douyin's life services (抖音来客): client token, prepare and verify in pairs, encrypted codes only (domain 3.2, 3.3).

Every answer is `{"data": {"error_code", "description", …}, "extra": {"error_code", "logid", …}}`. Verifying knows no number
of ours but the `verify_token` of the preparation, so that stands in the handle and is the same at every attempt. The
plain code is not told before a voucher is verified: in the books a voucher is known by its certificate's id.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import msgspec

from fleet.doors.answers import Json, day_of, fen, flag, inner, last4, plain_code, rows, text, whole
from fleet.doors.clock import Clock, Until
from fleet.doors.credentials import Keeper, Renew, Token, TokenFile
from fleet.doors.trouble import BAD_CODE, NOT_UNDERSTOOD, TOKEN_EXPIRED, Failed, Ours, Trouble
from fleet.doors.web import LOOPBACK, Limits, Web
from fleet.vouchers.codes import Table
from fleet.vouchers.port import (
    COUPONS_MAX,
    HANDLE_BYTES_MAX,
    NOT_REVERSIBLE,
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
from rules.deals import Deal, Platform, VoucherKind

BASE = "https://open.douyin.com"
ORIGINS = ("https://v.douyin.com", "https://www.douyin.com", "https://www.iesdouyin.com")
HOPS_MAX = 5
OBJECT_ID_CHARS_MAX = 1_024
UNDO_MS = 3_600_000
"""One hour after a verification it may be undone (domain 3.3)."""

DYNAMIC_VALID_MS, TYPED_VALID_MS = 60_000, 300_000
SKEW_MS = 60_000
PACKAGE, CASH, TIMES = 1, 2, 3
ALREADY = (1208, 2)
"""Results of a second verification which say that the first one was carried out."""

BY_API = 4
USED_ELSEWHERE, TOO_MANY, PARTLY = 3003, 3011, 3035
FULFILMENT = "/goodlife/v1/fulfilment/certificate/"


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`account_id`: of the merchant, where one app serves several. `link_origins`: where a scanned link may lead."""

    client_key: str
    client_secret: str
    account_id: str = ""
    base: str = BASE
    link_origins: tuple[str, ...] = ORIGINS

    def __repr__(self) -> str:
        return "Credentials(douyin)"


class Handle(msgspec.Struct, frozen=True, omit_defaults=True):
    """What verify, query and cancel need of a preparation. A times card's certificate stands once, however often it goes."""

    verify_token: str
    codes: tuple[str, ...]  # encrypted
    at_ms: int
    order_id: str = ""
    times: bool = False
    pay_fen: int = 0  # of one use
    merchant_fen: int = 0
    platform_fen: int = 0


class Verified(msgspec.Struct, frozen=True):
    verify_id: str
    certificate_id: str


class Done(msgspec.Struct, frozen=True):
    """Undo handle: what was verified."""

    verified: tuple[Verified, ...]
    times: int = 0  # uses of a times card, of which only the last verification is known


class Douyin:
    """A `Dialect`."""

    platform: Platform = "douyin"

    def __init__(
        self,
        credentials: Credentials,
        tokens: TokenFile,
        table: Table,
        clock: Clock,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self._credentials = credentials
        self._table = table
        self._clock = clock
        self._web = Web("douyin", credentials.base, limits)
        self._keeper = Keeper("douyin", tokens, clock, Token())

    def prepare(self, call: PrepareCall, until: Until) -> PrepareReply:
        asked = self._asked(call, until)
        if self._credentials.account_id:
            asked["account_id"] = self._credentials.account_id
        data = self._get("prepare", until, asked)
        now_ms = self._clock.wall_ms()
        dynamic = "encrypted_data" in asked
        coupons = _coupons(data, now_ms, asked.get("code", ""))
        return PrepareReply(
            "douyin", 0 if coupons else 3002, coupons, valid_ms=DYNAMIC_VALID_MS if dynamic else TYPED_VALID_MS
        )

    def _asked(self, call: PrepareCall, until: Until) -> dict[str, str]:
        if "://" in call.code:
            return {"poi_id": call.shop, "encrypted_data": self._object_id(call.code.strip(), until)}
        code = plain_code(call.code)
        if not code:
            raise Ours(BAD_CODE)
        return {"poi_id": call.shop, "code": code}

    def _object_id(self, link: str, until: Until) -> str:
        """`object_id` of what a short link leads to, and nothing else of it. Only hosts of the list are asked."""
        for _hop in range(HOPS_MAX):
            parts = urlsplit(link)
            if not _allowed(link, self._credentials.link_origins):
                raise Ours(BAD_CODE)
            found = parse_qs(parts.query, max_num_fields=100).get("object_id", [])
            if len(found) == 1 and 0 < len(found[0]) <= OBJECT_ID_CHARS_MAX:
                return found[0]
            target = self._web.redirect(link, until)
            if not target:
                raise Ours(BAD_CODE)
            link = urljoin(link, target)
        raise Ours(BAD_CODE)

    def consume(self, call: ConsumeCall, until: Until, again: bool) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        if call.count > len(handle.codes) and not handle.times:
            raise Ours(TOO_MANY)
        codes = handle.codes * call.count if handle.times else handle.codes[: call.count]
        body: dict[str, Any] = {
            "verify_token": handle.verify_token,
            "poi_id": call.shop,
            "encrypted_codes": list(codes),
            "order_id": handle.order_id,
        }
        results = rows(self._post("verify", until, body), "verify_results")
        told = [whole(row, "result") for row in results]
        if len(told) != len(codes):
            raise Trouble(NOT_UNDERSTOOD, "results are missing")
        worth = tuple(_verified(row) for row in results if whole(row, "result") == 0)
        if len(worth) == len(codes):
            return _consumed(handle, call.count, worth, self._clock.wall_ms())
        if again and all(result in (0, *ALREADY) for result in told):
            return self._carried_out_before(call, handle)
        if worth:
            return replace(_consumed(handle, len(worth), worth, self._clock.wall_ms()), code=PARTLY)
        bad = next(row for row in results if whole(row, "result") != 0)
        raise Failed(whole(bad, "result"), "券已使用" if whole(bad, "result") in ALREADY else text(bad, "msg", ""))

    def _carried_out_before(self, call: ConsumeCall, handle: Handle) -> UseReply:
        """An earlier attempt was carried out and its answer was lost. Its verification's ids are looked up by a query before
        anything is undone: not now, an answer is waited for."""
        return _consumed(handle, call.count, (), self._clock.wall_ms())

    def query(self, call: QueryCall, until: Until) -> UseReply:
        handle = msgspec.json.decode(call.handle, type=Handle)
        known = msgspec.json.decode(call.undo_handle, type=Done).verified if call.undo_handle else ()
        codes = handle.codes if handle.times else handle.codes[: call.count]
        found = [inner(self._state(code, until), "verify") for code in codes]
        used = [verify for verify in found if verify]
        ours = [verify for verify in used if _ours(verify, handle, known)]
        if not ours:
            return UseReply("undone" if known or call.record_no else "absent", USED_ELSEWHERE if used else 0)
        at_ms = max(whole(verify, "verify_time") for verify in ours) * 1_000
        count = call.count if handle.times else len(ours)
        reply = _consumed(handle, count, tuple(_verified(verify) for verify in ours), at_ms)
        undoable = all(flag(verify, "can_cancel") for verify in ours)
        return replace(reply, undoable=undoable, code=PARTLY if len(ours) < len(codes) else 0)

    def _state(self, code: str, until: Until) -> Json:
        return inner(self._get("get", until, {"encrypted_code": code}), "certificate")

    def undo(self, call: UndoCall, until: Until) -> UseReply:
        """One cancel for each verification, the last one first; one that is refused does not keep the others. Repeated, the
        ones undone before are refused, and the query that follows a refusal tells what stands."""
        if not call.undo_handle:
            raise Ours(NOT_REVERSIBLE)
        done = msgspec.json.decode(call.undo_handle, type=Done)
        refused: Failed | None = None
        for each in reversed(done.verified):
            body: dict[str, Any] = {"verify_id": each.verify_id, "certificate_id": each.certificate_id}
            if done.times > len(done.verified):
                body["times_card_cancel_count"] = done.times
            try:
                self._post("cancel", until, body)
            except Failed as no:
                refused = refused or no
        if refused is not None:
            raise refused
        return UseReply("undone", record_no=call.record_no)

    def deals(self, call: DealsCall, until: Until) -> DealsReply:
        """Douyin tells what a deal is with each preparation; here only whether the shop's app is let in."""
        self._keeper.token(self._renew, until)
        return DealsReply("douyin")

    def _get(self, name: str, until: Until, params: dict[str, str]) -> Json:
        path = f"{FULFILMENT}{name}/"
        return self._opened(lambda token: self._web.get(path, until, params, {"access-token": token}), until)

    def _post(self, name: str, until: Until, body: Json) -> Json:
        path = f"{FULFILMENT}{name}/"
        return self._opened(lambda token: self._web.post_json(path, until, body, {"access-token": token}), until)

    def _opened(self, ask: Any, until: Until) -> Json:
        """`data` of an answer. An expired token is renewed, and asked again with, once: it opened nothing."""
        token = self._keeper.token(self._renew, until)
        try:
            return _data(ask(token.access))
        except Failed as no:
            if self._table.meaning("douyin", no.code, no.words).code != TOKEN_EXPIRED:
                raise
        token = self._keeper.expired(token, self._renew, until)
        return _data(ask(token.access))

    @property
    def _renew(self) -> Renew:
        def renew(_held: Token, until: Until) -> Token:
            body = {
                "client_key": self._credentials.client_key,
                "client_secret": self._credentials.client_secret,
                "grant_type": "client_credential",
            }
            data = _data(self._web.post_json("/oauth/client_token/", until, body))
            lasts_ms = whole(data, "expires_in") * 1_000
            return Token(text(data, "access_token"), until_ms=self._clock.wall_ms() + lasts_ms)

        return renew


def _allowed(link: str, origins: tuple[str, ...]) -> bool:
    """Whether a link is of a listed origin: scheme, host and port as listed, and nobody's name before the host."""
    parts = urlsplit(link)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    return (parts.scheme == "https" or plain) and f"{parts.scheme}://{parts.netloc}".lower() in origins


def _data(answer: Json) -> Json:
    """`data` of an answer that says yes. Raises `Failed`."""
    data, extra = inner(answer, "data"), inner(answer, "extra")
    for part in (data, extra):
        result = whole(part, "error_code", 0)
        if result != 0:
            raise Failed(result, text(part, "description", "") or text(part, "sub_description", ""))
    if "error_code" not in data and "error_code" not in extra:
        raise Trouble(NOT_UNDERSTOOD, "neither yes nor no")
    return data


def _coupons(data: Json, now_ms: int, typed: str) -> tuple[FoundCoupon, ...]:
    """Equal certificates of a preparation together. All of them are of one order."""
    token, order = text(data, "verify_token"), text(data, "order_id", "")
    groups: dict[tuple[object, ...], list[Json]] = {}
    for row in rows(data, "certificates"):
        sku, amount = inner(row, "sku"), inner(row, "amount")
        alone = text(row, "encrypted_code") if _is_times(row) else ""
        equal = (
            text(sku, "sku_id"),
            whole(row, "expire_time", 0),
            fen(sku, "market_price", 0),
            fen(amount, "pay_amount", 0),
            alone,
        )
        groups.setdefault(equal, []).append(row)
    found = (_coupon(group, token, order, now_ms, typed) for group in list(groups.values())[:COUPONS_MAX])
    return tuple(coupon for coupon in found if coupon.count > 0)


def _is_times(row: Json) -> bool:
    return whole(inner(row, "sku"), "groupon_type", PACKAGE) == TIMES


def _coupon(group: list[Json], token: str, order: str, now_ms: int, typed: str) -> FoundCoupon:
    row = group[0]
    sku, amount, card = inner(row, "sku"), inner(row, "amount"), inner(row, "time_card")
    times = _is_times(row)
    uses = max(1, whole(card, "times_count", 1)) if times else 1
    pay_fen = fen(amount, "pay_amount", 0) // uses
    handle = Handle(
        token,
        tuple(text(each, "encrypted_code") for each in group),
        now_ms,
        order,
        times,
        pay_fen,
        fen(amount, "merchant_ticket_amount", 0) // uses,
        fen(amount, "payment_discount_amount", 0) // uses,
    )
    code = text(row, "certificate_id", "") or typed or sha256(handle.codes[0].encode()).hexdigest()[:32]
    until_ms = whole(row, "expire_time", 0) * 1_000
    deal = _deal(sku, fen(sku, "market_price", 0) // uses, until_ms)
    sealed, held = _fitting(handle)
    return FoundCoupon(
        sealed,
        code,
        deal.deal_id,
        deal.title,
        deal.kind,
        last4(typed or code),
        count=uses - whole(card, "times_used", 0) if times else held,
        face_fen=deal.face_fen or deal.package_fen,
        basis_fen=pay_fen or fen(amount, "original_amount", 0) // uses,
        valid_to_ms=until_ms,
        deal=deal,
    )


def _fitting(handle: Handle) -> tuple[bytes, int]:
    """The handle as it is kept, and how many vouchers it holds: of an order of very many only as many as it has room for;
    the others are shown by the next preparation."""
    while len(sealed := msgspec.json.encode(handle)) > HANDLE_BYTES_MAX and len(handle.codes) > 1:
        handle = msgspec.structs.replace(handle, codes=handle.codes[:-1])
    return sealed, len(handle.codes)


def _deal(sku: Json, worth_fen: int, until_ms: int) -> Deal:
    kinds: dict[int, VoucherKind] = {PACKAGE: "package", CASH: "cash", TIMES: "times"}
    kind = kinds.get(whole(sku, "groupon_type", PACKAGE), "package")
    return Deal(
        "douyin",
        text(sku, "sku_id")[:64],
        text(sku, "title")[:80],
        kind,
        face_fen=worth_fen if kind == "cash" else 0,
        package_fen=0 if kind == "cash" else worth_fen,
        valid_to=day_of(until_ms),
    )


def _verified(row: Json) -> Verified:
    return Verified(text(row, "verify_id"), text(row, "certificate_id"))


def _ours(verify: Json, handle: Handle, known: tuple[Verified, ...]) -> bool:
    """Whether a verification is of this use. Its ids say so where they are known; otherwise that it was made through the
    open platform, after the preparation: that one showed the voucher unused."""
    if known:
        return text(verify, "verify_id") in {each.verify_id for each in known}
    after = whole(verify, "verify_time") * 1_000 >= handle.at_ms - SKEW_MS
    return after and whole(verify, "verify_type", 0) == BY_API


def _consumed(handle: Handle, count: int, verified: tuple[Verified, ...], at_ms: int) -> UseReply:
    return UseReply(
        "consumed",
        record_no=verified[0].verify_id if verified else "",
        consumed=count,
        paid_fen=handle.pay_fen * count,
        platform_fen=handle.platform_fen * count,
        merchant_fen=handle.merchant_fen * count,
        raw={
            "pay_amount": handle.pay_fen * count,
            "payment_discount_amount": handle.platform_fen * count,
            "merchant_ticket_amount": handle.merchant_fen * count,
        },
        undo_until_ms=at_ms + UNDO_MS,
        undo_handle=msgspec.json.encode(Done(verified, count if handle.times else 0)) if verified else b"",
    )
