"""Processor time from a key to the bytes of its frame: `Terminal.step`, `Renderer.draw`, the panel's changed spans.

The peer draws the texts of the same screen as plain lines with Pillow, and sends nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from benchmarks.harness import Figure, Scale, Timed, cpu, in_turns, medians
from benchmarks.lcd import _panel
from benchmarks.shop import Till
from firmware.events import Key, KeyPressed, Now, Show
from firmware.render import Renderer, find_font
from firmware.render_text import lines, speak
from firmware.view import View
from tests.counter import DAY_MS

RATIO_MAX = 1.5
"""A frame that is decided, laid out, drawn and turned into changed spans may cost half as much again as plain lines of
the same texts. That is some 2 ms on the reference machine, and stays below 20 ms on an ARM core eight times slower."""

WHY = "the step reads the ledger for the view, and its first drawing sets type"


@dataclass(frozen=True, slots=True)
class Walk:
    """Keys that lead from a screen back to itself."""

    name: str
    lead: str
    keys: tuple[str, ...]


WALKS = (
    Walk("digit of an amount", "1", ("2", "3", "CLEAR", "CLEAR")),
    Walk("step in the menu", "MENU", ("DOWN", "UP")),
    Walk("row of the basket", "", ("UP", "DOWN")),
)


def measure(scale: Scale) -> list[Figure]:
    """Each walk, step and drawing apart."""
    figures = []
    for number, walk in enumerate(WALKS):
        folder = scale.folder / str(number)
        folder.mkdir()
        till = Till(folder).open()
        if not walk.lead:
            till.ready_to_settle()
            till.keys("CANCEL")
        till.keys(walk.lead)
        figures += _of_walk(till, walk, scale.pick(80, 400))
        till.ledger.close()
    return figures


def _of_walk(till: Till, walk: Walk, rounds: int) -> list[Figure]:
    parts = _Parts(till, walk)
    taken = medians(in_turns({"peer": parts.peer(), "all": parts.key}, rounds, warm_up=2 * len(walk.keys)))
    steps = sorted(parts.steps)
    step_ms = steps[len(steps) // 2] * 1000
    detail = (
        f"{taken['all'] * 1000:.2f} ms, {step_ms:.2f} ms of it the step; Pillow alone {taken['peer'] * 1000:.2f} ms"
    )
    return [
        Figure(f"key to frame: {walk.name}", taken["all"] / taken["peer"], "×", RATIO_MAX, detail=detail, why=WHY),
    ]


class _Parts:
    """One key after the other through terminal, renderer and panel."""

    def __init__(self, till: Till, walk: Walk) -> None:
        self.till = till
        self.renderer = Renderer(find_font(), speak)
        _, self.panel = _panel()
        self.keys: Iterator[str] = cycle(walk.keys)
        self.steps: list[float] = []
        assert till.terminal.shown is not None
        self.show(till.terminal.shown)

    def show(self, view: View) -> None:
        self.panel.display(self.renderer.draw(view))

    def key(self) -> float:
        """Processor seconds of the next key."""
        self.till.ms += 100
        event, now = KeyPressed(Key(next(self.keys))), Now(self.till.ms, DAY_MS + self.till.ms, "trusted")
        shown: list[Show] = []

        def step() -> None:
            shown.extend(effect for effect in self.till.terminal.step(event, now) if isinstance(effect, Show))

        def frame() -> None:
            for effect in shown:
                self.show(effect.view)

        took_s = cpu(step)()
        assert len(shown) == 1, f"{event} changes nothing on {self.till.screen}"
        self.steps.append(took_s)
        return took_s + cpu(frame)()

    def peer(self) -> Timed:
        """The same texts, plainly."""
        font = ImageFont.truetype(find_font(), 16, layout_engine=ImageFont.Layout.BASIC)

        def draw() -> None:
            view: Any = self.till.terminal.shown
            title, body, hints = lines(view, lambda say: speak(view.lang, say))
            pen = ImageDraw.Draw(Image.new("RGB", (320, 240), "white"))
            for row, text in enumerate((title, *body, " ".join(hints))):
                pen.text((8, 24 * row), text, fill="black", font=font)

        act: Callable[[], object] = draw
        return cpu(act)
