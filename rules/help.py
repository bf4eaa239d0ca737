"""The knowledge base behind the error table: for every code why it happens, what to do step by step, and whom to call.

The built-in texts are `texts/help/GROUP.LANG.toml`, read when somebody asks for a code and then only that code's table: a
terminal that is never asked reads none of it. A fleet may push a *help document* (`HelpDocument`) whose entries replace or
add what it says of a code, its title and action included; what is wrong with one is said by path, and the built-in
texts serve (9004).
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from rules.barcodes import has_hidden
from rules.errors import TITLE_ZH_CHARS_MAX, ErrorCode, errors
from rules.settings import Problem, misfits
from rules.settings_base import Section
from texts import LANGS, Lang

Contact = Literal["self", "supervisor", "manager", "support", "platform"]
"""Whom to call: nobody else, the supervisor on duty, the shop's manager, the fleet's support, the platform concerned."""

CONTACTS: tuple[Contact, ...] = get_args(Contact)
ENTRIES_MAX, DOCUMENT_BYTES_MAX = 400, 512 * 1024
STEPS_MIN, STEPS_MAX = 2, 5
CAUSE_CHARS_MAX, STEP_CHARS_MAX, TITLE_CHARS_MAX, ACTION_CHARS_MAX, ACTION_ZH_CHARS_MAX = 320, 200, 40, 52, 18

Step = Annotated[str, Meta(min_length=1, max_length=STEP_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class Help:
    """What there is to know about one code in one language."""

    cause: str
    steps: tuple[str, ...]
    call: tuple[Contact, ...]  # in the order in which to try


class HelpText(Section, frozen=True):
    """What a document says of a code in one language; an empty text leaves the built-in one."""

    title: Annotated[str, Meta(max_length=TITLE_CHARS_MAX)] = ""
    action: Annotated[str, Meta(max_length=ACTION_CHARS_MAX)] = ""
    cause: Annotated[str, Meta(max_length=CAUSE_CHARS_MAX)] = ""
    steps: Annotated[tuple[Step, ...], Meta(max_length=STEPS_MAX)] = ()


class HelpEntry(Section, frozen=True):
    """One code of a document. A code the table does not hold needs everything, in both languages."""

    code: Annotated[int, Meta(ge=1_000, le=9_999)]
    zh: HelpText = HelpText()
    en: HelpText = HelpText()
    call: Annotated[tuple[Contact, ...], Meta(max_length=2)] = ()

    def text(self, lang: Lang) -> HelpText:
        """In `lang`."""
        return self.zh if lang == "zh" else self.en


class Hotline(Section, frozen=True):
    """How one of the contacts is reached in this shop: `运维热线 400-…`."""

    who: Contact
    zh: Annotated[str, Meta(min_length=1, max_length=40)]
    en: Annotated[str, Meta(min_length=1, max_length=60)]


class HelpDocument(Section, frozen=True):
    """What a fleet says beside the built-in knowledge base. `version` only grows."""

    version: Annotated[int, Meta(ge=0, le=2**31)] = 0
    contacts: Annotated[tuple[Hotline, ...], Meta(max_length=len(CONTACTS))] = ()
    entries: Annotated[tuple[HelpEntry, ...], Meta(max_length=ENTRIES_MAX)] = ()

    def entry(self, code: int) -> HelpEntry | None:
        """What it says of a code."""
        return next((each for each in self.entries if each.code == code), None)

    def error(self, code: int) -> ErrorCode:
        """The row of the error table with this document's words. Raises `KeyError` for a code nobody knows."""
        said, known = self.entry(code), errors().get(code)
        if said is None:
            return errors()[code]
        row = known or ErrorCode(code, "added", "", "", "", "", "manual", "warn", "count", "state")
        return replace(
            row, zh=said.zh.title or row.zh, en=said.en.title or row.en,
            action_zh=said.zh.action or row.action_zh, action_en=said.en.action or row.action_en,
        )  # fmt: skip

    def help(self, code: int, lang: Lang) -> Help:
        """Cause, steps and contact. Raises `KeyError` for a code nobody knows."""
        said, known = self.entry(code), builtin(code, lang) if code in errors() else None
        if said is None:
            if known is None:
                raise KeyError(code)
            return known
        text, base = said.text(lang), known or Help("", (), ())
        return Help(text.cause or base.cause, text.steps or base.steps, said.call or base.call)

    def hotline(self, who: Contact, lang: Lang) -> str:
        """How a contact is reached, or nothing when the document does not say."""
        found = next((each for each in self.contacts if each.who == who), None)
        return "" if found is None else found.zh if lang == "zh" else found.en

    def codes(self) -> tuple[int, ...]:
        """Every code there is help for, ascending."""
        return tuple(sorted(errors().keys() | {each.code for each in self.entries}))


