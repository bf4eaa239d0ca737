"""Deals and vouchers of the demonstration (`catalogue/vouchers.toml`): what the simulated platforms know, and what a person
at the virtual terminal may click. All codes and deals are invented.

A coupon stands for many codes: `prefix` and then `digits` more, any; each such code is a voucher of its own."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rules.deals import Deal, Fen, Platform

VouchersPlay = Literal["", "refuse", "error", "silent", "lost", "late", "double", "part"]
PlayedCall = Literal["prepare", "consume", "undo"]


class SampleCoupon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Vouchers of one kind. Amounts are for one voucher; `basis_fen` is what the customer paid for it, the subsidies are
    who bears the rest. `state`: the code of ours that the platform answers with (3004 refunded …), 0: it may be used.
    `undo_min`: minutes in which it may be undone, -1: never, 0: the platform's own rule. `dynamic_s`: seconds a
    preparation holds, 0: five minutes. `play` at `call`: what goes wrong (`fleet.vouchers.script`), with `ours` for a
    refusal."""

    platform: Platform
    deal_id: str
    prefix: Annotated[str, Meta(min_length=1, max_length=200)]
    digits: Annotated[int, Meta(ge=0, le=20)] = 0
    count: Annotated[int, Meta(ge=1, le=100)] = 1
    min_count: Annotated[int, Meta(ge=1, le=100)] = 1
    basis_fen: Fen = 0
    platform_fen: Fen = 0
    merchant_fen: Fen = 0
    state: Annotated[int, Meta(ge=0, le=9_999)] = 0
    shop: str = ""
    valid_from: str = ""
    valid_to: str = ""
    undo_min: Annotated[int, Meta(ge=-1, le=100_000)] = 0
    dynamic_s: Annotated[int, Meta(ge=0, le=300)] = 0
    play: VouchersPlay = ""
    call: PlayedCall = "consume"
    ours: Annotated[int, Meta(ge=0, le=9_999)] = 0
    after_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 8_000
    zh: str = ""  # what stands on the card; none: it is on no card
    en: str = ""

    def fits(self, code: str) -> bool:
        """Whether a code is one of these."""
        rest = code.removeprefix(self.prefix)
        if not code.startswith(self.prefix) or len(rest) != self.digits:
            return False
        return not rest or (rest.isascii() and rest.isdigit())


class DemoVouchers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    deal: tuple[Deal, ...] = ()
    coupon: tuple[SampleCoupon, ...] = ()


def read_vouchers(text: str) -> DemoVouchers:
    """The deals and coupons of a file. Raises `ValueError` that names what is wrong."""
    try:
        found = msgspec.convert(tomllib.loads(text), DemoVouchers)
    except tomllib.TOMLDecodeError as trouble:
        raise ValueError(str(trouble)) from trouble
    deals = {(deal.platform, deal.deal_id) for deal in found.deal}
    for coupon in found.coupon:
        if (coupon.platform, coupon.deal_id) not in deals:
            raise ValueError(f"coupon {coupon.prefix}: no deal {coupon.deal_id} of {coupon.platform}")
    return found


def demo_path() -> Path:
    """Where the demonstration's file lies."""
    return Path(str(files("rules.catalogue").joinpath("vouchers.toml")))


@lru_cache(maxsize=1)
def demo_vouchers() -> DemoVouchers:
    """The demonstration's deals and vouchers."""
    return read_vouchers(files("rules.catalogue").joinpath("vouchers.toml").read_text(encoding="utf-8"))
