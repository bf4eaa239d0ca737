"""Which channels move real money, and how each is made of its table in the credentials file. A new channel is its files and
a row in `MAKERS`.

    [wechat]
    mchid = "…"
    appid = "…"
    serial_no = "…"                    # of the merchant's certificate
    private_key = "wechat-key.pem"     # names of PEM files, beside this file or anywhere
    public_key = "wechat-public.pem"
    public_key_id = "PUB_KEY_ID_…"

    [alipay]
    app_id = "…"
    private_key = "alipay-key.pem"
    public_key = "alipay-public.pem"
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from fleet.acquirer.adapters import alipay, alipay_door, wechat, wechat_door
from fleet.acquirer.adapters.adapter import Adapter, Dialect
from fleet.acquirer.codes import Table, provided_table
from fleet.acquirer.port import NO_ANSWER, Acquirer, Call, NoAcquirer, PayCall, RefundCall, Reply
from fleet.doors.clock import Clock, SystemClock
from fleet.doors.credentials import read_credentials, read_pem, said

Maker = Callable[[Mapping[str, Any], Path, Clock], Dialect]


class ByChannel:
    """Each call goes to its channel's adapter. A channel nobody serves here takes nothing; what became of money it may once
    have taken is not known."""

    def __init__(self, adapters: Mapping[str, Acquirer]) -> None:
        self._adapters = dict(adapters)

    @property
    def channels(self) -> tuple[str, ...]:
        """Those in service."""
        return tuple(self._adapters)

    def call(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """See `fleet.acquirer.port.Acquirer`."""
        adapter = self._adapters.get(call.channel)
        if adapter is not None:
            adapter.call(call, answer)
        elif isinstance(call, PayCall | RefundCall):
            NoAcquirer().call(call, answer)
        else:
            answer(NO_ANSWER)


def _wechat(told: Mapping[str, Any], folder: Path, clock: Clock) -> Dialect:
    credentials = msgspec.convert(told, wechat.Credentials)
    keys = wechat_door.Keys(
        _private(folder, credentials.private_key),
        credentials.serial_no,
        _public(folder, credentials.public_key),
        credentials.public_key_id,
        tuple(read_pem(folder / name) for name in credentials.platform_certificates),
    )
    return wechat.WeChat(credentials, keys, clock)


def _alipay(told: Mapping[str, Any], folder: Path, clock: Clock) -> Dialect:
    credentials = msgspec.convert(told, alipay.Credentials)
    certificates = (credentials.app_certificate, credentials.alipay_certificate, credentials.root_certificate)
    keys = alipay_door.Keys(
        _private(folder, credentials.private_key),
        _public(folder, credentials.public_key),
        *(read_pem(folder / name) if name else "" for name in certificates),
    )
    return alipay.Alipay(credentials, keys, clock)


MAKERS: dict[str, Maker] = {"wechat": _wechat, "alipay": _alipay}
"""By the name of a table in the credentials file, which is the channel's."""


def acquirer(
    path: Path,
    table: Table | None = None,
    clock: Clock | None = None,
    alarm: Callable[[str], None] = lambda channel: None,
) -> ByChannel:
    """Adapters of the channels a credentials file names. Raises `OSError`, or `ValueError` that names the table and holds no
    secret."""
    codes, now = table or provided_table(), clock or SystemClock()
    made: dict[str, Acquirer] = {}
    for name, told in read_credentials(path).items():
        maker = MAKERS.get(name)
        if maker is None:
            raise ValueError(f"{path}: [{name}]: known are {', '.join(MAKERS)}")
        try:
            made[name] = Adapter(maker(told, path.parent, now), codes, now, alarm)
        except OSError as trouble:
            raise ValueError(f"{path}: [{name}]: {trouble.filename}: {trouble.strerror}") from None
        except ValueError as trouble:
            raise ValueError(f"{path}: [{name}]: {said(trouble)}") from None
    return ByChannel(made)


def _private(folder: Path, name: str) -> str:
    """A merchant's key in the one form both packages read."""
    key = load_pem_private_key(read_pem(folder / name).encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("channels sign with RSA")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public(folder: Path, name: str) -> str:
    """A channel's key; "" for none."""
    if not name:
        return ""
    key = load_pem_public_key(read_pem(folder / name).encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("channels sign with RSA")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
