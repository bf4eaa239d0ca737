"""Asks the demo launcher, who owns the broker, to stop it and start it again.

One JSON line each way over a Unix socket of the launcher: `{"broker": "down"}` -> `{"ok": true}`.
"""

import asyncio
from pathlib import Path
from typing import Literal

import msgspec

WAIT_S = 20.0


class NoControl(ConnectionError):
    """The launcher does not answer, or could not do it."""


class Ask(msgspec.Struct, frozen=True):
    broker: Literal["up", "down"]


class Done(msgspec.Struct, frozen=True):
    ok: bool
    reason: str = ""


class BrokerControl:
    """The far end of the launcher's control socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def set(self, state: Literal["up", "down"]) -> None:
        """Returns when the broker is up, or down. Raises `NoControl`."""
        try:
            async with asyncio.timeout(WAIT_S):
                done = await self._ask(Ask(broker=state))
        except (OSError, TimeoutError, msgspec.MsgspecError) as trouble:
            raise NoControl(str(trouble)) from trouble
        if not done.ok:
            raise NoControl(done.reason)

    async def _ask(self, ask: Ask) -> Done:
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(msgspec.json.encode(ask) + b"\n")
            return msgspec.json.decode(await reader.readline(), type=Done)
        finally:
            writer.close()
