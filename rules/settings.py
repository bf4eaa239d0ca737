"""Settings documents: read against the model, judged, compared, and who may change what (decisions 25).

A settings *document* is nested data as read from JSON or TOML: only what differs from the defaults need be there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice, pairwise
from typing import Any, cast, get_args, get_origin, get_type_hints

import msgspec

from rules.barcodes import has_hidden
from rules.deals import Platform
from rules.payment_codes import pattern_fits
from rules.pbm import LogoError, logo
from rules.rights import FIXED, NEVER_GRANTED, Grants, Right, Role, right_refusal, role_of
from rules.scale_codes import layout_fits
from rules.settings_counter import Slips
from rules.settings_model import Operator, Settings, Tax, TaxRate
from rules.voucher_rights import faults

__all__ = [
    "Problem",
    "Settings",
    "change_refusal",
    "changed",
    "check",
    "defaults",
    "document",
    "misfits",
    "rate_on",
    "who_may",
]

BAD_SETTINGS, NOT_ALLOWED = 9004, 2005
PROBLEMS_MAX = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document. The text is `problem__REASON` of the room `rules`; `detail` is for experts."""

    path: str  # cash.rounding, operators[2].number
    reason: str
    detail: str = ""
    code: int = BAD_SETTINGS


def defaults() -> Settings:
    """The factory's settings: a shop can sell with them as they are."""
    return Settings()


def document(settings: Settings) -> dict[str, Any]:
    """The whole settings as plain nested data, for storage; `check` reads it back to an equal value."""
    return cast(dict[str, Any], msgspec.to_builtins(settings))


def check(doc: object) -> Settings | list[Problem]:
    """Settings of a document, missing ones at their default, or everything that is wrong with it (at most 50)."""
    doc = _in_new_words(doc)
    try:
        settings = msgspec.convert(doc, Settings)
    except (msgspec.ValidationError, RecursionError) as wrong:
        problems = list(islice(_misfits(Settings, doc, ""), PROBLEMS_MAX))
        return problems or [Problem("$", "value", str(wrong)[:200])]
    return list(islice(_nonsense(settings), PROBLEMS_MAX)) or settings


_REASONS = ("prices", "refunds")
"""Sections whose `reasons` were plain texts once."""


GONE = {"network": ("mount",)}
"""Settings that are none any more, by section: a document that still says them is as good as before."""


def _without(section: Any, gone: tuple[str, ...]) -> Any:
    if not gone or not isinstance(section, dict):
        return section
    return {name: value for name, value in section.items() if name not in gone}


def _in_new_words(doc: object) -> object:
    """A document of a release before, as this one would say it; what is wrong with it stays wrong."""
    if not isinstance(doc, dict):
        return doc
    doc = {name: _without(section, GONE.get(name, ())) for name, section in doc.items()}
    changed_sections = {
        name: {**section, "reasons": [{"key": row, "zh": row} if isinstance(row, str) else row for row in rows]}
        for name, section in doc.items()
        if name in _REASONS and isinstance(section, dict) and isinstance(rows := section.get("reasons"), list | tuple)
    }
    return {**doc, **changed_sections}


# --- type and bounds -----------------------------------------------------------------


def _misfits(cls: type[msgspec.Struct], data: object, path: str) -> Iterator[Problem]:
    """Unknown names, wrong types and broken bounds, each with its own path."""
    if not isinstance(data, dict):
        yield Problem(path or "$", "table")
        return
    fields = _fields(cls)
    for name in data:
        if name not in fields:
            yield Problem(_join(path, str(name)), "unknown")
    for field in msgspec.structs.fields(cls):
        if field.encode_name in data:
            yield from _misfit(fields[field.name], data[field.encode_name], _join(path, field.name))
        elif field.required:
            yield Problem(_join(path, field.name), "missing")


@cache
def _fields(cls: type[msgspec.Struct]) -> dict[str, Any]:
    """Types of a section with their bounds; to look them up costs more than to check a document."""
    return get_type_hints(cls, include_extras=True)


