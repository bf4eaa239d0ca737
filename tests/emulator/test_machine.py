"""Power cuts, crashes, plugs and the drawer: what the virtual hardware does to a daemon and keeps for itself."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from emulator import board, calls
from emulator.diag import Diag, NoAnswer
from rules.settings_model import Scanner


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def test_a_power_cut_kills_tears_the_slip_and_starts_again(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            at.machine.printer.trouble("slow")
            watch = at.machine.feed.watch()
            await at.press("OK")
            while not (await watch.next()).get("slips"):
                pass
            pid = at.machine.daemon.pid
            answer = await at.post("/api/trouble", {"power": "cut"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["screen"]["lines"] == ["ready"]
            assert at.machine.daemon.pid != pid
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
            slips = (await at.get("/api/paper")).json()["slips"]
            assert slips[0]["state"] == "torn"
            assert "line 29" not in slips[0]["text"]

    run(story())


def test_the_glass_is_dark_without_power(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("1")
            assert at.machine.board.picture().getbbox() is not None
            assert (await at.post("/api/trouble", {"power": "off"})).json()["power"] == "off"
            assert at.machine.board.picture().getbbox() is None
            assert (await at.get("/api/screen.png")).status_code == 200
            assert (await at.post("/api/trouble", {"power": "on"})).json()["screen"]["lines"] == ["ready"]

    run(story())


def test_keys_on_the_cable_do_not_reach_the_next_daemon(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("*")
            await at.post("/api/scan", {"text": "123"}, params={"timeout_ms": "50"})
            done = (await at.post("/api/trouble", {"power": "cut"})).json()
            assert done["screen"]["lines"] == ["ready"]

    run(story())


def test_a_daemon_that_dies_by_itself_comes_back(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            watch = at.machine.feed.watch()
            await at.press("1")
            await at.machine.board.press("#")
            while (await watch.next()).get("on") is not False:
                pass
            assert (await at.get("/api/screen")).status_code == 503
            while (await watch.next()).get("on") is not True:
                pass
            assert (await at.get("/api/screen")).json()["lines"] == ["ready"]
            assert [entry.args for entry in at.machine.feed.entries if entry.key == "log__daemon_ended"] == [
                {"code": 3}
            ]

    run(story())


def test_a_power_cut_is_another_boot_of_the_kernel_and_a_crash_is_not(bench: Any) -> None:
    async def kernel(at: Any) -> bytes:
        await at.get("/api/screen")  # answered by a daemon that runs: a process just begun has an empty environment
        rows = Path(f"/proc/{at.machine.daemon.pid}/environ").read_bytes().split(b"\0")
        return next(row for row in rows if row.startswith(b"POSD_KERNEL_BOOT="))

    async def story() -> None:
        async with bench() as at:
            watch = at.machine.feed.watch()
            await at.press("1")
            first = await kernel(at)
            await at.machine.board.press("#")
            for on in (False, True):
                while (await watch.next()).get("on") is not on:
                    pass
            assert await kernel(at) == first
            await at.post("/api/trouble", {"power": "cut"})
            assert await kernel(at) != first

    run(story())


def test_an_unplugged_keypad_says_so_and_works_again(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("1")
            await at.post("/api/trouble", {"keypad": "unplugged"})
            answer = await at.post("/api/press", {"keys": ["2"]})
            assert (answer.status_code, answer.json()["error"]) == (409, "The keypad is unplugged.")
            await at.post("/api/trouble", {"keypad": "ok", "power": "cut"})
            assert (await at.press("3"))["screen"]["lines"][-1] == "key 3"

    run(story())


def test_a_printer_plugged_in_again_gets_done_whatever_the_cable_lost(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("OK", until="printed")
            await at.post("/api/trouble", {"printer": "unplugged"})
            printer = at.machine.printer
            printer.restart_counts(printer.consumed - 9, printer.sent + 9)  # what the kernel lost on the way
            answer = await at.post("/api/trouble", {"printer": "ok"}, params={"until": "printed"})
            assert answer.status_code == 200, answer.text
            assert "printer" not in answer.json()["waiting"]

    run(story())


def test_a_question_on_a_dead_connection_is_asked_again(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("1")
            reader, writer = at.machine.diag._link
            writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)  # as the daemon drops one that was idle long
            await reader.read()
            answer = await at.get("/api/screen", params={"settle": "no"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["lines"][-1] == "key 1"

    run(story())


def test_a_daemon_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(NoAnswer):
            await Diag(tmp_path).screen()

    run(story())


def test_a_stuck_drawer_takes_the_pulse_and_stays_shut(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.post("/api/trouble", {"drawer": "stuck"})
            await at.press("F1")
            drawer = (await at.get("/api/drawer")).json()
            assert (drawer["open"], drawer["pulses"], drawer["openings"]) == (False, 1, 0)

    run(story())


def test_the_drawer_is_closed_by_hand(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.post("/api/trouble", {"drawer": "forced"})
            assert (await at.get("/api/drawer")).json() == {
                "open": True, "stuck": False, "contact": "open", "pulses": 0, "short_pulses": 0, "openings": 1,
            }  # fmt: skip
            await at.post("/api/drawer", {"action": "close"})
            assert (await at.get("/api/drawer")).json()["contact"] == "closed"
            assert (await at.get("/api/trouble")).json()["drawer"] == "ok"

    run(story())


def test_a_pulse_too_short_for_the_latch(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            drawer = at.machine.board.drawer
            drawer.line(True, 0)
            drawer.line(False, 19_000_000)
            assert (drawer.moving, drawer.short_pulses) == (False, 1)
            drawer.line(True, 0)
            drawer.line(False, 20_000_000)
            assert (drawer.moving, drawer.pulses) == (True, 1)
            drawer.close()

    run(story())


def test_the_clock_offset_and_battery_reach_the_daemon(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("1")
            before = (await at.machine.diag.settle()).devices["board.sock"].read
            await at.post("/api/trouble", {"clock_offset_s": -3600, "battery": 12})
            now = (await at.machine.diag.settle()).devices["board.sock"].read
            assert now - before == 2
            shown = (await at.get("/api/trouble")).json()
            assert (shown["clock_offset_s"], shown["battery"]) == (-3600, 12)

    run(story())


def test_the_radio_reaches_the_daemon_and_the_page(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("1")
            before = (await at.machine.diag.settle()).devices["board.sock"].read
            for name in ("weak", "sim", "wifi_key", "none", "mobile"):
                assert (await at.post("/api/trouble", {"network": name})).status_code == 200
                assert (await at.get("/api/trouble")).json()["network"] == name
            assert (await at.machine.diag.settle()).devices["board.sock"].read - before == 5

    run(story())


def test_troubles_without_a_mechanism_are_refused(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            available = (await at.get("/api/trouble")).json()["available"]
            assert available == {"link": False, "broker": False, "disk": False, "printer2": False}
            for trouble in ({"link": "down"}, {"broker": "down"}, {"disk": "full"}):
                answer = await at.post("/api/trouble", trouble)
                assert answer.status_code == 409
                assert "cannot be played here" in answer.json()["error"]

    run(story())


def test_a_scan_types_capitals_with_shift(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            done = (await at.post("/api/scan", {"text": "aB1"})).json()
            assert done["screen"]["lines"][-1] == "scan 30 ^48 2 "
            done = (await at.post("/api/scan", {"text": "茶", "via": "serial"})).json()
            assert done["screen"]["lines"][-1] == "serial e88cb60d"
            done = (await at.post("/api/scan", {"bytes_hex": "00ff"})).json()
            assert done["screen"]["lines"][-1] == "serial 00ff"
            refused = await at.post("/api/scan", {"text": "茶"})
            assert refused.status_code == 400
            assert "茶" in refused.json()["error"]

    run(story())


def test_the_same_code_again_is_a_scan_and_no_bounce(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal goes by the times the scanner stamps on its keys, so these are what is looked at."""
    stamps: list[int] = []

    async def story() -> None:
        async with bench() as at:
            typed = board.typed

            def noted(text: str, at_us: int) -> Any:
                stamps.append(at_us)
                return typed(text, at_us)

            monkeypatch.setattr(board, "typed", noted)
            for text in ("123", "123"):
                done = (await at.post("/api/scan", {"text": text})).json()
            assert done["screen"]["lines"][-2:] == ["scan 2 3 4 "] * 2

    run(story())
    assert stamps[1] - stamps[0] >= Scanner().bounce_ms * 1000


