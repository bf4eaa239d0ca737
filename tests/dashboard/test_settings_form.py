"""The settings' form: every setting of the model is a field, only what was changed is written into the layer, and what is
wrong stands at its field."""

import json
from typing import Any

import pytest

from fleet import admin
from fleet.dashboard.settings_fields import GENERAL, Misread, fields, sections
from rules.settings import check, defaults, document
from rules.settings_docs import all_settings
from tests.dashboard.forms import Fields
from tests.dashboard.house import HOME, OTHER, Browser, House
from tests.dashboard.test_pages import ask

FORM = "/settings/form"


@pytest.fixture
def fleet(house: House) -> House:
    ask(house, admin.Register(rows=(
        admin.Registered(terminal=HOME, shop="S1", group="north"),
        admin.Registered(terminal=OTHER, shop="S1", group="north"),
    )))  # fmt: skip
    for terminal in (HOME, OTHER):
        house.says(terminal)
    return house


def layer(house: House, name: str) -> Any:
    """What a layer says."""
    got = ask(house, admin.GetLayer(layer=name, secrets=True))
    assert isinstance(got, admin.LayerGot)
    return got.document


def versions(house: House, name: str) -> int:
    seen = ask(house, admin.Layers(layer=name))
    assert isinstance(seen, admin.LayersSeen)
    return len(seen.rows)


def sent(browser: Browser, path: str, act: str = "keep", why: str = "test", **changed: str) -> Any:
    """The form of a page sent with some of it changed; `__` in a name stands for the dot of a path."""
    form = Fields(browser.page(path), FORM).named
    assert form, path
    named = {f"{'out' if name.startswith('out__') else 'v'}:{_path(name)}": text for name, text in changed.items()}
    return browser.post(FORM, form.pop("csrf"), **{**form, "why": why, "act": act, **named})


def _path(name: str) -> str:
    return name.removeprefix("out__").replace("__", ".")


def test_every_setting_of_the_model_has_a_field() -> None:
    assert {each.path for each in fields()} == {each.path for each in all_settings()} - {"revision"}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("section", sections())
def test_each_section_is_drawn_with_names_bounds_and_who_may(fleet: House, section: str, lang: str) -> None:
    text = fleet.signed_in("manager", lang).page(f"/settings?layer=fleet&section={section}")
    named = Fields(text, FORM).named
    for field in sections()[section]:
        assert f"v:{field.path}" in named, field.path
        assert field.setting.title(lang)[:8].replace("'", "&#39;") in text
        assert field.bounds(lang).replace("'", "&#39;") in text


@pytest.mark.parametrize("field", fields(), ids=lambda field: field.path)
def test_a_value_is_read_back_as_it_was_written(field: Any) -> None:
    section, _, name = field.path.partition(".")
    value = document(defaults())[section]
    value = value[name] if name else value
    value = list(value) if isinstance(value, tuple) else value
    back = field.read(field.written(value), "en")
    assert json.loads(json.dumps(back)) == json.loads(json.dumps(value))
    assert not isinstance(check({section: {name: back} if name else back}), list)


@pytest.mark.parametrize("section", sections())
def test_a_form_that_was_not_touched_stores_nothing(fleet: House, section: str) -> None:
    browser = fleet.signed_in("manager")
    answer = sent(browser, f"/settings?layer=shop:S1&section={section}")
    assert "Nothing was changed" in answer.text, answer.text
    assert versions(fleet, "shop:S1") == 0


