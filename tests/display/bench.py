"""A virtual display on a test's table: the emulator's glass behind a real socket, and the driver in a real thread."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from emulator.lcd import LcdKind, LcdStream
from firmware.hardware import Board, Display
from wire.board import LCD

WAIT_S = 20
"""How long a test waits for another thread before it says what never came."""

DISPLAYS = {
    "st7789": Display(Board(), "st7789"),
    "ili9341": Display(Board(), "ili9341", inverted=False),
}


class GlassServer:
    """Listens on `lcd.sock` in `folder` as the emulator does; `glass` decodes the newest connection."""

    def __init__(self, folder: Path, kind: LcdKind, piece: int = 65_536) -> None:
        self.path = folder / LCD
        self.kind, self.piece = kind, piece
        self.glass = LcdStream(kind)
        self.connections = 0
        self.change = threading.Condition()
        self._link: socket.socket | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(4)
        self._thread = threading.Thread(target=self._run, name="glass")
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return  # closed by the test
            with self.change:
                self.glass, self._link = LcdStream(self.kind), link
                self.connections += 1
                self.change.notify_all()
            self._read(link)

    def _read(self, link: socket.socket) -> None:
        with link:
            while True:
                try:
                    data = link.recv(self.piece)
                except OSError:
                    return
                if not data:
                    return
                with self.change:
                    self.glass.feed(data)
                    self.change.notify_all()

    def unplug(self) -> None:
        """Hang up on the daemon; a new connection is taken."""
        with self.change:
            if self._link is not None:
                self._link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.unplug_quietly()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.path.unlink()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    def unplug_quietly(self) -> None:
        try:
            self.unplug()
        except OSError:
            return  # that connection is gone already

    def until(self, what: Callable[[], bool], why: str) -> None:
        """Wait until `what()` of the glass or the driver, which tells nobody when it changes; fail with `why`."""
        end = time.monotonic() + WAIT_S
        with self.change:
            while not what():
                assert time.monotonic() < end, f"never {why}"
                self.change.wait(0.02)

    def until_shown(self, wanted: bytes) -> None:
        """Wait until the glass shows these RGB bytes."""
        self.until(lambda: rgb(self.glass.image()) == wanted, "shown")


def rgb(picture: Image.Image) -> bytes:
    return picture.convert("RGB").tobytes()
