"""What the fleet says to a terminal beside answers, and what it hears of it: settings, commands, replies, telemetry.

Settings and commands travel as text under the fleet's signature, so that not even the broker can configure a terminal
(wire contract, 2 and 4). What is signed is the exact text, behind a word that says what it is for.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from wire.records import ClockState

TEXT_MAX = 60_000
"""Characters of a signed text: a whole packet is at most 64 KiB."""

Cid = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z]{8,32}\Z")]
"""A command's own number; the same again is the same command."""

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Revision = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Ms = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]
"""UTC in ms, before the year 2100."""

Word = Annotated[str, msgspec.Meta(max_length=64)]
Purpose = Literal["settings", "command", "release"]


class Signed(msgspec.Struct, frozen=True):
    """Payload of `dn/desired` and `dn/cmd/NAME`: JSON of a `Desired` or an `Order`, as text, and the fleet's Ed25519
    signature over `signed_text` in hex."""

    text: Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
    signature: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}\Z")]


def signed_text(purpose: Purpose, text: str) -> bytes:
    """What the fleet's key signs. The purpose keeps a command from being taken for settings."""
    return f"pos-{purpose}-1\n{text}".encode()


# --- settings ---------------------------------------------------------------------------------------------------------


Url = Annotated[
    str,
    msgspec.Meta(
        max_length=500, pattern=r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?\Z"
    ),
]
"""As a terminal can ask for it: no name and password, and signs that are not ASCII written with `%`."""


class Blob(msgspec.Struct, frozen=True):
    """A file that belongs to settings or to an update and travels beside MQTT: fetched by URL, believed by its digest."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_.-]{0,31}\Z")]  # help, goods, release
    sha256: Sha256
    size: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    url: Url


DesiredRev = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
AUDIENCE_MAX = 32
"""Names in one audience."""
Audience = Annotated[str, msgspec.Meta(pattern=r"^(terminal|group):[A-Za-z0-9_-]{1,32}(,[A-Za-z0-9_-]{1,32}){0,31}\Z")]


class Desired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `dn/desired`: the whole settings a terminal is to have. `audience`: `terminal:ID`, or `terminal:ID,ID,…` for
    terminals that have one document and one signature between them, or `group:NAME` for those whose identity names the
    group. `document`: as `rules.settings.check` reads it, judged there so that each fault has its path. `rev` only grows;
    an older one is a replay."""

    rev: DesiredRev
    audience: Audience
    not_before_ms: Ms
    expires_ms: Ms
    document: Any
    blobs: Annotated[tuple[Blob, ...], msgspec.Meta(max_length=16)] = ()
    rollout: Word = ""


def audience(terminals: Iterable[str]) -> Audience:
    """How a document names the terminals it is for."""
    return f"terminal:{','.join(terminals)}"


def audiences(audience: Audience) -> frozenset[str]:
    """Everybody an audience names, each by a name of its own."""
    kind, _, names = audience.partition(":")
    return frozenset(f"{kind}:{name}" for name in names.split(","))


Status = Literal["none", "pending", "waiting_idle", "trial", "applied", "rejected", "rolled_back"]
"""Where desired settings, or an update, stand at the terminal (wire contract, 2). `none`: nothing was desired yet."""


class Drift(msgspec.Struct, frozen=True):
    """A setting that somebody changed at the terminal itself: its path, who, and when."""

    path: Word
    owner: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}\Z")]
    at_ms: Ms


