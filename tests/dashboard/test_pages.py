"""The other pages: one terminal, sales, errors, what needs a person, roll-outs and settings, and who may do what there."""

import re
from dataclasses import replace
from typing import get_args, get_type_hints

import msgspec
import pytest

from fleet import admin
from fleet.admin import ROLES, Call, Refused, Reply
from fleet.core import Admin, DeskTick
from fleet.dashboard.charts import Slot as BarSlot
from fleet.dashboard.charts import bars, round_step, spark
from fleet.effects import Told
from tests.dashboard.house import HOME, NOW, OTHER, House, opened, sale, without_token
from tests.dashboard.test_map import EVIL, fleet_of
from wire.facts import Booted, Dress, Origin, Refund, RefundLine, Stopped, TenderPart
from wire.fleet import Drift, Met, Reported
from wire.records import Packet

PATHS = (
    "/",
    "/rollouts",
    "/rollouts/software",
    "/settings",
    "/settings?view=json",
    "/settings/push",
    "/settings/push?who=all",
    "/sales",
    "/errors",
    "/care",
    f"/t/{HOME}",
)


def refund(trace: int = 46) -> Refund:
    return Refund(
        "refund", 1, trace, "01", "2026-11-22", Origin(HOME, 1, 2, 1, 45, 0), (RefundLine(0, "1", "x", 1000, 300),), 300,
        (TenderPart("cash", 300),), "质量问题", 0,
    )  # fmt: skip


@pytest.fixture
def busy(house: House) -> House:
    """A day at two terminals."""
    house.book(
        HOME, Booted("b1", "1.0", 3), opened(Dress("好邻居", footer=("谢谢惠顾",))), sale(45), sale(46, 500, "wechat")
    )
    house.book(HOME, refund(47), Stopped("asked"))
    house.book(OTHER, opened(Dress("另一家")), sale(45, 2000, "alipay"))
    house.says(HOME, next_seq=7)
    house.says(OTHER, next_seq=3)
    house.errs(HOME, 1003, 5, "no answer")
    house.digest()
    return house


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_is_drawn_in_both_languages(busy: House, lang: str) -> None:
    browser = busy.signed_in("approver", lang)
    for path in PATHS:
        text = browser.page(path)
        assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in text
        assert "__" not in without_token(text).replace("__Host-", ""), path
        assert text.count("<h1") == 1
        other = browser.page(path + ("&" if "?" in path else "?") + f"lang={'en' if lang == 'zh' else 'zh'}")
        assert f'<html lang="{"en" if lang == "zh" else "zh-CN"}">' in other
        browser.get(f"/?lang={lang}")


def test_a_terminal_shows_state_slip_timeline_errors_and_records(busy: House) -> None:
    text = busy.signed_in("viewer").page(f"/t/{HOME}")
    for words in ("online", "好邻居", "Started, version 1.0", "Shift 1 opened by 01", "[1003]", "no answer", "谢"):
        assert words in text.replace('<span class="w">', "").replace("</span>", ""), words
    assert 'class="slip"' in text
    assert "<b>牛奶" not in text, "a good's name is no markup"
    assert "<code>sale</code>" in text
    assert busy.signed_in("viewer").get("/t/99999999").status_code == 404


def test_drift_what_was_refused_and_measurements_are_shown(busy: House) -> None:
    drift = (Drift("shop.name", "01", NOW),)
    told = Reported(1, 3, "rejected", "a" * 64, NOW, "trusted", 9004, EVIL[:100], EVIL, drift=drift)
    busy.hears(HOME, "reported", msgspec.json.encode(told))
    busy.hears(HOME, "met", msgspec.json.encode(Met(NOW, 5, 3, temperature_c=41)))
    browser = busy.signed_in("viewer")
    text = browser.page(f"/t/{HOME}")
    for words in ("refused", "shop.name", "Temperature", "41"):
        assert words in text
    assert "<script>" not in text
    assert f'data-id="{HOME}"' in browser.page("/?mark=drift")


