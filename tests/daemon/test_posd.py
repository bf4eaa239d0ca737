"""The daemon as a process: starts on a folder, answers its diagnosis socket, ends cleanly, and its tools do what they say.

No emulator plays here: keypad and scanner say nothing and every other device of the virtual board is missing, which a
terminal must survive.
"""

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.assembly import CRASHES, UNREADABLE, UNSURE, _uplink_worker
from firmware.crashes import CRASHES_MAX, CrashFile
from firmware.diagnosis import DiagnosisSocket
from firmware.drivers.store import Identity, Store
from tests.counter import Counter
from wire import diag
from wire.board import KEYPAD, SCANNER

ROOT = Path(__file__).parents[2]
START_WAIT_S = 30


class Daemon:
    """One running posd and a client of its diagnosis socket."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.log = (data / "posd.log").open("a+")
        self.plugged = [_plug(data / "board" / name) for name in (KEYPAD, SCANNER)]
        argv = [
            sys.executable,
            "-m",
            "firmware",
            "run",
            "--virtual",
            "--data",
            str(data),
            "--board",
            str(data / "board"),
        ]
        self.process = subprocess.Popen(argv, cwd=ROOT, stdout=self.log, stderr=self.log)

    def ask(self, query: diag.Query, answer: type) -> object:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(START_WAIT_S)
            client.connect(str(self.data / diag.SOCKET))
            client.sendall(msgspec.json.encode(query) + b"\n")
            return msgspec.json.decode(client.makefile("rb").readline(), type=answer)

    def screen(self) -> diag.Screen:
        found = self.ask(diag.AskScreen(), diag.Screen)
        assert isinstance(found, diag.Screen)
        return found

    def has_threads(self, names: set[str]) -> bool:
        """Whether they all run, soon."""
        import time

        until = time.monotonic() + START_WAIT_S
        while time.monotonic() < until:
            health = self.ask(diag.AskHealth(), diag.Health)
            assert isinstance(health, diag.Health)
            if names <= set(health.threads):
                return True
            select_nothing()
        return False

    def wait_ready(self) -> "Daemon":
        """Until the socket answers; the process's death ends the wait."""
        import time

        until = time.monotonic() + START_WAIT_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.screen()
                return self
            except (OSError, msgspec.DecodeError, AssertionError):
                select_nothing()
        raise AssertionError(f"posd did not answer: {self.text()}")

    def text(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(START_WAIT_S)
        while self.plugged:
            os.close(self.plugged.pop())
        return code


def _plug(path: Path) -> int:
    """A keypad or scanner that is there and says nothing; the descriptor keeps it plugged in."""
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        os.mkfifo(path)
    return os.open(path, os.O_RDWR)


def select_nothing() -> None:
    """Give the other process a moment; the caller polls a condition."""
    import select

    select.select([], [], [], 0.02)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Store(tmp_path).write_identity(Identity("00010023", "virtual", "127.0.0.1", 9))
    return tmp_path


@pytest.fixture
def daemon(data: Path) -> Iterator[Daemon]:
    running = Daemon(data)
    yield running
    running.stop(signal.SIGKILL)


def tool(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "firmware", *words, "--data", str(data)]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_starts_without_display_printer_or_drawer_and_ends_cleanly_when_told(daemon: Daemon, data: Path) -> None:
    assert daemon.wait_ready().screen().title == "签到"
    settle = daemon.ask(diag.AskSettle(), diag.Settle)
    assert isinstance(settle, diag.Settle)
    assert "ack" in settle.waiting
    page = daemon.ask(diag.AskJournal(), diag.Journal)
    assert isinstance(page, diag.Journal)
    assert [record.kind for record in page.records][:2] == ["born", "booted"]
    workers = {"board", "display", "input", "printer", "drawer", "system", "sound", "uplink"}
    assert daemon.has_threads(workers), "some start behind the first screen, or when there will be none"
    assert daemon.stop() == 0
    exported = tool(data, "journal", "export")
    assert [json.loads(line)["kind"] for line in exported.stdout.splitlines()][-1] == "stopped"


def test_the_diagnosis_socket_is_the_owners_and_takes_nonsense_calmly(daemon: Daemon, data: Path) -> None:
    daemon.wait_ready()
    assert stat.S_IMODE(os.stat(data / diag.SOCKET).st_mode) == 0o600
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(START_WAIT_S)
        client.connect(str(data / diag.SOCKET))
        answers = client.makefile("rb")
        for nonsense in (b"{}\n", b"\xff\xfe\n", b'{"type":"journal","after":"x"}\n', b"[" * 200 + b"\n"):
            client.sendall(nonsense)
            assert "reason" in json.loads(answers.readline())
        client.sendall(b'{"type":"screen"}\n')
        assert json.loads(answers.readline())["title"] == "签到"


def test_an_uplink_that_is_stopped_before_its_turn_is_not_started() -> None:
    done: list[str] = []

    class Uplink:
        def start(self) -> None:
            done.append("start")

        def stop(self, reason: str) -> None:
            assert "start" in done, "a thread that never began cannot be waited for"

        def idle(self) -> bool:
            return False

        busy = waiting = alive = idle

    worker = _uplink_worker(Uplink())  # type: ignore[arg-type]
    worker.stop()
    worker.run()
    assert done == []


def test_a_second_posd_on_the_same_data_is_refused(daemon: Daemon, data: Path) -> None:
    daemon.wait_ready()
    second = tool(data, "run", "--virtual", "--board", str(data / "board"))
    assert second.returncode == 3
    assert "in use by another posd" in second.stderr
    assert "stop posd first" in tool(data, "journal", "verify").stderr
    assert daemon.screen().title == "签到"


def test_a_kill_is_known_as_a_cut_at_the_next_start(data: Path) -> None:
    for _ in range(2):
        running = Daemon(data)
        running.wait_ready()
        running.stop(signal.SIGKILL)
    exported = tool(data, "journal", "export").stdout
    assert [json.loads(x)["body"].get("end", "cut") for x in exported.splitlines() if '"booted"' in x] == [
        "first",
        "cut",
    ]


def test_a_damaged_settings_file_is_said_and_selling_goes_on_with_the_last_good_one(data: Path) -> None:
    store = Store(data)
    store.apply_settings({"shop": {"name": "张三便利店"}}, 3)
    damaged = next(path for path in data.glob("settings*.json") if "good" not in path.name)
    damaged.write_bytes(damaged.read_bytes()[:20])
    running = Daemon(data)
    try:
        screen = running.wait_ready().screen()
        assert any("[9004]" in line for line in screen.lines), screen
        page = running.ask(diag.AskJournal(), diag.Journal)
        assert isinstance(page, diag.Journal)
        [applied] = [json.loads(bytes(x.body)) for x in page.records if x.kind == "settings_applied"]
        assert (applied["rev"], applied["origin"]) == (3, "last_known_good")
    finally:
        running.stop()


def test_a_damaged_journal_is_said_on_the_screen_and_nothing_is_sold(data: Path) -> None:
    counter = Counter(data).open_for_business()
    counter.ledger.close()
    ledger = data / "ledger.db"
    raw = bytearray(ledger.read_bytes())
    at = raw.find(b'"float_fen":20000')
    raw[at + 12 : at + 17] = b"99999"
    ledger.write_bytes(raw)
    running = Daemon(data)
    try:
        screen = running.wait_ready().screen()
        assert screen.name == "Halted"
        assert any("[9003]" in line for line in screen.lines)
    finally:
        assert running.stop() == 0
    assert tool(data, "journal", "verify").returncode == 3


def test_three_crashes_mean_safe_mode_naming_the_event(data: Path) -> None:
    for _ in range(CRASHES_MAX):
        CrashFile(data / CRASHES).note("Scanned(text='boom')")
    running = Daemon(data)
    try:
        screen = running.wait_ready().screen()
        assert any("[9001]" in line for line in screen.lines)
        health = running.ask(diag.AskHealth(), diag.Health)
        assert isinstance(health, diag.Health)
        assert not any("uplink" in name for name in health.threads)
    finally:
        running.stop()


def test_the_tools_say_what_is_wrong_and_how_to_go_on(tmp_path: Path, data: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "[2008]" in tool(empty, "run").stderr
    assert "holds no ledger yet" in tool(data, "journal", "verify").stderr
    assert tool(data, "check").returncode == 0
    assert "NOT" in tool(empty, "check").stdout
    assert "9004" in tool(data, "run", "--profile", "nonsense").stderr
    optimised = subprocess.run(
        [sys.executable, "-O", "-m", "firmware", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert optimised.returncode == 3
    assert "-O" in optimised.stderr


def test_verify_finds_a_lying_table_and_rebuild_mends_it(data: Path) -> None:
    counter = Counter(data).open_for_business().keys("1 2 5 0 OK OK")
    counter.ledger.commit()
    counter.ledger.db.execute("UPDATE shift SET sales_fen = 1")
    counter.ledger.close()
    verified = tool(data, "journal", "verify")
    assert verified.returncode == 1
    assert "table shift" in verified.stdout
    assert tool(data, "journal", "rebuild").returncode == 0
    assert "in order" in tool(data, "journal", "verify").stdout


def test_where_no_socket_can_be_made_the_terminal_still_runs(tmp_path: Path) -> None:
    quiet = DiagnosisSocket(tmp_path / "missing" / diag.SOCKET, None)  # type: ignore[arg-type]
    quiet.open()
    thread = threading.Thread(target=quiet.run)
    thread.start()
    quiet.stop()
    thread.join(START_WAIT_S)
    assert not thread.is_alive()


def test_a_card_that_does_not_confirm_three_times_is_said_on_the_screen(data: Path) -> None:
    Counter(data).open_for_business().ledger.close()
    for _ in range(CRASHES_MAX):
        CrashFile(data / CRASHES).note(UNSURE)
    running = Daemon(data)
    try:
        screen = running.wait_ready().screen()
        assert (screen.name, any("[9013]" in line for line in screen.lines)) == ("Halted", True)
    finally:
        running.stop()


def test_a_damaged_page_of_goods_is_found_by_verify_and_said_on_the_screen(data: Path) -> None:
    Counter(data).open_for_business().ledger.close()
    db = sqlite3.connect(data / "ledger.db")
    page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'product'").fetchone()[0]
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    with (data / "ledger.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    verified = tool(data, "journal", "verify")
    assert verified.returncode == 1
    assert "[9003] the file is damaged" in verified.stdout
    CrashFile(data / CRASHES).note(UNREADABLE)
    running = Daemon(data)
    try:
        assert running.wait_ready().screen().name == "Halted"
    finally:
        running.stop()


@pytest.mark.parametrize("content", ["", "nonsense\n", "\ufeffsku\tname\n1\t2\n"])
def test_a_price_list_that_cannot_be_taken_is_said_and_the_old_goods_stay(data: Path, content: str) -> None:
    Counter(data).open_for_business().ledger.close()
    (data / "goods.tsv").write_text(content, encoding="utf-8")
    running = Daemon(data)
    try:
        assert any("[9004]" in line for line in running.wait_ready().screen().lines)
    finally:
        running.stop()


def test_damaged_settings_without_a_good_copy_are_said_too(data: Path) -> None:
    (data / "settings.json").write_text('{"rev": 3, "garbage', encoding="utf-8")
    assert tool(data, "check").returncode == 1
    running = Daemon(data)
    try:
        assert any("[9004]" in line for line in running.wait_ready().screen().lines)
    finally:
        running.stop()
