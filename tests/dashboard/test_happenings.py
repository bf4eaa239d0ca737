"""What stands in a terminal's timeline: each kind of record in words, in both languages, and changes of its link once."""

import json
import string
from pathlib import Path

import pytest

from fleet.dashboard.happenings import KINDS, happening_of, linked
from fleet.dashboard.terminal_page import happening_words
from tests.dashboard.house import HOME, House, opened, sale
from texts import catalogue
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
