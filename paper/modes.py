"""Everything a command can set: the printer's modes, all as after power-up when newly made."""

from dataclasses import dataclass

from paper.profile import PaperProfile
from paper.rows import Align, Graphic, Style

TABS_DEFAULT = tuple(range(8, 65, 8))


@dataclass(slots=True)
class Modes:
    """Lengths in dots. ASCII and hanzi have sizes of their own: `ESC !` sets the first, `FS !` the second and `GS !`
    both, so a slip that enlarges with `ESC !` alone keeps its hanzi small, as on the paper of a real printer."""

    profile: PaperProfile
    align: Align = "left"
    font_b: bool = False
    bold: bool = False
    double_strike: bool = False
    underline: int = 0
    invert: bool = False
    wide: int = 1
    high: int = 1
    hanzi: bool = True
    hanzi_wide: int = 1
    hanzi_high: int = 1
    hanzi_underline: int = 0
    gap: int = 0
    hanzi_gaps: tuple[int, int] = (0, 0)
    spacing: int = 0
    left: int = 0
    area: int = 0
    page: int = 0
    country: int = 0
    tabs: tuple[int, ...] = TABS_DEFAULT
    bar_width: int = 3
    bar_height: int = 162
    bar_text: int = 0
    qr_module: int = 3
    qr_level: str = "l"
    qr_data: bytes = b""
    pdf417_data: bytes = b""
    stored: Graphic | None = None

    def __post_init__(self) -> None:
        self.hanzi = self.profile.hanzi_on
        self.spacing = self.profile.spacing_dots
        self.area = self.profile.dots

    def style(self) -> Style:
        """The look of one-byte characters now."""
        return Style(
            "B" if self.font_b else "A",
            self.bold or self.double_strike,
            self.underline,
            self.invert,
            self.wide,
            self.high,
        )

    def hanzi_style(self) -> Style:
        """The look of hanzi now; they have one font."""
        line = self.hanzi_underline or self.underline
        return Style("A", self.bold or self.double_strike, line, self.invert, self.hanzi_wide, self.hanzi_high)

    def margin(self) -> int:
        """Left edge of the print area, never so far right that nothing fits."""
        return min(self.left, self.profile.dots - 8)

    def usable(self) -> int:
        """Width of the print area within the paper."""
        return max(8, min(self.area, self.profile.dots - self.margin()))
