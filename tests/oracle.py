"""The judge of the bus: every message on a test's broker must be one the schemas under `docs/wire/` allow.

Stricter than a receiver: fields the schemas do not name are refused here, so that a misspelt field is found.
"""

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from wire import channels, schemas, topics


class Oracle:
    """Judges messages by topic. `seen` counts what has been judged, by channel, so that a test can say what it met."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def faults(self, topic: str, payload: bytes) -> list[str]:
        """What is wrong with a message; an empty list if nothing is."""
        parsed = topics.parse(topic)
        channel = channels.find(parsed.way, parsed.rest) if parsed else None
        if channel is None:
            return [f"{topic}: no channel of ours"]
        key = f"{channel.way}/{channel.rest}"
        self.seen[key] = self.seen.get(key, 0) + 1
        try:
            message = json.loads(payload)
        except ValueError as trouble:
            return [f"{topic}: {trouble}"]
        found = _validator(schemas.name(channel.payload)).iter_errors(message)
        return [f"{topic}: {error.json_path}: {error.message[:200]}" for error in found]


@lru_cache(maxsize=32)
def _validator(name: str) -> Draft202012Validator:
    path = schemas.DOCS / f"{name}.schema.json"
    schema = _closed(json.loads(path.read_text(encoding="utf-8")))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _closed(schema: Any) -> Any:
    """The schema with unknown fields forbidden in every object that names its fields."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value) for key, value in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made