@pytest.mark.parametrize(("second", "held"), [("123", True), ("124", False)])
def test_only_the_same_code_is_held_back(bench: Any, monkeypatch: pytest.MonkeyPatch, second: str, held: bool) -> None:
    monkeypatch.setattr(calls, "SAME_SCAN_S", 3600.0)

    async def story() -> None:
        async with bench() as at:
            await at.post("/api/scan", {"text": "123"})
            again = asyncio.create_task(at.post("/api/scan", {"text": second}))
            done, _ = await asyncio.wait({again}, timeout=0.5 if held else 30)
            assert bool(done) is not held
            again.cancel()

    run(story())


def test_two_thousand_characters_in_one_scan(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            done = (await at.post("/api/scan", {"text": "1" * 2_000})).json()
            assert done["screen"]["lines"][-1] == "scan " + "2 " * 2_000

    run(story())


def test_a_held_key_is_down_for_its_real_time(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("1")
            answer = await at.post("/api/press", {"key": "CANCEL", "hold_ms": 300})
            assert answer.json()["screen"]["lines"][-1] == "key CANCEL"
            sent = at.machine.board.endpoints["keypad"].sent
            assert sent > 48 * 3, "down, repeats, up"

    run(story())


def test_the_journal_is_shown_in_pages(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("UP", "UP")
            pages = (await at.get("/api/journal", params={"after": "1"})).json()
            assert [record["seq"] for record in pages["records"]] == [2]
            assert pages["records"][0]["body"] == {"due_fen": 350}

    run(story())
