"""The door to python-escpos: its profiles, its commands over a transport of ours, its USB, network and file printers.

Import this module in the printer's thread only: the package takes a quarter of a second to import, parses its list of
printers (kept as a pickle in `ESCPOS_CAPABILITIES_PICKLE_DIR`), and sets up logging for the whole process, which is
undone here.
"""

import logging
import time
from pathlib import Path

_HANDLERS = logging.root.handlers[:]
from escpos import printer as vendor  # noqa: E402 - the handlers must be known before
from escpos.escpos import QR_ECLEVEL_M, Escpos  # noqa: E402
from escpos.exceptions import DeviceNotFoundError, USBNotFoundError  # noqa: E402

logging.root.handlers[:] = _HANDLERS

from firmware.drivers.printer.transport import (  # noqa: E402
    READ_MAX,
    DescriptorTransport,
    Gone,
    Transport,
)

CONNECT_S = 3
USB_PACKET = 64
READ_WAIT_S = 0.3


class Stalled(Exception):
    """The printer took only `taken` bytes of a command."""

    def __init__(self, taken: int) -> None:
        super().__init__(f"{taken} bytes taken")
        self.taken = taken


class OverTransport(Escpos):  # type: ignore[misc]
    """python-escpos's commands (QR, barcodes, images, cut, drawer) over a transport of ours."""

    def __init__(self, transport: Transport, profile: str, patience_s: float = 5.0) -> None:
        super().__init__(profile=profile)
        self._transport, self._patience_s = transport, patience_s

    def _raw(self, msg: bytes) -> None:
        taken, until_s = 0, time.monotonic() + self._patience_s
        while taken < len(msg):
            taken += self._transport.write_some(msg[taken:], 0.05)
            if time.monotonic() > until_s:
                raise Stalled(taken)

    def _read(self) -> bytes:
        return self._transport.read_some(READ_WAIT_S)

    def open(self, raise_not_found: bool = True) -> None:
        """The transport is open already."""

    def close(self) -> None:
        """The transport belongs to whoever opened it."""


class Sheet:
    """A transport that keeps what is written: the bytes of python-escpos's commands for the encoder."""

    readable = False

    def __init__(self) -> None:
        self.data = bytearray()

    def write_some(self, data: bytes, wait_s: float) -> int:
        self.data += data
        return len(data)

    def read_some(self, wait_s: float) -> bytes:
        return b""

    def present(self) -> bool:
        return True

    def close(self) -> None:
        pass


def native_qr(content: str, module_dots: int, profile: str) -> bytes:
    """`GS ( k` commands for a QR code of error level M."""
    sheet = Sheet()
    OverTransport(sheet, profile).qr(content, ec=QR_ECLEVEL_M, size=module_dots, native=True)
    return bytes(sheet.data)


class UsbTransport:
    """A printer of the USB printer class, packet by packet, so that the count of bytes taken is exact."""

    readable = True

    def __init__(self, printer: vendor.Usb, wrong: type[Exception], timed_out: type[Exception]) -> None:
        self._printer, self._wrong, self._timed_out = printer, wrong, timed_out

    def write_some(self, data: bytes, wait_s: float) -> int:
        wait_ms = max(1, round(wait_s * 1000))
        try:
            return int(self._printer.device.write(self._printer.out_ep, data[:USB_PACKET], wait_ms))
        except self._timed_out:
            return 0
        except self._wrong as wrong:
            raise Gone(str(wrong)) from wrong

    def read_some(self, wait_s: float) -> bytes:
        wait_ms = max(1, round(wait_s * 1000))
        try:
            return bytes(self._printer.device.read(self._printer.in_ep, READ_MAX, wait_ms))
        except self._timed_out:
            return b""
        except self._wrong as wrong:
            raise Gone(str(wrong)) from wrong

    def present(self) -> bool:
        return True

    def close(self) -> None:
        self._printer.close()


def open_usb(vendor_id: int, product_id: int) -> Transport:
    """Raises `Gone` when no such printer is plugged in, or pyusb is not installed."""
    try:
        import usb.core
    except ImportError as wrong:
        raise Gone("pyusb is not installed") from wrong
    printer = vendor.Usb(vendor_id, product_id)
    _opened(printer)
    return UsbTransport(printer, usb.core.USBError, usb.core.USBTimeoutError)


def open_network(host: str, port: int) -> Transport:
    """Raises `Gone` when nobody listens there within three seconds."""
    printer = vendor.Network(host, port, timeout=CONNECT_S)
    _opened(printer)
    return DescriptorTransport(printer.device.fileno(), printer)


def open_file(path: str) -> Transport:
    """A device file that takes bytes and answers nothing. Raises `Gone` when there is none."""
    if not Path(path).exists():
        raise Gone(f"no {path}")  # python-escpos would make an ordinary file of that name
    printer = vendor.File(path)
    _opened(printer)
    return DescriptorTransport(printer.device.fileno(), printer, readable=False)


def _opened(printer: Escpos) -> None:
    try:
        printer.open()
    except (DeviceNotFoundError, USBNotFoundError, OSError) as wrong:
        raise Gone(str(wrong)) from wrong
