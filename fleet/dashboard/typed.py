"""A layer as somebody typed it: read without believing it, and where in the text each fault stands."""

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from fleet.admin import Fault
from fleet.desk.layers import DOCUMENT_CHARS_MAX
from rules import settings_read
from texts import Lang, catalogue, t

CHARS_MAX = 200_000
"""Of a typed text; without its spaces, and laid over the other layers, it must fit in `DOCUMENT_CHARS_MAX`."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class FaultRow(NamedTuple):
    """One fault as a person reads it. `line` and `column` count from 1, 0: not in this text. `layer`: where it comes from
    when that is another one; `terminal`: one of those it is wrong for."""

    code: int
    path: str
    words: str
    line: int = 0
    column: int = 0
    layer: str = ""
    terminal: str = ""


def read(text: str) -> dict[str, Any] | tuple[Fault, ...]:
    """The table a text says, or all that keeps it from being one."""
    found = settings_read.read(text, CHARS_MAX)
    if isinstance(found, dict):
        return found
    return tuple(Fault(path=each.path, reason=each.reason, detail=each.detail, code=each.code) for each in found)


def rows(faults: tuple[Fault, ...], text: str, layer: str, lang: Lang) -> list[FaultRow]:
    """Faults with their words and their places in the text of this layer."""
    places = lines_of(text) if faults and len(text) <= CHARS_MAX else {}
    return [_row(each, text, places, layer, lang) for each in faults]


def _row(fault: Fault, text: str, places: dict[str, int], layer: str, lang: Lang) -> FaultRow:
    if fault.reason == "no_json":
        line, column, said = _broken(text)
        words = t("dashboard", lang, "fault__no_json", detail=said or fault.detail)
        return FaultRow(fault.code, "", words, line, column, layer)
    here = fault.layer in ("", layer)
    line = _line(fault.path, places) if here else 0
    terminal = fault.terminal if fault.terminal.strip("-") else ""
    return FaultRow(fault.code, fault.path, fault_words(fault, lang), line, 0, "" if here else fault.layer, terminal)


def fault_words(fault: Fault, lang: Lang) -> str:
    """What is wrong, without the path."""
    if fault.reason == "too_large" and fault.detail.isdigit():
        most = CHARS_MAX if int(fault.detail) > CHARS_MAX else DOCUMENT_CHARS_MAX
        return t("dashboard", lang, "fault__too_large", size=fault.detail, most=most)
    text = catalogue("rules", lang).get(f"problem__{fault.reason}", fault.reason)
    return f"{text} ({fault.detail})" if fault.detail else text


def _broken(text: str) -> tuple[int, int, str]:
    """Where JSON ends to be JSON: line, column, and what was expected there."""
    try:
        json.loads(text)
    except json.JSONDecodeError as wrong:
        return wrong.lineno, wrong.colno, wrong.msg
    except (ValueError, RecursionError):
        pass
    return 0, 0, ""


# --- where a path stands ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """A table or list that has begun. `place`: of the next value, for a list; `name`: whose value comes next."""

    path: str
    place: int | None
    name: str | None = None


def lines_of(text: str) -> dict[str, int]:
    """Path -> line, counted from 1, of every name and row of a JSON text; whatever no JSON is gives what it gives."""
    found: dict[str, int] = {}
    stack: list[_Open] = []
    line, at = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        sign, top = match[0], stack[-1] if stack else None
        if sign in ("}", "]"):
            del stack[-1:]
        elif sign == "," and top is not None:
            top.name = None
            top.place = None if top.place is None else top.place + 1
        elif top is not None and top.place is None and top.name is None and sign[0] == '"':
            top.name = f"{top.path}.{_plain(sign)}" if top.path else _plain(sign)
            found.setdefault(top.name, line)
        elif sign not in (",", ":"):
            here = "" if top is None else top.name or "" if top.place is None else f"{top.path}[{top.place}]"
            found.setdefault(here, line)
            if sign in ("{", "["):
                stack.append(_Open(here, 0 if sign == "[" else None))
    return found


def _plain(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]


def _line(path: str, places: dict[str, int]) -> int:
    """The line of a path, or of what is around it; 0 when none of it is in the text."""
    while path:
        if path in places:
            return places[path]
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return 0
