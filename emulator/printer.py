"""The virtual printer: its body at the far end of a pty, driven by one thread.

The pty's slave is what the daemon opens as its serial port. The body takes bytes only as fast as its line and buffer
allow, so the pty fills up and the daemon's writes wait, as before a real printer.
"""

import errno
import fcntl
import os
import pty
import select
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from emulator.printer_body import Mechanics, PrinterBody, Trouble
from paper.events import DrawerPulse
from paper.face import Face, find_font
from paper.picture import slip_picture
from paper.profile import PAPER_58, PaperProfile
from paper.slip import Slip

TICK_S = 0.005
READ_BYTES_MAX = 4_096

OnDrawer = Callable[[DrawerPulse], None]
OnPaper = Callable[[Slip], None]


class VirtualPrinter:
    """`open` it, give the daemon the path, watch `slips`. All methods may be called from any thread.

    `on_drawer` hears of each pulse, `on_paper` of each slip that changed; both are called on the printer's own thread
    (or in `turn`) and hold no lock of it. `speed` makes its time run so many times faster. A slip ends as its
    profile's `slip_end` says.
    """

    def __init__(
        self,
        profile: PaperProfile = PAPER_58,
        on_drawer: OnDrawer | None = None,
        on_paper: OnPaper | None = None,
        *,
        mechanics: Mechanics | None = None,
        speed: int = 1,
        font: Path | None = None,
    ) -> None:
        assert speed >= 1
        self.profile = profile
        self._body = PrinterBody(profile, mechanics)
        self._on_drawer, self._on_paper, self._speed = on_drawer, on_paper, speed
        self._font, self._face = font, None if font is None else Face(font)
        self._lock = threading.RLock()
        self._master = self._slave = -1
        self._link: Path | None = None
        self._thread: threading.Thread | None = None
        self._wake_read, self._wake_write = -1, -1
        self._unsent = b""
        self._told: tuple[int, int, str] = (0, 0, "")
        self.consumed = 0
        self.sent = 0

    # --- life

    def open(self, link: Path | None = None, *, pump: bool = True) -> str:
        """Plug it in and start its thread (not with `pump=False`: then call `turn`). Returns the path of the pty; a
        `link` is a symlink that always points to it and is missing while it is unplugged."""
        assert self._wake_read < 0, "it is open"
        self._link = link
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        path = self.plug()
        if pump:
            self._thread = threading.Thread(target=self._run, name="virtual-printer", daemon=True)
            self._thread.start()
        return path

    def close(self) -> None:
        """Stop the thread and take the pty away."""
        if self._wake_read < 0:
            return
        thread, self._thread = self._thread, None
        self._wake()
        if thread is not None:
            thread.join()
        self.unplug()
        for end in (self._wake_read, self._wake_write):
            os.close(end)
        self._wake_read = self._wake_write = -1

    def plug(self) -> str:
        """Put the cable in: a new pty, whose path is returned. Does nothing to one that is in."""
        with self._lock:
            if self._master < 0:
                self._master, self._slave = pty.openpty()
                tty.setraw(self._slave)
                os.set_blocking(self._master, False)
                self._point(os.ttyname(self._slave))
            path = os.ttyname(self._slave)
        self._wake()
        return path

    def unplug(self) -> None:
        """Pull the cable: the pty hangs up. The printer has power of its own and prints what it has. Bytes on their
        way are lost; they count as consumed, and answers the daemon has not read count as not sent."""
        with self._lock:
            if self._master < 0:
                return
            self._point(None)
            self._lose_what_travels()
            os.close(self._slave)
            os.close(self._master)
            self._master = self._slave = -1
            self._body.cable_reset()
        self._wake()

    def trouble(self, name: Trouble) -> None:
        """One trouble at a time: paper_out, paper_low, cover_open, offline, unplugged, slow, silent, or ok for none."""
        with self._lock:
            self._body.set_trouble(name)
            if name == "unplugged":
                self.unplug()
            elif self._wake_read >= 0:
                self.plug()
        self._wake()

    def set_drawer(self, open_: bool) -> None:
        """The drawer's contact as the printer's connector sees it: high when open."""
        with self._lock:
            self._body.set_drawer_pin(open_)
        self._wake()

    def power_cut(self) -> None:
        """Power fails and returns: nothing that was not printed will be, the slip begun is torn. To be called after
        the daemon was killed; both counters begin again with it."""
        with self._lock:
            if self._master >= 0:
                self._lose_what_travels()
            self._body.power_cut()
            self._unsent = b""
            self.consumed = self.sent = 0
        self._tell()
        self._wake()

    def restart_counts(self, consumed: int = 0, sent: int = 0) -> None:
        """Count on from what the daemon has counted: from zero with a new daemon. After `plug`, too: what a pulled
        cable lost within the kernel can be counted by the daemon only."""
        with self._lock:
            self.consumed, self.sent = consumed, sent

    # --- what one sees

    @property
    def path(self) -> str | None:
        """The pty, or None while unplugged."""
        with self._lock:
            return os.ttyname(self._slave) if self._slave >= 0 else None

    def idle(self) -> bool:
        """All that has come in is printed and all answers are out. Bytes still on their way through the kernel cannot
        be seen: that nothing is on its way, only equal counts at both ends can prove."""
        with self._lock:
            return self._body.idle() and not self._unsent and not self._arrived()

    def waiting(self) -> str | None:
        """What it waits for, for the settle answer: "paper", "cover", "offline", "printing" or None."""
        with self._lock:
            return self._body.waiting()

    @property
    def unreadable(self) -> int:
        """How often it met bytes it could make no sense of; a sound daemon leaves this at 0."""
        with self._lock:
            return self._body.unreadable

    def slips(self) -> list[Slip]:
        """The slips, oldest first: the last `SLIPS_MAX` finished or torn ones and the one being printed."""
        with self._lock:
            return self._body.slips()

    def picture(self, slip: Slip) -> Image.Image:
        """A slip as a picture, one pixel per dot ("L", torn ones "LA"). Raises `FontMissing`."""
        with self._lock:
            if self._face is None:
                self._face = Face(self._font or find_font())
            return slip_picture(slip, self._face, self.profile.dots)

    # --- the pump

    def turn(self, elapsed_us: int) -> None:
        """Let time pass, take what came, send what is to be said, and tell those who want to hear of it."""
        with self._lock:
            self._body.advance(elapsed_us * self._speed)
            self._receive()
            self._body.advance(0)
            self._send()
            pulses = self._body.take_pulses()
        for pulse in pulses:
            if self._on_drawer is not None:
                self._on_drawer(pulse)
        self._tell()

    def _run(self) -> None:
        last_ns = time.monotonic_ns()
        while self._thread is not None:
            self._rest()
            now_ns = time.monotonic_ns()
            self.turn((now_ns - last_ns) // 1_000)
            last_ns = now_ns

    def _rest(self) -> None:
        """Sleep until there is something to do: bytes, a call from another thread, or time for the head to move."""
        with self._lock:
            resting = self._body.resting() and not self._unsent
            sources = [self._wake_read]
            if self._master >= 0 and self._body.room():
                sources.append(self._master)
        try:
            ready = select.select(sources, [], [], None if resting else TICK_S)[0]
        except OSError as error:  # unplugged by another thread in this moment
            if error.errno != errno.EBADF:
                raise
            return
        if self._wake_read in ready:
            os.read(self._wake_read, READ_BYTES_MAX)

    def _receive(self) -> None:
        room = min(self._body.room(), READ_BYTES_MAX)
        if self._master < 0 or not room:
            return
        try:
            data = os.read(self._master, room)
        except BlockingIOError:
            return
        self.consumed += len(data)
        self._body.receive(data)

    def _send(self) -> None:
        self._unsent += self._body.take_replies()
        if self._master < 0:
            self._unsent = b""  # said to nobody
        if not self._unsent:
            return
        try:
            taken = os.write(self._master, self._unsent)
        except BlockingIOError:
            return
        self.sent += taken
        self._unsent = self._unsent[taken:]

    def _tell(self) -> None:
        """Tell of every slip that is not as it was told last."""
        if self._on_paper is None:
            return
        with self._lock:
            changed = [slip for slip in self._body.slips() if _marks(slip) > self._told]
            if changed:
                self._told = _marks(changed[-1])
        for slip in changed:
            self._on_paper(slip)

    def _lose_what_travels(self) -> None:
        """Empty the pty both ways."""
        unread = struct.unpack("i", fcntl.ioctl(self._slave, termios.FIONREAD, b"\0" * 4))[0]
        self.sent -= unread
        while True:
            try:
                self.consumed += len(os.read(self._master, READ_BYTES_MAX))
            except BlockingIOError:
                break
        termios.tcflush(self._slave, termios.TCIOFLUSH)
        self._unsent = b""

    def _arrived(self) -> int:
        """Bytes in the pty that the body has not taken yet."""
        if self._master < 0:
            return 0
        return int(struct.unpack("i", fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4))[0])

    def _point(self, path: str | None) -> None:
        """Keep the link true: replaced in one step, so nobody ever finds half of it."""
        if self._link is None:
            return
        if path is None:
            self._link.unlink(missing_ok=True)
            return
        fresh = self._link.with_name(self._link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(path)
        fresh.replace(self._link)

    def _wake(self) -> None:
        if self._wake_write >= 0:
            try:
                os.write(self._wake_write, b"\0")
            except BlockingIOError:
                return  # it has been called often enough


def _marks(slip: Slip) -> tuple[int, int, str]:
    """Grows with every change of the paper: "printing" comes last of the states in time, so it sorts lowest."""
    return slip.number, slip.dots, "" if slip.state == "printing" else slip.state
