"""What people ask the backend, and what it answers: the contract of the admin door (`fleet.door`), of `posfleet` and of the
dashboard.

A `Call` is an event of the core like any other; it is answered after the commit. Whoever may open the door may also read
the fleet's key, so a caller's role is taken as said: roles guard against mistakes at the command line and are checked at
sign-in by the dashboard. A caller's name is not: the door names the account that the kernel says (`fleet.accounts`).
Reading requests (`READS`) change nothing and may be answered from a read-only store.

Nothing in an answer holds a secret: `desk.layers.masked` hides PIN hashes and their like.
"""

from typing import Annotated, Any, Literal

import msgspec

from wire.fleet import Blob, Check, Command, Met, Ms, Reported, UpdateLook
from wire.messages import State

Role = Literal["viewer", "support", "manager", "approver"]
"""Each may do what those before it may. support: commands that do no harm; manager: settings, roll-outs, all commands;
approver: may release a roll-out that somebody else started."""
ROLES: tuple[Role, ...] = ("viewer", "support", "manager", "approver")

LIMIT_MAX = 1_000
Limit = Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
"""A terminal, shop, group or tag."""
NameOrNone = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{0,32}\Z")]
Layer = Annotated[str, msgspec.Meta(pattern=r"^(fleet|(group|shop|tag|terminal):[A-Za-z0-9_-]{1,32})\Z")]
"""Where settings are written down. They are laid over each other in this order: fleet, group, shop, the terminal's tags by
name, terminal; the later one wins, tables are merged by key, everything else is replaced whole."""
TEXT_CHARS_MAX = 200
Text = Annotated[str, msgspec.Meta(max_length=TEXT_CHARS_MAX)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""Of a roll-out, a version, a push or a row of the audit."""
Link = Literal["online", "silent", "lost", "offline", "unknown"]
"""How a terminal's link is (`fleet.desk.link`). online: it said so, and was heard of lately; silent: it said so, and was not
heard of for longer than `Policy.silent_after_min`; lost: the broker says that it broke off; offline: it took its leave;
unknown: it never said."""


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fields go by name in all of these."""


# --- who asks ---------------------------------------------------------------------------------------------------------


SUDO = r"^[A-Za-z0-9._-]{0,32}\Z"


class Caller(Struct, frozen=True):
    """A person: a user of the dashboard, or an account of the machine at the command line. `sudo`: whose call of `sudo` made
    it that account, as the environment says; `account`: which one it was in truth, as the kernel says, where it
    acts as another. Both are remarks for the audit, by which nothing is decided."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    role: Role = "approver"
    sudo: Annotated[str, msgspec.Meta(pattern=SUDO)] = ""
    account: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Where(Struct, frozen=True):
    """Which terminals: those that meet all that is given. Nothing given: every one that is not retired."""

    terminals: tuple[Name, ...] = ()
    shop: NameOrNone = ""
    group: NameOrNone = ""
    tags: tuple[Name, ...] = ()  # all of these
    without: tuple[Name, ...] = ()  # none of these tags
    software: Text = ""
    status: Text = ""  # of `Reported`: applied, rejected, …
    link: Link | None = None
    online: bool | None = None  # False: every other link
    drift: bool | None = None
    registered: bool | None = None
    retired: bool = False


# --- terminals --------------------------------------------------------------------------------------------------------


class Registered(Struct, frozen=True):
    """A terminal in the fleet's register."""

    terminal: Name
    shop: NameOrNone = ""
    group: NameOrNone = ""
    tags: tuple[Name, ...] = ()
    note: Text = ""
    retired: bool = False


class Register(Struct, frozen=True, tag="register"):
    """Enter terminals in the register, or write their entries anew -> `Done(count)`."""

    rows: Annotated[tuple[Registered, ...], msgspec.Meta(max_length=LIMIT_MAX)]


class SetTags(Struct, frozen=True, tag="set_tags"):
    """Add and take away tags -> `Done(count)` of terminals that changed; those not in the register are entered."""

    where: Where
    add: tuple[Name, ...] = ()
    remove: tuple[Name, ...] = ()


class ListTerminals(Struct, frozen=True, tag="list_terminals"):
    """-> `Terminals`, by number; the next page is asked with the last one as `after`."""

    where: Where = Where()
    after: NameOrNone = ""
    limit: Limit = 500


class ShowTerminal(Struct, frozen=True, tag="show_terminal"):
    """-> `TerminalShown`."""

    terminal: Name


class TerminalLook(Struct, frozen=True):
    """One terminal at a glance. `registered` false: it speaks, but nobody entered it. Times are the backend's, UTC in ms,
    0 for never. `backlog`: records it has and the backend has not. `desired_rev` 0: no settings were ever pushed."""

    terminal: str
    registered: bool
    shop: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    retired: bool = False
    link: Link = "unknown"
    state: State | None = None
    state_ms: int = 0
    seen_ms: int = 0
    backlog: int = 0
    rev: int = 0  # in force, by the newest word of the terminal
    desired_rev: int = 0
    desired_sha256: str = ""
    desired_ms: int = 0
    unpublished: bool = False  # the broker has not taken it yet
    reported: Reported | None = None
    reported_ms: int = 0
    rollout: int = 0  # open roll-out that holds this terminal


class Terminals(Struct, frozen=True, tag="terminals"):
    rows: tuple[TerminalLook, ...]
    more: bool = False


class MetRow(Struct, frozen=True):
    got_ms: int
    met: Met


class Passage(Struct, frozen=True):
    """One line of a terminal's timeline. `what`: boot (after a clean end), cut, crash, reported, push, command, rollout."""

    at_ms: int
    what: str
    detail: str = ""


class TerminalShown(Struct, frozen=True, tag="terminal_shown"):
    """Everything about one terminal but its records. `layers`: those that make its settings, in order. `desired`: the
    document it is to have, whole, secrets masked; `pending`: what the layers say now and no push has brought yet."""

    look: TerminalLook
    layers: tuple["LayerLook", ...] = ()
    desired: Any = None
    pending: tuple["PathChange", ...] = ()
    faults: tuple["Fault", ...] = ()  # why the layers as they are now could not be pushed
    met: tuple[MetRow, ...] = ()  # newest first, a day of it
    orders: tuple["OrderLook", ...] = ()  # newest first
    timeline: tuple[Passage, ...] = ()  # newest first
    gaps: tuple["Gap", ...] = ()


# --- settings ---------------------------------------------------------------------------------------------------------


class PathChange(Struct, frozen=True):
    """One setting that differs; None: not there. Secrets are `***`."""

    path: str
    before: Any = None
    after: Any = None


class Fault(Struct, frozen=True):
    """What is wrong with a merged document. `layer`: where the value came from, "" the defaults; `terminal`: one of those it
    is wrong for, "" when there is none yet. `reason`: `problem__REASON` of the texts of the room `rules`."""

    path: str
    reason: str
    detail: str = ""
    code: int = 9004
    layer: str = ""
    terminal: str = ""


class LayerLook(Struct, frozen=True):
    """One version of a layer. `number` counts the versions of this layer from 1; `sha256` is of its canonical text."""

    layer: str
    number: int
    sha256: str
    parent: str = ""  # sha256 of the version before
    who: str = ""
    why: str = ""
    at_ms: int = 0


class PutLayer(Struct, frozen=True, tag="put_layer"):
    """Write a layer anew -> `LayerPut`. It is checked first, merged, for every terminal it touches: with a fault nothing is
    stored (`Refused("faults")`). Reaches no terminal before `Push` or a roll-out. `parent`: sha256 of the version this one
    was made from, refused as `moved_on` when another came between; None: whatever is there. `check`: only check."""

    layer: Layer
    document: Any
    parent: str | None = None
    check: bool = False


class Reach(Struct, frozen=True):
    """Whom settings are for. `unregistered`: terminals that speak and that nobody entered, meant as well; they have the
    fleet's layer and their own only. `left_out`: such ones that are not meant, for who is in no register is in no shop,
    group or tag. A terminal that comes later has nothing of it before the next push."""

    registered: int = 0
    unregistered: int = 0
    left_out: int = 0


class LayerPut(Struct, frozen=True, tag="layer_put"):
    """`terminals`: how many this layer touches, as `reach` has them; `changes`: against the version before."""

    version: LayerLook
    terminals: int
    changes: tuple[PathChange, ...] = ()
    stored: bool = True
    reach: Reach = Reach()


class GetLayer(Struct, frozen=True, tag="get_layer"):
    """-> `LayerGot`, the newest version or the one of this number. `secrets`: not masked, for editing; managers only."""

    layer: Layer
    number: Number = 0
    secrets: bool = False


class LayerGot(Struct, frozen=True, tag="layer_got"):
    version: LayerLook
    document: Any


class Layers(Struct, frozen=True, tag="layers"):
    """-> `LayersSeen`: every layer's newest version, or all versions of one layer, newest first."""

    layer: Layer | None = None


class LayersSeen(Struct, frozen=True, tag="layers_seen"):
    rows: tuple[LayerLook, ...]


class DiffLayer(Struct, frozen=True, tag="diff_layer"):
    """-> `Differences` between two versions of a layer; 0: nothing (before), the newest (after)."""

    layer: Layer
    before: Number = 0
    after: Number = 0


class Differences(Struct, frozen=True, tag="differences"):
    changes: tuple[PathChange, ...]


class DryRun(Struct, frozen=True, tag="dry_run"):
    """-> `DryRunDone`: what a push of the layers as they are would change, at whom."""

    where: Where = Where()


class SameChange(Struct, frozen=True):
    """Terminals that would change alike."""

    terminals: tuple[str, ...]
    changes: tuple[PathChange, ...]


class DryRunDone(Struct, frozen=True, tag="dry_run_done"):
    """`unchanged`: how many would stay as they are; `held`: those an open roll-out holds, with its number; `first`: how many
    were never given any from here. What these were set up with on the spot is not known here and goes away whole, so it
    stands in no group."""

    groups: tuple[SameChange, ...]
    unchanged: int
    first: int = 0
    faults: tuple[Fault, ...] = ()
    held: dict[str, int] = {}
    reach: Reach = Reach()


class Push(Struct, frozen=True, tag="push"):
    """Give terminals the settings their layers say, all at once -> `Pushed`. Refused as a whole when one document has a
    fault, and as `in_rollout` when an open roll-out holds one of them. Needs a `why`."""

    where: Where = Where()


class Pushed(Struct, frozen=True, tag="pushed"):
    """`rev` 0: nobody changes, so nothing was pushed."""

    rev: int
    terminals: int
    unchanged: int
    reach: Reach = Reach()


class Pushes(Struct, frozen=True, tag="pushes"):
    """-> `PushesSeen`, newest first: who pushed what to whom and why. `before`: a rev, for the next page."""

    terminal: NameOrNone = ""
    before: Number = 0
    limit: Limit = 100


class PushLook(Struct, frozen=True):
    """`kind`: push, rollout, revert."""

    rev: int
    at_ms: int
    who: str
    why: str
    kind: str
    terminals: int
    rollout: int = 0


class PushesSeen(Struct, frozen=True, tag="pushes_seen"):
    rows: tuple[PushLook, ...]


# --- commands ---------------------------------------------------------------------------------------------------------


EXPIRY_S_MIN, EXPIRY_S_MAX = 10, 6 * 86_400
"""At least what a command needs to get there; a terminal takes none that it could carry out for longer than seven days by
its own clock, which may be slow."""


class SendCommand(Struct, frozen=True, tag="send_command"):
    """Order something of every terminal of `where` -> `Ordered`. After `expires_s` a terminal refuses it and the backend
    books "no answer". `support` may order what does no harm (`HARMLESS`)."""

    where: Where
    command: Command
    expires_s: Annotated[int, msgspec.Meta(ge=EXPIRY_S_MIN, le=EXPIRY_S_MAX)] = 120


HARMLESS = ("identify", "replay", "selftest", "log")


class Ordered(Struct, frozen=True, tag="ordered"):
    """`batch`: one word for all orders of this call; `cids` by terminal."""

    batch: str
    cids: dict[str, str]


class Commands(Struct, frozen=True, tag="commands"):
    """-> `CommandsSeen`, newest first."""

    terminal: NameOrNone = ""
    batch: Text = ""
    cid: Text = ""
    limit: Limit = 100


OrderStatus = Literal["waiting", "accepted", "done", "refused", "failed", "silent", "superseded"]
"""waiting: sent, nothing heard; accepted: it takes long, or is held until the time is known; silent: no answer before
expiry, or held for longer; superseded: a newer order took its place before the terminal had said anything about it, and it
is sent no more."""


class OrderLook(Struct, frozen=True):
    """One order and its result. `parts` of `parts_all` pieces of data have come. `update`: how far the terminal has come
    with an update it has accepted, and why it has come no further."""

    cid: str
    batch: str
    terminal: str
    name: str
    status: OrderStatus
    who: str
    why: str
    issued_ms: int
    expires_ms: int
    answered_ms: int = 0
    code: int = 0
    reason: str = ""
    checks: tuple[Check, ...] = ()
    parts: int = 0
    parts_all: int = 0
    command: Command | None = None
    update: UpdateLook | None = None


class CommandsSeen(Struct, frozen=True, tag="commands_seen"):
    rows: tuple[OrderLook, ...]


class CommandData(Struct, frozen=True, tag="command_data"):
    """-> `CommandDataGot`: what a terminal sent as data (a log bundle, gzip), put together."""

    cid: Text


class CommandDataGot(Struct, frozen=True, tag="command_data_got"):
    """`data` only when `whole`."""

    order: OrderLook
    whole: bool
    data: bytes = b""


# --- roll-outs --------------------------------------------------------------------------------------------------------


class Stage(Struct, frozen=True):
    """How many terminals have been touched at the end of a stage: a number, or percent of all (rounded up)."""

    terminals: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


class Plan(Struct, frozen=True):
    """How a roll-out grows and what stops it. A limit in percent is of the touched terminals, rounded down: with one touched
    terminal none may fail.

    `bake_s`: how long a stage that succeeded is watched before the next. `success_percent`: of the touched terminals, before
    a stage counts as succeeded. `silent_after_s`: no word about the push, or none at all afterwards, of one
    that is online not before `Policy.silent_after_min`. `unfinished_after_s`:
    heard of, but neither in force nor refused; after the 24 h of waiting for idle. `silent_percent` is allowed on top of the
    share of untouched terminals that are silent. `error_factor` and `crash_factor`: by how much touched terminals may exceed
    the fleet's own rate, the higher of: theirs in `baseline_s` before, the untouched ones' since; `error_slack` and
    `crash_slack`: how many events are forgiven on top. `first`: terminals that come first, whatever their hash."""

    stages: Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1, max_length=16)] = (
        Stage(terminals=1), Stage(percent=1), Stage(percent=10), Stage(percent=50), Stage(percent=100),
    )  # fmt: skip
    bake_s: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] = 3_600
    success_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 95
    failed_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2
    rolled_back_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 1
    silent_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    silent_after_s: Annotated[int, msgspec.Meta(ge=10, le=30 * 86_400)] = 7_200
    unfinished_after_s: Annotated[int, msgspec.Meta(ge=60, le=30 * 86_400)] = 26 * 3_600
    error_factor: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
    error_slack: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 5
    crash_factor: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
    crash_slack: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1
    baseline_s: Annotated[int, msgspec.Meta(ge=600, le=7 * 86_400)] = 86_400
    revert: bool = True  # by itself at a halt
    first: tuple[Name, ...] = ()