class UpdateLook(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the software update that was ordered last stands."""

    cid: Cid
    version: Word
    status: Status
    code: Annotated[int, msgspec.Meta(ge=0, le=9999)] = 0
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Unreadable(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text under the fleet's signature of which not even the revision can be read: its digest, and what is wrong."""

    sha256: Sha256
    code: Annotated[int, msgspec.Meta(ge=0, le=9999)]
    path: Annotated[str, msgspec.Meta(max_length=120)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Reported(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/reported`, retained. `desired_rev`: newest document heard of; `rev` and `sha256`: what is in force,
    overrides laid over it. `code`, `path` and `reason`: why a document was rejected or taken back, or while it is `pending`,
    why a file has not come; `drift`: overrides; `unreadable`: came after it, and has no revision to be told of."""

    desired_rev: Revision
    rev: Revision
    status: Status
    sha256: Sha256
    at_ms: Ms
    clock: ClockState
    code: Annotated[int, msgspec.Meta(ge=0, le=9999)] = 0
    path: Annotated[str, msgspec.Meta(max_length=120)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    rollout: Word = ""
    drift: Annotated[tuple[Drift, ...], msgspec.Meta(max_length=64)] = ()
    software: Word = ""
    locked: bool = False
    update: UpdateLook | None = None
    unreadable: Unreadable | None = None


# --- commands ---------------------------------------------------------------------------------------------------------


class Identify(msgspec.Struct, frozen=True, tag="identify"):
    """Show yourself: lamp, tone and number on the screen for so long."""

    seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10


class Replay(msgspec.Struct, frozen=True, tag="replay"):
    """Send these records again."""

    epoch: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    first: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    last: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class Selftest(msgspec.Struct, frozen=True, tag="selftest"):
    """Run the diagnosis and say how each check came out."""


class SendLog(msgspec.Struct, frozen=True, tag="log"):
    """Send the newest lines of the event log and what the devices look like, without any customer's data."""

    lines: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 200


class Lock(msgspec.Struct, frozen=True, tag="lock"):
    """Sell no more until `Unlock`; what is open can still be finished, and a shift closed."""

    reason: Word = ""


class Unlock(msgspec.Struct, frozen=True, tag="unlock"):
    """Sell again."""


class Reboot(msgspec.Struct, frozen=True, tag="reboot"):
    """Start again when idle: the daemon, or the whole device."""

    what: Literal["daemon", "device"] = "daemon"


class Update(msgspec.Struct, frozen=True, tag="update"):
    """Fetch and install this release when idle; it counts once it has proven well (wire contract, 4)."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z._+-]{1,32}\Z")]
    bundle: Blob
    rollout: Word = ""


class OpenDrawer(msgspec.Struct, frozen=True, tag="drawer"):
    """Open the drawer from afar, by the drawer's rules for an event of its own."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


Command = Identify | Replay | Selftest | SendLog | Lock | Unlock | Reboot | Update | OpenDrawer
CommandName = Literal["identify", "replay", "selftest", "log", "lock", "unlock", "reboot", "update", "drawer"]
COMMANDS: dict[CommandName, type] = {
    "identify": Identify, "replay": Replay, "selftest": Selftest, "log": SendLog, "lock": Lock, "unlock": Unlock,
    "reboot": Reboot, "update": Update, "drawer": OpenDrawer,
}  # fmt: skip
COMMAND_EXPIRY_S = 120


def command_name(command: Command) -> CommandName:
    """The last part of the topic a command travels on."""
    return next(name for name, kind in COMMANDS.items() if kind is type(command))


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `dn/cmd/NAME`: one command to one terminal. After `expires_ms` it is refused; the same `cid` again gets the
    first result. All are signed: what is harmless today need not be tomorrow."""

    cid: Cid
    terminal: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
    issued_ms: Ms
    expires_ms: Ms
    command: Command
    by: Word = ""  # who ordered it, for the journal


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a self-test."""

    name: Word
    ok: bool
    code: Annotated[int, msgspec.Meta(ge=0, le=9999)] = 0
    detail: Annotated[str, msgspec.Meta(max_length=200)] = ""


ON_TRIAL = "is on trial"
"""How the reason of a 1018 ends for an update while another release is tried; that of an order twice does not."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/reply/CID`: what became of a command. `accepted`: it takes long and another reply follows. `data`: a
    piece of what was asked for (log lines as gzip), `part` of `parts`."""

    cid: Cid
    name: CommandName
    status: Literal["accepted", "done", "refused", "failed"]
    at_ms: Ms
    code: Annotated[int, msgspec.Meta(ge=0, le=9999)] = 0
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    checks: Annotated[tuple[Check, ...], msgspec.Meta(max_length=32)] = ()
    data: Annotated[bytes, msgspec.Meta(max_length=40_000)] = b""
    part: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    parts: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1


# --- telemetry --------------------------------------------------------------------------------------------------------


class Met(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payload of `up/met`, every 15 minutes, QoS 0. None: this device cannot measure it."""

    at_ms: Ms
    up_s: Annotated[int, msgspec.Meta(ge=0, le=2**31)]
    backlog: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    temperature_c: Annotated[int, msgspec.Meta(ge=-60, le=200)] | None = None
    battery_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    charging: bool | None = None
    disk_free_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    disk_wear_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    signal_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    memory_mb: Annotated[int, msgspec.Meta(ge=0, le=2**20)] | None = None
    scan_to_screen_p95_ms: Annotated[int, msgspec.Meta(ge=0, le=2**20)] | None = None
    sales: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0
    errors: Annotated[dict[str, int], msgspec.Meta(max_length=64)] = {}  # code -> how often since the last one
