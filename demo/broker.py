"""A Mosquitto of the demonstration's own, and the socket over which the emulator may switch it off and on."""

import json
import os
import shutil
import signal
import socket
import socketserver
import threading
from pathlib import Path
from typing import Any

from demo.processes import NotStarted, Process

READY = "running"
REQUEST_BYTES_MAX = 1_024
CONFIG = """\
# Written by the demonstration at each start.
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
max_packet_size 65536
max_inflight_messages 1000
max_queued_messages 100000
"""


class NoProgram(Exception):
    """Mosquitto is not installed."""


def program() -> str:
    """Path of the broker; Debian keeps it outside a user's PATH. Raises `NoProgram`."""
    found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if found is None:
        raise NoProgram("mosquitto")
    return found


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def broker(folder: Path, port: int, log: Path) -> Process:
    """The broker on a loopback port, its configuration written."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "mosquitto.conf"
    config.write_text(CONFIG.format(port=port), encoding="utf-8")
    return Process("broker", [program(), "-c", str(config)], log, READY)


class Control:
    """Listens on a Unix socket for `{"broker": "up" | "down"}` and does it; answers `{"ok": …, "reason": …}`.

    One thread for as long as it is open: a child is tied to the life of the thread that started it.
    """

    def __init__(self, path: Path, process: Process) -> None:
        self.path = path
        self._process = process
        path.unlink(missing_ok=True)
        control = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                answer = control.answer(self.rfile.readline(REQUEST_BYTES_MAX))
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        self._server = socketserver.UnixStreamServer(str(path), Handler)
        path.chmod(0o600)
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Do what one request asks."""
        try:
            wanted = json.loads(line)["broker"]
        except (ValueError, KeyError, TypeError):
            return {"ok": False, "reason": "not understood"}
        try:
            return self._switch(str(wanted))
        except NotStarted:
            return {"ok": False, "reason": "the broker did not start"}

    def _switch(self, wanted: str) -> dict[str, Any]:
        if wanted == "down":
            self._process.stop(signal.SIGKILL)
        elif wanted == "up":
            if self._process.pid is None:
                self._process.start()
        else:
            return {"ok": False, "reason": f"not up or down: {wanted[:40]}"}
        return {"ok": True}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.path.unlink(missing_ok=True)
