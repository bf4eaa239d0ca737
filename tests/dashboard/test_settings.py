"""Settings from the pages: whom a push is for is chosen on purpose and looked at before, a reason is given, faults are named
by code, path and line, and what was typed stays."""

import json

import pytest

from fleet import admin
from fleet.admin import Call
from fleet.dashboard.typed import lines_of, rows
from tests.dashboard.house import HOME, OTHER, House
from tests.dashboard.test_pages import ask, seen_in

FOOTER = '{"shop": {"footer": ["明天见"]}}'


@pytest.fixture
def fleet(house: House) -> House:
    """Two registered terminals of two shops, one that is in no register, one retired; a footer that was never pushed."""
    ask(house, admin.Register(rows=(
        admin.Registered(terminal=HOME, shop="S1", group="north", tags=("pilot",)),
        admin.Registered(terminal=OTHER, shop="S2"),
        admin.Registered(terminal="00019999", shop="S2", retired=True),
    )))  # fmt: skip
    for terminal in (HOME, OTHER, "00010025", "00019999"):
        house.says(terminal)
    ask(house, admin.PutLayer(layer="fleet", document=json.loads(FOOTER)))
    return house


# --- whom for -----------------------------------------------------------------


def test_silence_is_not_the_whole_fleet(fleet: House) -> None:
    asked: list[Call] = []
    fleet.dashboard_asks(asked)
    browser = fleet.signed_in("manager")
    assert 'name="seen"' not in browser.page("/settings/push")
    answer = browser.post("/settings/push", why="x", act="now")
    assert answer.status_code == 409
    assert "Choose whom it is for" in answer.text
    assert asked == []


def test_the_whole_fleet_is_a_choice_and_says_how_many(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    for path in ("/settings", "/settings/push"):
        assert "The whole fleet (terminals: 3)" in browser.page(path), path
    assert "would change: 3." in browser.page("/settings/push?who=all")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("who=shop&shop=S1", "would change: 1."),
        ("shop=S2", "would change: 1."),
        ("who=group&group=north", "would change: 1."),
        ("who=tag&tag=pilot", "would change: 1."),
        (f"who=terminal&terminal={HOME}", "would change: 1."),
        ("who=shop&shop=S9", "No terminal fits"),
        ("who=terminal&terminal=99999999", "Not a terminal of this fleet"),
        ("who=shop", "Type its name"),
        ("who=shop&shop=a b", "Type its name"),
        ("who=all&shop=S1", "does not belong to the choice"),
        ("shop=S1&tag=pilot", "Choose whom"),
        ("who=everybody", "Choose whom"),
    ],
)
def test_who_is_meant_is_said_or_asked_again(fleet: House, query: str, said: str) -> None:
    text = fleet.signed_in("manager").get(f"/settings/push?{query}").text
    assert said in text
    assert bool(seen_in(text)) == ("would change" in said)


