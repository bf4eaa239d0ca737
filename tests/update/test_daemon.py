"""The real daemon under its real launcher, a real broker and a backend that signs the time: a command is answered, a release
is fetched, put into the other slot and started, and left after it has died twice without proof."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import msgspec

from firmware.drivers.slots import FolderSlots
from firmware.drivers.slots.launch import KERNEL_ENVIRONMENT
from firmware.drivers.store import Identity, Store
from tests.backend import FLEET_KEY, FLEET_PUBLIC, UTC_MS, Backend
from tests.bus import Bus, Publisher
from tests.daemon.test_posd import _plug, select_nothing
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from tests.update import bundles
from tests.update.bundles import ROOT
from tests.update.server import Files
from wire.board import KEYPAD, SCANNER
from wire.fleet import Blob, Command, Identify, Order, Reply, Signed, Update, command_name, signed_text
from wire.messages import State

TERMINAL, NEXT = "00010023", "9.9.9"
WAIT_S = 120


class Device:
    """A data folder, slots beside it, and whoever starts the terminal again."""

    def __init__(self, folder: Path, broker: Broker) -> None:  # noqa: F811
        self.data, self.releases = folder / "data", folder / "releases"
        Store(self.data).write_identity(
            Identity(TERMINAL, host=broker.host, port=broker.port, fleet_key=FLEET_PUBLIC)
        )  # fmt: skip
        source = folder / "source"
        for room in bundles.tool().ROOMS:
            shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
        _impatient(source / "firmware" / "desks" / "update.py")
        FolderSlots.lay(self.releases, source, "0.1.0")
        self.plugged = [_plug(self.board / name) for name in (KEYPAD, SCANNER)]
        self.log = (folder / "log").open("w+")
        self.process: subprocess.Popen[bytes] | None = None
        self.kernel = uuid.uuid4().hex

    @property
    def board(self) -> Path:
        (self.data / "board").mkdir(parents=True, exist_ok=True)
        return self.data / "board"

    def start(self) -> None:
        argv = [sys.executable, str(self.releases / "launch.py"), "run", "--virtual"]
        argv += ["--data", str(self.data), "--board", str(self.board)]
        environment = {**os.environ, KERNEL_ENVIRONMENT: self.kernel}
        self.process = subprocess.Popen(argv, stdout=self.log, stderr=self.log, cwd=self.data, env=environment)

    def die(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def until_it_ends(self) -> None:
        assert self.process is not None
        assert self.process.wait(WAIT_S) == 0

    def close(self) -> None:
        self.die()
        for each in self.plugged:
            os.close(each)
        self.log.close()


def _impatient(desk: Path) -> None:
    """The release that runs looks more often whether it is idle: nobody needs to wait for that here."""
    text = desk.read_text(encoding="utf-8")
    for name in ("LOOK_MS", "SHOWN_MS"):
        text, changed = re.subn(rf"^{name}: Final = [0-9_]+$", f"{name}: Final = 300", text, flags=re.MULTILINE)
        assert changed == 1, name
    desk.write_text(text, encoding="utf-8")


def signed(command: Command, cid: str) -> bytes:
    order = Order(cid, TERMINAL, UTC_MS, UTC_MS + 3_600_000, command, "ops")
    text = msgspec.json.encode(order).decode()
    return msgspec.json.encode(Signed(text, FLEET_KEY.sign(signed_text("command", text)).hex()))


def test_a_release_goes_all_the_way_and_is_left_when_it_does_not_stay_up(tmp_path, broker):  # noqa: F811
    bundle = bundles.tool().bundle(
        bundles.tool().payload(ROOT, NEXT), NEXT, FLEET_KEY.private_bytes_raw(), minimum="0.1.0"
    )  # fmt: skip
    device = Device(tmp_path, broker)
    try:
        with Files(bundle) as files, Bus(broker) as bus, Backend(tmp_path / "fleet.db", broker.host, broker.port):
            publisher = Publisher(broker)

            def states() -> list[State]:
                return [msgspec.json.decode(each, type=State) for each in bus.on(f"pos/v1/{TERMINAL}/up/state")]

            def replies(cid: str) -> list[Reply]:
                return [msgspec.json.decode(each, type=Reply) for each in bus.on(f"pos/v1/{TERMINAL}/up/reply/{cid}")]

            def until(met, what: str) -> None:
                deadline = time.monotonic() + WAIT_S
                while not met():
                    assert time.monotonic() < deadline, f"{what}: {states()[-2:]} {bus.messages[-2:]}"
                    bus.until(lambda: True)
                    select_nothing()

            def order(command: Command, cid: str) -> None:
                publisher.send(f"pos/v1/{TERMINAL}/dn/cmd/{command_name(command)}", signed(command, cid))

            device.start()
            until(lambda: any(each.online and each.clock == "trusted" for each in states()), "online, with the time")
            order(Identify(1), "identify1")
            until(lambda: replies("identify1"), "a reply")
            assert replies("identify1")[0].status == "done"
            forged = msgspec.json.decode(signed(Identify(1), "forged001"), type=Signed)
            publisher.send(
                f"pos/v1/{TERMINAL}/dn/cmd/identify",
                msgspec.json.encode(msgspec.structs.replace(forged, signature="0" * 128)),
            )
            blob = Blob("release", hashlib.sha256(bundle).hexdigest(), len(bundle), files.url)
            order(Update(NEXT, blob), "update001")
            device.until_it_ends()
            assert os.readlink(device.releases / "current") == "B"
            assert replies("forged001") == []
            for _ in range(2):
                seen = len(states())
                device.start()
                until(
                    lambda seen=seen: any(each.online and each.software == NEXT for each in states()[seen:]),
                    "the new release",
                )  # fmt: skip
                device.die()
            seen = len(states())
            device.start()
            until(lambda: any(each.status == "failed" for each in replies("update001")), "that it was left")
            assert replies("update001")[-1].code == 9005
            until(
                lambda: any(each.online and each.software == "0.1.0" for each in states()[seen:]), "the release before"
            )  # fmt: skip
            assert os.readlink(device.releases / "current") == "A"
            publisher.close()
    finally:
        device.close()
