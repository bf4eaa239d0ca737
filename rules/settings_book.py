"""What a terminal keeps about its settings: the document in force, the last known good one, what waits, what is on trial.

All of it is one value and one file, so that a power cut between two of its parts cannot be (decisions 24). Changes made at
the terminal itself are overrides: they have an owner and are laid over the document, whichever that is.
"""

import hashlib
from typing import Annotated, Any, Literal

import msgspec

from rules.settings import Problem, Settings, check, document, who_may
from rules.settings_model import Hardware, Local

Origin = Literal["local", "fleet", "last_known_good", "default"]
Ms = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]

OVERRIDES_MAX = 64

NETWORK = ("network.host", "network.port", "network.tls", "network.keepalive_s")
"""How the broker is reached: a change of these may cut a terminal off."""

HARDWARE = tuple(f"hardware.{name}" for name in Hardware.__struct_fields__)
"""Which devices there are and how they are wired: a change of these may leave nobody able to work."""

RESTARTED = (
    *NETWORK, *HARDWARE, "printer.paper_mm", "printer.density", "printer.speed", "printer.cut", "scanner.gap_ms",
    "scanner.gs_substitute", "keys.map",
)  # fmt: skip
"""Settings that a driver reads once, when it is built: the daemon starts again, idle, when one of them changes (ADR 40)."""


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that belongs to a document: `help` or `goods`, believed by its digest (`wire.fleet.Blob`)."""

    name: str
    sha256: str
    size: int = 1
    url: str = ""


class Version(msgspec.Struct, frozen=True, omit_defaults=True):
    """One whole document as it was given, with its revision. `sha256`: of the text the fleet signed."""

    rev: int = 0
    origin: Origin = "default"
    document: dict[str, Any] = msgspec.field(default_factory=dict)
    rollout: str = ""
    files: tuple[File, ...] = ()
    sha256: str = ""


class Staged(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document that was accepted and is not in force yet. Times are UTC; `since_ms` counts only if `trusted`."""

    version: Version
    since_ms: Ms = 0
    trusted: bool = False
    not_before_ms: Ms = 0
    expires_ms: Ms = 0