def test_nothing_is_pushed_but_what_was_looked_at(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    fields = {"who": "all", "why": "footer", "act": "now"}
    seen = seen_in(browser.page("/settings/push?who=all"))
    for stale in ("", "f" * 32):
        answer = browser.post("/settings/push", seen=stale, **fields)
        assert (answer.status_code, "Things have changed" in answer.text) == (409, True)
    ask(fleet, admin.PutLayer(layer="fleet", document={"shop": {"footer": ["再见"]}}))
    answer = browser.post("/settings/push", seen=seen, **fields)
    assert answer.status_code == 409
    assert "再见" in answer.text, "what it would be now"
    assert 'value="footer"' in answer.text, "the reason need not be typed again"
    assert browser.post("/settings/push", seen=seen_in(answer.text), **fields).status_code == 303


@pytest.mark.parametrize("act", ["now", "stages"])
def test_nothing_is_pushed_without_a_reason(fleet: House, act: str) -> None:
    asked: list[Call] = []
    fleet.dashboard_asks(asked)
    browser = fleet.signed_in("manager")
    seen = seen_in(browser.page("/settings/push?who=all"))
    answer = browser.post("/settings/push", who="all", seen=seen, act=act, why=" ")
    assert answer.status_code == 409
    assert "needs a reason" in answer.text
    assert asked == []


def test_who_is_held_by_a_roll_out_is_told_before_the_push(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    seen = seen_in(browser.page("/settings/push?shop=S1"))
    assert browser.post("/settings/push", shop="S1", seen=seen, act="stages", why="x").status_code == 303
    text = browser.page("/settings/push?who=all")
    assert '<a href="/rollouts/1">' in text
    assert seen_in(text) == "", "it would be refused"


# --- the editor -----------------------------------------------------------------


def test_a_layer_is_not_kept_without_a_reason_but_may_be_checked(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    fields = {"layer": "shop:S1", "document": '{"shop": {"name": "新名字"}}'}
    assert browser.post("/settings/layer", act="check", **fields).status_code == 200
    answer = browser.post("/settings/layer", act="keep", why="", **fields)
    assert answer.status_code == 409
    assert "needs a reason" in answer.text
    assert "新名字" in answer.text
    seen = ask(fleet, admin.Layers(layer="shop:S1"))
    assert isinstance(seen, admin.LayersSeen)
    assert seen.rows == ()


BIG = json.dumps({"shop": {"footer": ["x" * 100] * 700}})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('{\n  "shop": {\n    "name": "x",\n  }\n}', ["[9004]", "line 4, column 3", "no JSON"]),
        ('{\n  "shop": {\n\n    "nmae": "x"\n  }\n}', ["[9004]", "line 4", "shop.nmae", "No such setting"]),
        ('{"shop": {\n"footer": ["a",\n 7]}}', ["line 3", "shop.footer[1]", "Expected `str`"]),
        ('{"cash": {\n"rounding": "fen",\n"rounding": "jiao"}}', ["line 2", "cash.rounding", "Given twice"]),
        ('{"cash": {"overpay_guard_fen": 1.5}}', ["line 1", "a number no setting can be"]),
        ("[]", ["[9004]", "Must be a table of settings"]),
        ("[" * 5_000, ["[9004]"]),
        (BIG, ["Too large: 7", "at most 58000"]),
        (" " * 200_001, ["Too large: 200001 characters, at most 200000"]),
    ],
)
def test_a_fault_is_told_with_code_path_and_line_and_the_text_stays(
    fleet: House, document: str, said: list[str]
) -> None:
    browser = fleet.signed_in("manager")
    answer = browser.post("/settings/layer", layer="shop:S1", document=document, act="keep", why="test")
    assert answer.status_code == 409
    for words in said:
        assert words in answer.text.replace("&#39;", "'"), words
    assert "one release" not in answer.text, "the server is not to blame"
    typed = answer.text.split("<textarea")[1].split(">\n", 1)[1].split("</textarea>")[0]
    assert typed.replace("&#34;", '"') == document
    assert 'value="test"' in answer.text
    reply = ask(fleet, admin.Layers(layer="shop:S1"))
    assert isinstance(reply, admin.LayersSeen)
    assert reply.rows == (), "nothing is stored"


def test_a_push_notices_that_another_pin_of_the_drawer_is_meant_by_now(fleet: House) -> None:
    ask(fleet, admin.PutLayer(layer="fleet", document={"hardware": {"drawer_pin": 2}}))
    browser = fleet.signed_in("manager")
    text = browser.page("/settings/push?who=all")
    assert "***" not in text
    ask(fleet, admin.PutLayer(layer="fleet", document={"hardware": {"drawer_pin": 5}}))
    answer = browser.post("/settings/push", who="all", why="a new drawer", act="now", seen=seen_in(text))
    assert answer.status_code == 409
    assert seen_in(answer.text) not in ("", seen_in(text))


def test_a_text_of_chinese_signs_is_not_too_large_for_its_form(fleet: House) -> None:
    """Nine bytes of a form for each sign."""
    browser = fleet.signed_in("manager")
    document = json.dumps({"shop": {"footer": ["汉" * 48] * 600}}, ensure_ascii=False)
    answer = browser.post("/settings/layer", layer="shop:S1", document=document, act="check")
    assert answer.status_code == 409
    assert "shop.footer" in answer.text


def test_a_form_beyond_all_bounds_is_told_to_be_that(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    answer = browser.post("/settings/layer", layer="shop:S1", document="x" * 3_000_000, act="check")
    assert answer.status_code == 413
    assert "larger than the server takes" in answer.text
    assert browser.post("/settings/push", why="x" * 100_000).status_code == 413


def test_a_large_layer_is_whole_in_the_editor(fleet: House) -> None:
    promotions = [{"sku": f"{n:013d}", "price_fen": n, "name": "特价商品"} for n in range(1, 400)]
    ask(fleet, admin.PutLayer(layer="shop:S1", document={"prices": {"item_promotions": promotions}}))
    text = fleet.signed_in("manager").page("/settings?layer=shop:S1&view=json")
    typed = text.split("<textarea")[1].split(">\n", 1)[1].split("</textarea>")[0].replace("&#34;", '"')
    assert json.loads(typed)["prices"]["item_promotions"] == promotions


def test_a_fault_of_another_layer_names_it(fleet: House) -> None:
    fault = admin.Fault(path="shift.float_expected_fen", reason="above_max", layer="shop:S1", terminal=HOME)
    (row,) = rows((fault,), '{"shift": {"float_max_fen": 1}}', "fleet", "en")
    assert (row.layer, row.line, row.terminal) == ("shop:S1", 0, HOME)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('{"a": 1,\n"b": {"c": [1,\n{"d": 2}]}}', {"a": 1, "b": 2, "b.c": 2, "b.c[0]": 2, "b.c[1]": 3, "b.c[1].d": 3}),
        ('{"a": {},\n "b": [],\n "c": "x, {\\"y\\": 1}"}', {"a": 1, "b": 2, "c": 3}),
        ("}]}{,:", {}),
        ("", {}),
    ],
)
def test_each_path_has_its_line(text: str, places: dict[str, int]) -> None:
    found = lines_of(text)
    assert {path: line for path, line in found.items() if path} == places


def test_layers_that_cannot_be_pushed_are_told_on_the_terminals_page_in_words(fleet: House) -> None:
    """Two layers, each fine where it was written, do not fit over each other any more once a terminal moves."""
    ask(fleet, admin.PutLayer(layer="shop:S1", document={"shift": {"float_expected_fen": 900_000}}))
    ask(fleet, admin.PutLayer(layer="group:south", document={"shift": {"float_max_fen": 1_000}}))
    ask(fleet, admin.Register(rows=(admin.Registered(terminal=HOME, shop="S1", group="south"),)))
    text = fleet.signed_in("viewer").page(f"/t/{HOME}")
    for said in ("cannot be pushed", "[9004]", "shift.float_expected_fen", "Above the maximum", "shop:S1"):
        assert said in text, said