class SettingsRelease(Struct, frozen=True, tag="settings"):
    """The settings the layers say at the start of the roll-out; what is written into them later waits for the next."""


class SoftwareRelease(Struct, frozen=True, tag="software"):
    """A software release. `back`: what a revert installs again."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z._+-]{1,32}\Z")]
    bundle: Blob
    back_version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z._+-]{1,32}\Z")]
    back_bundle: Blob


Release = SettingsRelease | SoftwareRelease


class StartRollout(Struct, frozen=True, tag="start_rollout"):
    """Plan a roll-out -> `RolloutShown`. It begins at once, or waits for another person's `approve` where the policy wants
    four eyes. Refused as `in_rollout` when an open roll-out holds one of its terminals, as `nobody` when none would
    change, as `first` when the plan puts one first that does not. Needs a `why`. `plan` None: the policy's."""

    release: Release
    where: Where = Where()
    plan: Plan | None = None


class RolloutAct(Struct, frozen=True, tag="rollout_act"):
    """approve, pause (touches no more terminals; the gates still watch), resume, abort (ends here; touched terminals keep
    what they have), revert (ends here; touched terminals get back what they had) -> `RolloutShown`."""

    rollout: Number
    act: Literal["approve", "pause", "resume", "abort", "revert"]


class Rollouts(Struct, frozen=True, tag="rollouts"):
    """-> `RolloutsSeen`, newest first."""

    open_only: bool = False
    limit: Limit = 100