def test_only_what_was_changed_is_stored(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    answer = sent(browser, "/settings?layer=shop:S1&section=cash", cash__overpay_guard_fen="20000")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/push?who=shop&shop=S1")
    assert layer(fleet, "shop:S1") == {"cash": {"overpay_guard_fen": 20_000}}
    sent(
        browser, "/settings?layer=shop:S1&section=cash", cash__rounding="jiao", cash__quick_steps_fen="1000, 2000 5000"
    )
    sent(browser, "/settings?layer=shop:S1&section=shop", shop__footer="明天见\r\n再来\r\n")
    sent(browser, "/settings?layer=shop:S1&section=terminal", terminal__key_click="false")
    assert layer(fleet, "shop:S1") == {
        "cash": {"overpay_guard_fen": 20_000, "rounding": "jiao", "quick_steps_fen": [1_000, 2_000, 5_000]},
        "shop": {"footer": ["明天见", "再来"]},
        "terminal": {"key_click": False},
    }
    text = browser.page("/settings?layer=shop:S1&section=cash")
    assert text.count("set in this layer") == 3
    assert ">Cash <b>(3)</b>" in text


def test_what_a_layer_says_can_be_taken_out_again(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    ask(fleet, admin.PutLayer(layer="fleet", document={"cash": {"rounding": "fen", "overpay_guard_fen": 5}}))
    assert sent(browser, "/settings?section=cash", out__cash__rounding="1").status_code == 303
    assert layer(fleet, "fleet") == {"cash": {"overpay_guard_fen": 5}}
    sent(browser, "/settings?section=cash", out__cash__overpay_guard_fen="1")
    assert layer(fleet, "fleet") == {}


def test_a_default_that_is_written_down_stays_written_down(fleet: House) -> None:
    """Another release may have another default."""
    ask(fleet, admin.PutLayer(layer="fleet", document={"cash": {"overpay_guard_fen": 10_000}}))
    sent(fleet.signed_in("manager"), "/settings?section=cash", cash__rounding="jiao")
    assert layer(fleet, "fleet") == {"cash": {"overpay_guard_fen": 10_000, "rounding": "jiao"}}


def test_what_lies_beneath_is_shown_with_where_it_comes_from(fleet: House) -> None:
    ask(fleet, admin.PutLayer(layer="fleet", document={"shop": {"name": "总部"}}))
    ask(fleet, admin.PutLayer(layer="group:north", document={"shop": {"branch": "北区"}}))
    ask(fleet, admin.PutLayer(layer="shop:S1", document={"shop": {"name": "一店"}}))
    text = fleet.signed_in("manager").page("/settings?layer=shop:S1&section=shop")
    for said in ("Beneath (fleet): 总部", "Beneath (group:north): 北区", "Beneath (default): 谢谢惠顾", 'value="一店"'):
        assert said in text, said
    own = fleet.signed_in("manager").page(f"/settings?layer=terminal:{HOME}&section=shop")
    assert "Beneath (shop:S1): 一店" in own
    assert "Beneath (fleet): 总部" in fleet.signed_in("manager").page("/settings?layer=tag:nobody&section=shop")


@pytest.mark.parametrize(
    ("section", "path", "typed", "said"),
    [
        ("cash", "cash__overpay_guard_fen", "-5", "[9004]"),
        ("cash", "cash__overpay_guard_fen", "ten", "Must be a whole number"),
        ("cash", "cash__rounding", "penny", "Must be one of the list"),
        ("cash", "cash__quick_steps_fen", "500 100", "Must ascend"),
        ("cash", "cash__quick_steps_fen", "100 5", "[9004]"),
        ("shop", "shop__name", "", "[9004]"),
        ("shop", "shop__footer", "a\nb\nc\nd\ne", "[9004]"),
        ("network", "network__host", "a b", "[9004]"),
        ("drawer_use", "drawer_use__rules", '[{"event": "sale",\n "action": "explode"}]', "[0].action"),
        ("drawer_use", "drawer_use__rules", "[{]", "line 1"),
        ("drawer_use", "drawer_use__rules", '[], "it": []', "Given twice"),
        ("drawer_use", "drawer_use__rules", '[], "other": []', "no JSON"),
        (GENERAL, "operators", "[]", "[9004]"),
        (GENERAL, "rights", '{"cashier": {"sale": "maybe"}}', "[9004]"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_all_that_was_typed_stays(
    fleet: House, section: str, path: str, typed: str, said: str
) -> None:
    browser = fleet.signed_in("manager")
    answer = sent(browser, f"/settings?layer=fleet&section={section}", **{path: typed})
    assert answer.status_code == 409
    name = _path(path)
    id_ = f"v-{name.replace('.', '-')}"
    at_field = answer.text.split(f'id="{id_}-fault">')[1].split("</p>")[0]
    assert said in at_field
    assert 'aria-invalid="true"' in answer.text.split(f'id="{id_}"')[1].split(">")[0]
    form = Fields(answer.text, FORM).named
    if "rounding" not in path:
        assert form[f"v:{name}"] == typed
    assert form["why"] == "test"
    assert versions(fleet, "fleet") == 0


def test_a_fault_elsewhere_in_the_layer_is_told_with_its_path(fleet: House) -> None:
    """The float expected is fine by itself; what is wrong with it stands in another layer."""
    ask(fleet, admin.PutLayer(layer="shop:S1", document={"shift": {"float_expected_fen": 900_000}}))
    answer = sent(fleet.signed_in("manager"), "/settings?layer=fleet&section=shift", shift__float_max_fen="1000")
    assert answer.status_code == 409
    assert "shift.float_expected_fen" in answer.text
    assert "Above the maximum" in answer.text


def test_a_form_is_not_kept_without_a_reason_and_may_be_checked_without_one(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    page = "/settings?layer=fleet&section=cash"
    assert "needs a reason" in sent(browser, page, why="", cash__overpay_guard_fen="7").text
    checked = sent(browser, page, "check", "", cash__overpay_guard_fen="7")
    assert checked.status_code == 200
    assert "cash.overpay_guard_fen" in checked.text
    assert Fields(checked.text, FORM).named["v:cash.overpay_guard_fen"] == "7"
    assert versions(fleet, "fleet") == 0


@pytest.mark.parametrize("moved", ["shop:S1", "fleet"])
def test_what_somebody_else_has_changed_meanwhile_is_not_written_over(fleet: House, moved: str) -> None:
    browser = fleet.signed_in("manager")
    form = Fields(browser.page("/settings?layer=shop:S1&section=shop"), FORM).named
    ask(fleet, admin.PutLayer(layer=moved, document={"shop": {"branch": "新店"}}))
    token = form.pop("csrf")
    for _ in range(2):
        answer = browser.post(FORM, token, **{**form, "v:shop.name": "一店", "why": "x", "act": "keep"})
        assert answer.status_code == 409
        assert "changed this layer" in answer.text
        form = Fields(answer.text, FORM).named
        token = form.pop("csrf")
    assert versions(fleet, "shop:S1") == (moved == "shop:S1")


def test_a_viewer_sees_values_and_no_field(fleet: House) -> None:
    text = fleet.signed_in("viewer").page("/settings?layer=fleet&section=cash")
    assert "Overpayment guard" in text
    assert 'name="v:' not in text
    assert fleet.signed_in("viewer").post(FORM, layer="fleet", section="cash").status_code == 403


@pytest.mark.parametrize("given", [{"layer": "x", "section": "cash"}, {"layer": "fleet", "section": "x"}, {}])
def test_a_form_that_is_none_of_ours_is_refused(fleet: House, given: dict[str, str]) -> None:
    assert fleet.signed_in("manager").post(FORM, **given).status_code == 409


def test_nothing_but_the_kind_is_judged_at_the_field() -> None:
    number = next(each for each in fields() if each.path == "cash.overpay_guard_fen")
    for text in ("", "1e3", "１２", "9" * 30, "1.0"):
        with pytest.raises(Misread):
            number.read(text, "zh")
