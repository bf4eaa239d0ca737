"""The fleet at a glance: what each tile says, which are shown, and that nobody's text becomes markup."""

import pytest

from fleet.dashboard.tiles import Extra, Wanted, chosen, counted, tiles, usual_version
from fleet.desk.link import Hearing
from fleet.sql_looks import TerminalLook
from fleet.store import Epoch
from tests.dashboard.house import HOME, NOW, OTHER, House, opened, sale
from wire.facts import Dress
from wire.messages import State

EVIL = "<script>alert(1)</script>\"'&"


def tile(extra: Extra | None = None, high: int = 0, ago_ms: int = 0, **state):
    import msgspec

    fields = {"online": True, "epoch": 1, "next_seq": 1, "software": "1.0", "clock": "trusted", "printer": "ok"} | state
    raw = msgspec.json.encode(State(**fields)) if state is not None else b""
    look = TerminalLook(HOME, raw, NOW - ago_ms, NOW - ago_ms)
    return tiles([look], [Epoch(HOME, 1, upto=0, high=high)], {HOME: extra or Extra()}, Hearing(NOW, 35 * 60_000))[0]


@pytest.mark.parametrize(
    ("state", "extra", "high", "level", "marks"),
    [
        ({}, None, 0, "good", ()),
        ({"drawer": "open"}, None, 0, "good", ("drawer",)),
        ({"printer": "paper_low"}, None, 0, "watch", ("paper",)),
        ({"printer": "paper_out"}, None, 0, "bad", ("paper",)),
        ({"printer": "fault"}, None, 0, "bad", ("printer",)),
        ({"battery": 15}, None, 0, "watch", ("battery",)),
        ({"battery": 5}, None, 0, "bad", ("battery",)),
        ({"battery": 90}, None, 0, "good", ()),
        ({"next_seq": 200}, None, 0, "watch", ("backlog",)),
        ({}, None, 7, "bad", ("holes",)),
        ({}, Extra(drift=2), 0, "watch", ("drift",)),
        ({}, Extra(errors=50), 0, "watch", ("errors",)),
        ({}, Extra(aside=1), 0, "bad", ("aside",)),
        ({"clock": "floor"}, None, 0, "watch", ("clock",)),
        ({"online": False, "reason": "lost"}, None, 0, "bad", ()),
        ({"online": False, "reason": "halted 9001"}, None, 0, "bad", ()),
        ({"online": False, "reason": "stopped"}, None, 0, "watch", ()),
    ],
)
def test_a_tile_says_what_is_the_matter(state, extra, high, level, marks) -> None:
    found = tile(extra, high, **state)
    assert (found.level, found.marks) == (level, marks)


def test_who_has_long_been_switched_off_is_away() -> None:
    assert tile(online=False, reason="stopped", ago_ms=25 * 3_600_000).level == "away"
    assert tile(online=False, reason="lost", ago_ms=25 * 3_600_000).level == "away"


def test_who_said_online_and_is_not_heard_of_any_more_is_silent() -> None:
    silent, heard = tile(ago_ms=36 * 60_000), tile(ago_ms=34 * 60_000)
    assert (silent.link, silent.level) == ("silent", "bad")
    assert (heard.link, heard.level) == ("online", "good")
    assert (tile(ago_ms=25 * 3_600_000).link, tile(ago_ms=25 * 3_600_000).level) == ("silent", "away")


def test_another_version_than_most_have_stands_out() -> None:
    assert usual_version(["1.0", "1.0", "1.1", ""]) == "1.0"
    assert usual_version([]) == ""


