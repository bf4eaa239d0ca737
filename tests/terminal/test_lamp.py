"""What the lamp says: green ready, amber unknown, red trouble; and what a shop hears at its volume (domain 14.5)."""

import itertools

import pytest

from firmware.drivers.sound import TONES, BoardSound, Note
from firmware.events import (
    BatterySeen,
    DeviceSeen,
    DrawerSeen,
    Event,
    Light,
    LinkDown,
    LinkUp,
    PrinterSeen,
    Sound,
    ToneName,
)  # fmt: skip
from tests.counter import Counter
from wire.board import Tone

ATTENTION = Sound(ToneName.ATTENTION)


def lamps(counter: Counter) -> list[str]:
    """Every colour since the boot, in order."""
    return [effect.colour for effect in counter.out if isinstance(effect, Light)]


@pytest.mark.parametrize(
    ("event", "over", "colour"),
    [
        (PrinterSeen("paper_out"), PrinterSeen("ok"), "red"),
        (PrinterSeen("cover_open"), PrinterSeen("paper_low"), "red"),
        (DeviceSeen("keypad", False), DeviceSeen("keypad", True), "red"),
        (BatterySeen(5, False), BatterySeen(5, True), "red"),
        (LinkDown(1003), LinkUp(), "amber"),
    ],
    ids=lambda each: type(each).__name__ if not isinstance(each, str) else each,
)
def test_the_lamp_tells_trouble_and_that_it_is_over(tmp_path, event: Event, over: Event, colour: str) -> None:
    counter = Counter(tmp_path).open_for_business()
    assert lamps(counter)[-1] == "green"
    counter.step(event)
    assert lamps(counter)[-1] == colour
    counter.step(over)
    if counter.screen == "Refused":
        counter.keys("OK")
    assert lamps(counter)[-1] == "green"


def test_a_refusal_is_red_until_it_is_taken_note_of(tmp_path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.scan("6900000000007")
    assert counter.screen == "Refused"
    assert lamps(counter)[-1] == "red"
    counter.keys("OK")
    assert lamps(counter)[-1] == "green"


def test_a_drawer_left_open_is_red_and_heard_every_five_seconds_until_it_is_closed(tmp_path) -> None:
    counter = Counter(tmp_path).open_for_business()
    counter.step(DrawerSeen(False))
    counter.step(DrawerSeen(True))
    counter.pass_time(counter.settings.drawer.open_warn_s * 1000)
    assert lamps(counter)[-1] == "red"
    heard = counter.out.count(ATTENTION)
    counter.pass_time(15_000)
    assert counter.out.count(ATTENTION) == heard + 3
    counter.step(DrawerSeen(False))
    counter.pass_time(15_000)
    assert counter.out.count(ATTENTION) == heard + 3


def test_only_a_change_of_the_lamp_leaves_the_terminal(tmp_path) -> None:
    counter = Counter(tmp_path).open_for_business()
    colours = lamps(counter)
    assert all(before != after for before, after in itertools.pairwise(colours))


def test_the_tones_are_those_of_the_rule() -> None:
    success, failure = TONES[ToneName.SUCCESS], [note for note in TONES[ToneName.FAILURE] if note.hz]
    assert TONES[ToneName.CLICK][0].ms == 20
    assert TONES[ToneName.SCAN] == (Note(2_700, 80),)
    assert len(success) == 2
    assert success[0].hz < success[1].hz
    assert len(failure) == 3
    assert all(note.ms == 150 and note.hz < 500 for note in failure)
    assert len([note for note in TONES[ToneName.PAPER_OUT] if note.hz]) == 2


@pytest.mark.parametrize("volume", [1, 2, 3])
def test_the_virtual_buzzer_is_told_how_loud_the_shop_wants_it(volume: int) -> None:
    sent: list[object] = []
    BoardSound(lambda message: sent.append(message) is None).play(ToneName.SCAN, volume)
    assert sent == [Tone("scan", volume)]
