"""A stand-in for the terminal's daemon that speaks the board's and the diagnosis socket's protocols and does nothing
else: one thread, one selector. Its keys make it busy in every way that settling has to notice.

`OK` prints a slip · `F1` pulses the drawer and sounds · `F2` is busy for a while · `MENU` draws again after a timer ·
`UP` waits for an acknowledgement · `#` dies · `*` is deaf to the scanner from now on · digits are shown.
"""

import argparse
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from wire.board import (
    BOARD,
    INPUT_EVENT,
    KEY_CODES,
    KEYPAD,
    LCD,
    LCD_HEADER,
    PRINTER,
    SCANNER,
    SCANNER_SERIAL,
    Clock,
    FromBoard,
    Lamp,
    LineSet,
    Sensor,
    ToBoard,
    Tone,
)
from wire.diag import SOCKET, AskJournal, AskScreen, AskSettle, Counts, Journal, Query, Screen, Settle, Status, Wrong
from wire.records import Record

NAMES = {code: name for name, code in KEY_CODES.items()}
SLIP = b"".join(b"line %02d of the slip\n" % n for n in range(30)) + b"\x1d\x56\x42\x00"
BUSY_S, TIMER_S, ACK_S, PULSE_S = 0.15, 0.08, 0.3, 0.05
WHITE, BLACK = b"\xff\xff", b"\x00\x00"


