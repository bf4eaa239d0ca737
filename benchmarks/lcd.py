"""LCD: bytes sent per key against the spans that changed, and CPU time from view to bytes (pitfalls 3).

Each function returns plain numbers; goals stand beside them in `LIMITS`. Bytes are exact; times are the least of several
rounds on this machine; Pillow drawing the same texts of the body without any cache stands beside them as the peer.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from firmware.drivers.display.panel import Glass, SpanPanel
from firmware.drivers.display.spans import span_bytes
from firmware.drivers.display.wires import DC
from firmware.render import Renderer, find_font
from firmware.render_text import lines
from firmware.view import Field, Hint, Item, Items, Lang, Row, Say, StatusBar, View

LIMITS = {
    "bytes_ratio": 1.1,  # sent / changed spans, of the worst key
    "digit_bytes": 1_100,
    "menu_bytes": 33_800,
    "draw_menu_ms": 1.0,
    "draw_step_ms": 0.05,
}

ROUNDS, REPEATS = 5, 40
_STATUS = StatusBar("14:05", "trusted", "up", 0, "ok", 86, "01 王小明")
_NAMES = ("收款", "商品销售", "验券(美团/抖音)", "补打小票", "退货/撤销", "会员", "开票")
_HINTS = (Hint("OK", "选择"), Hint("CANCEL", "返回"), Hint("UP", "上"), Hint("DOWN", "下"))


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes on the wire for one key, and the measure they are held against."""

    name: str
    sent_bytes: int
    span_bytes: int

    @property
    def ratio(self) -> float:
        return self.sent_bytes / self.span_bytes


def menu(selected: int) -> View:
    """A full page of a menu with one row selected."""
    items = Items(tuple(Item(str(n), name) for n, name in enumerate(_NAMES, 1)), selected)
    return View("Menu", "zh", "菜单", (items,), _HINTS, _STATUS)


def typing(digits: str) -> View:
    """An amount being typed."""
    return View("Cash", "zh", "现金收款", (Row("应收", "42.48"), Field("实收", digits)), _HINTS, _STATUS)


def traffic() -> tuple[Sent, ...]:
    """Bytes of single keys on the ST7789: steps of a menu, and digits of an amount."""
    steps = [("menu step", menu(n), menu(n + 1)) for n in range(len(_NAMES) - 1)]
    digits = [("digit", typing("12345678"[:n]), typing("12345678"[: n + 1])) for n in range(1, 8)]
    return tuple(_sent(name, before, after) for name, before, after in [*steps, *digits])


def whole_frame_bytes() -> int:
    """Bytes of the first frame, set-up not counted: what every step would cost without spans."""
    wire, panel = _panel()
    start = wire.written
    panel.display(Renderer(find_font(), _plain).draw(menu(0)))
    return wire.written - start


def draw_menu_ms() -> float:
    """CPU time of drawing a whole menu, every strip laid out and painted anew, from text runs that were set before."""
    known = _fresh()
    known.draw(menu(0))
    anew = [Renderer(find_font(), _plain) for _ in range(ROUNDS * 4)]
    for renderer in anew:
        renderer.type = known.type
    return min(_timed(partial(renderer.draw, menu(0)), 1) for renderer in anew)


def draw_menu_first_ms() -> float:
    """As `draw_menu_ms` when no text of it was ever set: the font's own work, as in `plain_pillow_ms`."""
    return min(_timed(partial(_fresh().draw, menu(0)), 1) for _ in range(ROUNDS * 4))


def draw_step_ms() -> float:
    """CPU time of drawing a menu step whose rows have been drawn before."""
    renderer = _fresh()
    views = [menu(n) for n in (0, 1)]
    for view in views:
        renderer.draw(view)
    return min(_timed(_cycle(renderer.draw, views), REPEATS) for _ in range(ROUNDS))


