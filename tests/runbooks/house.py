"""A fleet of real processes, led by the commands of `docs/operating-a-fleet.md` alone: Mosquitto with the
configuration that `posfleet broker mosquitto` wrote, `posfleet serve`, virtual terminals (`posemu` with the real `posd`).

`with House(folder) as house:` founds it. Every command is kept in `said`, as a person would type it.
"""

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from firmware.drivers.store import Identity, Store
from fleet.__main__ import main
from tests.backend import Served
from tests.daemon.test_posd import select_nothing
from tests.mosquitto import Broker, free_port
from wire.topics import MOUNT

ROOT = Path(__file__).parents[2]
WAIT_S = 90
"""No runbook waits so long for one thing unless something is broken."""
SIGN_ON = "0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK"
PASSWORD = "bright lanterns over the harbour"
FLOAT = "2 0 0 0 0 OK"
SALE = "1 0 0 0 OK OK OK"


def until(met: Callable[[], Any], what: str) -> Any:
    """What `met` says as soon as it says something."""
    deadline = time.monotonic() + WAIT_S
    while not (found := met()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        select_nothing()
    return found


class Shipped(Broker):
    """Mosquitto with the very configuration that was written."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port=port)
        self._text = (folder / "mosquitto.conf").read_text()

    def reload(self) -> None:
        os.kill(self.pid, signal.SIGHUP)

    def _config(self) -> str:
        return self._text


class Terminal:
    """A virtual terminal on its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        argv = [sys.executable, "-m", "emulator", "--data", str(folder), "--port", "0", "--close-drawer-s", "0.05"]
        self._process = subprocess.Popen(
            argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, stderr=(folder.parent / "posemu.log").open("a")
        )

    def wait_ready(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("posemu ready "), line
        self._api = line.split()[2] + "/api"

    def press(self, keys: str) -> None:
        self._call("press", {"keys": keys.split()})

    def sell(self) -> None:
        """Ten yuan in cash, and on to the next customer."""
        self.press(SALE)

    def screen(self) -> Any:
        return self._call("screen")

    def journal(self) -> list[Any]:
        """Every record, however many."""
        found: list[Any] = []
        while page := self._call(f"journal?after={len(found)}")["records"]:
            found += page
        return found

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(WAIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._api}/{path}", data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            return json.load(answer)


class House:
    """The data folder `fleet`, the broker's folder, one folder for each terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "fleet"
        self.said: list[str] = []
        self.port, self.private_port = free_port(), free_port()
        self._stack = ExitStack()
        self._served: Served | None = None

    def __enter__(self) -> "House":
        self.posfleet("init")
        (self.folder / "state").mkdir()
        names = ("--name", "127.0.0.1", "--host", "127.0.0.1", "--state", self.folder / "state")
        ports = ("--port", self.port, "--private-port", self.private_port)
        self.posfleet("broker", "mosquitto", "--out", self.folder / "broker", *names, *ports)
        self.posfleet("ca", "backend", "backend", "--dir", self.folder / "backend")
        self.broker = self._stack.enter_context(Shipped(self.folder / "broker", self.port))
        self._stack.callback(self.end)
        self.serve()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    # --- commands ---

    def posfleet(self, *words: object, code: int | None = 0) -> str:
        """Run a command as the backend's account would; its output. `code` None: it may end with 1 as well."""
        return self._run(words, code)

    def _run(self, words: tuple[object, ...], code: int | None = 0, said: bool = True) -> str:
        line = [str(each) for each in words]
        out, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(errors):
            got = main([*line, "--data", str(self.data), "--lang", "en"])
        if said:
            self.said += [f"$ posfleet {shlex.join(line)}", out.getvalue() + errors.getvalue()]
        assert got in ((0, 1) if code is None else (code,)), (line, got, out.getvalue(), errors.getvalue())
        return out.getvalue()

    def lines(self, *words: object, code: int | None = 0, said: bool = True) -> list[Any]:
        """A command's answer in JSON, line by line; not kept as said where it only looks for the test."""
        return [json.loads(line) for line in self._run((*words, "--json"), code, said=said).splitlines()]

    @property
    def link(self) -> list[str]:
        """How a backend reaches the broker."""
        own = self.folder / "backend"
        names = (
            "--broker", f"127.0.0.1:{self.private_port}", "--mount", MOUNT, "--tls-ca", own / "ca.pem", "--tls-cert",
            own / "backend.crt", "--tls-key", own / "backend.key",
        )  # fmt: skip
        return [str(each) for each in names]

    # --- processes ---

    def serve(self) -> None:
        """Start the backend."""
        self.said.append("posfleet serve --share ingest --http 0 " + shlex.join(self.link))
        self._served = Served(self.data, None, "--share", "ingest", "--http", "0", *self.link)
        line = self._served.wait_ready()
        assert line.startswith("posfleet ready "), (line, self._served.process.poll())
        self._pages = next(word.removeprefix("dashboard=") for word in line.split() if word.startswith("dashboard="))

    def approve(self, number: int, user: str) -> None:
        """Release a roll-out on the dashboard, as another person with a browser."""
        with patch("sys.stdin", io.StringIO(f"{PASSWORD}\n")):
            self.posfleet("user", "add", user, "--role", "approver", "--password-stdin")
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self._post(browser, "sign-in", "sign-in", name=user, password=PASSWORD)
        page = self._post(
            browser, f"rollouts/{number}/act?act=approve", f"rollouts/{number}", act="approve", why="seen"
        )
        self.said.append(f"{user} approves roll-out {number} on the dashboard")
        assert "approve" not in re.findall(r"act=(\w+)", page), page

    def _post(self, browser: urllib.request.OpenerDirector, form: str, path: str, **fields: str) -> str:
        """Fill in a form of a page and send it; what is shown then."""
        with browser.open(self._pages + form, timeout=WAIT_S) as answer:
            found = re.search(r'name="csrf" value="([^"]+)"', answer.read().decode())
        assert found is not None, form
        body = urllib.parse.urlencode({"csrf": found[1], **fields}).encode()
        sent = urllib.request.Request(self._pages + path, body, {"Origin": self._pages.rstrip("/")})
        with browser.open(sent, timeout=WAIT_S) as answer:
            return str(answer.read().decode())

    def end(self) -> None:
        """Stop the backend, if it runs."""
        served, self._served = self._served, None
        if served is not None:
            served.end()

    def terminal(self, name: str, *more: object) -> Terminal:
        """Issue a certificate, bring it to a new terminal, and switch it on."""
        folder = self.folder / name
        folder.mkdir()
        place = ("--dir", folder / "tls", "--host", "127.0.0.1", "--port", self.port)
        self.posfleet("ca", "issue", name, *place, *more)
        fields = json.loads((folder / "tls" / "identity.json").read_text())
        Store(folder).write_identity(msgspec.convert(fields, Identity))
        made = Terminal(folder)
        self._stack.callback(made.stop)
        made.wait_ready()
        return made

    # --- what is kept ---

    def kept(self, name: str) -> list[tuple[int, str, str]]:
        """Number, kind and hash of every record the backend has of a terminal."""
        return [(row["seq"], row["kind"], row["hash"]) for row in self.lines("records", name, said=False)]

    def look(self, name: str) -> Any:
        """The terminal as `posfleet terminals` sees it."""
        return next(iter(self.lines("terminals", name, said=False)), {})

    def replace_by(self, copy: Path) -> None:
        """Put an old copy of the database in its place; the backend must not run."""
        assert self._served is None
        for path in self.data.glob("fleet.db*"):
            path.unlink()
        shutil.copyfile(copy, self.data / "fleet.db")


def same(terminal: Terminal, house: House, name: str) -> bool:
    """Whether the backend has every record of the terminal once."""
    own = [(each["seq"], each["kind"]) for each in terminal.journal()]
    return own == [(seq, kind) for seq, kind, _ in house.kept(name)]
