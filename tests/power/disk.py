"""A card as the power cut sees it: what was synced is there, of everything since a random part (decisions 6).

The model is harsher than most file systems: unsynced writes may come in any selection and torn at 512-byte sectors, a name
is durable only by a sync of its folder, and unsynced changes of names happen in any selection too. A rename is atomic.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Create:
    name: str


@dataclass(frozen=True, slots=True)
class Write:
    name: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """ftruncate or O_TRUNC; `grow_only`: fallocate."""

    name: str
    size: int
    grow_only: bool = False


@dataclass(frozen=True, slots=True)
class Sync:
    name: str


@dataclass(frozen=True, slots=True)
class SyncFolder:
    pass


@dataclass(frozen=True, slots=True)
class Rename:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Unlink:
    name: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the process was told is durable, in its own words (`tests.power.sell`)."""

    text: str


Op = Create | Write | Resize | Sync | SyncFolder | Rename | Unlink | Said


@dataclass(frozen=True, slots=True)
class _Content:
    """A change of the bytes of file number `file`."""

    file: int
    change: Write | Resize

    def apply(self, data: bytearray) -> None:
        change = self.change
        if isinstance(change, Write):
            _put(data, change.offset, change.data)
        elif change.size > len(data):
            data.extend(bytes(change.size - len(data)))
        elif not change.grow_only:
            del data[change.size :]

    def apply_torn(self, data: bytearray, rng: random.Random) -> None:
        """Some sectors of a write, not others."""
        assert isinstance(self.change, Write)
        for offset, part in _sectors(self.change):
            if rng.random() < 0.5:
                _put(data, offset, part)


@dataclass(frozen=True, slots=True)
class _Names:
    """A change of the folder: `gone` is no name any more, `name` means file number `file`."""

    gone: str
    name: str
    file: int

    def apply(self, names: dict[str, int]) -> None:
        if self.gone and names.get(self.gone) == self.file:
            del names[self.gone]
        if self.name:
            names[self.name] = self.file


@dataclass(slots=True)
class Card:
    """`take` the operations in their order; `survivors` is the folder after a cut now."""

    names: dict[str, int] = field(default_factory=dict)  # durable
    bytes_of: dict[int, bytearray] = field(default_factory=dict)  # durable
    live: dict[str, int] = field(default_factory=dict)
    pending: list[_Content | _Names] = field(default_factory=list)

    def take(self, op: Op) -> None:
        """The process did this."""
        match op:
            case Create(name):
                if name not in self.live:
                    self._create(name)
            case Write(name) | Resize(name):
                self.pending.append(_Content(self.live[name], op))
            case Sync(name):
                self._sync(self.live[name])
            case SyncFolder():
                for change in self.pending:
                    if isinstance(change, _Names):
                        change.apply(self.names)
                self.pending = [change for change in self.pending if isinstance(change, _Content)]
            case Rename(old, new):
                self._rename(old, new, self.live[old])
            case Unlink(name):
                self._rename(name, "", self.live[name])
            case Said():
                pass

    def _create(self, name: str) -> None:
        number = len(self.bytes_of)
        self.bytes_of[number] = bytearray()
        self._rename("", name, number)

    def _rename(self, old: str, new: str, number: int) -> None:
        change = _Names(old, new, number)
        change.apply(self.live)
        self.pending.append(change)

    def _sync(self, number: int) -> None:
        left: list[_Content | _Names] = []
        for change in self.pending:
            if isinstance(change, _Content) and change.file == number:
                change.apply(self.bytes_of[number])
            else:
                left.append(change)
        self.pending = left

    def survivors(self, rng: random.Random) -> dict[str, bytearray]:
        """Name -> bytes after a cut now, to be read at once, not kept.

        One cut in five keeps nothing unsynced, one keeps everything (a mere kill).
        """
        share = rng.choice((0.0, 0.5, 0.5, 0.5, 1.0))
        names = dict(self.names)
        changed: dict[int, bytearray] = {}
        for change in self.pending:
            fate = rng.random()
            if isinstance(change, _Names):
                if fate < share:
                    change.apply(names)
                continue
            torn = share == 0.5 and isinstance(change.change, Write) and fate >= 0.8
            if not torn and (fate >= share if share != 0.5 else fate >= 0.4):
                continue
            data = changed.setdefault(change.file, bytearray(self.bytes_of[change.file]))
            change.apply_torn(data, rng) if torn else change.apply(data)
        return {name: changed.get(number, self.bytes_of[number]) for name, number in names.items()}

    def whole(self) -> dict[str, bytes]:
        """Name -> bytes as the running process sees them."""
        data = {number: bytearray(content) for number, content in self.bytes_of.items()}
        for change in self.pending:
            if isinstance(change, _Content):
                change.apply(data[change.file])
        return {name: bytes(data[number]) for name, number in self.live.items()}


def _put(data: bytearray, offset: int, part: bytes) -> None:
    if offset > len(data):
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(part)] = part


def _sectors(write: Write) -> Iterator[tuple[int, bytes]]:
    offset, end = write.offset, write.offset + len(write.data)
    while offset < end:
        until = min(end, (offset // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield offset, write.data[offset - write.offset : until - write.offset]
        offset = until
