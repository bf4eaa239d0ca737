"""`tools/make-release`, as who makes a release meets it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.update.bundles import KEY

TOOL = Path(__file__).parents[2] / "tools" / "make-release"


def made(folder: Path, **words: object) -> subprocess.CompletedProcess[str]:
    key = folder / "fleet.key"
    key.write_text(KEY.hex())
    told = {"version": "0.2.0", "key": key, "out": folder / "release.tar"} | words
    line = [sys.executable, str(TOOL), *(f"--{name}={value}" for name, value in told.items())]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def test_a_release_is_made_of_this_tree(tmp_path):
    done = made(tmp_path)
    assert (done.returncode, done.stdout.split()[0]) == (0, "sha256"), done.stderr
    assert (tmp_path / "release.tar").is_file()


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ({"version": ""}, "--version ''"),
        ({"version": "../../x"}, "--version '../../x'"),
        ({"minimum": "a b"}, "--minimum 'a b'"),
        ({"key": "/nowhere/fleet.key"}, "/nowhere/fleet.key"),
        ({"key": __file__}, "holds no Ed25519 key"),
        ({"tree": "/nowhere"}, "is no source tree"),
        ({"out": "/nowhere/release.tar"}, "--out /nowhere/release.tar"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(tmp_path, words, cause):
    done = made(tmp_path, **words)
    assert (done.returncode, cause in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
    assert not (tmp_path / "release.tar").exists()


def test_without_the_packages_it_says_how_it_is_run(tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(TOOL)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, ".venv/bin/python tools/make-release" in done.stderr) == (1, True), done.stderr
