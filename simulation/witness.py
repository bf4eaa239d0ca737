"""What happened in a simulated day, as four witnesses saw it: the world, the paper, the drawer, the backend (decisions 28).

Plain values without any type of the terminal's or the backend's inside, so that the auditor depends on neither.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Taken:
    """Goods a customer walked away with: `sku` "" for a typed amount; thousandths of a unit; the price they owe."""

    sku: str
    quantity_milli: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Handed:
    """One sale as the cashier lived it. `seen`: the result was on the screen; otherwise she found out after a boot."""

    at_ms: int
    operator: str
    goods: tuple[Taken, ...]
    due_fen: int
    paid_fen: int
    change_fen: int
    seen: bool


@dataclass(frozen=True, slots=True)
class Slip:
    """Rows that came out of a printer, and whether the cut was reached; which copy of which job's slip it is."""

    at_ms: int
    rows: tuple[str, ...]
    complete: bool
    job: int
    copy: int
    printer: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """Current on the drawer's coil."""

    at_ms: int
    cause: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Row:
    """A record as the backend (or the journal) holds it."""

    seq: int
    kind: str
    version: int
    at_ms: int
    clock: str
    body: bytes
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Did:
    """Cash that the clerk moved by something she did; `seen`: the result was on the screen."""

    at_ms: int
    kind: str  # of the fact: sale, refund, refund_turned, cash_in, cash_out
    cash_fen: int
    seen: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """One order in the payment channel's own books; fen."""

    received_fen: int
    given_back_fen: int = 0

    @property
    def held_fen(self) -> int:
        """What the shop still has of it."""
        return self.received_fen - self.given_back_fen


@dataclass(slots=True)
class Day:
    """All witnesses of one day, and what was seen to be wrong on the spot (`objections`)."""

    terminal: str
    journal_key: str
    rounding_unit_fen: int
    staff: str = "cashier"  # | clerk
    epoch: int = 0
    float_fen: int = 0
    drawer_fen: int = 0  # cash that lies in the drawer in the evening
    handed: list[Handed] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)
    asked_pulses: set[int] = field(default_factory=set)  # causes for which the drawer was asked to open
    removed: list[Taken] = field(default_factory=list)  # lines seen to leave a basket
    cancelled_fen: list[int] = field(default_factory=list)  # totals of baskets seen to be given up
    durable_in: dict[int, str] = field(default_factory=dict)  # record -> the boot in which it reached the disk
    reported: list[tuple[str, int, str]] = field(
        default_factory=list
    )  # by devices: kind of record, job or cause, outcome
    rows: list[Row] = field(default_factory=list)  # of the backend
    journal: list[Row] = field(default_factory=list)  # the terminal's own, in the evening
    damaged: set[int] = field(default_factory=set)  # records of the journal the world has damaged on purpose
    conflicts: int = 0
    quarantined: int = 0
    backend_upto: int = 0
    acked_seq: int = 0
    printed_jobs: dict[int, list[bool]] = field(default_factory=dict)  # job -> complete?, for each slip begun
    rebuild_differences: list[str] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    did: list[Did] = field(default_factory=list)  # a day of the clerk's
    channel: dict[str, Channel] = field(default_factory=dict)  # by order number, from the channel's own books
    vouchers: dict[str, int] = field(default_factory=dict)  # redeemed, by request number, in the platforms' own books
    vouchers_listed: set[str] = field(default_factory=set)  # request numbers a person is told of at the terminal
    vouchers_secret: set[str] = field(default_factory=set)  # request numbers whose code lies on the terminal's card
    voucher_codes: set[str] = field(default_factory=set)  # codes that were typed or scanned
    secrets: set[str] = field(default_factory=set)  # customers' codes that were scanned
    drawer_at: dict[int, int] = field(default_factory=dict)  # ShiftClosed's seq -> cash that really lay in the drawer
    syncs: int = 0
