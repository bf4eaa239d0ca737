"""Trouble with the terminal's own certificate reaches whoever has to look."""

from firmware.events import KeyTrouble
from tests.counter import Counter


def test_trouble_with_the_key_is_recorded_for_the_backend(tmp_path):
    counter = Counter(tmp_path).open_for_business()
    counter.step(KeyTrouble("the new certificate was refused, the one before serves on"))
    counter.pass_time(3_000)
    troubles = [entry.fact for entry in counter.ledger.entries() if entry.fact.KIND == "trouble"]
    assert [(fact.code, fact.detail) for fact in troubles] == [
        (1006, "the new certificate was refused, the one before serves on")
    ]
