"""Every Event that enters the core, every Effect that leaves it, and Now. The vocabulary page of the terminal.

Drivers turn what happens at a device into an Event and carry Effects out; the core never sees a device. All values are
frozen; times are milliseconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from firmware.view import View
from rules.help import HelpDocument
from rules.settings import Settings
from rules.settings_book import SettingsBook
from wire.board import NetworkFault, NetworkKind
from wire.facts import Fact
from wire.fleet import Blob, Met, Reply, Reported
from wire.messages import AskKind, EventReport, MoneyAnswer, MoneyAsk, PrinterLook, State, ask_key, ask_kind
from wire.receipt import Receipt
from wire.records import Ack, ClockState, Packet


@dataclass(frozen=True, slots=True)
class Now:
    """The moment the core takes an event. `monotonic_ms` never decreases within a boot; `wall_ms` is UTC."""

    monotonic_ms: int
    wall_ms: int
    clock: ClockState

    @property
    def trusted(self) -> bool:
        """Whether the wall clock may be relied on for rules with dates and hours."""
        return self.clock == "trusted"


class Key(StrEnum):
    """Keys of the keypad, named as on the emulator's API."""

    D0, D1, D2, D3, D4, D5, D6, D7, D8, D9 = "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"
    STAR, HASH, OK, CANCEL, CLEAR, UP, DOWN, MENU, F1, F2 = (
        "*", "#", "OK", "CANCEL", "CLEAR", "UP", "DOWN", "MENU", "F1", "F2",
    )  # fmt: skip

    @property
    def digit(self) -> str:
        """The digit on the key, or an empty string."""
        return self.value if self.value.isdigit() else ""


# --- events -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of every boot. `seed` feeds all randomness of this boot (32 bytes, from the operating system)."""

    seed: bytes
    boot_id: str
    safe_mode: bool = False
    notices: tuple[tuple[int, str], ...] = ()  # (code, detail) found while starting: settings, disk, crash
    facts: tuple[Fact, ...] = ()  # what changed while the terminal was down: settings, price list
    crashed: str = ""  # what the run before crashed at; a power cut is none


@dataclass(frozen=True, slots=True)
class KeyPressed:
    key: Key
    device_ms: int = 0  # the device's own clock: tells bursts, never the time of day


@dataclass(frozen=True, slots=True)
class KeyHeld:
    """The key pressed last has been down for two seconds."""

    key: Key
    device_ms: int = 0


@dataclass(frozen=True, slots=True)
class Scanned:
    """One finished scan, terminators and AIM identifier removed (domain 7.4)."""

    text: str
    symbology: str = ""  # AIM symbology such as `E0`, or empty when the scanner does not say
    device_ms: int = 0

    def __repr__(self) -> str:
        """Without the text: it may be a customer's payment code, and events are named in logs and crash notes."""
        return f"Scanned({len(self.text)} characters, {self.symbology!r})"


@dataclass(frozen=True, slots=True)
class ScanRejected:
    """A burst that is no scan: too long (over 1 024 characters), undecodable, or keys that were lost."""

    reason: Literal["too_long", "undecodable", "lost_keys"]


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device came or went (hot-plug)."""

    device: Literal["keypad", "scanner", "display", "drawer", "printer"]
    present: bool


@dataclass(frozen=True, slots=True)
class PrinterSeen:
    """A printer's state changed, by its own status bytes."""

    look: PrinterLook
    printer: int = 0  # 1: the stand-in


@dataclass(frozen=True, slots=True)
class Printed:
    """How a print job ended (decisions 19). `job` is `Print.job`."""

    job: int
    outcome: Literal["printed", "sent", "not_printed", "unknown"]
    code: int = 0  # 4001 .. 4016 when there was trouble
    printer: int = 0
    begun: bool = True  # False: the printer took not one byte of it


@dataclass(frozen=True, slots=True)
class DrawerPulsed:
    """The pulse asked for by `cause` has been made, or could not be. `way`: which of two, where the drawer has both."""

    cause: int
    outcome: Literal["opened", "did_not_open", "no_sensor", "no_drawer", "too_soon"]
    way: Literal["", "printer", "line"] = ""


@dataclass(frozen=True, slots=True)
class DrawerSeen:
    """The drawer's contact: True open, False closed, None when there is none."""

    open: bool | None


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker took our session."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link to the broker is gone; `code` is one of group 1."""

    code: int


@dataclass(frozen=True, slots=True)
class Acked:
    """The backend's own acknowledgement, sent after its commit."""

    ack: Ack


@dataclass(frozen=True, slots=True)
class EpochAnswered:
    epoch: int
    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The backend's answer to an ask about money."""

    answer: MoneyAnswer


@dataclass(frozen=True, slots=True)
class EventReported:
    """The backend keeps the event report of this id."""

    id: str


@dataclass(frozen=True, slots=True)
class NameFound:
    """The broker's name was looked up, or is an address; `code` 0: it has one."""

    code: int


