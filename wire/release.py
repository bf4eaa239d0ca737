"""What a release bundle says of itself, under the fleet's signature.

A bundle is a plain tar of `manifest.json`, `manifest.sig` and `payload.tar.gz`, in this order: who reads it knows whom it
is from before a byte of the payload is unpacked.
"""

import re
from typing import Annotated, Final

import msgspec

from wire.fleet import Sha256, Word

MANIFEST, SIGNATURE, PAYLOAD = "manifest.json", "manifest.sig", "payload.tar.gz"
MEMBERS: Final = (MANIFEST, SIGNATURE, PAYLOAD)
MANIFEST_BYTES_MAX: Final = 4_096
FILES_MAX, UNPACKED_BYTES_MAX = 20_000, 2**30


Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z._+-]{1,32}\Z")]


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`manifest.json`: which release this is, and of which file of goods. `minimum`: the oldest release it may follow;
    `downgrade`: it may also follow a newer one."""

    version: Version
    sha256: Sha256
    size: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    minimum: Word = ""
    downgrade: bool = False


def newer(one: str, other: str) -> bool:
    """Whether release `one` is newer than `other`: by their numbers, `0.10.0` after `0.9.1`; what follows the numbers does
    not count."""
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d{1,6}(\.\d{1,6}){0,5}", version)
    numbers = [int(part) for part in found.group().split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
