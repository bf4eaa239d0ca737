"""`make demo`: a real Mosquitto, the reference backend and a virtual terminal; prints the address of its page."""

import argparse
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

from demo import layer
from demo.broker import Control, NoProgram, broker, free_port
from demo.processes import NotStarted, Process, python, stop_all
from texts import LANGS, Lang, t

TERMINAL = "00010023"
USER = "demo"
USER_WAIT_S = 60
DISK_MIB = 64
LOOK_S = 0.5
LOCK = "demo.lock"
_LANG_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")

ROOT = Path(__file__).parents[1]
SCENARIO = ROOT / "fleet" / "acquirer" / "scenario_demo.toml"
VOUCHERS = ROOT / "rules" / "catalogue" / "vouchers.toml"


class Trouble(Exception):
    """The demonstration cannot run; a text key of `[say]` with its arguments."""

    def __init__(self, key: str, **args: object) -> None:
        super().__init__(key)
        self.key = key
        self.named = args


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for."""

    data: Path
    host: str
    port: int
    profile: str
    disk_mib: int
    seed: int
    lang: Lang
    page_lang: Lang | None

    @property
    def terminal(self) -> Path:
        return self.data / "terminal"

    @property
    def fleet(self) -> Path:
        return self.data / "fleet"

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"


def main(argv: Sequence[str] | None = None) -> int:
    """0 after Ctrl-C, 1 when a part failed, 2 when something given does not fit."""
    words = list(sys.argv[1:] if argv is None else argv)
    lang = _lang(words)
    options = _parser(lang).parse_args(words)
    plan = Plan(
        options.data.absolute(),
        options.host,
        options.port,
        options.profile,
        options.disk_mib,
        options.seed,
        lang,
        options.lang,
    )
    try:
        with _held(plan, options.reset):
            return _run(plan)
    except Trouble as trouble:
        print(t("demo", lang, f"say__{trouble.key}", **trouble.named), file=sys.stderr)
        return 1


def _parser(lang: Lang) -> argparse.ArgumentParser:
    def say(name: str) -> str:
        return t("demo", lang, f"help__{name}")

    parser = argparse.ArgumentParser("demo", description=say("demo"))
    parser.add_argument("--data", type=Path, default=Path("var/demo"), metavar="DIR", help=say("data"))
    parser.add_argument("--host", default="127.0.0.1", help=say("host"))
    parser.add_argument("--port", type=int, default=8080, help=say("port"))
    parser.add_argument("--profile", default="virtual", metavar="NAME", help=say("profile"))
    parser.add_argument("--disk-mib", type=int, default=DISK_MIB, metavar="N", help=say("disk_mib"))
    parser.add_argument("--seed", type=int, default=1, help=say("seed"))
    parser.add_argument("--reset", action="store_true", help=say("reset"))
    parser.add_argument("--lang", choices=LANGS, help=say("lang"))
    return parser


def _lang(words: list[str]) -> Lang:
    """`--lang`, else the environment's language; Chinese when it says nothing."""
    given = next((after for word, after in pairwise(words) if word == "--lang"), "")
    said = given or next((os.environ[name] for name in _LANG_VARIABLES if os.environ.get(name)), "")
    return "zh" if said.startswith("zh") or not said else "en"


