"""Answers to the diagnosis socket: what the terminal shows, how settled it is, pages of its journal. Read-only."""

import logging
import os
import resource
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, assert_never

import msgspec

from firmware.loop import Loop
from firmware.render_text import lines, speak
from firmware.view import Say
from wire import diag

QUERY_BYTES_MAX = 4_096
log = logging.getLogger("posd.diagnosis")
CLIENT_WAIT_S = 30.0


class Frames(Protocol):
    """What the display has taken over and what it has drawn."""

    def wanted(self) -> int:
        """Number of the newest view handed over."""
        ...

    def shown(self) -> int:
        """Number of the newest view on the panel."""
        ...


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Looks at one loop; called in the core's thread only."""

    loop: Loop
    frames: Frames

    def answer(self, query: diag.Query) -> object:
        """The answer to one query."""
        match query:
            case diag.AskScreen():
                return self._screen()
            case diag.AskSettle():
                return self._settle()
            case diag.AskJournal(after=after, limit=limit):
                most = max(0, min(limit, diag.JOURNAL_PAGE_MAX))
                core = self.loop.terminal
                return diag.Journal(core.terminal_id, core.records(max(0, after), most))
            case diag.AskHealth():
                return self._health()
            case _:
                assert_never(query)

    def _screen(self) -> diag.Screen:
        view = self.loop.terminal.shown
        assert view is not None

        def say(text: Say) -> str:
            return speak(view.lang, text)

        title, body, hints = lines(view, say)
        bar = view.status
        status = diag.Status(
            bar.time, bar.clock, bar.link, bar.backlog, bar.printer, bar.battery, bar.operator, say(bar.training)
        )
        return diag.Screen(view.name, view.lang, title, body, hints, status, self.frames.wanted())

    def _settle(self) -> diag.Settle:
        loop, terminal = self.loop, self.loop.terminal
        devices: dict[str, diag.Counts] = {}
        for worker in loop.workers:
            devices.update(worker.counts())
        waiting = {reason for worker in loop.workers for reason in worker.waiting()} | set(terminal.waiting())
        next_seq, durable_seq, acked_seq = terminal.seqs()
        return diag.Settle(
            devices, loop.inbox_size, tuple(worker.name for worker in loop.workers if worker.busy()),
            self.frames.shown(), self.frames.wanted(), loop.timer_due_ms(), tuple(sorted(waiting)),
            next_seq, durable_seq, acked_seq,
        )  # fmt: skip

    def _health(self) -> diag.Health:
        lateness = self.loop.lateness
        threads = tuple(thread.name for thread in threading.enumerate())
        return diag.Health(self.loop.terminal.state(), lateness.worst_ms, lateness.by, threads, _peak_rss_kib())


def _peak_rss_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@dataclass(slots=True)
class DiagnosisSocket:
    """The worker behind `diag.sock`: one client at a time, one line a query."""

    path: Path
    diagnosis: Diagnosis
    name: str = "diagnosis"
    _listener: socket.socket | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def open(self) -> None:
        """Listen; only the owner may connect. Where no socket can be made (a read-only disk) nobody is answered."""
        try:
            self._listener = self._listen()
        except OSError as error:
            log.error("no diagnosis socket at %s: %s", self.path, error)

    def _listen(self) -> socket.socket:
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(self.path.parent, os.O_PATH | os.O_DIRECTORY)
        mask = os.umask(0o177)
        try:
            listener.bind(f"/proc/self/fd/{folder}/{self.path.name}")  # a socket's own path may have 107 bytes only
        finally:
            os.umask(mask)
            os.close(folder)
        listener.listen(8)
        listener.settimeout(0.5)
        return listener

    def run(self) -> None:
        """Serve each client in a thread of its own (a stuck one must not hold the others), at most eight."""
        if self._listener is None:
            self._stopping.wait()
            return
        room = threading.BoundedSemaphore(8)
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if not room.acquire(blocking=False):
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client, room), name="diagnosis-client", daemon=True).start()

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()
        if self._listener is not None:
            self._listener.close()
            self.path.unlink(missing_ok=True)

    def counts(self) -> dict[str, diag.Counts]:
        """No device."""
        return {}

    def busy(self) -> bool:
        """Never in a job."""
        return False

    def waiting(self) -> tuple[str, ...]:
        """Waits for nothing."""
        return ()

    def _serve(self, client: socket.socket, room: threading.BoundedSemaphore) -> None:
        client.settimeout(CLIENT_WAIT_S)
        try:
            with client, client.makefile("rb") as asked:
                while line := asked.readline(QUERY_BYTES_MAX):
                    client.sendall(self._reply(line) + b"\n")
        except OSError:
            pass  # the client went away; it asks again if it wants to know
        finally:
            room.release()

    def _reply(self, line: bytes) -> bytes:
        try:
            query = msgspec.json.decode(line, type=diag.Query)
        except msgspec.DecodeError as error:
            return msgspec.json.encode(diag.Wrong(str(error)))
        try:
            return msgspec.json.encode(self.diagnosis.loop.ask(lambda: self.diagnosis.answer(query)))
        except Exception as error:
            return msgspec.json.encode(diag.Wrong(repr(error)))
