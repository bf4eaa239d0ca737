"""Hardware profiles: which devices a board has and how they are wired, read from `profiles/*.toml`.

A profile is data a maker can write. Each device names its `kind`; an option the kind does not know, a value out of
bounds, or a line used twice is an error that names its place (`$.drawer.pulse_line`), so a slip is found before a sale.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from firmware.events import Key
from rules.settings_model import Hardware as Wanted
from wire.board import KEY_CODES

FOLDER = Path(__file__).parent / "profiles"
PROFILE_BYTES_MAX = 64 * 1024
KEY_CODES_MAX = 8
"""How many evdev codes may stand for one key."""

EvdevCode = Annotated[int, msgspec.Meta(ge=1, le=0x2FF)]
Gpio = Annotated[int, msgspec.Meta(ge=0, le=1023)]
DevicePath = Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern="^/")]
Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600]
Pixels = Annotated[int, msgspec.Meta(ge=96, le=1024)]
Hertz = Annotated[int, msgspec.Meta(ge=100_000, le=125_000_000)]
ShortText = Annotated[str, msgspec.Meta(max_length=80)]


Device = TypeVar("Device", bound=msgspec.Struct)


class ProfileError(Exception):
    """A hardware profile that cannot be used; the text names the file and the place in it."""


class NotHere(ProfileError):
    """A setting that this board cannot have; `path` is the setting's."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path, self.text = path, text


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="none"):
    """The board has no such device."""


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="board"):
    """The device is played by the emulator through its board folder (`wire/board.py`)."""


class Evdev(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="evdev"):
    """An input device of the kernel, found by its udev role (`ID_POS_ROLE`) or, when set, by a part of its name."""

    name_contains: ShortText = ""


class SerialScanner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="serial"):
    """A scanner that sends bytes (USB-CDC or RS-232)."""

    path: DevicePath
    baud: Baud = 9600


class SpiPanel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="spi"):
    """An LCD on SPI; the lines are offsets on `chip`."""

    bus: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    device: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    speed_hz: Hertz = 32_000_000
    chip: DevicePath = "/dev/gpiochip0"
    dc_line: Gpio = 25
    reset_line: Gpio | None = 27
    backlight_line: Gpio | None = 24


class LumaPanel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="luma"):
    """The fallback: any LCD that luma has a driver for, on SPI, at least 320 x 240; sent whole by luma's own code."""

    driver: Annotated[str, msgspec.Meta(max_length=80, pattern=r"^luma\.[a-z_.]+:[a-z0-9_]+$")]
    options: dict[Annotated[str, msgspec.Meta(pattern="^[a-z_]{1,20}$")], int] = {}
    bus: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    device: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    speed_hz: Hertz = 32_000_000
    chip: DevicePath = "/dev/gpiochip0"
    dc_line: Gpio = 25
    reset_line: Gpio | None = 27
    backlight_line: Gpio | None = 24


class Framebuffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="framebuffer"):
    """A framebuffer of the kernel, written a whole frame at a time."""

    path: DevicePath = "/dev/fb0"


class SerialPrinter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="serial"):
    path: DevicePath = "/dev/pos-printer"
    baud: Baud = 115_200


class UsbPrinter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="usb"):
    """A printer of the USB printer class, by its vendor and product numbers."""

    vendor: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    product: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]


class NetworkPrinter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="network"):
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9100


class FilePrinter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="file"):
    """A device file that takes bytes and answers nothing (`/dev/usb/lp0`)."""

    path: DevicePath


class GpioDrawer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="gpio"):
    """A drawer's solenoid behind a MOSFET, and its contact if one is wired; both are offsets on `chip`."""

    pulse_line: Gpio
    chip: DevicePath = "/dev/gpiochip0"
    active_high: bool = True
    sensor_line: Gpio | None = None
    sensor_open_high: bool = True
    sensor_pull: Literal["up", "down", "floating"] = "up"


class PrinterDrawer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="printer"):
    """The drawer hangs on the printer's kick-out connector."""

    pin: Literal[2, 5] = 2


class PwmSound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="pwm"):
    """A buzzer on a PWM channel of the kernel (`/sys/class/pwm`)."""

    chip: Annotated[int, msgspec.Meta(ge=0, le=31)] = 0
    channel: Annotated[int, msgspec.Meta(ge=0, le=31)] = 0


class GpioLamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="gpio"):
    """Two lamps on lines of `chip`; amber is both together."""

    green_line: Gpio
    red_line: Gpio
    chip: DevicePath = "/dev/gpiochip0"
    active_high: bool = True


class SysfsBattery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="sysfs"):
    path: DevicePath


WIRED = (SerialPrinter, UsbPrinter, NetworkPrinter, FilePrinter)
"""Kinds of which two on one way are one printer; the virtual board has an end for each."""