def _misfit(kind: Any, value: object, path: str) -> Iterator[Problem]:
    inner = _bare(kind)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        yield from _misfits(inner, value, path)
        return
    row = _bare(get_args(inner)[0]) if get_origin(inner) is tuple else None
    if isinstance(row, type) and issubclass(row, msgspec.Struct) and isinstance(value, list | tuple):
        found = [fault for place, item in enumerate(value) for fault in _misfits(row, item, f"{path}[{place}]")]
        if found:
            yield from found
            return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as fault:
        said, _, where = str(fault).partition(" - at `$")
        inside = where.rstrip("`") if "..." not in where else ""
        yield Problem(path + inside, "value", said if inside else str(fault))


def _bare(kind: Any) -> Any:
    """The type under its `Annotated` bounds."""
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def misfits(cls: type[msgspec.Struct], data: object) -> Iterator[Problem]:
    """Everything that keeps nested data from being a `cls`, at most 50: for documents beside the settings."""
    return islice(_misfits(cls, data, ""), PROBLEMS_MAX)


# --- sense: what each value allows but all together do not ---------------------------------------------


def _nonsense(settings: Settings) -> Iterator[Problem]:
    yield from _operators(settings.operators)
    yield from _scale_layouts(settings)
    for place, channel in enumerate(settings.tenders.channels):
        if not pattern_fits(channel.pattern):
            yield Problem(f"tenders.channels[{place}].pattern", "code_pattern", channel.pattern)
    for place, row in enumerate(settings.vouchers.platforms):
        if row.pattern and not pattern_fits(row.pattern):
            yield Problem(f"vouchers.platforms[{place}].pattern", "code_pattern", row.pattern)
    for place, name in enumerate(settings.vouchers.shop_numbers):
        if name not in get_args(Platform):
            yield Problem(f"vouchers.shop_numbers[{place}]", "unknown", name)
    if settings.scanner.gs_substitute.isalnum():
        yield Problem("scanner.gs_substitute", "value", "a sign that is part of codes")
    codes = [row.code for row in settings.keys.map]
    yield from (Problem(f"keys.map[{n}].code", "twice", str(code)) for n, code in enumerate(codes) if code in codes[:n])
    yield from _rights(settings.rights)
    for fault in faults(settings.vouchers.grants, settings.operators, settings.rights):
        yield Problem(fault.path, fault.kind, fault.about)
    yield from _tax(settings.tax)
    yield from _slips(settings.slips)
    for section, reasons in (("prices", settings.prices.reasons), ("refunds", settings.refunds.reasons)):
        keys = [reason.key for reason in reasons]
        yield from (
            Problem(f"{section}.reasons[{n}].key", "twice", key) for n, key in enumerate(keys) if key in keys[:n]
        )
    steps = settings.cash.quick_steps_fen
    if any(low >= high for low, high in pairwise(steps)):
        yield Problem("cash.quick_steps_fen", "ascending")
    if settings.shift.float_expected_fen > settings.shift.float_max_fen:
        yield Problem("shift.float_expected_fen", "above_max")
    if settings.payment.reverse_not_before_s > settings.payment.deadline_s:
        yield Problem("payment.reverse_not_before_s", "above_max")  # the last query's answer would be old by then
    texts = {"shop.name": settings.shop.name, "shop.branch": settings.shop.branch}
    texts |= {f"shop.footer[{place}]": line for place, line in enumerate(settings.shop.footer)}
    texts |= {f"slips.header[{place}]": line for place, line in enumerate(settings.slips.header)}
    texts |= {"slips.address": settings.slips.address, "slips.phone": settings.slips.phone}
    for section, reasons in (("prices", settings.prices.reasons), ("refunds", settings.refunds.reasons)):
        texts |= {f"{section}.reasons[{n}]": f"{each.key}{each.zh}{each.en}" for n, each in enumerate(reasons)}
    texts |= {f"operators[{place}].name": row.name for place, row in enumerate(settings.operators)}
    yield from (Problem(path, "hidden_signs") for path, text in texts.items() if has_hidden(text))


def _slips(slips: Slips) -> Iterator[Problem]:
    """A logo that no printer could print would cost every slip its place (4016)."""
    try:
        if slips.logo:
            logo(slips.logo)
    except LogoError as wrong:
        yield Problem("slips.logo", "logo", str(wrong))


def _operators(operators: tuple[Operator, ...]) -> Iterator[Problem]:
    numbers = [row.number for row in operators]
    for place, number in enumerate(numbers):
        if number in numbers[:place]:
            yield Problem(f"operators[{place}].number", "twice", number)
    roles = {role_of(row.number) for row in operators if row.active}
    if Role.SUPERVISOR not in roles:
        yield Problem("operators", "no_supervisor")
    if Role.ADMIN not in roles:
        yield Problem("operators", "no_admin")


