"""A printer for the bench: reads a pty at a steady pace, cuts slips at the cut command, draws them as plain text."""

import os
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw


@dataclass
class PlainSlip:
    number: int
    text: str = ""
    state: str = "printing"


class PlainPrinter:
    def __init__(self, kicked: Callable[..., None], moved: Callable[..., None]) -> None:
        self.consumed = self.sent = 0
        self._moved = moved
        self._slips: list[PlainSlip] = []
        self._master = self._slave = -1
        self.bytes_per_s = 11_520
        self.halted = False
        self._raw = b""

    def open(self) -> str:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        threading.Thread(target=self._run, args=(self._master,), daemon=True).start()
        return os.ttyname(self._slave)

    plug = open

    def unplug(self) -> None:
        if self._master >= 0:
            master, slave, self._master, self._slave = self._master, self._slave, -1, -1
            os.close(slave)
            os.close(master)

    def trouble(self, name: str) -> None:
        self.halted = name == "offline"
        self.bytes_per_s = 1_000 if name == "slow" else 11_520

    def power_cut(self) -> None:
        tty.setraw(self._slave)
        if self._slips and self._slips[-1].state == "printing":
            self._slips[-1].state = "torn"

    def slips(self) -> list[PlainSlip]:
        return list(self._slips)

    def picture(self, slip: PlainSlip) -> Image.Image:
        rows = slip.text.split("\n")
        picture = Image.new("RGB", (384, 24 * len(rows) + 24), "white")
        ImageDraw.Draw(picture).multiline_text((12, 12), slip.text, "black", font_size=20)
        return picture

    def _run(self, master: int) -> None:
        while master == self._master:
            if self.halted:
                time.sleep(0.01)
                continue
            try:
                data = os.read(master, 64)
            except OSError:
                return
            time.sleep(len(data) / self.bytes_per_s)
            self._print(data)
            self.consumed += len(data)
            self._moved()

    def _print(self, data: bytes) -> None:
        if not self._slips or self._slips[-1].state != "printing":
            self._slips.append(PlainSlip(len(self._slips) + 1))
        slip = self._slips[-1]
        self._raw += data
        head, cut, rest = self._raw.partition(b"\x1dVB\x00")
        slip.text = head.decode("ascii", "replace")
        if cut:
            slip.state, self._raw = "finished", rest
