"""The electronic copy of a receipt: `GET /r/TOKEN`, drawn from the journal's record through the layout of the paper.

No script, no cookie, nothing from elsewhere. A wrong token and a record that has not come yet look alike and take alike
long; tries are counted. The page reads the store by a connection of its own and never waits for the one that writes.
"""

import asyncio
import base64
import hashlib
import html
import time
from collections.abc import Callable
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from fleet import lookup
from fleet.receipt import receipt_of
from fleet.sql import AnyStore
from fleet.store import StoredRecord, StoreTrouble
from rules.receipt_token import Token, is_genuine, read_receipt_token
from texts import Lang, t
from wire.columns import width
from wire.facts import Dress, Refund, Sale
from wire.layout import layout
from wire.receipt import Receipt
from wire.rows import Barcode, Cut, Feed, Logo, Qr, Row, Rule, Text

COLUMNS = 32
ANSWER_NOT_BEFORE_S = 0.05
"""Every answer about a token takes so long, found or not."""
CANDIDATES_MAX = 4
"""Journals of one terminal that may hold the same receipt number."""
TRIES_MAX = 30
TRIES_ALL_MAX = 1_200
TRIES_WINDOW_S = 60
CLIENTS_MAX = 10_000

_NOBODY = Token("x", 0, 0, 0, bytes(16))
_STYLE = """
:root{color-scheme:light dark;--ink:#1d1f21;--paper:#fff;--ground:#eceef0;--soft:#6b7178}
@media(prefers-color-scheme:dark){:root{--ink:#e9eaeb;--paper:#24272a;--ground:#141618;--soft:#9aa1a8}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--ground);color:var(--ink);
font:15px/1.5 ui-monospace,"Noto Sans Mono CJK SC","Noto Sans Mono","WenQuanYi Zen Hei Mono",monospace}
main{width:max-content;max-width:100%;margin:0 auto;padding:20px 12px 32px}
.slip{overflow-x:auto;background:var(--paper);padding:20px 18px;border-radius:6px;box-shadow:0 1px 3px #0003}
.row{white-space:pre;width:32ch;min-height:1.5em}
.row.center{text-align:center}.row.right{text-align:right}.row.bold{font-weight:700}
.row.high{font-weight:700;line-height:2}.row.high>span{display:inline-block;transform:scaleY(1.35)}
.row.wide{font-size:2em;line-height:1.3;width:16ch}
.w{display:inline-block;width:2ch;text-align:center}
hr{border:0;border-top:1px dashed var(--soft);margin:.5em 0}
nav,.hint{margin:14px 4px 0;font:14px/1.6 system-ui,sans-serif;color:var(--soft);text-align:center}
a{color:inherit}
h1{font:600 19px/1.5 system-ui,sans-serif;margin:0 0 .4em}p{font:15px/1.6 system-ui,sans-serif;margin:0;max-width:32em}
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


class Tries:
    """How often each client has asked within the window, and how often all together were let in: what is refused is no
    work, so one client that asks too often takes nobody's place."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._window = 0
        self._counts: dict[str, int] = {}
        self._all = 0

    def allowed(self, client: str) -> bool:
        """Count one try."""
        window = int(self._monotonic_s() // TRIES_WINDOW_S)
        if window != self._window or len(self._counts) >= CLIENTS_MAX:
            self._window, self._counts, self._all = window, {}, self._all if window == self._window else 0
        self._counts[client] = self._counts.get(client, 0) + 1
        if self._counts[client] > TRIES_MAX or self._all >= TRIES_ALL_MAX:
            return False
        self._all += 1
        return True


def app(store: AnyStore, shop: str = "", monotonic_s: Callable[[], float] = time.monotonic) -> Starlette:
    """The page alone, over a store that is only read."""

    async def missing(request: Request, _trouble: Exception) -> Response:
        return _hint(_language(request), "nothing", 404)

    return Starlette(routes=[route(store, shop, monotonic_s)], exception_handlers={404: missing})


def route(store: AnyStore, shop: str = "", monotonic_s: Callable[[], float] = time.monotonic) -> Route:
    """The page's place in an application that has others."""
    tries = Tries(monotonic_s)

    async def receipt(request: Request) -> Response:
        if not tries.allowed(request.client.host if request.client else ""):
            return _hint(_language(request), "busy", 429, {"Retry-After": str(TRIES_WINDOW_S)})
        not_before = monotonic_s() + ANSWER_NOT_BEFORE_S
        made = _answer(store, request, shop)
        await asyncio.sleep(max(0.0, not_before - monotonic_s()))
        return made

    return Route("/r/{token}", receipt, methods=["GET"])


def _answer(store: AnyStore, request: Request, shop: str) -> Response:
    lang = _language(request)
    try:
        found = _find(store, read_receipt_token(request.path_params["token"]))
    except StoreTrouble:
        return _hint(lang, "busy", 503, {"Retry-After": "10"})
    if found is None:
        return _hint(lang, "nothing", 404)
    slip = receipt_of(found.record, found.fact, found.given_back_fen, found.dress or Dress(shop), lang)
    body = drawn(slip)
    other: Lang = "zh" if lang == "en" else "en"
    return _page(lang, f'{body}<nav><a href="?lang={other}">{t("fleet", lang, "page__other")}</a></nav>', 200)


def drawn(slip: Receipt) -> str:
    """A slip as on paper, in HTML; whatever it says is escaped."""
    return f'<div class="slip">{"".join(map(_row, layout(slip, COLUMNS)))}</div>'


class _Slip(NamedTuple):
    """What the page is about, what was given back of it, and how the shop's slips look where the terminal has said so."""

    record: StoredRecord
    fact: Sale | Refund
    given_back_fen: int
    dress: Dress | None


def _find(store: AnyStore, token: Token | None) -> _Slip | None:
    """The sale or refund a genuine token is about. A token that is none costs the same looks and the same comparison."""
    wanted = token or _NOBODY
    number = lookup.receipt_number(wanted.batch, wanted.trace)
    with store.begin() as books:
        is_genuine(wanted, bytes(32))  # so that a number nobody has takes no less time
        found = books.money.find(number, CANDIDATES_MAX, wanted.terminal)
        found += books.money.find(lookup.refund_key(wanted.terminal, wanted.batch, wanted.trace), CANDIDATES_MAX)
        for each in found:
            record = books.money.record(each.terminal, each.epoch, each.seq)
            fact = lookup.slip_fact(record)
            if record is None or fact is None:
                continue
            amount_fen = fact.due_fen if isinstance(fact, Sale) else fact.total_fen
            if is_genuine(wanted, bytes.fromhex(record.hash)) and amount_fen == wanted.amount_fen:
                _, back_fen = lookup.given_back(books.money, record.terminal, record.epoch, record.seq)
                looks = lookup.dress_of(books.money, record, fact)
                return _Slip(record, fact, back_fen, looks)
    return None


def _language(request: Request) -> Lang:
    """By `?lang=`, else by what the browser prefers; Chinese when neither says English first."""
    asked = request.query_params.get("lang", "")
    if asked in ("zh", "en"):
        return "en" if asked == "en" else "zh"
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def _row(row: Row) -> str:
    match row:
        case Text():
            classes = ["row", *([row.align] if row.align != "left" else []), *(["bold"] if row.bold else [])]
            classes += ["wide"] if row.width == 2 else ["high"] if row.height == 2 else []
            return f'<div class="{" ".join(classes)}"><span>{_spaced(row.text)}</span></div>'
        case Rule():
            return "<hr>"
        case Qr() | Barcode() | Logo() | Cut():
            return ""
        case Feed():
            return '<div class="row"></div>'


def _spaced(text: str) -> str:
    """Text whose wide characters take two columns whatever font the reader has."""
    return "".join(f'<span class="w">{html.escape(c)}</span>' if width(c) == 2 else html.escape(c) for c in text)


def _hint(lang: Lang, name: str, status: int, headers: dict[str, str] | None = None) -> Response:
    words = (t("fleet", lang, f"page__{name}"), t("fleet", lang, f"page__{name}_step"))
    body = f'<div class="slip"><h1>{html.escape(words[0])}</h1><p>{html.escape(words[1])}</p></div>'
    return _page(lang, body, status, headers)


def _page(lang: Lang, body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    title = html.escape(t("fleet", lang, "page__title"))
    text = (
        f'<!doctype html><html lang="{"en" if lang == "en" else "zh-CN"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    return HTMLResponse(text, status, {**_HEADERS, **(headers or {})})
