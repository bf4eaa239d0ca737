"""Every fact a terminal journals: the body of one record, as the backend and the auditor read it too.

A fact is either *now* (committed and synced before anything it causes leaves the terminal) or *soon* (rides in the next
commit or follows within seconds; losing it only turns a job back to unknown). Bodies hold no personal data and no
secrets. Money is int fen, quantities integer thousandths, times UTC milliseconds. Fields are only ever added, with a
default; a changed meaning is a new version with an upcaster.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import msgspec


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all fact bodies; `KIND` and `VERSION` travel in the record's header, not in the body."""

    KIND: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    SOON: ClassVar[bool] = False
    RIDES: ClassVar[bool] = False  # soon, and nobody acts on it: may wait a little longer for a commit to ride in


# --- the terminal's own life -----------------------------------------------------------------


class Born(Fact, frozen=True):
    """First record of every journal: the Ed25519 public key that seals are checked with (decisions 11, 12)."""

    KIND: ClassVar[str] = "born"
    terminal: str
    journal_key: str  # hex, 32 bytes
    software: str


class Booted(Fact, frozen=True):
    """The daemon started; `end` says how the run before it ended."""

    KIND: ClassVar[str] = "booted"
    SOON: ClassVar[bool] = True
    boot_id: str
    software: str
    settings_rev: int
    end: Literal["first", "clean", "cut"] = "cut"
    safe_mode: bool = False


class Stopped(Fact, frozen=True):
    """The daemon stopped on request; without this record the next boot knows of a cut."""

    KIND: ClassVar[str] = "stopped"
    reason: str


class EpochGranted(Fact, frozen=True):
    """The backend confirmed this journal's random epoch and gave it its two-digit number (decisions 12)."""

    KIND: ClassVar[str] = "epoch_granted"
    number: int


class ClockChanged(Fact, frozen=True):
    """The terminal's idea of the time, or its trust in it, changed (decisions 17)."""

    KIND: ClassVar[str] = "clock_changed"
    SOON: ClassVar[bool] = True
    state: Literal["floor", "hand", "trusted"]
    step_ms: int


class SettingsApplied(Fact, frozen=True):
    KIND: ClassVar[str] = "settings_applied"
    rev: int
    digest: str
    origin: Literal["local", "fleet", "last_known_good", "default"]


class CatalogueLoaded(Fact, frozen=True):
    """A new price list is in force; the goods themselves are reference data, named by their digest."""

    KIND: ClassVar[str] = "catalogue_loaded"
    rev: int
    goods: int
    digest: str


class LanguageChosen(Fact, frozen=True):
    KIND: ClassVar[str] = "language_chosen"
    SOON: ClassVar[bool] = True
    lang: Literal["zh", "en"]


class Trouble(Fact, frozen=True):
    """Something a person should know of: an error code of the table with its detail, for alarms at the backend."""

    KIND: ClassVar[str] = "trouble"
    SOON: ClassVar[bool] = True
    code: int
    detail: str = ""


class Seal(Fact, frozen=True):
    """Ed25519 signature of the journal key over `wire.records.seal_text` of the record `upto` (decisions 11)."""

    KIND: ClassVar[str] = "seal"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    upto: int
    hash: str  # hex, 32 bytes
    signature: str  # hex, 64 bytes


class Carried(Fact, frozen=True):
    """Stands in for the pruned prefix 1..`upto` of the journal: a rebuild starts from it (decisions 9).

    `hash` is the chain hash of record `upto`, `balances` the grand totals that never reset, `tables` the small
    projections as they stood after that record, `digest` the SHA-256 of `tables` in JSON.
    """

    KIND: ClassVar[str] = "carried"
    upto: int
    hash: str
    balances: dict[str, int]
    digest: str
    tables: dict[str, list[list[int | str]]] = {}


# --- operators -----------------------------------------------------------------


class SignedOn(Fact, frozen=True):
    KIND: ClassVar[str] = "signed_on"
    operator: str
    role: str


class SignedOff(Fact, frozen=True):
    KIND: ClassVar[str] = "signed_off"
    operator: str
    reason: Literal["asked", "idle"]


class SignOnRefused(Fact, frozen=True):
    KIND: ClassVar[str] = "sign_on_refused"
    operator: str
    failures: int
    locked: bool = False


class PinChanged(Fact, frozen=True):
    """The PIN's hash is kept apart from the journal; this only says that it changed."""

    KIND: ClassVar[str] = "pin_changed"
    operator: str
    by: str


# --- shift and cash -----------------------------------------------------------------


class ShiftOpened(Fact, frozen=True):
    KIND: ClassVar[str] = "shift_opened"
    batch: int
    operator: str
    business_date: str  # YYYY-MM-DD, fixed for the whole shift
    float_fen: int
    counted: dict[str, int]  # denomination in fen -> pieces; empty when only a sum was typed


