"""Tones and lamp. Effects are taken at once and played by the worker: a beep never holds up a sale."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Full, Queue
from typing import Any, Literal, Protocol

from firmware.events import Light, Sound, ToneName
from wire.board import Lamp, Tone

log = logging.getLogger(__name__)

Colour = Literal["off", "green", "red", "amber"]
WAITING_MAX = 8
"""Tones that may wait; a later one is dropped, because a beep that comes late misleads."""
VOLUME_MAX = 3


@dataclass(frozen=True, slots=True)
class Note:
    """One piece of a tone; 0 Hz is silence."""

    hz: int
    ms: int


_LOW, _GAP = Note(400, 150), Note(0, 60)
TONES: dict[ToneName, tuple[Note, ...]] = {
    ToneName.CLICK: (Note(2_000, 20),),
    ToneName.SCAN: (Note(2_700, 80),),
    ToneName.UNKNOWN: (_LOW, _GAP, _LOW),
    ToneName.SUCCESS: (Note(1_500, 100), Note(2_200, 150)),
    ToneName.FAILURE: (_LOW, _GAP, _LOW, _GAP, _LOW),
    ToneName.ATTENTION: (Note(1_000, 200),),
    ToneName.PAPER_OUT: (Note(1_200, 200), Note(0, 100), Note(1_200, 200)),
    ToneName.REJECT: (Note(600, 80), Note(0, 40), Note(600, 80)),
}
"""Domain 14.5 and 7.4."""


class Speaker(Protocol):
    def play(self, tone: ToneName, volume: int) -> None:
        """Play to the end; `volume` is 1 to 3."""

    def close(self) -> None: ...


class Lamps(Protocol):
    def shine(self, colour: Colour) -> None: ...
    def close(self) -> None: ...


class Sounds:
    """`carry_out` may be called by any thread and never blocks; `run` is a worker thread's body."""

    def __init__(self, speaker: Callable[[], Speaker], lamps: Callable[[], Lamps], volume: int = 2) -> None:
        """`speaker` and `lamps` are made in the worker; an OSError or ImportError of theirs leaves us mute or dark."""
        self._make_speaker, self._make_lamps = speaker, lamps
        self._waiting: Queue[Sound | Light | None] = Queue(WAITING_MAX)
        self._colour: Colour = "off"
        self._stopping = False
        self.set_volume(volume)

    def set_volume(self, volume: int) -> None:
        """0 is mute (a setting)."""
        assert 0 <= volume <= VOLUME_MAX, volume
        self._volume = volume

    def carry_out(self, effect: Sound | Light) -> None:
        """Play or shine soon. Of lamps only the latest colour counts, so none is lost."""
        if isinstance(effect, Light):
            self._colour = effect.colour
        try:
            self._waiting.put_nowait(effect)
        except Full:
            log.info("dropped: %s", effect)

    def busy(self) -> bool:
        """Whether a tone waits or plays."""
        return self._waiting.unfinished_tasks > 0

    def stop(self) -> None:
        """Make `run` return after the tone in hand; may be called by any thread, also before `run`."""
        self._stopping = True
        try:
            self._waiting.put_nowait(None)
        except Full:
            log.info("stopping with tones waiting")

    def run(self) -> None:
        """Body of the worker; returns after `stop`, with the lamp off."""
        speaker = _made(self._make_speaker, Silence)
        lamps = _made(self._make_lamps, Silence)
        try:
            while not self._stopping:
                effect = self._waiting.get()
                try:
                    self._do(effect, speaker, lamps)
                except OSError as wrong:
                    log.warning("%s: %s", effect, wrong)
                finally:
                    self._waiting.task_done()
        finally:
            lamps.close()
            speaker.close()

    def _do(self, effect: Sound | Light | None, speaker: Speaker, lamps: Lamps) -> None:
        if isinstance(effect, Sound) and self._volume:
            speaker.play(effect.tone, self._volume)
        lamps.shine(self._colour)


class Silence:
    """No buzzer, no lamp."""

    def play(self, tone: ToneName, volume: int) -> None:
        """Nothing."""

    def shine(self, colour: Colour) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class BoardSound:
    """Buzzer and lamp of the virtual board."""

    def __init__(self, send: Callable[[Tone | Lamp], bool]) -> None:
        self._send = send
        self._colour: Colour = "off"

    def play(self, tone: ToneName, volume: int) -> None:
        assert 1 <= volume <= VOLUME_MAX, volume
        self._send(Tone(tone.value, volume))

    def shine(self, colour: Colour) -> None:
        """Only changes travel; one that did not arrive is sent again with the next effect."""
        if colour != self._colour and self._send(Lamp(colour)):
            self._colour = colour

    def board_lost(self) -> None:
        """A board that comes back is dark."""
        self._colour = "off"

    def close(self) -> None:
        self.shine("off")


class PwmBuzzer:
    """A buzzer on a PWM channel of the kernel; loudness is the pulse's share of the period. Hardware: not run."""

    DUTY_PERCENT = (0, 3, 12, 50)

    def __init__(
        self, chip: int, channel: int, root: Path = Path("/sys/class/pwm"), sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._sleep = sleep
        self._folder = root / f"pwmchip{chip}" / f"pwm{channel}"
        if not self._folder.exists():
            (root / f"pwmchip{chip}" / "export").write_text(str(channel))
        self._set("enable", 0)

    def play(self, tone: ToneName, volume: int) -> None:
        try:
            for note in TONES[tone]:
                self._sound(note.hz, volume)
                self._sleep(note.ms / 1000)
        finally:
            self._set("enable", 0)

    def close(self) -> None:
        self._set("enable", 0)

    def _sound(self, hz: int, volume: int) -> None:
        if hz == 0:
            self._set("enable", 0)
            return
        period_ns = 1_000_000_000 // hz
        self._set("duty_cycle", 0)  # the kernel refuses a period shorter than the duty that stands
        self._set("period", period_ns)
        self._set("duty_cycle", period_ns * self.DUTY_PERCENT[volume] // 100)
        self._set("enable", 1)

    def _set(self, name: str, value: int) -> None:
        (self._folder / name).write_text(str(value))


class GpioLamps:
    """A green and a red lamp on output lines (gpiozero devices); amber is both."""

    def __init__(self, green: Any, red: Any) -> None:
        self._green, self._red = green, red

    def shine(self, colour: Colour) -> None:
        self._green.value = colour in ("green", "amber")
        self._red.value = colour in ("red", "amber")

    def close(self) -> None:
        for lamp in (self._green, self._red):
            lamp.off()
            lamp.close()
            lamp.pin_factory.close()


def _made(make: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    try:
        return make()
    except (ImportError, OSError) as wrong:
        log.error("no sound or lamp: %s", wrong)
        return otherwise()
