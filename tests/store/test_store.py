"""Identity, settings and journal key: what a shop has after somebody, or the disk, spoiled a file."""

import json
import os
import stat

import pytest

from firmware.drivers.store import Identity, KeyDamaged, Store
from firmware.drivers.store.kept import DAMAGED_KEPT_MAX
from rules.settings import Settings, defaults
from tests.store.writer import document

WHO = Identity("T0000001", host="127.0.0.1", port=1883, fleet_key="ab" * 32)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def test_a_new_terminal_has_no_identity_and_the_factorys_settings(store):
    assert store.identity() == (None, ())
    applied = store.settings()
    assert (applied.settings, applied.rev, applied.origin, applied.notices) == (defaults(), 0, "default", ())


def test_what_was_written_is_read_by_the_next_start(store, folder):
    store.write_identity(WHO)
    assert isinstance(store.apply_settings(document(7), 7, "fleet"), Settings)
    again = Store(folder)
    assert again.identity() == (WHO, ())
    applied = again.settings()
    assert (applied.settings.shop.name, applied.rev, applied.origin, applied.notices) == ("店 7", 7, "fleet", ())


def test_a_document_with_a_mistake_is_refused_and_the_old_one_stays(store):
    store.apply_settings(document(1), 1)
    problems = store.apply_settings({"cash": {"rounding": "up"}, "colour": "red"}, 2)
    assert {problem.path for problem in problems} == {"cash.rounding", "colour"}
    assert store.settings().rev == 1


def test_a_shorter_document_replaces_the_longer_one_wholly(store):
    store.apply_settings(document(1), 1)
    store.apply_settings({"terminal": {"volume": 0}}, 2)
    settings = store.settings().settings
    assert settings.terminal.volume == 0
    assert settings.shop == defaults().shop