def key_to_bytes_ms() -> float:
    """CPU time from a view to its bytes handed to the wire, for a menu step."""
    renderer = _fresh()
    _, panel = _panel()
    views = [menu(n) for n in (0, 1)]

    def show(view: View) -> None:
        panel.display(renderer.draw(view))

    for view in views:
        show(view)
    return min(_timed(_cycle(show, views), REPEATS) for _ in range(ROUNDS))


def plain_pillow_ms() -> float:
    """The peer: title, body and hints as a dozen plain lines drawn by Pillow alone on a fresh RGB picture."""
    font = ImageFont.truetype(find_font(), 16, layout_engine=ImageFont.Layout.BASIC)
    title, body, hints = lines(menu(0), partial(_plain, "zh"))

    def draw() -> None:
        pen = ImageDraw.Draw(Image.new("RGB", (320, 240), "white"))
        for row, text in enumerate((title, *body, " ".join(hints))):
            pen.text((8, 24 * row), text, fill="black", font=font)

    draw()
    return min(_timed(draw, 4) for _ in range(ROUNDS))


def measure() -> dict[str, float]:
    """Everything of this page by the names of `LIMITS`, with the peer beside."""
    sent = traffic()
    return {
        "bytes_ratio": max(one.ratio for one in sent),
        "digit_bytes": max(one.sent_bytes for one in sent if one.name == "digit"),
        "menu_bytes": max(one.sent_bytes for one in sent if one.name == "menu step"),
        "whole_frame_bytes": whole_frame_bytes(),
        "draw_menu_ms": draw_menu_ms(),
        "draw_menu_first_ms": draw_menu_first_ms(),
        "draw_step_ms": draw_step_ms(),
        "key_to_bytes_ms": key_to_bytes_ms(),
        "plain_pillow_ms": plain_pillow_ms(),
    }


class _Counter:
    """A wire that only counts."""

    OUT, LOW, HIGH = 0, 0, 1

    def __init__(self) -> None:
        self.max_speed_hz = self.written = 0

    def open(self, bus: int, select: int) -> None:
        """Nothing to open."""

    def writebytes(self, data: Sequence[int]) -> None:
        self.written += len(data)

    def setup(self, pin: int, mode: int) -> None:
        """No pins."""

    def output(self, pin: int, value: int) -> None:
        """No pins."""

    def cleanup(self, pins: object = None) -> None:
        """No pins."""

    def close(self) -> None:
        """Nothing to close."""


def _panel() -> tuple[_Counter, Any]:
    from luma.core.interface.serial import spi

    wire = _Counter()
    return wire, SpanPanel(spi(spi=wire, gpio=wire, gpio_DC=DC, gpio_RST=None), wire, Glass("st7789"), wake_s=0)


def _sent(name: str, before: View, after: View) -> Sent:
    wire, panel = _panel()
    renderer = Renderer(find_font(), _plain)
    first, then = renderer.draw(before), renderer.draw(after)
    panel.display(first)
    start = wire.written
    panel.display(then)
    return Sent(name, wire.written - start, span_bytes(first.tobytes(), then.tobytes(), 320))


def _fresh() -> Renderer:
    """A renderer whose fonts are loaded and whose caches hold nothing of a menu."""
    renderer = Renderer(find_font(), _plain)
    for size in (12, 14, 16):
        renderer.type.width("预热", size)
    return renderer


def _plain(lang: Lang, say: Say) -> str:
    assert isinstance(say, str)
    return say


def _cycle(act: Callable[[View], object], views: list[View]) -> Callable[[], None]:
    def turns() -> Iterator[View]:
        while True:
            yield from views

    turn = turns()
    return lambda: (act(next(turn)), None)[1]


def _timed(act: Callable[[], object], repeats: int) -> float:
    start = time.thread_time()
    for _ in range(repeats):
        act()
    return (time.thread_time() - start) * 1000 / repeats


if __name__ == "__main__":
    for key, value in measure().items():
        print(f"{key:20} {value:12.3f}  {'limit ' + str(LIMITS[key]) if key in LIMITS else ''}")
