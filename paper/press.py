"""The print mechanism as the commands see it: modes, the line begun, and what came of it."""

from copy import copy

from paper import barcodes
from paper.bits import drawn
from paper.characters import REPLACEMENT, decode, narrow
from paper.events import EVENT_BYTES_MAX, BadText, Cut, Initialised, LineDone, PaperEvent, SymbolRefused, Unknown
from paper.line import Line
from paper.modes import Modes
from paper.profile import PaperProfile
from paper.qr import QR_BYTES_MAX, QrError, qr_graphic
from paper.rows import Graphic, Row, Run, Style

FEED_DOTS_MAX = 8_128
"""One command feeds at most 1016 mm (Epson, ESC J and ESC d)."""

CELL_A, CELL_B, CELL_HANZI = (12, 24), (9, 17), (24, 24)


class Press:
    """Executes what the interpreter has read. Every method may add to `events`; none keeps more than one line."""

    __slots__ = ("events", "line", "modes", "profile", "selected")

    def __init__(self, profile: PaperProfile) -> None:
        self.profile = profile
        self.events: list[PaperEvent] = []
        self.selected = True
        self.reset()

    def reset(self) -> None:
        """As after power-up; the line begun is gone."""
        self.modes = Modes(self.profile)
        self.line = Line(self.modes)

    def adopt(self, other: "Press") -> None:
        """Take over the modes of another press; the line begun is dropped."""
        self.selected, self.modes = other.selected, copy(other.modes)
        self.line = Line(self.modes)

    def initialise(self) -> None:
        self.reset()
        self.events.append(Initialised())

    def unknown(self, data: bytes) -> None:
        self.events.append(Unknown(data[:EVENT_BYTES_MAX]))

    # --- text

    def narrow_char(self, byte: int) -> None:
        """A one-byte character of the code page chosen."""
        char = narrow(byte, self.modes.page, self.modes.country)
        if char is None:
            self.bad_text(bytes((byte,)))
        else:
            self._put(char, CELL_B if self.modes.font_b else CELL_A, self.modes.style(), (0, self.modes.gap))

    def hanzi_char(self, code: bytes) -> None:
        """A character of two or four bytes, two columns wide whatever it is."""
        char = decode(code, self.profile.charset)
        if char is None:
            self.events.append(BadText(code))
        self._put(char or REPLACEMENT, CELL_HANZI, self.modes.hanzi_style(), self.modes.hanzi_gaps)

    def bad_text(self, data: bytes) -> None:
        """Bytes that are no character: one mark, one column wide."""
        self.events.append(BadText(data))
        self._put(REPLACEMENT, CELL_B if self.modes.font_b else CELL_A, self.modes.style(), (0, self.modes.gap))

    def _put(self, char: str, cell: tuple[int, int], style: Style, gaps: tuple[int, int]) -> None:
        if not self.line.fits((cell[0] + sum(gaps)) * style.wide):
            self.print_line()
        self.line.put(char, cell, style, gaps)

    # --- movement of the paper

    def print_line(self, height: int | None = None) -> None:
        """Print the line begun and feed to at least `height` dots, one line spacing when not given."""
        least = self.modes.spacing if height is None else height
        self.events.append(LineDone(self.line.row(least)))

    def flush(self) -> None:
        """Print the line begun, if there is one."""
        if self.line:
            self.print_line()

    def feed_lines(self, count: int) -> None:
        """`ESC d`: the first line carries what was begun, and a tall line is never overprinted."""
        taller = max(0, self.line.ink - self.modes.spacing)
        self.feed_dots(count * self.modes.spacing + (taller if count else 0))

    def feed_dots(self, dots: int) -> None:
        """`ESC J`: print what was begun and feed `dots` from its top."""
        if dots or self.line:
            self.print_line(min(dots, FEED_DOTS_MAX))

    def cut(self, partial: bool, feed: int = 0) -> None:
        self.flush()
        self.feed_dots(feed)
        self.events.append(Cut(partial))

    # --- position in the line

    def tab(self) -> None:
        """To the next stop right of here; without one, nothing happens."""
        pitch = (CELL_B if self.modes.font_b else CELL_A)[0] * self.modes.wide + self.modes.gap * self.modes.wide
        stops = (stop * pitch for stop in self.modes.tabs)
        self.move_to(next((stop for stop in stops if stop > self.line.x), self.line.x))

    def move_to(self, x: int) -> None:
        """Positions outside the print area are ignored (Epson, ESC $)."""
        if 0 <= x <= self.modes.usable():
            self.line.x = x

    # --- graphics

    def graphic(self, graphic: Graphic) -> Row | None:
        """Print a graphic on its own, aligned; None when nothing of it lies on the paper."""
        self.flush()
        self.line.clear()
        self.line.place(graphic)
        if not self.line:
            return None
        row = self.line.row(0)
        self.events.append(LineDone(row))
        return row

    def barcode(self, kind: str, data: bytes) -> None:
        """`GS k` with its text above or below as `GS H` says. One that is too wide is not printed (Epson)."""
        try:
            bars, text = barcodes.modules(kind, data)
        except barcodes.BarcodeError as error:
            return self._refuse(kind, str(error), data)
        if len(bars) * self.modes.bar_width > self.modes.usable():
            return self._refuse(kind, "wider than the paper", data)
        bar = drawn([[int(module) for module in bars]], self.modes.bar_width, "barcode", f"{kind} {text}")
        row_bytes = (bar.width + 7) // 8
        high = self.modes.bar_height
        block = Graphic(0, bar.width, high, bar.bits[:row_bytes] * high, "barcode", bar.text)
        self.flush()
        x = self._aligned(bar.width)
        if self.modes.bar_text & 1:
            self._bar_text(text, x, bar.width)
        self.graphic(block)
        if self.modes.bar_text & 2:
            self._bar_text(text, x, bar.width)
        return None

    def qr(self) -> None:
        """Print the stored QR code. One that is too wide is not printed."""
        data, modes = self.modes.qr_data[:QR_BYTES_MAX], self.modes
        try:
            if not data:
                raise QrError("nothing is stored")
            graphic = qr_graphic(data, modes.qr_level, modes.qr_module)
        except QrError as error:
            return self._refuse("qr", str(error), data)
        if graphic.width > modes.usable():
            return self._refuse("qr", "wider than the paper", data)
        self.graphic(graphic)
        return None

    def _refuse(self, kind: str, reason: str, data: bytes) -> None:
        self.events.append(SymbolRefused(kind, reason, data[:EVENT_BYTES_MAX]))

    def _aligned(self, width: int) -> int:
        slack = max(0, self.modes.usable() - width)
        return self.modes.margin() + {"left": 0, "centre": slack // 2, "right": slack}[self.modes.align]

    def _bar_text(self, text: str, x: int, width: int) -> None:
        printable = "".join(char if " " <= char <= "~" else " " for char in text)
        room = self.profile.dots // CELL_A[0]
        run = Run(0, printable[:room], *CELL_A, CELL_A[0], Style())
        left = min(max(0, x + (width - run.width) // 2), self.profile.dots - run.width)
        placed = Run(left, run.text, *CELL_A, CELL_A[0], Style())
        self.events.append(LineDone(Row((placed,), placed.height, placed.height, self.modes.align)))
