"""Layers of settings laid over each other to one document per terminal: pure.

Order (`admin.Layer`): fleet, group, shop, the terminal's tags by name, terminal. Tables are merged by key, everything else
is replaced whole. What a document says at a default's value stays in it: another release may have another default.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from fleet.admin import Fault, PathChange, Registered
from rules.settings import Problem, Settings, check, document, misfits
from wire.channels import DESIRED, PACKET_SIZE_MAX
from wire.fleet import AUDIENCE_MAX, TEXT_MAX, Blob, Desired, Sha256, Signed, Url, audience

DOCUMENT_CHARS_MAX = TEXT_MAX - 2_000
"""Leaves room for the envelope that is signed with it."""

_LONGEST = Desired(
    2**31 - 1, audience(["x" * 32] * AUDIENCE_MAX), 4_102_444_800_000, 4_102_444_800_000, 0, (), "9" * 64
)  # fmt: skip
_AROUND_BYTES = 64 + 256 + 64
"""Of a packet, beside topic and payload: header and properties, the prefix a broker may want before the topic, and what is
longer of files in `Desired.blobs` than in the document."""
ENVELOPE_BYTES = (
    len(msgspec.json.encode(Signed(msgspec.json.encode(_LONGEST).decode(), "f" * 128)))
    + len(DESIRED.topic("x" * 32)) + _AROUND_BYTES
)  # fmt: skip
"""Of the packet that brings a document to a terminal, at most, without the document itself."""

SECRET = re.compile(r"(^|_)(pins?|hash|secret|password|passphrase|token|private)(_|$)")
NO_SECRETS = ("drawer_pin",)
"""Settings that are only called so: a pin of a plug. The model has one secret, `terminal.code_secret` (PINs are kept
elsewhere); masked is also what somebody writes into a layer by mistake."""
MASK = "***"

Document = dict[str, Any]

FILES = "files"
"""Beside the settings a layer may name files that terminals fetch: help texts, the price list. They travel as
`Desired.blobs`."""

FILE_NAMES = ("help", "goods")


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of them: where it is, and what it must be."""

    sha256: Sha256
    size: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    url: Url


def split(doc: Document) -> tuple[Document, tuple[Blob, ...]]:
    """The settings of a document that is known to be right, and its files."""
    files = doc.get(FILES, {})
    blobs = tuple(Blob(name, **files[name]) for name in sorted(files))
    return {name: value for name, value in doc.items() if name != FILES}, blobs


def layers_of(row: Registered) -> tuple[str, ...]:
    """Names of the layers that make a terminal's settings, in their order."""
    return (*shared_layers(row.group, row.shop, row.tags), own_layer(row.terminal))


