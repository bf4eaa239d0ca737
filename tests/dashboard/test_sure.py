"""What disturbs a shop is asked for once more: the page names it, wants a reason, and the audit keeps that."""

import msgspec
import pytest

from fleet import admin
from fleet.admin import Call
from fleet.core import DeskTick
from tests.dashboard.house import HOME, NOW, House, opened
from tests.dashboard.test_pages import ask
from wire.facts import Dress, TerminalLocked, TerminalUnlocked
from wire.fleet import Reported

GRAVE = ("lock", "unlock", "reboot")


def told(house: House, locked: bool, terminal: str = HOME) -> None:
    """What the terminal reports of itself."""
    said = Reported(0, 0, "none", "a" * 64, NOW, "trusted", locked=locked)
    house.hears(terminal, "reported", msgspec.json.encode(said))


@pytest.fixture
def shop(house: House) -> House:
    house.book(HOME, opened(Dress("好邻居")))
    house.says(HOME)
    house.digest()
    return house


@pytest.mark.parametrize("name", GRAVE)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_question_names_terminal_shop_and_what_happens(shop: House, name: str, lang: str) -> None:
    browser = shop.signed_in("manager", lang)
    told(shop, locked=name == "unlock")
    assert f'value="{name}"' in browser.page(f"/t/{HOME}")
    text = browser.page(f"/t/{HOME}/command?command={name}")
    words = {"zh": "在线", "en": "online"}[lang]
    for said in (HOME, "好邻居", words, 'name="why"', "required"):
        assert said in text, said
    assert "<script" not in text, "it needs none"


@pytest.mark.parametrize("name", GRAVE)
@pytest.mark.parametrize("why", ["", "   "])
def test_nothing_is_ordered_without_a_reason(shop: House, name: str, why: str) -> None:
    asked: list[Call] = []
    shop.dashboard_asks(asked)
    answer = shop.signed_in("manager").post(f"/t/{HOME}/command", command=name, why=why)
    assert answer.status_code == 409
    assert "needs a reason" in answer.text
    assert 'name="why"' in answer.text, "the question stands again"
    assert asked == []


def test_the_reason_and_who_gave_it_stand_in_the_audit(shop: House) -> None:
    browser = shop.signed_in("manager")
    answer = browser.post(f"/t/{HOME}/command", command="lock", why="stolen on Sunday", valid="86400")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/t/{HOME}")
    rows = ask(shop, admin.Audit(what="send_command"))
    assert isinstance(rows, admin.AuditSeen)
    (row,) = rows.rows
    assert (row.who, row.subject, row.why) == ("manager-en", HOME, "stolen on Sunday")
    (order,) = ask(shop, admin.Commands(terminal=HOME)).rows  # type: ignore[union-attr]
    assert order.command.reason == "stolen on Sunday", "the terminal shows it"
    assert order.expires_ms - order.issued_ms == 86_400_000


def test_a_terminal_that_is_away_is_said_to_be_and_the_order_waits_longer(shop: House) -> None:
    shop.says(HOME, online=False, reason="lost")
    shop.later(10)
    text = shop.signed_in("manager").page(f"/t/{HOME}/command?command=lock")
    assert "not on line now" in text
    assert '<option value="86400" selected>' in text


def test_the_whole_device_is_started_again_when_that_is_chosen(shop: House) -> None:
    browser = shop.signed_in("manager")
    browser.post(f"/t/{HOME}/command", command="reboot", what="device", why="screen hangs")
    (order,) = ask(shop, admin.Commands(terminal=HOME)).rows  # type: ignore[union-attr]
    assert order.command.what == "device"


def test_an_order_nobody_answered_is_told_in_words(shop: House) -> None:
    browser = shop.signed_in("manager", "zh")
    browser.post(f"/t/{HOME}/command", command="reboot", why="screen hangs")
    shop.core.step(DeskTick(shop.utc_ms() + 600_000))
    assert "命令：重启 无应答" in browser.page(f"/t/{HOME}")


def test_what_does_no_harm_is_one_click(shop: House) -> None:
    browser = shop.signed_in("support")
    assert browser.post(f"/t/{HOME}/command", command="identify").status_code == 303
    for path in (f"/t/{HOME}/command?command=identify", f"/t/{HOME}/command", "/t/99999999/command?command=lock"):
        assert browser.get(path).status_code == 404, path
    assert browser.get(f"/t/{HOME}/command?command=lock").status_code == 403, "support may not"


@pytest.mark.parametrize("fields", [{"valid": "5"}, {"valid": "x"}, {"command": "update"}, {"command": ""}])
def test_what_no_form_of_ours_says_is_refused(shop: House, fields: dict[str, str]) -> None:
    answer = shop.signed_in("manager").post(f"/t/{HOME}/command", **{"command": "lock", "why": "x"} | fields)
    assert answer.status_code == 409


# --- a locked terminal -----------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_locked_terminal_is_seen_to_be_and_by_whom_and_why(shop: House, lang: str) -> None:
    """On its tile, in the list, on its page, and without reloading it."""
    browser = shop.signed_in("viewer", lang)
    word = {"zh": "已锁定", "en": "locked"}[lang]
    assert browser.get(f"/live/t/{HOME}").json()["lock"] == ""
    shop.book(HOME, TerminalLocked("c" * 8, "old", "bert"), TerminalUnlocked("d" * 8, "bert"))
    shop.later(60)
    shop.book(HOME, TerminalLocked("e" * 8, "rent & <more>", "anna"))
    told(shop, locked=True)
    shop.digest()
    shop.later(10)
    news = browser.get("/live/map?since=0").json()
    assert news["counts"]["locked"] == 1
    for path in ("/", "/?mark=locked", "/?view=table", f"/t/{HOME}"):
        text = browser.page(path)
        for said in (word, "anna", "2026-09-21 22:13:20", "rent &amp; &lt;more&gt;", "⊘"):
            assert said in text, (path, said)
    assert "anna" in browser.get(f"/live/t/{HOME}").json()["lock"]
    told(shop, locked=False)
    shop.later(10)
    assert browser.get(f"/live/t/{HOME}").json()["lock"] == ""
    assert f'data-id="{HOME}"' not in browser.page("/?mark=locked")


def test_a_lock_nobody_has_recorded_yet_is_shown_all_the_same(shop: House) -> None:
    told(shop, locked=True)
    shop.later(10)
    browser = shop.signed_in("manager")
    assert browser.get(f"/live/t/{HOME}").json()["lock"] == "locked"
    text = browser.page(f"/t/{HOME}")
    assert 'value="unlock"' in text
    assert 'value="lock"' not in text
