"""A terminal whose ledger cannot be used says so on its screen, and does nothing else."""

import pytest

from firmware.events import Exit, Key, KeyPressed, Light, Now, Scanned, Show, Started, StopAsked
from firmware.halted import Halted
from firmware.render import Renderer, find_font
from firmware.render_text import lines, speak

NOW = Now(1, 1_795_305_600_000, "floor")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("code", [2008, 9002, 9003, 9013, 9015])
def test_it_shows_the_code_and_what_to_do_and_nothing_is_cut(code: int, lang: str) -> None:
    halted = Halted("00010023", code, "record 7", lang, NOW)  # type: ignore[arg-type]
    effects = halted.step(Started(b"", "b"), NOW)
    shown = next(effect.view for effect in effects if isinstance(effect, Show))
    title, body, _ = lines(shown, lambda say: speak(shown.lang, say))
    assert f"[{code}]" in "".join(body)
    assert "00010023" in "".join(body)
    assert title
    assert Light("red") in effects
    assert Renderer(find_font(), speak).overflow(shown) == []


def test_it_takes_no_sale_and_ends_when_told() -> None:
    halted = Halted("00010023", 9003, "", "zh", NOW)
    halted.step(Started(b"", "b"), NOW)
    assert halted.step(KeyPressed(Key.OK), NOW) == ()
    assert halted.step(Scanned("6901234567892"), NOW) == ()
    assert halted.step(StopAsked("SIGTERM"), NOW) == (Exit("SIGTERM"),)
