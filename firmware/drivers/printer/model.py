"""What a printer can do, as data (`models.toml`)."""

import tomllib
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

Fence = Literal["gs_h", "gs_r", "none"]
Tuning = Literal["none", "gs_k", "dc2"]


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One family of printers.

    `encoding`: the characters its font has; the bytes sent are GB18030 always. `fence`: how it proves that a slip is on
    paper: `GS ( H` (answers when printing is completed), `GS r` (answers when the buffer has been worked off), or not
    at all. `tuning`: the command it takes for density and speed, if any. `clear`: it obeys `DLE DC4 8` and says so.
    `status`: it answers `DLE EOT`. `drawer`: `realtime` is obeyed even while paper is out, `plain` waits in the buffer.
    """

    paper_mm: Literal[58, 80]
    escpos: str
    fence: Fence = "none"
    clear: bool = False
    status: bool = True
    cutter: Literal["none", "partial", "full"] = "none"
    tear_lines: Annotated[int, msgspec.Meta(ge=0, le=12)] = 4
    native_qr: bool = False
    encoding: Literal["gb2312", "gbk", "gb18030"] = "gbk"
    drawer: Literal["none", "realtime", "plain"] = "none"
    drawer_pin: Literal[2, 5] = 2
    drawer_ms: Annotated[int, msgspec.Meta(ge=50, le=200)] = 100
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 9600
    flow: Literal["none", "rtscts", "xonxoff"] = "none"
    speed_mm_s: Annotated[int, msgspec.Meta(ge=10, le=500)] = 60
    tuning: Tuning = "none"
    density: Annotated[int, msgspec.Meta(ge=1, le=5)] = 3
    slow: bool = False

    @property
    def columns(self) -> int:
        """Columns of font A, 12 dots each."""
        return 32 if self.paper_mm == 58 else 48

    @property
    def dots(self) -> int:
        """Printable dots across, 8 to the millimetre."""
        return self.columns * 12


def models() -> dict[str, Model]:
    """All models that come with the firmware, by name. Raises `msgspec.ValidationError` naming the wrong key."""
    raw = tomllib.loads(files(__package__).joinpath("models.toml").read_text(encoding="utf-8"))
    return msgspec.convert(raw, dict[str, Model])


def model_for(
    paper_mm: Literal[58, 80],
    *,
    virtual: bool = False,
    fence: Fence | None = None,
    cutter: bool | None = None,
    escpos: str = "",
    baud: int | None = None,
    tuning: Tuning | None = None,
    cut: Literal["full", "partial", "none"] = "partial",
    density: int = 3,
    slow: bool = False,
) -> Model:
    """The model a hardware profile describes: the shipped one for that paper, with what the profile says instead; how it
    cuts, how dark and how fast it prints are the shop's settings, as far as the model can."""
    base = models()[f"{'virtual' if virtual else 'generic'}{paper_mm}"]
    changes: dict[str, object] = {"density": density, "slow": slow}
    if tuning is not None:
        changes |= {"tuning": tuning}
    if fence is not None:
        changes |= {"fence": fence}
    if cutter is None:
        cutter = base.cutter != "none"
    changes |= {"cutter": cut if cutter else "none"}
    if escpos:
        changes |= {"escpos": escpos}
    if baud is not None:
        changes |= {"baud": baud}
    return msgspec.convert({**msgspec.structs.asdict(base), **changes}, Model)
