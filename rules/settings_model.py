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
from rules.settings_base import ADMIN, ANYONE, DEVICE, NOBODY, SHOP, Date, Line, OperatorNo, Section
from rules.settings_counter import Closing, DrawerUse, Payment, Prices, Refunds, Slips, Tenders
from rules.settings_vouchers import Vouchers

LINES_MAX = 200
"""A sale's lines (decisions 22); the setting may only lower it."""


class Shop(Section, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=24, extra=SHOP)] = "好邻居便利店"
    branch: Annotated[str, Meta(max_length=16, extra=SHOP)] = "人民路店"
    footer: Annotated[tuple[Line, ...], Meta(max_length=4, extra=SHOP)] = ("谢谢惠顾 欢迎再次光临",)


class Terminal(Section, frozen=True):
    lang: Annotated[Literal["zh", "en"], Meta(extra=ANYONE)] = "zh"
    idle_lock_min: Annotated[int, Meta(ge=1, le=60, extra=SHOP)] = 5
    volume: Annotated[int, Meta(ge=0, le=3, extra=ANYONE)] = 2
    key_click: Annotated[bool, Meta(extra=ANYONE)] = True
    result_s: Annotated[int, Meta(ge=0, le=30, extra=SHOP)] = 0
    badge_alone: Annotated[bool, Meta(extra=ADMIN)] = True
    code_secret: Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{32,64})?\Z", extra=NOBODY)] = ""


class Cash(Section, frozen=True):
    rounding: Annotated[CashRounding, Meta(extra=SHOP)] = "fen"
    rounding_custom_fen: Annotated[int, Meta(ge=1, le=100, extra=SHOP)] = 50
    overpay_guard_fen: Annotated[int, Meta(ge=0, le=1_000_000, extra=SHOP)] = 10_000
    quick_steps_fen: Annotated[
        tuple[Annotated[int, Meta(ge=10, le=100_000)], ...], Meta(min_length=1, max_length=6, extra=SHOP)
    ] = QUICK_STEPS_FEN


class Sale(Section, frozen=True):
    quantity_max: Annotated[int, Meta(ge=1, le=9_999, extra=SHOP)] = 999
    weight_max_g: Annotated[int, Meta(ge=100, le=999_999, extra=SHOP)] = 99_999
    amount_max_fen: Annotated[int, Meta(ge=100, le=99_999_999, extra=SHOP)] = 5_000_000
    lines_max: Annotated[int, Meta(ge=1, le=LINES_MAX, extra=SHOP)] = LINES_MAX
    amount_lines: Annotated[bool, Meta(extra=SHOP)] = True
    cancel_reason_above: Annotated[int, Meta(ge=0, le=LINES_MAX, extra=SHOP)] = 10
    amount_line_rate_bp: Annotated[int, Meta(ge=0, le=1_700, extra=SHOP)] = 1_300


class Operator(Section, frozen=True):
    """One person who may sign on; the number tells the role (`rules.rights.role_of`). PINs are kept elsewhere."""

    number: OperatorNo
    name: Annotated[str, Meta(max_length=12)] = ""
    active: bool = True


class Shift(Section, frozen=True):
    float_ask: Annotated[Literal["count", "sum", "no"], Meta(extra=SHOP)] = "sum"
    float_expected_fen: Annotated[int, Meta(ge=0, le=1_000_000, extra=SHOP)] = 0
    float_max_fen: Annotated[int, Meta(ge=0, le=10_000_000, extra=SHOP)] = 1_000_000
    day_cut_hour: Annotated[int, Meta(ge=0, le=6, extra=SHOP)] = 0
    batch_records_max: Annotated[int, Meta(ge=100, le=20_000, extra=ADMIN)] = 5_000


class Printer(Section, frozen=True):
    paper_mm: Annotated[Literal[0, 58, 80], Meta(extra=DEVICE)] = 0
    density: Annotated[int, Meta(ge=1, le=5, extra=DEVICE)] = 3
    speed: Annotated[Literal["normal", "slow"], Meta(extra=DEVICE)] = "normal"
    print_slip: Annotated[Literal["always", "ask", "never"], Meta(extra=SHOP)] = "always"
    cut: Annotated[Literal["full", "partial", "none"], Meta(extra=DEVICE)] = "partial"
    battery_min: Annotated[int, Meta(ge=0, le=50, extra=DEVICE)] = 5


class Drawer(Section, frozen=True):
    kind: Annotated[Literal["line", "printer", "none"], Meta(extra=DEVICE)] = "line"
    pulse_ms: Annotated[int, Meta(ge=50, le=200, extra=DEVICE)] = 100
    cool_down_ms: Annotated[int, Meta(ge=1_000, le=10_000, extra=DEVICE)] = 1_000
    pulses_per_min_max: Annotated[int, Meta(ge=1, le=6, extra=DEVICE)] = 6
    open_warn_s: Annotated[int, Meta(ge=10, le=600, extra=SHOP)] = 60


class Scanner(Section, frozen=True):
    gap_ms: Annotated[int, Meta(ge=20, le=500, extra=DEVICE)] = 70
    bounce_ms: Annotated[int, Meta(ge=0, le=2_000, extra=DEVICE)] = 300
    gs_substitute: Annotated[str, Meta(max_length=1, extra=DEVICE)] = ""


