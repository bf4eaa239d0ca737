"""Time of a status question to the printer, less the time the reply takes by itself, over a pty.

A printer of ours at the far end answers `DLE EOT` after a delay of its own, measured there. Beside it python-escpos,
asked over the same pty.
"""

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness import Figure, Scale, Timed, in_turns, medians
from firmware.drivers.printer.driver import monotonic_ms
from firmware.drivers.printer.line import Line, Tally
from firmware.drivers.printer.model import model_for
from firmware.drivers.printer.transport import open_serial

OVER_MS_MAX = 2.0
"""Whoever polls once a millisecond and wakes once more needs this; a time-out waited for needs a hundred times more."""

DELAYS_MS = (0, 5, 30)
GOOD = 0x12
WHY = "waking the driver's thread takes its turn on a busy machine"


def measure(scale: Scale) -> list[Figure]:
    """Ours after three delays of the printer, then the peer."""
    figures = []
    for delay_ms in DELAYS_MS:
        with _far_end(delay_ms / 1000) as (far, path):
            over_s = medians(in_turns({"ours": _ours(far, path)}, scale.pick(15, 60)))["ours"]
        name = f"printer status beyond a reply of {delay_ms} ms"
        figures.append(Figure(name, over_s * 1000, "ms", OVER_MS_MAX, detail="one DLE EOT over a pty", why=WHY))
    with _far_end(0.005) as (far, path):
        peer_s = _peer_s(far, path, scale.pick(2, 4))
    return [*figures, Figure("peer: python-escpos beyond a reply of 5 ms", peer_s * 1000, "ms", detail="its time-out")]


@dataclass(slots=True)
class FarEnd:
    """The printer: answers each question after `delay_s`; `own_s` is what the last reply took there."""

    fd: int
    delay_s: float
    own_s: float = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Answer until stopped."""
        held = b""
        while not self.stopping.is_set():
            if not select.select([self.fd], [], [], 0.1)[0]:
                continue
            held += os.read(self.fd, 64)
            began = time.perf_counter()
            while len(held) >= 3:
                held = held[3:]
                if self.delay_s:
                    time.sleep(self.delay_s)
                os.write(self.fd, bytes((GOOD,)))
                self.own_s = time.perf_counter() - began


@contextmanager
def _far_end(delay_s: float) -> Iterator[tuple[FarEnd, Path]]:
    near, far = pty.openpty()
    tty.setraw(far)
    end = FarEnd(near, delay_s)
    thread = threading.Thread(target=end.run, name="far-end")
    thread.start()
    try:
        yield end, Path(os.ttyname(far))
    finally:
        end.stopping.set()
        thread.join()
        os.close(near)
        os.close(far)


def _ours(far: FarEnd, path: Path) -> Timed:
    model = model_for(58, virtual=True)
    line = Line(open_serial(str(path), model), model, monotonic_ms, Tally(), lambda: False)

    def ask() -> None:
        assert line.ask(1) == GOOD

    return _beyond(far, ask)


def _peer_s(far: FarEnd, path: Path, rounds: int) -> float:
    from escpos.printer import Serial

    peer = Serial(str(path))
    peer.open()

    def ask() -> None:
        assert peer.query_status(b"\x10\x04\x01") == bytes((GOOD,))

    try:
        return medians(in_turns({"peer": _beyond(far, ask)}, rounds, warm_up=0))["peer"]
    finally:
        peer.close()


def _beyond(far: FarEnd, ask: Callable[[], None]) -> Timed:
    """The asker's wall time less the reply's own."""

    def run() -> float:
        began = time.perf_counter()
        ask()
        return time.perf_counter() - began - far.own_s

    return run
