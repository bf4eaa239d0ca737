"""Software is rolled out from the page: what, and whom for, is looked at first; approval is the policy's."""

from typing import Any

import pytest

from fleet import admin
from fleet.admin import Call, RolloutShown, SoftwareRelease
from tests.dashboard.forms import Fields
from tests.dashboard.house import HOME, OTHER, House
from tests.dashboard.test_pages import ask, seen_in

PATH = "/rollouts/software"
RELEASE = {
    "version": "2.0", "url": "https://files.example/pos-2.0.tar", "sha256": "AB" * 32, "size": "1000",
    "back_version": "1.0", "back_url": "https://files.example/pos-1.0.tar", "back_sha256": "cd" * 32, "back_size": "900",
}  # fmt: skip


@pytest.fixture
def fleet(house: House) -> House:
    """Three terminals of a shop; one runs the new release already."""
    ask(
        house,
        admin.Register(rows=tuple(admin.Registered(terminal=each, shop="S1") for each in (HOME, OTHER, "00010025"))),
    )
    house.says(HOME)
    house.says(OTHER, software="0.9")
    house.says("00010025", software="2.0")
    return house


def started(house: House, **more: str) -> Any:
    """Look and start, as a person does."""
    browser = house.signed_in("manager")
    looked = browser.post(PATH, act="look", who="shop", shop="S1", **RELEASE)
    assert looked.status_code == 200, looked.text
    return browser.post(
        PATH, **{**Fields(looked.text, PATH).named, "seen": seen_in(looked.text), "act": "start"} | more
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_outcome_says_who_changes_from_what_by_which_stages_and_who_approves(fleet: House, lang: str) -> None:
    browser = fleet.signed_in("manager", lang)
    assert "/rollouts/software" in browser.page("/rollouts")
    text = browser.post(PATH, act="look", who="shop", shop="S1", **RELEASE).text
    many, eyes = {"zh": ("2 台终端会改变", "另一位审批人"), "en": ("would change: 2.", "another person")}[lang]
    for said in (many, HOME, OTHER, "0.9 (1)", "1.0 (1)", "1 → 1 → 1 → 1 → 2", eyes):
        assert said in text, said
    assert "00010025" not in text.split("<datalist")[0]


def test_it_waits_for_another_persons_approval_with_its_reason(fleet: House) -> None:
    answer = started(fleet, why="security fix")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rollouts/1"), answer.text
    shown = ask(fleet, admin.ShowRollout(rollout=1))
    assert isinstance(shown, RolloutShown)
    release = shown.look.release
    assert isinstance(release, SoftwareRelease)
    assert (shown.look.state, shown.look.why, shown.look.size) == ("waiting", "security fix", 2)
    assert (release.bundle.sha256, release.bundle.size, release.bundle.name) == ("ab" * 32, 1_000, "release")
    assert (release.back_version, release.back_bundle.url) == ("1.0", "https://files.example/pos-1.0.tar")
    assert "Waits for an approver other than manager-en" in fleet.signed_in("viewer").page("/rollouts/1")
    assert fleet.signed_in("approver").post("/rollouts/1", act="approve", why="looked at it").status_code == 303


def test_nothing_starts_without_a_look_a_reason_or_an_audience(fleet: House) -> None:
    asked: list[Call] = []
    fleet.dashboard_asks(asked)
    browser = fleet.signed_in("manager")
    for fields, said in (
        ({"who": "shop", "shop": "S1", "why": "x"}, "Things have changed"),
        ({"who": "shop", "shop": "S1", "why": "x", "seen": "f" * 32}, "Things have changed"),
        ({"why": "x"}, "Choose whom"),
        ({"who": "terminal", "terminal": "99999999", "why": "x"}, "Not a terminal"),
    ):
        answer = browser.post(PATH, act="start", **RELEASE, **fields)
        assert answer.status_code == 409
        assert said in answer.text
    assert "needs a reason" in started(fleet, why=" ").text
    assert asked == []


@pytest.mark.parametrize("field", ["url", "sha256", "size", "back_version", "back_url", "back_sha256"])
def test_another_file_than_was_looked_at_is_shown_again(fleet: House, field: str) -> None:
    asked: list[Call] = []
    fleet.dashboard_asks(asked)
    browser = fleet.signed_in("manager")
    looked = browser.post(PATH, act="look", who="shop", shop="S1", **RELEASE)
    other = {**RELEASE, field: {"size": "999", "back_version": "0.8"}.get(field, RELEASE[field][:-1] + "0")}
    answer = browser.post(PATH, act="start", who="shop", shop="S1", seen=seen_in(looked.text), why="x", **other)
    assert answer.status_code == 409
    assert "Things have changed" in answer.text
    assert asked == []


def test_what_has_changed_since_the_look_is_shown_again(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    looked = browser.post(PATH, act="look", who="shop", shop="S1", **RELEASE)
    fleet.says(OTHER, software="2.0")
    seen = seen_in(looked.text)
    answer = browser.post(PATH, act="start", who="shop", shop="S1", seen=seen, why="x", **RELEASE)
    assert answer.status_code == 409
    assert "would change: 1." in answer.text


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("version", "2 0", "Not a version"),
        ("version", "", "Not a version"),
        ("url", "ftp://x", "Must begin with"),
        ("back_url", "https://a b", "Must begin with"),
        ("sha256", "ab", "64 hex"),
        ("back_sha256", "x" * 64, "64 hex"),
        ("size", "0", "from 1 to"),
        ("size", "1e3", "from 1 to"),
        ("back_size", "", "from 1 to"),
        ("back_version", "2.0", "another than the new"),
    ],
)
def test_what_is_wrong_stands_at_its_field(fleet: House, field: str, typed: str, said: str) -> None:
    answer = fleet.signed_in("manager").post(PATH, act="look", who="all", **{**RELEASE, field: typed})
    assert answer.status_code == 409
    assert said in answer.text.split(f'id="{field}-fault">')[1].split("</p>")[0]
    assert answer.text.count('class="fault"') == 1
    named = Fields(answer.text, PATH).named
    assert named[field] == typed
    assert named["who"] == "all"


def test_who_has_it_already_or_is_held_is_told(fleet: House) -> None:
    browser = fleet.signed_in("manager")
    text = browser.post(PATH, act="look", who="terminal", terminal="00010025", **RELEASE).text
    assert "All have 2.0 already" in text
    assert 'value="start"' not in text
    started(fleet, why="x")
    text = browser.post(PATH, act="look", who="all", **RELEASE).text
    assert "held by another roll-out" in text
    assert 'value="start"' not in text


def test_only_managers_see_the_form(fleet: House) -> None:
    assert fleet.signed_in("support").get(PATH).status_code == 403
    assert "/rollouts/software" not in fleet.signed_in("viewer").page("/rollouts")
    text = fleet.signed_in("manager").page(PATH)
    assert 'name="back_version"' in text
    assert 'name="seen"' not in text
