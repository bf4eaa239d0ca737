"""The launcher's own parts: processes known by their ready line, the broker's switch, one demonstration per folder."""

import asyncio
import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.__main__ import LOCK, Plan, _provision, main
from demo.broker import Control, broker, free_port
from demo.processes import NotStarted, Process
from emulator.control import BrokerControl, NoControl
from tests.mosquitto import PROGRAM

SPEAKS = "import time; print('child ready http://x', flush=True); time.sleep(600)"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Process]:
    process = Process("child", [sys.executable, "-c", SPEAKS], tmp_path / "child.log", "child ready")
    yield process
    process.stop()


def test_a_process_is_started_when_it_says_so_and_stopped_by_its_pid(child: Process) -> None:
    child.start()
    pid = child.pid
    assert child.ready_line == "child ready http://x"
    assert child.died() is None
    child.stop()
    assert child.died() is None, "it was asked to end"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_ends_before_it_is_ready_is_said(tmp_path: Path) -> None:
    process = Process("child", [sys.executable, "-c", "print('no luck')"], tmp_path / "child.log", "child ready")
    with pytest.raises(NotStarted):
        process.start()
    assert "no luck" in (tmp_path / "child.log").read_text()


def test_a_process_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    process = Process("child", [sys.executable, "-c", "print('child ready')"], tmp_path / "child.log", "child ready")
    process.start()
    assert process._child is not None
    process._child.wait()
    assert process.died() == 0


@pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
def test_the_emulator_switches_the_broker_off_and_on(tmp_path: Path) -> None:
    port = free_port()
    mosquitto = broker(tmp_path, port, tmp_path / "broker.log")
    control = Control(tmp_path / "control.sock", mosquitto)
    try:
        mosquitto.start()
        ask = BrokerControl(control.path)
        asyncio.run(ask.set("down"))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert mosquitto.died() is None, "the launcher does not take it for an accident"
        asyncio.run(ask.set("up"))
        socket.create_connection(("127.0.0.1", port)).close()
        asyncio.run(ask.set("up"))
    finally:
        mosquitto.stop()
        control.close()


def test_nonsense_on_the_control_socket_is_answered(tmp_path: Path, child: Process) -> None:
    control = Control(tmp_path / "control.sock", child)
    try:
        assert control.answer(b"\xff\xfe") == {"ok": False, "reason": "not understood"}
        assert control.answer(b"[]") == {"ok": False, "reason": "not understood"}
        assert control.answer(b'{"broker":"sideways"}')["ok"] is False
    finally:
        control.close()
    with pytest.raises(NoControl):
        asyncio.run(BrokerControl(tmp_path / "control.sock").set("up"))


def test_a_second_demonstration_in_the_same_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["--data", str(tmp_path), "--lang", "en"]) == 1
    assert "in use by another demonstration" in capsys.readouterr().err


def test_the_terminal_is_provisioned_as_its_store_reads_it(tmp_path: Path) -> None:
    from firmware.drivers.store import Store

    plan = Plan(tmp_path, "127.0.0.1", 8080, "virtual", 0, 1, "zh", None)
    plan.fleet.mkdir()
    (plan.fleet / "fleet.pub").write_text("ab" * 32 + "\n")
    _provision(plan, 4711)
    assert (plan.terminal / "identity.json").stat().st_mode & 0o777 == 0o600, "its owner's alone"
    identity, notices = Store(plan.terminal).identity()
    assert identity is not None
    assert notices == ()
    assert (identity.terminal, identity.port, identity.fleet_key) == ("00010023", 4711, "ab" * 32)
    assert (
        json.loads((plan.terminal / "identity.json").read_text())["identity"]["1"]["document"]["hardware"] == "virtual"
    )
