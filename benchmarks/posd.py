"""The real daemon on the emulator's board, for figures of a whole process: `with Rig(...) as rig, rig.posd() as posd`."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import ROOT, environment
from benchmarks.shop import TERMINAL, invented
from emulator.board import Board
from emulator.feed import Feed
from firmware.assembly import GOODS
from firmware.drivers.store import Identity, Store
from rules.catalogue import COLUMNS
from tests.printer.body import Body, Script
from wire.diag import SOCKET, AskHealth, AskScreen, AskSettle, Health, Query, Screen, Settle

WAIT_S = 60.0
POLL_S = 0.01


class Witness(Feed):
    """Notes when the glass shows its first whole picture."""

    def __init__(self) -> None:
        super().__init__()
        self.board: Board | None = None
        self.lit = threading.Event()
        self.lit_at = 0.0

    def tell(self, kind: str, **values: Any) -> None:
        """Something happened on the board."""
        super().tell(kind, **values)
        at = time.perf_counter()
        if kind == "lcd" and self.board is not None and not self.lit.is_set() and self.board.picture().getbbox():
            self.lit_at = at
            self.lit.set()


class Rig:
    """Board, printer and a data folder; `goods` more than 0 writes a catalogue of so many."""

    def __init__(self, folder: Path, cache: Path, goods: int = 0, broker_port: int = 0) -> None:
        self.data, self.folder, self._cache = folder / "data", folder / "board", cache
        who = Identity(TERMINAL, "virtual", host="127.0.0.1", port=broker_port or _free_port())
        Store(self.data).write_identity(who)
        if goods:
            write_goods(self.data / GOODS, goods)
        self.witness = Witness()
        self.loop = asyncio.new_event_loop()
        self.board = self.witness.board = Board(self.folder, "st7789", self.witness)
        self._thread = threading.Thread(target=self.loop.run_forever, name="board")

    def __enter__(self) -> "Rig":
        self._thread.start()
        self.do(self.board.start())
        self.printer = Body("pty", self.folder, Script())
        return self

    def __exit__(self, *_exc: object) -> None:
        self.printer.close()
        self.do(self.board.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the board's loop."""
        return asyncio.run_coroutine_threadsafe(act, self.loop).result(WAIT_S)

    @contextmanager
    def posd(self) -> Iterator["Posd"]:
        """A daemon; at the end it is asked to stop, and the board is dark again."""
        self.witness.lit.clear()
        began = time.perf_counter()
        log = (self.folder.parent / "posd.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "firmware", "run", "--virtual", "--data", self.data, "--board", self.folder],
            env=environment(self._cache), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield Posd(self, process, began)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(WAIT_S / 4)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()
            self.do(self._dark())

    async def _dark(self) -> None:
        self.board.daemon_gone(power_lost=True)


class Posd:
    """One running daemon."""

    def __init__(self, rig: Rig, process: "subprocess.Popen[bytes]", began: float) -> None:
        self.rig, self.process, self._began = rig, process, began

    def first_screen_s(self) -> float:
        """Seconds from the process' start to its first picture on the glass."""
        if not self.rig.witness.lit.wait(WAIT_S):
            raise TimeoutError(f"no picture after {WAIT_S} s; see posd.log")
        return self.rig.witness.lit_at - self._began

    def cpu_s(self) -> float:
        """Processor seconds this process has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[str, int]:
        """Bytes by name: `Rss`, `Pss` of `smaps_rollup`, `VmHWM` of `status`."""
        folder = Path(f"/proc/{self.process.pid}")
        text = (folder / "smaps_rollup").read_text() + (folder / "status").read_text()
        found = re.findall(r"^(Rss|Pss|VmHWM):\s+(\d+) kB", text, re.MULTILINE)
        return {name: int(kib) * 1024 for name, kib in found}

    def ask(self, query: Query, kind: type) -> Any:
        """A question to the diagnosis socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(WAIT_S)
            link.connect(str(self.rig.data / SOCKET))
            link.sendall(msgspec.json.encode(query) + b"\n")
            with link.makefile("rb") as answers:
                return msgspec.json.decode(answers.readline(), type=kind)

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for something to become true of the daemon."""
        deadline = time.monotonic() + WAIT_S
        while not true():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"waited in vain for {what}")
            time.sleep(POLL_S)

    def settled(self) -> bool:
        """Nothing is going on inside."""
        settle: Settle = self.ask(AskSettle(), Settle)
        return not settle.inbox and not settle.busy and settle.frame_shown == settle.frame_wanted

    def screen(self) -> Screen:
        """What it shows."""
        found: Screen = self.ask(AskScreen(), Screen)
        return found

    def health(self) -> Health:
        """Threads and state."""
        found: Health = self.ask(AskHealth(), Health)
        return found

    def press(self, keys: str, then: str = "") -> None:
        """Press keys, one after the other as a person does, and wait for the screen `then`, if it is named."""
        for key in keys.split():
            frame = self.screen().frame
            self.rig.do(self.rig.board.press(key))
            self.until(lambda: self.screen().frame > frame and self.settled(), f"{key} to show")  # noqa: B023
        self.until(lambda: then in ("", self.screen().name), f"{then}, not {self.screen().name}")


def write_goods(path: Path, count: int) -> None:
    """A catalogue as the fleet would deliver it."""
    with path.open("w", encoding="utf-8") as file:
        file.write("\t".join(COLUMNS) + "\n")
        for goods in invented(count):
            cells = {name: getattr(goods, name) for name in COLUMNS}
            cells["barcodes"] = " ".join(goods.barcodes)
            plain = (int(cell) if isinstance(cell, bool) else cell for cell in cells.values())
            file.write("\t".join(str(cell) for cell in plain) + "\n")


def _free_port() -> int:
    """A port nobody listens on, for a broker that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
