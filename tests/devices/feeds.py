"""What devices send, made by the tests: real `input_event` bytes."""

import os
import selectors
import threading
import time
from collections.abc import Callable
from pathlib import Path

from firmware.events import Event
from wire.board import INPUT_EVENT

SHIFT, ENTER = 42, 28
ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\zxcvbnm,./"}
UPPER = {2: "!@#$%^&*()_+", 16: "QWERTYUIOP{}", 30: 'ASDFGHJKL:"~', 43: "|ZXCVBNM<>?"}
PLAIN = {sign: first + i for first, row in ROWS.items() for i, sign in enumerate(row)} | {" ": 57, "\n": ENTER}
SHIFTED = {sign: first + i for first, row in UPPER.items() for i, sign in enumerate(row)}

WAIT_S = 20


def event(kind: int, code: int, value: int, at_ms: int = 0) -> bytes:
    return INPUT_EVENT.pack(at_ms // 1000, at_ms % 1000 * 1000, kind, code, value)


def key(code: int, value: int, at_ms: int = 0) -> bytes:
    """A change with the scan code before it and the report after it, as the kernel sends them."""
    return event(4, 4, code, at_ms) + event(1, code, value, at_ms) + event(0, 0, 0, at_ms)


def tap(code: int, at_ms: int = 0, for_ms: int = 50) -> bytes:
    return key(code, 1, at_ms) + key(code, 0, at_ms + for_ms)


def typed(text: str, at_ms: int = 0, step_ms: int = 1) -> bytes:
    """A wedge scanner types `text`; Shift goes down and up for each sign that needs it."""
    sent = []
    for sign in text:
        code = PLAIN.get(sign) or SHIFTED[sign]
        stroke = key(code, 1, at_ms) + key(code, 0, at_ms)
        sent.append(stroke if sign in PLAIN else key(SHIFT, 1, at_ms) + stroke + key(SHIFT, 0, at_ms))
        at_ms += step_ms
    return b"".join(sent)


class Inbox:
    """Collects a driver's events and lets a test wait for a condition over them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def post(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def until(self, done: Callable[[list[Event]], object]) -> list[Event]:
        with self._changed:
            assert self._changed.wait_for(lambda: done(self.events), WAIT_S), self.events
            return list(self.events)

    def of(self, *kinds: type) -> list[Event]:
        with self._changed:
            return [event for event in self.events if isinstance(event, kinds)]

    def until_count(self, count: int, *kinds: type) -> list[Event]:
        self.until(lambda events: sum(isinstance(event, kinds) for event in events) >= count)
        return self.of(*kinds)


def eventually(done: Callable[[], object]) -> None:
    """Poll for what has no event to wait for."""
    end = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < end, done
        time.sleep(0.002)


def make_fifo(path: Path) -> int:
    """A FIFO and its writing end, opened so that it needs no reader."""
    os.mkfifo(path)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)


def write_all(fd: int, data: bytes, size: int = 4080) -> None:
    """Write everything in pieces, waiting while the reader is behind."""
    with selectors.DefaultSelector() as room:
        room.register(fd, selectors.EVENT_WRITE)
        while data:
            assert room.select(WAIT_S)
            data = data[os.write(fd, data[:size]) :]
