"""python-escpos over our transports, and our bytes against its bytes."""

import os
import socket

import msgspec
import pytest

from firmware.drivers.printer import encode
from firmware.drivers.printer.driver import connection
from firmware.drivers.printer.model import models
from firmware.drivers.printer.transport import Gone
from tests.printer.body import Body, Script


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("escpos")
    os.environ.setdefault("ESCPOS_CAPABILITIES_PICKLE_DIR", str(folder))
    from firmware.drivers.printer import escpos

    return escpos


def vendor_bytes(vendor, command, profile="TM-P80"):
    sheet = vendor.Sheet()
    command(vendor.OverTransport(sheet, profile))
    return bytes(sheet.data)


@pytest.mark.parametrize("name", sorted(models()))
def test_every_model_extends_a_profile_the_vendor_has(vendor, name):
    vendor.OverTransport(vendor.Sheet(), models()[name].escpos)


def test_feed_and_pulse_are_the_vendors_bytes(vendor):
    assert vendor_bytes(vendor, lambda printer: printer.print_and_feed(4)) == b"\x1bd\x04"
    plain = msgspec.structs.replace(models()["virtual58"], drawer="plain")
    assert vendor_bytes(vendor, lambda printer: printer.cashdraw(2)) == encode.pulse(plain)


def test_styles_are_the_vendors_bytes(vendor):
    from wire.layout import Text

    ours = encode.encode((Text("A", "center", bold=True),), models()["virtual58"], encode.Glyphs, lambda text: None)
    theirs = vendor_bytes(vendor, lambda printer: printer.set(align="center", bold=True))
    for command in (b"\x1ba\x01", b"\x1bE\x01"):
        assert command in theirs
        assert command in b"".join(ours.pieces)


def test_the_native_qr_code_carries_its_content(vendor):
    data = vendor.native_qr("https://example.cn/1", 5, "TM-P80")
    assert b"\x1d(k\x03\x001C\x05" in data
    assert b"\x1d(k\x03\x001E1" in data, "error level M"
    assert b"1P0https://example.cn/1" in data


def test_a_barcode_and_a_status_question_over_our_transport(vendor, tmp_path):
    body = Body("pty", tmp_path, Script())
    try:
        transport = connection(body.port, models()["virtual58"], tmp_path)()
        printer = vendor.OverTransport(transport, "TM-P80")
        printer.barcode("690123456789", "EAN13")
        assert printer.paper_status() == 2
        body.until(lambda body: b"690123456789" in body.paper, "the barcode is on paper")
        transport.close()
    finally:
        body.close()


def test_a_command_that_stalls_says_how_far_it_got(vendor, tmp_path):
    body = Body("pty", tmp_path, Script(deaf_at=0))
    try:
        transport = connection(body.port, models()["virtual58"], tmp_path)()
        with pytest.raises(vendor.Stalled) as stalled:
            vendor.OverTransport(transport, "TM-P80", patience_s=0.2)._raw(b"x" * 1_000_000)
        assert 0 < stalled.value.taken < 1_000_000
        transport.close()
    finally:
        body.close()


def test_a_file_printer_takes_bytes_and_is_never_made(tmp_path):
    path = tmp_path / "lp0"
    open_it = connection(f"file:{path}", models()["mute58"], tmp_path)
    with pytest.raises(Gone):
        open_it()
    assert not path.exists()
    path.touch()
    transport = open_it()
    assert transport.write_some(b"hello", 0) == 5
    assert not transport.readable
    assert transport.read_some(0) == b""
    transport.close()
    assert path.read_bytes() == b"hello"


def test_nobody_listening_is_gone(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Gone):
        connection(f"tcp:127.0.0.1:{port}", models()["virtual58"], tmp_path)()


def test_no_such_serial_line_is_gone(tmp_path):
    with pytest.raises(Gone):
        connection(str(tmp_path / "printer"), models()["virtual58"], tmp_path)()


class UsbDevice:
    """What pyusb hands out: takes packets, times out, or breaks."""

    def __init__(self, usb):
        self.usb, self.taken, self.replies = usb, bytearray(), [b"\x16"]
        self.room, self.broken, self._ctx = 100, False, self

    def dispose(self, device):
        self.broken = True

    def write(self, endpoint, data, timeout):
        if self.broken:
            raise self.usb.USBError("no such device", errno=19)
        if len(self.taken) >= self.room:
            raise self.usb.USBTimeoutError("timed out", errno=110)
        self.taken += data
        return len(data)

    def read(self, endpoint, size, timeout):
        if self.broken:
            raise self.usb.USBError("no such device", errno=19)
        if not self.replies:
            raise self.usb.USBTimeoutError("timed out", errno=110)
        return self.replies.pop()


def test_a_usb_printer_counts_packets_and_tells_full_from_gone(vendor, monkeypatch):
    usb = pytest.importorskip("usb.core", reason="pyusb is not installed")
    device = UsbDevice(usb)
    monkeypatch.setattr(vendor.vendor.Usb, "open", lambda self: setattr(self, "_device", device))
    transport = vendor.open_usb(0x04B8, 0x0202)
    assert [transport.write_some(b"x" * 500, 0) for _ in range(3)] == [64, 64, 0]
    assert [transport.read_some(0), transport.read_some(0)] == [b"\x16", b""]
    transport.close()
    with pytest.raises(Gone):
        transport.write_some(b"x", 0)
    with pytest.raises(Gone):
        transport.read_some(0)


def test_the_vendor_leaves_logging_as_it_was(tmp_path):
    """Its import sets up logging for the whole process; ours puts that right. Looked at in a fresh interpreter."""
    import subprocess
    import sys

    code = "import logging; import firmware.drivers.printer.escpos; print(len(logging.root.handlers))"
    env = {**os.environ, "ESCPOS_CAPABILITIES_PICKLE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout == "0\n"


def test_a_serial_printer_is_driven_without_the_vendors_package(tmp_path):
    """A quarter of a second and ten megabytes that a text slip does not need."""
    import subprocess
    import sys

    code = "import firmware.drivers.printer.driver, sys; print({'escpos', 'serial', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