def test_records_come_page_by_page(house: House) -> None:
    house.book(HOME, opened(), *(sale(trace) for trace in range(1, 100)))
    house.says(HOME, next_seq=101)
    browser = house.signed_in("viewer")
    text = browser.page(f"/t/{HOME}")
    assert text.count("<code>sale</code>") == 40
    older = text.split("before=")[1].split("#")[0]
    assert browser.page(f"/t/{HOME}?before={older}").count("<code>sale</code>") == 40
    last = browser.page(f"/t/{HOME}?before=21")
    assert last.count("<code>sale</code>") == 19
    assert 'rel="next"' not in last
    for nonsense in ("?epoch=99", "?before=0", "?before=x", "?epoch=x", f"?before={2**70}"):
        assert browser.get(f"/t/{HOME}{nonsense}").status_code == 200


def test_a_slip_is_drawn_as_on_paper(busy: House) -> None:
    browser = busy.signed_in("viewer", "zh")
    text = browser.page(f"/t/{HOME}/slip/1/3").replace('<span class="w">', "").replace("</span>", "")
    for words in ("好邻居", "10.50", "谢谢惠顾", "000001-000045"):
        assert words in text
    for path in ("slip/1/2", "slip/1/999", f"slip/9/{2**80}"):
        assert browser.get(f"/t/{HOME}/{path}").status_code == 404


def test_the_live_facts_say_when_something_is_another(busy: House) -> None:
    browser = busy.signed_in("viewer")
    before = browser.get(f"/live/t/{HOME}").json()
    assert before["facts"]["printer"] == "ready"
    busy.later(5)
    busy.says(HOME, next_seq=7, printer="paper_out")
    after = browser.get(f"/live/t/{HOME}").json()
    assert (after["level"], after["facts"]["printer"]) == ("bad", "out of paper")
    assert after["stamp"] != before["stamp"]


def test_sales_add_up_by_time_means_shop_and_terminal(busy: House) -> None:
    browser = busy.signed_in("viewer")
    text = browser.page("/sales?span=quarter")
    for amount in ("35.50", "3.00", "32.50", "20.00", "5.00"):  # sold, given back, net, Alipay, WeChat
        assert amount in text, amount
    assert text.count("<rect class=") == 2, "one bar of what was sold, one of what was given back"
    assert "WeChat Pay" in text
    assert "另一家" in text
    alone = browser.page("/sales?span=quarter&shop=另一家&by=terminal")
    assert "20.00" in alone
    assert "35.50" not in alone
    assert OTHER in alone
    assert "10.50" not in browser.page(f"/sales?span=quarter&terminal={OTHER}")
    assert "Nothing was sold" in browser.page("/sales?span=day")
    for nonsense in ("?span=x&by=y", "?shop=none", f"?terminal={EVIL}"):
        assert browser.get(f"/sales{nonsense}").status_code == 200


def test_errors_are_counted_with_their_trend(busy: House) -> None:
    browser = busy.signed_in("viewer")
    text = browser.page("/errors")
    assert "1003" in text
    assert '<td class="figure">5</td>' in text
    for path in ("?by=terminal", "?by=shop&span=day", "?by=version", "?code=1003", f"?terminal={EVIL}", "?code=x&by=x"):
        assert browser.get(f"/errors{path}").status_code == 200
    assert "no answer" in browser.page("/errors?code=1003")
    assert "No errors" in browser.page("/errors?code=2005")


def test_a_page_names_one_revision_in_force(house: House) -> None:
    """The state is of the last boot, the word about settings is newer."""
    house.says(HOME, settings_rev=3)
    house.later(60)
    house.hears(HOME, "reported", msgspec.json.encode(Reported(4, 4, "applied", "0" * 64, NOW, "trusted")))
    house.later(60)
    text = " ".join(house.signed_in("viewer").page(f"/t/{HOME}").split())
    assert house.dashboard.watch.find(HOME).settings_rev == 4
    assert text.count(">4</dd>") == 2
    assert ">3</dd>" not in text


