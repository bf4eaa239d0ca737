"""What the terminal shows the broker, and whom it trusts: the newest certificate that works.

Provisioning's files are never touched. What a renewal brings lies in a folder of its own: `next.pem` (key and certificate in
one file, so that it is replaced in one step) until a broker has let us in with it, then `own.pem`; `trust.pem` are the
roots the fleet said to trust since. A new certificate that is refused while the one before is let in is thrown away.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from firmware.drivers.uplink.settings import Tls

NEXT, OWN, TRUST, ASKED = "next.pem", "own.pem", "trust.pem", "asked.key"
Outcome = Literal["", "in_force", "refused"]

Write = Callable[[Path, bytes], None]
"""Replaces a file as a whole, durably, readable by its owner only."""


class Keyring:
    """`given`: provisioning's files. `folder` None: nothing is ever renewed."""

    def __init__(self, given: Tls, folder: Path | None, write: Write) -> None:
        self._given, self._folder, self._write = given, folder, write
        self._shown = ""  # the file shown last, "" for provisioning's
        self._put_off = False  # the next one was refused; the one before is tried
        self._broken: set[str] = set()

    @property
    def renews(self) -> bool:
        return self._folder is not None and self._given.cert is not None

    def tls(self) -> Tls:
        """What to connect with now."""
        self._shown = self._choose(but_next=self._put_off)
        return self._named(self._shown)

    def in_force(self) -> Tls:
        """What was let in last, or should be."""
        return self._named(self._choose(but_next=True))

    def pending(self) -> bool:
        """Whether a new certificate waits to be tried."""
        return self._there(NEXT)

    def let_in(self) -> Outcome:
        """A broker let us in with what was shown. Raises `OSError`."""
        if not self._there(NEXT):
            return ""
        assert self._folder is not None
        outcome: Outcome = "in_force" if self._shown == NEXT else "refused"
        if outcome == "in_force":
            os.replace(self._folder / NEXT, self._folder / OWN)
        else:
            (self._folder / NEXT).unlink()
        self._shown, self._put_off = OWN, False
        _sync(self._folder)
        return outcome

    def kept_out(self) -> None:
        """A broker did not take what was shown: the next attempt shows the other one, if there are two."""
        self._put_off = self._shown == NEXT

    def unusable(self) -> None:
        """What was to be shown could not even be read: not again until the next start."""
        if self._shown:
            self._broken.add(self._shown)

    def asked_key(self, make: Callable[[], bytes]) -> bytes:
        """The private key a certificate is being asked for, PEM; made once, kept until it has one. Raises `OSError`."""
        assert self._folder is not None
        path = self._folder / ASKED
        try:
            return path.read_bytes()
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            key = make()
            self._write(path, key)
            return key

    def drop_asked(self) -> None:
        """The key that was asked for is of no use."""
        assert self._folder is not None
        (self._folder / ASKED).unlink(missing_ok=True)

    def keep(self, key: bytes, chain: bytes, trust: bytes) -> None:
        """A new certificate, to be shown from the next connection on. A cut between two of these steps leaves the old one,
        or the new one whole: the new roots hold the old ones too. Raises what `write` does."""
        assert self._folder is not None
        self._write(self._folder / TRUST, trust)
        self._write(self._folder / NEXT, key + chain)
        self._broken -= {NEXT, TRUST}
        self._put_off = False
        self.drop_asked()

    def _choose(self, but_next: bool) -> str:
        names = (OWN,) if but_next else (NEXT, OWN)
        return next((name for name in names if name not in self._broken and self._there(name)), "")

    def _named(self, name: str) -> Tls:
        ca = self._given.ca
        if self._folder is not None and self._there(TRUST):
            ca = self._folder / TRUST
        if not name:
            return Tls(ca, self._given.cert, self._given.key)
        assert self._folder is not None
        return Tls(ca, self._folder / name)

    def _there(self, name: str) -> bool:
        return self._folder is not None and (self._folder / name).exists()


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
