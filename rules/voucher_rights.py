"""Who may do what with which vouchers: a role's right, narrowed by the shop's rows (`vouchers.grants`); and what in those
rows makes no sense (domain 12). Pure; the terminal decides and every report tells by the same functions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from rules.deals import Platform, VoucherKind
from rules.rights import Grant, Grants, Right, Role, grant, role_of
from rules.settings_model import Operator
from rules.settings_vouchers import VoucherAct, VoucherGrant

RIGHTS: dict[VoucherAct, Right] = {
    "redeem": Right.VOUCHER_REDEEM,
    "undo": Right.VOUCHER_UNDO,
    "register": Right.VOUCHER_REGISTER,
    "look_up": Right.VOUCHER_LOOK_UP,
}
ACTS: tuple[VoucherAct, ...] = get_args(VoucherAct)
PLATFORMS: tuple[Platform, ...] = get_args(Platform)
KINDS: tuple[VoucherKind, ...] = get_args(VoucherKind)
ROLES = (Role.CASHIER, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What holds, and by which setting: its path, or "" when nobody changed the role's own grant."""

    grant: Grant
    by: str = ""


def first_row(rows: Sequence[VoucherGrant], act: str, platform: str, kind: str, role: str, operator: str) -> int | None:
    """Which row decides; None: the role's right alone. Platform or kind "": not known yet, so that rows for one of them do
    not speak."""
    for place, row in enumerate(rows):
        fits = (
            (not row.acts or act in row.acts)
            and (not row.platforms or platform in row.platforms)
            and (not row.kinds or kind in row.kinds)
            and (not row.roles or role in row.roles)
            and (not row.operators or operator in row.operators)
        )
        if fits:
            return place
    return None


def ruling(
    rows: Sequence[VoucherGrant], changed: Grants, act: VoucherAct, platform: str, kind: str, role: str, operator: str
) -> Ruling:
    """What this operator may do: the role's right, unless a row narrows it. A supervisor needs no other one where a row
    asks for one."""
    base = role_ruling(RIGHTS[act], changed, role)
    place = first_row(rows, act, platform, kind, role, operator)
    if base.grant == "no" or place is None or rows[place].grant == "yes":
        return base
    if rows[place].grant == "supervisor":
        alone = role == Role.SUPERVISOR or base.grant == "supervisor"
        return base if alone else Ruling("supervisor", f"vouchers.grants[{place}]")
    return Ruling("no", f"vouchers.grants[{place}]")


def role_ruling(right: Right, changed: Grants, role: str) -> Ruling:
    """What the table of rights says of a role, and the setting that changed it."""
    replaced = changed.get(role, {}).get(right.value)
    return Ruling(grant(role, right, changed), f"rights.{role}.{right.value}" if replaced else "")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the rows that makes no sense: where, the kind of problem, and about what."""

    path: str
    kind: str
    about: str = ""


def faults(rows: Sequence[VoucherGrant], operators: Sequence[Operator], changed: Grants) -> Iterator[Fault]:
    """Rows for operators there are none of, rows that can decide nothing because others before them always do or because no
    role has the right, and rows that seem to give what no row can give."""
    if not rows:
        return
    numbers = {each.number for each in operators}
    for place, row in enumerate(rows):
        for index, number in enumerate(row.operators):
            if number not in numbers:
                yield Fault(f"vouchers.grants[{place}].operators[{index}]", "unknown", number)
    people = [(role, "") for role in ROLES]
    people += [(role, each) for each in sorted(numbers) if (role := role_of(each)) in ROLES and role is not None]
    deciding: set[int] = set()
    useful: set[int] = set()
    for act in ACTS:
        for role, operator in people:
            has = grant(role, RIGHTS[act], changed) != "no"
            for platform in PLATFORMS:
                for kind in KINDS:
                    found = first_row(rows, act, platform, kind, role, operator)
                    if found is not None:
                        deciding.add(found)
                        useful |= {found} if has else set()
    for place, row in enumerate(rows):
        path = f"vouchers.grants[{place}]"
        if place not in deciding:
            yield Fault(path, "never_reached")
        elif place not in useful:
            yield Fault(path, "only_narrows", row.grant)
