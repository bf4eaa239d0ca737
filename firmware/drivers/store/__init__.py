"""What a terminal keeps beside its ledger: who it is, its settings, its journal key (design 2, decisions 25)."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from firmware.drivers.store.atomic import DATA_CORRUPTED, NotStored, write_whole
from firmware.drivers.store.kept import Kept, Notice
from rules import help as help_rules
from rules import settings as model
from rules.help import HelpDocument
from rules.settings import Problem, Settings

__all__ = ["Applied", "Identity", "KeyDamaged", "NotStored", "Store"]

JOURNAL_KEY, KEY_BYTES = "journal.key", 32
Origin = Literal["local", "fleet", "last_known_good", "default"]


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the terminal is and whom it trusts, written by provisioning.

    `host` and `port`: the broker, or empty and 0 for that of the settings. `fleet_key`: the backend's Ed25519 public
    key in hex. `hardware`: name of the hardware profile. The three of TLS are paths, relative ones below the data folder.
    `grace_port`: where at the broker's host a certificate that has expired is renewed; 0: nowhere.
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


@dataclass(frozen=True, slots=True)
class Applied:
    """The settings in force, where they come from, and what had to be said while reading them."""

    settings: Settings
    rev: int
    origin: Origin
    notices: tuple[Notice, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the whole settings, in hex: equal settings have equal digests."""
        text = msgspec.json.encode(model.document(self.settings), order="deterministic")
        return hashlib.sha256(text).hexdigest()


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
        """The settings to run with: the applied ones, else the last known good ones, else the factory's."""
        found = self._settings.read()
        if found.value is None:
            return Applied(model.defaults(), 0, "default", found.notices)
        rev, origin = found.note.get("rev", 0), found.note.get("origin", "local")
        if not isinstance(rev, int) or origin not in ("local", "fleet", "default"):
            rev, origin = 0, "local"  # somebody edited the note by hand; the document itself is sound
        return Applied(found.value, rev, "last_known_good" if found.fallback else origin, found.notices)

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


def _judge_settings(document: object) -> Settings | str:
    checked = model.check(document)
    if isinstance(checked, list):
        return told(checked)
    return checked
