"""A machine on a folder of its own, with the stand-in daemon, and its API called in-process."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import build
from emulator.board import Board
from emulator.feed import Feed
from emulator.machine import Machine, Parts
from emulator.printer import VirtualPrinter
from emulator.rig import load

FAKE = Path(__file__).with_name("fake_daemon.py")


class Bench:
    """A running machine and a client of its API."""

    def __init__(self, machine: Machine, client: httpx.AsyncClient) -> None:
        self.machine = machine
        self._client = client

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self._client.get(path, **options)

    async def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return await self._client.post(path, json=body, **options)

    async def press(self, *keys: str, **query: str) -> dict[str, Any]:
        answer = await self.post("/api/press", {"keys": keys}, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Any]:
    """`async with bench(): …`; every argument is a part of the machine."""

    @asynccontextmanager
    async def running(**parts: Any) -> AsyncIterator[Bench]:
        feed, folder, data = Feed(), tmp_path / "board", tmp_path / "data"
        board = Board(folder, "st7789", feed)
        parts.setdefault("daemon_argv", [sys.executable, str(FAKE), "--board", str(folder), "--data", str(data)])
        machine = Machine(
            Parts(
                board=board,
                printer=lambda kicked, moved: VirtualPrinter(load().paper, kicked, moved),
                feed=feed,
                data=data,
                log=tmp_path / "posd.log",
                **parts,
            )
        )
        app = build(machine, tmp_path / "posd.log")
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=180) as client,
        ):
            yield Bench(machine, client)

    return running