def test_what_needs_a_person_is_listed(busy: House) -> None:
    record = msgspec.structs.replace(busy.journals[HOME].records[2], hash="0" * 64)
    busy.hears(HOME, "rec", msgspec.json.encode(Packet((record,))))
    busy.hears(HOME, "rec", b"\x00\x1b[31m" + EVIL.encode())
    browser = busy.signed_in("viewer")
    text = browser.page("/care")
    assert HOME in text
    assert "\x1b" not in text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert browser.get("/care?page=9999&terminal=x").status_code == 200
    assert "id-" not in text, "a viewer ticks nothing off"


def test_what_somebody_has_dealt_with_is_open_no_longer_and_stays_listed(busy: House) -> None:
    busy.hears(HOME, "rec", b"rubbish")
    busy.hears(HOME, "rec", b"more of it")
    assert busy.dashboard.watch.find(HOME).aside == 2
    browser = busy.signed_in("manager")
    ids = [each.split('"')[0] for each in browser.page("/care").split('name="id-')[1:]]
    assert len(ids) == 2
    assert browser.post("/care", **{f"id-{ids[0]}": "1"}).status_code == 409, "the note is missing"
    assert browser.post("/care", why="looked").status_code == 409, "nothing chosen"
    assert browser.post("/care", why="a loose cable", **{f"id-{ids[0]}": "1"}).status_code == 303
    text = browser.page("/care")
    assert f"id-{ids[1]}" in text
    assert ids[0] not in text
    assert "a loose cable" not in text
    assert "open: 1 unreadable" in text
    text = browser.page("/care?dealt=1")
    assert "manager-en · a loose cable" in text
    busy.later(60)
    assert busy.dashboard.watch.find(HOME).aside == 1
    assert browser.post("/care", why="the same", **{f"id-{ids[1]}": "1"}).status_code == 303
    busy.later(60)
    assert "aside" not in busy.dashboard.watch.find(HOME).marks


def test_what_terminals_say_is_no_markup_on_any_page(house: House) -> None:
    house.book(HOME, Booted(EVIL, EVIL, 3), opened(Dress(EVIL, footer=(EVIL,))), sale(), Stopped(EVIL))
    house.says(HOME, software=EVIL, reason=EVIL, printer=EVIL, drawer=EVIL)
    house.errs(HOME, 1003, 3, EVIL, EVIL[:48])
    house.digest()
    browser = house.signed_in("approver")
    for path in (
        *PATHS,
        f"/t/{HOME}/slip/1/3",
        "/errors?by=shop",
        "/sales?by=shop&span=quarter",
        f"/errors?shop={EVIL}",
    ):
        text = browser.page(path)
        assert "<script>" not in text, path
        assert "alert(1)</" not in text.replace("&lt;/", ""), path


# --- who may do what -----------------------------------------------------------------

FORMS = {
    f"/t/{HOME}/command": ("support", {"command": "identify"}),
    "/settings/layer": ("manager", {"layer": "fleet", "document": "{}", "act": "check"}),
    "/settings/push": ("manager", {"who": "all", "why": "test", "act": "now"}),
    "/rollouts/1": ("manager", {"act": "pause", "why": "test"}),
    "/care": ("manager", {f"id-{'0' * 64}.{HOME}.1.1": "1", "why": "test"}),
}


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("role", ROLES)
def test_each_form_asks_for_its_role(busy: House, path: str, role: admin.Role) -> None:
    least, fields = FORMS[path]
    asked: list[Call] = []
    busy.dashboard_asks(asked)
    browser = busy.signed_in(role)
    if path == "/settings/push":
        fields = fields | {"seen": seen_in(browser.page(f"{path}?who=all"))}
    answer = browser.post(path, **fields)
    allowed = ROLES.index(role) >= ROLES.index(least)
    assert (answer.status_code != 403) == allowed, answer.text[:300]
    assert bool(asked) == allowed
    if asked:
        assert (asked[0].by.name, asked[0].by.role) == (f"{role}-en", role)