@lru_cache(maxsize=4_096)
def shared_layers(group: str, shop: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    """Of these, the names of those that other terminals have, too."""
    names = ["fleet"]
    if group:
        names.append(f"group:{group}")
    if shop:
        names.append(f"shop:{shop}")
    return (*names, *(f"tag:{tag}" for tag in sorted(tags)))


def shared_by(rows: Iterable[Registered]) -> set[str]:
    """Names of the layers that any of these terminals has and others may have, too."""
    alike = {(row.group, row.shop, row.tags) for row in rows}
    return {name for each in alike for name in shared_layers(*each)}


def own_layer(terminal: str) -> str:
    """The name of the layer that is a terminal's alone."""
    return f"terminal:{terminal}"


def canonical(doc: object) -> bytes:
    """The one text of a document: names in order, no spaces."""
    return msgspec.json.encode(doc, order="deterministic")


def address(body: bytes) -> str:
    """Content address of a canonical text."""
    return hashlib.sha256(body).hexdigest()


def merged(parts: Mapping[str, Document]) -> Document:
    """One document of several layers, given in their order."""
    made: Document = {}
    for part in parts.values():
        made = _over(made, part)
    return made


def _over(below: Document, above: Document) -> Document:
    laid = dict(below)
    for name, value in above.items():
        under = laid.get(name)
        laid[name] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return laid


def whole(doc: Document) -> Document:
    """A document that is known to be right with every default in it: two of them are equal when they mean the same."""
    plain, _ = split(doc)
    settings = check(plain)
    assert not isinstance(settings, list), settings
    made = document(msgspec.structs.replace(settings, revision=0))
    return made | {FILES: doc[FILES]} if doc.get(FILES) else made


def faults(parts: Mapping[str, Document], terminal: str = "") -> tuple[Fault, ...]:
    """Everything that is wrong with the layers laid over each other, and from which of them each fault comes."""
    made = merged(parts)
    if "revision" in made:
        return (_fault(Problem("revision", "unknown"), parts, terminal),)
    size = len(canonical(made).decode())
    if size > DOCUMENT_CHARS_MAX:
        return (Fault(path="$", reason="too_large", detail=str(size), terminal=terminal),)
    size = packet_bytes(made)
    problems = [Problem("$", "too_many_bytes", f"{size} > {PACKET_SIZE_MAX}")] if size > PACKET_SIZE_MAX else []
    problems += _file_problems(made.pop(FILES, {}))
    found: Settings | list[Problem] = check(made)
    problems += found if isinstance(found, list) else []
    return tuple(_fault(each, parts, terminal) for each in problems)


def packet_bytes(doc: Document) -> int:
    """Of the packet with it, at most: the document is JSON within a text within JSON, so each of its quotation marks is two
    bytes, and each Chinese sign three."""
    return ENVELOPE_BYTES + len(msgspec.json.encode(canonical(doc).decode()))


def _file_problems(files: Any) -> Iterator[Problem]:
    if not isinstance(files, dict):
        yield Problem(FILES, "table")
        return
    for name, file in files.items():
        if name not in FILE_NAMES:
            yield Problem(f"{FILES}.{name}", "unknown")
            continue
        for each in misfits(File, file):
            yield Problem(f"{FILES}.{name}.{each.path}", each.reason, each.detail)


def _fault(problem: Problem, parts: Mapping[str, Document], terminal: str) -> Fault:
    detail = MASK if _is_secret(problem.path) else problem.detail
    return Fault(
        path=problem.path, reason=problem.reason, detail=detail, code=problem.code, layer=origin(problem.path, parts),
        terminal=terminal,
    )  # fmt: skip


def origin(path: str, parts: Mapping[str, Document]) -> str:
    """The layer a value comes from: the last one that says something at the path, or else at the table around it. "": none
    does, the default stands."""
    steps = re.findall(r"[^.\[\]]+", path)
    while steps:
        for name in reversed(list(parts)):
            if _says(parts[name], steps):
                return name
        steps.pop()
    return ""


def _says(doc: Any, steps: list[str]) -> bool:
    for step in steps:
        if isinstance(doc, dict) and step in doc:
            doc = doc[step]
        elif isinstance(doc, list | tuple) and step.isdigit() and int(step) < len(doc):
            doc = doc[int(step)]
        else:
            return False
    return True


def differences(before: Any, after: Any) -> tuple[PathChange, ...]:
    """What differs, by path, secrets masked. Rows of lists of equal length are compared one by one."""
    return tuple(
        PathChange(path=path, before=masked(old, path), after=masked(new, path))
        for path, old, new in _differ(before, after, "")
    )


_NONE = object()


def _differ(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if old == new and type(old) is type(new):
        return
    if old is _NONE and isinstance(new, dict) and new:
        old = {}  # each setting by its own path, as where there was one before
    elif new is _NONE and isinstance(old, dict) and old:
        new = {}
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            inner = f"{path}.{name}" if path else str(name)
            yield from _differ(old.get(name, _NONE), new.get(name, _NONE), inner)
    elif _are_tables(old) and _are_tables(new) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differ(one, other, f"{path}[{place}]")
    elif _plain(old) != _plain(new):
        yield path or "$", _plain(old), _plain(new)


def _are_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(each, dict) for each in value)


def _plain(value: Any) -> Any:
    if value is _NONE:
        return None
    return list(value) if isinstance(value, tuple) else value


def masked(value: Any, path: str = "") -> Any:
    """A value fit to be shown: whatever is called a PIN, hash, password or the like is hidden."""
    if value is not None and _is_secret(path):
        return MASK
    if isinstance(value, dict):
        return {name: masked(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    return value


def _is_secret(path: str) -> bool:
    return any(SECRET.search(step) and step not in NO_SECRETS for step in re.findall(r"[^.\[\]]+", path))
