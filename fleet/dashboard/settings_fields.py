"""The model's settings as fields of a form: what each takes, how its value is written into the field, and read back."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

import msgspec

from fleet.admin import Fault
from fleet.dashboard import typed
from fleet.dashboard.typed import FaultRow
from rules.money import yuan
from rules.settings import who_may
from rules.settings_docs import Setting, all_settings
from rules.settings_edit import Editable, editable
from texts import Lang, catalogue, t

Kind = Literal["choice", "number", "text", "long", "texts", "numbers", "table", "rows"]
"""`texts`: a line each; `numbers`: parted by spaces; `rows` and `table`: JSON, a table being merged over those beneath."""

GENERAL = "general"
"""The section of the settings that are beside the sections."""
LONG_CHARS = 200
_NUMBER = re.compile(r"-?[0-9]{1,18}\Z")
_PARTED = re.compile(r"[\s,，、;；]+")


class Misread(Exception):
    """What was typed into a field is not of its kind; `words` say how."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Field:
    """One setting in a form. `it` has its bounds where the model tells them simply."""

    setting: Setting
    kind: Kind
    it: Editable | None

    @property
    def path(self) -> str:
        """As in a document."""
        return self.setting.path

    @property
    def section(self) -> str:
        """The group it is shown in."""
        return self.setting.section or GENERAL

    @property
    def choices(self) -> tuple[Any, ...]:
        """Of a choice."""
        return self.it.choices if self.it is not None else ()

    def choice_words(self, value: Any, lang: Lang) -> str:
        """One of the choices as a person reads it."""
        key = f"choice__{'on' if value else 'off'}" if isinstance(value, bool) else f"choice__{value}"
        return catalogue("rules", lang).get(key, str(value))

    def who(self, lang: Lang) -> str:
        """Who may change it at the terminal."""
        names = (t("rules", lang, f"role__{role}") for role in who_may(self.path))
        return ", ".join(names) or t("dashboard", lang, "field__nobody")

    def bounds(self, lang: Lang) -> str:
        """What it takes, "" where there is no more to say."""
        it = self.it
        match self.kind:
            case "number" | "numbers" if it is not None:
                one = t("dashboard", lang, "field__between", low=it.low, high=it.high)
                return one if self.kind == "number" else _many(it, lang, "field__numbers", one)
            case "text" | "long" if it is not None:
                return t("dashboard", lang, "field__chars", most=it.longest)
            case "texts" if it is not None:
                return _many(it, lang, "field__texts", t("dashboard", lang, "field__chars", most=it.longest))
            case "texts" | "rows" | "table":
                return t("dashboard", lang, f"field__{self.kind}_plain")
            case _:
                return ""

    def words(self, value: Any, lang: Lang) -> str:
        """A value in a sentence."""
        if self.kind == "choice":
            return self.choice_words(value, lang)
        if self.kind in ("rows", "table") and value:
            return t("dashboard", lang, "field__count", count=len(value))
        text = " / ".join(value) if self.kind == "texts" else self.written(value)
        if self.path.endswith("_fen") and isinstance(value, int):
            return f"{text} (¥ {yuan(value)})"
        return text[:LONG_CHARS] if text and value not in ([], {}) else t("dashboard", lang, "field__empty")

    def written(self, value: Any) -> str:
        """A value as it stands in the field."""
        match self.kind:
            case "texts":
                return "\n".join(map(str, value))
            case "numbers":
                return " ".join(map(str, value))
            case "rows" | "table":
                return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
            case "choice":
                return str(value).lower() if isinstance(value, bool) else str(value)
            case _:
                return str(value)

    def read(self, text: str, lang: Lang) -> Any:
        """The value of what was typed. Raises `Misread`; whether the model takes it is judged with the whole layer."""
        match self.kind:
            case "choice":
                found = next((each for each in self.choices if self.written(each) == text), None)
                if found is None:
                    raise Misread(t("dashboard", lang, "field__no_choice"))
                return found
            case "number":
                return _number(text, lang)
            case "numbers":
                return [_number(each, lang) for each in _PARTED.split(text.strip()) if each]
            case "texts":
                return text.rstrip("\n").split("\n") if text.strip() else []
            case "rows" | "table":
                return _json(text, lang)
            case "long":
                return text.strip()
            case _:
                return text


def _many(it: Editable, lang: Lang, key: str, one: str) -> str:
    return t("dashboard", lang, key, low=it.rows_min, high=it.rows_max, one=one)


def _number(text: str, lang: Lang) -> int:
    if not _NUMBER.fullmatch(text.strip()):
        raise Misread(t("dashboard", lang, "field__no_number"))
    return int(text)


def _json(text: str, lang: Lang) -> Any:
    """JSON of a part of a document, read as strictly as the whole."""
    found = typed.read(f'{{"it":{text}\n}}')
    if isinstance(found, tuple):
        row: FaultRow = typed.rows(found, f'{{"it":{text}\n}}', "", lang)[0]
        place = t("dashboard", lang, "fault__line", line=row.line) + " " if row.line else ""
        raise Misread(f"{place}{row.path.removeprefix('it')} {row.words}".replace("  ", " "))
    if found.keys() != {"it"}:
        raise Misread(typed.fault_words(Fault(path="", reason="no_json"), lang))
    return found["it"]


@cache
def fields() -> tuple[Field, ...]:
    """Every setting a layer may say, section by section; the revision is the push's."""
    return tuple(_field(each) for each in all_settings() if each.path != "revision")


@cache
def sections() -> dict[str, tuple[Field, ...]]:
    """The same by section."""
    found: dict[str, list[Field]] = {}
    for each in fields():
        found.setdefault(each.section, []).append(each)
    return {name: tuple(some) for name, some in found.items()}


def _field(setting: Setting) -> Field:
    try:
        it: Editable | None = editable(setting.path)
    except StopIteration:
        it = None
    if it is not None and it.kind != "clock":
        return Field(setting, it.kind, it)
    inner = _bare(setting.kind)
    if inner is str:
        longest = max((len(str(setting.default)), *(m.max_length or 0 for m in setting.kind.__metadata__)))
        return Field(setting, "long" if longest > LONG_CHARS else "text", it)
    if get_origin(inner) is dict:
        return Field(setting, "table", it)
    of_texts = get_origin(inner) is tuple and _bare(get_args(inner)[0]) is str
    return Field(setting, "texts" if of_texts else "rows", it)


def _bare(kind: Any) -> Any:
    """The type under its bounds."""
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
