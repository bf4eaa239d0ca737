"""How a backend reaches its broker: words of `posfleet serve` and what is made of them. No secret is among the words."""

import argparse
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from fleet.commands import Wrong
from fleet.mqtt import IngestSettings
from fleet.tls import Tls, client_context

PORT_MAX = 65_535
PASSWORD = "POSFLEET_BROKER_PASSWORD"
SECRET_BYTES_MAX = 4_096


def words(it: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """`--broker`, `--tls-…`, `--username`, `--password-file`, `--share`, `--mount`."""
    it.add_argument("--broker", default="127.0.0.1:1883", metavar="HOST:PORT", help=say("broker"))
    it.add_argument("--tls-ca", type=Path, default=None, metavar="FILE", help=say("tls_ca"))
    it.add_argument("--tls-cert", type=Path, default=None, metavar="FILE", help=say("tls_cert"))
    it.add_argument("--tls-key", type=Path, default=None, metavar="FILE", help=say("tls_key"))
    it.add_argument("--username", default="", metavar="NAME", help=say("username"))
    it.add_argument("--password-file", type=Path, default=None, metavar="FILE", help=say("password_file"))
    it.add_argument("--share", default="", metavar="NAME", help=say("share"))
    it.add_argument("--mount", default="", metavar="PREFIX", help=say("mount"))


def settings(options: argparse.Namespace) -> IngestSettings:
    """What the words say. Raises `Wrong`: also for certificates that cannot be used, before anything is begun."""
    host, port = address(options.broker)
    if options.mount and not options.mount.endswith("/"):
        raise Wrong("mount", {"text": options.mount})
    password = secret(options.password_file, PASSWORD)
    if password and not options.username:
        raise Wrong("password_alone")
    return IngestSettings(
        host, port, f"fleet-{secrets.token_hex(8)}", share=options.share, mount=options.mount,
        username=options.username, password=password, tls=_tls(options),
    )  # fmt: skip


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, also with an IPv6 address in brackets. Raises `Wrong`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 1 <= int(port) <= PORT_MAX:
        raise Wrong("address", {"text": text})
    return host.strip("[]"), int(port)


def secret(path: Path | None, variable: str) -> str:
    """What a file that only its owner can read holds, else the environment's variable, else nothing. Raises `Wrong`."""
    if path is None:
        return os.environ.get(variable, "")
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Wrong("secret_open", {"path": str(path)})
        with path.open("rb") as file:
            return file.read(SECRET_BYTES_MAX).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as trouble:
        raise Wrong("secret_file", {"path": str(path), "detail": str(trouble)}) from trouble


def _tls(options: argparse.Namespace) -> Tls | None:
    if options.tls_ca is None:
        if options.tls_cert is not None or options.tls_key is not None:
            raise Wrong("tls_alone")
        return None
    tls = Tls(options.tls_ca, options.tls_cert, options.tls_key)
    try:
        client_context(tls)
    except (OSError, ValueError) as trouble:  # ssl.SSLError is an OSError
        paths = " ".join(str(each) for each in (tls.ca, tls.cert, tls.key) if each is not None)
        raise Wrong("tls_files", {"path": paths, "detail": str(trouble)}) from trouble
    return tls
