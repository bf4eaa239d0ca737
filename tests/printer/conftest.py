"""A driver at one end, a scripted printer at the other."""

import itertools
import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.drivers.printer.driver import PrinterDriver, connection
from firmware.drivers.printer.line import Patience
from firmware.drivers.printer.model import models
from firmware.events import Print, Printed, PrinterSeen
from tests.layout.slips import SAMPLE
from tests.printer.body import Body, Script
from wire.receipt import Receipt

QUICK = Patience(reply_ms=250, stall_ms=300, watch_ms=30, clear_ms=500, job_ms_min=1_000, job_ms_max=1_000)
PATIENT = Patience(watch_ms=30, job_ms_min=60_000)
SHORT = msgspec.structs.replace(SAMPLE, qr="")


class Bench:
    """`print` waits for the outcome; `events` holds everything the driver has posted besides."""

    def __init__(self, way: str, folder: Path, script: Script, model: str, patience: Patience, changes: dict) -> None:
        self.body = Body(way, folder, script)
        glyphs = changes.pop("glyphs", None)
        self.model = msgspec.structs.replace(models()[model], **changes)
        self.inbox: queue.Queue = queue.Queue()
        self.events: list = []
        self._numbers = itertools.count(1)
        connect = connection(self.body.port, self.model, folder)
        self.driver = PrinterDriver(self.inbox.put, self.model, connect, patience=patience, idle_ms=40, glyphs=glyphs)
        self.driver.start()

    def next(self, kind: type, condition: Callable = lambda event: True):
        """The next event of a kind that fits; the others are kept in `events`."""
        while True:
            event = self.inbox.get(timeout=30)
            self.events.append(event)
            if isinstance(event, kind) and condition(event):
                return event

    def give(self, receipt: Receipt = SHORT) -> int:
        number = next(self._numbers)
        self.driver.carry_out(Print(number, 1_000 + number, receipt))
        return number

    def print(self, receipt: Receipt = SHORT) -> tuple[str, int]:
        number = self.give(receipt)
        done = self.next(Printed, lambda event: event.job == number)
        return done.outcome, done.code

    def sees(self, look: str) -> None:
        """Wait until the driver has seen the printer like this."""
        self.next(PrinterSeen, lambda event: event.look == look)

    def close(self) -> None:
        self.driver.stop()
        self.body.close()


@pytest.fixture
def bench(tmp_path) -> Iterator[Callable[..., Bench]]:
    benches = []

    def make(script=None, *, way="pty", model="virtual58", patience=QUICK, **changes) -> Bench:
        changes = {
            "speed_mm_s": 500,
            "baud": 230_400,
            **changes,
        }  # the scripted printer is fast, patience scales with it
        benches.append(Bench(way, tmp_path, script or Script(), model, patience, changes))
        return benches[-1]

    yield make
    for made in benches:
        made.close()
