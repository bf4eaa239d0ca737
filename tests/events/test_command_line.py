"""`posfleet errors`: counts, trends, filters, both languages."""

import json
from pathlib import Path

import pytest

from fleet.__main__ import main
from fleet.commands.errors import change, sparkline
from fleet.home import DATABASE
from tests.events.till import Fleet
from wire.messages import EventReport, EventSeen

DAY_MS = 86_400_000
NOON = 1_795_305_600_000 + 4 * 3_600_000  # 2026-11-22 12:00 in China


def report(number: int, at_ms: int, code: int, times: int, version: str = "0.1.0", shop: str = "一店") -> EventReport:
    seen = EventSeen(code, times, at_ms, at_ms, "01", "000001-000045", 1, "refund", ("Menu",))
    return EventReport(f"b1-{number}", "count", "b1", at_ms, 1, "trusted", version, 0, shop, (seen,), int(number == 1))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    fleet = Fleet(tmp_path / DATABASE)
    for terminal, each in (
        ("T1", report(1, NOON, 1003, 5)), ("T1", report(2, NOON - DAY_MS, 1003, 2)),
        ("T2", report(1, NOON, 2005, 1, "0.2.0", "二店")), ("T2", report(2, NOON - 8 * DAY_MS, 1003, 4)),
    ):  # fmt: skip
        for _ in range(2):  # the same report twice counts once
            fleet.take(each, NOON + 1, terminal)
    fleet.store.close()
    return tmp_path


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.commands.errors.time.time_ns", lambda: (NOON + 60_000) * 1_000_000)


def lines(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> list[dict[str, object]]:
    assert main(["errors", "--data", str(data), "--json", *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_codes_by_times_with_the_time_before(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    first, second = lines(capsys, data)
    assert (first["code"], first["times"], first["before"]) == (1003, 7, 4)
    assert first["slots"] == [0, 0, 0, 0, 0, 2, 5]
    assert (second["code"], second["times"], second["before"]) == (2005, 1, 0)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--by", "terminal"), {"T1": 7, "T2": 1}), (("--by", "shop"), {"一店": 7, "二店": 1}),
        (("--by", "version"), {"0.1.0": 7, "0.2.0": 1}), (("--terminal", "T1"), {1003: 7}),
        (("--shop", "二店"), {2005: 1}), (("--code", "2005", "--by", "terminal"), {"T2": 1}),
        (("--version", "0.2.0"), {2005: 1}), (("--since", "1d"), {1003: 5, 2005: 1}),
        (("--since", "2026-11-01"), {1003: 11, 2005: 1}),
        (("--since", "24h", "--trend", "hour"), {1003: 7, 2005: 1}),
        (("--since", "12h", "--trend", "hour"), {1003: 5, 2005: 1}),
    ],
)  # fmt: skip
def test_groups_and_filters(
    capsys: pytest.CaptureFixture[str], data: Path, words: tuple[str, ...], found: object
) -> None:
    by = words[words.index("--by") + 1] if "--by" in words else "code"
    name = "software" if by == "version" else by
    assert {each[name]: each["times"] for each in lines(capsys, data, *words)} == found


def test_latest_shows_what_came_before(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    rows = lines(capsys, data, "--latest", "2")
    assert [(row["terminal"], row["code"], row["reason"], row["steps"]) for row in rows] == [
        ("T1", 1003, "refund", "Menu"), ("T2", 2005, "refund", "Menu"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("网络连接失败", "次数", "放弃")), ("en", ("Cannot connect", "Times", "given up"))]
)
def test_people_read_it_in_their_language(
    capsys: pytest.CaptureFixture[str], data: Path, lang: str, words: tuple[str, ...]
) -> None:
    assert main(["errors", "--data", str(data), "--lang", lang]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in words)
    assert "▄█" in out or "▃█" in out


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "99999d", "9999d", "2099-01-01"])
def test_a_time_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], data: Path, since: str) -> None:
    assert main(["errors", "--data", str(data), "--since", since]) == 2
    assert since in capsys.readouterr().err


def test_bars_and_changes() -> None:
    assert sparkline((0, 1, 8, 4)) == "·▁█▄"
    assert sparkline(()) == sparkline((0,))[:0]
    assert [change(*each) for each in ((3, 2), (1, 2), (5, 0), (0, 0))] == ["+50 %", "-50 %", "+", ""]


def test_a_store_of_the_schema_before_takes_reports(tmp_path: Path) -> None:
    import sqlite3

    Fleet(tmp_path / DATABASE).store.close()
    db = sqlite3.connect(tmp_path / DATABASE)
    db.executescript("DROP TABLE events; PRAGMA user_version = 5")
    db.close()
    fleet = Fleet(tmp_path / DATABASE)
    assert fleet.take(report(7, NOON, 1003, 1), NOON) == "b1-7"
    fleet.store.close()
