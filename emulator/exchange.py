"""What a request says and how an answer is written: bodies, parameters, JSON, pictures."""

import io
from typing import Any, TypeVar, get_args

import msgspec
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from emulator.settle import WAIT_MAX_S, WAIT_S, Until
from emulator.terms import Failed, language
from texts import LANGS, Lang

BODY_BYTES_MAX = 64 * 1024
LOG_TEXT_MAX = 80
UNTILS: tuple[Until, ...] = get_args(Until)

Body = TypeVar("Body", bound=msgspec.Struct)


async def body(request: Request, kind: type[Body]) -> Body:
    gathered = bytearray()
    async for piece in request.stream():
        gathered += piece
        if len(gathered) > BODY_BYTES_MAX:
            raise Failed(413, "big")
    try:
        return msgspec.json.decode(bytes(gathered), type=kind)
    except ValueError as trouble:
        raise Failed(400, "body", reason=str(trouble)) from trouble


def patience(request: Request) -> tuple[Until, float]:
    """`?until=` and `?timeout_ms=` of a call."""
    asked = request.query_params.get("until", "settled")
    until = next((name for name in UNTILS if name == asked), None)
    if until is None:
        raise Failed(400, "query", reason=f"until={printable(asked)}")
    return until, number(request, "timeout_ms", int(WAIT_S * 1000), int(WAIT_MAX_S * 1000)) / 1000


def number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise Failed(400, "query", reason=f"{name}={printable(text)}")
    return int(text)


def lang_of(request: Request) -> Lang:
    lang = request.query_params.get("lang")
    return lang if lang in LANGS else language(request)


def as_json(value: Any) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)


def as_png(data: bytes) -> Response:
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-store"})


def png_bytes(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def printable(text: str) -> str:
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[:LOG_TEXT_MAX])
    return shown + ("…" if len(text) > LOG_TEXT_MAX else "")
