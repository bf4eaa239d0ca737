"""The dashboard as one Starlette application: which page stands where, and who may see it.

Every page is drawn in a worker thread over read-only books; the event loop only passes requests on.
"""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from fleet.admin import Role
from fleet.dashboard.doors import FIELD, Doors, language
from fleet.dashboard.pages import HEADERS, STATIC, draw, query
from fleet.dashboard.visit import Visit
from fleet.store import StoreTrouble

BODY_BYTES_MAX = 64 * 1024
"""Of a form, where its page says nothing else."""
FIELDS_MAX = 100

_log = logging.getLogger(__name__)

Draws = Callable[[Visit], Response]
Door = Callable[[Visit, Request], Response]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it stands, which role it asks for, what draws it. A POST carries a form with the session's token."""

    path: str
    draws: Draws
    role: Role = "viewer"
    post: bool = False
    quiet: bool = False  # polled by a script: no redirect to the sign-in form
    bytes_max: int = BODY_BYTES_MAX  # of its form


def build(pages: list[Page], doors: Doors, utc_ms: Callable[[], int], more: list[BaseRoute]) -> Starlette:
    """The application; `more` are routes that need no sign-in, such as the receipts' page."""
    guards = _Guards(doors, utc_ms)
    routes: list[BaseRoute] = [
        *more,
        Route("/sign-in", guards.open(doors.sign_in_page), methods=["GET"]),
        Route("/sign-in", guards.open(doors.sign_in), methods=["POST"]),
        Route("/sign-out", guards.closed(doors.sign_out, "viewer"), methods=["POST"]),
        Mount("/static", _Static(directory=STATIC)),
        *(_route(page, guards) for page in pages),
    ]
    handlers = {404: guards.missing, 405: guards.missing, Exception: guards.broken}
    return Starlette(routes=routes, exception_handlers=handlers)


def _route(page: Page, guards: "_Guards") -> Route:
    def draws(visit: Visit, _request: Request) -> Response:
        return page.draws(visit)

    methods = ["POST"] if page.post else ["GET"]
    return Route(page.path, guards.closed(draws, page.role, page.quiet, page.bytes_max), methods=methods)


class _Guards:
    """What stands between a request and its page."""

    def __init__(self, doors: Doors, utc_ms: Callable[[], int]) -> None:
        self._doors = doors
        self._utc_ms = utc_ms

    def open(self, door: Door) -> Callable[[Request], object]:
        """A page for everybody."""

        async def endpoint(request: Request) -> Response:
            try:
                form = await _form(request, BODY_BYTES_MAX)
            except _TooLarge:
                return draw(self._visit(request, {}), "said.html", 413, said="too_large")
            if form is None or (request.method == "POST" and not self._doors.is_from_here(request)):
                return draw(self._visit(request, {}), "said.html", 403, said="foreign")
            return await run_in_threadpool(self._answered, door, self._visit(request, form), request)

        return endpoint

    def closed(
        self, door: Door, role: Role, quiet: bool = False, bytes_max: int = BODY_BYTES_MAX
    ) -> Callable[[Request], object]:
        """A page for whoever is signed in and at least `role`."""

        async def endpoint(request: Request) -> Response:
            try:
                form = await _form(request, bytes_max)
            except _TooLarge:
                return draw(self._visit(request, {}), "said.html", 413, said="too_large")
            return await run_in_threadpool(self._checked, door, role, quiet, request, form)

        return endpoint

    async def missing(self, request: Request, _trouble: Exception) -> Response:
        return await run_in_threadpool(draw, self._visit(request, {}), "said.html", 404, said="missing")

    async def broken(self, request: Request, trouble: Exception) -> Response:
        _log.error("a page broke", exc_info=trouble, extra={"event_name": "page_broke", "path": request.url.path})
        return await run_in_threadpool(draw, self._visit(request, {}), "said.html", 500, said="broken")

    def _checked(self, door: Door, role: Role, quiet: bool, request: Request, form: dict[str, str] | None) -> Response:
        try:
            found = self._doors.visitor(request.cookies.get(self._doors.cookies.session, ""), self._utc_ms())
        except (StoreTrouble, OSError, ValueError) as trouble:
            _log.error("sign-in is out of order: %s", trouble, extra={"event_name": "sign_in_broken"})
            return draw(self._visit(request, {}), "said.html", 503, {"Retry-After": "10"}, said="busy")
        visit = self._visit(request, form or {})
        if found is None:
            if quiet or request.method != "GET":
                return draw(visit, "said.html", 401, said="sign_in")
            return self._doors.sign_in_page(_with_next(visit), request, status=401)
        user, csrf = found
        visit = replace(visit, user=user.name, role=user.role, csrf=csrf)
        if not visit.may(role):
            return draw(visit, "said.html", 403, said="role")
        if request.method == "POST" and not (form is not None and self._carries(request, form, csrf)):
            _log.warning("form refused", extra={"event_name": "form_refused", "user": user.name, "path": visit.path})
            return draw(visit, "said.html", 403, said="foreign")
        return self._answered(door, visit, request)

    def _carries(self, request: Request, form: dict[str, str], csrf: str) -> bool:
        return self._doors.is_from_here(request) and _same(form.get(FIELD, ""), csrf)

    def _answered(self, door: Door, visit: Visit, request: Request) -> Response:
        try:
            answer = door(visit, request)
        except StoreTrouble as trouble:
            _log.warning(
                "a page waits for the store: %s", trouble, extra={"event_name": "page_waits", "path": visit.path}
            )
            return draw(visit, "said.html", 503, {"Retry-After": "10"}, said="busy")
        if visit.query.get("lang", "") in ("zh", "en"):
            self._doors.put_lang(answer, visit.lang)
        return answer

    def _visit(self, request: Request, form: dict[str, str]) -> Visit:
        asked = dict(request.query_params)
        address = request.client.host if request.client else ""
        return Visit(
            request.url.path, asked, language(asked, request), "", None, "", address, self._utc_ms(), form,
            dict(request.path_params),
        )  # fmt: skip


def _same(said: str, wanted: str) -> bool:
    return hmac.compare_digest(said.encode(), wanted.encode())


def _with_next(visit: Visit) -> Visit:
    there = visit.path + (query(visit.query) if visit.query else "")
    return replace(visit, query={**visit.query, "next": there})


class _TooLarge(Exception):
    """A form with more bytes than its page takes."""


async def _form(request: Request, bytes_max: int) -> dict[str, str] | None:
    """What a POST sent as a form, the last value of each field; None when it is no form. Raises `_TooLarge`."""
    if request.method != "POST":
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    raw = bytearray()
    try:
        async for piece in request.stream():
            raw += piece
            if len(raw) > bytes_max:
                raise _TooLarge
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except (ClientDisconnect, ValueError):  # ValueError: too many fields, or bytes that are no text
        return None
    return dict(pairs)


class _Static(StaticFiles):
    """Our own files, under the same headers as our pages."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *named, (b"cache-control", b"no-cache")]
            await send(message)

        await super().__call__(scope, receive, with_headers)