class Keypad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where keys come from, and which evdev codes each key of ours may send."""

    source: Board | Evdev | Nothing
    keys: dict[str, Annotated[tuple[EvdevCode, ...], msgspec.Meta(min_length=1, max_length=KEY_CODES_MAX)]] = {}

    def key_map(self) -> dict[int, Key]:
        """evdev code -> key. Without a `keys` table: the codes of `wire.board.KEY_CODES`."""
        table = self.keys or {name: (code,) for name, code in KEY_CODES.items()}
        return {code: Key(name) for name, codes in table.items() for code in codes}


class Scanner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where scans come from; more than one source may be wired (a wedge and a serial module)."""

    sources: Annotated[tuple[Board | Evdev | SerialScanner, ...], msgspec.Meta(max_length=3)] = ()


class Display(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: Board | SpiPanel | LumaPanel | Framebuffer | Nothing
    controller: Literal["st7789", "ili9341"] = "st7789"
    width: Pixels = 320
    height: Pixels = 240
    rotate: Literal[0, 90, 180, 270] = 0
    bgr: bool = False
    inverted: bool = True


class Printer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: Board | SerialPrinter | UsbPrinter | NetworkPrinter | FilePrinter | Nothing
    paper_mm: Literal[58, 80] = 58
    fence: Literal["gs_h", "gs_r", "none"] = "gs_h"
    """How the printer proves that a slip is on paper (decisions 19)."""
    cutter: bool = False
    escpos_profile: ShortText = "default"
    tuning: Literal["none", "gs_k", "dc2"] | None = None
    """The command it takes for density and speed, where it is another than the model's; only what its manual names."""


class Drawer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the drawer is opened. `line`: beside the printer's connector its own line too, which has the contact, and which
    is tried once where the printer's kick did not open it."""

    source: Board | GpioDrawer | PrinterDrawer | Nothing
    line: GpioDrawer | Nothing = Nothing()


class Sound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: Board | PwmSound | Nothing
    lamp: Board | GpioLamp | Nothing = Nothing()


class Battery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: Board | SysfsBattery | Nothing = Nothing()


class Hardware(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One hardware profile."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    keypad: Keypad
    scanner: Scanner
    display: Display
    printer: Printer
    drawer: Drawer
    sound: Sound
    battery: Battery = Battery()
    printer2: Printer = Printer(Nothing())
    """A second printer that stands in for the first while that one is out of order."""

    @property
    def virtual(self) -> bool:
        """Whether any device is played by the emulator, so that the daemon needs a board folder."""
        sources: list[object] = [self.keypad.source, self.display.source, self.printer.source, self.drawer.source]
        sources.append(self.printer2.source)
        sources += [self.sound.source, self.sound.lamp, self.battery.source, *self.scanner.sources]
        return any(isinstance(source, Board) for source in sources)


def profile_names() -> tuple[str, ...]:
    """Names of the profiles that come with the firmware."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str) -> Hardware:
    """The shipped profile called `name`. Raises ProfileError, also for a name that could leave the folder."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", name):
        raise ProfileError(f"{name!r} is no profile name")
    if not (FOLDER / f"{name}.toml").is_file():
        raise ProfileError(f"no hardware profile {name!r}; there are: {', '.join(profile_names())}")
    return read(FOLDER / f"{name}.toml")


def fitted(name: str, wanted: Wanted) -> Hardware:
    """The profile `name`, or the one the settings name instead, with their values laid over it. Raises `NotHere` for what
    this board cannot have, `ProfileError` when there is no profile `name`."""
    board = load(name)
    if wanted.profile:
        board = _other(board, wanted.profile)
    printer, drawer, scanner, display = board.printer, board.drawer, board.scanner, board.display
    if wanted.printer_baud:
        source = _replaced("printer_baud", printer.source, SerialPrinter, baud=wanted.printer_baud)
        printer = msgspec.structs.replace(printer, source=source)
    if wanted.printer_fence != "profile":
        printer = msgspec.structs.replace(printer, fence=wanted.printer_fence)
    if wanted.printer_cutter != "profile":
        printer = msgspec.structs.replace(printer, cutter=wanted.printer_cutter == "yes")
    if wanted.drawer_pin:
        drawer = msgspec.structs.replace(
            drawer, source=_replaced("drawer_pin", drawer.source, PrinterDrawer, pin=wanted.drawer_pin)
        )
    if wanted.scanner_baud:
        if not any(isinstance(each, SerialScanner) for each in scanner.sources):
            raise NotHere("hardware.scanner_baud", "no serial scanner")
        sources = (
            msgspec.structs.replace(each, baud=wanted.scanner_baud) if isinstance(each, SerialScanner) else each
            for each in scanner.sources
        )  # fmt: skip
        scanner = msgspec.structs.replace(scanner, sources=tuple(sources))
    return msgspec.structs.replace(
        board, printer=printer, drawer=drawer, scanner=scanner, display=_turned(display, wanted)
    )


def in_force(name: str, wanted: Wanted) -> tuple[Hardware, str]:
    """`fitted`, or the profile `name` as it is and why: settings never keep a terminal from starting."""
    try:
        return fitted(name, wanted), ""
    except NotHere as wrong:
        return load(name), str(wrong)


def _turned(display: Display, wanted: Wanted) -> Display:
    rotate = display.rotate if wanted.display_rotate == -1 else wanted.display_rotate
    inverted = display.inverted if wanted.display_inverted == "profile" else wanted.display_inverted == "yes"
    bgr = display.bgr if wanted.display_bgr == "profile" else wanted.display_bgr == "yes"
    return msgspec.structs.replace(display, rotate=rotate, inverted=inverted, bgr=bgr)


def _other(board: Hardware, name: str) -> Hardware:
    try:
        other = load(name)
    except ProfileError as wrong:
        raise NotHere("hardware.profile", str(wrong)) from wrong
    if other.virtual != board.virtual:
        raise NotHere("hardware.profile", f"{name} is {'' if other.virtual else 'not '}played by the emulator")
    return other


def _replaced(name: str, source: object, kind: type[Device], **values: Any) -> Device:
    if not isinstance(source, kind):
        raise NotHere(f"hardware.{name}", f"it is no {kind.__name__}")
    return msgspec.structs.replace(source, **values)


def read(path: Path) -> Hardware:
    """The profile in the file at `path`. Raises ProfileError naming the file and the place."""
    raw = path.read_bytes()
    if len(raw) > PROFILE_BYTES_MAX:
        raise ProfileError(f"{path.name}: {len(raw)} bytes, at most {PROFILE_BYTES_MAX}")
    try:
        return parse(tomllib.loads(raw.decode()))
    except (ProfileError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise ProfileError(f"{path.name}: {wrong}") from wrong


def parse(document: dict[str, Any]) -> Hardware:
    """The profile in a parsed TOML document. Raises ProfileError naming the place."""
    try:
        hardware = msgspec.convert(document, Hardware)
    except msgspec.ValidationError as wrong:
        raise ProfileError(str(wrong)) from wrong
    _check_keys(hardware.keypad)
    _check_lines(hardware)
    if isinstance(hardware.printer2.source, WIRED) and hardware.printer2.source == hardware.printer.source:
        raise ProfileError("a second printer needs a way of its own - at `$.printer2.source`")
    if not isinstance(hardware.drawer.line, Nothing) and not isinstance(hardware.drawer.source, PrinterDrawer):
        raise ProfileError("only a drawer on the printer has a line beside it - at `$.drawer.line`")
    return hardware


def _check_keys(keypad: Keypad) -> None:
    """Every key of ours is on the keypad exactly by codes of its own; without OK or CANCEL nobody could work."""
    owner: dict[int, str] = {}
    for name, codes in keypad.keys.items():
        if name not in set(Key):
            raise ProfileError(f"{name!r} is no key - at `$.keypad.keys`")
        for code in codes:
            if owner.setdefault(code, name) != name:
                raise ProfileError(f"code {code} stands for {owner[code]} and {name} - at `$.keypad.keys.{name}`")
    missing = {*"0123456789", "OK", "CANCEL"} - set(keypad.keys)
    if keypad.keys and missing:
        raise ProfileError(f"no code for {', '.join(sorted(missing))} - at `$.keypad.keys`")


def _check_lines(hardware: Hardware) -> None:
    """No GPIO line may serve two devices: the second would fail at start, or fire the drawer."""
    used: dict[tuple[str, int], str] = {}
    for place, chip, line in _lines(hardware):
        if line is None:
            continue
        if (chip, line) in used:
            raise ProfileError(f"line {line} of {chip} is also `{used[chip, line]}` - at `{place}`")
        used[chip, line] = place


def _lines(hardware: Hardware) -> list[tuple[str, str, int | None]]:
    found: list[tuple[str, str, int | None]] = []
    sources = {
        "$.display.source": hardware.display.source,
        "$.drawer.source": hardware.drawer.source,
        "$.drawer.line": hardware.drawer.line,
        "$.sound.lamp": hardware.sound.lamp,
    }
    for place, source in sources.items():
        for field in source.__struct_fields__:
            if field.endswith("_line"):
                found.append((f"{place}.{field}", getattr(source, "chip", ""), getattr(source, field)))
    return found