@pytest.mark.parametrize("path", [*FORMS, "/sign-out"])
def test_no_form_is_taken_without_its_token(busy: House, path: str) -> None:
    asked: list[Call] = []
    busy.dashboard_asks(asked)
    browser = busy.signed_in("approver")
    for token in ("", "guess"):
        assert browser.post(path, token, **(FORMS[path][1] if path in FORMS else {})).status_code == 403
    assert asked == []


def test_a_viewer_sees_no_button_they_may_not_press(busy: House) -> None:
    viewer, support, manager = (busy.signed_in(role).page(f"/t/{HOME}") for role in ("viewer", "support", "manager"))
    assert 'value="identify"' not in viewer
    assert 'value="identify"' in support
    assert 'value="lock"' not in support
    assert 'value="lock"' in manager
    assert "<textarea" not in busy.signed_in("viewer").page("/settings")


def test_the_desk_itself_checks_the_role_too(busy: House) -> None:
    answer = busy.signed_in("support").post(f"/t/{HOME}/command", command="lock", why="x")
    assert answer.status_code == 409
    assert "Your role may not do this" in answer.text


# --- settings -----------------------------------------------------------------


def test_a_changed_footer_is_checked_kept_looked_at_and_pushed(busy: House) -> None:
    ask(busy, admin.Register(rows=(admin.Registered(terminal=HOME, shop="S1"),)))
    browser = busy.signed_in("manager")
    document = '{"shop": {"footer": ["明天见"]}}'
    checked = browser.post("/settings/layer", layer="fleet", document=document, act="check")
    assert checked.status_code == 200, checked.text
    assert "footer" in checked.text
    kept = browser.post("/settings/layer", layer="fleet", document=document, act="keep", why="new footer")
    assert (kept.status_code, kept.headers["location"]) == (303, "/settings/push?who=all"), kept.text
    dry = browser.page(kept.headers["location"])
    assert "明天见" in dry
    assert HOME in dry
    assert "Never had settings from here: 2." in dry
    pushed = browser.post("/settings/push", who="all", seen=seen_in(dry), why="new footer", act="now")
    assert pushed.status_code == 303, pushed.text
    assert "Pushed as revision 1. Terminals: 2" in browser.page(pushed.headers["location"])
    text = browser.page(f"/t/{HOME}")
    assert "明天见" in text, "the document it is to have"


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        '"x"',
        '{"nonsense": 1}',
        '{"shop": {"footer": 7}}',
        "[" * 5_000,
        '{"' + EVIL.replace('"', "") + '": 1}',
    ],
)
def test_a_bad_document_is_refused_and_what_was_typed_stays(busy: House, document: str) -> None:
    browser = busy.signed_in("manager")
    answer = browser.post("/settings/layer", layer="fleet", document=document, act="keep", why="x")
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert "<script>" not in answer.text
    assert browser.page("/settings").count("new footer") == 0


@pytest.mark.parametrize("layer", ["", "x", "shop:", "shop:a b", f"shop:{EVIL}", "terminal:" + "a" * 33])
def test_a_layer_that_is_none_is_refused(busy: House, layer: str) -> None:
    browser = busy.signed_in("manager")
    assert browser.post("/settings/layer", layer=layer, document="{}").status_code == 409
    assert browser.post("/settings/push", shop=EVIL, why="x").status_code == 409
    assert browser.get("/settings", params={"layer": layer}).status_code == 200


def ask(house: House, request: admin.Request) -> Reply:
    call = Call(by=admin.Caller(name="test"), request=request, why="test", nonce="1" * 32)
    (told,) = (each for each in house.core.step(Admin(NOW, call)) if isinstance(each, Told))
    assert not isinstance(told.reply, Refused), told.reply
    return told.reply


# --- charts -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "step"), [(1, 1), (5, 1), (6, 2), (10, 2), (24, 5), (99, 20), (1_000, 200), (12_345, 5_000)]
)
def test_the_grid_has_round_steps(most: int, step: int) -> None:
    assert round_step(most) == step