RolloutState = Literal["waiting", "running", "paused", "reverting", "reverted", "halted", "complete", "aborted"]
"""waiting: for approval. reverting: by itself or asked for; every touched terminal is given back what it had, and its
word is waited for that it has it, as long as the plan lets a terminal be silent or unfinished; nobody is held meanwhile.
reverted: all have said so or have had their time, `RolloutShown.unreverted` are those who have not. halted: stopped by a
gate with no revert wanted. The first four are open."""


TouchedState = Literal[
    "untouched", "pushed", "applied", "rejected", "rolled_back", "silent", "unfinished", "failed", "reverting", "reverted",
    "unreverted",
]  # fmt: skip
"""How a terminal stands in a roll-out. Given back what it had: `reverting` until it says that it has it, then `reverted`, or
`unreverted` after its time, until it does say so."""


class RolloutLook(Struct, frozen=True):
    """`stage`: index into the plan; `counts`: terminals by `TouchedState`. `verdict`: what was decided last, and why."""

    rollout: int
    release: Release
    state: RolloutState
    stage: int
    stages: int
    size: int
    counts: dict[str, int]
    who: str
    why: str
    started_ms: int
    changed_ms: int
    approved_by: str = ""
    baking_ms: int = 0  # since when this stage is watched, 0: not yet
    verdict: str = ""