DAMAGE = {
    "half": lambda raw: raw[: len(raw) // 2],
    "empty": lambda raw: b"",
    "zeros": lambda raw: bytes(len(raw)),
    "garbage": lambda raw: b"\xff\xfe" + raw,
    "list": lambda raw: b"[]",
    "number": lambda raw: b"7",
    "no_document": lambda raw: b'{"settings": {"1": {}}}',
    "row_no_object": lambda raw: b'{"settings": {"1": 5}}',
    "table_no_object": lambda raw: b'{"settings": []}',
    "number_no_int": lambda raw: b'{"settings": {"one": {"document": {}}}}',
    "other_table": lambda raw: b'{"else": {}}',
    "typo": lambda raw: raw.replace(b'"shop"', b'"shpo"'),
    "out_of_bounds": lambda raw: raw.replace(b'"float_expected_fen": ', b'"float_expected_fen": 99999'),
    "deep": lambda raw: b"[" * 100_000,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_settings_are_put_aside_and_the_last_good_ones_used_and_said(store, folder, kind):
    store.apply_settings(document(1), 1)
    path = folder / "settings.json"
    spoiled = DAMAGE[kind](path.read_bytes())
    path.write_bytes(spoiled)
    applied = Store(folder).settings()
    assert (applied.settings.shop.name, applied.rev, applied.origin) == ("店 1", 1, "last_known_good")
    assert [code for code, _ in applied.notices] == [9004]
    assert "settings.json" in applied.notices[0][1]
    assert (folder / "settings.json.damaged-1").read_bytes() == spoiled
    calm = Store(folder).settings()
    assert (calm.settings, calm.notices) == (applied.settings, ())


def test_a_wrong_value_is_named_in_the_notice(store, folder):
    store.apply_settings(document(1), 1)
    path = folder / "settings.json"
    path.write_bytes(DAMAGE["typo"](path.read_bytes()))
    assert "shpo" in store.settings().notices[0][1]


def test_when_both_copies_are_damaged_the_factory_settings_serve(store, folder):
    store.apply_settings(document(1), 1)
    for name in ("settings.json", "settings.good.json"):
        (folder / name).write_bytes(b"{")
    applied = store.settings()
    assert (applied.settings, applied.origin) == (defaults(), "default")
    assert [code for code, _ in applied.notices] == [9004, 9004]
    assert store.settings().notices == ()


def test_a_lost_file_is_said_too(store, folder):
    store.apply_settings(document(1), 1)
    (folder / "settings.json").unlink()
    applied = store.settings()
    assert (applied.rev, applied.origin) == (1, "last_known_good")
    assert applied.notices == ((9004, "settings.json: missing"),)


def test_a_trial_is_not_the_last_known_good_before_it_is_confirmed(store, folder):
    store.apply_settings(document(1), 1)
    store.apply_settings(document(2), 2, trial=True)
    assert store.settings().rev == 2
    (folder / "settings.json").write_bytes(b"")
    assert store.settings().rev == 1
    store.apply_settings(document(3), 3, trial=True)
    store.confirm_settings()
    (folder / "settings.json").write_bytes(b"")
    assert store.settings().rev == 3


def test_new_settings_can_be_applied_over_a_damaged_file(store, folder):
    store.apply_settings(document(1), 1)
    (folder / "settings.json").write_bytes(b"{")
    store.apply_settings(document(2), 2)
    assert (store.settings().rev, store.settings().notices) == (2, ())


def test_damaged_files_do_not_pile_up(store, folder):
    for n in range(DAMAGED_KEPT_MAX + 3):
        store.apply_settings(document(1), 1)
        (folder / "settings.json").write_bytes(b"%d" % n)
        store.settings()
    kept = sorted(path.read_bytes() for path in folder.glob("settings.json.damaged-*"))
    assert len(kept) == DAMAGED_KEPT_MAX
    assert b"%d" % (DAMAGED_KEPT_MAX + 2) in kept


def test_a_damaged_identity_comes_from_its_copy(store, folder):
    store.write_identity(WHO)
    (folder / "identity.json").write_bytes(b"{")
    identity, notices = Store(folder).identity()
    assert identity == WHO
    assert [code for code, _ in notices] == [9004]


def test_people_can_read_and_edit_the_file(store, folder):
    store.apply_settings(document(1), 1)
    path = folder / "settings.json"
    assert "店 1" in path.read_text()
    tables = json.loads(path.read_text())
    tables["settings"]["1"]["document"]["shop"]["name"] = "新店"
    tables["settings"]["1"]["rev"] = "soon"
    path.write_text(json.dumps(tables))
    applied = store.settings()
    assert (applied.settings.shop.name, applied.rev, applied.notices) == ("新店", 0, ())


def test_equal_settings_have_equal_digests(store):
    store.apply_settings({}, 1)
    spelled_out = store.settings()
    assert spelled_out.digest == Store.settings(store).digest
    store.apply_settings({"terminal": {"volume": 2}}, 2)  # the default, said
    assert store.settings().digest == spelled_out.digest
    store.apply_settings({"terminal": {"volume": 1}}, 3)
    assert store.settings().digest != spelled_out.digest


def test_only_the_owner_reads_the_files(store, folder):
    store.write_identity(WHO)
    store.journal_key()
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_journal_key_is_made_once(store, folder):
    key = store.journal_key()
    assert len(key) == 32
    assert Store(folder).journal_key() == key


def test_a_damaged_journal_key_is_never_replaced(store, folder):
    store.journal_key()
    (folder / "journal.key").write_bytes(b"short")
    with pytest.raises(KeyDamaged):
        store.journal_key()
    assert (folder / "journal.key").read_bytes() == b"short"


@pytest.mark.parametrize("terminal", ["", "a/b", "x" * 33, "T1\n"])
def test_an_identity_that_fits_no_topic_is_not_read(store, folder, terminal):
    path = folder / "identity.json"
    path.write_text(json.dumps({"identity": {"1": {"document": {"terminal": terminal}}}}))
    identity, notices = store.identity()
    assert identity is None
    assert [code for code, _ in notices] == [9004]


def test_a_temporary_file_of_a_power_cut_is_no_obstacle(store, folder):
    store.apply_settings(document(1), 1)
    (folder / "settings.json.new").write_bytes(b"half")
    store.apply_settings(document(2), 2)
    assert store.settings().rev == 2
    assert not os.path.exists(folder / "settings.json.new")
