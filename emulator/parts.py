"""What the machine asks of its printer."""

from collections.abc import Sequence
from typing import Protocol

from PIL.Image import Image


class Slip(Protocol):
    """One piece of paper: finished with a cut, still growing, or torn off in the middle."""

    number: int
    text: str
    state: str


class Printer(Protocol):
    """A printer with a body at the far end of a pty (decisions 3)."""

    consumed: int
    sent: int

    def open(self) -> str: ...

    def plug(self) -> str: ...

    def unplug(self) -> None: ...

    def trouble(self, name: str) -> None: ...

    def power_cut(self) -> None: ...

    def slips(self) -> Sequence[Slip]: ...

    def picture(self, slip: Slip) -> Image: ...
