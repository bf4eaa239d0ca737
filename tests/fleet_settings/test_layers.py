"""How layers of settings become one document: order, origin of a fault, what differs, what is never shown."""

import msgspec
import pytest

from fleet.admin import PathChange, Registered
from fleet.desk.layers import (
    MASK,
    NO_SECRETS,
    SECRET,
    canonical,
    differences,
    faults,
    layers_of,
    masked,
    merged,
    origin,
)
from rules.settings_model import Settings


def test_the_order_of_layers_is_always_the_same():
    row = Registered(terminal="T1", shop="s1", group="north", tags=("zz", "aa"))
    assert layers_of(row) == ("fleet", "group:north", "shop:s1", "tag:aa", "tag:zz", "terminal:T1")
    assert layers_of(Registered(terminal="T1")) == ("fleet", "terminal:T1")


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"cash": {"a": 1}}, {"cash": {"b": 5}}, {"cash": {"a": 1, "b": 5}}),
        ({"cash": {"rounding": "fen"}}, {"cash": {"rounding": "jiao"}}, {"cash": {"rounding": "jiao"}}),
        ({"shop": {"footer": ["a", "b"]}}, {"shop": {"footer": ["c"]}}, {"shop": {"footer": ["c"]}}),
        ({"rights": {"cashier": {"x": 1}}}, {"rights": {"cashier": {"y": 2}}}, {"rights": {"cashier": {"x": 1, "y": 2}}}),
        ({"cash": {"rounding": "fen"}}, {"cash": 3}, {"cash": 3}),
        ({}, {"cash": {"rounding": "fen"}}, {"cash": {"rounding": "fen"}}),
    ],
)  # fmt: skip
def test_tables_are_merged_and_all_else_is_replaced(below, above, expected):
    assert merged({"fleet": below, "terminal:T1": above}) == expected


def test_the_same_document_has_one_text():
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == canonical({"a": {"c": 3, "d": 2}, "b": 1})


@pytest.mark.parametrize(
    ("parts", "path", "layer"),
    [
        ({"fleet": {"cash": {"rounding": "up"}}}, "cash.rounding", "fleet"),
        ({"fleet": {"cash": {"rounding": "fen"}}, "shop:s": {"cash": {"rounding": "up"}}}, "cash.rounding", "shop:s"),
        ({"fleet": {}, "tag:x": {"nonsense": {"a": 1}}}, "nonsense", "tag:x"),
        ({"fleet": {"operators": [{"number": "01"}]}, "shop:s": {}}, "operators", "fleet"),
        ({"fleet": {"sale": {"lines_max": 0}}, "terminal:T": {"sale": {"quantity_max": 1}}}, "sale.lines_max", "fleet"),
    ],
)
def test_a_fault_says_which_layer_it_came_from(parts, path, layer):
    found = faults(parts, "T1")
    assert (path, layer) in [(fault.path, fault.layer) for fault in found], found
    assert {fault.terminal for fault in found} == {"T1"}


def test_a_default_comes_from_no_layer():
    assert origin("cash.rounding", {"fleet": {"sale": {}}}) == ""


@pytest.mark.parametrize(
    "parts",
    [
        {"fleet": {"revision": 7}},
        {"fleet": {"shop": {"name": "x" * 70_000}}},
        {"fleet": {"shop": None}},
        {"fleet": {"shop": {"footer": [["deep"] * 3] * 3}}},
        {"fleet": {"operators": []}},
    ],
)
def test_what_no_terminal_would_take_is_not_stored(parts):
    assert faults(parts)


def test_what_differs_is_told_by_path():
    before = {"cash": {"rounding": "fen"}, "operators": [{"number": "01", "name": "a"}, {"number": "02", "name": "b"}]}
    after = {
        "cash": {"rounding": "jiao"},
        "operators": [{"number": "01", "name": "a"}, {"number": "02", "name": "c"}],
        "new": 1,
    }
    assert differences(before, after) == (
        PathChange(path="cash.rounding", before="fen", after="jiao"),
        PathChange(path="new", before=None, after=1),
        PathChange(path="operators[1].name", before="b", after="c"),
    )
    assert differences({}, {"shop": {"name": "A", "no": {}}}) == (
        PathChange(path="shop.name", before=None, after="A"),
        PathChange(path="shop.no", before=None, after={}),
    ), "a section that is new is told by path, too"
    assert differences({"shop": {"name": "A"}}, {}) == (PathChange(path="shop.name", before="A", after=None),)
    assert differences(before, before) == ()
    assert differences({"a": [1, 2]}, {"a": (1, 2)}) == ()


@pytest.mark.parametrize("name", ["pin", "pin_hash", "hash", "password", "token", "client_secret", "private_key"])
def test_secrets_are_never_shown(name):
    before = {"operators": [{"number": "01", name: "s3cr3t"}], "payment": {name: {"inner": "s3cr3t"}}}
    after = {"operators": [{"number": "01", name: "0th3r"}], "payment": {name: {"inner": "0th3r"}}}
    shown = repr(differences(before, after)) + repr(masked(before)) + repr(differences({}, after))
    assert "s3cr3t" not in shown
    assert "0th3r" not in shown
    assert MASK in shown
    assert [change.path for change in differences(before, after)] == [f"operators[0].{name}", f"payment.{name}.inner"]


def test_a_pin_of_a_plug_is_no_secret():
    changes = differences({"hardware": {"drawer_pin": 2}}, {"hardware": {"drawer_pin": 5}})
    assert changes == (PathChange(path="hardware.drawer_pin", before=2, after=5),)
    assert masked({"hardware": {"drawer_pin": 5, "supervisor_pin": "1"}}) == {
        "hardware": {"drawer_pin": 5, "supervisor_pin": MASK}
    }


def test_whatever_setting_is_called_like_a_secret_is_known_to_be_one_or_none():
    """A new one that is a secret, or only sounds like it, is to be decided about."""

    def names(value):
        if isinstance(value, dict):
            yield from value
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from names(inner)

    fields = [each["properties"] for each in msgspec.json.schema(Settings)["$defs"].values() if "properties" in each]
    assert {name for name in names(fields) if SECRET.search(name)} == {"code_secret", *NO_SECRETS}
