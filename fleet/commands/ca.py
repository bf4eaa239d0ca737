"""`posfleet ca`: the fleet's certificate authority, in the folder `ca` of the data folder."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from fleet import home
from fleet.ca import authority as ca
from fleet.ca import files
from fleet.ca.certificates import Refused
from fleet.ca.register import Entry
from fleet.commands import Wrong
from fleet.commands.broker_link import secret
from fleet.commands.look import moment, say, show
from fleet.store import StoreTrouble
from texts import Lang, t

PASSPHRASE = "POSFLEET_CA_PASSPHRASE"
DAY_MS = 86_400_000
TERMINAL_FOLDER = "tls"
"""Where a terminal keeps these files below its data folder; the identity's fragment says so."""

T = TypeVar("T")


def now() -> datetime:
    return datetime.now(UTC)


def init(options: argparse.Namespace, lang: Lang) -> int:
    """Make the authority."""
    passphrase = new_passphrase(options, lang)
    roots = begin(options.data, options.name, passphrase)
    if options.json:
        told = {"dir": str(options.data / ca.FOLDER), "root_keys": roots, "encrypted": bool(passphrase)}
        print(json.dumps(told))
    else:
        tell_made(lang, options.data, roots, bool(passphrase))
    return 0


def new_passphrase(options: argparse.Namespace, lang: Lang) -> str:
    """What the root keys are to be opened with: of a file or the environment, or typed twice; empty for none. Raises
    `Wrong`, with nothing made."""
    return secret(options.passphrase_file, PASSPHRASE) or _ask_twice(lang)


def begin(data: Path, name: str, passphrase: str) -> list[str]:
    """Make the authority of a data folder; where the keys of its roots are. Raises `Wrong`."""
    folder = data / ca.FOLDER
    with troubles(data):
        ca.found(folder, name, now(), passphrase.encode())
    return [str(folder / f"{family}-1.key") for family in (ca.TERMINALS, ca.SERVICES)]


def tell_made(lang: Lang, data: Path, roots: list[str], encrypted: bool) -> None:
    """Say where it is, and what is not to stay there."""
    say(lang, "ca__made", folder=data / ca.FOLDER)
    say(lang, "ca__root_keys" if encrypted else "ca__root_keys_open", keys=" ".join(roots))


def issue(options: argparse.Namespace, lang: Lang) -> int:
    """A terminal's key, certificate, bundle and the part of its identity that names them, in a folder of their own."""
    _needs_room(options.dir)
    with troubles(options.data), ca.opened(options.data / ca.FOLDER) as authority:
        fleet_key = home.fleet_key(options.data).public_key().public_bytes_raw().hex()
        issued = authority.issue(options.id, now(), options.days, options.again)
        fragment = _identity(options, fleet_key)
        files.write_folder(options.dir, {"identity.json": fragment, **terminal_files(issued)})
    return _told(options, lang, issued.entry, options.dir)


def terminal_files(issued: ca.Issued) -> dict[str, bytes]:
    """What a terminal is given, by file name."""
    return {"ca.pem": issued.trust, "terminal.crt": issued.chain, "terminal.key": issued.key}


def service(options: argparse.Namespace, lang: Lang) -> int:
    """A key and certificate of a broker or a backend, in a folder of their own."""
    _needs_room(options.dir)
    hosts = options.host if options.kind == "server" else ()

    def make(authority: ca.Authority, passphrase: bytes) -> ca.Issued:
        return authority.service(options.kind, options.name, hosts, now(), passphrase, options.days)

    issued = with_key(options, lang, make)
    names = {"ca.pem": issued.trust, f"{options.kind}.crt": issued.chain, f"{options.kind}.key": issued.key}
    with troubles(options.data):
        files.write_folder(options.dir, names)
    return _told(options, lang, issued.entry, options.dir)


def renew(options: argparse.Namespace, lang: Lang) -> int:
    """A new generation of the issuing authority, with `--roots` of all."""

    def make(authority: ca.Authority, passphrase: bytes) -> list[str]:
        if options.roots:
            return authority.renew_roots(now(), passphrase)
        return [authority.renew_issuing(now(), passphrase)]

    made = with_key(options, lang, make)
    if options.json:
        print(json.dumps({"made": made}))
        return 0
    say(lang, "ca__renewed", made=" ".join(made))
    say(lang, "ca__bring")
    return 0


def revoke(options: argparse.Namespace, lang: Lang) -> int:
    """Revoke all certificates of a name, or one by its serial number."""

    def make(authority: ca.Authority, passphrase: bytes) -> list[Entry]:
        entries = authority.entries(options.id)
        if options.serial:
            entries = [each for each in entries if each.serial.startswith(options.serial.lower())]
        if not entries:
            raise Wrong("no_certificate", {"name": options.id})
        return authority.revoke(entries, now(), options.reason, passphrase)

    done = with_key(options, lang, make)
    if options.json:
        print(json.dumps({"revoked": [each.serial for each in done]}))
        return 0
    say(lang, "ca__revoked", name=options.id, count=len(done))
    say(lang, "ca__bring")
    return 0


