"""What travels over the emulator's HTTP API, stable from now on: scripts and shop trainers build on it."""

from typing import Annotated, Literal

import msgspec

KeyName = Literal[
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#",
    "OK", "CANCEL", "CLEAR", "UP", "DOWN", "MENU", "F1", "F2",
]  # fmt: skip

KEYS_MAX = 200
PrinterWanted = Literal["paper_out", "paper_low", "cover_open", "offline", "unplugged", "slow", "silent", "ok"]

HOLD_MS_MAX = 10_000
SCAN_CHARS_MAX = 4_096


class Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys one after the other, each settled before the next; or with `gap_ms`, typed ahead without looking.

    `key` with `hold_ms` holds one key for its real time.
    """

    keys: Annotated[tuple[KeyName, ...], msgspec.Meta(max_length=KEYS_MAX)] = ()
    key: KeyName | None = None
    hold_ms: Annotated[int, msgspec.Meta(ge=0, le=HOLD_MS_MAX)] = 60
    gap_ms: Annotated[int, msgspec.Meta(ge=0, le=5_000)] | None = None


class KeyMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finger goes down on a key or leaves it; the only call that returns at once."""

    key: KeyName
    down: bool


class Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scan as the keyboard-wedge scanner types it, or as the serial scanner sends it; `bytes_hex` is always serial
    and is sent as it is, without a terminator; `text` and `bytes_hex` together are refused.

    The same code again is held back until 350 ms after the scan before, for a terminal takes what comes sooner for a
    bounce of its scanner (300 ms as delivered): each call is one scan, whatever the script's pace.
    """

    text: Annotated[str, msgspec.Meta(max_length=SCAN_CHARS_MAX)] = ""
    via: Literal["keys", "serial"] = "keys"
    bytes_hex: Annotated[str, msgspec.Meta(max_length=2 * SCAN_CHARS_MAX, pattern="^([0-9a-fA-F]{2})*$")] = ""
    terminator: Literal["enter", "tab", "none"] = "enter"


class DrawerAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person does with the drawer."""

    action: Literal["close"]


class TroubleAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Any of these troubles at once, brought about in this order. `printer2` is the second printer's."""

    printer: PrinterWanted | None = None
    printer2: PrinterWanted | None = None
    keypad: Literal["unplugged", "ok"] | None = None
    scanner: Literal["unplugged", "ok"] | None = None
    drawer: Literal["stuck", "forced", "absent", "ok"] | None = None
    link: Literal["down", "up", "slow", "lossy", "half_open"] | None = None
    network: Literal["wifi", "mobile", "weak", "sim", "wifi_key", "none"] | None = None
    broker: Literal["down", "up"] | None = None
    disk: Literal["full", "read_only", "ok"] | None = None
    battery: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    clock_offset_s: Annotated[int, msgspec.Meta(ge=-4_000_000_000, le=4_000_000_000)] | None = None
    power: Literal["cut", "off", "on"] | None = None


class StatusBar(msgspec.Struct, frozen=True):
    """The status bar: time and its trust, link, records not yet acknowledged, printer, battery in percent, operator;
    and what it says instead while somebody practises."""

    time: str
    clock: str
    link: str
    backlog: int
    printer: str
    battery: int | None
    operator: str
    training: str = ""


class ScreenShown(msgspec.Struct, frozen=True):
    """What a person reads on the LCD, from top to bottom."""

    name: str
    lang: str
    title: str
    lines: tuple[str, ...]
    hints: tuple[str, ...]
    status: StatusBar
    frame: int


class Done(msgspec.Struct, frozen=True):
    """The terminal has settled. `waiting`: what it waits for from outside (answer, paper, ack, link, printer)."""

    settled: bool
    waiting: tuple[str, ...]
    next_seq: int
    durable_seq: int
    acked_seq: int
    screen: ScreenShown | None = None


class SlipShown(msgspec.Struct, frozen=True):
    """One slip: `printing`, `finished` (cut off) or `torn` (the power went, the slip stayed as far as it had come)."""

    number: int
    state: str
    text: str


class PaperShown(msgspec.Struct, frozen=True):
    slips: tuple[SlipShown, ...]


class DrawerShown(msgspec.Struct, frozen=True):
    """`pulses` that were long enough; `short_pulses` that were not; `openings` whatever opened it."""

    open: bool
    stuck: bool
    contact: Literal["open", "closed", "absent"]
    pulses: int
    short_pulses: int
    openings: int


class ToneHeard(msgspec.Struct, frozen=True):
    """`volume` is the shop's, 1 to 3; a muted terminal sounds nothing."""

    number: int
    at: float
    tone: str
    volume: int


class SoundHeard(msgspec.Struct, frozen=True):
    """Tones since the emulator started, oldest first, at most 200; and the lamp."""

    tones: tuple[ToneHeard, ...]
    lamp: str


class RecordShown(msgspec.Struct, frozen=True):
    """One journaled fact with its place in the chain; `body` as it was hashed."""

    epoch: int
    seq: int
    kind: str
    version: int
    at_ms: int
    clock: str
    body: msgspec.Raw
    prev: str
    hash: str


class JournalShown(msgspec.Struct, frozen=True):
    """At most 200 records after `after`, in order; ask again with the last `seq` for more."""

    terminal: str
    records: tuple[RecordShown, ...]


class TroubleShown(msgspec.Struct, frozen=True):
    """What is wrong now, and which troubles this start can play at all; `running`: whether there is a daemon;
    `printer2` is `none` where there is no second printer."""

    printer: str
    keypad: str
    scanner: str
    drawer: str
    link: str
    network: str
    broker: str
    disk: str
    battery: int
    clock_offset_s: int
    power: str
    running: bool
    available: dict[str, bool]
    printer2: str = "none"


class Refused(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a call failed, and what to do about it; after a time-out also what still moves (`reasons`)."""

    error: str
    what_to_do: str
    reasons: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
