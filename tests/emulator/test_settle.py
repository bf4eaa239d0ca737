"""A call returns when the terminal has settled: not before, and with what it still waits for."""

import asyncio
import time
from typing import Any


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def test_a_key_has_been_seen_and_its_frame_drawn_when_the_call_returns(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            done = await at.press("1", "2", "3")
            assert done["settled"] is True
            assert done["screen"]["lines"][-3:] == ["key 1", "key 2", "key 3"]
            picture = at.machine.board.picture()
            rows = [picture.getpixel((5, y)) for y in range(240)]
            assert rows.count((255, 255, 255)) == done["screen"]["frame"] % 240

    run(story())


def test_a_busy_worker_and_a_near_timer_are_waited_for(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            assert (await at.press("F2"))["screen"]["lines"][-1] == "was busy"
            assert (await at.press("MENU"))["screen"]["lines"][-1] == "timer fired"

    run(story())


def test_the_drawer_is_on_its_rails_when_the_call_returns(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            done = await at.press("F1")
            assert done["screen"]["lines"][-1] == "drawer open"
            assert (await at.get("/api/drawer")).json()["open"] is True
            assert (await at.get("/api/sound")).json()["tones"][-1]["tone"] == "success"

    run(story())


def test_printing_is_a_wait_for_the_outside_unless_asked_otherwise(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            at.machine.printer.trouble("offline")
            assert (await at.press("OK"))["waiting"] == ["printer"]
            at.machine.printer.trouble("ok")
            assert (await at.press("1", until="printed"))["waiting"] == []
            slips = (await at.get("/api/paper")).json()["slips"]
            assert [slip["state"] for slip in slips] == ["finished"]
            assert "line 29 of the slip" in slips[0]["text"]

    run(story())


def test_until_acked_waits_for_the_backend(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            first = await at.press("UP")
            assert first["waiting"] == ["ack"]
            assert first["acked_seq"] == 0
            then = (await at.get("/api/settle", params={"until": "acked"})).json()
            assert (then["acked_seq"], then["waiting"]) == (1, [])

    run(story())


def test_what_does_not_settle_is_named_after_the_time(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("*")  # from now on nobody reads the scanner
            answer = await at.post("/api/scan", {"text": "690"}, params={"timeout_ms": "120"})
            assert answer.status_code == 504
            assert answer.json()["reasons"] == ["scanner: 384 bytes not yet read by the terminal"]

    run(story())


def test_a_dead_daemon_is_said_at_once(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            await at.press("1")
            await at.post("/api/trouble", {"power": "off"})
            before = time.monotonic()
            answer = await at.post("/api/press", {"keys": ["1"]})
            assert answer.status_code == 503
            assert "power" in answer.json()["what_to_do"]
            assert time.monotonic() - before < 5, "a dead terminal is not waited for"

    run(story())