def fleet_of(house: House) -> None:
    house.book(HOME, opened(Dress("好邻居")), sale())
    house.says(HOME, next_seq=3)
    house.says(OTHER, software="1.0", printer="paper_out", battery=5)
    house.says("00010025", software="0.9", online=False, reason="lost")
    house.errs(OTHER, 1003, 30)
    house.digest()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_map_shows_every_terminal_with_symbol_and_words(house: House, lang: str) -> None:
    fleet_of(house)
    text = house.signed_in("viewer", lang).page("/")
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in text
    for terminal in (HOME, OTHER, "00010025"):
        assert f'data-id="{terminal}"' in text
    said = {
        "zh": ("缺纸", "电量 5 %", "连接中断", "好邻居"),
        "en": ("out of paper", "battery 5 %", "connection lost", "好邻居"),
    }
    for word in said[lang]:
        assert word in text, word
    for symbol in ("✕", "✓"):
        assert f'<span class="symbol">{symbol}</span> 000100' in text, "few tiles have room for their names"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?text=0024", [OTHER]), ("?text=邻居", [HOME]), ("?shop=好邻居", [HOME]), ("?version=0.9", ["00010025"]),
        ("?level=good", [HOME]), ("?mark=paper", [OTHER]), ("?mark=errors", [OTHER]), ("?text=none", []),
        ("?sort=battery", [OTHER, HOME, "00010025"]), ("?sort=errors", [OTHER, HOME, "00010025"]),
        ("?sort=seen&level=&page=999", [HOME, OTHER, "00010025"]),
        ("?sort=nonsense&view=nonsense&page=x", [HOME, OTHER, "00010025"]),
    ],
)  # fmt: skip
def test_terminals_are_filtered_and_sorted(house: House, query: str, shown: list[str]) -> None:
    fleet_of(house)
    browser = house.signed_in("viewer")
    text = browser.page("/" + query)
    assert [each.split('"')[0] for each in text.split('data-id="')[1:]] == shown
    if "view" not in query:
        table = browser.page("/" + query + "&view=table")
        assert [each.split('"')[0].split("?")[0] for each in table.split('href="/t/')[1:]] == shown


def test_a_fleet_of_thousands_comes_page_by_page(house: House) -> None:
    browser = house.signed_in("viewer")
    with house.store.begin() as books:
        for number in range(2_500):
            books.put_state(
                f"T{number:05d}", State(True, software="1.0", clock="trusted"), b'{"online":true}', NOW, True
            )
    first, second = browser.page("/"), browser.page("/?page=2")
    assert (first.count("data-id="), second.count("data-id=")) == (2_000, 500)
    assert "page 1 of 2" in first
    assert len(first) < 1_500_000


def test_the_page_hears_only_what_has_changed(house: House) -> None:
    fleet_of(house)
    browser = house.signed_in("viewer")
    text = browser.page("/")
    now, ids = (text.split(f'data-{name}="')[1].split('"')[0] for name in ("now", "ids"))
    live = f"/live/map?since={now}&ids={ids}"
    assert browser.get(live).json()["tiles"] == []
    house.later(5)
    house.says(HOME, next_seq=3, printer="paper_out")
    news = browser.get(live).json()
    assert [each[:3] for each in news["tiles"]] == [[HOME, "bad", "✕"]]
    assert not news["moved"]
    house.later(5)
    house.says("00010099")
    assert browser.get(live).json()["moved"], "a terminal more: the list is another one"


def test_what_terminals_say_never_becomes_markup(house: House) -> None:
    house.book(HOME, opened(Dress(EVIL, header=(EVIL,))), sale())
    house.says(HOME, software=EVIL, reason=EVIL, printer=EVIL, drawer=EVIL)
    house.errs(OTHER, 1003, 3, EVIL, EVIL[:48])
    house.digest()
    browser = house.signed_in("viewer")
    for path in ("/", "/?view=table", f"/?text={EVIL}&shop={EVIL}&level={EVIL}&mark={EVIL}", f"/nowhere{EVIL}"):
        text = browser.get(path).text
        assert "alert(1)</script>" not in text, path
        assert 'alert(1)</script>"' not in text


def test_headers_let_nothing_in_and_nothing_out(house: House) -> None:
    browser = house.signed_in("viewer")
    for path in ("/", "/sign-in", "/nowhere", "/static/dashboard.css", "/static/map.js", "/live/map"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert browser.get("/").headers["cache-control"] == "private, no-store"


def test_pages_carry_no_inline_script_or_style(house: House) -> None:
    fleet_of(house)
    browser = house.signed_in("viewer")
    for path in ("/", "/?view=table", "/sign-in"):
        text = browser.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert " on" + "click" not in text
        assert all(part.startswith(' type="module" src="/static/') for part in text.split("<script")[1:])


def test_static_files_are_ours_alone(house: House) -> None:
    browser = house.browser()
    assert browser.get("/static/dashboard.css").status_code == 200
    for path in ("/static/../users.json", "/static/%2e%2e/%2e%2e/users.json", "/static/"):
        assert browser.get(path).status_code == 404


def test_counts_are_of_the_whole_fleet() -> None:
    some = [tile(), tile(printer="paper_out")]
    assert counted(some).levels == {"bad": 1, "watch": 0, "good": 1, "away": 0}
    assert counted(some).marks == {"paper": 1}
    assert chosen(some, Wanted(level="bad")) == [some[1]]
