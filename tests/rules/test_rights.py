"""Who may do what, and which PINs are refused: whatever the table does not grant is denied."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.pins import FACTORY_PINS, PinFault, factory_pin, pin_digits_max, pin_fault
from rules.rights import FIXED, GRANTS, NEVER_GRANTED, Grant, Right, Role, grant, right_refusal, role_of
from texts import LANGS, t


@pytest.mark.parametrize(
    ("operator", "role"),
    [
        ("01", Role.CASHIER), ("89", Role.CASHIER), ("00", Role.SUPERVISOR), ("90", Role.SUPERVISOR),
        ("98", Role.SUPERVISOR), ("99", Role.ADMIN), ("", None), ("1", None), ("001", None), ("ab", None),
        ("０１", None), ("²²", None),
    ],
)  # fmt: skip
def test_the_number_tells_the_role(operator, role):
    assert role_of(operator) == role


@pytest.mark.parametrize(
    ("role", "right", "refusal"),
    [
        (Role.CASHIER, Right.SALE, None), (Role.CASHIER, Right.BASKET_CANCEL, None),
        (Role.CASHIER, Right.LINE_REMOVE, None), (Role.CASHIER, Right.SHIFT_OPEN, None),
        (Role.CASHIER, Right.LANGUAGE, None), (Role.CASHIER, Right.PIN_OWN, None),
        (Role.CASHIER, Right.REFUND, 2006), (Role.CASHIER, Right.SALE_VOID, 2006),
        (Role.CASHIER, Right.PRODUCT_EDIT, 2005), (Role.CASHIER, Right.DAY_CLOSE, 2005),
        (Role.CASHIER, Right.MEMBER_PHONE, 2005), (Role.CASHIER, Right.OVERRIDE, 2005),
        (Role.SUPERVISOR, Right.REFUND, None), (Role.SUPERVISOR, Right.OVERRIDE, None),
        (Role.SUPERVISOR, Right.OPERATORS_SUPERVISORS, 2005), (Role.SUPERVISOR, Right.KEYS, 2005),
        (Role.ADMIN, Right.SALE, 2005), (Role.ADMIN, Right.SETTINGS_DEVICE, None), (Role.ADMIN, Right.REFUND, 2005),
        (Role.FINANCE, Right.SALE, 2005), (Role.FINANCE, Right.INVOICE_RED, None), (Role.FINANCE, Right.PIN_OWN, 2005),
        (Role.FIELD_AGENT, Right.SALE, 2005), (Role.FIELD_AGENT, Right.SALE_TEST, None),
        (None, Right.SALE, 2005), ("owner", Right.SALE, 2005), ("", Right.LANGUAGE, 2005),
    ],
)  # fmt: skip
def test_the_table_of_rights(role, right, refusal):
    assert right_refusal(role, right) == refusal


def test_whatever_is_not_granted_is_denied():
    denied = [(role, right) for role in Role for right in Right if right not in GRANTS[role]]
    assert len(denied) > 100
    assert {right_refusal(role, right) for role, right in denied} == {2005}


def test_settings_replace_single_grants_only():
    changed = {"cashier": {"drawer_no_sale": "supervisor", "reprint": "no"}}
    assert right_refusal(Role.CASHIER, Right.DRAWER_NO_SALE, changed) == 2006
    assert right_refusal(Role.CASHIER, Right.REPRINT, changed) == 2005
    assert right_refusal(Role.CASHIER, Right.SALE, changed) is None
    assert right_refusal(Role.SUPERVISOR, Right.REPRINT, changed) is None


def test_the_fixed_rights_are_granted_and_the_forbidden_ones_not():
    for role in Role:
        assert all(grant(role, right) == "yes" for right in FIXED.get(role, ()))
        assert all(grant(role, right) == "no" for right in NEVER_GRANTED[role])


@pytest.mark.parametrize(
    ("pin", "role", "fault"),
    [
        ("4826", Role.CASHIER, None), ("2580", Role.CASHIER, None), ("739164", Role.CASHIER, None),
        ("739164", Role.SUPERVISOR, None), ("73916482", Role.ADMIN, None),
        ("0000", Role.CASHIER, "factory"), ("1234", Role.CASHIER, "factory"), ("123456", Role.SUPERVISOR, "factory"),
        ("88888888", Role.ADMIN, "factory"), ("112233", Role.SUPERVISOR, "factory"),
        ("482", Role.CASHIER, "length"), ("4826173", Role.CASHIER, "length"), ("4826", Role.SUPERVISOR, "length"),
        ("48261", Role.ADMIN, "length"), ("482617395", Role.ADMIN, "length"), ("", Role.CASHIER, "digits"),
        ("48a6", Role.CASHIER, "digits"), ("４８２６", Role.CASHIER, "digits"), ("48 6", Role.CASHIER, "digits"),
        ("7777", Role.CASHIER, "repeated"), ("4848", Role.CASHIER, "repeated"), ("426426", Role.SUPERVISOR, "repeated"),
        ("4567", Role.CASHIER, "sequence"), ("7890", Role.CASHIER, "sequence"), ("987654", Role.SUPERVISOR, "sequence"),
        ("1987", Role.CASHIER, "birth"), ("0512", Role.CASHIER, "birth"), ("900512", Role.SUPERVISOR, "birth"),
        ("19900512", Role.ADMIN, "birth"), ("19901332", Role.ADMIN, None), ("907512", Role.SUPERVISOR, None),
    ],
)  # fmt: skip
def test_weak_pins_are_refused_with_their_reason(pin, role, fault):
    assert pin_fault(pin, role) == fault


@pytest.mark.parametrize(
    ("operator", "pin"), [("01", "0000"), ("00", "123456"), ("95", "123456"), ("99", "88888888"), ("x", None)]
)
def test_factory_pins_are_what_field_agents_know_and_never_stay(operator, pin):
    assert factory_pin(operator) == pin
    if pin:
        assert all(pin_fault(pin, role) for role in Role)


def test_every_factory_pin_can_be_typed():
    assert all(len(pin) <= pin_digits_max(role) for role, pin in FACTORY_PINS.items())


@pytest.mark.parametrize("lang", LANGS)
def test_roles_rights_grants_and_pin_faults_have_a_name(lang):
    keys = [f"role__{role}" for role in Role] + [f"right__{right}" for right in Right]
    keys += [f"grant__{name}" for name in get_args(Grant)] + [f"pin__{fault}" for fault in get_args(PinFault)]
    assert all(t("rules", lang, key) for key in keys)


@given(st.text("0123456789", min_size=4, max_size=8))
def test_turning_a_sequence_or_repetition_round_does_not_make_it_good(pin):
    for fault in ("repeated", "sequence"):
        if pin_fault(pin, Role.ADMIN) == fault:
            assert pin_fault(pin[::-1], Role.ADMIN) in ("repeated", "sequence", "factory")
