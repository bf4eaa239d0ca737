"""The fleet at the far end of a counter in tests: orders go in as the uplink worker posts them, replies are read."""

import zlib
from pathlib import Path

import msgspec

from firmware.events import LinkUp, OrderCame, Tell
from rules.settings import Settings, defaults
from tests.counter import Counter
from wire.fleet import Command, Met, Order, Reply, command_name

TERMINAL = "00010023"


class Afar:
    """A counter, and whoever commands it. `order` delivers a command; `replies` are all that were told, in order."""

    def __init__(self, folder: Path, settings: Settings | None = None, **more: object) -> None:
        self.counter = Counter(folder, settings or defaults(), **more)
        self.number = 0

    def open(self) -> "Afar":
        """Signed on, shift open, link up."""
        self.counter.open_for_business()
        self.counter.step(LinkUp())
        return self

    @property
    def wall_ms(self) -> int:
        return self.counter.day_ms + self.counter.ms

    def make(self, command: Command, **changes: object) -> Order:
        """A command as the fleet would give it now."""
        self.number += 1
        order = Order(
            f"cid{self.number:08d}", TERMINAL, self.wall_ms, self.wall_ms + 120_000, command, "ops"
        )  # fmt: skip
        return msgspec.structs.replace(order, **changes)

    def deliver(self, order: Order, name: str = "", trusted: bool = True) -> list[Reply]:
        """What is told because of it."""
        before = len(self.replies)
        text = msgspec.json.encode(order).decode()
        self.counter.step(OrderCame(name or command_name(order.command), text, trusted))
        return self.replies[before:]

    def order(self, command: Command, **changes: object) -> list[Reply]:
        """A new command, delivered once."""
        return self.deliver(self.make(command, **changes))

    @property
    def replies(self) -> list[Reply]:
        return [each.message for each in self.counter.out if isinstance(each, Tell) and isinstance(each.message, Reply)]

    @property
    def met(self) -> list[Met]:
        return [each.message for each in self.counter.out if isinstance(each, Tell) and isinstance(each.message, Met)]

    def cut(self) -> "Afar":
        """The power goes and comes back; the link is up again."""
        self.counter.cut()
        self.counter.boot()
        self.counter.step(LinkUp())
        return self


def unpacked(replies: list[Reply]) -> str:
    """The text in the data of a reply's parts."""
    assert [each.part for each in replies] == list(range(1, replies[0].parts + 1))
    return zlib.decompress(b"".join(each.data for each in replies), 16 + zlib.MAX_WBITS).decode()
