"""What kind of printer the bytes go to."""

from dataclasses import dataclass
from typing import Literal

Charset = Literal["gb18030", "gbk"]
SlipEnd = Literal["cut", "fence", "feed"]


@dataclass(frozen=True, slots=True)
class PaperProfile:
    """The properties of a printer that change what its paper looks like.

    `dots`: printable width, 384 on 58 mm paper, 576 on 80 mm paper, at `dots_per_mm` 8 (203 dpi).
    `charset`: a `gbk` printer takes the four-byte codes of GB18030 for rubbish, as cheap ones do.
    `hanzi_on`: whether the Chinese mode (`FS &`) is on after power-up and `ESC @`.
    `slip_end`: what ends a slip. `cut`: a cutter. The other two are torn by hand: `fence` at the status answer that
    stands at the end of each slip (`GS ( H` or `GS r`), `feed` at one feed of at least `TEAR_FEED_DOTS` past the last
    ink. A cut command ends a slip on all three, as the mark where a hand would tear.
    """

    name: str = "virtual-58"
    dots: int = 384
    dots_per_mm: int = 8
    charset: Charset = "gb18030"
    hanzi_on: bool = True
    slip_end: SlipEnd = "fence"
    spacing_dots: int = 30
    maker: str = "POS"
    firmware: str = "1.00"

    def __post_init__(self) -> None:
        assert self.dots >= 96, "narrower paper does not exist"
        assert self.dots % 8 == 0, "the head prints whole bytes of dots"
        assert 0 < self.spacing_dots < 256


PAPER_58 = PaperProfile()
PAPER_80 = PaperProfile(name="virtual-80", dots=576, slip_end="cut")
