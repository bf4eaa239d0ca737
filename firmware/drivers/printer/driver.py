"""The printer's worker: takes effects, posts events, and knows at any time how the printer is.

One thread, one connection, one job at a time. The core gives one job and waits for its `Printed`; a second one is kept,
more are refused (4014). While idle the printer is asked once a second how it is. A device that vanishes is looked for
with a growing pause and found under its path again.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from firmware.drivers.printer.encode import encode, pulse
from firmware.drivers.printer.glyphs import FONT, FontGlyphs, Glyphs, NoGlyphs
from firmware.drivers.printer.job import MISSING_CHARACTER, Result, Slip
from firmware.drivers.printer.line import Line, Patience, Stopped, Tally
from firmware.drivers.printer.model import Model
from firmware.drivers.printer.qr import qr_for
from firmware.drivers.printer.status import GONE, Health
from firmware.drivers.printer.transport import Connect, Gone, Transport, open_serial
from firmware.events import DrawerPulsed, Event, Print, Printed, PrinterSeen, PulseDrawer
from wire.diag import Counts
from wire.layout import layout

JOBS_MAX = 2
COPIES_MAX = 4
"""Each copy of a slip has a fence of its own."""

PULSES_MAX = 4
PULSE_GAP_MS = 1_000
"""The solenoid cools between two pulses (domain 11.4)."""

PULSE_STALL_MS = 500
REOPEN_MS_MIN, REOPEN_MS_MAX = 100, 2_000
TOO_MANY_JOBS, FONT_MISSING = 4014, 4015


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class PrinterDriver:
    """Carries out `Print` and, where the drawer hangs on the printer, `PulseDrawer`.

    `post` is called from the driver's thread with `Printed`, `PrinterSeen`, `DrawerPulsed`. `connect` opens the way to
    the printer, see `connection`. `idle_ms` is the pause between status questions. `number` tells this printer from its
    stand-in (1) in what is posted.
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        model: Model,
        connect: Connect,
        *,
        clock_ms: Callable[[], int] = monotonic_ms,
        patience: Patience | None = None,
        idle_ms: int = 1_000,
        glyphs: Glyphs | None = None,
        number: int = 0,
    ) -> None:
        self._post, self._model, self._connect, self._number = post, model, connect, number
        self._clock_ms, self._patience, self._idle_ms = clock_ms, patience or Patience(), idle_ms
        self._glyphs = glyphs or (FontGlyphs() if FONT.exists() else NoGlyphs())
        self._draw_qr = qr_for(model)
        self._wake = threading.Condition()
        self._jobs: deque[Print] = deque()
        self._pulses: deque[PulseDrawer] = deque()
        self._at_work = self._stop = False
        self._thread: threading.Thread | None = None
        self._line: Line | None = None
        self._tally = Tally()
        self._seen: Health | None = None
        self._pulsed_ms: int | None = None
        self._reopen_ms, self._reopen_at_ms = REOPEN_MS_MIN, clock_ms()

    # --- called by other threads ---------------------------------------------------------

    def start(self) -> None:
        """Run in a thread of its own."""
        assert self._thread is None
        self._thread = threading.Thread(target=self.run, name="printer")
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a slip in hand is given up where it stands."""
        with self._wake:
            self._stop = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def carry_out(self, effect: Print | PulseDrawer) -> None:
        """Take a job; never waits. What does not fit is refused at once."""
        refused: Event | None = None
        with self._wake:
            if isinstance(effect, Print):
                if len(self._jobs) >= JOBS_MAX:
                    refused = Printed(effect.job, "not_printed", TOO_MANY_JOBS, self._number, begun=False)
                else:
                    self._jobs.append(effect)
            elif len(self._pulses) >= PULSES_MAX:
                refused = DrawerPulsed(effect.cause, "too_soon")
            else:
                self._pulses.append(effect)
            self._wake.notify()
        if refused is not None:
            self._post(refused)

    def counts(self) -> Counts:
        """Bytes since the start: what the kernel gave and took, over all connections."""
        return Counts(self._tally.read, self._tally.written)

    def busy(self) -> bool:
        """Whether a job is in hand or waits to be taken up."""
        with self._wake:
            return self._at_work or bool(self._jobs or self._pulses)

    def waiting(self) -> bool:
        """Whether the job in hand waits for the printer: for room, for an answer, for its fence (decisions 2)."""
        line = self._line
        return line is not None and line.waiting and self._at_work

    # --- the driver's thread -------------------------------------------------------------

    def run(self) -> None:
        """Work until `stop`."""
        try:
            while not self._stop:
                self._turn()
        except Stopped:
            pass
        finally:
            self._drop_line()

    def _turn(self) -> None:
        """Carry out what is due, or look how the printer is, and wait for more."""
        if job := self._next():
            self._print(job)
        else:
            self._see(self._look())
        with self._wake:
            self._at_work = False
            if not (self._jobs or self._pulses or self._stop):
                self._wake.wait(self._pause_ms() / 1000)
            self._at_work = bool(self._jobs or self._pulses)

    def _next(self) -> Print | None:
        """Pulses go first: the cashier waits for the drawer, nobody for the paper."""
        try:
            self._pulse_all()
        except Gone:
            self._drop_line()
        with self._wake:
            self._at_work = bool(self._jobs)
            return self._jobs.popleft() if self._jobs else None

    def _pause_ms(self) -> int:
        if self._line is not None:
            return self._idle_ms
        return max(1, min(self._idle_ms, self._reopen_at_ms - self._clock_ms()))

    def _look(self) -> Health:
        """How the printer is, found by asking it. A replugged one is found by its path."""
        try:
            if (line := self._ready_line()) is None:
                return GONE
            if not line.transport.present():
                raise Gone("another device has its place")
            return line.health()
        except Gone:
            self._drop_line()
            return GONE

    def _see(self, health: Health) -> None:
        if self._seen is None or self._seen.look != health.look:
            self._post(PrinterSeen(health.look, self._number))
        self._seen = health

    def _print(self, job: Print) -> None:
        rows = layout(job.receipt, self._model.columns)
        slip = encode(rows, self._model, self._glyphs, self._draw_qr)
        line = self._ready_line(now=True)
        if line is None:
            result = Result("not_printed", GONE.code, GONE, begun=False)
        else:
            result = Slip(line, slip, job.because * COPIES_MAX + job.copy, self._pulse_all).print()
        if result.health.look == "none":
            self._drop_line()
        code = result.code
        if code == MISSING_CHARACTER and isinstance(self._glyphs, NoGlyphs):
            code = FONT_MISSING
        if not self._stop:
            self._see(result.health)
        self._post(Printed(job.job, result.outcome, code, self._number, result.begun))

    def _pulse_all(self) -> None:
        while True:
            with self._wake:
                if not self._pulses:
                    return
                self._at_work = True
                cause = self._pulses.popleft().cause
            try:
                event = self._pulse(cause)
            except Gone:
                self._post(DrawerPulsed(cause, "did_not_open"))
                raise
            self._post(event)

    def _pulse(self, cause: int) -> DrawerPulsed:
        command = pulse(self._model)
        if not command:
            return DrawerPulsed(cause, "no_drawer")
        line = self._line or self._ready_line(now=True)
        if line is None:  # the drawer is there, and its key opens it: no other printer can
            return DrawerPulsed(cause, "did_not_open")
        now_ms = self._clock_ms()
        if self._pulsed_ms is not None and now_ms - self._pulsed_ms < PULSE_GAP_MS:
            return DrawerPulsed(cause, "too_soon")
        # A plain pulse would wait behind missing paper and fire when nobody expects it.
        if self._model.drawer == "plain" and not line.health().fine:
            return DrawerPulsed(cause, "did_not_open")
        done = line.send(command, stall_ms=PULSE_STALL_MS) == len(command)
        self._pulsed_ms = now_ms
        return DrawerPulsed(cause, "no_sensor" if done else "did_not_open")

    def _ready_line(self, *, now: bool = False) -> Line | None:
        """The connection, made if there is none and it is time to try (`now`: in any case)."""
        if self._line is not None:
            return self._line
        if not now and self._clock_ms() < self._reopen_at_ms:
            return None
        try:
            transport: Transport = self._connect()
        except Gone:
            self._reopen_at_ms = self._clock_ms() + self._reopen_ms
            self._reopen_ms = min(REOPEN_MS_MAX, self._reopen_ms * 2)
            return None
        self._reopen_ms = REOPEN_MS_MIN
        self._line = Line(transport, self._model, self._clock_ms, self._tally, lambda: self._stop, self._patience)
        return self._line

    def _drop_line(self) -> None:
        if self._line is not None:
            self._line.transport.close()
            self._line = None
            self._reopen_at_ms = self._clock_ms() + self._reopen_ms


def connection(port: str, model: Model, cache: Path) -> Connect:
    """How to open the printer at `port`: a path of a serial line, `usb:04b8:0202`, `tcp:HOST:9100`, or `file:PATH`.

    `cache` is a folder of ours where python-escpos keeps its parsed list of printers."""

    def connect() -> Transport:
        kind, _, rest = port.partition(":")
        if kind not in ("usb", "tcp", "file"):
            return open_serial(port, model)
        from firmware.drivers.printer import escpos

        if kind == "usb":
            vendor, _, product = rest.partition(":")
            return escpos.open_usb(int(vendor, 16), int(product, 16))
        if kind == "tcp":
            host, _, number = rest.rpartition(":")
            return escpos.open_network(host, int(number))
        return escpos.open_file(rest)

    os.environ.setdefault("ESCPOS_CAPABILITIES_PICKLE_DIR", str(cache))
    return connect
