"""The API's OpenAPI 3.1 document, generated from the message types; `python -m emulator.openapi` writes it.

The committed copy is `docs/emulator-api.json`; a test checks that it is current.
"""

from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

import msgspec

from emulator import api
from emulator.samples import SamplesShown
from emulator.settle import Until
from texts import LANGS

COMMITTED = Path(__file__).resolve().parent.parent / "docs" / "emulator-api.json"

UNTIL = "until"
_UNTIL_TEXT = (
    "How far to wait. `settled`: nothing moves inside the terminal; waiting for the outside (an answer, paper, an "
    "acknowledgement, the link, a slow printer) counts as settled and is listed in `waiting`. `idle`: nothing is "
    "waited for either. `printed`: the printer has done what it was asked. `acked`: the backend has acknowledged "
    "every record."
)
_SETTLE_TEXT = "`no`: answer with this very moment, without waiting for the terminal to settle."


@dataclass(frozen=True, slots=True)
class Route:
    """One call as the document describes it."""

    verb: str
    path: str
    summary: str
    takes: type[msgspec.Struct] | None = None
    gives: type[msgspec.Struct] | str | None = api.Done
    parameters: tuple[str, ...] = (UNTIL, "timeout_ms")
    codes: tuple[int, ...] = (503, 504)


_LOOK = (UNTIL, "timeout_ms", "settle")

ROUTES: tuple[Route, ...] = (
    Route("post", "/api/press", "Press keys of the keypad, or hold one.", api.Press, codes=(400, 409, 503, 504)),
    Route(
        "post", "/api/key", "Put a finger on a key, or lift it; returns at once.", api.KeyMove, None, (), (400, 409)
    ),
    Route(
        "post", "/api/scan", "Scan a code; the same one again waits until it cannot be taken for a bounce.", api.Scan,
        codes=(400, 409, 503, 504),
    ),
    Route("get", "/api/screen", "What the LCD shows, as text.", None, api.ScreenShown, _LOOK),
    Route("get", "/api/screen.png", "What the LCD shows, decoded from its SPI bytes.", None, "image/png", _LOOK),
    Route(
        "get", "/api/paper", "Every slip that came out of a printer.", None, api.PaperShown,
        (*_LOOK, "printer"), (404, 503, 504),
    ),
    Route(
        "get", "/api/paper.png", "The slips as a picture, or one of them.", None, "image/png",
        (*_LOOK, "printer", "slip"), (404, 503, 504),
    ),
    Route("get", "/api/drawer", "The cash drawer.", None, api.DrawerShown, _LOOK),
    Route("post", "/api/drawer", "Push the drawer shut.", api.DrawerAction, codes=(400, 503, 504)),
    Route("get", "/api/sound", "The tones that sounded, and the lamp.", None, api.SoundHeard, _LOOK),
    Route("get", "/api/journal", "Committed records.", None, api.JournalShown, (*_LOOK, "after", "limit")),
    Route("get", "/api/trouble", "What is wrong now, and what can be.", None, api.TroubleShown, (), ()),
    Route(
        "post", "/api/trouble", "Bring troubles about, or end them. When the terminal runs no more: the answer of GET.",
        api.TroubleAsked, codes=(400, 409, 500, 503, 504),
    ),
    Route("get", "/api/settle", "Only wait."),
    Route(
        "get", "/api/samples", "Codes to scan: goods, labels of the scale, payment codes, bad ones.", None,
        SamplesShown, ("lang",), (),
    ),
)  # fmt: skip

_PARAMETERS: dict[str, dict[str, Any]] = {
    UNTIL: {"schema": {"enum": list(get_args(Until)), "default": "settled"}, "description": _UNTIL_TEXT},
    "timeout_ms": {
        "schema": {"type": "integer", "minimum": 0, "maximum": 120_000, "default": 15_000},
        "description": "How long to wait; after it the answer is 504 with `reasons`.",
    },
    "settle": {"schema": {"enum": ["yes", "no"], "default": "yes"}, "description": _SETTLE_TEXT},
    "printer": {
        "schema": {"type": "integer", "minimum": 0, "maximum": 1, "default": 0},
        "description": "Whose paper: 0 the first printer's, 1 the second's; each counts its slips for itself.",
    },
    "slip": {"schema": {"type": "integer", "minimum": 1}, "description": "Number of one slip; without it all of them."},
    "after": {"schema": {"type": "integer", "minimum": 0, "default": 0}, "description": "Records with a larger seq."},
    "lang": {"schema": {"enum": list(LANGS)}, "description": "In which language; without it, by Accept-Language."},
    "limit": {"schema": {"type": "integer", "minimum": 0, "maximum": 200, "default": 200}, "description": "At most."},
}

_CODES = {
    400: "The body or a parameter does not fit.",
    404: "There is no such slip or printer.",
    409: "The device is unplugged, or this trouble cannot be played here.",
    500: "The emulator could not do it.",
    503: "The terminal is not running.",
    504: "The terminal did not settle in time; `reasons` says what still moves.",
}

_INTRODUCTION = (
    "Plays the hardware of a virtual terminal. Each call returns when the terminal has settled, unless said otherwise. "
    "Errors are `Refused`. Bodies are JSON with `Content-Type: application/json`. No other origin may call the API: a "
    "Host that is neither an IP address, `localhost` nor a name given with `--allow-host`, a foreign Origin, and "
    "cross-site requests are answered 403, another media type 415, a body over 64 KiB 413."
)


def document() -> dict[str, Any]:
    """The whole document as plain data."""
    taken: set[type[msgspec.Struct]] = {route.takes for route in ROUTES if route.takes is not None}
    given: set[type[msgspec.Struct]] = {route.gives for route in ROUTES if isinstance(route.gives, type)}
    ordered = sorted(taken | given | {api.Refused}, key=_name)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.verb] = _operation(route)
    info = {"title": "Emulator API", "version": "1.0.0", "description": _INTRODUCTION}
    schemas = {name: _tidy(schema) for name, schema in sorted(components.items())}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Its description without the indentation of a docstring: Python 3.13 takes it off, 3.11 does not."""
    return {key: cleandoc(value) if key == "description" else value for key, value in schema.items()}


def _name(kind: type[msgspec.Struct]) -> str:
    return kind.__name__


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": route.summary, "operationId": f"{route.verb}_{route.path[5:]}"}
    if route.parameters:
        operation["parameters"] = [{"name": name, "in": "query", **_PARAMETERS[name]} for name in route.parameters]
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": _json_of(route.takes)}
    failures = {str(code): {"description": _CODES[code], "content": _json_of(api.Refused)} for code in route.codes}
    operation["responses"] = {**_success(route), **failures}
    return operation


def _success(route: Route) -> dict[str, Any]:
    match route.gives:
        case None:
            return {"204": {"description": "Done."}}
        case str(media):
            return {"200": {"description": "A picture.", "content": {media: {}}}}
        case kind:
            return {"200": {"description": (kind.__doc__ or "").split("\n")[0], "content": _json_of(kind)}}


def _json_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}


def committed_text() -> str:
    """The document as the committed file holds it."""
    pretty = msgspec.json.format(msgspec.json.encode(document(), order="sorted"), indent=2)
    return pretty.decode() + "\n"


if __name__ == "__main__":
    COMMITTED.parent.mkdir(exist_ok=True)
    COMMITTED.write_text(committed_text(), encoding="utf-8")
