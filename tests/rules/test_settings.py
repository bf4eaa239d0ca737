"""Settings: a good document is taken, a bad one is refused with every reason, and nobody can lock a shop out."""

import inspect
import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

import firmware.assembly
import firmware.drivers.store
import firmware.txn.settings
import fleet.desk.layers
import rules.help
import rules.settings
import rules.settings_read
import rules.voucher_rights
from rules.rights import Role
from rules.settings import Settings, change_refusal, changed, check, defaults, document, rate_on, who_may
from rules.settings_docs import all_settings, bounds, example_toml, pages, toml_value
from texts import LANGS, catalogue

DOCS = Path(rules.__file__).parent.parent / "docs"
STAFF = [{"number": "00", "name": "店长"}, {"number": "01"}, {"number": "99"}]


def taken(doc):
    settings = check(doc)
    assert not isinstance(settings, list), settings
    return settings


def reasons(doc):
    problems = check(doc)
    assert isinstance(problems, list)
    return {(problem.path, problem.reason) for problem in problems}


def test_an_empty_document_is_the_factory_settings():
    assert taken({}) == defaults()


def test_a_reason_of_one_plain_text_is_still_understood():
    """Documents of a release before say reasons in Chinese alone, some rows of a new one may too."""
    read = check({"refunds": {"reasons": ["串货", {"key": "other", "zh": "其他", "en": "Other"}]}})
    assert isinstance(read, Settings)
    assert [(each.key, each.text("zh"), each.text("en")) for each in read.refunds.reasons] == [
        ("串货", "串货", "串货"), ("other", "其他", "Other"),
    ]  # fmt: skip
    assert check(document(read)) == read
    assert all(each.en for section in (defaults().prices, defaults().refunds) for each in section.reasons)


@pytest.mark.parametrize(
    ("reasons", "path"),
    [
        (["a", "a"], "prices.reasons[1].key"), ([""], "prices.reasons"), ([7], "prices.reasons"), ([], "prices.reasons"),
        ("临期", "prices.reasons"), ([{"zh": "x"}], "prices.reasons[0].key"),
        ([{"key": "k", "zh": "x", "de": "y"}], "prices.reasons[0].de"),
    ],
)  # fmt: skip
def test_reasons_that_are_none_are_refused(reasons, path):
    problems = check({"prices": {"reasons": reasons}})
    assert isinstance(problems, list)
    assert problems[0].path.startswith(path), problems


def test_settings_survive_storage():
    changed_ones = taken({"cash": {"rounding": "jiao"}, "operators": STAFF, "rights": {"cashier": {"reprint": "no"}}})
    for settings in (defaults(), changed_ones):
        assert taken(json.loads(json.dumps(document(settings)))) == settings


def test_only_what_differs_need_be_said():
    settings = taken({"printer": {"paper_mm": 80}})
    assert settings.printer.paper_mm == 80
    assert settings.printer.density == defaults().printer.density
    assert settings.shop == defaults().shop


