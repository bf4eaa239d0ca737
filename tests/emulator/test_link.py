"""The network between terminal and broker: what each weather does to a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from emulator import link as network
from emulator.link import Link, Upstream


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def sleeping(sleep: Any) -> Any:
    """`asyncio` for the link alone: a server of another test in this process goes on sleeping as it did."""
    return SimpleNamespace(**(vars(asyncio) | {"sleep": sleep}))


@asynccontextmanager
async def far_end(seed: int = 1) -> AsyncIterator[Link]:
    """A link to a server that sends back what it gets."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    link = Link(Upstream("127.0.0.1", server.sockets[0].getsockname()[1]), seed)
    await link.start()
    try:
        yield link
    finally:
        await link.stop()
        server.close()


async def dial(link: Link) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", link.port)


async def echoed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    return await reader.readexactly(len(data))


def test_up_passes_everything_both_ways() -> None:
    async def story() -> None:
        async with far_end() as link:
            data = bytes(range(256)) * 400
            assert await echoed(*await dial(link), data) == data
            assert link.passed_bytes == 2 * len(data)

    run(story())


def test_down_cuts_what_is_open_and_what_comes_and_up_is_on_the_same_port() -> None:
    async def story() -> None:
        async with far_end() as link:
            reader, writer = await dial(link)
            assert await echoed(reader, writer, b"before") == b"before"
            port = link.port
            link.set("down")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await echoed(reader, writer, b"cut")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await echoed(*await dial(link), b"new")
            link.set("up")
            assert link.port == port
            assert await echoed(*await dial(link), b"after") == b"after"

    run(story())


def test_half_open_says_nothing_and_then_breaks() -> None:
    async def story() -> None:
        async with far_end() as link:
            reader, writer = await dial(link)
            await echoed(reader, writer, b"before")
            link.set("half_open")
            writer.write(b"into the void")
            answer = asyncio.create_task(reader.readexactly(5))
            done, _ = await asyncio.wait({answer}, timeout=0.1)
            assert not done, "no data, and no end of file either"
            link.set("up")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await answer

    run(story())


def test_slow_takes_its_time_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def asked(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    async def story() -> None:
        async with far_end() as link:
            connection = await dial(link)
            link.set("slow")
            monkeypatch.setattr(network, "asyncio", sleeping(asked))
            assert await echoed(*connection, b"x" * 1000) == b"x" * 1000
            assert waits[0] == pytest.approx(network.SLOW_DELAY_S + 1000 / network.SLOW_BYTES_PER_S)

    run(story())


def test_lossy_depends_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: float) -> None:
        return None

    async def fates(seed: int) -> list[bool]:
        link = Link(Upstream("127.0.0.1", 9), seed)
        link.set("lossy")
        return [await link._weather(100) for _ in range(200)]

    monkeypatch.setattr(network, "asyncio", sleeping(at_once))
    first, again, other = (asyncio.run(fates(seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert 0 < first.count(False) < 40


def test_a_broker_that_refuses_closes_the_terminals_connection() -> None:
    async def story() -> None:
        async with far_end() as link:
            link._upstream = Upstream("127.0.0.1", 1)
            reader, _ = await dial(link)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)

    run(story())
