"""The board folder: every device of the virtual terminal at its endpoint (`wire/board.py`), with counts at each."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PIL.Image import Image

from emulator.drawer import Cause, Drawer
from emulator.endpoints import Endpoint, Fifo, SerialPty, Unplugged
from emulator.feed import Feed
from emulator.keys import DOWN, REPEAT, REPEAT_DELAY_MS, REPEAT_EVERY_MS, UP, key_code, stroke, typed
from emulator.lcd import LcdKind, LcdStream
from wire.board import (
    BOARD,
    KEYPAD,
    LCD,
    SCANNER,
    SCANNER_SERIAL,
    Battery,
    Clock,
    FromBoard,
    Lamp,
    LineSet,
    Network,
    Sensor,
    ToBoard,
    Tone,
)

TAP_MS = 60
"""How long a finger is on a key."""

TONES_MAX = 200
MESSAGE_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Heard:
    """A tone the daemon sounded; `number` counts from 1 since the emulator started."""

    number: int
    at: float
    tone: str
    volume: int


@dataclass(frozen=True, slots=True)
class Passed:
    """Bytes (for `board.sock`: messages) that the board sent to and consumed from the daemon."""

    sent: int
    consumed: int
    queued: int | None = None
    """Bytes that still lie in a serial line, by the kernel's word: who opens such a line may flush what lies in it, and
    those bytes were sent but will never be read. None: not a line that can be flushed."""


class Board:
    """Keypad, scanners, display, drawer, lamp, sound, battery and clock; the printer hangs beside it."""

    def __init__(self, folder: Path, controller: LcdKind, feed: Feed, close_after_s: float | None = None) -> None:
        self.folder = folder
        self.drawer = Drawer(self._drawer_moved, close_after_s)
        self.endpoints: dict[str, Endpoint] = {
            KEYPAD: Fifo(folder / KEYPAD),
            SCANNER: Fifo(folder / SCANNER),
            SCANNER_SERIAL: SerialPty(folder / SCANNER_SERIAL),
        }
        self.tones: deque[Heard] = deque(maxlen=TONES_MAX)
        self.lamp: str = "off"
        self.contact_moved: Callable[[bool], None] = lambda _: None
        self.battery = Battery(percent=80, charging=True)
        self.clock = Clock(offset_s=0)
        self.network = Network("wifi", 82)
        self._feed = feed
        self._controller: LcdKind = controller
        self._lcd = LcdStream(controller)
        self._lcd_base = 0  # bytes of a daemon that is gone: its last picture stays on the glass
        self._talk = Talk(folder / BOARD, self._heard)
        self._servers: list[asyncio.Server] = []
        self._lcd_links: set[asyncio.StreamWriter] = set()
        self._tones_heard = 0
        self._decoder = msgspec.json.Decoder(ToBoard)

    # --- life ---

    async def start(self) -> None:
        """Make the folder and all endpoints; call before the daemon starts."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for endpoint in self.endpoints.values():
            endpoint.plug()
        (self.folder / LCD).unlink(missing_ok=True)
        self._servers.append(await asyncio.start_unix_server(self._serve_lcd, self.folder / LCD))
        await self._talk.start(self._greet)

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for link in set(self._lcd_links):
            link.close()
        await self._talk.stop()
        for endpoint in self.endpoints.values():
            endpoint.unplug()
        (self.folder / LCD).unlink(missing_ok=True)

    def daemon_gone(self, power_lost: bool) -> None:
        """The daemon's process is dead: nothing of what was on the cables reaches the next one."""
        for endpoint in self.endpoints.values():
            endpoint.restart()
        self._talk.restart()
        for link in set(self._lcd_links):
            link.close()
        if power_lost:
            self.drawer.power_cut()
            self._lcd = LcdStream(self._controller)
            self._set_lamp("off")
            self._feed.tell("lcd")
        self._lcd_base = self._lcd.consumed

    def passed(self) -> dict[str, Passed]:
        """The counts of every endpoint here, by its name, since this daemon started."""
        counts = {name: Passed(end.sent, 0, end.queued()) for name, end in self.endpoints.items()}
        counts[LCD] = Passed(0, self._lcd.consumed - self._lcd_base)
        counts[BOARD] = Passed(self._talk.sent, self._talk.consumed)
        return counts

    def restless(self) -> list[str]:
        """What on the board itself will happen in a moment without the daemon's doing."""
        return ["drawer moving"] if self.drawer.moving else []

    # --- keypad and scanner ---

    async def press(self, key: str, hold_ms: int = TAP_MS) -> None:
        """One key down and up. A tap is sent at once with the times of a tap; a longer hold takes its real time,
        with the kernel's repeats, because the daemon may go by its own clock. Raises `KeyError`, `Unplugged`."""
        code = key_code(key)
        at = _device_us()
        keypad = self.endpoints[KEYPAD]
        if hold_ms <= TAP_MS:
            await keypad.write(stroke(at, code, DOWN) + stroke(at + hold_ms * 1000, code, UP))
            return
        await self.key(key, DOWN)
        try:
            await self._hold(key, hold_ms)
        finally:
            with contextlib.suppress(Unplugged):
                await self.key(key, UP)

    async def _hold(self, key: str, hold_ms: int) -> None:
        begin = _device_us()
        elapsed_ms, next_ms = 0, min(REPEAT_DELAY_MS, hold_ms)
        while elapsed_ms < hold_ms:
            await asyncio.sleep(max(0.0, next_ms / 1000 - (_device_us() - begin) / 1e6))
            elapsed_ms = next_ms
            if elapsed_ms < hold_ms:
                await self.key(key, REPEAT)
            next_ms = min(elapsed_ms + REPEAT_EVERY_MS, hold_ms)

    async def key(self, key: str, value: int) -> None:
        """A key goes down (1), repeats (2) or up (0), now. Raises `KeyError`, `Unplugged`."""
        await self.endpoints[KEYPAD].write(stroke(_device_us(), key_code(key), value))

    async def scan_keys(self, text: str) -> None:
        """The wedge scanner types a text, terminator included. Raises `CannotType`, `Unplugged`."""
        packets = list(typed(text, _device_us()))
        if not self.endpoints[SCANNER].plugged:
            raise Unplugged(SCANNER)
        for packet in packets:
            await self.endpoints[SCANNER].write(packet)

    async def scan_serial(self, data: bytes) -> None:
        """The serial scanner sends bytes as they are. Raises `Unplugged`."""
        await self.endpoints[SCANNER_SERIAL].write(data)

    # --- states the daemon reads ---

    def set_battery(self, percent: int, charging: bool) -> None:
        self.battery = Battery(percent=percent, charging=charging)
        self._talk.send(self.battery)

    def set_clock(self, offset_s: int) -> None:
        self.clock = Clock(offset_s=offset_s)
        self._talk.send(self.clock)

    def set_network(self, network: Network) -> None:
        self.network = network
        self._talk.send(network)

    def set_contact(self, wired: bool) -> None:
        self.drawer.contact_wired = wired
        self._talk.send(Sensor(state=self.drawer.contact))

    def _greet(self) -> list[FromBoard]:
        """What a daemon that has just connected needs to know."""
        return [Sensor(state=self.drawer.contact), self.battery, self.clock, self.network]

    def _drawer_moved(self, is_open: bool, cause: Cause) -> None:
        self._talk.send(Sensor(state=self.drawer.contact))
        self.contact_moved(is_open)
        self._feed.tell("drawer", open=is_open, stuck=self.drawer.stuck)
        self._feed.log("log__drawer_opened" if is_open else "log__drawer_closed", cause=cause)

    # --- what the daemon drives ---

    def _heard(self, line: bytes) -> None:
        try:
            message = self._decoder.decode(line)
        except ValueError as trouble:
            self._feed.log("log__board_garbage", reason=str(trouble))
            return
        match message:
            case LineSet(name="drawer", value=value, at_ns=at_ns):
                self.drawer.line(value, at_ns or time.monotonic_ns())
            case Tone():
                self._sound(message)
            case Lamp(colour=colour):
                self._set_lamp(colour)

    def _sound(self, tone: Tone) -> None:
        self._tones_heard += 1
        self.tones.append(Heard(self._tones_heard, time.time(), tone.name, tone.volume))
        self._feed.tell("tone", name=tone.name, number=self._tones_heard, volume=tone.volume)

    def _set_lamp(self, colour: str) -> None:
        if colour != self.lamp:
            self.lamp = colour
            self._feed.tell("lamp", colour=colour)

    # --- display ---

    async def _serve_lcd(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lcd_links.add(writer)
        stream = self._lcd = LcdStream(self._controller)
        self._lcd_base = 0
        try:
            while data := await reader.read(65_536):
                stream.feed(data)
                self._feed.tell("lcd")
        except ConnectionError:
            pass  # the daemon was killed in the middle of a transfer
        except ValueError as trouble:
            self._feed.log("log__board_garbage", reason=str(trouble))
        finally:
            self._lcd_links.discard(writer)
            writer.close()

    def picture(self) -> Image:
        """What the glass shows, decoded from the SPI bytes."""
        return self._lcd.image()


class Talk:
    """`board.sock`: JSON lines both ways, to as many connections as the daemon's drivers open."""

    def __init__(self, path: Path, heard: Callable[[bytes], None]) -> None:
        self.sent = 0
        self.consumed = 0
        self._path = path
        self._heard = heard
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()
        self._greet: Callable[[], list[FromBoard]] = list

    async def start(self, greet: Callable[[], list[FromBoard]]) -> None:
        self._greet = greet
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MESSAGE_BYTES_MAX)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.restart()
        self._path.unlink(missing_ok=True)

    def restart(self) -> None:
        self.sent = self.consumed = 0
        for link in set(self._links):
            link.close()
        self._links.clear()

    def send(self, message: FromBoard) -> None:
        for link in self._links:
            self._send_to(link, message)

    def _send_to(self, link: asyncio.StreamWriter, message: FromBoard) -> None:
        link.write(msgspec.json.encode(message) + b"\n")
        self.sent += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(writer)
        for message in self._greet():
            self._send_to(writer, message)
        try:
            while line := await reader.readline():
                self.consumed += 1
                self._heard(line)
        except ConnectionError:
            pass  # killed
        finally:
            self._links.discard(writer)
            writer.close()


def _device_us() -> int:
    """The input devices' clock: monotonic, as the drivers ask of a real one (EVIOCSCLOCKID)."""
    return time.monotonic_ns() // 1000