@pytest.mark.parametrize(
    ("doc", "path", "reason"),
    [
        ({"cash": {"enabled": False}}, "cash.enabled", "unknown"),  # cash can not be switched off (domain 11.1)
        ({"cash": {"rounding": "up"}}, "cash.rounding", "value"),  # nor rounded up
        ({"cash": {"rounding_custom_fen": -10}}, "cash.rounding_custom_fen", "value"),
        ({"cash": {"quick_steps_fen": [1000, 500]}}, "cash.quick_steps_fen", "ascending"),
        ({"cash": {"quick_steps_fen": []}}, "cash.quick_steps_fen", "value"),
        ({"cash": 5}, "cash", "table"),
        ({"colour": "red"}, "colour", "unknown"),
        ({"sale": {"lines_max": 201}}, "sale.lines_max", "value"),
        ({"sale": {"lines_max": 10.0}}, "sale.lines_max", "value"),
        ({"sale": {"quantity_max": True}}, "sale.quantity_max", "value"),
        ({"sale": {"quantity_max": "5"}}, "sale.quantity_max", "value"),
        ({"drawer": {"pulse_ms": 300}}, "drawer.pulse_ms", "value"),
        ({"drawer": {"pulse_ms": None}}, "drawer.pulse_ms", "value"),
        ({"network": {"host": "a b"}}, "network.host", "value"),
        ({"network": {"host": "broker\n"}}, "network.host", "value"),
        ({"network": {"keepalive_s": 5}}, "network.keepalive_s", "value"),
        ({"shop": {"name": ""}}, "shop.name", "value"),
        ({"shop": {"name": "店\x1b[31m"}}, "shop.name", "hidden_signs"),
        ({"shop": {"footer": ["a\nb"]}}, "shop.footer[0]", "hidden_signs"),
        ({"shift": {"float_expected_fen": 5000, "float_max_fen": 100}}, "shift.float_expected_fen", "above_max"),
        ({"payment": {"deadline_s": 30, "reverse_not_before_s": 60}}, "payment.reverse_not_before_s", "above_max"),
        ({"operators": []}, "operators", "value"),
        ({"operators": "all"}, "operators", "value"),
        ({"operators": [*STAFF, {"number": "1"}]}, "operators[3].number", "value"),
        ({"operators": [*STAFF, {"name": "x"}]}, "operators[3].number", "missing"),
        ({"operators": [*STAFF, {"number": "01"}]}, "operators[3].number", "twice"),
        ({"operators": [*STAFF, {"number": "02", "pin": "1"}]}, "operators[3].pin", "unknown"),
        ({"operators": STAFF[1:]}, "operators", "no_supervisor"),
        ({"operators": [{**STAFF[0], "active": False}, *STAFF[1:]]}, "operators", "no_supervisor"),
        ({"operators": STAFF[:2]}, "operators", "no_admin"),
        ({"rights": {"cashier": {"sale": "supervisor"}}}, "rights.cashier.sale", "right_fixed"),
        ({"rights": {"cashier": {"override": "yes"}}}, "rights.cashier.override", "right_never"),
        ({"rights": {"cashier": {"fly": "yes"}}}, "rights.cashier.fly", "unknown"),
        ({"rights": {"owner": {"sale": "yes"}}}, "rights.owner", "unknown"),
        ({"rights": {"cashier": {"refund": "maybe"}}}, "rights", "value"),
        ({"scale_layouts": [{"name": "a", "flag": "2", "pattern": "FFPPPPPAAAAAC"}]},
         "scale_layouts[0].pattern", "layout"),
        ({"scale_layouts": [{"name": "a", "flag": "21", "pattern": "FFXX"}]}, "scale_layouts[0].pattern", "value"),
        ({"tax": {"taxpayer": "small", "rates": [{"kind": "standard", "valid_from": "2019-04-01", "rate_bp": 1300}]}},
         "tax.rates", "no_rate"),
        ({"tax": {"rates": [{"kind": "standard", "valid_from": "2026-02-30", "rate_bp": 1300}]}},
         "tax.rates[0].valid_from", "no_such_day"),
        ([], "$", "table"),
        (None, "$", "table"),
    ],
)  # fmt: skip
def test_a_bad_document_says_where_and_why(doc, path, reason):
    assert (path, reason) in reasons(doc)


def test_all_problems_are_told_at_once():
    problems = check({"cash": {"rounding": "up"}, "drawer": {"pulse_ms": 1}, "x": 1})
    assert isinstance(problems, list)
    assert {problem.path for problem in problems} == {"cash.rounding", "drawer.pulse_ms", "x"}
    assert all(problem.code == 9004 for problem in problems)


def test_every_reason_given_has_a_text_and_every_text_a_reason():
    rooms = (
        rules.settings, rules.settings_read, rules.voucher_rights, rules.help, firmware.drivers.store,
        firmware.txn.settings, firmware.assembly, fleet.desk.layers,
    )  # fmt: skip
    source = "".join(map(inspect.getsource, rooms))
    given = set(re.findall(r'(?:Problem|Fault)\([^()]*(?:\([^()]*\))?[^()]*?, "([a-z_]+)"', source))
    texts = {key.removeprefix("problem__") for key in catalogue("rules", "zh") if key.startswith("problem__")}
    assert given == texts


def test_the_list_of_problems_is_bounded():
    problems = check({f"x{n}": 1 for n in range(1000)})
    assert isinstance(problems, list)
    assert len(problems) == 50


def test_two_enabled_layouts_for_one_flag_are_refused():
    row = {"name": "a", "flag": "21", "pattern": "FFPPPPPAAAAAC"}
    assert ("scale_layouts[1].flag", "twice") in reasons({"scale_layouts": [row, {**row, "name": "b"}]})
    taken({"scale_layouts": [row, {**row, "name": "b", "enabled": False}]})


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(AttributeError):
        defaults().cash.rounding = "none"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kind", "day", "rate_bp"),
    [("standard", "2026-11-22", 1300), ("simplified", "2022-12-31", 300), ("simplified", "2023-01-01", 100),
     ("standard", "2010-01-01", None)],
)  # fmt: skip
def test_the_tax_rate_is_that_of_the_day(kind, day, rate_bp):
    rate = rate_on(defaults().tax, kind, day)
    assert (rate.rate_bp if rate else None) == rate_bp


