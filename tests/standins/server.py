"""What all stand-ins share: a real server on a free loopback port, in a thread, and a list of misdeeds to come."""

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.standins.books import Books

NO_EFFECT = ("dropped", "http500", "http429", "garbage_before", "moved")
"""Misdeeds that come instead of what was asked; the others come after it, or with it."""

SKEW_MAX_MS = 600_000


@dataclass(frozen=True)
class Fault:
    """`how`: a misdeed, or "error" with the platform's own code and words."""

    how: str
    code: str | int = ""
    words: str = ""


class Refused(Exception):
    """A platform's "no"."""

    def __init__(self, code: str | int, words: str) -> None:
        super().__init__(f"{code} {words}")
        self.code = code
        self.words = words


class Standin:
    """One platform's server, started once and reset for each test."""

    PATHS: ClassVar[dict[str, tuple[str, str]]] = {}  # path -> (method, name)

    def __init__(self) -> None:
        # named as TCP: asyncio switches Nagle off only then, and each answer would wait 40 ms for an acknowledgement
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(64)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        routes = [
            Route(path, self._endpoint(path, name), methods=[method]) for path, (method, name) in self.PATHS.items()
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), log_config=None, lifespan="off", timeout_graceful_shutdown=1, access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self.settled = threading.Condition()

    def start(self):
        self._thread.start()
        return self

    def reset(self, clock) -> None:
        """A new day: empty books, no misdeeds to come."""
        self.clock = clock
        self.books = Books()
        self.asked: list[tuple[str, dict]] = []  # (name, what was asked), only what passed the door
        self.turned_away: list[str] = []
        self._faults: dict[str, deque[Fault]] = {}
        self.effects = 0

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def misbehave(self, name: str, *faults: Fault | str) -> None:
        """The next calls of this name misbehave so, one after another."""
        self._faults.setdefault(name, deque()).extend(
            each if isinstance(each, Fault) else Fault(each) for each in faults
        )

    def reset_faults(self) -> None:
        self._faults.clear()

    def wait_effects(self, count: int) -> None:
        """Until this many calls were carried out (for effects that come after their caller has gone)."""
        with self.settled:
            assert self.settled.wait_for(lambda: self.effects >= count, 10)

    # What a platform says in its own way.

    async def parse(self, request: Request) -> dict:
        """What is asked. Raises `Refused` for what does not pass the door: signature, timestamp, token."""
        raise NotImplementedError

    def do(self, name: str, asked: dict):
        """Carry it out; the answer's payload. Raises `Refused`."""
        raise NotImplementedError

    def yes(self, name: str, payload) -> object:
        raise NotImplementedError

    def no(self, name: str, refused: Refused) -> object:
        raise NotImplementedError

    def name_of(self, request: Request, name: str) -> str:
        """Which call it is, where the path does not tell."""
        return name

    def answered(self, answer, fault: Fault) -> Response:
        """How an answer travels."""
        return _json(answer)

    def wrong_types(self, answer) -> object:
        """An answer of the right names with values of the wrong kinds."""
        return _twisted(answer)

    def _endpoint(self, path: str, name: str) -> Callable:
        async def endpoint(request: Request) -> Response:
            return await self._answer_to(request, self.name_of(request, name))

        return endpoint

    async def _answer_to(self, request: Request, name: str) -> Response:
        waiting = self._faults.get(name)
        fault = waiting.popleft() if waiting else Fault("")
        if fault.how == "http500":
            return Response("oops", 500)
        if fault.how == "http429":
            return Response("slow down", 429)
        if fault.how == "garbage_before":
            return Response("<html>维护中</html>")
        if fault.how == "moved":
            return Response("", 302, {"location": "http://127.0.0.1:1/"})
        try:
            asked = await self.parse(request)
        except Refused as refused:
            self.turned_away.append(str(refused))
            return self.answered(self.no(name, refused), fault)
        if fault.how == "dropped":
            return _broken()
        if fault.how == "error":
            return self.answered(self.no(name, Refused(fault.code, fault.words)), fault)
        if fault.how == "late":
            await _gone(request)
        return await self._carried_out(request, name, asked, fault)

    async def _carried_out(self, request: Request, name: str, asked: dict, fault: Fault) -> Response:
        self.asked.append((name, asked))
        try:
            for _time in range(2 if fault.how == "twice" else 1):
                try:
                    answer = self.yes(name, self.do(name, asked))
                except Refused as refused:
                    answer = self.no(name, refused)
        finally:
            with self.settled:
                self.effects += 1
                self.settled.notify_all()
        match fault.how:
            case "lost":
                return _broken()
            case "hang":
                await _gone(request)
                return Response()
            case "garbage":
                return Response("\x00\xff}{", media_type="application/json")
            case "list":
                return _json([answer])
            case "types":
                return self.answered(self.wrong_types(answer), fault)
            case "huge":
                return Response(b'{"x":"' + b"y" * 2_000_000 + b'"}', media_type="application/json")
        return self.answered(answer, fault)


async def _gone(request: Request) -> None:
    """Until the caller has hung up."""
    await request.body()
    while (await request.receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


def _json(answer) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False).encode(), media_type="application/json")


def _broken() -> Response:
    """Promises more than it sends: the server then breaks the connection."""
    return Response(b'{"', headers={"content-length": "500"})


def _twisted(value):
    match value:
        case bool():
            return {"no": "flag"}
        case int() | float():
            return [value]
        case str():
            return {"text": value}
        case list():
            return "list"
        case dict():
            return {name: _twisted(each) for name, each in value.items()}
    return 7
