"""Tones and lamp: what a cashier hears and sees, and that a full queue never holds up the core."""

import threading

import pytest

from firmware.drivers.drawer import output
from firmware.drivers.sound import TONES, WAITING_MAX, BoardSound, GpioLamps, PwmBuzzer, Silence, Sounds
from firmware.events import Light, Sound, ToneName
from tests.devices.test_drawer import ChipBench
from wire.board import Lamp, Tone


def play(sounds, *effects):
    for effect in effects:
        sounds.carry_out(effect)
    thread = threading.Thread(target=sounds.run)
    thread.start()
    sounds._waiting.join()
    assert not sounds.busy()
    sounds.stop()
    thread.join(20)
    assert not thread.is_alive()


class Line:
    def __init__(self, works=True):
        self.sent, self.works = [], works

    def __call__(self, message):
        if self.works:
            self.sent.append(message)
        return self.works


def board_sounds(line, volume=2):
    board = BoardSound(line)
    return Sounds(lambda: board, lambda: board, volume), board


def test_every_tone_of_the_vocabulary_is_defined_and_short():
    assert set(TONES) == set(ToneName)
    assert all(sum(note.ms for note in notes) < 1_000 for notes in TONES.values())


def test_tones_and_colours_reach_the_board_in_order_and_the_lamp_goes_off_at_the_end():
    line = Line()
    play(board_sounds(line)[0], Sound(ToneName.SCAN), Light("green"), Sound(ToneName.SUCCESS))
    tones = [message for message in line.sent if isinstance(message, Tone)]
    assert tones == [Tone("scan"), Tone("success")]
    assert [message for message in line.sent if isinstance(message, Lamp)] == [Lamp("green"), Lamp("off")]


def test_muted_means_mute_but_not_dark():
    line = Line()
    play(board_sounds(line, volume=0)[0], Sound(ToneName.SCAN), Light("red"))
    assert line.sent == [Lamp("red"), Lamp("off")]


def test_a_flood_of_tones_never_blocks_and_never_loses_the_colour():
    line = Line()
    sounds, _ = board_sounds(line)
    for _ in range(100):
        sounds.carry_out(Sound(ToneName.CLICK))
    sounds.carry_out(Light("red"))
    play(sounds)
    assert line.sent.count(Tone("click")) == WAITING_MAX
    assert Lamp("red") in line.sent


def test_the_lamp_is_lit_again_on_a_board_that_came_back():
    line = Line()
    board = BoardSound(line)
    board.shine("green")
    board.board_lost()
    line.works = False
    board.shine("green")
    line.works = True
    board.shine("green")
    assert line.sent == [Lamp("green"), Lamp("green")]


def test_a_buzzer_that_is_not_there_leaves_the_terminal_mute():
    def broken():
        raise FileNotFoundError("pwmchip0")

    line = Line()
    play(Sounds(broken, lambda: BoardSound(line)), Sound(ToneName.SCAN), Light("red"))
    assert line.sent[0] == Lamp("red")
    play(Sounds(Silence, Silence), Sound(ToneName.SCAN))


@pytest.mark.parametrize("volume", [1, 2, 3])
def test_the_pwm_buzzer_sounds_and_falls_silent(tmp_path, volume):
    folder = tmp_path / "pwmchip0/pwm1"
    folder.mkdir(parents=True)
    heard = []

    def sleep(seconds):
        values = {name: int((folder / name).read_text()) for name in ("period", "duty_cycle", "enable")}
        heard.append((seconds, values))

    play(Sounds(lambda: PwmBuzzer(0, 1, tmp_path, sleep), Silence, volume), Sound(ToneName.SCAN))
    ((seconds, values),) = heard
    assert seconds == 0.08
    assert values == {
        "period": 1_000_000_000 // 2_700,
        "duty_cycle": 370_370 * PwmBuzzer.DUTY_PERCENT[volume] // 100,
        "enable": 1,
    }
    assert (folder / "enable").read_text() == "0"


COLOURS = {"off": (False, False), "green": (True, False), "red": (False, True), "amber": (True, True)}


@pytest.mark.parametrize("colour", COLOURS)
def test_gpio_lamps(colour):
    chip = ChipBench()
    chip_path = "/dev/gpiochip0"
    lamps = GpioLamps(output(chip_path, 5, request=chip.request), output(chip_path, 6, False, chip.request))
    lamps.shine(colour)
    green, red = COLOURS[colour]
    assert (bool(chip.lines[5].value), bool(chip.lines[6].value)) == (green, not red)  # red is wired active low
    lamps.close()
    assert [line.levels[-1] for line in chip.lines.values()] == [False, True]
    assert all(line.released for line in chip.lines.values())