class Fake:
    def __init__(self, board: Path, data: Path) -> None:
        self.board, self.data = board, data
        self.selector = selectors.DefaultSelector()
        self.read: dict[str, int] = {}
        self.written: dict[str, int] = {}
        self.lines: list[str] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.busy: set[str] = set()
        self.waiting: set[str] = set()
        self.frame = self.acked = self.seq = 0
        self.paper = bytearray()
        self.printer = -1
        self.deaf = False
        self.sensor = self.scanned = ""
        self.shift_down = False
        self.offset_s = 0

    def run(self) -> None:
        for name in (KEYPAD, SCANNER):
            self.watch(os.open(self.board / name, os.O_RDONLY | os.O_NONBLOCK), name, self.input)
        serial = os.open(self.board / SCANNER_SERIAL, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.watch(serial, SCANNER_SERIAL, lambda name, data: self.show(f"serial {data.hex()}"))
        self.printer = os.open(self.board / PRINTER, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.lcd = self.dial(LCD)
        self.talk = self.dial(BOARD)
        self.watch(self.talk.fileno(), BOARD, self.hear)
        door = socket.socket(socket.AF_UNIX)
        (self.data / SOCKET).unlink(missing_ok=True)
        door.bind(str(self.data / SOCKET))
        door.listen()
        self.selector.register(door, selectors.EVENT_READ, lambda: self.welcome(door))
        for command, arguments in ((0x11, b""), (0x21, b""), (0x36, b"\x60"), (0x3A, b"\x05"), (0x29, b"")):
            self.spi(bytes([command]), arguments)
        self.say(Lamp("green"))
        self.show("ready")
        while True:
            self.turn()

    def turn(self) -> None:
        due = min((at for at, _ in self.timers), default=time.monotonic() + 1) - time.monotonic()
        for key, _ in self.selector.select(max(0, due)):
            key.data()
        now = time.monotonic()
        ready = [act for at, act in self.timers if at <= now]
        self.timers = [(at, act) for at, act in self.timers if at > now]
        for act in ready:
            act()
        self.feed_paper()

    def dial(self, name: str) -> socket.socket:
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(self.board / name))
        return link

    def watch(self, fd: int, name: str, act: Callable[[str, bytes], None]) -> None:
        def ready() -> None:
            if self.deaf and name == SCANNER:
                time.sleep(0.002)
                return
            data = os.read(fd, 170 * INPUT_EVENT.size)
            if not data:
                self.selector.unregister(fd)
                return
            act(name, data)
            if name != BOARD:
                self.read[name] = self.read.get(name, 0) + len(data)

        self.selector.register(fd, selectors.EVENT_READ, ready)

    # --- what comes in ---

    def input(self, name: str, data: bytes) -> None:
        for at in range(0, len(data), INPUT_EVENT.size):
            _, _, kind, code, value = INPUT_EVENT.unpack_from(data, at)
            if kind == 1 and name == KEYPAD and value == 1:
                self.key(NAMES[code])
            elif kind == 1 and name == SCANNER:
                self.letter(code, value)

    def letter(self, code: int, value: int) -> None:
        if code == 42:
            self.shift_down = value == 1
        elif value == 1 and code == 28:
            self.show(f"scan {self.scanned}")
            self.scanned = ""
        elif value == 1:
            self.scanned += f"{'^' if self.shift_down else ''}{code} "

    def key(self, name: str) -> None:
        match name:
            case "OK":
                self.paper += SLIP
                self.written[PRINTER] = self.written.get(PRINTER, 0)
            case "F1":
                self.say(LineSet("drawer", True, time.monotonic_ns()))
                self.say(Tone("success"))
                self.after(PULSE_S, lambda: self.say(LineSet("drawer", False, time.monotonic_ns())))
            case "F2":
                self.busy.add("system")
                self.after(BUSY_S, lambda: (self.busy.discard("system"), self.show("was busy")))
            case "MENU":
                self.after(TIMER_S, lambda: self.show("timer fired"))
            case "UP":
                self.seq += 1
                self.waiting.add("ack")
                self.after(ACK_S, self.ack)
            case "*":
                self.deaf = True
            case "#":
                print("dying as asked", file=sys.stderr)
                os._exit(3)
        self.show(f"key {name}")

    def ack(self) -> None:
        self.acked = self.seq
        self.waiting.discard("ack")

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        self.timers.append((time.monotonic() + seconds, act))

    def hear(self, name: str, data: bytes) -> None:
        for line in data.splitlines():
            self.read[name] = self.read.get(name, 0) + 1
            match msgspec.json.decode(line, type=FromBoard):
                case Sensor(state=state):
                    if state == "open" and self.sensor != "open":
                        self.show("drawer open")
                    self.sensor = state
                case Clock(offset_s=offset_s):
                    self.offset_s = offset_s

    # --- what goes out ---

    def say(self, message: ToBoard) -> None:
        self.talk.sendall(msgspec.json.encode(message) + b"\n")
        self.written[BOARD] = self.written.get(BOARD, 0) + 1

    def spi(self, command: bytes, arguments: bytes) -> None:
        for dc, part in ((0, command), (1, arguments)):
            if part:
                self.lcd.sendall(LCD_HEADER.pack(dc, len(part)) + part)
                self.written[LCD] = self.written.get(LCD, 0) + LCD_HEADER.size + len(part)

    def show(self, line: str) -> None:
        """A new frame: one white row more than before, the rest black."""
        self.lines = [*self.lines, line][-8:]
        self.frame += 1
        row = self.frame % 240
        self.spi(b"\x2a", (0).to_bytes(2, "big") + (319).to_bytes(2, "big"))
        self.spi(b"\x2b", (0).to_bytes(2, "big") + (239).to_bytes(2, "big"))
        self.spi(b"\x2c", WHITE * 320 * row + BLACK * 320 * (240 - row))

    def feed_paper(self) -> None:
        if self.paper:
            try:
                taken = os.write(self.printer, self.paper[:256])
            except BlockingIOError:
                taken = 0
            self.written[PRINTER] = self.written.get(PRINTER, 0) + taken
            del self.paper[:taken]
        (self.busy.add if self.paper else self.busy.discard)("printer")
        if self.paper:
            self.after(0.005, lambda: None)

    # --- diagnosis ---

    def welcome(self, door: socket.socket) -> None:
        link, _ = door.accept()
        self.selector.register(link, selectors.EVENT_READ, lambda: self.answer(link))

    def answer(self, link: socket.socket) -> None:
        line = link.recv(65_536)
        if not line:
            self.selector.unregister(link)
            link.close()
            return
        try:
            reply = self.reply(msgspec.json.decode(line, type=Query))
        except ValueError as trouble:
            reply = Wrong(str(trouble))
        link.sendall(msgspec.json.encode(reply) + b"\n")

    def reply(self, query: Query) -> msgspec.Struct:
        match query:
            case AskScreen():
                status = Status("12:00", "trusted", "up", self.seq - self.acked, "ok", 80, "01")
                return Screen("Fake", "en", "Fake", tuple(self.lines), ("F1 drawer",), status, self.frame)
            case AskSettle():
                return self.settle()
            case AskJournal(after=after):
                return Journal("00010023", tuple(self.record(n) for n in range(after + 1, self.seq + 1)))
            case _:
                return Wrong("not played here")

    def settle(self) -> Settle:
        names = {*self.read, *self.written}
        counts = {name: Counts(self.read.get(name, 0), self.written.get(name, 0)) for name in names}
        due = min((at for at, _ in self.timers), default=None)
        due_ms = None if due is None or self.waiting else max(0, int((due - time.monotonic()) * 1000))
        return Settle(
            devices=counts, inbox=0, busy=tuple(self.busy), frame_shown=self.frame, frame_wanted=self.frame,
            timer_due_ms=due_ms, waiting=tuple(self.waiting), next_seq=self.seq + 1, durable_seq=self.seq,
            acked_seq=self.acked,
        )  # fmt: skip

    def record(self, seq: int) -> Record:
        return Record(7, seq, "sale", 1, 0, "trusted", msgspec.Raw(b'{"due_fen":350}'), "00", "11")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    Fake(given.board, given.data).run()
