"""What a terminal keeps beside its ledger: who it is, its settings, its journal key (design 2, decisions 25)."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec

from firmware.drivers.store.atomic import DATA_CORRUPTED, NotStored, write_whole
from firmware.drivers.store.kept import BAD_SETTINGS, Kept, Notice
from rules import help as help_rules
from rules import settings as model
from rules import settings_book as books
from rules.help import HelpDocument
from rules.settings import Problem, Settings
from rules.settings_book import Heard, Origin, Override, SettingsBook, Staged, Trial, Version

__all__ = ["Applied", "Identity", "KeyDamaged", "NotStored", "Store", "write_whole"]

JOURNAL_KEY, KEY_BYTES = "journal.key", 32


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the terminal is and whom it trusts, written by provisioning.

    `host` and `port`: the broker, or empty and 0 for that of the settings. `fleet_key`: the backend's Ed25519 public
    key in hex. `hardware`: name of the hardware profile. The three of TLS are paths, relative ones below the data folder.
    `grace_port`: where at the broker's host a certificate that has expired is renewed; 0: nowhere. `groups`: of terminals,
    to which the fleet may address settings.
    """

    terminal: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
    hardware: Annotated[str, msgspec.Meta(min_length=1, max_length=41)] = "virtual"
    host: Annotated[str, msgspec.Meta(max_length=253)] = ""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    fleet_key: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    username: Annotated[str, msgspec.Meta(max_length=64)] = ""
    password: Annotated[str, msgspec.Meta(max_length=128)] = ""
    tls_ca: Annotated[str, msgspec.Meta(max_length=200)] = ""
    tls_cert: Annotated[str, msgspec.Meta(max_length=200)] = ""
    tls_key: Annotated[str, msgspec.Meta(max_length=200)] = ""
    grace_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    groups: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")], ...], msgspec.Meta(max_length=32)
    ] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """The settings in force, where they come from, and what had to be said while reading them."""

    settings: Settings
    rev: int
    origin: Origin
    notices: tuple[Notice, ...] = ()
    book: SettingsBook = field(default_factory=SettingsBook)

    @property
    def digest(self) -> str:
        """SHA-256 of the whole settings, in hex: equal settings have equal digests."""
        return books.digest(self.settings)


