"""A report of rights for regular review: every right of every operator, for vouchers by platform and kind, with the
setting that says so (domain 12, the user's first cause of failures). Pure."""

from collections.abc import Iterator

import msgspec

from rules.rights import Grant, Right, role_of
from rules.settings import Settings
from rules.voucher_rights import ACTS, KINDS, PLATFORMS, RIGHTS, Ruling, role_ruling, ruling

_ACT_OF = {right: act for act, right in RIGHTS.items()}


class RightsRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer. `platform` and `kind` "": all of them alike. `by`: path of the setting that decided, "" where the role's
    own grant stands as it was built."""

    operator: str
    name: str
    role: str
    active: bool
    right: str
    grant: Grant
    platform: str = ""
    kind: str = ""
    by: str = ""


def rights_of(settings: Settings) -> tuple[RightsRow, ...]:
    """Every right of every operator in the settings, in their order."""
    return tuple(row for each in settings.operators for row in _operator(settings, each.number, each.name, each.active))


def _operator(settings: Settings, number: str, name: str, active: bool) -> Iterator[RightsRow]:
    role = role_of(number)
    said = role.value if role else ""
    for right in Right:
        for platform, kind, found in _rulings(settings, right, said, number):
            yield RightsRow(number, name, said, active, right.value, found.grant, platform, kind, found.by)


def _rulings(settings: Settings, right: Right, role: str, operator: str) -> list[tuple[str, str, Ruling]]:
    """For a right about vouchers by platform and kind, as few rows as say it: one when all are alike, one for a platform
    whose kinds are."""
    act = _ACT_OF.get(right)
    if act is None:
        return [("", "", role_ruling(right, settings.rights, role))]
    rows = settings.vouchers.grants
    table = {
        platform: {kind: ruling(rows, settings.rights, act, platform, kind, role, operator) for kind in KINDS}
        for platform in PLATFORMS
    }
    every = {found for kinds in table.values() for found in kinds.values()}
    if len(every) == 1:
        return [("", "", every.pop())]
    lines: list[tuple[str, str, Ruling]] = []
    for platform, kinds in table.items():
        if len(set(kinds.values())) == 1:
            lines.append((platform, "", kinds["cash"]))
        else:
            lines += [(platform, kind, found) for kind, found in kinds.items()]
    return lines


assert set(_ACT_OF.values()) == set(ACTS)
