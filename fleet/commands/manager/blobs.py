"""Bundles on the command line: a file here, and the address terminals fetch it from."""

import argparse
import hashlib
import tarfile
from pathlib import Path

import msgspec

from fleet import home
from fleet.commands import Wrong
from fleet.commands.manager.asking import Say, wrong_value
from wire.bundle import BadBundle, check_follows, check_version, manifest_of, payload_of
from wire.fleet import Blob
from wire.release import Version

RELEASE = "release"
SQUASHFS = b"hsqs"
"""How a bundle of RAUC begins: only the device knows its keyring, and can judge it."""


def blob_words(it: argparse.ArgumentParser, say: Say) -> None:
    """`--bundle` and `--url`."""
    it.add_argument("--bundle", type=Path, required=True, metavar="FILE", help=say("bundle"))
    it.add_argument("--url", required=True, metavar="URL", help=say("url"))


def blob_of(path: Path, url: str, name: str = RELEASE) -> Blob:
    """The file's digest and size, and where terminals get it. Raises `Wrong`."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as trouble:
        raise Wrong("file", {"path": str(path), "detail": str(trouble)}, room="manager") from trouble
    fields = {"name": name, "sha256": digest, "size": size, "url": url}
    return wrong_value(lambda: msgspec.convert(fields, Blob))


class _Named(msgspec.Struct, frozen=True):
    version: Version


def release_of(data: Path, path: Path, url: str, version: str, runs: str = "") -> Blob:
    """`blob_of` a bundle that terminals take: signed by this fleet, whole, the release `version`, and one that may follow
    release `runs` where that is known. Raises `Wrong` with what a terminal would say otherwise."""
    wrong_value(lambda: msgspec.convert({"version": version}, _Named))
    blob = blob_of(path, url)
    try:
        with path.open("rb") as file:
            if file.read(len(SQUASHFS)) != SQUASHFS:
                _judge(path, home.public_key(data), version, runs)
    except BadBundle as bad:
        told = {"path": str(path), "version": version, "runs": runs, "found": bad.found, "detail": bad.reason}
        raise Wrong(f"bundle_{bad.what}", told | {"signer": str(data / home.KEY)}, room="manager") from bad
    except OSError as trouble:
        raise Wrong("file", {"path": str(path), "detail": str(trouble)}, room="manager") from trouble
    return blob


def _judge(path: Path, fleet_key: str | None, version: str, runs: str) -> None:
    try:
        with tarfile.open(path, "r:") as tar:
            found = manifest_of(tar, fleet_key)
            check_version(found, version)
            if runs:
                check_follows(found, runs)
            payload_of(tar, found)
    except (tarfile.TarError, EOFError, ValueError) as wrong:
        raise BadBundle("damaged", str(wrong)) from wrong
