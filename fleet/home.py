"""The data folder of the backend: `fleet.db`, `acquirer.db` (books of the simulated acquirer), `platforms.db`
(books of the simulated voucher platforms), `vouchers.db` (the shop's own vouchers), `fleet.key` (Ed25519,
0600), `fleet.pub` (hex), `serve.lock`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.files import PRIVATE, PUBLIC, locked, replace_whole

DATABASE = "fleet.db"
ACQUIRER = "acquirer.db"
PLATFORMS = "platforms.db"
VOUCHERS = "vouchers.db"
KEY = "fleet.key"
PUBLIC_KEY = "fleet.pub"
LOCK = "serve.lock"


class InUse(Exception):
    """Another `posfleet serve` works on this folder."""


@contextmanager
def held(data: Path, worker: str = "") -> Iterator[None]:
    """Make the folder and hold it against a second server, or against a second `worker` of the same name where several
    share a database. Raises `InUse` or `OSError`."""
    data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data / (f"{worker}.{LOCK}" if worker else LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise InUse(str(data)) from taken
        yield
    finally:
        os.close(descriptor)


def public_key(data: Path) -> str | None:
    """The half of the fleet's key by which terminals know it, in hex; None where there is none yet. Raises `OSError`."""
    try:
        return (data / PUBLIC_KEY).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def fleet_key(data: Path) -> Ed25519PrivateKey:
    """The key that signs time and, later, settings; made at first use. Raises `OSError` or `ValueError`."""
    path = data / KEY
    if not path.exists():
        with locked(data / f"{KEY}.lock"):  # several workers may begin at once, and must have one key
            if not path.exists():
                replace_whole(path, (Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n").encode(), PRIVATE)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    public = key.public_key().public_bytes_raw().hex() + "\n"
    if not (data / PUBLIC_KEY).exists() or (data / PUBLIC_KEY).read_text() != public:
        replace_whole(data / PUBLIC_KEY, public.encode(), PUBLIC)
    return key
