"""The input thread: waits for all devices at once, opens what is missing again and again, posts events."""

import contextlib
import logging
import os
import selectors
import time
from collections.abc import Callable, Sequence
from typing import Literal

from firmware.drivers.keys.lanes import InputEvent, Lane
from firmware.drivers.keys.ports import READ_BYTES_MAX, Port
from firmware.events import DeviceSeen, Event
from wire.diag import Counts

log = logging.getLogger(__name__)

RETRY_FIRST_MS = 50
RETRY_MAX_MS = 1_000


def monotonic_ms() -> int:
    """Milliseconds of the monotonic clock."""
    return time.monotonic_ns() // 1_000_000


class Input:
    """One device: its endpoint's name, its port and its lane, and what we know of it. Owned by the input thread."""

    def __init__(self, name: str, device: Literal["keypad", "scanner"], port: Port, lane: Lane) -> None:
        self.name, self.device, self.port, self.lane = name, device, port, lane
        self.fd: int | None = None
        self.retry_at_ms = 0
        self.retry_ms = RETRY_FIRST_MS
        self.bytes_read = 0


class Keys:
    """All inputs of the terminal behind one thread.

    `post` puts an event into the core's inbox. `credit` is asked before each key or scan; when it says no (32 keys
    wait already) the event is dropped and `reject` sounds, once until credit comes back (decisions 14).
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        post: Callable[[Event], None],
        credit: Callable[[], bool] = lambda: True,
        reject: Callable[[], None] = lambda: None,
        clock_ms: Callable[[], int] = monotonic_ms,
    ) -> None:
        self._inputs = tuple(inputs)
        self._post, self._credit, self._reject, self._clock_ms = post, credit, reject, clock_ms
        self._present: dict[str, bool] = {}
        self._dropping = False
        self._handling = False
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Body of the input thread; returns after `stop`."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_read, selectors.EVENT_READ)
            try:
                while not self._stopping:
                    self._turn(selector)
            finally:
                for each in self._inputs:
                    each.port.close()

    def stop(self) -> None:
        """Make `run` return soon; may be called by any thread, also before `run`."""
        self._stopping = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"!")

    def counts(self) -> dict[str, Counts]:
        """Bytes read and turned into events, by endpoint."""
        return {each.name: Counts(each.bytes_read, 0) for each in self._inputs}

    def busy(self) -> bool:
        """Whether bytes are being turned into events, or a scan has begun and not ended."""
        return self._handling or any(each.lane.busy for each in self._inputs)

    def _turn(self, selector: selectors.BaseSelector) -> None:
        now_ms = self._clock_ms()
        for each in self._inputs:
            if each.fd is None and now_ms >= each.retry_at_ms:
                self._open(selector, each, now_ms)
        self._say_presence()
        ready = selector.select(self._wait_s(self._clock_ms()))
        for key, _ in ready:
            if key.fd == self._wake_read:
                os.read(self._wake_read, 4096)
            else:
                self._read(selector, key.data)
        now_ms = self._clock_ms()
        for each in self._inputs:
            self._offer(each.lane.tick(now_ms))

    def _wait_s(self, now_ms: int) -> float | None:
        """Until the next thing to do by the clock; None: nothing."""
        dues = [each.retry_at_ms if each.fd is None else each.lane.due_ms for each in self._inputs]
        known = [due for due in dues if due is not None]
        return max(0, min(known) - now_ms) / 1000 if known else None

    def _open(self, selector: selectors.BaseSelector, each: Input, now_ms: int) -> None:
        each.fd = each.port.open()
        if each.fd is None:
            each.retry_at_ms = now_ms + each.retry_ms
            each.retry_ms = min(2 * each.retry_ms, RETRY_MAX_MS)
            return
        each.retry_ms = RETRY_FIRST_MS
        selector.register(each.fd, selectors.EVENT_READ, each)
        self._take(each, each.port.first())

    def _read(self, selector: selectors.BaseSelector, each: Input) -> None:
        assert each.fd is not None
        try:
            data = os.read(each.fd, READ_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError as gone:  # ENODEV: evdev unplugged; EIO: the pty's or tty's other end is gone
            log.info("%s: %s", each.name, gone)
            data = b""
        if data:
            self._take(each, data)
            return
        selector.unregister(each.fd)
        each.port.gone()
        each.fd, each.retry_at_ms = None, self._clock_ms() + each.retry_ms
        self._offer(each.lane.unplugged())

    def _take(self, each: Input, data: bytes) -> None:
        """Turn bytes into events; they count as read only when their events are posted (decisions 2)."""
        self._handling = True
        events = each.lane.feed(data, self._clock_ms())
        if each.lane.lost:
            each.lane.resync(*each.port.state())
        self._offer(events)
        each.bytes_read += len(data)
        self._handling = False

    def _offer(self, events: Sequence[InputEvent]) -> None:
        for event in events:
            if self._credit():
                self._dropping = False
                self._post(event)
            elif not self._dropping:
                self._dropping = True
                log.warning("input dropped: the core is behind")
                self._reject()

    def _say_presence(self) -> None:
        """Tell the core when a device came or went. A scanner is there while any of its sources is."""
        for device in ("keypad", "scanner"):
            mine = [each for each in self._inputs if each.device == device]
            present = any(each.fd is not None for each in mine)
            if mine and self._present.get(device) is not present:
                self._present[device] = present
                self._post(DeviceSeen(device, present))
