"""Ask the daemon's diagnosis socket (`wire/diag.py`)."""

import asyncio
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from wire.diag import SOCKET, AskHealth, AskJournal, AskScreen, AskSettle, Health, Journal, Query, Screen, Settle, Wrong

ANSWER_BYTES_MAX = 16 * 1024 * 1024
ANSWER_WAIT_S = 5.0
SOCKET_PATH_MAX = 100
"""A Unix socket's address holds 108 bytes; a longer path is reached through a descriptor of its folder."""

Answer = TypeVar("Answer", Screen, Settle, Journal, Health)


class NoAnswer(ConnectionError):
    """Nobody listens on the diagnosis socket, or it went away while we asked."""


class HungUp(NoAnswer):
    """The connection is dead."""


class Asked(ValueError):
    """The daemon could not read our question."""


class _Tag(msgspec.Struct):
    type: str = ""


class Diag:
    """One connection, one question at a time; connects again by itself after the daemon was started anew."""

    def __init__(self, data: Path) -> None:
        self._path = data / SOCKET
        self._lock = asyncio.Lock()
        self._link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def screen(self) -> Screen:
        return await self._ask(AskScreen(), Screen)

    async def settle(self) -> Settle:
        return await self._ask(AskSettle(), Settle)

    async def journal(self, after: int, limit: int) -> Journal:
        return await self._ask(AskJournal(after=after, limit=limit), Journal)

    async def health(self) -> Health:
        return await self._ask(AskHealth(), Health)

    def close(self) -> None:
        if self._link is not None:
            self._link[1].close()
            self._link = None

    async def _ask(self, query: Query, kind: type[Answer]) -> Answer:
        async with self._lock:
            line = await self._line(msgspec.json.encode(query) + b"\n")
        if msgspec.json.decode(line, type=_Tag).type == "wrong":
            raise Asked(msgspec.json.decode(line, type=Wrong).reason)
        return msgspec.json.decode(line, type=kind)

    async def _line(self, question: bytes) -> bytes:
        """The answer. A connection kept from before may be dead (the daemon drops idle ones and may have been started
        anew): a question is only a look, so it is asked once more on a new one."""
        kept = self._link
        try:
            return await self._answered(question)
        except HungUp:
            if kept is None:
                raise
            return await self._answered(question)

    async def _answered(self, question: bytes) -> bytes:
        try:
            if self._link is None:
                self._link = await _connect(self._path)
            reader, writer = self._link
            writer.write(question)
            line = await asyncio.wait_for(reader.readline(), ANSWER_WAIT_S)
        except asyncio.CancelledError:
            self.close()  # its answer would be taken for the next question's
            raise
        except TimeoutError as trouble:  # it is there and does not answer: asking again would only double the wait
            self.close()
            raise NoAnswer("no answer in time") from trouble
        except (OSError, ValueError) as trouble:
            self.close()
            raise HungUp(str(trouble) or type(trouble).__name__) from trouble
        if not line.endswith(b"\n"):
            self.close()
            raise HungUp("the daemon hung up")
        return line


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
        return await asyncio.open_unix_connection(path, limit=ANSWER_BYTES_MAX)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        return await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{path.name}", limit=ANSWER_BYTES_MAX)
    finally:
        os.close(folder)
