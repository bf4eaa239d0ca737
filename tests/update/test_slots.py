"""Two slots: what may be put into them, and that whatever is cut off, a whole release runs."""

import io
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from firmware.drivers.slots import FolderSlots, NoSlots, RaucSlots, SlotFault, SlotLook, launch
from firmware.drivers.slots.worker import SlotWorker
from firmware.events import AskSlot, SlotAnswered
from tests.update import bundles
from tests.update.bundles import FLEET_KEY
from wire.release import newer

PRINTS = "import sys\nprint('release', {0!r}, *sys.argv[1:])\n"


def release(version: str) -> dict[str, bytes]:
    return {"firmware/__init__.py": b"", "firmware/__main__.py": PRINTS.format(version).encode()}


@pytest.fixture
def root(tmp_path):
    source = tmp_path / "source"
    for name, data in release("1.0").items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    FolderSlots.lay(tmp_path / "releases", source, "1.0")
    return tmp_path / "releases"


def slots(root: Path, runs: str = "1.0") -> FolderSlots:
    return FolderSlots(root, runs, FLEET_KEY)


def written(root: Path, version: str = "2.0", **more) -> Path:
    path = root / "bundle"
    path.write_bytes(bundles.small(version, release(version), **more))
    return path


def start(root: Path) -> str:
    """What the launcher starts, as a process of its own."""
    done = subprocess.run(
        [sys.executable, str(root / "launch.py"), "run"], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split()[1]


def test_a_release_is_installed_tried_and_kept(root):
    assert start(root) == "1.0"
    here = slots(root)
    here.install(written(root), "2.0")
    assert start(root) == "1.0", "nothing has changed yet"
    here.try_next()
    assert start(root) == "2.0"
    assert slots(root, "2.0").which() == SlotLook("B", trial=True)
    slots(root, "2.0").confirm()
    assert [start(root) for _ in range(4)] == ["2.0"] * 4
    assert slots(root, "2.0").which() == SlotLook("B")


def test_a_release_that_is_never_confirmed_is_left_by_itself(root):
    slots(root).install(written(root), "2.0")
    slots(root).try_next()
    assert [start(root) for _ in range(5)] == ["2.0", "2.0", "1.0", "1.0", "1.0"]
    assert slots(root).which() == SlotLook("A", fell_back=True, died=True)


@pytest.fixture
def on_trial(root, monkeypatch):
    """`2.0` runs on trial for the first time; what starts it again, on the boot of the kernel that is named."""
    slots(root).install(written(root), "2.0")
    slots(root).try_next()
    launch.ended(root)  # what ran until then

    def started(kernel: str) -> str:
        monkeypatch.setenv(launch.KERNEL_ENVIRONMENT, kernel)
        return launch.choose(root)

    assert started("k0") == "B"
    return started


def test_pulled_plugs_do_not_make_a_sound_release_be_left(root, on_trial):
    assert [on_trial(f"k{cut}") for cut in range(1, 6)] == ["B"] * 5
    slots(root, "2.0").confirm()
    assert slots(root, "2.0").which() == SlotLook("B")


def test_a_release_that_dies_is_left_however_often_the_plug_is_pulled_between(root, on_trial):
    assert [on_trial(kernel) for kernel in ("k1", "k1", "k2", "k2")] == ["B", "B", "B", "A"]
    assert slots(root).which() == SlotLook("A", fell_back=True, died=True)


def test_a_release_under_which_only_pulling_the_plug_helps_is_left_in_the_end_and_that_is_told_apart(root, on_trial):
    found = [on_trial(f"k{cut}") for cut in range(1, launch.CUTS_MAX + 2)]
    assert found == ["B"] * launch.CUTS_MAX + ["A"]
    assert slots(root).which() == SlotLook("A", fell_back=True, died=False)


def test_a_release_that_was_stopped_on_request_did_not_die(root, on_trial):
    for _ in range(3):
        launch.ended(root)
        assert on_trial("k0") == "B"
    assert [on_trial("k0") for _ in range(2)] == ["B", "A"]
    launch.ended(root)
    assert slots(root).which() == SlotLook("A", fell_back=True, died=True)


def test_a_release_that_cannot_be_imported_is_left_too(root):
    path = root / "bundle"
    path.write_bytes(bundles.small("2.0", {"firmware/__init__.py": b"", "firmware/__main__.py": b"this is not python"}))
    slots(root).install(path, "2.0")
    slots(root).try_next()
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            start(root)
    assert start(root) == "1.0"


def test_falling_back_on_purpose(root):
    slots(root).install(written(root), "2.0")
    slots(root).try_next()
    assert start(root) == "2.0"
    slots(root, "2.0").fall_back()
    assert start(root) == "1.0"
    assert slots(root).which().fell_back
    slots(root).install(written(root, "2.1"), "2.1")
    assert not slots(root).which().fell_back


FAULTS = {
    "unsigned": (lambda: bundles.small("2.0", key=bytes(32)), 2019),
    "another version": (lambda: bundles.small("2.1"), 9003),
    "older": (lambda: bundles.small("0.9"), 9015),
    "too early": (lambda: bundles.small("2.0", minimum="1.5"), 9015),
    "no bundle": (lambda: b"nonsense", 9003),
    "half": (lambda: bundles.small("2.0")[:1_500], 9003),
    "a path outside": (lambda: bundles.small("2.0", {"../evil": b"x"}), 9003),
    "an absolute path": (lambda: bundles.small("2.0", {"/tmp/evil": b"x"}), 9003),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_not_ours_or_may_not_follow_is_not_installed(root, case):
    make, code = FAULTS[case]
    path = root / "bundle"
    path.write_bytes(make())
    with pytest.raises(SlotFault) as refused:
        slots(root).install(path, "0.9" if case == "older" else "2.0")
    assert refused.value.code == code
    assert not (root / "B" / "release.json").exists()
    assert start(root) == "1.0"


def test_a_payload_changed_after_it_was_signed_is_not_installed(root):
    data = bytearray(bundles.small("2.0", release("2.0")))
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as tar:
        at = tar.getmember("payload.tar.gz").offset_data
    data[at + 20] ^= 1
    (root / "bundle").write_bytes(data)
    with pytest.raises(SlotFault) as refused:
        slots(root).install(root / "bundle", "2.0")
    assert refused.value.code == 9003


def test_an_older_release_only_where_its_manifest_allows_it(root):
    slots(root).install(written(root, "0.9", downgrade=True), "0.9")
    assert (root / "B" / "release.json").exists()


def test_a_release_on_trial_installs_nothing(root):
    slots(root).install(written(root), "2.0")
    slots(root).try_next()
    with pytest.raises(SlotFault):
        slots(root, "2.0").install(written(root, "3.0"), "3.0")
    assert start(root) == "2.0"


class Cut(Exception):
    """The power goes."""


WRITES = ("replace", "rename", "symlink", "unlink", "mkdir", "open", "fsync")


def cut_after(monkeypatch, count: int) -> None:
    """The n-th change of the disk does not happen any more."""
    left = [count]

    def watched(real):
        def act(*given, **more):
            if real is os.open and not (given[1] if len(given) > 1 else 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return real(*given, **more)
            if left[0] == 0:
                raise Cut
            left[0] -= 1
            return real(*given, **more)

        return act

    for name in WRITES:
        monkeypatch.setattr(os, name, watched(getattr(os, name)))


@pytest.mark.parametrize("act", ["install", "try_next", "fall_back", "confirm"])
def test_a_power_cut_at_any_step_leaves_a_whole_release_running_and_the_act_can_be_done_again(root, monkeypatch, act):
    """Every change of the disk in turn is the first that does not happen."""
    backup = root.parent / "backup"

    def put_back() -> None:
        subprocess.run(["rm", "-rf", str(root)], check=True)
        subprocess.run(["cp", "-a", str(backup), str(root)], check=True)

    written(root)
    if act != "install":
        slots(root).install(root / "bundle", "2.0")
    if act in ("fall_back", "confirm"):
        slots(root).try_next()
        launch.choose(root)
    subprocess.run(["cp", "-a", str(root), str(backup)], check=True)
    runs = {"install": {"1.0"}, "try_next": {"1.0", "2.0"}, "fall_back": {"1.0", "2.0"}, "confirm": {"2.0"}}[act]

    def do() -> None:
        here = slots(root)
        here.install(root / "bundle", "2.0") if act == "install" else getattr(here, act)()

    cuts = 0
    for count in range(60):
        put_back()
        with monkeypatch.context() as patch:
            cut_after(patch, count)
            try:
                do()
            except Cut:
                cuts += 1
            else:
                break
        slot = launch.choose(root)
        version = (root / slot / "firmware" / "__main__.py").read_text().split("'")[3]
        assert version in runs, (count, version)
        assert (root / slot / "release.json").exists()
        if act == "install":
            do()
            slots(root).try_next()
            assert launch.choose(root) == "B"
    else:
        raise AssertionError("it never came to its end")
    assert cuts >= 2


def test_numbers_of_releases_are_compared_as_numbers():
    assert newer("0.10.0", "0.9.1")
    assert not newer("1.0", "1.0.0")
    assert not newer("", "1.0")
    assert newer("2.0rc1", "1.9")


def test_the_worker_answers_everything_and_survives_whatever_a_slot_does(tmp_path):
    class Broken(NoSlots):
        def confirm(self):
            raise RuntimeError("boom")

    told = []
    worker = SlotWorker(tmp_path, Broken(), "1.0", told.append)
    for act in ("look", "install", "try", "confirm", "fall_back"):
        worker.carry_out(AskSlot(act, "ab" * 32, "2.0"))
    worker.stop()
    worker.run()
    assert [(each.act, each.code) for each in told] == [
        ("look", 0), ("install", 9005), ("try", 9005), ("confirm", 9005), ("fall_back", 9005),
    ]  # fmt: skip
    assert isinstance(told[0], SlotAnswered)


# --- RAUC ------------------------------------------------------------------------------------------------------------

FAKE = """#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
"status --output-format=json") cat {status} ;;
"info --output-format=json") echo '{{"compatible":"pos","version":"2.0"}}' ;;
"install {broken}") echo "signature verification failed" >&2; exit 1 ;;
esac
"""
STATUS = (
    '{"compatible":"pos","booted":"A","slots":[{"rootfs.0":{"class":"rootfs","bootname":"A","state":"booted",'
    '"boot_status":"%s"}},{"rootfs.1":{"class":"rootfs","bootname":"B","state":"inactive","boot_status":"%s"}},'
    '{"boot.0":{"class":"boot","state":"inactive"}}]}'
)


@pytest.fixture
def rauc(tmp_path, monkeypatch):
    """A `rauc` on the path that notes what it is told."""
    log, status = tmp_path / "log", tmp_path / "status"
    status.write_text(STATUS % ("good", "good"))
    fake = tmp_path / "bin" / "rauc"
    fake.parent.mkdir()
    fake.write_text(FAKE.format(log=log, status=status, broken=tmp_path / "broken"))
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    return tmp_path


def test_rauc_is_told_what_it_understands(rauc):
    here = RaucSlots("1.0")
    assert here.which() == SlotLook("A")
    here.install(rauc / "bundle", "2.0")
    here.try_next()
    here.confirm()
    here.fall_back()
    told = [line for line in (rauc / "log").read_text().splitlines() if "json" not in line]
    assert told == [
        f"install {rauc / 'bundle'}", "status mark-active other", "status mark-good booted", "status mark-bad booted",
        "status mark-active other",
    ]  # fmt: skip


def test_raucs_word_about_trial_and_return(rauc):
    (rauc / "status").write_text(STATUS % ("bad", "bad"))
    assert RaucSlots("1.0").which() == SlotLook("A", trial=True, fell_back=True)


def test_rauc_installs_no_other_and_no_older_release(rauc):
    for runs, version, code in (("1.0", "2.1", 9003), ("3.0", "2.0", 9015)):
        with pytest.raises(SlotFault) as refused:
            RaucSlots(runs).install(rauc / "bundle", version)
        assert refused.value.code == code
    with pytest.raises(SlotFault, match="signature"):
        RaucSlots("1.0").install(rauc / "broken", "2.0")
    (rauc / "status").write_text("{")
    with pytest.raises(SlotFault):
        RaucSlots("1.0").which()
