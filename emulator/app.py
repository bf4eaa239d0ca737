"""The emulator's HTTP API and page: every call returns when the terminal has settled (decisions 2)."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
from PIL import Image
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator import api, samples
from emulator.board import TAP_MS
from emulator.control import NoControl
from emulator.diag import Asked, NoAnswer
from emulator.disk import DiskTrouble
from emulator.endpoints import Unplugged
from emulator.feed import Fallen, Over
from emulator.guard import refusal
from emulator.keys import CannotType
from emulator.machine import Machine, Unavailable
from emulator.openapi import document
from emulator.paper import roll
from emulator.parts import Slip
from emulator.settle import WAIT_MAX_S, WAIT_S, Dead, NotSettled, Settled, Until
from emulator.terms import Failed, answer, language
from texts import LANGS, Lang, catalogue

PAGE = Path(__file__).parent / "page"
BODY_BYTES_MAX = 64 * 1024
STREAM_BEAT_S = 10.0
LOG_TEXT_MAX = 80
UNTILS: tuple[Until, ...] = get_args(Until)

Body = TypeVar("Body", bound=msgspec.Struct)
Call = Callable[[Request], Awaitable[Response]]


class Api:
    """The calls. Each method answers one route."""

    def __init__(self, machine: Machine, log: Path, page_lang: Lang | None) -> None:
        self._machine = machine
        self._log = log
        self._page_lang = page_lang
        self._one_at_a_time = asyncio.Lock()

    # --- what a person does ---

    async def press(self, request: Request) -> Response:
        asked = await _body(request, api.Press)
        keys = (*asked.keys, *((asked.key,) if asked.key else ()))
        if not keys:
            raise Failed(400, "empty")
        async with self._one_at_a_time:
            await self._awake()
            for n, key in enumerate(keys):
                await self._machine.board.press(key, asked.hold_ms)
                if n + 1 < len(keys):
                    await self._between(asked.gap_ms)
            self._note_keys(keys, asked.hold_ms)
            return await self._done(request)

    async def _between(self, gap_ms: int | None) -> None:
        if gap_ms is None:
            await self._settle("settled", WAIT_S)
        else:
            await asyncio.sleep(gap_ms / 1000)

    async def key(self, request: Request) -> Response:
        asked = await _body(request, api.KeyMove)
        await self._machine.board.key(asked.key, int(asked.down))
        if asked.down:
            self._note_keys((asked.key,), TAP_MS)
        return Response(status_code=204)

    async def scan(self, request: Request) -> Response:
        asked = await _body(request, api.Scan)
        if not asked.text and not asked.bytes_hex:
            raise Failed(400, "empty")
        async with self._one_at_a_time:
            await self._awake()
            await self._scan(asked)
            shown = asked.text or asked.bytes_hex
            self._machine.feed.log("log__scanned", text=_printable(shown))
            return await self._done(request)

    async def _scan(self, asked: api.Scan) -> None:
        board = self._machine.board
        if asked.bytes_hex:
            await board.scan_serial(bytes.fromhex(asked.bytes_hex))
            return
        end = {"enter": "\r", "tab": "\t", "none": ""}[asked.terminator]
        if asked.via == "serial":
            await board.scan_serial((asked.text + end).encode())
        else:
            await board.scan_keys(asked.text + end)

    async def drawer_action(self, request: Request) -> Response:
        await _body(request, api.DrawerAction)
        self._machine.board.drawer.close()
        return await self._done(request)

    async def trouble(self, request: Request) -> Response:
        asked = await _body(request, api.TroubleAsked)
        wanted = {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not None}
        if not wanted:
            raise Failed(400, "empty")
        async with self._one_at_a_time:
            for name, value in wanted.items():
                await self._machine.trouble(name, value)
            try:
                return await self._done(request)
            except Dead:  # by the trouble's own doing, as with the power off or a disk that cannot be written
                return _json(self._troubles())

    # --- what a person sees and hears ---

    async def screen(self, request: Request) -> Response:
        await self._look(request)
        return _json(await self._screen())

    async def screen_png(self, request: Request) -> Response:
        await self._look(request)
        return _png(await run_in_threadpool(_encode, self._machine.board.picture()))

    async def paper(self, request: Request) -> Response:
        await self._look(request)
        slips = self._machine.printer.slips()
        return _json(api.PaperShown(tuple(api.SlipShown(s.number, s.state, s.text) for s in slips)))

    async def paper_png(self, request: Request) -> Response:
        await self._look(request)
        slips = list(self._machine.printer.slips())
        wanted = _number(request, "slip", 0, 10**9) if "slip" in request.query_params else None
        if wanted is not None:
            slips = [slip for slip in slips if slip.number == wanted]
            if not slips:
                raise Failed(404, "no_slip", number=wanted)
        return _png(await run_in_threadpool(self._paper_bytes, slips, wanted is not None))

    def _paper_bytes(self, slips: list[Slip], alone: bool) -> bytes:
        pictures = [self._machine.printer.picture(slip) for slip in slips]
        return _encode(pictures[0] if alone else roll(pictures))

    async def drawer(self, request: Request) -> Response:
        await self._look(request)
        return _json(self._drawer())

    async def sound(self, request: Request) -> Response:
        await self._look(request)
        tones = tuple(api.ToneHeard(heard.number, heard.at, heard.tone) for heard in self._machine.board.tones)
        return _json(api.SoundHeard(tones, self._machine.board.lamp))

    async def journal(self, request: Request) -> Response:
        await self._look(request)
        after, limit = _number(request, "after", 0, 2**63 - 1), _number(request, "limit", 200, 200)
        self._require_life()
        return _json(await self._machine.diag.journal(after, limit))

    async def troubles(self, _: Request) -> Response:
        return _json(self._troubles())

    async def settle(self, request: Request) -> Response:
        return await self._done(request)

    async def state(self, request: Request) -> Response:
        """Everything the page needs to draw itself anew, as it is now."""
        return _json(self._state(self._page_lang or language(request)))

    async def texts(self, request: Request) -> Response:
        lang = request.path_params["lang"]
        if lang not in LANGS:
            raise Failed(404, "not_found")
        return _json(catalogue("emulator", lang))

    async def samples(self, request: Request) -> Response:
        return _json(samples.samples(_lang(request)))

    async def openapi(self, _: Request) -> Response:
        return _json(document())

    async def index(self, _: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def events(self, _: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _stream(self) -> AsyncIterator[bytes]:
        """Happenings as server-sent events; a watcher that falls behind is told to look at everything again."""
        feed = self._machine.feed
        watch = feed.watch()
        try:
            yield b'data: {"type":"hello"}\n\n'
            while True:
                try:
                    happening = await asyncio.wait_for(watch.next(), STREAM_BEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                except Fallen:
                    yield b'data: {"type":"fallen"}\n\n'
                    return
                except Over:
                    return
                else:
                    yield b"data: " + msgspec.json.encode(happening) + b"\n\n"
        finally:
            feed.leave(watch)

    # --- settling ---

    async def _done(self, request: Request) -> Response:
        settled = await self._settle(*_patience(request))
        done = api.Done(
            True, settled.waiting, settled.next_seq, settled.durable_seq, settled.acked_seq, await self._screen()
        )
        return _json(done)

    async def _look(self, request: Request) -> None:
        """Before something is shown: settle, unless `?settle=no` asks for this very moment or the power is off."""
        if request.query_params.get("settle") != "no" and self._machine.troubles.power == "on":
            await self._settle(*_patience(request))

    async def _settle(self, until: Until, wait_s: float) -> Settled:
        return await self._machine.settler.settle(until, wait_s)

    async def _awake(self) -> None:
        """A terminal that still starts has no ears yet: what was pressed now would be lost or come late."""
        await self._settle("settled", WAIT_S)

    def _require_life(self) -> None:
        if not self._machine.alive:
            raise Dead

    # --- values ---

    async def _screen(self) -> api.ScreenShown:
        self._require_life()
        return msgspec.convert(await self._machine.diag.screen(), api.ScreenShown, from_attributes=True)

    def _drawer(self) -> api.DrawerShown:
        drawer = self._machine.board.drawer
        return api.DrawerShown(
            drawer.open, drawer.stuck, drawer.contact, drawer.pulses, drawer.short_pulses, drawer.openings
        )

    def _troubles(self) -> api.TroubleShown:
        now = self._machine.troubles
        return msgspec.convert(
            {name: getattr(now, name) for name in now.__slots__}
            | {"running": self._machine.alive, "available": self._machine.available()},
            api.TroubleShown,
        )

    def _state(self, lang: Lang) -> dict[str, Any]:
        machine = self._machine
        return {
            "power": machine.daemon.running,
            "lamp": machine.board.lamp,
            "drawer": self._drawer(),
            "troubles": self._troubles(),
            "slips": [{"number": slip.number, "state": slip.state} for slip in machine.printer.slips()],
            "log": list(machine.feed.entries),
            "lang": lang,
        }

    def _note_keys(self, keys: tuple[str, ...], hold_ms: int) -> None:
        if hold_ms > TAP_MS:
            self._machine.feed.log("log__held", key=" ".join(keys), ms=hold_ms)
        else:
            self._machine.feed.log("log__pressed", keys=" ".join(keys))

    @property
    def log_path(self) -> str:
        return str(self._log)


# --- putting it together ---


def build(machine: Machine, log: Path, allowed_hosts: Collection[str] = (), page_lang: Lang | None = None) -> Starlette:
    """The application around a machine; it starts and stops the machine with itself."""
    calls = Api(machine, log, page_lang)

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
    return answer(Failed(trouble.status_code, "not_found"), language(request))


# --- requests and responses ---


async def _body(request: Request, kind: type[Body]) -> Body:
    gathered = bytearray()
    async for piece in request.stream():
        gathered += piece
        if len(gathered) > BODY_BYTES_MAX:
            raise Failed(413, "big")
    try:
        return msgspec.json.decode(bytes(gathered), type=kind)
    except ValueError as trouble:
        raise Failed(400, "body", reason=str(trouble)) from trouble


def _patience(request: Request) -> tuple[Until, float]:
    """`?until=` and `?timeout_ms=` of a call."""
    asked = request.query_params.get("until", "settled")
    until = next((name for name in UNTILS if name == asked), None)
    if until is None:
        raise Failed(400, "query", reason=f"until={_printable(asked)}")
    return until, _number(request, "timeout_ms", int(WAIT_S * 1000), int(WAIT_MAX_S * 1000)) / 1000


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise Failed(400, "query", reason=f"{name}={_printable(text)}")
    return int(text)


def _lang(request: Request) -> Lang:
    lang = request.query_params.get("lang")
    return lang if lang in LANGS else language(request)


def _json(value: Any) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)


def _png(data: bytes) -> Response:
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-store"})


def _encode(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _printable(text: str) -> str:
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[:LOG_TEXT_MAX])
    return shown + ("…" if len(text) > LOG_TEXT_MAX else "")