class RolloutsSeen(Struct, frozen=True, tag="rollouts_seen"):
    rows: tuple[RolloutLook, ...]


class ShowRollout(Struct, frozen=True, tag="show_rollout"):
    """-> `RolloutShown`. `changes`: with what changes at whom, which takes longer to find out and stays as it is."""

    rollout: Number
    limit: Limit = 500
    changes: bool = True


class RolloutTerminal(Struct, frozen=True):
    terminal: str
    place: int  # its turn, from 0
    state: str
    pushed_ms: int = 0
    settled_ms: int = 0
    reason: str = ""


class RolloutNote(Struct, frozen=True):
    """One decision: what, when, by whom ("" the engine)."""

    at_ms: int
    what: str
    detail: str = ""
    who: str = ""


class Gate(Struct, frozen=True):
    """One limit as it stands: failed, rolled_back, silent (terminals), errors, crashes (events). Not `ok`: the roll-out
    halts. None once it has, for those that turn back are no longer counted: the verdict says which limit it was."""

    name: str
    value: int
    limit: int
    ok: bool


class RolloutChange(Struct, frozen=True):
    """Terminals of a roll-out at which the same changes; nothing does when it is their first document, or software.
    `terminals`: the first of them in their turn; `count`: all of them."""

    terminals: tuple[str, ...]
    count: int
    changes: tuple[PathChange, ...] = ()


