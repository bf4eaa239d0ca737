"""Which platforms a backend serves, and who answers for each: put together from what `posfleet serve` is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec

from fleet import database, home
from fleet.simulated import Simulated
from fleet.vouchers.codes import Table
from fleet.vouchers.own import OwnBooks, OwnPages, OwnVouchers, enter
from fleet.vouchers.port import Platforms
from fleet.vouchers.router import Router
from fleet.vouchers.script import VoucherStep
from fleet.vouchers.sim_books import PlatformLedgers
from fleet.vouchers.simulator import PlatformSimulator
from fleet.vouchers.vault import Vault
from fleet.vouchers.within import ALL, Shops
from rules.deals import Platform
from rules.demo_vouchers import DemoVouchers, read_vouchers

BATCH = "demo"


@dataclass(frozen=True, slots=True)
class Clocks:
    """UTC, and waiting, both in milliseconds."""

    utc_ms: Callable[[], int]
    wait_ms: Callable[[int], None]


def simulated(
    data: Path,
    known: DemoVouchers | None,
    steps: tuple[VoucherStep, ...],
    table: Table | None,
    seed: int,
    clocks: Clocks,
) -> dict[Platform, Platforms]:
    """All platforms but the shop's own, simulated with their books in the data folder. `known`: the vouchers there are,
    None: those there were. Raises `StoreTrouble`."""
    ledgers = PlatformLedgers(database.side(data, home.PLATFORMS))
    with ledgers.begin() as pages:
        if known is not None:
            pages.load(known)
            pages.clear_steps()
        pages.add_steps(steps)
    port = Simulated(PlatformSimulator(ledgers, Random(seed), table).plan, clocks.utc_ms, clocks.wait_ms)
    return {platform: port for platform in ALL if platform != "own"}


def own(data: Path, vault: Vault, known: DemoVouchers | None, clocks: Clocks) -> OwnVouchers:
    """The shop's own vouchers. Raises `StoreTrouble`."""
    books = OwnBooks(database.side(data, home.VOUCHERS))
    if known is not None:
        with books.begin() as pages:
            enter_demo(pages, vault, known, clocks.utc_ms())
    return OwnVouchers(books, vault, clocks.utc_ms)


def enter_demo(pages: OwnPages, vault: Vault, known: DemoVouchers, now_ms: int) -> None:
    """The demonstration's own vouchers, which have fixed codes; those that are there stay as they are."""
    deals = {deal.deal_id: deal for deal in known.deal if deal.platform == "own"}
    for coupon in known.coupon:
        if coupon.platform == "own" and pages.voucher(vault.digest(coupon.prefix)) is None:
            deal = deals[coupon.deal_id]
            enter(pages, vault, coupon.prefix, deal, coupon.count, coupon.basis_fen, BATCH, now_ms)


def together(adapters: Mapping[Platform, Platforms], shops: Shops) -> tuple[Router, Shops]:
    """The router over all adapters in the fixed order, and the shops with exactly these platforms in service."""
    served = tuple(platform for platform in ALL if platform in adapters)
    shops = Shops(served, shops.numbers)
    return Router({platform: adapters[platform] for platform in served}, shops.number), shops


def read_known(path: Path) -> DemoVouchers:
    """Deals and vouchers of simulated platforms. Raises `OSError` or `ValueError`."""
    return read_vouchers(path.read_text(encoding="utf-8"))


def read_shops(path: Path) -> Shops:
    """The shops' numbers at the platforms: JSON, `{"meituan": {"0001": "123456", "*": "…"}}`. Raises `OSError` or
    `ValueError`."""
    return Shops(numbers=msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]]))