def _scale_layouts(settings: Settings) -> Iterator[Problem]:
    seen: set[tuple[str, int]] = set()
    for place, layout in enumerate(settings.scale_layouts):
        if not layout_fits(layout):
            yield Problem(f"scale_layouts[{place}].pattern", "layout", layout.pattern)
        place_taken = (layout.flag, len(layout.pattern))
        if layout.enabled and place_taken in seen:
            yield Problem(f"scale_layouts[{place}].flag", "twice", layout.flag)
        if layout.enabled:
            seen.add(place_taken)


def _rights(rights: Grants) -> Iterator[Problem]:
    for role, grants in rights.items():
        if role not in set(Role):
            yield Problem(f"rights.{role}", "unknown")
            continue
        for name, granted in grants.items():
            path = f"rights.{role}.{name}"
            if name not in set(Right):
                yield Problem(path, "unknown")
            elif granted != "yes" and name in FIXED.get(Role(role), ()):
                yield Problem(path, "right_fixed")
            elif granted != "no" and name in NEVER_GRANTED.get(Role(role), ()):
                yield Problem(path, "right_never")


def _tax(tax: Tax) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for place, rate in enumerate(tax.rates):
        if not _is_day(rate.valid_from):
            yield Problem(f"tax.rates[{place}].valid_from", "no_such_day", rate.valid_from)
        if (rate.kind, rate.valid_from) in seen:
            yield Problem(f"tax.rates[{place}].valid_from", "twice", rate.valid_from)
        seen.add((rate.kind, rate.valid_from))
    wanted = "standard" if tax.taxpayer == "general" else "simplified"
    if wanted not in {rate.kind for rate in tax.rates}:
        yield Problem("tax.rates", "no_rate", wanted)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# --- use and change -----------------------------------------------------------------


def rate_on(tax: Tax, kind: str, day: str) -> TaxRate | None:
    """The rate of a kind in force on a day (YYYY-MM-DD), or None when none was yet."""
    rates = [rate for rate in tax.rates if rate.kind == kind and rate.valid_from <= day]
    return max(rates, key=lambda rate: rate.valid_from, default=None)


def changed(old: Settings, new: Settings) -> tuple[str, ...]:
    """Paths of the settings that differ: `cash.rounding`, `operators`. The revision is not a setting of its own."""
    paths: list[str] = []
    for section in Settings.__struct_fields__:
        before, after = getattr(old, section), getattr(new, section)
        if before == after or section == "revision":
            continue
        if isinstance(after, msgspec.Struct):
            names = after.__struct_fields__
            paths += [f"{section}.{name}" for name in names if getattr(before, name) != getattr(after, name)]
        else:
            paths.append(section)
    return tuple(paths)


def who_may(path: str) -> tuple[str, ...]:
    """Roles that may change the setting of this path. Raises `KeyError` for a path that is none."""
    section, _, name = path.partition(".")
    kind = _fields(Settings)[section]
    if name:
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            raise KeyError(path)
        kind = _fields(kind)[name]
    extra = next((meta.extra for meta in getattr(kind, "__metadata__", ()) if meta.extra), None)
    if extra is None:
        raise KeyError(path)
    return tuple(extra["who"])


def change_refusal(old: Settings, new: Settings, role: Role) -> int | None:
    """2005 when `role` may not make this change at the terminal, else None.

    Supervisors change cashiers, the administrator changes supervisors and himself (domain 12).
    """
    for path in changed(old, new):
        if path == "operators":
            if any(right_refusal(role, right, old.rights) for right in _operator_rights(old, new)):
                return NOT_ALLOWED
        elif role.value not in who_may(path):
            return NOT_ALLOWED
    return None


def _operator_rights(old: Settings, new: Settings) -> set[Right]:
    before, after = ({row.number: row for row in settings.operators} for settings in (old, new))
    touched = {number for number in before.keys() | after.keys() if before.get(number) != after.get(number)}
    return {
        Right.OPERATORS_CASHIERS if role_of(number) == Role.CASHIER else Right.OPERATORS_SUPERVISORS
        for number in touched
    }
