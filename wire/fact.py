"""The base of all facts (`wire.facts` has them all)."""

from typing import ClassVar

import msgspec


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all fact bodies; `KIND` and `VERSION` travel in the record's header, not in the body."""

    KIND: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    SOON: ClassVar[bool] = False
    RIDES: ClassVar[bool] = False  # soon, and nobody acts on it: may wait a little longer for a commit to ride in