@dataclass(frozen=True, slots=True)
class AskFailed:
    """An ask about money never left: no session with the broker, or it refused the message. `key` is its number, `kind`
    which of the asks under that number: a look-up that stayed here says nothing of the payment that left."""

    key: str
    kind: AskKind

    @staticmethod
    def of(ask: MoneyAsk) -> "AskFailed":
        """The failure of `ask`."""
        return AskFailed(ask_key(ask), ask_kind(ask))


@dataclass(frozen=True, slots=True)
class PacketRefused:
    """The broker refused a packet (reason code of 0x80 or more): it is parked, not lost; `first`..`last` are seqs."""

    first: int
    last: int
    reason: int


@dataclass(frozen=True, slots=True)
class DesiredCame:
    """The settings document the fleet wants here, as text. `trusted`: the fleet's signature over it is right."""

    text: str = field(repr=False)  # may hold hashes of PINs
    trusted: bool


@dataclass(frozen=True, slots=True)
class OrderCame:
    """A command from afar: the last part of its topic, and its text. `trusted` as in `DesiredCame`."""

    name: str
    text: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class SettingsStored:
    """The book of `StoreSettings` of this number is safe on the card; or it is not (`code` of the error table), and the
    one before still is. `path` and `reason`: a file of the document that waited cannot be used. `help`: the help document
    that goes with what is in force, None: as before."""

    request: int
    code: int = 0
    path: str = ""
    reason: str = ""
    help: HelpDocument | None = None


BLOBS = "blobs"
"""Folder of the data folder with what was fetched; a file's name is its digest."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The file asked for by `Fetch` is whole: it lies as `blobs/SHA256` in the data folder, and its digest is right."""

    sha256: str


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """The file asked for by `Fetch` will not come, or not now: `final` when trying again soon is of no use (what lies there
    was fetched whole and is another file, or there is no room). `code`: of the error table."""

    sha256: str
    code: int
    reason: str = ""
    final: bool = False


SlotAct = Literal["look", "install", "try", "confirm", "fall_back"]


@dataclass(frozen=True, slots=True)
class SlotAnswered:
    """What became of an `AskSlot`; `code` 0: it was done. `slot` runs now, with `software`; `trial`: it has not been
    confirmed, and without that the other one is back at the next start or a later one. `fell_back`: the other slot was
    tried and left since the last look; `died`: because it did not stay up by itself."""

    act: SlotAct
    code: int = 0
    reason: str = ""
    slot: str = ""
    software: str = ""
    trial: bool = False
    fell_back: bool = False
    died: bool = False


@dataclass(frozen=True, slots=True)
class Gauged:
    """What `Gauge` asked for; None: this device cannot measure it. `scan_to_screen_p95_ms`: from a scan's arrival to the
    picture that answers it, of the scans since the last one."""

    up_s: int
    temperature_c: int | None = None
    disk_free_percent: int | None = None
    disk_wear_percent: int | None = None
    memory_mb: int | None = None
    scan_to_screen_p95_ms: int | None = None


@dataclass(frozen=True, slots=True)
class WireGarbage:
    """A message from the wire that could not be read; its bytes stay outside (decisions 15)."""

    topic: str
    reason: str
    digest: str


@dataclass(frozen=True, slots=True)
class KeyTrouble:
    """The terminal's own certificate could not be renewed, or the new one was refused; the one before serves on (1006)."""

    detail: str


@dataclass(frozen=True, slots=True)
class PinChecked:
    request: int
    ok: bool


@dataclass(frozen=True, slots=True)
class PinHashed:
    request: int
    hash: bytes = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signed:
    """The seal asked for by `SignSeal` of the same `upto`."""

    upto: int
    hash: str
    signature: str


@dataclass(frozen=True, slots=True)
class BatterySeen:
    percent: int | None
    charging: bool


@dataclass(frozen=True, slots=True)
class NetworkSeen:
    """Which network there is, how strong (None: a cable, or not known), and what the radio says is wrong with it."""

    kind: NetworkKind
    signal_percent: int | None = None
    fault: NetworkFault = ""


@dataclass(frozen=True, slots=True)
class DiskSeen:
    free_bytes: int
    read_only: bool


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """The clock's state changed, or the wall clock was stepped by `step_ms`; `Now` already shows the new time."""

    state: ClockState
    step_ms: int


