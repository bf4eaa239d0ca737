"""The calls of the API: what a person does with the terminal, and what there is to see and hear.

Each returns when the terminal has settled (decisions 2).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from emulator import api, samples
from emulator.board import TAP_MS
from emulator.exchange import as_json, as_png, body, lang_of, number, patience, png_bytes, printable
from emulator.feed import Fallen, Over
from emulator.machine import PAPERS, Machine
from emulator.openapi import document
from emulator.paper import roll, sheet
from emulator.printer import VirtualPrinter
from emulator.settle import WAIT_S, Dead, Settled, Until
from emulator.terms import Failed, language
from paper.slip import Slip
from texts import LANGS, Lang, catalogue

PAGE = Path(__file__).parent / "page"
STREAM_BEAT_S = 10.0

SAME_SCAN_S = 0.35
"""Between two scans of the same code: longer than the 300 ms within which a terminal as delivered takes the second one
for a bounce of its scanner (`scanner.bounce_ms`)."""


class Api:
    """The calls. Each method answers one route."""

    def __init__(self, machine: Machine, log: Path, page_lang: Lang | None, dashboard: str = "") -> None:
        self._machine = machine
        self._log = log
        self._page_lang = page_lang
        self._dashboard = dashboard
        self._one_at_a_time = asyncio.Lock()
        self._scanned = (b"", 0.0)  # what was scanned last, and when the terminal had taken it (monotonic seconds)

    # --- what a person does ---

    async def press(self, request: Request) -> Response:
        asked = await body(request, api.Press)
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
        asked = await body(request, api.KeyMove)
        await self._machine.board.key(asked.key, int(asked.down))
        if asked.down:
            self._note_keys((asked.key,), TAP_MS)
        return Response(status_code=204)

    async def scan(self, request: Request) -> Response:
        asked = await body(request, api.Scan)
        if not asked.text and not asked.bytes_hex:
            raise Failed(400, "empty")
        if asked.text and asked.bytes_hex:
            raise Failed(400, "both")
        async with self._one_at_a_time:
            await self._awake()
            code = asked.text.encode() or bytes.fromhex(asked.bytes_hex).strip()
            await self._unbounced(code)
            try:
                await self._scan(asked)
                self._machine.feed.log("log__scanned", text=printable(asked.text or asked.bytes_hex))
                return await self._done(request)
            finally:
                self._scanned = (code, time.monotonic())

    async def _unbounced(self, code: bytes) -> None:
        """Hold the same code back as long as the terminal would take it for a bounce: each call is a scan meant."""
        last, at = self._scanned
        if code == last:
            await asyncio.sleep(max(0.0, at + SAME_SCAN_S - time.monotonic()))

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
        await body(request, api.DrawerAction)
        self._machine.close_drawer()
        return await self._done(request)

    async def trouble(self, request: Request) -> Response:
        asked = await body(request, api.TroubleAsked)
        wanted = {name: value for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not None}
        if not wanted:
            raise Failed(400, "empty")
        async with self._one_at_a_time:
            for name, value in wanted.items():
                await self._machine.trouble(name, value)
            try:
                return await self._done(request)
            except Dead:  # by the trouble's own doing, as with the power off or a disk that cannot be written
                return as_json(self._troubles())

    # --- what a person sees and hears ---

    async def screen(self, request: Request) -> Response:
        await self._look(request)
        return as_json(await self._screen())

    async def screen_png(self, request: Request) -> Response:
        await self._look(request)
        return as_png(await run_in_threadpool(png_bytes, self._machine.board.picture()))

    async def paper(self, request: Request) -> Response:
        await self._look(request)
        slips = self._printer(request).slips()
        return as_json(api.PaperShown(tuple(api.SlipShown(s.number, s.state, s.text) for s in slips)))

    async def paper_png(self, request: Request) -> Response:
        await self._look(request)
        printer = self._printer(request)
        slips = list(printer.slips())
        wanted = number(request, "slip", 0, 10**9) if "slip" in request.query_params else None
        if wanted is not None:
            slips = [slip for slip in slips if slip.number == wanted]
            if not slips:
                raise Failed(404, "no_slip", number=wanted)
        return as_png(await run_in_threadpool(_paper_bytes, printer, slips, wanted is not None))

    def _printer(self, request: Request) -> VirtualPrinter:
        """The printer of `?printer=`: 0 the first, 1 the second."""
        wanted = number(request, "printer", 0, 10**9)
        if wanted >= len(self._machine.printers):
            raise Failed(404, "no_printer", number=wanted)
        return self._machine.printers[PAPERS[wanted]]

    async def drawer(self, request: Request) -> Response:
        await self._look(request)
        return as_json(self._drawer())

    async def sound(self, request: Request) -> Response:
        await self._look(request)
        heard = self._machine.board.tones
        tones = tuple(api.ToneHeard(tone.number, tone.at, tone.tone, tone.volume) for tone in heard)
        return as_json(api.SoundHeard(tones, self._machine.board.lamp))

    async def journal(self, request: Request) -> Response:
        await self._look(request)
        after, limit = number(request, "after", 0, 2**63 - 1), number(request, "limit", 200, 200)
        self._require_life()
        return as_json(await self._machine.diag.journal(after, limit))

    async def troubles(self, _: Request) -> Response:
        return as_json(self._troubles())

    async def settle(self, request: Request) -> Response:
        return await self._done(request)

    async def state(self, request: Request) -> Response:
        """Everything the page needs to draw itself anew, as it is now."""
        return as_json(self._state(self._page_lang or language(request)))

    async def texts(self, request: Request) -> Response:
        lang = request.path_params["lang"]
        if lang not in LANGS:
            raise Failed(404, "not_found")
        return as_json(catalogue("emulator", lang))

    async def samples(self, request: Request) -> Response:
        return as_json(samples.SamplesShown(samples.samples(lang_of(request))))

    async def openapi(self, _: Request) -> Response:
        return as_json(document())

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
        settled = await self._settle(*patience(request))
        done = api.Done(
            True, settled.waiting, settled.next_seq, settled.durable_seq, settled.acked_seq, await self._screen()
        )
        return as_json(done)

    async def _look(self, request: Request) -> None:
        """Before something is shown: settle, unless `?settle=no` asks for this very moment or the power is off."""
        if request.query_params.get("settle") != "no" and self._machine.troubles.power == "on":
            await self._settle(*patience(request))

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
            "papers": [
                [{"number": slip.number, "state": slip.state} for slip in printer.slips()]
                for printer in machine.printers.values()
            ],
            "log": list(machine.feed.entries),
            "lang": lang,
            "dashboard": self._dashboard,
        }

    def _note_keys(self, keys: tuple[str, ...], hold_ms: int) -> None:
        if hold_ms > TAP_MS:
            self._machine.feed.log("log__held", key=" ".join(keys), ms=hold_ms)
        else:
            self._machine.feed.log("log__pressed", keys=" ".join(keys))

    @property
    def log_path(self) -> str:
        return str(self._log)


def _paper_bytes(printer: VirtualPrinter, slips: list[Slip], alone: bool) -> bytes:
    pictures = [sheet(printer.picture(slip)) for slip in slips]
    return png_bytes(pictures[0] if alone else roll(pictures))
