"""The application: routes, who may call them, and how failures are answered."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.calls import PAGE, Api
from emulator.control import NoControl
from emulator.diag import Asked, NoAnswer
from emulator.disk import DiskTrouble
from emulator.endpoints import Unplugged
from emulator.guard import refusal
from emulator.keys import CannotType
from emulator.machine import Machine, Unavailable
from emulator.settle import Dead, NotSettled
from emulator.terms import Failed, answer, language
from texts import Lang

Call = Callable[[Request], Awaitable[Response]]


def build(
    machine: Machine, log: Path, allowed_hosts: Collection[str] = (), page_lang: Lang | None = None, dashboard: str = ""
) -> Starlette:
    """The application around a machine; it starts and stops the machine with itself. `dashboard`: where the fleet's
    dashboard is, for a link on the page."""
    calls = Api(machine, log, page_lang, dashboard)

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        await machine.start()
        try:
            yield
        finally:
            await machine.stop()

    routes = [
        *(Route(path, _guarded(getattr(calls, name), calls), methods=[verb]) for verb, path, name in ROUTES),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    handlers: dict[Any, Any] = {HTTPException: _http_trouble}
    guard = Middleware(Guard, allowed_hosts=frozenset(allowed_hosts))
    return Starlette(routes=routes, middleware=[guard], exception_handlers=handlers, lifespan=life)


ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", "/", "index"),
    ("POST", "/api/press", "press"),
    ("POST", "/api/key", "key"),
    ("POST", "/api/scan", "scan"),
    ("GET", "/api/screen", "screen"),
    ("GET", "/api/screen.png", "screen_png"),
    ("GET", "/api/paper", "paper"),
    ("GET", "/api/paper.png", "paper_png"),
    ("GET", "/api/drawer", "drawer"),
    ("POST", "/api/drawer", "drawer_action"),
    ("GET", "/api/sound", "sound"),
    ("GET", "/api/journal", "journal"),
    ("GET", "/api/trouble", "troubles"),
    ("POST", "/api/trouble", "trouble"),
    ("GET", "/api/settle", "settle"),
    ("GET", "/api/state", "state"),
    ("GET", "/api/samples", "samples"),
    ("GET", "/api/events", "events"),
    ("GET", "/api/openapi.json", "openapi"),
    ("GET", "/api/texts/{lang}", "texts"),
)


def _guarded(call: Call, calls: Api) -> Call:
    """Turn every failure we know into its JSON answer."""

    async def answered(request: Request) -> Response:
        try:
            return await call(request)
        except Failed as failed:
            return answer(failed, language(request))
        except KNOWN as trouble:
            return answer(_failed(trouble, calls.log_path), language(request))

    return answered


KNOWN = (Dead, NotSettled, NoAnswer, Asked, Unplugged, CannotType, Unavailable, DiskTrouble, NoControl)


def _failed(trouble: Exception, log: str) -> Failed:
    match trouble:
        case Dead():
            return Failed(503, "dead", log=log)
        case NotSettled():
            return Failed(504, "not_settled").moving(trouble.reasons, trouble.waiting)
        case NoAnswer():
            return Failed(503, "no_answer", reason=str(trouble), log=log)
        case Unplugged():
            return Failed(409, "unplugged", device=str(trouble).partition("-")[0])
        case CannotType():
            return Failed(400, "cannot_type", char=str(trouble))
        case Unavailable():
            return Failed(409, "unavailable", what=trouble.what)
        case _:
            return Failed(500, "machine", reason=str(trouble))


class Guard:
    """Refuses what another origin, a rebound name or a form sends, before any call sees it."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        key = refusal(request.headers, request.method, self._allowed)
        if key is not None:
            await answer(Failed(403, key), language(request))(scope, receive, send)
        elif request.method == "POST" and not _is_json(request):
            await answer(Failed(415, "media"), language(request))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


async def _http_trouble(request: Request, trouble: HTTPException) -> Response:
    if trouble.status_code != 405:
        return answer(Failed(trouble.status_code, "not_found"), language(request))
    allowed = (trouble.headers or {}).get("Allow", "")
    refused = answer(Failed(405, "method", method=request.method, allowed=allowed), language(request))
    refused.headers["Allow"] = allowed
    return refused
