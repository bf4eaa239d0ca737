"""A virtual terminal with two printers: each has paper and troubles of its own, and the real daemon's slips come out by
the rules whichever of them works."""

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.daemon import command
from emulator.printer import VirtualPrinter
from emulator.rig import load
from firmware.drivers.store import Identity, Store
from wire.board import PRINTER2

PROFILE = "virtual-two-printers"
COLA, WATER, APPLES = "6901234567892", "6951595000118", "2110001009419"
MARK = "续打"
NUMBER = re.compile(r"\b\d{6}-(\d{6})\b")
WAIT_S = 100
PATIENT = {"timeout_ms": str(WAIT_S * 1_000)}
"""A slow machine needs long to start the daemon; nothing else here takes time."""


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def second(moved: Callable[..., None]) -> VirtualPrinter:
    paper = load(PROFILE).paper2
    assert paper is not None
    return VirtualPrinter(paper, on_paper=moved)


def test_a_terminal_with_one_printer_says_that_it_has_no_second(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            for path in ("/api/paper", "/api/paper.png"):
                assert (await at.get(path, params={"printer": "0"})).status_code == 200
                answer = await at.get(path, params={"printer": "1"})
                assert (answer.status_code, answer.json()["error"]) == (404, "There is no printer 1.")
                assert PROFILE in answer.json()["what_to_do"]
            assert (await at.get("/api/trouble")).json()["printer2"] == "none"
            assert (await at.post("/api/trouble", {"printer2": "paper_out"})).status_code == 409
            assert len((await at.get("/api/state")).json()["papers"]) == 1

    run(story())


def test_the_second_printer_has_a_cable_paper_and_troubles_of_its_own(bench: Any) -> None:
    async def story() -> None:
        async with bench(printer2=second) as at:
            end = at.machine.board.folder / PRINTER2
            watch = at.machine.feed.watch()
            line = os.open(end, os.O_RDWR | os.O_NOCTTY)
            os.write(line, b"from the second\n\x1d\x56\x42\x00")
            while (told := await watch.next()).get("type") != "paper" or told["slips"][-1]["state"] != "finished":
                pass
            os.close(line)
            assert told["printer"] == 1
            assert [slip["text"].split() for slip in await paper(at, 1)] == [["from", "the", "second"]]
            assert await paper(at, 0) == []
            assert (await at.get("/api/paper.png", params={"printer": "1", "slip": "1"})).status_code == 200
            assert (await at.get("/api/paper.png", params={"printer": "0", "slip": "1"})).status_code == 404

            await at.post("/api/trouble", {"printer2": "unplugged"})
            assert not end.is_symlink()
            now = (await at.get("/api/trouble")).json()
            assert (now["printer"], now["printer2"], now["available"]["printer2"]) == ("ok", "unplugged", True)
            await at.post("/api/trouble", {"printer": "offline", "printer2": "ok"})
            assert end.is_symlink()
            assert (await at.press("OK"))["waiting"] == ["printer"], "the first one's, as ever"

    run(story())


async def paper(at: Any, printer: int) -> list[dict[str, Any]]:
    answer = await at.get("/api/paper", params={"printer": printer, "settle": "no"})
    found: list[dict[str, Any]] = answer.json()["slips"]
    return found


class Shop:
    """The real daemon behind the bench, open for business."""

    def __init__(self, at: Any) -> None:
        self.at = at

    async def begin(self) -> None:
        assert (await self.at.get("/api/settle", params=PATIENT)).status_code == 200
        opened = await self.press("0 1 OK 0 0 0 0 OK 3 8 5 2 OK 3 8 5 2 OK OK 2 0 0 0 0 OK")  # the date is asked, too
        assert opened["screen"]["name"] == "Idle"
        await self.close_drawer("printed")

    async def close_drawer(self, until: str) -> None:
        answer = await self.at.post("/api/drawer", {"action": "close"}, params={"until": until, **PATIENT})
        assert answer.status_code == 200, answer.text

    async def press(self, keys: str) -> dict[str, Any]:
        done: dict[str, Any] = await self.at.press(*keys.split(), **PATIENT)
        return done

    async def sell(self, code: str, printed: bool = True) -> None:
        answer = await self.at.post("/api/scan", {"text": code}, params=PATIENT)
        assert answer.status_code == 200, answer.text
        await self.press("OK F1")
        await self.close_drawer("printed" if printed else "settled")
        await self.press("OK")

    async def trouble(self, until: str = "settled", **wanted: str) -> None:
        answer = await self.at.post("/api/trouble", wanted, params={"until": until, **PATIENT})
        assert answer.status_code == 200, answer.text

    async def back(self) -> None:
        """Until the terminal has noticed that the first printer works: it asks once a second."""
        async with asyncio.timeout(WAIT_S):
            while (await self.at.get("/api/screen", params=PATIENT)).json()["status"]["printer"] != "ok":
                await asyncio.sleep(0.02)

    async def go_on(self) -> None:
        """Have the offered slip continued, as soon as the screen that came by itself takes keys."""
        async with asyncio.timeout(WAIT_S):
            while (await self.press("F1"))["screen"]["name"] == "Unfinished":
                await asyncio.sleep(0.05)

    async def begins(self, printer: int, text: str) -> None:
        """Until that stands on the newest slip of a printer, which is still coming out."""
        async with asyncio.timeout(WAIT_S):
            while not (slips := await paper(self.at, printer)) or text not in slips[-1]["text"]:
                await asyncio.sleep(0.02)
        assert slips[-1]["state"] == "printing"

    async def comes(self, printer: int, number: int, marked: bool) -> None:
        """Until the newest slip of a printer is that one, whole."""
        async with asyncio.timeout(WAIT_S):
            while (await self.slips(printer))[-1:] != [(number, marked, "finished")]:
                await asyncio.sleep(0.02)

    async def slips(self, printer: int) -> list[tuple[int, bool, str]]:
        """Slips of a printer on which a sale's number stands: trace, mark, state."""
        found = []
        for slip in await paper(self.at, printer):
            if number := NUMBER.search(slip["text"]):
                found.append((int(number[1]), MARK in slip["text"], slip["state"]))
        return found


@pytest.fixture
def shop(bench: Any, tmp_path: Path) -> Any:
    """`async with shop() as at`: the bench with two printers and the real daemon."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    Store(data).write_identity(Identity("00010023", PROFILE, "127.0.0.1", 9))
    return lambda: bench(printer2=second, daemon_argv=command(data, tmp_path / "board", PROFILE))


def test_the_second_printer_stands_in_and_a_power_cut_loses_and_doubles_nothing(shop: Any) -> None:
    async def story() -> None:
        async with shop() as at:
            here = Shop(at)
            await here.begin()
            await here.trouble(printer="paper_out")
            await here.sell(COLA)
            assert await here.slips(1) == [(1, False, "finished")], "nothing of it came out of the first"
            assert await here.slips(0) == []

            await here.trouble(printer="slow")
            await here.back()
            await here.sell(WATER, printed=False)
            await here.begins(0, "品名")
            await here.trouble(printer="paper_out")
            await here.comes(1, 2, marked=True)

            await here.trouble(printer2="slow")
            await here.sell(APPLES, printed=False)
            await here.begins(1, "品名")
            await here.trouble(power="cut")
            assert (await here.slips(1))[-1] == (3, False, "torn")
            await here.trouble(printer="ok", printer2="ok")
            await here.back()
            offered = await here.press("0 1 OK 3 8 5 2 OK")
            assert "F1 续打" in offered["screen"]["hints"]
            await here.go_on()
            await here.comes(0, 3, marked=True)

            for number in (1, 2, 3):
                came = [slip[1:] for printer in (0, 1) for slip in await here.slips(printer) if slip[0] == number]
                assert sum(not marked for marked, _ in came) == 1, (number, came)
                assert any(state == "finished" for _, state in came), (number, came)

    run(story())