WaitsFor = Literal[
    "approval", "paused", "window", "touch", "unheard", "pending", "idle", "trial", "busy", "success", "bake",
    "back",
]  # fmt: skip


class Waits(Struct, frozen=True):
    """What an open roll-out waits for. `terminals`: how many it is about, 0 none in particular; `until_ms`: not before, 0
    nobody knows.

    approval: by another person. paused. window: terminals whose maintenance window is closed, the first opens then. touch:
    terminals whose turn it is, at the next look. unheard: they have said nothing about it. pending: they have it, and fetch
    files or wait for its time. idle: for an idle counter. trial: they try it. busy: they try another
    release and are ordered again when that is decided. success: so many more must have it in force.
    bake: the stage is watched. back: terminals told to turn back have said nothing yet, or are at it."""

    what: WaitsFor
    terminals: int = 0
    until_ms: int = 0


class RolloutShown(Struct, frozen=True, tag="rollout_shown"):
    look: RolloutLook
    plan: Plan
    where: Where
    gates: tuple[Gate, ...] = ()
    history: tuple[RolloutNote, ...] = ()
    terminals: tuple[RolloutTerminal, ...] = ()  # those that are touched, in their turn
    waits: tuple[Waits, ...] = ()
    unreverted: tuple[str, ...] = ()  # given back what they had, and have not said that they have it
    changes: tuple[RolloutChange, ...] = ()  # what it is about at whom, whoever was touched
    uncompared: int = 0  # terminals in none of these, for there are too many different ones


class Window(Struct, frozen=True):
    """When terminals may be changed, by the shop's own clock. `from_min` and `to_min`: minutes of the day; `to_min` not
    after `from_min`: past midnight. `days`: 1 Monday … 7 Sunday, of the start."""

    from_min: Annotated[int, msgspec.Meta(ge=0, le=1_439)] = 0
    to_min: Annotated[int, msgspec.Meta(ge=0, le=1_440)] = 1_440
    days: tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...] = (1, 2, 3, 4, 5, 6, 7)
    zone: Annotated[str, msgspec.Meta(max_length=64)] = "Asia/Shanghai"


