"""A slip of more bytes than printer and kernel hold at once, on the virtual printer: nothing is wrong with it, and
nothing is said to be."""

import queue
from pathlib import Path

import msgspec
import pytest

from emulator.printer import VirtualPrinter
from emulator.printer_body import Mechanics
from firmware.drivers.printer.driver import PrinterDriver, connection
from firmware.drivers.printer.line import Patience
from firmware.drivers.printer.model import Fence, models
from firmware.events import Event, Print, Printed, PrinterSeen
from tests.layout.slips import plain
from tests.printer.body import GOOD, Script
from wire.receipt import ReceiptLine

SPEED = 20
LINES = 200
MODEL = msgspec.structs.replace(models()["virtual58"], speed_mm_s=500, baud=230_400)
AS_MODEL_MM_S, SLOWER_MM_S = MODEL.speed_mm_s // SPEED, MODEL.speed_mm_s // SPEED * 6 // 10
HASTY = Patience(reply_ms=40, stall_ms=300, watch_ms=40, clear_ms=120, job_ms_min=1_200, job_ms_max=7_200)
"""The driver's own patience, as much shorter as the model is faster than a real one: all else hangs on the slip."""

LONG = plain(*(ReceiptLine(f"第{number}种商品名称", 2000, 100, 200) for number in range(LINES)))
WAIT_S = 60.0


def said(folder: Path, head_mm_s: int, fence: Fence = "gs_h") -> tuple[list[Event], VirtualPrinter]:
    """Everything the driver says until the slip is done, and the printer that printed it."""
    printer = VirtualPrinter(mechanics=Mechanics(buffer_bytes=256, head_mm_s=head_mm_s), speed=SPEED)
    inbox: queue.Queue[Event] = queue.Queue()
    model = msgspec.structs.replace(MODEL, fence=fence)
    driver = PrinterDriver(inbox.put, model, connection(printer.open(), model, folder), patience=HASTY, idle_ms=20)
    events: list[Event] = []
    try:
        driver.start()
        while events[-1:] != [PrinterSeen("ok")]:  # a virtual printer that has not begun yet is offline, as any other
            events[:] = [inbox.get(timeout=WAIT_S)]
        driver.carry_out(Print(1, 1_001, LONG))
        while not isinstance(events[-1], Printed):
            events.append(inbox.get(timeout=WAIT_S))
    finally:
        driver.stop()
        printer.close()
    events.extend(inbox.get_nowait() for _ in range(inbox.qsize()))
    return events, printer


@pytest.mark.parametrize(("fence", "outcome"), [("gs_h", "printed"), ("gs_r", "printed"), ("none", "sent")])
def test_a_printer_that_is_busy_with_a_long_slip_is_not_offline(tmp_path, fence, outcome):
    events, printer = said(tmp_path, AS_MODEL_MM_S, fence)
    assert events == [PrinterSeen("ok"), Printed(1, outcome, 0)]
    paper = "\n".join(slip.text for slip in printer.slips())
    assert paper.count("\n") > 400
    for number in range(LINES):
        assert f"第{number}种商品名称" in paper


def test_a_printer_slower_than_its_model_is_not_offline(tmp_path):
    events, _ = said(tmp_path, SLOWER_MM_S)
    assert events == [PrinterSeen("ok"), Printed(1, "printed", 0)]


@pytest.mark.parametrize("fence", ["gs_h", "none"])
def test_a_printer_that_falls_silent_in_a_long_slip_is_found_offline_in_the_end(bench, fence):
    it = bench(Script(deaf_at=2_000), fence=fence)
    assert it.print(LONG) == ("unknown", 4005)
    assert PrinterSeen("offline") in it.events


def test_answers_to_questions_that_were_stuck_are_not_taken_for_others(bench):
    """The drawer's bit in the first answer is the cover's in the second."""
    it = bench(Script(status={**GOOD, 1: 0x16}, deaf_at=0))
    it.sees("offline")
    it.driver.carry_out(Print(1, 1_001, LONG))
    it.next(Printed)
    it.events.clear()
    it.body.mend(deaf_at=None)
    it.sees("ok")
    assert PrinterSeen("cover_open") not in it.events
