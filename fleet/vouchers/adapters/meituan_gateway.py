"""The door of Meituan's open platform, the same for dining (business 1) and services (business 58): a signed form with the
request as JSON in `biz`, and a token for each shop that authorised us.

The signature is SHA-1, in lower-case hex, over the sign key followed by name and value of every parameter that is not
empty, sorted by name."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from fleet.doors.answers import Json, inner, text, whole
from fleet.doors.clock import Clock, Until
from fleet.doors.credentials import Keeper, Token, TokenFile
from fleet.doors.trouble import NOT_AUTHORISED, TOKEN_EXPIRED, Failed, Ours
from fleet.doors.web import Limits, Web
from fleet.vouchers.codes import Table
from rules.deals import Platform

BASE = "https://api-open-cater.meituan.com"
SUCCESS = "OP_SUCCESS"
ACCOUNT_CHARS_MAX = 32


class ShopToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a shop authorised us with."""

    access_token: str
    refresh_token: str = ""

    def __repr__(self) -> str:
        return "ShopToken(…)"


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`shops`: by the shop's number at the platform."""

    developer_id: str
    sign_key: str
    shops: dict[str, ShopToken]
    base: str = BASE

    def __repr__(self) -> str:
        return "Credentials(meituan)"


def signature(key: str, parameters: Mapping[str, str]) -> str:
    """See the module."""
    words = "".join(f"{name}{value}" for name, value in sorted(parameters.items()) if value and name != "sign")
    return hashlib.sha1(f"{key}{words}".encode()).hexdigest()  # the platform's choice; not ours


class Gateway:
    """Signed requests for one line of business."""

    def __init__(
        self,
        platform: Platform,
        business: int,
        credentials: Credentials,
        tokens: TokenFile,
        table: Table,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._platform = platform
        self._business = business
        self._credentials = credentials
        self._table = table
        self._clock = clock
        self._web = Web(platform, credentials.base, limits)
        self._keepers = {
            shop: Keeper(f"{platform}:{business}:{shop}", tokens, clock, Token(told.access_token, told.refresh_token))
            for shop, told in credentials.shops.items()
        }

    def ask(self, path: str, shop: str, biz: Mapping[str, Any], until: Until) -> Json:
        """`data` of a success. An expired token is renewed, and asked again with, once: it opened nothing. Raises `Failed`
        for the gateway's no, `Ours` 2010 for a shop that has authorised nobody here."""
        keeper = self._keepers.get(shop)
        if keeper is None:
            raise Ours(NOT_AUTHORISED)
        token = keeper.token(self._renewed, until)
        try:
            return self._once(path, token, biz, until)
        except Failed as no:
            if self._table.meaning(self._platform, no.code, no.words).code != TOKEN_EXPIRED:
                raise
        return self._once(path, keeper.expired(token, self._renewed, until), biz, until)

    def opened(self, shop: str, until: Until) -> None:
        """Whether there is a token for this shop. Raises as `ask`."""
        keeper = self._keepers.get(shop)
        if keeper is None:
            raise Ours(NOT_AUTHORISED)
        keeper.token(self._renewed, until)

    def _once(self, path: str, token: Token, biz: Mapping[str, Any], until: Until) -> Json:
        words = json.dumps(dict(biz), ensure_ascii=False, separators=(",", ":"))
        return self._data(path, {"appAuthToken": token.access, "biz": words}, until)

    def _renewed(self, held: Token, until: Until) -> Token:
        if not held.refresh:
            raise Ours(TOKEN_EXPIRED)
        asked = {"grantType": "refresh_token", "refreshToken": held.refresh, "scope": "all"}
        data = self._data("/oauth/refresh", asked, until)
        until_ms = self._clock.wall_ms() + whole(data, "expireIn") * 1_000
        return Token(text(data, "accessToken"), text(data, "refreshToken", held.refresh), until_ms)

    def _data(self, path: str, asked: dict[str, str], until: Until) -> Json:
        form = {
            **asked,
            "developerId": self._credentials.developer_id,
            "businessId": str(self._business),
            "charset": "UTF-8",
            "version": "2",
            "timestamp": str(self._clock.wall_ms() // 1_000),
        }
        form["sign"] = signature(self._credentials.sign_key, form)
        answer = self._web.post_form(path, until, form)
        if text(answer, "code") != SUCCESS:
            raise Failed(text(answer, "code"), text(answer, "msg", ""))
        return inner(answer, "data")
