"""The settings as structs: every setting with its type, bounds, default and who may change it (decisions 25).

`rules.settings` checks documents against this model; texts of a setting are `settings__SECTION_NAME` of
the room `rules`; the reference page and the commented example are generated from here.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rules.money import QUICK_STEPS_FEN, CashRounding
from rules.rights import Grant
from rules.scale_codes import DEFAULT_LAYOUTS, ScaleLayout

LINES_MAX = 200
"""A sale's lines (decisions 22); the setting may only lower it."""

Who = Literal["cashier", "supervisor", "admin", "field_agent"]

Line = Annotated[str, Meta(max_length=48)]
Date = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")]
OperatorNo = Annotated[str, Meta(pattern=r"^[0-9]{2}\Z")]


def _by(*who: Who) -> dict[str, object]:
    return {"who": list(who)}


_SHOP = _by("supervisor", "admin")
_DEVICE = _by("admin", "field_agent")
_ADMIN = _by("admin")
_ANYONE = _by("cashier", "supervisor", "admin", "field_agent")


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all sections: immutable, and an unknown name is an error, so that a typing error cannot pass."""


class Shop(_Section, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=24, extra=_SHOP)] = "好邻居便利店"
    branch: Annotated[str, Meta(max_length=16, extra=_SHOP)] = "人民路店"
    footer: Annotated[tuple[Line, ...], Meta(max_length=4, extra=_SHOP)] = ("谢谢惠顾 欢迎再次光临",)


class Terminal(_Section, frozen=True):
    lang: Annotated[Literal["zh", "en"], Meta(extra=_ANYONE)] = "zh"
    idle_lock_min: Annotated[int, Meta(ge=1, le=60, extra=_SHOP)] = 5
    volume: Annotated[int, Meta(ge=0, le=3, extra=_ANYONE)] = 2
    key_click: Annotated[bool, Meta(extra=_ANYONE)] = True
    result_s: Annotated[int, Meta(ge=0, le=30, extra=_SHOP)] = 0


class Cash(_Section, frozen=True):
    rounding: Annotated[CashRounding, Meta(extra=_SHOP)] = "fen"
    rounding_custom_fen: Annotated[int, Meta(ge=1, le=100, extra=_SHOP)] = 50
    overpay_guard_fen: Annotated[int, Meta(ge=0, le=1_000_000, extra=_SHOP)] = 10_000
    quick_steps_fen: Annotated[
        tuple[Annotated[int, Meta(ge=10, le=100_000)], ...], Meta(min_length=1, max_length=6, extra=_SHOP)
    ] = QUICK_STEPS_FEN


class Sale(_Section, frozen=True):
    quantity_max: Annotated[int, Meta(ge=1, le=9_999, extra=_SHOP)] = 999
    weight_max_g: Annotated[int, Meta(ge=100, le=999_999, extra=_SHOP)] = 99_999
    amount_max_fen: Annotated[int, Meta(ge=100, le=99_999_999, extra=_SHOP)] = 5_000_000
    lines_max: Annotated[int, Meta(ge=1, le=LINES_MAX, extra=_SHOP)] = LINES_MAX
    amount_lines: Annotated[bool, Meta(extra=_SHOP)] = True
    amount_line_rate_bp: Annotated[int, Meta(ge=0, le=1_700, extra=_SHOP)] = 1_300


class Operator(_Section, frozen=True):
    """One person who may sign on; the number tells the role (`rules.rights.role_of`). PINs are kept elsewhere."""

    number: OperatorNo
    name: Annotated[str, Meta(max_length=12)] = ""
    active: bool = True


class Shift(_Section, frozen=True):
    float_ask: Annotated[Literal["count", "sum", "no"], Meta(extra=_SHOP)] = "sum"
    float_expected_fen: Annotated[int, Meta(ge=0, le=1_000_000, extra=_SHOP)] = 0
    float_max_fen: Annotated[int, Meta(ge=0, le=10_000_000, extra=_SHOP)] = 1_000_000
    day_cut_hour: Annotated[int, Meta(ge=0, le=6, extra=_SHOP)] = 0
    batch_records_max: Annotated[int, Meta(ge=100, le=20_000, extra=_ADMIN)] = 5_000


class Printer(_Section, frozen=True):
    paper_mm: Annotated[Literal[58, 80], Meta(extra=_DEVICE)] = 58
    density: Annotated[int, Meta(ge=1, le=5, extra=_DEVICE)] = 3
    print_slip: Annotated[Literal["always", "ask", "never"], Meta(extra=_SHOP)] = "always"
    cut: Annotated[Literal["full", "partial", "none"], Meta(extra=_DEVICE)] = "partial"


class Drawer(_Section, frozen=True):
    kind: Annotated[Literal["line", "printer", "none"], Meta(extra=_DEVICE)] = "line"
    pulse_ms: Annotated[int, Meta(ge=50, le=200, extra=_DEVICE)] = 100
    cool_down_ms: Annotated[int, Meta(ge=1_000, le=10_000, extra=_DEVICE)] = 1_000
    pulses_per_min_max: Annotated[int, Meta(ge=1, le=6, extra=_DEVICE)] = 6
    open_warn_s: Annotated[int, Meta(ge=10, le=600, extra=_SHOP)] = 60


class Scanner(_Section, frozen=True):
    gap_ms: Annotated[int, Meta(ge=20, le=500, extra=_DEVICE)] = 70
    bounce_ms: Annotated[int, Meta(ge=0, le=2_000, extra=_DEVICE)] = 300
    gs_substitute: Annotated[str, Meta(max_length=1, extra=_DEVICE)] = ""


class Network(_Section, frozen=True):
    host: Annotated[str, Meta(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+\Z", extra=_DEVICE)] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=1, le=65_535, extra=_DEVICE)] = 1_883
    mount: Annotated[str, Meta(max_length=64, pattern=r"^([A-Za-z0-9_-]+/)*\Z", extra=_DEVICE)] = ""
    tls: Annotated[bool, Meta(extra=_DEVICE)] = False
    keepalive_s: Annotated[int, Meta(ge=10, le=600, extra=_DEVICE)] = 60
    offline_after_s: Annotated[int, Meta(ge=5, le=60, extra=_ADMIN)] = 10


class TaxRate(_Section, frozen=True):
    """A rate from a day on, until a later entry of the same kind. Free and untaxed are kinds, not 0 % (domain 8.4)."""

    kind: Literal["standard", "reduced", "service", "zero", "simplified", "free", "untaxed"]
    valid_from: Date
    rate_bp: Annotated[int, Meta(ge=0, le=1_700)]


class Tax(_Section, frozen=True):
    taxpayer: Annotated[Literal["general", "small"], Meta(extra=_ADMIN)] = "general"
    rates: Annotated[tuple[TaxRate, ...], Meta(min_length=1, max_length=32, extra=_ADMIN)] = (
        TaxRate(kind="standard", valid_from="2019-04-01", rate_bp=1_300),
        TaxRate(kind="reduced", valid_from="2019-04-01", rate_bp=900),
        TaxRate(kind="service", valid_from="2016-05-01", rate_bp=600),
        TaxRate(kind="zero", valid_from="2016-05-01", rate_bp=0),
        TaxRate(kind="simplified", valid_from="2016-05-01", rate_bp=300),
        TaxRate(kind="simplified", valid_from="2023-01-01", rate_bp=100),
        TaxRate(kind="free", valid_from="2016-05-01", rate_bp=0),
        TaxRate(kind="untaxed", valid_from="2016-05-01", rate_bp=0),
    )


OPERATORS = (
    Operator(number="00", name="店长"),
    Operator(number="01", name="收银员01"),
    Operator(number="02", name="收银员02"),
    Operator(number="03", name="收银员03"),
    Operator(number="99", name="管理员"),
)


class Settings(_Section, frozen=True):
    """All settings of one terminal in force. `revision` 0 is the factory's."""

    revision: Annotated[int, Meta(ge=0, le=2**31, extra=_ADMIN)] = 0
    shop: Shop = Shop()
    terminal: Terminal = Terminal()
    cash: Cash = Cash()
    sale: Sale = Sale()
    shift: Shift = Shift()
    printer: Printer = Printer()
    drawer: Drawer = Drawer()
    scanner: Scanner = Scanner()
    network: Network = Network()
    tax: Tax = Tax()
    operators: Annotated[tuple[Operator, ...], Meta(min_length=2, max_length=40, extra=_SHOP)] = OPERATORS
    scale_layouts: Annotated[tuple[ScaleLayout, ...], Meta(max_length=16, extra=_SHOP)] = DEFAULT_LAYOUTS
    rights: Annotated[dict[str, dict[str, Grant]], Meta(extra=_ADMIN)] = {}
