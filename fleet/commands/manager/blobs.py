"""Bundles on the command line: a file here, and the address terminals fetch it from."""

import argparse
import hashlib
from pathlib import Path

import msgspec

from fleet.commands import Wrong
from fleet.commands.manager.asking import Say, wrong_value
from wire.fleet import Blob

RELEASE = "release"


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
