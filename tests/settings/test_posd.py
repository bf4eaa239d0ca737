"""The real daemon with its real drivers, over a real Mosquitto: a pushed change of the footer stands on the next slip."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.drivers.store import Identity, Store
from tests.backend import FLEET_KEY, FLEET_PUBLIC
from tests.bus import Bus, Publisher
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from tests.settings.fleet import TERMINAL, desired, footer
from wire.fleet import Reported, Signed, signed_text
from wire.messages import State

ROOT = Path(__file__).parents[2]
DESIRED, REPORTED = f"pos/v1/{TERMINAL}/dn/desired", f"pos/v1/{TERMINAL}/up/reported"


class Machine:
    """`posemu` with the real daemon on a data folder."""

    def __init__(self, data: Path) -> None:
        argv = [sys.executable, "-m", "emulator", "--data", str(data), "--port", "0", "--log", str(data.parent / "log")]
        argv += ["--close-drawer-s", "0.5"]
        self.child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.child.stdout is not None
        self.address = next(line[line.index("http://") :].split()[0] for line in self.child.stdout if "http://" in line)
        self.address = self.address.rstrip("/")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.address}{path}", timeout=60) as answer:
            return json.load(answer)

    def press(self, keys: str) -> Any:
        body = json.dumps({"keys": keys.split()}).encode()
        request = urllib.request.Request(f"{self.address}/api/press", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self.child.send_signal(signal.SIGINT)
        self.child.wait(60)


@pytest.fixture
def data(tmp_path: Path, broker: Broker) -> Path:  # noqa: F811
    folder = tmp_path / "data"
    Store(folder).write_identity(
        Identity(TERMINAL, host=broker.host, port=broker.port, fleet_key=FLEET_PUBLIC, groups=("north",))
    )
    return folder


@pytest.fixture
def machine(data: Path) -> Iterator[Machine]:
    made = Machine(data)
    try:
        yield made
    finally:
        made.stop()


def signed(text: str, key: Any = FLEET_KEY) -> bytes:
    return msgspec.json.encode(Signed(text, key.sign(signed_text("settings", text)).hex()))


def told(bus: Bus) -> list[Reported]:
    return [msgspec.json.decode(each, type=Reported) for each in bus.on(REPORTED) if each]


def test_a_pushed_footer_stands_on_the_next_slip(machine: Machine, broker: Broker, data: Path) -> None:  # noqa: F811
    with Bus(broker, "pos/v1/#") as bus:
        publisher = Publisher(broker)
        machine.press("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK OK 2 0 0 0 0 OK")
        bus.until(lambda: told(bus) and told(bus)[-1].status == "none")
        forged = signed(desired(6, footer("伪造的一行"), expires_ms=0)).replace(b'"signature":"', b'"signature":"00', 1)
        forged = msgspec.json.encode(Signed(msgspec.json.decode(forged)["text"], "00" * 64))
        publisher.send(DESIRED, forged, retain=True)
        publisher.send(DESIRED, signed(desired(7, footer("推送来的一行"), "group:north", expires_ms=0)), retain=True)
        bus.until(lambda: bool(told(bus)) and told(bus)[-1].rev == 7)
        assert told(bus)[-1].status == "trial"
        seen = [machine.press("5 0 0 OK OK")]
        machine.get("/api/settle?until=printed")
        paper = json.dumps(machine.get("/api/paper"), ensure_ascii=False)
        assert "推送来的一行" in paper, (seen, machine.get("/api/screen"))
        assert "伪造的一行" not in paper
        kinds = [each["kind"] for each in machine.get("/api/journal?limit=200")["records"]]
        assert {"settings_refused", "settings_staged", "settings_applied"} <= set(kinds)
        publisher.close()
    applied = Store(data, mend=False).settings()
    assert (applied.rev, applied.settings.shop.footer) == (7, ("推送来的一行",))
    assert applied.book.trial is not None, "ten minutes have not passed"


def daemon_of(machine: Machine) -> int:
    """Its process, which the emulator starts again when it is gone, as systemd would."""
    return int(Path(f"/proc/{machine.child.pid}/task/{machine.child.pid}/children").read_text().split()[0])


def test_settings_under_which_the_daemon_is_killed_twice_are_taken_back(machine: Machine, broker: Broker) -> None:  # noqa: F811
    """Whoever kills it, and however the document came into force: in the middle of a run."""
    states = f"pos/v1/{TERMINAL}/up/state"

    def boots(bus: Bus) -> list[State]:
        said = (msgspec.json.decode(each, type=State) for each in bus.on(states) if each)
        return list({each.boot_id: each for each in said if each.online}.values())

    with Bus(broker, "pos/v1/#") as bus:
        publisher = Publisher(broker)
        bus.until(lambda: bool(told(bus)))
        publisher.send(DESIRED, signed(desired(7, footer("每次都被杀"), expires_ms=0)), retain=True)
        bus.until(lambda: told(bus)[-1].status == "trial")
        for killed in range(2):
            os.kill(daemon_of(machine), signal.SIGKILL)
            bus.until(lambda killed=killed: len(boots(bus)) == killed + 2)
        bus.until(lambda: told(bus)[-1].status == "rolled_back")
        publisher.close()
        assert (told(bus)[-1].rev, told(bus)[-1].desired_rev, told(bus)[-1].reason) == (0, 7, "2 crashes")
        assert [each.end for each in boots(bus)] == ["first", "crash", "crash"]


def test_another_paper_width_starts_the_daemon_again_by_itself(machine: Machine, broker: Broker) -> None:  # noqa: F811
    with Bus(broker, "pos/v1/#") as bus:
        publisher = Publisher(broker)
        bus.until(lambda: bool(told(bus)))
        boots = {msgspec.json.decode(each)["boot_id"] for each in bus.on(f"pos/v1/{TERMINAL}/up/state") if each}
        publisher.send(DESIRED, signed(desired(7, {"printer": {"paper_mm": 80}}, expires_ms=0)), retain=True)
        states = f"pos/v1/{TERMINAL}/up/state"
        bus.until(lambda: {msgspec.json.decode(each)["boot_id"] for each in bus.on(states) if each} - boots)
        bus.until(lambda: told(bus)[-1].rev == 7)
        publisher.close()
