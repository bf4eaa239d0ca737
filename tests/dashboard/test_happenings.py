"""What stands in a terminal's timeline: each kind of record in words, in both languages, and changes of its link once."""

import json
import string
from pathlib import Path

import pytest

from fleet.admin import Passage
from fleet.dashboard.happenings import KINDS, happening_of, linked
from fleet.dashboard.spans import span
from fleet.dashboard.terminal_page import _detail, happening_words
from tests.dashboard.house import HOME, House, opened, sale
from texts import Lang, catalogue
from wire.facts import Dress, decode
from wire.messages import State

OLD = Path(__file__).parents[1] / "wire" / "old"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_in_both_languages(kind: str) -> None:
    path = max(OLD.glob(f"{kind}.*.json"))
    body = json.loads(path.read_text(encoding="utf-8"))["body"]
    fact = decode(kind, int(path.name.split(".")[1]), body.encode())
    found = happening_of(fact, 5, 7)
    assert found is not None
    for lang in ("zh", "en"):
        text = catalogue("dashboard", lang)[f"happened__{found.what}"]
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named <= found.detail.keys(), "every word of the sentence is known"
        assert happening_words(found.what, found.detail, lang)


@pytest.mark.parametrize(
    ("lang", "what", "detail", "said"),
    [
        ("zh", "trouble", {"code": "8002", "detail": "forced"}, "报警 [8002] 钱箱未关好 forced"),
        ("en", "trouble", {"code": "8002", "detail": ""}, "Alarm [8002] Drawer left open "),
        ("en", "trouble", {"code": "7999", "detail": "?"}, "Alarm [7999] ?"),
        ("zh", "trouble", {"code": "?", "detail": ""}, "报警 ? "),
    ],
)
def test_a_code_has_its_title_beside_it(lang: Lang, what: str, detail: dict[str, str], said: str) -> None:
    assert happening_words(what, detail, lang) == said


@pytest.mark.parametrize(
    ("lang", "detail", "said"),
    [
        ("zh", "applied 10 of 10", "已生效 第 10 版，应为第 10 版"),
        ("en", "rejected 9 of 10 9004 sale.x type", "refused 9 of 10 9004 sale.x type"),
        ("zh", "applied", "已生效"),
    ],
)
def test_a_report_of_settings_is_told_in_the_readers_words(lang: Lang, detail: str, said: str) -> None:
    assert _detail(Passage(1, "reported", detail), lang) == said


def test_a_stretch_ends_now_or_today() -> None:
    now_ms = 1_800_000_000_000  # 2027-01-15 16:00 in China
    assert span("day", now_ms + 49 * 60_000).until_label(now_ms + 49 * 60_000) == "2027-01-15 16:49"
    assert span("week", now_ms).until_label(now_ms) == "2027-01-15"


def test_a_change_of_the_link_is_told_once() -> None:
    mark, first = linked("", State(True, boot_id="b1"), 1)
    assert first is not None
    assert linked(mark, State(True, boot_id="b1", printer="paper_out"), 2)[1] is None
    lost_mark, lost = linked(mark, State(False, boot_id="b1", reason="lost"), 3)
    assert lost is not None
    assert lost.what == "link_lost"
    assert linked(lost_mark, None, 4) == (lost_mark, None)
    again = linked(lost_mark, State(True, boot_id="b1"), 5)[1]
    assert again is not None


def test_the_digest_counts_each_record_once_over_holes_and_restarts(house: House) -> None:
    from fleet.dashboard.digest import FILE, Digest

    house.book(HOME, opened(Dress("好邻居")), *(sale(n, 100) for n in range(1, 30)))
    house.digest()
    house.digest()
    house.book(HOME, *(sale(n, 100) for n in range(30, 40)))
    house.digest()

    def sold(digest: Digest) -> int:
        return sum(each.number for each in digest.sums(0, 2**52, 2**52) if each.name == "sales_fen")

    assert sold(house.dashboard.digest) == 3_900
    house.dashboard.digest.stop()
    again = Digest(house.dashboard.reading, house.data / FILE, house.utc_ms)
    assert not again.turn()
    assert sold(again) == 3_900
    assert again.known()[HOME].shop == "好邻居"
    again.stop()
    for path in house.data.glob("dashboard.*"):
        path.unlink() if "key" not in path.name else None
    house.dashboard.digest = Digest(house.dashboard.reading, house.data / FILE, house.utc_ms)
    house.digest()
    assert sold(house.dashboard.digest) == 3_900, "thrown away, it is made anew"


def test_records_beyond_a_hole_wait_until_it_closes(house: House) -> None:
    import msgspec

    from wire.records import Packet

    house.book(HOME, opened())
    journal = house.journals[HOME]
    for n in range(1, 4):
        journal.add(sale(n, 100))
    first, second, third = journal.records[1:]
    for records, fen in (((third,), 0), ((first,), 100), ((second,), 300)):
        house.hears(HOME, "rec", msgspec.json.encode(Packet(records)))
        house.digest()
        sums = house.dashboard.digest.sums(0, 2**52, 2**52)
        assert sum(each.number for each in sums if each.name == "sales_fen") == fen