Scope = Annotated[str, msgspec.Meta(pattern=r"^(fleet|(group|shop):[A-Za-z0-9_-]{1,32})\Z")]


class Policy(Struct, frozen=True):
    """Rules of the house. `windows`: by scope; the shop's goes before the group's before the fleet's. `silent_after_min`: a
    terminal that said it is online and was not heard of for so long counts as silent; more than two times the longest
    `sync.telemetry_min` of the fleet, for a single message of telemetry may be lost."""

    four_eyes: bool = True
    plan: Plan = Plan()
    windows: dict[Scope, Window] = {}
    silent_after_min: Annotated[int, msgspec.Meta(ge=2, le=1_440)] = 35


class GetPolicy(Struct, frozen=True, tag="get_policy"):
    """-> `PolicyGot`."""


class PutPolicy(Struct, frozen=True, tag="put_policy"):
    """Approvers only -> `Done`."""

    policy: Policy


class PolicyGot(Struct, frozen=True, tag="policy_got"):
    policy: Policy


# --- what a person should look at -------------------------------------------------------------------------------------


class Gaps(Struct, frozen=True, tag="gaps"):
    """-> `GapsSeen`: records known to exist that are not here."""

    terminal: NameOrNone = ""
    limit: Limit = 500


class Gap(Struct, frozen=True):
    """`first` to `last` are missing; `asked_ms`: when the terminal was asked for them last."""

    terminal: str
    epoch: int
    first: int
    last: int
    asked_ms: int = 0


class GapsSeen(Struct, frozen=True, tag="gaps_seen"):
    rows: tuple[Gap, ...]


class Quarantined(Struct, frozen=True, tag="quarantined"):
    """-> `QuarantineSeen`: what could not be read, and records under a key that was taken; newest first. `dealt`: also what
    somebody has dealt with."""

    terminal: NameOrNone = ""
    limit: Limit = 100
    dealt: bool = False


class QuarantineRow(Struct, frozen=True):
    """`conflict`: another record under the same key is kept. `size` of the bytes; they are in the store. `id`: SHA-256 of
    them, then what tells them from the same bytes elsewhere, for `DealWith`. `dealt_ms` 0: nobody has dealt with it yet."""

    terminal: str
    epoch: int
    seq: int
    reason: str
    got_ms: int
    size: int
    conflict: bool = False
    id: str = ""
    dealt_ms: int = 0
    dealt_by: str = ""
    note: str = ""


class QuarantineSeen(Struct, frozen=True, tag="quarantine_seen"):
    rows: tuple[QuarantineRow, ...]


AsideId = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{8,64}(\.[A-Za-z0-9_-]{0,32}(\.[0-9]{1,18}\.[0-9]{1,18})?)?\Z")
]
"""DIGEST.TERMINAL.EPOCH.SEQ; of the digest the first digits are enough, and the rest may be left out, when only one thing is
meant then."""


class DealWith(Struct, frozen=True, tag="deal_with"):
    """Tick off what is in quarantine or in conflict -> `DealtWith`. It stays where it is, with who dealt with it, when, and
    the call's `why` as the note, which it needs. `ids`: of `QuarantineRow`, or how they begin; none: everything of
    `terminal`, of all terminals with "", that came up to `upto_ms`."""

    ids: Annotated[tuple[AsideId, ...], msgspec.Meta(max_length=LIMIT_MAX)] = ()
    terminal: NameOrNone = ""
    upto_ms: Ms = 0


class DealtWith(Struct, frozen=True, tag="dealt_with"):
    """How many of them were open, and whose."""

    count: int = 0
    terminals: tuple[str, ...] = ()


class Note(Struct, frozen=True, tag="note"):
    """Enter into the audit what was done beside the backend, in the same data folder: at the authority, the users or the
    broker -> `Done`. `what`: the command, such as `ca_revoke`; `subject`: whom it was about."""

    what: Annotated[str, msgspec.Meta(pattern=r"^(ca|broker|user)_[a-z]{1,20}\Z")]
    subject: Text = ""
    detail: Text = ""


