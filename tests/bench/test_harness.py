"""The harness works at tiny sizes. What the figures are is `make bench`'s to say: nothing here asserts a time."""

import itertools
import sys

import msgspec
import pytest

from benchmarks import __main__ as command
from benchmarks import commit, disk_bytes, harness, lookup
from benchmarks.harness import Figure, Scale
from benchmarks.shop import EPOCH, TERMINAL, Till, barcodes, code_rows, fill, goods_rows, invented
from firmware.txn.ledger import Ledger
from firmware.txn.product import price_list


@pytest.mark.parametrize(
    ("value", "goal", "better", "verdict"),
    [
        (2.0, 2.0, "less", "MET"),
        (2.1, 2.0, "less", "MISSED"),
        (1.5, 1.5, "more", "MET"),
        (1.4, 1.5, "more", "MISSED"),
        (9.0, 0, "less", ""),
    ],
)
def test_a_goal_is_met_or_missed(value, goal, better, verdict):
    assert Figure("f", value, "×", goal, better).verdict == verdict


def test_sides_take_turns_and_the_warm_up_does_not_count():
    calls: list[str] = []
    numbers = itertools.count()

    def side(name):
        def run():
            calls.append(name)
            return float(next(numbers))

        return run

    taken = harness.in_turns({"a": side("a"), "b": side("b")}, rounds=2, warm_up=1)
    assert calls == ["a", "b"] * 3
    assert taken == {"a": [2.0, 4.0], "b": [3.0, 5.0]}


@pytest.mark.parametrize("records", [1, 2, 3, 4, 1_000])
def test_a_filled_journal_has_exactly_that_many_records_and_is_in_order(tmp_path, records):
    fill(tmp_path / "ledger.db", records)
    ledger = Ledger.open(tmp_path / "ledger.db", TERMINAL, EPOCH)
    assert ledger.durable_seq == records
    assert ledger.broken_at(1, records) is None
    assert ledger.differences() == []
    ledger.close()


def test_a_till_sells_on_a_filled_journal_and_tells_the_settling_step(tmp_path):
    folder = commit._grown(tmp_path, (10, 100))[100]
    till = Till(folder).open()
    till.ready_to_settle()
    before = till.ledger.syncs
    assert till.settle() > 0
    assert till.ledger.syncs == before + 1
    assert till.ledger.durable_seq > 100
    till.ledger.close()


def test_syncs_are_counted_between_the_marks_only():
    trace = """
    1 access("/bench-mark/rest", F_OK) = -1
    1 fdatasync(4) = 0
    1 access("/bench-mark/settle", F_OK) = -1
    1 fdatasync(4) = 0
    1 fsync(5) = 0
    1 access("/bench-mark/rest", F_OK) = -1
    1 fdatasync(4) = 0
    1 access("/bench-mark/end", F_OK) = -1
    1 fdatasync(4) = 0
    """
    assert commit.count_syncs(trace) == ([2], 4)


def test_the_folder_of_a_run_is_gone_after_it():
    with harness.scratch() as folder:
        (folder / "x").write_bytes(b"x")
    assert not folder.exists()


def test_invented_goods_stand_in_the_tables_as_a_price_list_would_put_them():
    listed = price_list(invented(200))
    assert tuple(goods_rows(barcodes(200))) == listed.products
    assert tuple(code_rows(barcodes(200))) == listed.codes


def test_disk_bytes_are_counted_for_each_page_size(tmp_path, monkeypatch):
    monkeypatch.setattr(Scale, "pick", lambda self, quick, whole: 2)
    monkeypatch.setattr(disk_bytes, "PAGES_BYTES", (1024, 512))
    figures = disk_bytes.measure(Scale(True, tmp_path))
    assert [figure.name.split()[-1] for figure in figures] == [str(page) for page in disk_bytes.PAGES_BYTES]
    if harness.filesystem(tmp_path) != "tmpfs":
        assert all(figure.value > 1 for figure in figures)


def test_every_figure_has_a_measure_and_a_look_up_finds_what_the_dict_finds(tmp_path, monkeypatch):
    monkeypatch.setattr(lookup, "SIZES_QUICK", (500, 1_000))
    figures = lookup.measure(Scale(True, tmp_path))
    assert {figure.unit for figure in figures} == {"×"}


def test_the_command_prints_a_table_and_writes_json(tmp_path, monkeypatch, capfd):
    into = tmp_path / "reports" / "bench.json"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--only", "lcd_bytes", "--json", str(into)])
    assert command.main() == 0
    assert "LCD bytes ÷ changed spans" in capfd.readouterr().out
    written = msgspec.json.decode(into.read_bytes())
    assert {figure["verdict"] for figure in written["figures"][0]["figures"]} <= {"MET", "MISSED", ""}


def test_a_figure_that_breaks_is_reported_and_the_others_go_on(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(command, "LIMIT_S", 0)
    into = tmp_path / "bench.json"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--only", "lcd_bytes", "--json", str(into)])
    assert command.main() == 1
    assert "BROKEN" in capfd.readouterr().out
