"""`posemu`: a virtual terminal with its page and API; starts the daemon and stops it again."""

import argparse
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from emulator import disk
from emulator.app import build
from emulator.board import Board
from emulator.control import BrokerControl
from emulator.daemon import command
from emulator.feed import Feed
from emulator.link import Link, Upstream
from emulator.machine import Machine, Parts
from emulator.printer import VirtualPrinter
from emulator.rig import DEFAULT, NoProfile, Rig, load, names

PORT = 8080
PORT_TRIES_MAX = 50
SHUTDOWN_WAIT_S = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run until told to stop; 0 after a clean end, 2 when something given does not fit."""
    given = _parser().parse_args(argv)
    if given.disk_mib and not disk.in_own_namespace():
        _into_own_namespace(list(sys.argv[1:] if argv is None else argv))
    try:
        rig = load(given.profile)
    except NoProfile:
        print(f"posemu: no profile {given.profile!r}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    try:
        door = _listen(given.host, given.port, given.port_strict)
    except OSError as trouble:
        print(f"posemu: cannot listen on {given.host}:{given.port}: {trouble.strerror}", file=sys.stderr)
        return 2
    with _ending_in_order(), door, tempfile.TemporaryDirectory(prefix="posemu-") as scratch:
        _serve(given, rig, Path(scratch), door)
    return 0


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let SIGINT and SIGTERM unwind us, so that the temporary folder goes. The server takes them while it serves, and
    sends each to us again when it has ended: by default that would kill us on the spot."""

    def asked(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before: dict[signal.Signals, Any] = {sign: signal.signal(sign, asked) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="posemu", description="Virtual POS terminal with a web page and an HTTP API.")
    parser.add_argument("--data", type=Path, required=True, help="the terminal's data folder")
    parser.add_argument("--board", type=Path, help="folder of the devices' endpoints (default: a temporary one)")
    parser.add_argument("--profile", default=DEFAULT, help="hardware profile (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="port, or the next free one; 0: any (default: 8080)")
    parser.add_argument("--port-strict", action="store_true", help="this port or none")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="host name to answer to")
    parser.add_argument("--broker", type=_upstream, metavar="HOST:PORT", help="broker the network leads to")
    parser.add_argument("--link-port", type=int, default=0, help="loopback port where the terminal finds the network")
    parser.add_argument("--broker-control", type=Path, metavar="SOCKET", help="launcher's socket that owns the broker")
    parser.add_argument("--disk-mib", type=int, default=0, help="data on a partition of this size, so it can be full")
    parser.add_argument("--close-drawer-s", type=float, help="somebody shuts the drawer after so many seconds")
    parser.add_argument("--seed", type=int, default=1, help="chance of a lossy network (default: %(default)s)")
    parser.add_argument(
        "--log", type=Path, help="the daemon's log file (default: posd.log in the data folder's parent)"
    )
    parser.add_argument("--dashboard", default="", metavar="URL", help="the fleet's dashboard, for a link on the page")
    parser.add_argument("--lang", choices=("zh", "en"), help="language of the page (default: the browser's)")
    return parser


def _upstream(text: str) -> Upstream:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return Upstream(host.strip("[]"), int(port))


def _into_own_namespace(argv: list[str]) -> None:
    """Become the same command in a mount namespace of its own; go on without where that is not possible."""
    again = disk.own_namespace_argv([sys.executable, "-m", "emulator", *argv])
    if again is None:
        print(
            "posemu: full and read-only disks are not possible here (no root or no mount namespaces)", file=sys.stderr
        )
        return
    environment = {**os.environ, disk.OUTSIDE: disk.namespace_of()}
    os.execve(again[0], again, environment)


def _listen(host: str, port: int, strict: bool) -> socket.socket:
    """A listening socket on the port, or on the next free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in [port] if strict or port == 0 else range(port, min(port + PORT_TRIES_MAX, 65_536)):
        door = socket.socket(family)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, candidate))
        except OSError:
            door.close()
            if candidate == port + PORT_TRIES_MAX - 1 or strict or port == 0:
                raise
        else:
            return door
    raise OSError(98, "no free port")


def _serve(given: argparse.Namespace, rig: Rig, scratch: Path, door: socket.socket) -> None:
    log = given.log or given.data.parent / "posd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    machine = _machine(given, rig, given.board or scratch / "board", log)
    app = build(machine, log, given.allow_host, given.lang, given.dashboard)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_WAIT_S, ws="none", lifespan="on"
    )
    server = Announcing(config, f"http://{_authority(door)}", machine.feed)
    server.run(sockets=[door])


class Announcing(uvicorn.Server):
    """Says where the page is once it can be opened, and lets the pages' event streams go at the end."""

    def __init__(self, config: uvicorn.Config, address: str, feed: Feed) -> None:
        super().__init__(config)
        self._address = address
        self._feed = feed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._feed.end()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"posemu ready {self._address}", flush=True)


def _authority(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _machine(given: argparse.Namespace, rig: Rig, board_folder: Path, log: Path) -> Machine:
    feed = Feed()
    board = Board(board_folder, rig.controller, feed, given.close_drawer_s)
    link = Link(given.broker, given.seed, given.link_port) if given.broker else None
    parts = Parts(
        board=board,
        printer=lambda kicked, moved: VirtualPrinter(rig.paper, kicked, moved),
        printer2=None if (paper := rig.paper2) is None else lambda moved: VirtualPrinter(paper, on_paper=moved),
        feed=feed,
        daemon_argv=command(given.data, board_folder, rig.name),
        data=given.data,
        log=log,
        link=link,
        disk=disk.Disk(given.data, given.disk_mib or None),
        control=BrokerControl(given.broker_control) if given.broker_control else None,
    )
    return Machine(parts)


if __name__ == "__main__":
    sys.exit(main())