@contextmanager
def _held(plan: Plan, reset: bool) -> Iterator[None]:
    """The data folder, held against a second demonstration."""
    plan.data.mkdir(parents=True, exist_ok=True)
    with (plan.data / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble("in_use", data=plan.data) from None
        if reset:
            for entry in plan.data.iterdir():
                if entry.name != LOCK:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        yield


def _run(plan: Plan) -> int:
    started: list[Process] = []
    with _asked_to_stop() as stop, tempfile.TemporaryDirectory(prefix="pos-demo-") as scratch, ExitStack() as last:
        try:
            password = _user(plan)
            address = _start(plan, Path(scratch), started, stop, last)
            if address is not None:
                _say(plan, "ready", address=address, data=_short(plan.data))
                _say(plan, "backend", command=f"{_posfleet()} records {TERMINAL} --data {_short(plan.fleet)}")
                _say(plan, "dashboard", address=_word(started[1].ready_line, "dashboard"), user=USER, password=password)
            _watch(plan, started, stop)
        finally:
            _say(plan, "stopping")
            stop_all(started)
    _say(plan, "stopped")
    return 0


def _start(plan: Plan, scratch: Path, started: list[Process], stop: threading.Event, last: ExitStack) -> str | None:
    """Start one after the other; the page's address, or None when somebody asked to stop meanwhile."""
    broker_port, link_port = free_port(), free_port()
    try:
        mosquitto = broker(scratch / "broker", broker_port, plan.log("broker"))
    except NoProgram:
        raise Trouble("no_program", program="mosquitto", install="apt-get install mosquitto") from None
    control = Control(scratch / "control.sock", mosquitto)
    last.callback(control.close)
    steps: tuple[Callable[[], Process], ...] = (
        lambda: mosquitto,
        lambda: _fleet(plan, broker_port),
        lambda: _terminal(plan, broker_port, link_port, control.path, started[-1].ready_line),
    )
    for step in steps:
        if stop.is_set():
            return None
        process = step()
        _say(plan, "starting", what=t("demo", plan.lang, f"say__{process.name}"))
        try:
            process.start()
        except NotStarted:
            name = t("demo", plan.lang, f"say__{process.name}")
            raise Trouble("no_start", what=name, log=process.log) from None
        started.append(process)
    return started[-1].ready_line.rpartition(" ")[2]


def _fleet(plan: Plan, broker_port: int) -> Process:
    """The backend with the simulated acquirer, whose scenario goes by the last digits of the customer's code, with the
    dashboard and the page of receipts."""
    argv = python(
        "fleet", "serve", "--data", str(plan.fleet), "--broker", f"127.0.0.1:{broker_port}",
        "--scenario", str(SCENARIO), "--voucher-deals", str(VOUCHERS), "--http", f"{plan.host}:0",
        *(() if plan.host in ("127.0.0.1", "::1", "localhost") else ("--http-plain",)),
    )  # fmt: skip
    return Process("fleet", argv, plan.log("fleet"), "posfleet ready")


def _user(plan: Plan) -> str:
    """Let somebody in at the dashboard: a new password at each start, told once and kept nowhere. Returns it."""
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    ways = (("add", USER, "--role", "approver"), ("password", USER))
    for way in ways:  # the user of an earlier start gets the new password
        argv = [*python("fleet", "user", *way), "--password-stdin", "--data", str(plan.fleet)]
        done = subprocess.run(
            argv, cwd=ROOT, input=password + "\n", capture_output=True, text=True, timeout=USER_WAIT_S, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        if done.returncode == 0:
            return password
    raise Trouble("no_user", detail=done.stderr.strip())


def _word(ready_line: str, name: str) -> str:
    """What the backend's ready line says of `name`; empty when it says nothing."""
    return next((word.partition("=")[2] for word in ready_line.split() if word.startswith(f"{name}=")), "")


def _terminal(plan: Plan, broker_port: int, link_port: int, control: Path, ready_line: str) -> Process:
    """The emulator, which starts the terminal's daemon; called when the backend has made its key and said where it is."""
    _provision(plan, link_port)
    receipts = f"{_word(ready_line, 'http')}/r"
    _tell_receipts(plan, receipts)
    try:
        layer.tell_receipts(plan.fleet, receipts)
    except (OSError, ValueError) as trouble:
        raise Trouble("no_settings", detail=trouble) from trouble
    argv = python(
        "emulator",
        "--data", str(plan.terminal), "--profile", plan.profile, "--host", plan.host, "--port", str(plan.port),
        "--broker", f"127.0.0.1:{broker_port}", "--link-port", str(link_port), "--broker-control", str(control),
        "--disk-mib", str(plan.disk_mib), "--seed", str(plan.seed), "--log", str(plan.log("posd")),
        "--dashboard", _word(ready_line, "dashboard") + f"t/{TERMINAL}",
        *(("--lang", plan.page_lang) if plan.page_lang else ()),
    )  # fmt: skip
    return Process("terminal", argv, plan.log("posemu"), "posemu ready")


def _provision(plan: Plan, link_port: int) -> None:
    """Write the terminal's identity as its store keeps it: who it is, where its broker is, whose time it believes; for
    its owner's eyes only."""
    identity = {
        "terminal": TERMINAL,
        "hardware": plan.profile,
        "host": "127.0.0.1",
        "port": link_port,
        "fleet_key": (plan.fleet / "fleet.pub").read_text(encoding="ascii").strip(),
    }
    plan.terminal.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = plan.terminal / "identity.json"
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(json.dumps({"identity": {"1": {"document": identity}}}), encoding="utf-8")
    draft.replace(path)


def _tell_receipts(plan: Plan, receipts: str) -> None:
    """Put the page's address into the terminal's settings, as a local document; what else is set there stays."""
    path = plan.terminal / "settings.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    row = kept.setdefault("settings", {}).setdefault("1", {"document": {}, "rev": 0, "origin": "local"})
    row["document"].setdefault("slips", {})["receipt_url"] = receipts
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
    draft.replace(path)


def _watch(plan: Plan, processes: Sequence[Process], stop: threading.Event) -> None:
    """Until somebody asks to stop, or a part ends by itself (a broker that was switched off has not)."""
    while not stop.wait(LOOK_S):
        for process in processes:
            code = process.died()
            if code is not None:
                name = t("demo", plan.lang, f"say__{process.name}")
                raise Trouble("died", what=name, code=code, log=process.log)


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set by Ctrl-C or SIGTERM."""
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before: dict[signal.Signals, Any] = {sign: signal.signal(sign, asked) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _posfleet() -> str:
    """The command as it can be pasted: beside this Python, or the module where it is not installed."""
    installed = Path(sys.executable).with_name("posfleet")
    return _short(installed) if installed.exists() else f"{_short(Path(sys.executable))} -m fleet"


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def _say(plan: Plan, key: str, **args: object) -> None:
    print(t("demo", plan.lang, f"say__{key}", **args), flush=True)


if __name__ == "__main__":
    sys.exit(main())
