"""The three bars: status at the top, title below it, hints of the soft keys at the bottom. Pure, given text widths."""

from firmware.render import icons
from firmware.render.fonts import clean
from firmware.render.palette import Colour
from firmware.render.strips import (
    HINTS_PX,
    MARGIN,
    STATUS_PX,
    TINT_ICONS,
    TITLE_PX,
    WIDTH,
    Fill,
    Icon,
    Measure,
    Part,
    Problem,
    Strip,
    Word,
    cut_problem,
    fit,
)
from firmware.view import Hint, Lang, Say, StatusBar, Tint
from texts import t

SMALL, TEXT = 14, 16
CAP_SIZE = 12
HINT_SIZES = (14, 12)
HINT_GAPS = (14, 8)
BACKLOG_SHOWN_MAX = 9_999
BATTERY_LOW_PERCENT = 20
_BASE = 15

_LINKS: dict[str, tuple[icons.IconName, Colour]] = {
    "up": ("link_up", Colour.INK),
    "connecting": ("link_wait", Colour.UNSURE),
    "down": ("link_down", Colour.BAD),
    "off": ("link_off", Colour.QUIET),
}

_PRINTERS: dict[str, tuple[icons.IconName, icons.IconName | None, Colour]] = {
    "ok": ("printer", None, Colour.INK),
    "busy": ("printer", "mark_wait", Colour.INK),
    "paper_low": ("printer", "mark_warn", Colour.UNSURE),
    "paper_out": ("printer", "mark_bad", Colour.BAD),
    "cover_open": ("printer_open", "mark_bad", Colour.BAD),
    "offline": ("printer_none", "mark_bad", Colour.BAD),
    "fault": ("printer", "mark_bad", Colour.BAD),
    "none": ("printer_none", None, Colour.QUIET),
}

_CLOCKS: dict[str, tuple[icons.IconName, Colour]] = {
    "floor": ("clock_floor", Colour.BAD),
    "hand": ("clock_hand", Colour.UNSURE),
}

_CAPS = {"OK": Colour.GOOD, "CANCEL": Colour.BAD, "CLEAR": Colour.AMBER}
"""Key caps in the colours these keys have on payment terminals everywhere; their names stand on them."""


def lay_status(status: StatusBar, lang: Lang, width: Measure) -> Strip:
    """Time and its trust, link, records not yet acknowledged, printer, battery, and at the right the operator."""
    parts: list[Part] = [Word(MARGIN, _BASE, status.time, SMALL, Colour.INK)]
    x = MARGIN + width(status.time, SMALL) + 3
    if status.clock in _CLOCKS:
        name, ink = _CLOCKS[status.clock]
        parts.append(Icon(x, 4, name, ink))
    x = _icon(parts, x + 14, *_LINKS[status.link])
    x = _backlog(parts, x + 4, status.backlog, lang, width) + 12
    name, mark, ink = _PRINTERS[status.printer]
    x = _icon(parts, x, name, ink)
    x = (_icon(parts, x + 2, mark, ink) if mark else x) + 10
    x = _battery(parts, x, status.battery)
    room = WIDTH - MARGIN - x
    operator = fit(clean(status.operator), SMALL, room, width)
    if operator:
        parts.append(Word(WIDTH - MARGIN - width(operator, SMALL), _BASE, operator, SMALL, Colour.INK))
    return Strip(STATUS_PX, Colour.BAR, tuple(parts))


def lay_training(words: str, status: StatusBar, width: Measure) -> Strip:
    """The status bar while practising: the task in hand on the colour of practice, and at the right how to leave."""
    kept = fit(clean(words), SMALL, WIDTH - 2 * MARGIN, width)
    part = Word(MARGIN, _BASE, kept, SMALL, Colour.PAPER, ground=Colour.TRAINING)
    return Strip(STATUS_PX, Colour.TRAINING, (part,), cut_problem(status.training, kept, clean(words), "training"))


def _icon(parts: list[Part], x: int, name: icons.IconName, ink: Colour) -> int:
    parts.append(Icon(x, 4, name, ink))
    return x + icons.size(name)[0]


def _backlog(parts: list[Part], x: int, count: int, lang: Lang, width: Measure) -> int:
    number = f"{BACKLOG_SHOWN_MAX}+" if count > BACKLOG_SHOWN_MAX else str(count)
    words = t("render", lang, "status__backlog", count=number)
    parts.append(Word(x, _BASE, words, SMALL, Colour.UNSURE if count else Colour.QUIET))
    return x + width(words, SMALL)


def _battery(parts: list[Part], x: int, percent: int | None) -> int:
    if percent is None:
        return x
    ink = Colour.BAD if percent < BATTERY_LOW_PERCENT else Colour.INK
    end = _icon(parts, x, "battery", ink)
    full_px = max(1, 11 * min(percent, 100) // 100)
    parts.append(Fill(x + 2, 8, full_px, 6, ink))
    return end + 10


def lay_title(title: Say, words: str, tint: Tint, page: str, width: Measure) -> Strip:
    """The title on the brand's colour, or on the tint's with its icon; the page of a list at the right."""
    grounds = {Tint.GOOD: Colour.GOOD, Tint.BAD: Colour.BAD, Tint.UNSURE: Colour.AMBER}
    ground = grounds.get(tint, Colour.BRAND)
    ink = Colour.INK if tint is Tint.UNSURE else Colour.PAPER
    parts: list[Part] = []
    start = MARGIN
    if tint in TINT_ICONS:
        parts.append(Icon(MARGIN, 4, TINT_ICONS[tint], ink))
        start += 22
    page_px = width(page, SMALL) + MARGIN if page else 0
    whole = clean(words)
    kept = fit(whole, TEXT, WIDTH - MARGIN - start - page_px, width)
    parts.append(Word(start, 18, kept, TEXT, ink))
    if page:
        parts.append(Word(WIDTH - page_px, 17, page, SMALL, ink))
    return Strip(TITLE_PX, ground, tuple(parts), cut_problem(title, kept, whole, "title"))


def lay_hints(hints: tuple[Hint, ...], words: tuple[str, ...], width: Measure) -> Strip:
    """Key caps with what they do; smaller and closer before anything is cut, which is a problem."""
    said = tuple(clean(text) for text in words)
    for size in HINT_SIZES:
        for gap in HINT_GAPS:
            parts, end = _hints(hints, said, size, gap, width)
            if end <= WIDTH - MARGIN:
                return Strip(HINTS_PX, Colour.BAR, parts)
    return Strip(HINTS_PX, Colour.BAR, parts, (Problem("hints", "hints", " ".join(said)),))


def _hints(
    hints: tuple[Hint, ...], words: tuple[str, ...], size: int, gap: int, width: Measure
) -> tuple[tuple[Part, ...], int]:
    parts: list[Part] = []
    x = MARGIN
    for hint, text in zip(hints, words, strict=True):
        cap = clean(hint.key)
        wide = max(14, width(cap, CAP_SIZE) + 8)
        colour = _CAPS.get(cap, Colour.CAP)
        ink = Colour.INK if colour is Colour.AMBER else Colour.PAPER
        parts.append(Fill(x, 2, wide, 16, colour, round=True))
        parts.append(Word(x + (wide - width(cap, CAP_SIZE)) // 2, 14, cap, CAP_SIZE, ink, ground=colour))
        parts.append(Word(x + wide + 4, _BASE, text, size, Colour.INK))
        x += wide + 4 + width(text, size) + gap
    return tuple(parts), x - gap if hints else MARGIN