def test_bars_stay_inside_the_drawing() -> None:
    chart = bars([BarSlot(str(n), (n * 37 % 101, n), ("a", "b")) for n in range(90)])
    assert all(bar.x >= 0 and bar.x + bar.width <= chart.width and 0 <= bar.y <= chart.base for bar in chart.bars)
    assert len(chart.labels) <= 12
    assert bars([]).bars == ()
    assert len(spark([0, 1, 5]).rects) == 2


def test_a_fleet_seen_by_the_map_is_seen_by_everybody(house: House) -> None:
    fleet_of(house)
    assert len(house.dashboard.watch.look().tiles) == 3


def test_the_register_names_shop_and_tags_and_hides_who_is_retired(busy: House) -> None:
    rows = (
        admin.Registered(terminal=HOME, shop="S1", group="north", tags=("pilot",)),
        admin.Registered(terminal=OTHER, retired=True),
    )
    ask(busy, admin.Register(rows=rows))
    browser = busy.signed_in("viewer")
    for query in ("", "?tag=pilot", "?tag=group:north", "?shop=S1"):
        text = browser.page("/" + query)
        assert f'data-id="{HOME}"' in text
        assert f'data-id="{OTHER}"' not in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_terminal_that_never_spoke_is_on_the_map_and_has_a_page(busy: House, lang: str) -> None:
    """Whoever entered it in the register looks for it there, and for what it is to have."""
    ask(busy, admin.Register(rows=(admin.Registered(terminal="00030001", shop="S9"),)))
    browser = busy.signed_in("manager", lang)
    for path in ("/?level=away", "/?shop=S9&view=table", "/t/00030001"):
        assert "00030001" in browser.page(path)
        assert {"zh": "从未报到", "en": "never announced"}[lang] in browser.page(path)
    assert browser.get("/live/t/00030001").json()["level"] == "away"


# --- roll-outs -----------------------------------------------------------------


@pytest.fixture
def rolling(busy: House) -> House:
    """Twenty registered terminals, changed settings, and a roll-out that waits for approval."""
    rows = tuple(admin.Registered(terminal=f"0002{n:04d}", shop="S1") for n in range(20))
    ask(busy, admin.Register(rows=rows))
    for row in rows:
        busy.says(row.terminal)
    ask(busy, admin.PutLayer(layer="fleet", document={"shop": {"footer": ["明天见"]}}))
    browser = busy.signed_in("manager")
    seen = seen_in(browser.page("/settings/push?shop=S1"))
    answer = browser.post("/settings/push", shop="S1", seen=seen, why="a new footer", act="stages")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rollouts/1"), answer.text
    return busy


def seen_in(text: str) -> str:
    """What the dry run's form carries: nothing is pushed but what was looked at."""
    found = re.search(r'name="seen" value="([^"]+)"', text)
    return found[1] if found else ""


def stages_of(text: str) -> list[str]:
    return [each.split('"')[0] for each in text.split('data-stage="')[1:]]


def test_a_roll_out_that_turns_back_names_who_has_not_said_that_it_did(rolling: House) -> None:
    browser = rolling.signed_in("approver")
    assert browser.post("/rollouts/1", act="approve", why="looked at it").status_code == 303
    rolling.core.step(DeskTick(rolling.utc_ms()))
    assert browser.post("/rollouts/1", act="revert", why="wrong").status_code == 303
    rolling.core.step(DeskTick(rolling.utc_ms()))
    (touched,) = ask(rolling, admin.ShowRollout(rollout=1)).unreverted
    assert stages_of(browser.page("/rollouts/1")) == ["back", *["ahead"] * 4], "it is not done"
    said = f"Told to turn back, not heard yet: {touched}"
    assert said in browser.page("/rollouts/1")
    live = browser.get("/live/rollouts/1").json()
    assert (live["state"], live["open"], live["unreverted"]) == ("turning back", True, said)