# --- who may change what -----------------------------------------------------------------


def test_changes_are_named_by_path():
    new = taken({"revision": 7, "cash": {"rounding": "jiao"}, "operators": STAFF})
    assert changed(defaults(), new) == ("cash.rounding", "operators")
    assert changed(new, new) == ()


@pytest.mark.parametrize(
    ("doc", "role", "refusal"),
    [
        ({"terminal": {"lang": "en"}}, Role.CASHIER, None),
        ({"cash": {"rounding": "jiao"}}, Role.CASHIER, 2005),
        ({"cash": {"rounding": "jiao"}}, Role.SUPERVISOR, None),
        ({"network": {"port": 8883}}, Role.SUPERVISOR, 2005),
        ({"network": {"port": 8883}}, Role.FIELD_AGENT, None),
        ({"cash": {"rounding": "jiao"}, "network": {"port": 8883}}, Role.SUPERVISOR, 2005),
        ({"rights": {"cashier": {"reprint": "no"}}}, Role.SUPERVISOR, 2005),
        ({"rights": {"cashier": {"reprint": "no"}}}, Role.ADMIN, None),
        ({"tax": {"taxpayer": "small"}}, Role.FINANCE, 2005),
    ],
)
def test_who_may_change_a_setting(doc, role, refusal):
    assert change_refusal(defaults(), taken(doc), role) == refusal


def test_supervisors_manage_cashiers_and_the_admin_manages_supervisors():
    base = document(defaults())["operators"]
    cashier = taken({"operators": [*base, {"number": "04"}]})
    supervisor = taken({"operators": [*base, {"number": "91"}]})
    assert change_refusal(defaults(), cashier, Role.SUPERVISOR) is None
    assert change_refusal(defaults(), supervisor, Role.SUPERVISOR) == 2005
    assert change_refusal(defaults(), supervisor, Role.ADMIN) is None
    assert change_refusal(defaults(), cashier, Role.CASHIER) == 2005


def test_a_document_that_says_a_setting_that_is_gone_is_as_good_as_before():
    assert taken({"network": {"mount": "shop/", "port": 8883}}).network.port == 8883
    assert reasons({"network": {"mounts": "shop/"}}) == {("network.mounts", "unknown")}


# --- texts and generated pages -----------------------------------------------------------------


def test_both_languages_have_the_same_texts_and_none_is_empty():
    zh, en = (catalogue("rules", lang) for lang in LANGS)
    assert zh.keys() == en.keys()
    assert all(zh.values())
    assert all(text and text.isascii() for text in en.values())


DOCUMENT_ALONE = {"local", "hardware", "code_secret"}
"""Sections, and a secret: what is changed at the terminal stands in its journal."""


def test_every_setting_has_title_help_bounds_and_someone_who_may_change_it():
    for setting in all_settings():
        assert all(setting.title(lang) and setting.help(lang) for lang in LANGS)
        assert bounds(setting.kind)
        assert "None" not in bounds(setting.kind)
        assert bool(who_may(setting.path)) == DOCUMENT_ALONE.isdisjoint((setting.section, setting.name))


WAIT_FOR_INVOICES = {"tax.taxpayer", "tax.rates"}


def test_every_setting_is_read_by_the_terminal():
    """By its name behind a dot, in code that only the model, its judge and its pages do not count among."""
    own = {"settings.py", "settings_model.py", "settings_docs.py", "settings_schema.py"}
    root = Path(rules.__file__).parents[1]
    files = [*(root / "firmware").rglob("*.py"), *(root / "rules").glob("*.py")]
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in files if path.name not in own or "firmware" in path.parts
    )
    read = set(re.findall(r"\.([a-z_0-9]+)\b", source))
    assert {each.path for each in all_settings() if each.name not in read} == WAIT_FOR_INVOICES


def test_no_text_is_left_of_a_setting_that_is_gone():
    keys = {setting.key for setting in all_settings()}
    for area in ("settings", "settings_help"):
        assert {key.split("__")[1] for key in catalogue("rules", "zh") if key.startswith(f"{area}__")} == keys


def test_every_default_is_within_its_own_bounds():
    for setting in all_settings():
        assert msgspec.convert(msgspec.to_builtins(setting.default), setting.kind) == setting.default


def test_the_example_reads_back_to_the_defaults():
    assert taken(tomllib.loads(example_toml())) == defaults()


@pytest.mark.parametrize("value", ['a"b\\c', "店", 5, True, ["x", 1], {"a": [1, 2]}])
def test_values_are_written_as_toml(value):
    assert tomllib.loads(f"v = {toml_value(value)}")["v"] == value


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_current(name):
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run: python -m rules.settings_docs docs"