def list_all(options: argparse.Namespace, lang: Lang) -> int:
    """What was issued, the oldest first."""
    with troubles(options.data), ca.opened(options.data / ca.FOLDER) as authority:
        entries = authority.entries(options.id)
    now_ms = _now_ms()
    if options.within:
        soon_ms = now_ms + options.within * DAY_MS
        entries = [each for each in entries if each.state(now_ms) == "valid" and each.end_ms <= soon_ms]
    if options.state:
        entries = [each for each in entries if each.state(now_ms) == options.state]
    if options.json:
        for each in entries:
            print(json.dumps(_row(each, now_ms), ensure_ascii=False))
        return 0
    columns = ("certificate", "kind", "serial", "from", "until", "state")
    rows = (
        [each.name, _kind(each, lang), each.serial[:12], moment(each.begin_ms), moment(each.end_ms), _state(each, lang)]
        for each in entries
    )
    show(lang, columns, rows)
    return 0


def crl(options: argparse.Namespace, lang: Lang) -> int:
    """Write the revocation list anew, also to a file."""
    with troubles(options.data), ca.opened(options.data / ca.FOLDER) as authority:
        authority.write_lists(now())
        path = options.data / ca.FOLDER / ca.CRL
        if options.out is not None:
            files.replace_file(options.out, path.read_bytes())
    out = options.out or path
    if options.json:
        print(json.dumps({"path": str(out)}))
    else:
        say(lang, "ca__list", path=out)
    return 0


# --- what all of them share -----------------------------------------------------------------------------------------------


@contextmanager
def troubles(data: Path) -> Iterator[None]:
    """Whatever the authority raises, as cause and next step."""
    try:
        yield
    except ca.NoAuthority as none:
        raise Wrong("no_ca", {"path": str(none)}) from none
    except files.Taken as taken:
        raise Wrong("taken", {"path": str(taken)}) from taken
    except Refused as refused:
        raise Wrong("ca_refused", {"detail": str(refused)}) from refused
    except ca.InForce as there:
        until = moment(there.entry.end_ms)
        raise Wrong(
            "in_force", {"name": there.entry.name, "serial": there.entry.serial[:12], "until": until}
        ) from there
    except ca.KeyAway as away:
        raise Wrong("key_away", {"path": str(away)}) from away
    except ca.KeyLocked as locked:
        name = "key_wrong" if locked.given else "key_locked"
        raise Wrong(name, {"path": str(locked.path), "variable": PASSPHRASE}) from locked
    except StoreTrouble as trouble:
        raise Wrong("database", {"path": str(data / ca.FOLDER / "ca.db"), "detail": str(trouble)}) from trouble
    except (OSError, ValueError) as trouble:
        raise Wrong("folder", {"path": str(data / ca.FOLDER), "detail": str(trouble)}) from trouble


def with_key(options: argparse.Namespace, lang: Lang, act: Callable[[ca.Authority, bytes], T]) -> T:
    """Do what needs a root's key: with the passphrase of a file or the environment, or asked for when somebody is there.
    Raises `Wrong`."""
    passphrase = secret(options.passphrase_file, PASSPHRASE).encode()
    with troubles(options.data), ca.opened(options.data / ca.FOLDER) as authority:
        try:
            return act(authority, passphrase)
        except ca.KeyLocked as locked:
            if locked.given or not sys.stdin.isatty():
                raise
        typed = getpass.getpass(t("fleet", lang, "ca__passphrase"))
        return act(authority, typed.encode())


def _ask_twice(lang: Lang) -> str:
    """A new passphrase, empty for none, when somebody is there to type it."""
    if not sys.stdin.isatty():
        return ""
    first = getpass.getpass(t("fleet", lang, "ca__passphrase_new"))
    if first and getpass.getpass(t("fleet", lang, "ca__passphrase_again")) != first:
        raise Wrong("passphrase_twice")
    return first


def _needs_room(folder: Path) -> None:
    """Said before a certificate is issued for nothing."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Wrong("taken", {"path": str(folder)})


def _identity(options: argparse.Namespace, fleet_key: str) -> bytes:
    fields: dict[str, Any] = {"terminal": options.id, "fleet_key": fleet_key}
    if options.host:
        fields |= {"host": options.host, "port": options.port}
    if options.grace_port:
        fields["grace_port"] = options.grace_port
    names = (("tls_ca", "ca.pem"), ("tls_cert", "terminal.crt"), ("tls_key", "terminal.key"))
    fields |= {field: f"{TERMINAL_FOLDER}/{name}" for field, name in names}
    return json.dumps(fields, indent=2).encode() + b"\n"


def _told(options: argparse.Namespace, lang: Lang, entry: Entry, folder: Path) -> int:
    if options.json:
        print(json.dumps(_row(entry, _now_ms()) | {"dir": str(folder)}, ensure_ascii=False))
    else:
        say(lang, "ca__issued", name=entry.name, until=moment(entry.end_ms), folder=folder)
    return 0


def _row(entry: Entry, now_ms: int) -> dict[str, Any]:
    names = ("name", "kind", "serial", "issuer", "begin_ms", "end_ms", "issued_ms", "revoked_ms", "reason")
    return {name: getattr(entry, name) for name in names} | {"state": entry.state(now_ms)}


def _kind(entry: Entry, lang: Lang) -> str:
    return t("fleet", lang, f"ca__kind_{entry.kind}")


def _state(entry: Entry, lang: Lang) -> str:
    state = t("fleet", lang, f"ca__state_{entry.state(_now_ms())}")
    return f"{state} ({entry.reason})" if entry.reason else state


def _now_ms() -> int:
    return int(now().timestamp() * 1_000)
