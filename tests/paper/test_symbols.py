"""QR codes and barcodes on the paper, read back by a reader that knows nothing of us."""

import pytest
import zxingcpp
from PIL import ImageOps

from paper.barcodes import BarcodeError, modules
from paper.events import LineDone, SymbolRefused
from paper.face import Face, find_font
from paper.interpreter import Interpreter
from paper.picture import picture
from paper.profile import PAPER_58
from tests.paper.slips import qr


@pytest.fixture(scope="module")
def face() -> Face:
    return Face(find_font())


def read(data: bytes, face: Face) -> list[tuple[str, bytes]]:
    rows = [event.row for event in Interpreter().feed(b"\x1ba\x01" + data) if isinstance(event, LineDone)]
    paper = ImageOps.expand(picture(rows, face, PAPER_58.dots), 24, 255)
    return [(result.format.name, result.bytes) for result in zxingcpp.read_barcodes(paper)]


@pytest.mark.parametrize("level", [b"0", b"1", b"2", b"3"])
@pytest.mark.parametrize(
    ("content", "module"),
    [
        (b"https://inv.example.cn/i/7Yq2mK9x", 6),
        (b"1234567890", 8),
        ("发票抬头:好邻居".encode(), 4),
        ("发票抬头:好邻居".encode("gb18030"), 4),
        (bytes(range(256)), 3),
    ],
    ids=["address", "digits", "utf-8", "gb18030", "every byte"],
)
def test_qr_codes_are_read_back(content: bytes, module: int, level: bytes, face: Face) -> None:
    assert read(qr(content, module, level), face) == [("QRCode", content)]


@pytest.mark.parametrize(
    ("mode", "data", "kind", "content"),
    [
        (65, b"01234567890", "EAN13", b"0012345678905"),
        (66, b"01234500006", "UPCE", b"0012345000065"),
        (67, b"690123456789", "EAN13", b"6901234567892"),
        (67, b"6901234567892", "EAN13", b"6901234567892"),
        (68, b"6901234", "EAN8", b"69012341"),
        (69, b"ABC-12 $", "Code39", b"ABC-12 $"),
        (70, b"12345678", "ITF", b"12345678"),
        (71, b"A12:34B", "Codabar", b"A12:34B"),
        (73, b"{B000123-0045", "Code128", b"000123-0045"),
        (73, b"{C\x01\x22\x63{Bx", "Code128", b"013499x"),
        (73, b"{A\x01AB{Sc", "Code128", b"\x01ABc"),
        (73, b"{B{{brace", "Code128", b"{brace"),
    ],
)
def test_barcodes_are_read_back(mode: int, data: bytes, kind: str, content: bytes, face: Face) -> None:
    assert read(b"\x1dw\x02\x1dH\x02\x1dk" + bytes((mode, len(data))) + data, face) == [(kind, content)]


@pytest.mark.parametrize(
    ("shown", "texts"),
    [(0, ["[barcode EAN8 69012341]"]), (1, ["69012341", "["]), (2, ["[", "69012341"]), (3, ["6901", "[", "6901"])],
)
def test_the_text_stands_where_it_was_asked_for(shown: int, texts: list[str]) -> None:
    printed = Interpreter().feed(b"\x1dH" + bytes((shown,)) + b"\x1dk\x036901234\0")
    lines = [event.row.text.strip() for event in printed if isinstance(event, LineDone)]
    assert len(lines) == len(texts)
    assert all(line.startswith(text) for line, text in zip(lines, texts, strict=True))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("EAN13", b"12345"),
        ("EAN8", b"12a4567"),
        ("UPC-E", b"12345678901"),
        ("ITF", b"123"),
        ("CODE39", b"abc"),
        ("CODABAR", b"123"),
        ("CODE128", b"123"),
        ("CODE128", b"{B"),
        ("CODE128", b"{A{Sa{x"),
        ("CODE128", b"{C{2"),
        ("CODE93", b"1"),
        ("EAN13", b""),
    ],
)
def test_what_a_barcode_cannot_hold(kind: str, data: bytes) -> None:
    with pytest.raises(BarcodeError):
        modules(kind, data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (qr(b"x" * 3_000, 1), "too large"),
        (qr(b"x" * 500, 8), "wider than the paper"),
        (b"\x1dw\x06\x1dk\x49\x0e{B000123-00456", "wider than the paper"),
    ],
    ids=["too much", "too wide", "bars too wide"],
)
def test_what_does_not_fit_is_not_printed(data: bytes, reason: str) -> None:
    (event,) = Interpreter().feed(data)
    assert isinstance(event, SymbolRefused)
    assert reason in event.reason or event.kind == "qr"
