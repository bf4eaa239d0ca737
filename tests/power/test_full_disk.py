"""A disk that is really full or really read-only, in a mount namespace of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.power import trace
from tests.power.full_disk import Found

DISK_BYTES = 24 * 1024 * 1024
SALES_MIN = 1_000


def why_no_mount() -> str:
    """Empty when a small disk can be mounted here, else the reason, for a skip by name."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else f"this machine allows no mount: {tried.stderr.strip()[:80]}"


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> Callable[[str], list[str]]:
    """Run shell lines with `$DISK` a tmpfs of 24 MiB and `$RUN` the terminal on it; the lines they print."""
    if why := why_no_mount():
        pytest.skip(why)

    def run(script: str) -> list[str]:
        mount = f'set -e; mount -t tmpfs -o size={DISK_BYTES} none "$DISK"; '
        terminal = f'run() {{ "{sys.executable}" -m tests.power.full_disk "$DISK" "$1"; }}; '
        done = subprocess.run(
            ["unshare", "-m", "bash", "-c", mount + terminal + script],
            cwd=trace.ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "DISK": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_a_full_disk_still_takes_a_thousand_cash_sales(
    on_a_small_disk: Callable[[str], list[str]], figure: Callable[[str], None]
) -> None:
    (line,) = on_a_small_disk("run full")
    found = msgspec.json.decode(line, type=Found)
    assert found.sold >= SALES_MIN
    assert set(found.refused) == {9002}
    assert found.kept, "a sale was lost, or the rebuilt tables are not the live ones"
    assert found.resumed
    figure(f"full disk: {found.sold} cash sales after it was full, then refused with 9002, nothing lost, resumed")


def test_a_read_only_disk_is_refused_until_it_can_be_written(on_a_small_disk: Callable[[str], list[str]]) -> None:
    lines = on_a_small_disk('run start; mount -o remount,ro "$DISK"; run start; mount -o remount,rw "$DISK"; run start')
    assert lines == ["sold 1", "refused 9013", "sold 2"]


def test_the_terminal_starts_on_a_full_disk_and_says_so(on_a_small_disk: Callable[[str], list[str]]) -> None:
    assert on_a_small_disk('run fill; run start; rm "$DISK/filler"; run start') == ["refused 9002", "sold 1"]
