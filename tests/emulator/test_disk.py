"""A full and a read-only data partition, in a mount namespace of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import disk

IN_NAMESPACE = """
import asyncio, errno, json, os, sys
from pathlib import Path
from emulator.disk import Disk

data, seen = Path(sys.argv[1]), {}
part = Disk(data, 4)
part.mount()
seen["available"] = part.available
seen["copied in"] = (data / "kept" / "old.txt").read_text()

def write(name, size):
    try:
        (data / name).write_bytes(b"x" * size)
    except OSError as trouble:
        return errno.errorcode[trouble.errno]
    return "written"

seen["before"] = write("a", 100_000)
asyncio.run(part.fill())
seen["full"] = write("b", 100_000)
asyncio.run(part.mend())
seen["mended"] = write("c", 100_000)
seen["whole size"] = write("d", 8_000_000)
(data / "d").unlink()
asyncio.run(part.protect())
seen["read-only"] = write("e", 1)
asyncio.run(part.mend())
seen["link from outside"] = os.readlink(f"/proc/self/fd/{part._under}/diag.sock").endswith("/diag.sock")
(data / "kept" / "old.txt").write_text("new")
part.unmount()
print(json.dumps(seen))
"""


@pytest.fixture
def namespace() -> list[str]:
    prefix = disk.own_namespace_argv([sys.executable])
    if prefix is None:
        pytest.skip("no root or no mount namespaces: the disk troubles are shown as unavailable")
    return prefix


def test_full_and_read_only_are_real_and_the_content_is_kept(namespace: list[str], tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "old.txt").write_text("old")
    (tmp_path / "gone").write_text("goes")
    environment = {**os.environ, disk.OUTSIDE: disk.namespace_of(), "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [*namespace, "-c", IN_NAMESPACE, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "available": True,
        "copied in": "old",
        "before": "written",
        "full": "ENOSPC",
        "mended": "written",
        "whole size": "ENOSPC",
        "read-only": "EROFS",
        "link from outside": True,
    }
    assert (tmp_path / "kept" / "old.txt").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "gone", "kept"]


def test_without_a_namespace_it_is_a_plain_folder(tmp_path: Path) -> None:
    part = disk.Disk(tmp_path, 4)
    part.mount()
    assert not part.available
    part.save()
    part.unmount()


def test_a_save_broken_off_anywhere_ends_whole(tmp_path: Path) -> None:
    """The new content counts from its rename on; installing it may be done again from any point."""
    part = disk.Disk(tmp_path, None)
    part._under = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    saved = tmp_path / disk.SAVED
    (saved / "sub").mkdir(parents=True)
    (saved / "sub" / "new").write_text("new")
    (saved / "ledger").write_text("new")
    (tmp_path / "ledger").write_text("old")  # was about to be replaced
    (tmp_path / "extra").write_text("old")  # was about to be removed
    part._install()
    os.close(part._under)
    assert (tmp_path / "ledger").read_text() == "new"
    assert (tmp_path / "sub" / "new").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger", "sub"]
