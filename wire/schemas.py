"""JSON Schemas (2020-12) of all messages and facts, generated from their types; `python -m wire.schemas` writes them, the
AsyncAPI document and the page that tells all of it to people.

The files under `docs/wire/` are for people and other programs; a test checks that they are current.
"""

import json
from inspect import cleandoc
from pathlib import Path
from types import UnionType
from typing import Any

import msgspec

from wire import facts
from wire.channels import CHANNELS, SIGNED_BODIES
from wire.records import Record

Schema = dict[str, Any]
DOCS = Path(__file__).resolve().parent.parent / "docs" / "wire"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_HEX32 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def messages() -> dict[str, Schema]:
    """Schema of each channel's payload and of what is signed within one, by its name."""
    payloads = [channel.payload for channel in CHANNELS]
    return {name(payload): _whole(payload) for payload in [*payloads, *SIGNED_BODIES]}


def bodies() -> dict[str, Schema]:
    """Schema of each fact's body, by kind."""
    return {kind: _whole(cls) for kind, cls in sorted(facts.KINDS.items())}


def components(ref_template: str = "#/components/schemas/{name}") -> dict[str, Schema]:
    """All message and fact types with what they hold, by type name; a record's body is tied to its kind and version."""
    types = [channel.payload for channel in CHANNELS] + [*SIGNED_BODIES, *facts.KINDS.values()]
    _, found = msgspec.json.schema_components(types, ref_template=ref_template)
    found["Record"] = _tied(found["Record"], ref_template)
    for payload in types:
        if isinstance(payload, UnionType):
            found[name(payload)] = msgspec.json.schema_components([payload], ref_template=ref_template)[0][0]
    return dict(sorted(found.items()))


def name(payload: type | UnionType) -> str:
    """What a payload is called in file names and in the AsyncAPI document; the union of all answers is one payload."""
    return "Answer" if isinstance(payload, UnionType) else payload.__name__


def files() -> dict[str, str]:
    """Every generated file under `docs/wire/`: relative path -> text."""
    from wire import asyncapi, channels_docs  # they build on this module

    made: dict[str, Schema] = {f"{name}.schema.json": schema for name, schema in messages().items()}
    made |= {f"facts/{kind}.schema.json": schema for kind, schema in bodies().items()}
    made["asyncapi.json"] = asyncapi.document()
    texts = {path: json.dumps(_tidy(content), ensure_ascii=False, indent=2) + "\n" for path, content in made.items()}
    return dict(sorted((texts | {channels_docs.PAGE: channels_docs.page()}).items()))


def write(folder: Path = DOCS) -> list[str]:
    """Write all generated files and remove those no type stands for any more; returns the paths that changed."""
    wanted = files()
    stale = {str(path.relative_to(folder)) for path in folder.rglob("*.json")} - wanted.keys()
    for path in stale:
        (folder / path).unlink()
    changed = [path for path, text in wanted.items() if _read(folder / path) != text]
    for path in changed:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(wanted[path], encoding="utf-8")
    return sorted([*changed, *stale])


def _tidy(node: Any) -> Any:
    """Descriptions without the indentation of their docstrings: Python 3.13 takes it off, 3.11 does not."""
    match node:
        case dict():
            return {key: cleandoc(value) if _is_text(key, value) else _tidy(value) for key, value in node.items()}
        case list():
            return [_tidy(each) for each in node]
        case _:
            return node


def _is_text(key: str, value: Any) -> bool:
    return key == "description" and isinstance(value, str)


def _whole(payload: type | UnionType) -> Schema:
    schema = msgspec.json.schema(payload)
    if "Record" in schema.get("$defs", {}):
        bodies_of = msgspec.json.schema_components(list(facts.KINDS.values()), ref_template="#/$defs/{name}")[1]
        schema["$defs"] = {**bodies_of, **schema["$defs"], "Record": _tied(schema["$defs"]["Record"], "#/$defs/{name}")}
    return {"$schema": DIALECT, **schema}


def _tied(record: Schema, ref_template: str) -> Schema:
    """The schema of `Record` with what its Python type cannot say: hashes in hex, and which body a kind has."""
    kinds = [(cls.KIND, cls.VERSION, cls.__name__) for cls in facts.KINDS.values()]
    ties = [
        {
            "if": {"properties": {"kind": {"const": kind}, "version": {"const": version}}},
            "then": {"properties": {"body": {"$ref": ref_template.format(name=name)}}},
        }
        for kind, version, name in sorted(kinds)
    ]
    properties = {**record["properties"], "prev": _HEX32, "hash": _HEX32, "seq": {"type": "integer", "minimum": 1}}
    assert set(properties) == set(Record.__struct_fields__)
    return {**record, "properties": properties, "allOf": ties}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    for each in write():
        print(each)