class Network(Section, frozen=True):
    host: Annotated[str, Meta(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+\Z", extra=DEVICE)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65_535, extra=DEVICE)] = 1_883
    tls: Annotated[bool, Meta(extra=DEVICE)] = False
    keepalive_s: Annotated[int, Meta(ge=10, le=600, extra=DEVICE)] = 60
    offline_after_s: Annotated[int, Meta(ge=5, le=60, extra=ADMIN)] = 10
    backlog_alarm: Annotated[int, Meta(ge=50, le=20_000, extra=ADMIN)] = 500


class Log(Section, frozen=True):
    """The event log and its reports (`firmware.txn.eventlog`)."""

    rows_max: Annotated[int, Meta(ge=100, le=20_000, extra=ADMIN)] = 2_000
    days: Annotated[int, Meta(ge=1, le=366, extra=ADMIN)] = 35
    sums_min: Annotated[int, Meta(ge=1, le=60, extra=ADMIN)] = 10
    reports_max: Annotated[int, Meta(ge=10, le=1_000, extra=ADMIN)] = 200


KeyName = Literal[
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "OK", "CANCEL", "CLEAR", "UP", "DOWN", "MENU", "F1", "F2",
]  # fmt: skip


class KeyCode(Section, frozen=True):
    """One more code (Linux input event code) that a key of ours is sent as."""

    code: Annotated[int, Meta(ge=1, le=767)]
    key: KeyName


class Keys(Section, frozen=True):
    """The keypad, beside the hardware profile."""

    map: Annotated[tuple[KeyCode, ...], Meta(max_length=64, extra=DEVICE)] = ()


Baud = Literal[0, 9600, 19200, 38400, 57600, 115200]
Choice = Literal["profile", "yes", "no"]


class Hardware(Section, frozen=True):
    """Another hardware profile than the identity names, and values of it that differ from one board to the next. Only the
    document says (nobody at the terminal), because every change of it is tried and gone back from. Lines of a GPIO chip
    are no settings: a wrong one fires the drawer's coil."""

    profile: Annotated[str, Meta(max_length=41, pattern=r"^([a-z0-9][a-z0-9-]*)?\Z", extra=NOBODY)] = ""
    printer_baud: Annotated[Baud, Meta(extra=NOBODY)] = 0
    printer_fence: Annotated[Literal["profile", "gs_h", "gs_r", "none"], Meta(extra=NOBODY)] = "profile"
    printer_cutter: Annotated[Choice, Meta(extra=NOBODY)] = "profile"
    drawer_pin: Annotated[Literal[0, 2, 5], Meta(extra=NOBODY)] = 0
    scanner_baud: Annotated[Baud, Meta(extra=NOBODY)] = 0
    display_rotate: Annotated[Literal[-1, 0, 90, 180, 270], Meta(extra=NOBODY)] = -1
    display_inverted: Annotated[Choice, Meta(extra=NOBODY)] = "profile"
    display_bgr: Annotated[Choice, Meta(extra=NOBODY)] = "profile"


class Sync(Section, frozen=True):
    """How often the terminal tells how it fares."""

    telemetry_min: Annotated[int, Meta(ge=1, le=60, extra=ADMIN)] = 15


Path = Annotated[str, Meta(max_length=64, pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)?\Z")]


class Local(Section, frozen=True):
    """What may be another at the terminal than in the document; only who writes the document says (ADR 41)."""

    allowed: Annotated[bool, Meta(extra=NOBODY)] = True
    fixed: Annotated[tuple[Path, ...], Meta(max_length=64, extra=NOBODY)] = ()


class TaxRate(Section, frozen=True):
    """A rate from a day on, until a later entry of the same kind. Free and untaxed are kinds, not 0 % (domain 8.4)."""

    kind: Literal["standard", "reduced", "service", "zero", "simplified", "free", "untaxed"]
    valid_from: Date
    rate_bp: Annotated[int, Meta(ge=0, le=1_700)]


class Tax(Section, frozen=True):
    taxpayer: Annotated[Literal["general", "small"], Meta(extra=ADMIN)] = "general"
    rates: Annotated[tuple[TaxRate, ...], Meta(min_length=1, max_length=32, extra=ADMIN)] = (
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


class Settings(Section, frozen=True):
    """All settings of one terminal in force. `revision` 0 is the factory's."""

    revision: Annotated[int, Meta(ge=0, le=2**31, extra=ADMIN)] = 0
    shop: Shop = Shop()
    terminal: Terminal = Terminal()
    cash: Cash = Cash()
    sale: Sale = Sale()
    shift: Shift = Shift()
    printer: Printer = Printer()
    drawer: Drawer = Drawer()
    scanner: Scanner = Scanner()
    keys: Keys = Keys()
    hardware: Hardware = Hardware()
    network: Network = Network()
    sync: Sync = Sync()
    log: Log = Log()
    local: Local = Local()
    tax: Tax = Tax()
    tenders: Tenders = Tenders()
    payment: Payment = Payment()
    prices: Prices = Prices()
    refunds: Refunds = Refunds()
    drawer_use: DrawerUse = DrawerUse()
    closing: Closing = Closing()
    slips: Slips = Slips()
    vouchers: Vouchers = Vouchers()
    operators: Annotated[tuple[Operator, ...], Meta(min_length=2, max_length=40, extra=SHOP)] = OPERATORS
    scale_layouts: Annotated[tuple[ScaleLayout, ...], Meta(max_length=16, extra=SHOP)] = DEFAULT_LAYOUTS
    rights: Annotated[dict[str, dict[str, Grant]], Meta(extra=ADMIN)] = msgspec.field(default_factory=dict)