@dataclass(frozen=True, slots=True)
class TimerFired:
    name: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing has happened for a moment: time for a slice of idle work (checkpoint, verification of old records)."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """SIGTERM, or the update: end cleanly."""

    reason: str


@dataclass(frozen=True, slots=True)
class PracticePulse:
    """Practice wants the drawer opened (`firmware.training`): the live counter decides by its own rules and records it."""


@dataclass(frozen=True, slots=True)
class PracticeOver:
    """Practice has ended, or with a `code` of the error table could not go on; the live counter is in front again."""

    code: int = 0


Event = (
    Started | KeyPressed | KeyHeld | Scanned | ScanRejected | DeviceSeen | PrinterSeen | Printed | DrawerPulsed
    | DrawerSeen | LinkUp | LinkDown | Acked | EpochAnswered | Answered | EventReported | AskFailed | PacketRefused
    | DesiredCame | SettingsStored | OrderCame | Fetched | FetchFailed | SlotAnswered | Gauged
    | WireGarbage | KeyTrouble
    | PinChecked | PinHashed | Signed | BatterySeen | DiskSeen | NetworkSeen | ClockSeen | TimerFired | Idle
    | NameFound | StopAsked
    | PracticePulse | PracticeOver
)  # fmt: skip


# --- effects -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Show:
    """The picture from now on; only the latest counts."""

    view: View


@dataclass(frozen=True, slots=True)
class Print:
    """Print one slip. `job`: seq of the fact it belongs to; `because`: seq of the fact that justifies printing now."""

    job: int
    because: int
    receipt: Receipt
    printer: int = 0  # 1: the stand-in
    copy: int = 0  # how many of this job's copies are on paper already; each has a proof of its own


@dataclass(frozen=True, slots=True)
class PulseDrawer:
    """Open the drawer because of the committed fact `cause`."""

    cause: int


@dataclass(frozen=True, slots=True)
class Send:
    """Publish one packet of committed records."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class Announce:
    """Publish the terminal's state, retained."""

    state: State


@dataclass(frozen=True, slots=True)
class AskEpoch:
    epoch: int
    journal_key: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the backend about money, because of the committed fact `because` (0: it moves none) -> `Answered`, `AskFailed`
    or nothing at all. Never queued offline (decisions 18)."""

    because: int
    ask: MoneyAsk


@dataclass(frozen=True, slots=True)
class Report:
    """Publish an event report -> `EventReported`; without a link it is dropped: the core sends again."""

    report: EventReport


@dataclass(frozen=True, slots=True)
class Tell:
    """Publish what the fleet is to know of this terminal; without a link it is dropped: the core tells again at
    `LinkUp`."""

    message: Reported | Reply | Met


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Keep this book of settings durably, whole or not at all -> `SettingsStored`. `good`: what is in force is known to be
    good, and is what a damaged file is replaced by."""

    request: int
    book: SettingsBook = field(repr=False)
    good: bool = False


@dataclass(frozen=True, slots=True)
class Configure:
    """Other settings are in force: for the drivers that can change while they run (volume, drawer)."""

    settings: Settings = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetch a file beside MQTT, by its URL, into `blobs/SHA256` of the data folder -> `Fetched`, `FetchFailed`. What was
    begun goes on where it stopped, after a power cut too; what is there already is answered at once."""

    blob: Blob


@dataclass(frozen=True, slots=True)
class Unfetch:
    """The file of this digest, whole or begun, is of no more use."""

    sha256: str


@dataclass(frozen=True, slots=True)
class AskSlot:
    """Look at, or change, where this release runs -> `SlotAnswered`. `install`: the fetched bundle `sha256`, which must be
    `version`, into the other slot; `try`: the other slot at the next start, on trial; `confirm`: this one for good;
    `fall_back`: the other one at the next start."""

    act: SlotAct
    sha256: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Measure the device -> `Gauged`."""


@dataclass(frozen=True, slots=True)
class RestartDevice:
    """Start the whole device again; the daemon is stopped on the way as by anybody."""


@dataclass(frozen=True, slots=True)
class FindName:
    """Look the broker's name up -> `NameFound`."""


@dataclass(frozen=True, slots=True)
class AskTime:
    """Ask the backend for its signed time now; the answer reaches the clock, not the core."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Try the link at once instead of waiting for the back-off: a person asked."""


class ToneName(StrEnum):
    """Tones of domain 14.5 and 7.4."""

    CLICK = "click"
    SCAN = "scan"
    UNKNOWN = "unknown"
    SUCCESS = "success"
    FAILURE = "failure"
    ATTENTION = "attention"
    PAPER_OUT = "paper_out"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Sound:
    tone: ToneName


Colour = Literal["off", "green", "red", "amber"]


@dataclass(frozen=True, slots=True)
class Light:
    """The lamp from now on."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Post `TimerFired(name)` after `after_ms`; a timer of that name that still runs is replaced."""

    name: str
    after_ms: int


@dataclass(frozen=True, slots=True)
class StopTimer:
    name: str


@dataclass(frozen=True, slots=True)
class CheckPin:
    """Compare a PIN with its slow hash in the system worker -> `PinChecked`."""

    request: int
    pin: str = field(repr=False)
    hash: bytes = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HashPin:
    """-> `PinHashed`, under `salt`."""

    request: int
    pin: str = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignSeal:
    """Sign the chain at `upto` with the journal key -> `Signed`."""

    terminal: str
    epoch: int
    upto: int
    hash: str


@dataclass(frozen=True, slots=True)
class Practise:
    """Begin to practise beside the live counter, or end it (`firmware.training`)."""

    on: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """Everything is committed: end the process."""

    reason: str


Effect = (
    Show | Print | PulseDrawer | Send | Announce | AskEpoch | Ask | Report | Tell | AskTime | Connect
    | StoreSettings | Configure | Fetch | Unfetch
    | AskSlot | Gauge | RestartDevice | FindName | Sound
    | Light | SetTimer | StopTimer | CheckPin | HashPin | SignSeal | Practise | Exit
)  # fmt: skip
