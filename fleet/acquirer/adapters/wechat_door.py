"""The door to `wechatpayv3`: it builds and signs requests and verifies answers; they travel through our own HTTP.

Its own transport waits for ever, takes answers of any size, follows proxies of the environment and believes unsigned
refusals; none of it is used. It is given no logger, so that nothing of a request is written anywhere."""

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from wechatpayv3 import WeChatPay
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType, WeChatPayType
from wechatpayv3.utils import build_authorization, load_certificate

from fleet.doors.clock import Clock, Until
from fleet.doors.trouble import BUSY, Forged, Trouble
from fleet.doors.web import HTTP_SERVER, Web

CODEPAY = WeChatPayType.CODEPAY
SKEW_MAX_MS = 300_000
"""An answer that was signed longer ago is somebody's copy (WeChat Pay asks for this check)."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """PEM texts. WeChat signs with `public_key` (known as `public_key_id`), or with one of `platform_certificates`."""

    private_key: str
    serial_no: str
    public_key: str = ""
    public_key_id: str = ""
    platform_certificates: tuple[str, ...] = ()


class _Core(Core):  # type: ignore[misc]  # the package has no types
    """The package's core with another way to travel. `until` belongs to one call: a copy is made for each."""

    def __init__(self, mchid: str, keys: Keys, web: Web, clock: Clock) -> None:
        """Raises `ValueError` for keys that are none."""
        self._pinned = keys.platform_certificates
        self._web, self._clock = web, clock
        try:
            super().__init__(
                mchid=mchid,
                cert_serial_no=keys.serial_no,
                private_key=keys.private_key,
                apiv3_key=None,
                public_key=keys.public_key or None,
                public_key_id=keys.public_key_id or None,
            )
        except Exception:
            raise ValueError("a key that cannot be used") from None

    def until(self, until: Until) -> "_Core":
        """For one call."""
        mine = copy(self)
        mine._until = until
        return mine

    def _init_certificates(self) -> None:
        self._certificates.extend(load_certificate(each) for each in self._pinned)
        if not self._certificates or None in self._certificates:
            raise ValueError("no certificate of the platform")

    def _update_certificates(self) -> None:
        """None is ever fetched in the middle of a payment: what is believed is in the credentials file."""

    def request(
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: Mapping[str, Any] | None = None,
        **_unused: Any,
    ) -> tuple[int, str]:
        """Status and text of an answer WeChat Pay has signed, whatever its status. Raises `Trouble`."""
        body = "" if data is None else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        authorization = build_authorization(
            path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body
        )
        headers = {"authorization": authorization, "accept": "application/json", "content-type": "application/json"}
        if self._public_key_id:
            headers["wechatpay-serial"] = self._public_key_id
        told = self._web.exchange(method.value, path, self._until, body.encode(), headers)
        if told.status >= HTTP_SERVER and "wechatpay-signature" not in told.headers:
            raise Trouble(BUSY, f"HTTP {told.status}")  # of something before WeChat Pay, which signs nothing
        return told.status, self._believed(told.status, told.headers, told.body)

    def _believed(self, status: int, headers: Mapping[str, str], body: bytes) -> str:
        try:
            text = body.decode()
            age_ms = abs(self._clock.wall_ms() - int(headers["wechatpay-timestamp"]) * 1_000)
            genuine = age_ms <= SKEW_MAX_MS and self._verify_signature(headers, text)
        except Exception:  # whatever the package makes of headers that are none
            genuine = False
        if not genuine:
            raise Forged(f"HTTP {status} without a valid signature of WeChat Pay")
        return text


class WeChatDoor(WeChatPay):  # type: ignore[misc]  # the package has no types
    """The package's calls over our way to travel; `within` gives one for each call."""

    def __init__(self, mchid: str, appid: str, partner: bool, keys: Keys, web: Web, clock: Clock) -> None:
        """Not the package's own constructor, which would make its own transport. Raises `ValueError` for bad keys."""
        self._type = CODEPAY
        self._mchid = mchid
        self._appid = appid
        self._notify_url = None
        self._partner_mode = partner
        self._core = _Core(mchid, keys, web, clock)

    def within(self, until: Until) -> "WeChatDoor":
        mine = copy(self)
        mine._core = self._core.until(until)
        return mine
