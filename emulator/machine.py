"""The whole virtual terminal: board, printer, daemon, network and disk, and every trouble they can have."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from emulator.board import Board, Passed
from emulator.control import BrokerControl, NoControl
from emulator.daemon import Daemon, Ended, Power
from emulator.diag import Diag, NoAnswer
from emulator.disk import Disk, DiskState
from emulator.endpoints import unread_at
from emulator.feed import Feed
from emulator.link import Link, LinkState
from emulator.printer import VirtualPrinter
from emulator.printer_body import Trouble as PrinterTrouble
from emulator.settle import Outside, Settler
from wire.board import KEYPAD, PRINTER, PRINTER2, SCANNER, SCANNER_SERIAL, Network

Plug = Literal["ok", "unplugged"]
DrawerTrouble = Literal["ok", "stuck", "forced", "absent"]
BrokerState = Literal["up", "down"]

OFF_S = 0.3
"""How long the power stays off in a power cut: long enough for the lamp to go dark on the page."""

PAPER_TICK_S = 0.1

PAPERS = (PRINTER, PRINTER2)
"""Printers by their number in the API."""


NetworkTrouble = Literal["wifi", "mobile", "weak", "sim", "wifi_key", "none"]
NETWORKS: dict[NetworkTrouble, Network] = {
    "wifi": Network("wifi", 82),
    "mobile": Network("mobile", 64),
    "weak": Network("wifi", 11),
    "sim": Network("mobile", None, "sim"),
    "wifi_key": Network("wifi", None, "wifi_key"),
    "none": Network("none"),
}
"""What the board says of its network -> the name on the page."""


class Unavailable(RuntimeError):
    """This trouble has no mechanism on this machine or in this start; `what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(slots=True)
class Troubles:
    """What is wrong now, as it was asked for."""

    printer: PrinterTrouble = "ok"
    printer2: PrinterTrouble | Literal["none"] = "none"
    keypad: Plug = "ok"
    scanner: Plug = "ok"
    drawer: DrawerTrouble = "ok"
    link: LinkState = "up"
    network: NetworkTrouble = "wifi"
    broker: BrokerState = "up"
    disk: DiskState = "ok"
    battery: int = 80
    clock_offset_s: int = 0
    power: Power = "off"


@dataclass(slots=True)
class Parts:
    """What the machine is put together from; `link`, `disk`, `control` and `printer2` may be missing.

    `printer` is made with two calls of ours, which it may make from its own thread: the drawer port was pulsed, and
    the paper moved. At the second printer hangs no drawer.
    """

    board: Board
    printer: Callable[[Callable[..., None], Callable[..., None]], VirtualPrinter]
    feed: Feed
    daemon_argv: list[str]
    data: Path
    log: Path
    link: Link | None = None
    disk: Disk | None = None
    control: BrokerControl | None = None
    printer2: Callable[[Callable[..., None]], VirtualPrinter] | None = None


@dataclass(slots=True)
class Paper:
    """What the page was told of a printer's paper last."""

    due: bool = False
    states: dict[int, str] = field(default_factory=dict)  # slip -> state


class Machine:
    """Owns every part and its order of starting, stopping and failing."""

    def __init__(self, parts: Parts) -> None:
        self.board, self.feed = parts.board, parts.feed
        self.printer = parts.printer(self._kicked, lambda _: self._paper_moved(PRINTER))
        self.printers = {PRINTER: self.printer}
        if parts.printer2 is not None:
            self.printers[PRINTER2] = parts.printer2(lambda _: self._paper_moved(PRINTER2))
        self.board.contact_moved = self.printer.set_drawer
        self.link, self.disk, self.control = parts.link, parts.disk, parts.control
        self.troubles = Troubles(printer2="ok" if PRINTER2 in self.printers else "none")
        self.daemon = Daemon(parts.daemon_argv, parts.log, self._gone, self._begun)
        self.diag = Diag(parts.data)
        self.settler = Settler(self.diag, self.passed, self.board.restless, self.outside, lambda: self.alive)
        self._data = parts.data
        self._loop: asyncio.AbstractEventLoop | None = None
        self._papers = {name: Paper() for name in self.printers}
        self._power_lock = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """Whether a daemon runs, or a power cut is just being played and one will run in a moment."""
        return self.daemon.coming or self._power_lock.locked()

    # --- life ---

    async def start(self) -> None:
        """Everything up, power on."""
        self._loop = asyncio.get_running_loop()
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.disk is not None:
            await asyncio.to_thread(self.disk.mount)
        await self.board.start()
        for name, printer in self.printers.items():
            printer.open(self.board.folder / name)
        if self.link is not None:
            await self.link.start()
        await self._power_on()

    async def stop(self) -> None:
        """Ask the daemon to end, then take the hardware away."""
        await self.daemon.stop()
        self.diag.close()
        await self.board.stop()
        for printer in self.printers.values():
            await asyncio.to_thread(printer.close)
        if self.link is not None:
            await self.link.stop()
        if self.disk is not None:
            await asyncio.to_thread(self.disk.unmount)

    def passed(self) -> dict[str, Passed]:
        """The board's counts since this daemon started, the printers' among them."""
        return {**self.board.passed(), **{name: self._passed(name) for name in self.printers}}

    def _passed(self, name: str) -> Passed:
        printer = self.printers[name]
        sent = printer.sent
        return Passed(sent, printer.consumed, unread_at(self.board.folder / name) if sent else 0)

    def outside(self) -> dict[str, Outside]:
        """Printers that wait for something, or take their time: endpoint -> what."""
        found: dict[str, Outside] = {}
        for name, printer in self.printers.items():
            waiting = printer.waiting()
            if waiting is not None or not printer.idle():
                found[name] = "paper" if waiting == "paper" else "printer"
        return found

    def _begun(self, pid: int) -> None:
        self.feed.tell("power", on=True, pid=pid)

    def _gone(self, ended: Ended) -> None:
        self.diag.close()
        self.board.daemon_gone(power_lost=ended.how == "cut")
        for printer in self.printers.values():
            if ended.how == "cut":
                printer.power_cut()
            else:
                printer.restart_counts()  # it has its own power and prints on
        self.feed.tell("power", on=False, pid=0)
        if ended.how == "itself":
            self.feed.log("log__daemon_ended", code=ended.code)

    # --- power ---

    async def power(self, what: Literal["cut", "off", "on"]) -> None:
        """Cut the power (and give it back at once), leave it off, or switch it on."""
        async with self._power_lock:
            if what in ("cut", "off"):
                await self._power_off()
            if what == "cut":
                await asyncio.sleep(OFF_S)
            if what in ("cut", "on"):
                await self._power_on()

    async def _power_on(self) -> None:
        if self.daemon.power == "off":
            self.feed.log("log__power_on")
            await self.daemon.power_on()
        self.troubles.power = "on"
        self._tell_troubles()

    async def _power_off(self) -> None:
        if self.daemon.power == "on":
            self.feed.log("log__power_cut")
            await self.daemon.power_cut()
            if self.disk is not None and self.disk.state != "read_only":
                await asyncio.to_thread(self.disk.save)
        self.troubles.power = "off"
        self._tell_troubles()

    # --- troubles ---

    def available(self) -> dict[str, bool]:
        """Which troubles have a mechanism here."""
        return {
            "link": self.link is not None,
            "broker": self.control is not None,
            "disk": self.disk is not None and self.disk.available,
            "printer2": PRINTER2 in self.printers,
        }

    async def trouble(self, name: str, value: str | int) -> None:
        """Bring one trouble about, or end it. Raises `Unavailable`; names and values are checked by the caller."""
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "printer": lambda: self._printer_trouble(PRINTER, value),  # type: ignore[arg-type]
            "printer2": lambda: self._printer_trouble(PRINTER2, value),  # type: ignore[arg-type]
            "keypad": lambda: self._plug((KEYPAD,), str(value)),
            "scanner": lambda: self._plug((SCANNER, SCANNER_SERIAL), str(value)),
            "drawer": lambda: self._drawer_trouble(str(value)),
            "link": lambda: self._link(value),  # type: ignore[arg-type]
            "network": lambda: self._network(value),  # type: ignore[arg-type]
            "broker": lambda: self._broker(value),  # type: ignore[arg-type]
            "disk": lambda: self._disk(str(value)),
            "battery": lambda: self._battery(int(value)),
            "clock_offset_s": lambda: self._clock(int(value)),
            "power": lambda: self.power(value),  # type: ignore[arg-type]
        }
        await acts[name]()
        if name != "power":
            setattr(self.troubles, name, value)
            self.feed.log("log__trouble", what=name, value=value)
            self._tell_troubles()

    async def _printer_trouble(self, name: str, value: PrinterTrouble) -> None:
        if (printer := self.printers.get(name)) is None:
            raise Unavailable(name)
        if printer.path is None and value != "unplugged":
            await self._agree_on_counts(name)
        printer.trouble(value)

    async def _agree_on_counts(self, name: str) -> None:
        """What a pulled cable lost within the kernel only the daemon has counted. Asked while the cable is still out,
        so that nothing is on its way meanwhile."""
        with contextlib.suppress(NoAnswer):  # no daemon: the next one begins from zero at both ends
            counts = (await self.diag.settle()).devices.get(name)
            if counts is not None:
                self.printers[name].restart_counts(counts.written, counts.read)

    async def _plug(self, names: tuple[str, ...], value: str) -> None:
        for name in names:
            endpoint = self.board.endpoints[name]
            endpoint.plug() if value == "ok" else endpoint.unplug()

    async def _drawer_trouble(self, value: str) -> None:
        drawer = self.board.drawer
        drawer.stuck = value == "stuck"
        if drawer.contact_wired != (value != "absent"):
            self.board.set_contact(value != "absent")
        if value == "forced":
            drawer.force()

    def close_drawer(self) -> None:
        """Somebody pushes it shut; what was forced open is in order again."""
        self.board.drawer.close()
        if self.troubles.drawer == "forced":
            self.troubles.drawer = "ok"
            self._tell_troubles()

    async def _link(self, state: LinkState) -> None:
        if self.link is None:
            raise Unavailable("link")
        self.link.set(state)

    async def _network(self, name: NetworkTrouble) -> None:
        """What the radio says, and what becomes of the line by it: none without a card or key, slow where it is weak."""
        self.board.set_network(NETWORKS[name])
        if self.link is not None:
            gone = NETWORKS[name].kind == "none" or NETWORKS[name].fault != ""
            self.link.set("down" if gone else "slow" if name == "weak" else self.troubles.link)

    async def _broker(self, state: BrokerState) -> None:
        if self.control is None:
            raise Unavailable("broker")
        try:
            await self.control.set(state)
        except NoControl as trouble:
            raise Unavailable("broker") from trouble

    async def _disk(self, state: str) -> None:
        disk = self.disk
        if disk is None or not disk.available:
            raise Unavailable("disk")
        if state == "full":
            await disk.fill()
        elif state == "ok":
            await disk.mend()
            self.daemon.hurry()
        elif disk.state != "read_only":
            async with self._power_lock:
                await self._power_off()
                await disk.protect()
                await self._power_on()

    async def _battery(self, percent: int) -> None:
        self.board.set_battery(percent, charging=percent > 20)

    async def _clock(self, offset_s: int) -> None:
        self.board.set_clock(offset_s)

    def _tell_troubles(self) -> None:
        self.feed.tell("trouble")

    # --- what the printer tells from its own thread ---

    def _kicked(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.board.drawer.kick, "printer")

    def _paper_moved(self, name: str) -> None:
        paper = self._papers[name]
        if self._loop is not None and not paper.due:
            paper.due = True
            self._loop.call_soon_threadsafe(self._loop.call_later, PAPER_TICK_S, self._tell_paper, name)

    def _tell_paper(self, name: str) -> None:
        """The paper moves line by line; the page hears of it at most ten times a second."""
        paper = self._papers[name]
        paper.due = False
        slips: dict[int, str] = {slip.number: slip.state for slip in self.printers[name].slips()}
        for number, state in slips.items():
            if state != paper.states.get(number) and state in ("finished", "torn"):
                came = "log__slip_torn" if state == "torn" else "log__slip_done"
                self.feed.log(came if name == PRINTER else f"{came}2", number=number)
        paper.states = slips
        shown = [{"number": number, "state": state} for number, state in slips.items()]
        self.feed.tell("paper", printer=PAPERS.index(name), slips=shown)
