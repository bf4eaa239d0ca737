"""Which adapters there are, and how each is made of its table in the credentials file. A new platform is its file and a row
in `MAKERS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fleet.doors.clock import DOUYIN, TWICE_MORE, Clock, RetryPlan, SystemClock
from fleet.doors.credentials import TokenFile, read_credentials, said
from fleet.doors.web import Limits
from fleet.vouchers.adapters import aggregator, dianping_door, douyin, meituan_gateway
from fleet.vouchers.adapters.adapter import Adapter, Dialect
from fleet.vouchers.adapters.meituan_dining import MeituanDining
from fleet.vouchers.adapters.meituan_services import BUSINESS, MeituanDoor, MeituanServices
from fleet.vouchers.codes import Table, provided_table
from fleet.vouchers.port import Platforms
from rules.deals import Platform

TOKENS_SUFFIX = ".tokens"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an adapter is made of besides its credentials."""

    tokens: TokenFile
    table: Table
    clock: Clock


@dataclass(frozen=True, slots=True)
class Maker:
    """How a table of the credentials file becomes an adapter. `make` raises `ValueError` (a `msgspec.ValidationError` is
    one) for a table that is wrong."""

    platform: Platform
    make: Callable[[Mapping[str, Any], Parts], Dialect]
    plan: RetryPlan = TWICE_MORE


def _dining(told: Mapping[str, Any], parts: Parts) -> Dialect:
    credentials = msgspec.convert(told, meituan_gateway.Credentials)
    return MeituanDining(credentials, parts.tokens, parts.table, parts.clock)


def _services(told: Mapping[str, Any], parts: Parts) -> Dialect:
    credentials = msgspec.convert(told, meituan_gateway.Credentials)
    gateway = meituan_gateway.Gateway(
        "meituan", BUSINESS, credentials, parts.tokens, parts.table, parts.clock, Limits()
    )
    return MeituanServices("meituan", MeituanDoor(gateway))


def _dianping(told: Mapping[str, Any], parts: Parts) -> Dialect:
    credentials = msgspec.convert(told, dianping_door.Credentials)
    return MeituanServices("dianping", dianping_door.DianpingDoor(credentials, parts.tokens, parts.table, parts.clock))


def _douyin(told: Mapping[str, Any], parts: Parts) -> Dialect:
    return douyin.Douyin(msgspec.convert(told, douyin.Credentials), parts.tokens, parts.table, parts.clock)


def _aggregator(told: Mapping[str, Any], parts: Parts) -> Dialect:
    return aggregator.Aggregator(msgspec.convert(told, aggregator.Credentials), parts.clock)


MAKERS: dict[str, Maker] = {
    "meituan_dining": Maker("meituan", _dining),
    "meituan_services": Maker("meituan", _services),
    "dianping": Maker("dianping", _dianping),
    "douyin": Maker("douyin", _douyin, DOUYIN),
    "aggregator": Maker("meituan", _aggregator),
}
"""By the name of a table in the credentials file."""


def adapters(path: Path, table: Table | None = None, clock: Clock | None = None) -> dict[Platform, Platforms]:
    """Adapters of the platforms a credentials file names, in the file's order. Renewed tokens are kept beside it. Raises
    `OSError`, or `ValueError` that names the table and holds no secret."""
    codes, now = table or provided_table(), clock or SystemClock()
    parts = Parts(TokenFile(path.with_name(path.name + TOKENS_SUFFIX)), codes, now)
    made: dict[Platform, Platforms] = {}
    for name, told in read_credentials(path).items():
        maker = MAKERS.get(name)
        if maker is None:
            raise ValueError(f"{path}: [{name}]: known are {', '.join(MAKERS)}")
        if maker.platform in made:
            raise ValueError(f"{path}: [{name}]: there is another way to {maker.platform} already")
        try:
            dialect = maker.make(told, parts)
        except ValueError as trouble:
            raise ValueError(f"{path}: [{name}]: {said(trouble)}") from None
        made[maker.platform] = Adapter(dialect, codes, now, maker.plan)
    return made
