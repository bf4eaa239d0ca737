"""The terminal's network, as a TCP relay before the broker: up, down, slow, lossy, half-open."""

import asyncio
import contextlib
import random
from dataclasses import dataclass
from typing import Literal, get_args

LinkState = Literal["up", "down", "slow", "lossy", "half_open"]
LINK_STATES: tuple[LinkState, ...] = get_args(LinkState)

PIECE_BYTES = 4_096
SLOW_DELAY_S = 0.4
SLOW_BYTES_PER_S = 2_000
"""Slow: a GPRS corner of a shop. Each piece takes its delay and its time on the air."""

LOSSY_STALL_P, LOSSY_CUT_P = 0.25, 0.05
LOSSY_STALL_S = (0.2, 2.5)
"""Lossy: TCP hides a lost packet as a stall; some connections die of it. Chances per piece."""

CONNECTIONS_MAX = 64
CONNECT_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Upstream:
    """The broker."""

    host: str
    port: int


class Link:
    """Listens on a loopback port and passes bytes to the broker as its state allows. All chance comes from `seed`."""

    def __init__(self, upstream: Upstream, seed: int, port: int = 0) -> None:
        self.state: LinkState = "up"
        self.port = port
        self.passed_bytes = 0
        self._upstream = upstream
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._legs: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()

    async def start(self) -> None:
        """Listen; the port stays the same for the emulator's whole life. Raises `OSError` when it is taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._cut_all()
        if self._server is not None:
            self._server.close()
            self._server = None

    def set(self, state: LinkState) -> None:
        """Change the weather. Down cuts what is open and what comes; half-open freezes it without a word."""
        was, self.state = self.state, state
        if state == "half_open":
            self._open.clear()
        elif was == "half_open":
            self._cut_all()  # the far ends have long given up
            self._open.set()
        if state == "down":
            self._cut_all()

    async def _serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self.state == "down" or len(self._legs) >= 2 * CONNECTIONS_MAX:
            _abort(near)
            return
        self._legs.add(near)
        far: asyncio.StreamWriter | None = None
        try:
            await self._open.wait()
            connecting = asyncio.open_connection(self._upstream.host, self._upstream.port)
            far_reader, far_writer = await asyncio.wait_for(connecting, CONNECT_WAIT_S)
            far = far_writer
            self._legs.add(far_writer)
            await self._join(near_reader, near, far_reader, far_writer)
        except (OSError, TimeoutError):
            pass  # the broker refuses: the terminal sees its connection closed, as it would on the real network
        finally:
            for leg in (near, far):
                if leg is not None:
                    self._legs.discard(leg)
                    _abort(leg)

    async def _join(
        self,
        near_reader: asyncio.StreamReader,
        near: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
    ) -> None:
        ways = {asyncio.create_task(self._pass(near_reader, far)), asyncio.create_task(self._pass(far_reader, near))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(PIECE_BYTES):
                await self._open.wait()
                if not await self._weather(len(piece)):
                    return
                writer.write(piece)
                await writer.drain()
                self.passed_bytes += len(piece)

    async def _weather(self, size: int) -> bool:
        """Let a piece take its time; False: the connection dies of it."""
        if self.state == "slow":
            await asyncio.sleep(SLOW_DELAY_S + size / SLOW_BYTES_PER_S)
        elif self.state == "lossy":
            if self._random.random() < LOSSY_CUT_P:
                return False
            if self._random.random() < LOSSY_STALL_P:
                await asyncio.sleep(self._random.uniform(*LOSSY_STALL_S))
        return True

    def _cut_all(self) -> None:
        for leg in set(self._legs):
            _abort(leg)


def _abort(leg: asyncio.StreamWriter) -> None:
    """Close with a reset, without sending what is still in our buffers."""
    leg.transport.abort()
