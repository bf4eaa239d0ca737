"""A settings document as it came over the wire: text that nobody has looked at yet, read without believing any of it.

`rules.settings.check` judges what a document says; here is judged whether it is one at all: its size, its JSON, names said
twice, numbers that are none, nesting, and characters that hide. Never an exception, whatever the text is.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rules.barcodes import has_hidden
from rules.settings import PROBLEMS_MAX, Problem

DEPTH_MAX = 16
"""Tables within tables; the model needs six."""

INTEGER_MAX = 2**63 - 1
DETAIL_MAX = 80

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
"""A string (of which the end may be missing), a sign, or a word of JSON; each character is looked at once."""


@dataclass(frozen=True, slots=True)
class _NoNumber:
    """Stands where the text has a number that no setting can be: with a point, an exponent, NaN or too long."""

    text: str


class _Twice(dict[str, Any]):
    """A table in which a name was said twice: which of the two was meant?"""

    name = ""


def read(text: str, size_max: int) -> dict[str, Any] | list[Problem]:
    """The table that `text` says in JSON, or everything that keeps it from being one (at most 50)."""
    if len(text) > size_max:
        return [Problem("$", "too_large", str(len(text)))]
    try:
        found = json.loads(
            text, object_pairs_hook=_table, parse_float=_NoNumber, parse_constant=_NoNumber, parse_int=_integer
        )
    except (ValueError, RecursionError) as wrong:
        return [Problem("$", "no_json", str(wrong)[:DETAIL_MAX])]
    problems = list(_strange(found, "", 0))
    if not problems and isinstance(found, dict):
        return found
    return problems[:PROBLEMS_MAX] or [Problem("$", "table")]


def outermost(text: str) -> dict[str, str]:
    """What the outermost table of a text says in one word, as written, by name as written: as far as it can be read in a
    text that is no document. What is said twice is left out, and so is what may have been torn off."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    depth, words = 0, list[str]()
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if depth == 1 and sign in (",", "}"):
            if len(words) == 3 and words[1] == ":":
                twice |= {words[0]} & found.keys()
                found[words[0]] = words[2]
            words = []
        elif depth == 1:
            words = [*words[:3], sign]
        depth += (sign in ("{", "[")) - (sign in ("}", "]"))
        if depth <= 0:
            break
    return {name: value for name, value in found.items() if name not in twice}


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) == len(pairs):
        return table
    twice = _Twice(table)
    twice.name = _first_twice(name for name, _ in pairs)
    return twice


def _integer(text: str) -> int | _NoNumber:
    """Never `int` of a thousand digits, which costs the square of their number."""
    return int(text) if len(text) <= len(str(INTEGER_MAX)) and abs(int(text)) <= INTEGER_MAX else _NoNumber(text[:24])


def _strange(value: object, path: str, depth: int) -> Iterator[Problem]:
    """What no document of ours holds, each with its path."""
    match value:
        case dict() | list() if depth >= DEPTH_MAX:
            yield Problem(path or "$", "too_deep")
        case dict():
            if isinstance(value, _Twice):
                yield Problem(_under(path, value.name), "twice")
            for name, inner in value.items():
                here = _under(path, name)
                if _hides(name):
                    yield Problem(here, "hidden_signs")
                yield from _strange(inner, here, depth + 1)
        case list():
            for place, inner in enumerate(value):
                yield from _strange(inner, f"{path}[{place}]", depth + 1)
        case str() if _hides(value):
            yield Problem(path or "$", "hidden_signs")
        case _NoNumber(text):
            yield Problem(path or "$", "no_number", text[:DETAIL_MAX])
        case None:
            yield Problem(path or "$", "value", "it is null")
        case _:
            pass


def _hides(text: str) -> bool:
    """Control and direction characters, and halves of a character that no file could hold."""
    return not text.isprintable() and has_hidden(text)


def _under(path: str, name: str) -> str:
    """The path of a name within `path`, fit to be shown, kept and sent whatever the name is."""
    safe = "".join(sign if sign.isprintable() else "·" for sign in name[:40])
    return f"{path}.{safe}" if path else safe


def _first_twice(names: Iterable[str]) -> str:
    """The first name that was there before."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("all names differ")
