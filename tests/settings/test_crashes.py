"""The real daemon dies by the kernel's hand, or the power goes: settings on trial are gone back from, and the two are told
apart. Whoever starts the daemon says which boot of the kernel it is, as systemd and the emulator do."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.crashes import CRASHES_MAX, RunMark
from firmware.drivers.slots.launch import KERNEL_ENVIRONMENT
from firmware.drivers.store import Identity, Store
from rules.settings_book import Heard, SettingsBook, Trial, Version
from tests.daemon.test_posd import Daemon, tool

BEFORE, TRIED = 6, 7
Kernel = Callable[[str], None]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Store(tmp_path).write_identity(Identity("00010023", "virtual", "127.0.0.1", 9))
    return tmp_path


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Says which boot of the kernel the daemons from now on run on."""

    def boots(name: str) -> None:
        monkeypatch.setenv(KERNEL_ENVIRONMENT, name)

    boots("kernel-0")
    return boots


def on_trial(data: Path) -> None:
    good = Version(BEFORE, "fleet", {"shop": {"footer": ["before"]}}, sha256="a" * 64)
    tried = Version(TRIED, "fleet", {"shop": {"footer": ["tried"]}}, sha256="b" * 64)
    heard = Heard(TRIED, tried.sha256, "trial")
    Store(data).keep(SettingsBook(tried, good, None, Trial(TRIED), heard), good=False)


def run(data: Path, end: signal.Signals) -> tuple[str, ...]:
    """One run of the daemon that sees its first screen and then its end; what the screen said."""
    running = Daemon(data)
    try:
        return running.wait_ready().screen().lines
    finally:
        running.stop(end)


def in_force(data: Path) -> int:
    return Store(data, mend=False).settings().rev


def journal(data: Path, kind: str) -> list[dict[str, Any]]:
    rows = (json.loads(line) for line in tool(data, "journal", "export").stdout.splitlines())
    return [row["body"] for row in rows if row["kind"] == kind]


def test_settings_under_which_the_daemon_is_killed_are_gone_back_from(data: Path, kernel: Kernel) -> None:
    on_trial(data)
    for sign in (signal.SIGKILL, signal.SIGABRT):  # no memory, the watchdog
        run(data, sign)
        assert in_force(data) == TRIED
    said = run(data, signal.SIGTERM)
    assert any("[9004]" in line for line in said), said
    assert in_force(data) == BEFORE
    assert [(each["rev"], each["to_rev"], each["reason"]) for each in journal(data, "settings_returned")] == [
        (TRIED, BEFORE, "2 crashes")
    ]
    assert [each.get("crashed", False) for each in journal(data, "booted")] == [False, True, True]
    assert {(each["code"], each["detail"]) for each in journal(data, "trouble") if each["code"] == 9001} == {
        (9001, "killed")
    }


def test_the_plug_is_no_crash_but_settings_under_which_no_run_lasts_end(data: Path, kernel: Kernel) -> None:
    on_trial(data)
    run(data, signal.SIGTERM)  # asked to end: says nothing against the settings
    for boot in range(3):
        kernel(f"kernel-{boot}")
        run(data, signal.SIGKILL)  # and the power is gone
        assert in_force(data) == TRIED
    kernel("kernel-3")
    run(data, signal.SIGTERM)
    assert in_force(data) == BEFORE
    assert [each["reason"] for each in journal(data, "settings_returned")] == ["3 runs cut off"]
    assert not any(each.get("crashed") for each in journal(data, "booted"))
    assert not (data / "crashes.json").exists()


def test_a_daemon_that_is_killed_again_and_again_comes_up_in_safe_mode(data: Path, kernel: Kernel) -> None:
    for _ in range(CRASHES_MAX):
        run(data, signal.SIGKILL)
    said = run(data, signal.SIGTERM)
    assert any("[9001]" in line for line in said), said
    assert [each.get("safe_mode", False) for each in journal(data, "booted")][-1]
    kernel("kernel-1")
    assert not any("[9001]" in line for line in run(data, signal.SIGTERM)), "another boot of the kernel, another chance"


@pytest.mark.parametrize(
    "mark",
    [
        b'{"boot":"1\xe14f","kernel":"k"}',
        b"",
        b"[]",
        b'{"boot": 1}',
        b'{"boot":"x","kernel":"kernel-0","ended":"gone"}',
        None,
    ],
)
def test_a_mark_that_cannot_be_read_is_no_crash(tmp_path: Path, kernel: Kernel, mark: bytes | None) -> None:
    path = tmp_path / "running.json"
    if mark is None:
        path.mkdir()
    else:
        path.write_bytes(mark)
    found = RunMark(path)
    assert (found.died(), found.crashed("x")) == (False, False)
    found.end("clean")
    found.begin("y")
    assert mark is None or found.died(), "it is a file of ours again"


def test_after_a_power_cut_the_mark_may_be_an_older_runs(tmp_path: Path, kernel: Kernel) -> None:
    mark = RunMark(tmp_path / "running.json")
    mark.begin("first")
    mark.end("crash")
    kernel("kernel-1")
    assert (mark.crashed("first"), mark.crashed("second")) == (True, False)