class Trial(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is in force has not proven good yet. `network`: it may have cut the terminal off. `runs`: of the daemon under
    it, in a row, that were not well for as long as a trial before they were cut off; the one there is counts.
    `hardware`: it changes which devices there are or how; `devices`: those that answered before."""

    rev: int
    network: bool = False
    runs: int = 1
    hardware: bool = False
    devices: tuple[str, ...] = ()


class Heard(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the newest document of the fleet that was meant for this terminal."""

    rev: int = 0
    sha256: str = ""
    status: Literal["none", "staged", "trial", "applied", "rejected", "rolled_back"] = "none"
    code: int = 0
    path: str = ""
    reason: str = ""
    rollout: str = ""


class Override(msgspec.Struct, frozen=True):
    """A setting changed at the terminal: by whom and when."""

    path: str
    value: Any
    owner: str
    at_ms: Ms = 0


class SettingsBook(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it. `good` None: what is in force has always been good."""

    applied: Version = Version()
    good: Version | None = None
    staged: Staged | None = None
    trial: Trial | None = None
    heard: Heard = Heard()
    overrides: tuple[Override, ...] = ()


def of_settings(settings: Settings) -> SettingsBook:
    """A book that says just this: for terminals that no file stands behind."""
    return SettingsBook(Version(settings.revision, "local", document(settings)))


# --- what is in force -------------------------------------------------------------------------------------------------


def laid_over(doc: dict[str, Any], overrides: tuple[Override, ...]) -> dict[str, Any]:
    """The document with the overrides laid over it; neither is changed."""
    laid = dict(doc)
    for each in overrides:
        section, _, name = each.path.partition(".")
        if name:
            inner = laid.get(section)
            laid[section] = {**(inner if isinstance(inner, dict) else {}), name: each.value}
        else:
            laid[section] = each.value
    return laid


def in_force(version: Version, overrides: tuple[Override, ...]) -> tuple[Settings, tuple[Override, ...]]:
    """The settings of a version with the overrides over it, and those of them that it allows: one the fleet has taken
    back, that is no setting any more, or that makes no sense with the rest is not among them. The document itself makes
    sense: it was checked before it was kept."""
    base = check(version.document)
    assert not isinstance(base, list), base
    kept = tuple(each for each in overrides if may_stand(base.local, each.path))
    settings: Settings | list[Problem] = check(laid_over(version.document, kept))
    if isinstance(settings, list):  # one by one: those that stand alone
        stands: tuple[Override, ...] = ()
        settings = base
        for each in kept:
            tried = check(laid_over(version.document, (*stands, each)))
            if not isinstance(tried, list):
                stands, settings = (*stands, each), tried
        kept = stands
    return msgspec.structs.replace(settings, revision=version.rev), kept


def may_stand(local: Local, path: str) -> bool:
    """Whether the fleet lets a setting be another at the terminal (`local.allowed`, `local.fixed`)."""
    if not local.allowed or path.split(".")[0] in ("local", "revision"):
        return False
    fixed = any(path == each or path.startswith(f"{each}.") for each in local.fixed)
    try:
        return not fixed and bool(who_may(path))
    except KeyError:
        return False


def digest(settings: Settings) -> str:
    """SHA-256 of whole settings, in hex: equal settings have equal digests, whatever their revision."""
    plain = document(msgspec.structs.replace(settings, revision=0))
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()


def source(book: SettingsBook, path: str) -> Literal["override", "fleet", "local", "factory"]:
    """Where a setting's value comes from."""
    if any(each.path == path for each in book.overrides):
        return "override"
    section, _, name = path.partition(".")
    inner = book.applied.document.get(section)
    said = inner is not None and (not name or (isinstance(inner, dict) and name in inner))
    if not said:
        return "factory"
    return "fleet" if book.applied.origin == "fleet" else "local"


def needs_restart(paths: tuple[str, ...]) -> bool:
    """Whether a driver that reads its settings once is among what changed."""
    return any(path in RESTARTED for path in paths)


# --- steps: each is one replacement of the file -----------------------------------------------------------------------


def staged(book: SettingsBook, new: Staged) -> SettingsBook:
    """The document is kept and waits."""
    heard = Heard(new.version.rev, new.version.sha256, "staged", rollout=new.version.rollout)
    return msgspec.structs.replace(book, staged=new, heard=heard)


def refused(book: SettingsBook, heard: Heard) -> SettingsBook:
    """The fleet's newest document cannot be taken; one that still waits is not wanted any more either."""
    return msgspec.structs.replace(book, staged=None, heard=heard)


def switched(book: SettingsBook, network: bool, devices: tuple[str, ...] | None = None) -> SettingsBook:
    """What waited is in force, on trial; what was in force and proven is kept. `devices`: those that answer, if it changes
    any."""
    assert book.staged is not None
    new = book.staged.version
    good = book.good if book.trial is not None and book.good is not None else book.applied
    heard = msgspec.structs.replace(book.heard, status="trial") if book.heard.rev == new.rev else book.heard
    trial = Trial(new.rev, network, hardware=devices is not None, devices=devices or ())
    return SettingsBook(new, good, None, trial, heard, book.overrides)


def with_runs(book: SettingsBook, runs: int) -> SettingsBook:
    """So many runs in a row under what is on trial have not been well yet."""
    assert book.trial is not None
    return msgspec.structs.replace(book, trial=msgspec.structs.replace(book.trial, runs=runs))


def kept(book: SettingsBook) -> SettingsBook:
    """What is on trial has proven good."""
    assert book.trial is not None
    heard = msgspec.structs.replace(book.heard, status="applied") if book.heard.rev == book.trial.rev else book.heard
    return msgspec.structs.replace(book, good=None, trial=None, heard=heard)


def returned(book: SettingsBook, code: int, reason: str) -> SettingsBook:
    """What is on trial has proven bad: the last known good is in force again."""
    assert book.trial is not None
    assert book.good is not None
    heard = book.heard
    if heard.rev == book.trial.rev:
        heard = msgspec.structs.replace(heard, status="rolled_back", code=code, reason=reason)
    return msgspec.structs.replace(book, applied=book.good, good=None, trial=None, heard=heard)


def with_override(book: SettingsBook, new: Override) -> SettingsBook:
    """One more change of the terminal's own; of a setting only the last counts."""
    others = tuple(each for each in book.overrides if each.path != new.path)
    return msgspec.structs.replace(book, overrides=(*others, new))


def without_override(book: SettingsBook, path: str) -> SettingsBook:
    """A change taken back."""
    return msgspec.structs.replace(book, overrides=tuple(each for each in book.overrides if each.path != path))