@pytest.mark.parametrize("state", get_args(admin.RolloutState))
def test_a_page_offers_the_acts_the_desk_would_carry_out_and_no_others(
    rolling: House, state: admin.RolloutState
) -> None:
    def put() -> None:
        with rolling.store.begin() as books:
            row = books.fleet.rollouts.get(1)
            assert row is not None
            books.fleet.rollouts.put(replace(row, state=state))

    put()
    offered = set(re.findall(r'name="act" value="(\w+)"', rolling.signed_in("approver").page("/rollouts/1")))
    possible = set()
    for act in get_args(get_type_hints(admin.RolloutAct)["act"]):
        put()
        call = Call(
            by=admin.Caller(name="test"), request=admin.RolloutAct(rollout=1, act=act), why="test", nonce="1" * 32
        )
        (told,) = (each for each in rolling.core.step(Admin(NOW, call)) if isinstance(each, Told))
        possible |= set() if isinstance(told.reply, Refused) else {act}
    assert offered == possible, state


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_roll_out_shows_who_when_why_and_its_stages(rolling: House, lang: str) -> None:
    browser = rolling.signed_in("approver", lang)
    assert "a new footer" in browser.page("/rollouts")
    text = browser.page("/rollouts/1")
    for words in ("manager-en", "a new footer", "shop:S1", "100 %"):
        assert words in text, words
    assert stages_of(text) == ["ahead"] * 5
    assert "__" not in without_token(text)
    assert browser.get("/rollouts/99").status_code == 404
    assert browser.get(f"/rollouts/{2**70}").status_code == 404


def test_a_roll_out_is_approved_by_somebody_else_moves_and_is_paused(rolling: House) -> None:
    manager, approver = rolling.signed_in("manager"), rolling.signed_in("approver")
    assert 'value="approve"' not in manager.page("/rollouts/1")
    assert manager.post("/rollouts/1", act="approve", why="mine").status_code == 409
    assert 'name="why"' in approver.page("/rollouts/1/act?act=approve")
    assert manager.get("/rollouts/1/act?act=approve").status_code == 403
    assert manager.get("/rollouts/1/act?act=revert").status_code == 404, "not in this state"
    assert "needs a reason" in approver.post("/rollouts/1", act="approve", why=" ").text
    before = approver.get("/live/rollouts/1").json()
    assert approver.post("/rollouts/1", act="approve", why="looked at it").status_code == 303
    rolling.core.step(DeskTick(rolling.utc_ms()))
    news = approver.get("/live/rollouts/1").json()
    assert news["state"] == "running"
    assert news["stages"] == ["now", "ahead", "ahead", "ahead", "ahead"]
    assert news["stamp"] != before["stamp"]
    assert news["counts"] == {"untouched": 19, "pushed": 1}
    assert "exceeded" not in manager.page("/rollouts/1"), "no limit is reached"
    assert stages_of(manager.page("/rollouts/1"))[0] == "now"
    assert manager.post("/rollouts/1", act="pause", why="wait").status_code == 303
    text = manager.page("/rollouts/1")
    assert "paused" in text
    assert 'value="resume"' in text
    assert manager.post("/rollouts/1", act="nonsense").status_code == 409
    assert manager.post("/rollouts/1", act="abort", why="enough").status_code == 303
    assert "aborted" in manager.page("/rollouts/1")
    assert manager.post("/rollouts/1", act="pause", why="again").status_code == 409, "it is in another state by now"


@pytest.mark.parametrize("path", ["/rollouts/1", "/rollouts/1/act?act=approve"])
def test_who_approves_sees_what_changes_and_at_whom(rolling: House, path: str) -> None:
    text = rolling.signed_in("approver").page(path)
    for words in ("shop.footer", "明天见", "Terminals that change alike: 20"):
        assert words in text, words


def test_a_viewer_sees_a_roll_out_and_no_button(rolling: House) -> None:
    text = rolling.signed_in("viewer").page("/rollouts/1")
    assert 'name="act"' not in text
    assert "a new footer" in text
