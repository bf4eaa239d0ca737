"""`posfleet seal check`: the QR code of a Z slip against what is kept, each way in which it can be wrong."""

import json
from pathlib import Path

import pytest

from fleet.core import Message
from tests.fleet.test_command_line import encode, filled, run
from tests.journals import Journal
from wire.messages import State
from wire.seal import read_seal_words, seal_words

TERMINAL = "T0001"


def words(journal: Journal, upto: int = 30) -> str:
    """The seal over record `upto`, as the slip says it; the journal's own `Seal` follows that record."""
    seal = json.loads(bytes(journal.records[upto].body))
    return seal_words(TERMINAL, 1, seal["upto"], seal["hash"], seal["signature"])


def sealed() -> Journal:
    journal = Journal(TERMINAL).fill(30)
    journal.seal()
    return journal.fill(60)


def kept(folder: Path, journal: Journal) -> Path:
    """What the backend keeps of it, and the birth that announces its key."""
    state = encode(State(True, "b1", 1, 61, 0, journal.public_hex))
    return filled(folder / "fleet", journal, extra=(Message(TERMINAL, "state", state),))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_good_seal(tmp_path, capsys, lang) -> None:
    code, out, _ = run(capsys, kept(tmp_path, sealed()), "seal", "check", words(sealed()), lang=lang)
    assert code == 0
    assert "30" in out
    assert TERMINAL in out


def swapped(text: str, **parts: object) -> str:
    seen = read_seal_words(text)
    assert seen is not None
    fields = {name: getattr(seen, name) for name in seen.__slots__} | parts
    return seal_words(*(fields[name] for name in ("terminal", "epoch", "upto", "hash", "signature")))


def _short(journal: Journal) -> None:
    journal.records = journal.records[:20]


def _holed(journal: Journal) -> None:
    del journal.records[9]


@pytest.mark.parametrize(
    ("fault", "spoil", "parts"),
    [
        ("signature", None, {"signature": "00" * 64}),
        ("signature", None, {"upto": 29}),
        ("signature", None, {"hash": "11" * 32}),
        ("epoch", None, {"epoch": 2}),
        ("missing", _short, {}),
        ("before", _holed, {}),
    ],
)
def test_a_seal_that_does_not_hold_says_why(tmp_path, capsys, fault, spoil, parts) -> None:
    text = swapped(words(sealed()), **parts)
    journal = sealed()
    if spoil is not None:
        spoil(journal)
    data = kept(tmp_path, journal)
    code, out, _ = run(capsys, data, "seal", "check", text, "--json")
    assert (code, json.loads(out)["fault"]) == (1, fault)
    code, out, _ = run(capsys, data, "seal", "check", text)
    assert code == 1
    assert len(out.splitlines()) == 3, "what, why, and what to do"


def test_a_journal_that_was_written_anew(tmp_path, capsys) -> None:
    """The same key signed the slip, and another history is kept."""
    other = Journal(TERMINAL).fill(25)
    other.seal()
    data = kept(tmp_path, other.fill(60))
    code, out, _ = run(capsys, data, "seal", "check", words(sealed()), "--json")
    assert (code, json.loads(out)["fault"]) == (1, "hash")


def test_a_body_changed_in_the_store(tmp_path, capsys) -> None:
    import sqlite3

    data = kept(tmp_path, sealed())
    with sqlite3.connect(data / "fleet.db") as db:
        db.execute("UPDATE records SET body = ? WHERE seq = 7", (b'{"lang":"zz"}',))
    code, out, _ = run(capsys, data, "seal", "check", words(sealed()), "--json")
    assert (code, json.loads(out)["fault"]) == (1, "before")


@pytest.mark.parametrize("text", ["", "S1:T0001:1:30", "https://example.cn/r/abc", "S2" + "A" * 300])
def test_what_is_no_seal_is_wrong_use(tmp_path, capsys, text) -> None:
    code, _, err = run(capsys, kept(tmp_path, sealed()), "seal", "check", text)
    assert code == 2
    assert "QR" in err


def test_a_terminal_nobody_knows(tmp_path, capsys) -> None:
    code, _, _ = run(capsys, kept(tmp_path, sealed()), "seal", "check", swapped(words(sealed()), terminal="T0009"))
    assert code == 2


def test_a_key_that_was_never_announced(tmp_path, capsys) -> None:
    journal = Journal(TERMINAL, born=False).fill(30)
    journal.seal()
    code, out, _ = run(capsys, filled(tmp_path / "fleet", journal), "seal", "check", words(journal), "--json")
    assert (code, json.loads(out)["fault"]) == (1, "key")
