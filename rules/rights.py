"""Who may do what: roles and rights of domain 12 as a table that denies whatever it does not grant.

The table here is the default; the settings may replace single grants (`Settings.rights`), within `FIXED`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

NEEDS_SUPERVISOR, NOT_ALLOWED = 2006, 2005


class Role(StrEnum):
    """What an operator is; the number tells (domain 5.1), except for the two that never sign on at a till."""

    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    FINANCE = "finance"
    FIELD_AGENT = "field_agent"


class Right(StrEnum):
    """One thing that can be allowed. The value goes into the log when it is missing, so that 2005 can be explained."""

    SALE = "sale"
    SALE_TEST = "sale_test"
    BASKET_HOLD = "basket_hold"
    BASKET_CANCEL = "basket_cancel"
    LINE_REMOVE = "line_remove"
    DISCOUNT = "discount"
    PRICE_CHANGE = "price_change"
    ROUNDING_MANUAL = "rounding_manual"
    MEMBER_PRICE = "member_price"
    SALE_VOID = "sale_void"
    REFUND = "refund"
    VOUCHER_REDEEM = "voucher_redeem"
    VOUCHER_UNDO = "voucher_undo"
    VOUCHER_REGISTER = "voucher_register"
    VOUCHER_LOOK_UP = "voucher_look_up"
    DRAWER_NO_SALE = "drawer_no_sale"
    CASH_IN_OUT = "cash_in_out"
    REPRINT = "reprint"
    SELFTEST_PRINT = "selftest_print"
    STOCK_RECEIVE = "stock_receive"
    STOCK_TAKE = "stock_take"
    STOCK_APPROVE = "stock_approve"
    PRODUCT_EDIT = "product_edit"
    MEMBER_CREATE = "member_create"
    MEMBER_PHONE = "member_phone"
    MEMBER_ERASE = "member_erase"
    MEMBER_EXPORT = "member_export"
    SHIFT_OPEN = "shift_open"
    SHIFT_CLOSE_OWN = "shift_close_own"
    SHIFT_CLOSE_ANY = "shift_close_any"
    X_REPORT_OWN = "x_report_own"
    X_REPORT_ANY = "x_report_any"
    DAY_CLOSE = "day_close"
    RECONCILE_CONFIRM = "reconcile_confirm"
    INVOICE_ISSUE = "invoice_issue"
    INVOICE_RED = "invoice_red"
    PIN_OWN = "pin_own"
    OPERATORS_CASHIERS = "operators_cashiers"
    OPERATORS_SUPERVISORS = "operators_supervisors"
    OVERRIDE = "override"
    LANGUAGE = "language"
    DEVICE_VIEW = "device_view"
    WIFI = "wifi"
    SETTINGS_SHOP = "settings_shop"
    SETTINGS_DEVICE = "settings_device"
    UPDATE = "update"
    KEYS = "keys"


Grant = Literal["yes", "limited", "supervisor", "no"]
"""`limited`: allowed up to the limits the settings give the role; `supervisor`: with a supervisor at the terminal."""

_EVERYONE: dict[Right, Grant] = {Right.LANGUAGE: "yes", Right.PIN_OWN: "yes", Right.DEVICE_VIEW: "yes"}

GRANTS: dict[Role, dict[Right, Grant]] = {
    Role.CASHIER: {
        **_EVERYONE,
        Right.SALE: "yes", Right.BASKET_HOLD: "yes", Right.BASKET_CANCEL: "limited", Right.LINE_REMOVE: "limited",
        Right.DISCOUNT: "limited", Right.PRICE_CHANGE: "limited", Right.ROUNDING_MANUAL: "limited",
        Right.MEMBER_PRICE: "limited", Right.SALE_VOID: "supervisor", Right.REFUND: "supervisor",
        Right.VOUCHER_REDEEM: "yes", Right.VOUCHER_UNDO: "supervisor", Right.VOUCHER_REGISTER: "supervisor",
        Right.VOUCHER_LOOK_UP: "yes",
        Right.DRAWER_NO_SALE: "limited", Right.CASH_IN_OUT: "supervisor", Right.REPRINT: "limited",
        Right.SELFTEST_PRINT: "yes", Right.STOCK_RECEIVE: "yes", Right.MEMBER_CREATE: "yes",
        Right.SHIFT_OPEN: "yes", Right.SHIFT_CLOSE_OWN: "yes", Right.SHIFT_CLOSE_ANY: "supervisor",
        Right.X_REPORT_OWN: "yes", Right.INVOICE_ISSUE: "yes",
    },
    Role.SUPERVISOR: {
        **_EVERYONE,
        Right.SALE: "yes", Right.BASKET_HOLD: "yes", Right.BASKET_CANCEL: "yes", Right.LINE_REMOVE: "yes",
        Right.DISCOUNT: "limited", Right.PRICE_CHANGE: "yes", Right.ROUNDING_MANUAL: "yes",
        Right.MEMBER_PRICE: "yes", Right.SALE_VOID: "limited", Right.REFUND: "limited",
        Right.VOUCHER_REDEEM: "yes", Right.VOUCHER_UNDO: "yes", Right.VOUCHER_REGISTER: "yes",
        Right.VOUCHER_LOOK_UP: "yes",
        Right.DRAWER_NO_SALE: "yes", Right.CASH_IN_OUT: "yes", Right.REPRINT: "yes", Right.SELFTEST_PRINT: "yes",
        Right.STOCK_RECEIVE: "yes", Right.STOCK_TAKE: "yes", Right.STOCK_APPROVE: "yes", Right.PRODUCT_EDIT: "yes",
        Right.MEMBER_CREATE: "yes", Right.MEMBER_PHONE: "yes", Right.MEMBER_ERASE: "yes", Right.MEMBER_EXPORT: "yes",
        Right.SHIFT_OPEN: "yes", Right.SHIFT_CLOSE_OWN: "yes", Right.SHIFT_CLOSE_ANY: "yes",
        Right.X_REPORT_OWN: "yes", Right.X_REPORT_ANY: "yes", Right.DAY_CLOSE: "yes",
        Right.RECONCILE_CONFIRM: "yes", Right.INVOICE_ISSUE: "yes", Right.INVOICE_RED: "yes",
        Right.OPERATORS_CASHIERS: "yes", Right.OVERRIDE: "yes", Right.WIFI: "yes", Right.SETTINGS_SHOP: "yes",
    },
    Role.ADMIN: {
        **_EVERYONE,
        Right.SELFTEST_PRINT: "yes", Right.OPERATORS_SUPERVISORS: "yes", Right.WIFI: "yes",
        Right.SETTINGS_SHOP: "yes", Right.SETTINGS_DEVICE: "yes", Right.UPDATE: "yes", Right.KEYS: "yes",
    },
    Role.FINANCE: {
        Right.REPRINT: "yes", Right.MEMBER_EXPORT: "yes", Right.RECONCILE_CONFIRM: "yes",
        Right.INVOICE_ISSUE: "yes", Right.INVOICE_RED: "yes",
    },
    Role.FIELD_AGENT: {
        Right.SALE_TEST: "yes", Right.SELFTEST_PRINT: "yes", Right.LANGUAGE: "yes", Right.DEVICE_VIEW: "yes",
        Right.WIFI: "yes", Right.SETTINGS_DEVICE: "yes", Right.UPDATE: "yes", Right.KEYS: "yes",
    },
}  # fmt: skip
"""Role -> right -> grant. What is not here is denied (domain 12, and what the screens need beside it)."""

FIXED: dict[Role, frozenset[Right]] = {
    Role.CASHIER: frozenset({Right.SALE, Right.PIN_OWN, Right.LANGUAGE, Right.SHIFT_OPEN, Right.SHIFT_CLOSE_OWN}),
    Role.SUPERVISOR: frozenset({Right.SALE, Right.PIN_OWN, Right.LANGUAGE, Right.SHIFT_OPEN, Right.SHIFT_CLOSE_OWN,
                                Right.SHIFT_CLOSE_ANY, Right.OVERRIDE, Right.OPERATORS_CASHIERS}),
    Role.ADMIN: frozenset({Right.PIN_OWN, Right.OPERATORS_SUPERVISORS, Right.SETTINGS_DEVICE}),
}  # fmt: skip
"""Grants no setting may take away: cash must always be takeable (domain 11.1) and someone must hold the keys."""

NEVER_GRANTED: dict[Role, frozenset[Right]] = {
    Role.CASHIER: frozenset({Right.OVERRIDE, Right.OPERATORS_CASHIERS, Right.OPERATORS_SUPERVISORS, Right.MEMBER_PHONE,
                             Right.MEMBER_EXPORT, Right.KEYS, Right.UPDATE, Right.SETTINGS_DEVICE}),
    Role.SUPERVISOR: frozenset({Right.OPERATORS_SUPERVISORS, Right.KEYS}),
    Role.ADMIN: frozenset({Right.SALE, Right.REFUND, Right.SALE_VOID, Right.OVERRIDE}),
    Role.FINANCE: frozenset({Right.SALE, Right.OVERRIDE, Right.KEYS}),
    Role.FIELD_AGENT: frozenset({Right.SALE, Right.REFUND, Right.OVERRIDE, Right.MEMBER_EXPORT}),
}  # fmt: skip
"""Grants no setting may give: the two-person rule and the separation of system work from money."""

Grants = Mapping[str, Mapping[str, Grant]]


def role_of(operator: str) -> Role | None:
    """Role of a two-digit operator number: 01-89 cashier, 00 and 90-98 supervisor, 99 admin; None for anything else."""
    if len(operator) != 2 or not (operator.isascii() and operator.isdigit()):
        return None
    if operator == "99":
        return Role.ADMIN
    return Role.SUPERVISOR if operator == "00" or operator >= "90" else Role.CASHIER


def grant(role: Role | str | None, right: Right, changed: Grants | None = None) -> Grant:
    """What the table says; `changed` holds the grants the settings replace. Unknown roles and missing grants: no."""
    known = next((r for r in Role if r == role), None)
    if known is None:
        return "no"
    replaced = (changed or {}).get(known.value, {}).get(right.value)
    return replaced or GRANTS[known].get(right, "no")


def right_refusal(role: Role | str | None, right: Right, changed: Grants | None = None) -> int | None:
    """Error code that forbids, or None when allowed (a `limited` grant is allowed here; its limits are checked apart).

    2006: a supervisor must come; 2005: not at all.
    """
    match grant(role, right, changed):
        case "yes" | "limited":
            return None
        case "supervisor":
            return NEEDS_SUPERVISOR
        case "no":
            return NOT_ALLOWED
