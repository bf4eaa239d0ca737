"""Kills at exact writes, full and read-only disks: the settings are always the old or the new document, whole.

kill -9 keeps the page cache; cuts of the write log (decisions 6) are judged together with the ledger's.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.drivers.store import Store
from tests.store.writer import document

ROOT = Path(__file__).parents[2]
CALLS = ("write", "fsync", "rename")
COUNT = 3


def traced(folder, *options, count=COUNT, first=1):
    """Run the writer under strace; the acknowledged revisions and the trace of its file calls."""
    log = folder.parent / f"{folder.name}.trace"
    python = [sys.executable, "-m", "tests.store.writer", str(folder), str(count), str(first)]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(CALLS)}", *options, *python],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done, [int(rev) for rev in re.findall(r"rev (\d+)\n", done.stdout)], log.read_text()


def can_trace():
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0
    )


needs_strace = pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here")


def whole_and_not_older_than(folder, acknowledged):
    """The next start finds a whole document, at least as new as the last one acknowledged; it can be written on."""
    store = Store(folder)
    applied = store.settings()
    assert applied.notices == ()
    assert applied.rev >= max(acknowledged, default=0)
    if applied.rev:
        assert applied.settings.shop.name == document(applied.rev)["shop"]["name"]
        assert applied.settings.shift.float_expected_fen == document(applied.rev)["shift"]["float_expected_fen"]
    store.apply_settings(document(99), 99)
    assert store.settings().rev == 99


@needs_strace
def test_a_kill_at_any_write_sync_or_rename_leaves_a_whole_document(tmp_path):
    (tmp_path / "count").mkdir()
    _, acknowledged, trace = traced(tmp_path / "count")
    assert acknowledged == [1, 2, 3]
    points = [(call, n + 1) for call in CALLS for n in range(len(re.findall(rf"\b{call}\(", trace)))]
    assert len(points) >= COUNT * 2 * 4, "a document and its copy: write, fsync, rename, fsync of the folder"
    met = set()
    for call, nth in points[1 :: 2 if len(points) > 20 else 1]:
        folder = tmp_path / f"{call}-{nth}"
        folder.mkdir()
        done, acknowledged, _ = traced(folder, "-e", f"inject={call}:signal=KILL:when={nth}")
        assert done.returncode != 0, "the kill must have happened"
        met.add(call)
        whole_and_not_older_than(folder, acknowledged)
    assert met == set(CALLS)


FAULTS = [("write", "ENOSPC", 9002), ("fsync", "EIO", 9002), ("rename", "EROFS", 9013), ("write", "EDQUOT", 9002)]


@needs_strace
@pytest.mark.parametrize(("call", "fault", "code"), FAULTS)
def test_a_failing_call_is_told_and_the_old_document_stays(tmp_path, call, fault, code):
    Store(tmp_path).apply_settings(document(1), 1)
    done, acknowledged, _ = traced(tmp_path, "-e", f"inject={call}:error={fault}:when=1", count=1, first=2)
    assert acknowledged == []
    assert f"failed {code}\n" in done.stdout
    applied = Store(tmp_path).settings()
    assert (applied.rev, applied.notices) == (1, ())


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path):
    """RLIMIT_FSIZE stops the write in its middle, as a full disk does."""
    Store(tmp_path).apply_settings(document(1), 1)
    before = (tmp_path / "settings.json").read_bytes()
    python = [sys.executable, "-m", "tests.store.writer", str(tmp_path), "1", "2"]

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(python, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.stdout == "failed 9002\n", done.stderr
    assert (tmp_path / "settings.json").read_bytes() == before
    assert Store(tmp_path).settings().rev == 1


def can_mount():
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


DISK = """
set -e
mount -t tmpfs -o size=64k none "$1"
"$2" -m tests.store.writer "$1" 2
dd if=/dev/zero of="$1/fill" bs=1k count=1000 2>/dev/null || true
"$2" -m tests.store.writer "$1" 1 3
"$2" -c "
import sys; from pathlib import Path; from firmware.drivers.store import Store
print('now', Store(Path(sys.argv[1])).settings().rev, Store(Path(sys.argv[1])).settings().notices)" "$1"
rm "$1/fill"
mount -o remount,ro "$1"
"$2" -m tests.store.writer "$1" 1 4
mount -o remount,rw "$1"
"$2" -m tests.store.writer "$1" 1 5
"""


@pytest.mark.skipif(not can_mount(), reason="this machine allows no mount namespace")
def test_a_really_full_and_a_really_read_only_disk(tmp_path):
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", DISK, "bash", str(tmp_path), sys.executable],
        cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["rev 1", "rev 2", "failed 9002", "now 2 ()", "failed 9013", "rev 5"]
