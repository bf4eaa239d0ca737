"""`posemu` as a command: its ready line, what it refuses, and that it leaves nothing running."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """The command's folder for temporary things. Short: the board's sockets lie in it, and their paths are bounded."""
    with tempfile.TemporaryDirectory(prefix="e") as folder:
        yield Path(folder)


def start(data: Path, scratch: Path, *more: str) -> tuple["subprocess.Popen[str]", str]:
    child = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--data", str(data), "--port", "0", *more],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
    )  # fmt: skip
    assert child.stdout is not None
    return child, child.stdout.readline().split()[-1]


def test_a_terminal_that_was_never_provisioned_is_said_with_its_log(tmp_path: Path, scratch: Path) -> None:
    child, address = start(tmp_path / "data", scratch)
    try:
        request = urllib.request.Request(f"{address}/api/screen?timeout_ms=30000")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 503, "it ended by itself"
        assert json.load(refused.value)["what_to_do"]
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
    assert "[2008]" in (tmp_path / "posd.log").read_text()
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()], "its daemon is gone with it"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("disk", [(), ("--disk-mib", "4")], ids=["folder", "partition"])
def test_no_temporary_folder_stays_behind(
    tmp_path: Path, scratch: Path, sign: signal.Signals, disk: tuple[str, ...]
) -> None:
    child, address = start(tmp_path / "data", scratch, *disk)
    assert address.startswith("http://")
    assert list(scratch.iterdir()), "the board is there while it runs"
    child.send_signal(sign)
    assert child.wait(30) == 0
    assert list(scratch.iterdir()) == []


def test_an_unknown_profile_and_a_taken_port_are_refused(tmp_path: Path, capsys) -> None:
    assert main(["--data", str(tmp_path), "--profile", "../virtual"]) == 2
    assert "virtual-80-ili9341" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--data", str(tmp_path), "--port", port, "--port-strict"]) == 2
    assert port in capsys.readouterr().err
