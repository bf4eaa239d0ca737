"""The door to `python-alipay-sdk`: it builds and signs requests and verifies answers; they travel through our own HTTP.

Its own transport puts the customer's code into the address, where proxies log it, and takes answers of any size; it is not
used. Importing it would set up logging for the whole process: it is kept from that, and its logger is silenced."""

import json
import logging
import logging.config
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

from fleet import china
from fleet.doors.answers import Json
from fleet.doors.clock import Clock, Until
from fleet.doors.trouble import BUSY, NOT_UNDERSTOOD, Forged, Trouble
from fleet.doors.web import HTTP_OK, HTTP_SERVER, HTTP_TOO_MANY, Web


@contextmanager
def _logging_left_alone() -> Iterator[None]:
    """While the package is imported: it calls `dictConfig`, which would also close everybody's handlers."""
    real = logging.config.dictConfig
    logging.config.dictConfig = lambda config: None
    try:
        yield
    finally:
        logging.config.dictConfig = real


with _logging_left_alone():
    from alipay import AliPay, DCAliPay
    from alipay.exceptions import AliPayException, AliPayValidationError
    from alipay.loggers import logger as _their_logger
_their_logger.disabled = True

FORM = "application/x-www-form-urlencoded;charset=utf-8"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """PEM texts. Alipay signs with `public_key`; or all three certificates are given."""

    private_key: str
    public_key: str = ""
    app_certificate: str = ""
    alipay_certificate: str = ""
    root_certificate: str = ""


class _Way:
    """Over the package's client: another way to travel, China's time, the whole of what is signed."""

    _web: Web
    _clock: Clock
    _until: Until
    _app_auth_token: str

    def build_body(self, method: str, biz_content: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        more["timestamp"] = china.written(self._clock.wall_ms())
        if self._app_auth_token:
            more["app_auth_token"] = self._app_auth_token
        body: dict[str, Any] = super().build_body(method, biz_content, **more)  # type: ignore[misc]  # the package's
        return body

    def verified_sync_response(self, data: dict[str, Any], response_type: str) -> Json:
        """Sign and send: the business part as a form, the rest in the address. The answer's signed part."""
        pairs = self.sign_data(data).split("&")  # type: ignore[attr-defined]  # the package's
        business = "&".join(pair for pair in pairs if pair.startswith("biz_content="))
        address = "?" + "&".join(pair for pair in pairs if not pair.startswith("biz_content="))
        told = self._web.exchange("POST", address, self._until, business.encode(), {"content-type": FORM})
        if told.status >= HTTP_SERVER or told.status == HTTP_TOO_MANY:
            raise Trouble(BUSY, f"HTTP {told.status}")
        if told.status != HTTP_OK:
            raise Forged(f"HTTP {told.status}, which Alipay does not say")
        return self._believed(told.body, response_type)

    def _believed(self, body: bytes, response_type: str) -> Json:
        try:
            answer = self._verify_and_return_sync_response(body.decode(), response_type)  # type: ignore[attr-defined]
        except (AliPayException, AliPayValidationError):  # the first one also holds the whole answer
            raise Forged("no valid signature of Alipay") from None
        except Exception:  # whatever the package makes of what is no answer
            raise Forged("an answer without shape") from None
        if not isinstance(answer, dict):
            raise Trouble(NOT_UNDERSTOOD, "no JSON object")
        return answer

    def _get_string_to_be_signed(self, raw_string: str, response_type: str) -> str:
        """The package counts brackets, also those in texts."""
        start = raw_string.index("{", raw_string.index(f'"{response_type}"'))
        _parsed, end = json.JSONDecoder().raw_decode(raw_string, start)
        return raw_string[start:end]

    def within(self, until: Until) -> Any:
        """For one call."""
        mine = copy(self)
        mine._until = until
        return mine


class _Plain(_Way, AliPay):  # type: ignore[misc]  # the package has no types
    pass


class _Certified(_Way, DCAliPay):  # type: ignore[misc]  # the package has no types
    pass


def door(app_id: str, app_auth_token: str, keys: Keys, web: Web, clock: Clock) -> Any:
    """The package's client for plain keys or certificates. Raises `ValueError` for keys that are none."""
    try:
        if keys.root_certificate:
            client: Any = _Certified(
                app_id, keys.private_key, keys.app_certificate, keys.alipay_certificate, keys.root_certificate
            )
            assert client.app_cert_sn, "computed now, or the first payment would find out"
            assert client.alipay_root_cert_sn
        else:
            client = _Plain(app_id, app_private_key_string=keys.private_key, alipay_public_key_string=keys.public_key)
    except Exception:
        raise ValueError("a key that cannot be used") from None
    client._web, client._clock, client._app_auth_token = web, clock, app_auth_token
    return client
