"""The door of Dianping's open platform: a form signed with MD5 or HMAC-MD5 over sorted parameters, and a session of the
merchant that is renewed with a refresh token."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal

import msgspec

from fleet import china
from fleet.doors.answers import Json, text, whole
from fleet.doors.clock import Clock, Until
from fleet.doors.credentials import Keeper, Token, TokenFile
from fleet.doors.trouble import NOT_AUTHORISED, TOKEN_EXPIRED, Failed, Ours
from fleet.doors.web import Limits, Web
from fleet.vouchers.codes import Table

BASE = "https://openapi.dianping.com"
SUCCESS = "200"
RENAMED = {"request_id": "requestid", "app_shop_account_name": "app_shop_accountname", "deal_id": "app_deal_id"}
READING = frozenset({"getconsumed"})

SignMethod = Literal["MD5", "HMAC"]


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one merchant. A shop's number is its `open_shop_uuid`."""

    app_key: str
    app_secret: str
    session: str
    refresh_token: str = ""
    sign_method: SignMethod = "MD5"
    base: str = BASE

    def __repr__(self) -> str:
        return "Credentials(dianping)"


def signature(secret: str, method: SignMethod, parameters: Mapping[str, str]) -> str:
    """Lower-case hex over name and value of every parameter that is not empty, sorted by name: MD5 with the secret before
    and behind, or HMAC-MD5 keyed with it."""
    words = "".join(f"{name}{value}" for name, value in sorted(parameters.items()) if value and name != "sign")
    if method == "HMAC":
        return hmac.new(secret.encode(), words.encode(), "md5").hexdigest()
    return hashlib.md5(f"{secret}{words}{secret}".encode()).hexdigest()  # the platform's choice; not ours


class DianpingDoor:
    """A `fleet.vouchers.adapters.meituan_services.Door`."""

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
        self._web = Web("dianping", credentials.base, limits)
        first = Token(credentials.session, credentials.refresh_token)
        self._keeper = Keeper(f"dianping:{credentials.app_key}", tokens, clock, first)

    def ask(self, name: str, shop: str, fields: Mapping[str, str], until: Until) -> Json:
        """The answer of a success; its payload is under `data`."""
        if not shop:
            raise Ours(NOT_AUTHORISED)
        token = self._keeper.token(self._renewed, until)
        try:
            return self._once(name, shop, token, fields, until)
        except Failed as no:
            if self._table.meaning("dianping", no.code, no.words).code != TOKEN_EXPIRED:
                raise
        return self._once(name, shop, self._keeper.expired(token, self._renewed, until), fields, until)

    def opened(self, shop: str, until: Until) -> None:
        if not shop:
            raise Ours(NOT_AUTHORISED)
        self._keeper.token(self._renewed, until)

    def _once(self, name: str, shop: str, token: Token, fields: Mapping[str, str], until: Until) -> Json:
        moment = china.at(self._clock.wall_ms())
        form = {
            **{RENAMED.get(field, field): value for field, value in fields.items()},
            "app_key": self._credentials.app_key,
            "timestamp": moment.strftime("%Y-%m-%d %H:%M:%S"),
            "session": token.access,
            "open_shop_uuid": shop,
            "format": "json",
            "v": "1",
            "sign_method": self._credentials.sign_method,
        }
        form["sign"] = signature(self._credentials.app_secret, self._credentials.sign_method, form)
        path = f"/router/tuangou/receipt/{name}"
        answer = self._web.get(path, until, form) if name in READING else self._web.post_form(path, until, form)
        return _willing(answer)

    def _renewed(self, held: Token, until: Until) -> Token:
        if not held.refresh:
            raise Ours(TOKEN_EXPIRED)
        form = {
            "app_key": self._credentials.app_key,
            "app_secret": self._credentials.app_secret,
            "grant_type": "refresh_token",
            "refresh_token": held.refresh,
        }
        answer = _willing(self._web.post_form("/router/oauth/token", until, form))
        until_ms = self._clock.wall_ms() + whole(answer, "expires_in") * 1_000
        return Token(text(answer, "access_token"), text(answer, "refresh_token", held.refresh), until_ms)


def _willing(answer: Json) -> Json:
    if text(answer, "code") != SUCCESS:
        raise Failed(text(answer, "code"), text(answer, "msg", ""))
    return answer