# --- selling -----------------------------------------------------------------


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a basket or sale. `amount_fen` = round half up(price_fen * quantity_milli / 1000), or the amount
    printed by the scale, which wins (domain 7.2)."""

    sku: str
    name: str
    quantity_milli: int
    price_fen: int
    amount_fen: int
    unit: str = ""
    weighed: bool = False
    barcode: str = ""
    tax_bp: int = 0


class TenderPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """Money given by one means. For cash `paid_fen` is what was handed over, `change_fen` what went back."""

    kind: Literal["cash"]
    paid_fen: int
    change_fen: int = 0


class Sale(Fact, frozen=True):
    """A settled sale: sum of lines - rounding = due = paid - change, always (domain 3.6, 11.2)."""

    KIND: ClassVar[str] = "sale"
    batch: int
    trace: int
    operator: str
    business_date: str
    lines: tuple[Line, ...]
    total_fen: int
    rounding_fen: int  # never negative: rounding is down only (Price Law art. 13)
    due_fen: int
    tenders: tuple[TenderPart, ...]
    settings_rev: int
    print_slip: bool = True
    open_drawer: bool = True


class LineRemoved(Fact, frozen=True):
    """A line left an open basket (deleted, or its quantity lowered) before payment."""

    KIND: ClassVar[str] = "line_removed"
    operator: str
    batch: int
    line: Line


class BasketCancelled(Fact, frozen=True):
    KIND: ClassVar[str] = "basket_cancelled"
    operator: str
    batch: int
    lines: tuple[Line, ...]
    total_fen: int


class BasketKept(Fact, frozen=True):
    """The open basket as it stands, so that a power cut does not lose it (decisions 7); no lines: none is open."""

    KIND: ClassVar[str] = "basket_kept"
    SOON: ClassVar[bool] = True
    operator: str
    lines: tuple[Line, ...]


# --- devices -----------------------------------------------------------------


class SlipPrinted(Fact, frozen=True):
    """How a print job ended, as far as its fence proves it (decisions 19). `job` is the seq of the fact it prints."""

    KIND: ClassVar[str] = "slip_printed"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    job: int
    outcome: Literal["printed", "sent", "not_printed", "unknown"]
    code: int = 0  # error code when there was trouble


class SlipContinued(Fact, frozen=True):
    """An unfinished slip is printed again, marked 续打; not a reprint and not counted as one (decisions 20)."""

    KIND: ClassVar[str] = "slip_continued"
    job: int
    operator: str  # "" when the terminal did it by itself after paper-in


class SlipDropped(Fact, frozen=True):
    """A person looked at the paper and decided that the slip needs no continuation."""

    KIND: ClassVar[str] = "slip_dropped"
    job: int
    operator: str


class DrawerPulsed(Fact, frozen=True):
    """The drawer was pulsed because of fact `cause`; `outcome` is what its sensor said."""

    KIND: ClassVar[str] = "drawer_pulsed"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    cause: int
    outcome: Literal["opened", "did_not_open", "no_sensor", "no_drawer", "too_soon"]


class DrawerMoved(Fact, frozen=True):
    KIND: ClassVar[str] = "drawer_moved"
    SOON: ClassVar[bool] = True
    RIDES: ClassVar[bool] = True
    open: bool
    forced: bool = False  # opened without a pulse of ours


class Quarantined(Fact, frozen=True):
    """Something that came from outside broke an invariant and was put aside, not asserted on (decisions 15)."""

    KIND: ClassVar[str] = "quarantined"
    SOON: ClassVar[bool] = True
    source: str
    reason: str
    digest: str


KINDS: dict[str, type[Fact]] = {cls.KIND: cls for cls in Fact.__subclasses__()}
"""Fact kind -> its class. A kind once written is never renamed or removed."""


def encode(fact: Fact) -> bytes:
    """Body bytes of a fact, as they are hashed, stored and sent."""
    return msgspec.json.encode(fact)


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""(kind, version) -> the body of the next version from one of this. Pure; none is needed yet."""


def decode(kind: str, version: int, body: bytes) -> Fact:
    """Fact of a stored body, brought up to this release's version. Raises `KeyError` for an unknown kind, `ValueError`
    for a version that is newer than ours or has no upcaster, and for a bad body."""
    cls = KINDS[kind]
    if version == cls.VERSION:
        return msgspec.json.decode(body, type=cls)
    plain = msgspec.json.decode(body, type=dict[str, Any])
    for old in range(version, cls.VERSION):
        if (kind, old) not in UPCASTERS:
            break
        plain = UPCASTERS[kind, old](plain)
    else:
        if version < cls.VERSION:
            return msgspec.convert(plain, cls)
    raise ValueError(f"{kind} version {version} is not known")
