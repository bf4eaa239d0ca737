"""View -> picture of 320 x 240 palette indices. Runs in the display worker, never in the core.

A view is laid out into strips of the whole width (status, title, rows of the body, hints). Strips are kept with their
pictures, so a frame that differs from the one before in two rows costs two small copies.
"""

from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image

from firmware.render import palette
from firmware.render.bars import lay_hints, lay_status, lay_title, lay_training
from firmware.render.blocks import lay_block, lay_item
from firmware.render.fonts import FontMissing, Typesetter, digest, find_font
from firmware.render.paint import paint
from firmware.render.palette import Colour
from firmware.render.strips import (
    BODY_PX,
    BODY_TOP,
    HEIGHT,
    HINTS_PX,
    STATUS_PX,
    TITLE_PX,
    WIDTH,
    Problem,
    Speak,
    Strip,
)
from firmware.view import Block, Hint, Item, Items, Lang, Say, StatusBar, Tint, View

__all__ = ["HEIGHT", "WIDTH", "FontMissing", "Problem", "Renderer", "Speak", "digest", "find_font"]

LAYOUTS_MAX = 512
PICTURES_MAX = 256


class Renderer:
    """Draws views with the font at `font_path`; `speak` gives every text in the view's language.

    Holds the last frame, so one renderer serves one thread.
    """

    def __init__(self, font_path: str, speak: Speak) -> None:
        self.type = Typesetter(font_path)
        self._speak = speak
        self._status = lru_cache(maxsize=8)(self._lay_status)
        self._title = lru_cache(maxsize=LAYOUTS_MAX)(self._lay_title)
        self._hints = lru_cache(maxsize=LAYOUTS_MAX)(self._lay_hints)
        self._block = lru_cache(maxsize=LAYOUTS_MAX)(self._lay_block)
        self._item = lru_cache(maxsize=LAYOUTS_MAX)(self._lay_item)
        self._gap = lru_cache(maxsize=HEIGHT + 1)(_paper)
        self._pictures: OrderedDict[int, tuple[Strip, Image.Image]] = OrderedDict()
        self._frame = _blank()
        self._drawn: list[tuple[int, Strip]] = []

    def draw(self, view: View) -> Image.Image:
        """The picture of `view`, 320 x 240, mode P; it is the caller's own."""
        wanted = list(self._placed(view))
        before = set(self._drawn)
        for y, strip in wanted:
            if (y, strip) not in before:
                self._frame.paste(self._picture(strip), (0, y))
        self._drawn = wanted
        return self._frame.copy()

    def overflow(self, view: View) -> list[Problem]:
        """Everything of `view` that the screen cannot show whole; empty for every good screen."""
        body = self._body(view)
        strips = (*self._bars(view), *body)
        problems = [problem for strip in strips for problem in strip.problems]
        high = sum(strip.high for strip in body)
        if high > BODY_PX:
            problems.append(Problem("body", view.name, f"{high} px of {BODY_PX}"))
        return problems

    def _placed(self, view: View) -> Iterator[tuple[int, Strip]]:
        """Every strip of the frame with its top row; they cover the screen without a gap. A body too high is cut."""
        status, title, hints = self._bars(view)
        yield 0, status
        yield STATUS_PX, title
        y = STATUS_PX + TITLE_PX
        yield y, self._gap(BODY_TOP - y)
        y = BODY_TOP
        for strip in self._body(view):
            if y + strip.high > BODY_TOP + BODY_PX:
                break
            yield y, strip
            y += strip.high
        if y < BODY_TOP + BODY_PX:
            yield y, self._gap(BODY_TOP + BODY_PX - y)
        yield HEIGHT - HINTS_PX, hints

    def _bars(self, view: View) -> tuple[Strip, Strip, Strip]:
        return (
            self._status(view.status, view.lang),
            self._title(view.title, view.tint, _page(view.body), view.lang),
            self._hints(view.hints, view.lang),
        )

    def _body(self, view: View) -> list[Strip]:
        strips: list[Strip] = []
        for block in view.body:
            if isinstance(block, Items):
                numbered = any(item.number for item in block.items)
                strips += [
                    self._item(item, place == block.selected, numbered, view.lang)
                    for place, item in enumerate(block.items)
                ]
            else:
                strips += self._block(block, view.lang)
        return strips

    def _lay_status(self, status: StatusBar, lang: Lang) -> Strip:
        if status.training:
            return lay_training(self._speak(lang, status.training), status, self.type.width)
        return lay_status(status, lang, self.type.width)

    def _lay_title(self, title: Say, tint: Tint, page: str, lang: Lang) -> Strip:
        return lay_title(title, self._speak(lang, title), tint, page, self.type.width)

    def _lay_hints(self, hints: tuple[Hint, ...], lang: Lang) -> Strip:
        return lay_hints(hints, tuple(self._speak(lang, hint.text) for hint in hints), self.type.width)

    def _lay_block(self, block: Block, lang: Lang) -> tuple[Strip, ...]:
        return lay_block(block, lambda say: self._speak(lang, say), self.type.width)

    def _lay_item(self, item: Item, selected: bool, numbered: bool, lang: Lang) -> Strip:
        return lay_item(item, selected, numbered, lambda say: self._speak(lang, say), self.type.width)

    def _picture(self, strip: Strip) -> Image.Image:
        """The picture of a strip, kept while it is among the last `PICTURES_MAX` used."""
        known = self._pictures.get(id(strip))
        if known is not None:
            self._pictures.move_to_end(id(strip))
            return known[1]
        picture = Image.frombytes("P", (WIDTH, strip.high), paint(strip, self.type))
        self._pictures[id(strip)] = (strip, picture)  # the strip is held too, so that its id stays its own
        if len(self._pictures) > PICTURES_MAX:
            self._pictures.popitem(last=False)
        return picture


def _page(body: tuple[Block, ...]) -> str:
    """`2/5` for the list of a view that has more than one page."""
    for block in body:
        if isinstance(block, Items) and block.pages > 1:
            return f"{block.page}/{block.pages}"
    return ""


def _paper(high: int) -> Strip:
    return Strip(high, Colour.PAPER)


def _blank() -> Image.Image:
    frame = Image.new("P", (WIDTH, HEIGHT), palette.index(Colour.PAPER))
    frame.putpalette(palette.flat())
    return frame
