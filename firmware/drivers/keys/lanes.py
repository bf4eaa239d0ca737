"""One lane per device: its bytes -> events. Pure: the reader gives bytes and the time, and asks when to come back."""

from collections.abc import Mapping
from typing import Protocol

from firmware.drivers.keys.burst import Burst
from firmware.drivers.keys.codec import KeyChange, Lost, Unpacker
from firmware.drivers.keys.letters import Letters
from firmware.events import Key, KeyHeld, KeyPressed, Scanned, ScanRejected
from wire.board import KEY_HELD_MS

InputEvent = KeyPressed | KeyHeld | Scanned | ScanRejected
NO_KEYS: frozenset[int] = frozenset()


class Lane(Protocol):
    """What the reader knows of a device."""

    lost: bool
    """Keys were lost in the last `feed`: tell the lane what is down now."""

    @property
    def due_ms(self) -> int | None:
        """When `tick` should be called at the latest, by our clock."""

    @property
    def busy(self) -> bool:
        """Whether something begun is not finished: a scan without its end."""

    def feed(self, data: bytes, now_ms: int) -> list[InputEvent]: ...
    def tick(self, now_ms: int) -> list[InputEvent]: ...
    def resync(self, down: frozenset[int], caps: bool) -> None: ...
    def unplugged(self) -> list[InputEvent]: ...


class KeypadLane:
    """Keys by the profile's map; a key held for two seconds is told once, by the device's clock or by ours."""

    def __init__(self, keys: Mapping[int, Key]) -> None:
        self._keys = keys
        self._unpacker = Unpacker()
        self._held: KeyChange | None = None
        self._held_at_ms: int | None = None
        self.lost = False

    @property
    def due_ms(self) -> int | None:
        return self._held_at_ms

    @property
    def busy(self) -> bool:
        return False

    def feed(self, data: bytes, now_ms: int) -> list[InputEvent]:
        self.lost = False
        found: list[InputEvent] = []
        for change in self._unpacker.feed(data):
            found += self._one(change, now_ms)
        return found

    def tick(self, now_ms: int) -> list[InputEvent]:
        if self._held_at_ms is None or now_ms < self._held_at_ms:
            return []
        assert self._held is not None
        return self._hold(self._held.device_ms + KEY_HELD_MS)

    def resync(self, down: frozenset[int], caps: bool) -> None:
        if self._held is not None and self._held.code not in down:
            self._release()

    def unplugged(self) -> list[InputEvent]:
        self._unpacker = Unpacker()
        self._release()
        return []

    def _one(self, change: KeyChange | Lost, now_ms: int) -> list[InputEvent]:
        if isinstance(change, Lost):
            self.lost = True
            return [ScanRejected("lost_keys")]
        if change.code not in self._keys:
            return []
        if change.down:
            self._held, self._held_at_ms = change, now_ms + KEY_HELD_MS
            return [KeyPressed(self._keys[change.code], change.device_ms)]
        if self._held is None or self._held.code != change.code:
            return []
        was_held = self._held_at_ms is not None and change.device_ms - self._held.device_ms >= KEY_HELD_MS
        found = self._hold(change.device_ms) if was_held else []
        self._release()
        return found

    def _hold(self, device_ms: int) -> list[InputEvent]:
        assert self._held is not None
        self._held_at_ms = None
        return [KeyHeld(self._keys[self._held.code], device_ms)]

    def _release(self) -> None:
        self._held = self._held_at_ms = None


class WedgeLane:
    """A scanner that types like a keyboard."""

    def __init__(self, gap_ms: int, gs_substitute: str = "") -> None:
        self._unpacker = Unpacker()
        self._letters = Letters()
        self._burst = Burst(gap_ms, gs_substitute)
        self.lost = False

    @property
    def due_ms(self) -> int | None:
        return self._burst.due_ms

    @property
    def busy(self) -> bool:
        return self._burst.due_ms is not None

    def feed(self, data: bytes, now_ms: int) -> list[InputEvent]:
        self.lost = False
        found: list[InputEvent] = []
        for change in self._unpacker.feed(data):
            if isinstance(change, Lost):
                self.lost = True
                self._burst.spoil(now_ms)
                found.append(ScanRejected("lost_keys"))
                continue
            letter = self._letters.press(change)
            if letter:
                found += self._burst.take(letter.encode(), change.device_ms, now_ms)
        return found

    def tick(self, now_ms: int) -> list[InputEvent]:
        return list(self._burst.silence(now_ms))

    def resync(self, down: frozenset[int], caps: bool) -> None:
        self._letters.resync(down, caps)

    def unplugged(self) -> list[InputEvent]:
        self._unpacker = Unpacker()
        self._letters = Letters()
        return list(self._burst.cut())


class SerialLane:
    """A scanner that sends bytes."""

    lost = False

    def __init__(self, gap_ms: int, gs_substitute: str = "") -> None:
        self._burst = Burst(gap_ms, gs_substitute)

    @property
    def due_ms(self) -> int | None:
        return self._burst.due_ms

    @property
    def busy(self) -> bool:
        return self._burst.due_ms is not None

    def feed(self, data: bytes, now_ms: int) -> list[InputEvent]:
        return list(self._burst.take(data, now_ms, now_ms))

    def tick(self, now_ms: int) -> list[InputEvent]:
        return list(self._burst.silence(now_ms))

    def resync(self, down: frozenset[int], caps: bool) -> None:
        raise AssertionError("a serial line has no keys")

    def unplugged(self) -> list[InputEvent]:
        return list(self._burst.cut())
