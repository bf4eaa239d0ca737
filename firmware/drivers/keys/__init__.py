"""Keypad and scanner: one input thread that turns bytes of devices into `KeyPressed`, `KeyHeld` and `Scanned`."""

from collections.abc import Mapping
from pathlib import Path

from firmware.drivers.keys.lanes import KeypadLane, SerialLane, WedgeLane
from firmware.drivers.keys.ports import EvdevPort, FifoPort, SerialPort
from firmware.drivers.keys.reader import Input, Keys
from firmware.events import Key
from firmware.hardware import Board, Evdev, Hardware, SerialScanner
from wire.board import KEYPAD, SCANNER, SCANNER_SERIAL

__all__ = ["Input", "Keys", "inputs"]


GAP_DEFAULT_MS = 70
"""A pause this long ends a scan that had no terminator (domain 7.4: 60 to 80 ms); a setting."""


def inputs(
    hardware: Hardware,
    board: Path | None = None,
    gap_ms: int = GAP_DEFAULT_MS,
    more_keys: Mapping[int, Key] = {},
    gs_substitute: str = "",
) -> list[Input]:
    """The inputs a profile wires; `board` is the folder of the virtual board, for profiles that have one. `more_keys`: what
    the settings add to the profile's key map; `gs_substitute`: what the scanner sends in place of GS."""
    found = []
    key_map = {**hardware.keypad.key_map(), **more_keys}
    match hardware.keypad.source:
        case Board():
            assert board is not None, "the profile's keypad is on a board, and no board folder is given"
            found.append(Input(KEYPAD, "keypad", FifoPort(board / KEYPAD), KeypadLane(key_map)))
        case Evdev(name_contains=name):
            found.append(Input(KEYPAD, "keypad", EvdevPort("keypad", name), KeypadLane(key_map)))
    for source in hardware.scanner.sources:
        found += _scanner(source, gap_ms, board, gs_substitute)
    return found


def _scanner(source: Board | Evdev | SerialScanner, gap_ms: int, board: Path | None, gs_substitute: str) -> list[Input]:
    match source:
        case Board():
            assert board is not None, "the profile's scanner is on a board, and no board folder is given"
            return [
                Input(SCANNER, "scanner", FifoPort(board / SCANNER), WedgeLane(gap_ms, gs_substitute)),
                Input(SCANNER_SERIAL, "scanner", SerialPort(board / SCANNER_SERIAL), SerialLane(gap_ms, gs_substitute)),
            ]
        case Evdev(name_contains=name):
            return [Input(SCANNER, "scanner", EvdevPort("scanner", name), WedgeLane(gap_ms, gs_substitute))]
        case SerialScanner(path=path, baud=baud):
            return [Input(SCANNER_SERIAL, "scanner", SerialPort(path, baud), SerialLane(gap_ms, gs_substitute))]
