"""JSON Schema (2020-12) of a settings document, generated from the model, with the settings' names in both languages.

For editors and other programs; `rules.settings.check` says more than a schema can. `x-who`: the roles that may change a
setting at the terminal.
"""

from typing import Any

import msgspec

from rules.settings import who_may
from rules.settings_docs import all_settings
from rules.settings_model import Settings

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def settings_schema() -> Schema:
    """The schema of a whole document; unknown names are errors everywhere, every name may be left out."""
    found: Schema = _plain(msgspec.json.schema(Settings))
    parts: dict[str, Schema] = found["$defs"]
    for setting in all_settings():
        holder = parts[_section(parts, setting.section)] if setting.section else parts["Settings"]
        there: Schema = holder["properties"][setting.name]
        there["title"] = " · ".join((setting.title("zh"), setting.title("en")))
        there["description"] = " · ".join((setting.help("zh"), setting.help("en")))
        there["x-who"] = list(who_may(setting.path))
    return {"$schema": DIALECT, "title": "Settings of a terminal", **found}


def _section(parts: dict[str, Schema], name: str) -> str:
    """Which part the section of this name is."""
    said: Schema = parts["Settings"]["properties"][name]
    ref: str = said["$ref"] if "$ref" in said else next(each["$ref"] for each in said["allOf"])
    return ref.removeprefix("#/$defs/")


def _plain(value: Any) -> Any:
    """Without what only Python's patterns know: `\\Z` is `$` there."""
    if isinstance(value, dict):
        return {
            name: inner.replace(r"\Z", "$") if name == "pattern" and isinstance(inner, str) else _plain(inner)
            for name, inner in value.items()
        }
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