class Audit(Struct, frozen=True, tag="audit"):
    """-> `AuditSeen`, newest first. `before`: a number, for the next page; `subject`: a terminal, layer, roll-out, batch."""

    who: Text = ""
    what: Text = ""
    subject: Text = ""
    before: Number = 0
    limit: Limit = 100


class AuditRow(Struct, frozen=True):
    """One thing somebody did; rows are only ever added, each with the hash over itself and the one before."""

    number: int
    at_ms: int
    who: str
    role: str
    what: str
    subject: str
    why: str
    detail: str
    hash: str


class AuditSeen(Struct, frozen=True, tag="audit_seen"):
    """`whole`: the chain of hashes fits over all rows of this page."""

    rows: tuple[AuditRow, ...]
    whole: bool = True


# --- a supervisor who is away ------------------------------------------------------------------------------------------


class MakeCode(Struct, frozen=True, tag="make_code"):
    """The one-use code (`rules.one_use`) that stands for the PIN of `supervisor` at one terminal just now -> `CodeMade`. It
    gives a right away, so it stands in the audit, with the reason it needs, and without its digits."""

    terminal: Name
    supervisor: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}\Z")]


class CodeMade(Struct, frozen=True, tag="code_made"):
    """`until_ms`: from then on the terminal takes it no more, by clocks that agree."""

    code: str
    until_ms: int


# --- all together -----------------------------------------------------------------------------------------------------


class Done(Struct, frozen=True, tag="done"):
    count: int = 0


Reason = Literal[
    "role", "why_missing", "unknown_terminal", "unknown_layer", "unknown_version", "moved_on", "faults", "nobody",
    "in_rollout", "unknown_rollout", "wrong_state", "four_eyes", "too_large", "unknown_command", "bad_request", "store",
    "late", "zone", "plan", "first", "unknown_aside", "ambiguous", "no_codes", "no_supervisor",
    "store_away", "no_settings",
]  # fmt: skip


class Refused(Struct, frozen=True, tag="refused"):
    """Nothing was changed; of `late` nobody knows, for the answer took too long. The texts are `refused__REASON` (with
    `detail` and `terminals`) and `refused_step__REASON` of the room `fleet`."""

    reason: Reason
    detail: str = ""
    faults: tuple[Fault, ...] = ()
    terminals: tuple[str, ...] = ()


Request = (
    Register | SetTags | ListTerminals | ShowTerminal | PutLayer | GetLayer | Layers | DiffLayer | DryRun | Push | Pushes
    | SendCommand | Commands | CommandData | StartRollout | RolloutAct | Rollouts | ShowRollout | GetPolicy | PutPolicy
    | Gaps | Quarantined | DealWith | Note | Audit | MakeCode
)  # fmt: skip
Reply = (
    Refused | Done | Terminals | TerminalShown | LayerPut | LayerGot | LayersSeen | Differences | DryRunDone | Pushed
    | PushesSeen | Ordered | CommandsSeen | CommandDataGot | RolloutShown | RolloutsSeen | PolicyGot | GapsSeen
    | QuarantineSeen | DealtWith | AuditSeen | CodeMade
)  # fmt: skip
READS: tuple[type, ...] = (
    ListTerminals, ShowTerminal, GetLayer, Layers, DiffLayer, DryRun, Pushes, Commands, CommandData, Rollouts, ShowRollout,
    GetPolicy, Gaps, Quarantined, Audit,
)  # fmt: skip
NEEDS_WHY: tuple[type, ...] = (Push, StartRollout, DealWith, MakeCode)


class Call(Struct, frozen=True):
    """One request of one person. `nonce`: 32 hex digits of chance from the caller; numbers of commands are made of it."""

    by: Caller
    request: Request
    why: Text = ""
    nonce: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")] = "0" * 32


def checked(call: Call) -> Call:
    """The same call, with every value of it judged: msgspec judges what it reads and not what is made by name. Raises
    `msgspec.ValidationError`."""
    return msgspec.convert(msgspec.to_builtins(call), Call)


def role_needed(request: Request) -> Role:
    """The least role that may ask this."""
    match request:
        case SendCommand(command=command):
            return "support" if command.__struct_config__.tag in HARMLESS else "manager"
        case PutPolicy():
            return "approver"
        case RolloutAct(act=act):
            return "approver" if act == "approve" else "manager"
        case GetLayer(secrets=True):
            return "manager"
        case _:
            return "viewer" if isinstance(request, READS) else "manager"
