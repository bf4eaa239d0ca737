"""Drawing pages: the templates, what they may call, and the headers under which everything leaves."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

from fleet import china
from fleet.commands.look import plain
from fleet.dashboard.visit import Visit
from rules.money import yuan
from texts import Lang, t

HERE = Path(__file__).parent
STATIC = HERE / "static"
BODY_CHARS_MAX = 20_000
"""Of a value or document that a page shows."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PRIVATE = {"Cache-Control": "private, no-store"}


@functools.cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {"yuan": yuan, "moment": moment, "clock": clock, "count": count, "plain": plain, "query": query}
    made.filters["plain_lines"] = lambda text: "\n".join(map(plain, text.split("\n")))
    return made


def draw(
    visit: Visit, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **named: Any
) -> Response:
    """A page in the visitor's language."""

    def say(key: str, **arguments: object) -> str:
        return t("dashboard", visit.lang, key, **arguments)

    def word(room: str, key: str, **arguments: object) -> str:
        """A text that more than the dashboard uses."""
        return t(room, visit.lang, key, **arguments)

    other: Lang = "zh" if visit.lang == "en" else "en"
    text = _templates().get_template(template).render(
        visit=visit, t=say, word=word, other=other, here=query(visit.query, lang=other), **named
    )  # fmt: skip
    return HTMLResponse(text, status, {**HEADERS, **PRIVATE, **(headers or {})})


def as_text(value: object, indent: int = 0) -> str:
    """Any JSON value as text."""
    raw = msgspec.json.encode(value)
    return (msgspec.json.format(raw, indent=indent) if indent else raw).decode()[:BODY_CHARS_MAX]


def query(given: Mapping[str, str], **changed: object) -> str:
    """The query of a link: what is given with some of it changed; what is empty is left out."""
    named = {**given, **{name: str(value) for name, value in changed.items()}}
    return "?" + urlencode({name: value for name, value in named.items() if value != ""})


def moment(utc_ms: int) -> str:
    """China's date and time to the second; empty for 0, the raw number when it is no date."""
    if not utc_ms:
        return ""
    try:
        return china.written(utc_ms)
    except (ValueError, OverflowError, OSError):
        return str(utc_ms)


def clock(utc_ms: int) -> str:
    """`11-22 18:04` for narrow places."""
    return moment(utc_ms)[5:16]


def count(number: int) -> str:
    """A number with thousands parted by narrow spaces, as both languages read it."""
    return f"{number:,}".replace(",", "\u202f")