class Beside(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands in the settings' file beside the document in force: the rest of the book."""

    rollout: str = ""
    files: tuple[books.File, ...] = ()
    sha256: str = ""
    good: Version | None = None
    staged: Staged | None = None
    trial: Trial | None = None
    heard: Heard = Heard()
    overrides: tuple[Override, ...] = ()


class KeyDamaged(Exception):
    """The journal key is there and no key: seals would be made with a key nobody knows (9003)."""

    code = DATA_CORRUPTED


class Store:
    """The documents in a folder, which is made when it is missing. One process, one thread."""

    def __init__(self, folder: Path, mend: bool = True) -> None:
        """`mend` False: only look, leave damaged documents where they are for the daemon to find."""
        if mend:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._identity = Kept(folder, "identity", _judge_identity, mend)
        self._settings = Kept(folder, "settings", _judge_settings, mend)
        self._help = Kept(folder, "help", _judge_help, mend)

    def identity(self) -> tuple[Identity | None, tuple[Notice, ...]]:
        """Who we are; None before provisioning (2008)."""
        found = self._identity.read()
        return found.value, found.notices

    def write_identity(self, identity: Identity) -> None:
        """Provisioning's act. Raises NotStored."""
        self._identity.write(msgspec.to_builtins(identity))
        self._identity.confirm()

    def settings(self) -> Applied:
        """The settings to run with: the applied ones, else the last known good ones, else the factory's; with what stands
        beside them. Whatever of that makes no sense (any more) is left out and said."""
        found = self._settings.read()
        if found.value is None:
            return Applied(model.defaults(), 0, "default", found.notices)
        rev, noted = found.note.get("rev", 0), found.note.get("origin", "local")
        if not isinstance(rev, int) or noted not in ("local", "fleet", "default"):
            rev, noted = 0, "local"  # somebody edited the note by hand; the document itself is sound
        origin: Origin = "last_known_good" if found.fallback else noted
        beside, notices = _beside(found.note.get("beside", {}), found.fallback)
        applied = Version(rev, origin, found.document, beside.rollout, beside.files, beside.sha256)
        settings, stands = books.in_force(applied, beside.overrides)
        book = SettingsBook(applied, beside.good, beside.staged, beside.trial, beside.heard, stands)
        return Applied(settings, rev, origin, (*found.notices, *notices), book)

    def keep(self, book: SettingsBook, good: bool) -> None:
        """Replace all that is kept of settings, by one replacement of one file; `good`: then the copy that replaces a
        damaged one, too. Raises NotStored: then the book before is still there."""
        applied = book.applied
        beside = Beside(
            applied.rollout, applied.files, applied.sha256, book.good, book.staged, book.trial, book.heard,
            book.overrides,
        )  # fmt: skip
        origin = "fleet" if applied.origin == "last_known_good" and applied.sha256 else applied.origin
        origin = "local" if origin == "last_known_good" else origin
        self._settings.write(applied.document, rev=applied.rev, origin=origin, beside=msgspec.to_builtins(beside))
        if good:
            self._settings.confirm()

    def apply_settings(
        self, document: dict[str, Any], rev: int, origin: Origin = "local", trial: bool = False
    ) -> Settings | list[Problem]:
        """Keep a settings document from now on, or say what is wrong with it and keep the old one.

        A trial is not yet known to be good: `confirm_settings` says so later. Raises NotStored.
        """
        checked = model.check(document)
        if isinstance(checked, list):
            return checked
        self._settings.write(document, rev=rev, origin=origin)
        if not trial:
            self._settings.confirm()
        return checked

    def confirm_settings(self) -> None:
        """The applied settings have proven good. Raises NotStored."""
        self._settings.confirm()

    def help(self) -> tuple[HelpDocument, tuple[Notice, ...]]:
        """What the fleet says beside the built-in help; a broken document is put aside, the one before it or the built-in
        texts serve (9004)."""
        found = self._help.read()
        return found.value or HelpDocument(), found.notices

    def apply_help(self, data: bytes) -> HelpDocument | list[Problem]:
        """Keep a help document from now on, or say what is wrong with it and keep the old one; it must be newer than that.
        Raises NotStored."""
        checked = help_rules.read(data)
        if isinstance(checked, list):
            return checked
        kept = self.help()[0].version
        if checked.version <= kept:
            return [Problem("version", "not_newer", f"{checked.version}, kept {kept}")]
        self._help.write(msgspec.to_builtins(checked))
        self._help.confirm()
        return checked

    def journal_key(self) -> bytes:
        """The 32 bytes of the Ed25519 journal key, made at the first start. Raises KeyDamaged, NotStored."""
        path = self._folder / JOURNAL_KEY
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            key = os.urandom(KEY_BYTES)
            write_whole(path, key)
        if len(key) != KEY_BYTES:
            raise KeyDamaged(f"{JOURNAL_KEY}: {len(key)} bytes")
        return key


def _judge_identity(document: object) -> Identity | str:
    try:
        return msgspec.convert(document, Identity)
    except msgspec.ValidationError as wrong:
        return str(wrong)


def _judge_help(document: object) -> HelpDocument | str:
    checked = help_rules.check(document)
    return told(checked) if isinstance(checked, list) else checked


def told(problems: list[Problem]) -> str:
    """The first of what is wrong, by path."""
    return "; ".join(f"{problem.path} {problem.reason} {problem.detail}".rstrip() for problem in problems[:3])


def _beside(row: object, fallback: bool) -> tuple[Beside, tuple[Notice, ...]]:
    """What stands beside the document. A copy that had to replace a damaged file proves nothing about what waited or was
    tried then; a document that this release cannot read neither waits nor is gone back to."""
    try:
        beside = msgspec.convert(row, Beside)
    except msgspec.ValidationError as wrong:
        return Beside(), ((BAD_SETTINGS, f"settings.json: {wrong}"[:120]),)
    if fallback:
        return msgspec.structs.replace(beside, good=None, staged=None, trial=None), ()
    if beside.staged is not None and isinstance(model.check(beside.staged.version.document), list):
        beside = msgspec.structs.replace(beside, staged=None)
    if beside.good is None or isinstance(model.check(beside.good.document), list):
        beside = msgspec.structs.replace(beside, good=None, trial=None)
    return beside, ()


def _judge_settings(document: object) -> Settings | str:
    checked = model.check(document)
    if isinstance(checked, list):
        return told(checked)
    return checked
