"""Bytes made by python-escpos, which knows nothing of this room: what it asked for is what stands on the paper."""

from collections.abc import Callable

import pytest
from escpos.printer import Dummy
from PIL import Image

from paper.events import BadText, Cut, DrawerPulse, LineDone, PaperEvent, Unknown
from paper.interpreter import Interpreter, unreadable
from paper.profile import PaperProfile
from paper.rows import Graphic, Row, Run, Style

WESTERN = PaperProfile(name="western", dots=576, hanzi_on=False, slip_end="cut")


def made(make: Callable[[Dummy], object], profile: PaperProfile = WESTERN) -> list[PaperEvent]:
    printer = Dummy(profile="default")
    make(printer)
    interpreter = Interpreter(profile)
    return interpreter.feed(printer.output) + interpreter.finish()


def rows(make: Callable[[Dummy], object], profile: PaperProfile = WESTERN) -> list[Row]:
    events = made(make, profile)
    assert unreadable(events) == []
    return [event.row for event in events if isinstance(event, LineDone)]


@pytest.mark.parametrize("text", ["plain", "café Zürich ñandú", "€ 12.80", "Привет, мир", "Ωμέγα", "Łódź"])
def test_text_of_many_scripts(text: str) -> None:
    assert [row.text for row in rows(lambda printer: printer.textln(text))] == [text]


@pytest.mark.parametrize(
    ("asked", "style", "align"),
    [
        ({"bold": True}, Style(bold=True), "left"),
        ({"underline": 2}, Style(underline=2), "left"),
        ({"invert": True}, Style(invert=True), "left"),
        ({"font": "b"}, Style("B"), "left"),
        ({"double_width": True}, Style(wide=2), "left"),
        ({"double_height": True, "align": "center"}, Style(high=2), "centre"),
        ({"custom_size": True, "width": 3, "height": 4, "align": "right"}, Style(wide=3, high=4), "right"),
    ],
    ids=str,
)
def test_set(asked: dict[str, object], style: Style, align: str) -> None:
    def make(printer: Dummy) -> None:
        printer.set(**asked)
        printer.textln("Total")
        printer.set_with_default()
        printer.textln("after")

    first, second = rows(make)
    assert isinstance(first.items[0], Run)
    assert isinstance(second.items[0], Run)
    assert (first.items[0].style, first.align, first.text.strip()) == (style, align, "Total")
    assert (second.items[0].style, second.align, second.items[0].x) == (Style(), "left", 0)


def test_chinese_through_raw_bytes() -> None:
    def make(printer: Dummy) -> None:
        printer._raw(b"\x1c&")
        printer._raw("应收:".encode("gb18030"))
        printer.textln("54.90")

    assert [row.text for row in rows(make)] == ["应收:54.90"]


@pytest.mark.parametrize("size", [3, 6])
def test_qr_native_and_as_an_image_is_the_same_code(size: int) -> None:
    address = "https://inv.example.cn/i/7Yq2mK9x"
    (native,) = rows(lambda printer: printer.qr(address, native=True, size=size))
    graphic = native.items[0]
    assert isinstance(graphic, Graphic)
    assert (graphic.kind, graphic.text, graphic.width % size) == ("qr", address, 0)
    pictures = [row.items[0] for row in rows(lambda printer: printer.qr(address, size=size)) if row.items]
    assert [picture.kind for picture in pictures] == ["image"]


def test_cuts_and_drawer() -> None:
    events = made(lambda printer: (printer.textln("x"), printer.cut(), printer.cashdraw(2), printer.cashdraw(5)))
    assert [event for event in events if not isinstance(event, LineDone)] == [
        Cut(False),
        DrawerPulse(2, 100, 100),
        DrawerPulse(5, 100, 100),
    ]
    assert made(lambda printer: printer.cut(mode="PART", feed=False))[-1] == Cut(True)


@pytest.mark.parametrize(
    ("code", "kind", "form", "text"),
    [
        ("690123456789", "EAN13", "A", "EAN13 6901234567892"),
        ("690123456789", "EAN13", "B", "EAN13 6901234567892"),
        ("6901234", "EAN8", "B", "EAN8 69012341"),
        ("01234567890", "UPC-A", "A", "UPC-A 012345678905"),
        ("ABC123", "CODE39", "B", "CODE39 ABC123"),
        ("123456", "ITF", "A", "ITF 123456"),
        ("{B000123-0045", "CODE128", "B", "CODE128 000123-0045"),
    ],
)
def test_barcodes(code: str, kind: str, form: str, text: str) -> None:
    bars, below = rows(lambda printer: printer.barcode(code, kind, height=64, width=2, function_type=form))
    assert (bars.text.strip(), bars.height) == (f"[barcode {text}]", 64)
    assert below.text.strip() == text.split(" ", 1)[1]


@pytest.mark.parametrize("way", ["bitImageRaster", "graphics", "bitImageColumn"])
def test_images_come_out_dot_for_dot(way: str) -> None:
    image = Image.new("1", (40, 24), 1)
    image.paste(0, (3, 5, 20, 9))
    image.paste(0, (38, 0, 40, 24))

    def make(printer: Dummy) -> None:
        printer.image(image, impl=way, center=False)

    (graphic,) = [item for row in rows(make) for item in row.items]
    assert isinstance(graphic, Graphic)
    drawn = Image.frombytes("1", (graphic.width, graphic.height), graphic.bits)
    assert drawn.point(lambda dot: 255 - dot).tobytes() == image.tobytes()


def test_feeds_spacing_tabs_and_reset() -> None:
    def make(printer: Dummy) -> None:
        printer.hw("INIT")
        printer.line_spacing(40)
        printer.control("HT", count=4, tab_size=8)
        printer.textln("a")
        printer.print_and_feed(3)
        printer.line_spacing()
        printer.textln("b")

    assert [row.height for row in rows(make)] == [40, 120, 30]


def test_the_yuan_sign_of_unicode_is_no_trap_here() -> None:
    """python-escpos sends U+00A5 by code page; as GB18030 it has four bytes, which a GBK printer cannot read."""
    cheap = PaperProfile(charset="gbk")
    events = Interpreter(cheap).feed("¥6\n".encode("gb18030"))
    assert any(isinstance(event, BadText | Unknown) for event in events)
    assert rows(lambda printer: printer.textln("¥6"))[0].text == "¥6"