def group_of(code: int) -> int:
    """The first digit: 1 network … 9 system."""
    return code // 1000


@lru_cache(maxsize=4)
def builtin(code: int, lang: Lang) -> Help:
    """What the terminal brings along about a code of the table. Raises `KeyError` for another."""
    table, source = _table(code, lang), _table(code, "zh")
    return Help(table["cause"], tuple(table["steps"]), tuple(source["call"]))


def _table(code: int, lang: Lang) -> dict[str, Any]:
    """The one table of a code out of its group's file: a whole file would take the core too long to read (decisions 14)."""
    whole = files("texts").joinpath(f"help/{group_of(code)}.{lang}.toml").read_text(encoding="utf-8")
    _, found, rest = whole.partition(f"\n[{code}]\n")
    if not found:
        raise KeyError(code)
    return tomllib.loads(rest.partition("\n[")[0])


def check(document: object) -> HelpDocument | list[Problem]:
    """The document of nested data as read from JSON or TOML, or everything that is wrong with it, by path."""
    problems = list(misfits(HelpDocument, document))
    if problems:
        return problems
    found = msgspec.convert(document, HelpDocument)
    return list(_nonsense(found)) or found


def read(data: bytes) -> HelpDocument | list[Problem]:
    """The same of a file's bytes: JSON, or TOML."""
    if len(data) > DOCUMENT_BYTES_MAX:
        return [Problem("$", "too_large", f"{len(data)} of {DOCUMENT_BYTES_MAX}")]
    try:
        text = data.decode("utf-8-sig")
        plain = msgspec.json.decode(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:  # both decoders' errors are ValueErrors
        return [Problem("$", "value", str(wrong))]
    return check(plain)


def _nonsense(document: HelpDocument) -> Iterator[Problem]:
    seen: set[int] = set()
    for place, entry in enumerate(document.entries):
        path = f"entries[{place}]"
        if entry.code in seen:
            yield Problem(f"{path}.code", "twice", str(entry.code))
        seen.add(entry.code)
        for lang in LANGS:
            yield from _text(entry.text(lang), f"{path}.{lang}", lang, entry.code not in errors())
        if not entry.call and entry.code not in errors():
            yield Problem(f"{path}.call", "missing")
    for place, line in enumerate(document.contacts):
        if has_hidden(line.zh) or has_hidden(line.en):
            yield Problem(f"contacts[{place}]", "hidden_signs")
        if line.who in [each.who for each in document.contacts[:place]]:
            yield Problem(f"contacts[{place}].who", "twice", line.who)


def _text(text: HelpText, path: str, lang: Lang, needed: bool) -> Iterator[Problem]:
    words: Mapping[str, str | tuple[str, ...]] = {name: getattr(text, name) for name in HelpText.__struct_fields__}
    if needed:
        yield from (Problem(f"{path}.{name}", "missing") for name, said in words.items() if not said)
    if lang == "zh" and len(text.title) > TITLE_ZH_CHARS_MAX:
        yield Problem(f"{path}.title", "value", f"{len(text.title)} of {TITLE_ZH_CHARS_MAX}")
    if lang == "zh" and len(text.action) > ACTION_ZH_CHARS_MAX:
        yield Problem(f"{path}.action", "value", f"{len(text.action)} of {ACTION_ZH_CHARS_MAX}")
    if text.steps and len(text.steps) < STEPS_MIN:
        yield Problem(f"{path}.steps", "value", f"{len(text.steps)} of at least {STEPS_MIN}")
    if any(has_hidden(line) for said in words.values() for line in ((said,) if isinstance(said, str) else said)):
        yield Problem(path, "hidden_signs")
