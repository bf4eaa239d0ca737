"""The virtual board: how the emulator plays the hardware of `posd run --virtual`.

One folder, made by the emulator before it starts the daemon, holds one endpoint per device, each at the lowest level
that needs no kernel driver:

=================  ==================================================================================================
`keypad`           FIFO of Linux `struct input_event` (24 bytes), the emulator writes; end of file = unplugged
`scanner`          the same, for a keyboard-wedge scanner
`scanner-serial`   symlink to a pty: bytes of a serial scanner
`printer`          symlink to a pty: ESC/POS both ways; gone = unplugged
`printer2`         the same for a second printer, where the profile has one
`lcd.sock`         Unix stream socket the emulator listens on: SPI transfers, see `LCD_HEADER`
`board.sock`       Unix stream socket the emulator listens on: newline-ended JSON of `ToBoard` / `FromBoard`
`diag.sock`        the daemon's own diagnosis socket lies in its data folder, not here
=================  ==================================================================================================

Every device counts its bytes at both ends, so that "settled" can be proven (decisions 2): the daemon reports its counts
over the diagnosis socket under the endpoint's name.
"""

import struct
from typing import Annotated, Literal

import msgspec

KEYPAD, SCANNER, SCANNER_SERIAL, PRINTER, PRINTER2, LCD, BOARD = (
    "keypad",
    "scanner",
    "scanner-serial",
    "printer",
    "printer2",
    "lcd.sock",
    "board.sock",
)

INPUT_EVENT = struct.Struct("llHHi")
"""`struct input_event` of a 64-bit kernel: seconds, microseconds, type, code, value."""

LCD_HEADER = struct.Struct(">BI")
"""Before each SPI transfer: D/C line (0 command, 1 data) and the transfer's length in bytes."""

KEY_CODES: dict[str, int] = {
    **{str(n): 2 + n - 1 for n in range(1, 10)},
    "0": 11,
    "*": 0x20A,
    "#": 0x20B,
    "OK": 28,
    "CANCEL": 1,
    "CLEAR": 14,
    "UP": 103,
    "DOWN": 108,
    "MENU": 139,
    "F1": 59,
    "F2": 60,
}
"""Key name of the emulator's API -> evdev code its keypad sends; the profile `virtual` maps them back."""

KEY_HELD_MS = 2_000
"""A key held this long is a long press (domain 14.1)."""


class LineSet(msgspec.Struct, frozen=True, tag="line"):
    """The daemon drives an output line: the drawer's solenoid, the buzzer's or lamp's supply."""

    name: Literal["drawer"]
    value: bool
    at_ns: int = 0  # CLOCK_MONOTONIC of the host when the line was driven; 0: the board takes its own time of receipt


class Tone(msgspec.Struct, frozen=True, tag="tone"):
    """The daemon sounds one of its tones (domain 14.5), at the shop's volume: 1 to 3; muted ones are not sent."""

    name: str
    volume: Annotated[int, msgspec.Meta(ge=1, le=3)] = 2


class Lamp(msgspec.Struct, frozen=True, tag="lamp"):
    colour: Literal["off", "green", "red", "amber"]


class Sensor(msgspec.Struct, frozen=True, tag="sensor"):
    """The drawer's contact as the daemon's input line reads it; `absent`: no contact is wired."""

    state: Literal["open", "closed", "absent"]


class Battery(msgspec.Struct, frozen=True, tag="battery"):
    percent: int
    charging: bool


class Clock(msgspec.Struct, frozen=True, tag="clock"):
    """How far the board's wall clock is off; added to the host's clock by the virtual system driver."""

    offset_s: int


NetworkKind = Literal["unknown", "wifi", "mobile", "cable", "none"]
NetworkFault = Literal["", "sim", "wifi_key"]
"""What the radio says of itself: no usable SIM card, or the Wi-Fi's key refused."""


class Network(msgspec.Struct, frozen=True, tag="network"):
    """The board's network: which, its signal in percent (None: a cable, or nothing to measure), and its trouble."""

    kind: NetworkKind = "unknown"
    signal_percent: int | None = None
    fault: NetworkFault = ""


ToBoard = LineSet | Tone | Lamp
FromBoard = Sensor | Battery | Clock | Network
