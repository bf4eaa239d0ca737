"""Every command once: bytes in, what a person or a driver would notice out."""

import pytest

from paper.events import (
    AutoStatus,
    BadText,
    BufferCleared,
    ButtonsSet,
    Cut,
    DrawerPulse,
    FenceAsked,
    IdentAsked,
    Initialised,
    LineDone,
    PaperEvent,
    RecoverAsked,
    Selected,
    SensorAsked,
    StatusAsked,
    SymbolRefused,
    TestPrint,
    Unknown,
    Unseen,
)
from paper.interpreter import Interpreter
from paper.profile import PAPER_58, PaperProfile
from paper.rows import Row, Run, Style
from tests.paper.slips import gb


def events(data: bytes, profile: PaperProfile = PAPER_58) -> list[PaperEvent]:
    interpreter = Interpreter(profile)
    return interpreter.feed(data) + interpreter.finish()


def rows(data: bytes, profile: PaperProfile = PAPER_58) -> list[Row]:
    return [event.row for event in events(data, profile) if isinstance(event, LineDone)]


def only_run(data: bytes) -> Run:
    (row,) = rows(data)
    (run,) = row.items
    assert isinstance(run, Run)
    return run


ANSWERED: list[tuple[bytes, PaperEvent]] = [
    (b"\x1b@", Initialised()),
    (b"\x1bp\x00\x19\x32", DrawerPulse(2, 50, 100)),
    (b"\x1bp1\x19\x19", DrawerPulse(5, 50, 50)),
    (b"\x1bp\x00\x32\x01", DrawerPulse(2, 100, 100)),
    (b"\x10\x14\x01\x00\x03", DrawerPulse(2, 300, 300, real_time=True)),
    (b"\x10\x14\x01\x01\x08", DrawerPulse(5, 800, 800, real_time=True)),
    (b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", BufferCleared()),
    (b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x07", Unknown(b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x07")),
    (b"\x10\x14\x02\x01\x08", Unseen(b"\x10\x14\x02\x01\x08")),
    (b"\x10\x04\x01", StatusAsked(1)),
    (b"\x10\x04\x04", StatusAsked(4)),
    (b"\x10\x04\x09", Unknown(b"\x10\x04\x09")),
    (b"\x10\x05\x02", RecoverAsked(2)),
    (b"\x1da\x0f", AutoStatus(15)),
    (b"\x1dr\x01", SensorAsked(1)),
    (b"\x1dr2", SensorAsked(2)),
    (b"\x1bv", SensorAsked(1)),
    (b"\x1dI\x01", IdentAsked(1)),
    (b"\x1dIC", IdentAsked(67)),
    (b"\x1d(H\x06\x0000abcd", FenceAsked(b"abcd")),
    (b"\x1d(H\x03\x00100", Unseen(b"\x1d(H100")),
    (b"\x1bc5\x01", ButtonsSet(False)),
    (b"\x1bc5\x00", ButtonsSet(True)),
    (b"\x1bc3\x01", Unseen(b"\x1bc3\x01")),
    (b"\x1b=\x01", Selected(True)),
    (b"\x1b&\x03AB\x02abcdef\x00", Unseen(b"\x1b&\x03AB")),
    (b"\x1d*\x01\x02" + bytes(16), Unseen(b"\x1d*\x01\x02")),
    (b"\x1d(K\x02\x001\x00", Unseen(b"\x1d(K1\x00")),
    (b"\x1bL", Unknown(b"\x1bL")),
    (b"\x1d(Z\x02\x00ab", Unknown(b"\x1d(Z\x02\x00ab")),
    (b"\x07", Unknown(b"\x07")),
    (b"\x1ba", Unknown(b"\x1ba")),
    (b"\x1dv0\x00\x01\x00\x01", Unknown(b"\x1dv0\x00\x01\x00\x01")),
    (b"\x1d(k\x04\x000P0x\x1d(k\x03\x000Q0", SymbolRefused("pdf417", "this printer does not have it", b"x")),
    (b"\x1d(k\x03\x001Q0", SymbolRefused("qr", "nothing is stored", b"")),
    (b"\x1dk\x43\x03123", SymbolRefused("EAN13", "needs 12 or 13 digits", b"123")),
    (b"\x1dk\x48\x03ABC", SymbolRefused("CODE93", "this printer does not have it", b"ABC")),
]


@pytest.mark.parametrize(("data", "event"), ANSWERED, ids=[data.hex() for data, _ in ANSWERED])
def test_what_a_command_asks_or_does(data: bytes, event: PaperEvent) -> None:
    assert events(data) == [event]


STYLED: list[tuple[bytes, Style]] = [
    (b"\x1b!\x01", Style("B")),
    (b"\x1b!\x38", Style(bold=True, wide=2, high=2)),
    (b"\x1b!\x80", Style(underline=1)),
    (b"\x1bE\x01", Style(bold=True)),
    (b"\x1bE\x01\x1bE\x00", Style()),
    (b"\x1bG\x01", Style(bold=True)),
    (b"\x1b-2", Style(underline=2)),
    (b"\x1bM1", Style("B")),
    (b"\x1d!\x11", Style(wide=2, high=2)),
    (b"\x1d!\x70", Style(wide=8)),
    (b"\x1d!\x80", Style()),
    (b"\x1dB\x01", Style(invert=True)),
    (b"\x1d!\x11\x1bE\x01\x1b@", Style()),
    (b"\x1c!\x0c", Style()),
]


@pytest.mark.parametrize(("data", "style"), STYLED, ids=[data.hex() for data, _ in STYLED])
def test_how_western_text_looks(data: bytes, style: Style) -> None:
    assert only_run(data + b"A\n").style == style


@pytest.mark.parametrize(
    ("data", "style"),
    [
        pytest.param(b"\x1b!\x38", Style(bold=True), id="ESC ! leaves hanzi small"),
        pytest.param(b"\x1c!\x0c", Style(wide=2, high=2), id="FS ! is their own"),
        pytest.param(b"\x1c!\x80", Style(underline=1), id="FS ! underline"),
        pytest.param(b"\x1c-\x02", Style(underline=2), id="FS -"),
        pytest.param(b"\x1cW\x01", Style(wide=2, high=2), id="FS W"),
        pytest.param(b"\x1d!\x01", Style(high=2), id="GS ! is for all"),
        pytest.param(b"\x1bM\x01", Style(), id="hanzi have one font"),
    ],
)
def test_how_hanzi_look(data: bytes, style: Style) -> None:
    assert only_run(data + gb("中\n")).style == style


@pytest.mark.parametrize(
    ("data", "x"),
    [
        (b"", 0),
        (b"\x1ba\x01", 168),
        (b"\x1ba1", 168),
        (b"\x1ba2", 336),
        (b"\x1dL\x18\x00", 24),
        (b"\x1dL\x18\x00\x1dW\x90\x00\x1ba\x02", 24 + 144 - 48),
        (b"\x1ba\x01\x1b@", 0),
        (b"\x1b$\x64\x00", 100),
        (b"\x1b\\\x30\x00\x1b\\\xf0\xff", 32),
        (b"\t", 96),
        (b"\x1bD\x05\x0a\x00\t\t", 120),
        (b"\x1bD\x05\x00\t\t", 60),
        (b"\x1d!\x10\x1bD\x05\x00\t\x1d!\x00", 120),
        (b"\x1b$\xff\xff", 0),
    ],
    ids=repr,
)
def test_where_text_begins(data: bytes, x: int) -> None:
    assert only_run(data + b"ABCD\n").x == x


def test_alignment_is_for_whole_lines() -> None:
    assert [row.items[0].x for row in rows(b"AB\x1ba\x02CD\nEF\x1ba\x02\n\x1ba\x02GH\n")] == [0, 0, 360]


@pytest.mark.parametrize(
    ("data", "heights"),
    [
        (b"a\n", [30]),
        (b"\n", [30]),
        (b"\x1b3\x18a\n", [24]),
        (b"\x1b3\x05a\n", [24]),
        (b"\x1b3\x64a\n\x1b2a\n", [100, 30]),
        (b"\x1d!\x02a\n", [72]),
        (b"a\x1bd\x03", [90]),
        (b"\x1bd\x03", [90]),
        (b"\x1bd\x00", []),
        (b"\x1d!\x02a\x1bd\x03", [72 + 60]),
        (b"a\x1bJ\x40", [64]),
        (b"a\x1bJ\x00", [24]),
        (b"\x1bJ\x00", []),
        (b"a\r\n", [30]),
        (b"\x1b3\xff\x1bd\xff", [8_128]),
    ],
    ids=repr,
)
def test_how_far_the_paper_goes(data: bytes, heights: list[int]) -> None:
    assert [row.height for row in rows(data)] == heights


@pytest.mark.parametrize(
    ("data", "cut", "feeds"),
    [
        (b"\x1dV\x00", Cut(False), []),
        (b"\x1dV1", Cut(True), []),
        (b"\x1dVA\x10", Cut(False), [16]),
        (b"\x1dVB\x00", Cut(True), []),
        (b"\x1dVa\x10", Cut(False), [16]),
        (b"\x1dVh\x10", Cut(True), [16]),
        (b"\x1bi", Cut(False), []),
        (b"\x1bm", Cut(True), []),
        (b"rest\x1dV\x00", Cut(False), [30]),
    ],
    ids=repr,
)
def test_cuts(data: bytes, cut: Cut, feeds: list[int]) -> None:
    done = events(data)
    assert done[-1] == cut
    assert [event.row.height for event in done if isinstance(event, LineDone)] == feeds


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1c.\x1bt\x00\x80\xe1\n", "Çß"),
        (b"\x1c.\x1bt\x10\x80\n", "€"),
        (b"\x1c.\x1bt\x11\x80\n", "А"),
        (b"\x1c.\x1bt\x01\xb1\n", "ｱ"),
        (b"\x1c.\x1bR\x0f$\n", "¥"),
        (b"\x1bR\x03#\n", "£"),
        (b"\x1c.\xd6\xd0\x1c&\xd6\xd0\n", "╓╨中"),
        (b"\x1c.\x1bt\x10\x81\n", "\ufffd"),
    ],
    ids=repr,
)
def test_code_pages_and_countries(data: bytes, text: str) -> None:
    assert rows(data)[0].text == text


def test_spacing_between_characters() -> None:
    assert only_run(b"\x1b\x20\x04AB\n").pitch_dots == 16
    assert only_run(b"\x1d!\x10\x1b\x20\x04AB\n").pitch_dots == 32, "spacing grows with the size"
    run = only_run(b"\x1cS\x02\x03" + gb("中国\n"))
    assert (run.x, run.pitch_dots) == (2, 29)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"x" * 33 + b"\n", ["x" * 32, "x"]),
        (gb("中" * 17) + b"\n", ["中" * 16, "中"]),
        (b"x" * 31 + gb("中\n"), ["x" * 31, "中"]),
        (b"\x1d!\x10" + b"x" * 17 + b"\n", ["x" * 16, "x"]),
        (b"\x1bM\x01" + b"x" * 43 + b"\n", ["x" * 42, "x"]),
        (b"\x1dW\x08\x00\xd6\xd0\xb9\xfa\n", ["中", "国"]),
    ],
    ids=["ascii", "hanzi", "never half a hanzi", "wide", "font B", "an area too narrow for one"],
)
def test_lines_break_where_the_paper_ends(data: bytes, lines: list[str]) -> None:
    assert [row.text for row in rows(data)] == lines


def test_while_another_device_is_selected_nothing_counts() -> None:
    assert events(b"\x1b=\x00lost\n\x1b@\x1b=\x01kept\n")[2:] == events(b"kept\n")


@pytest.mark.parametrize(
    ("data", "width", "height", "bits"),
    [
        (b"\x1dv0\x00\x01\x00\x02\x00\xf0\x0f", 8, 2, b"\xf0\x0f"),
        (b"\x1dv01\x01\x00\x01\x00\xa0", 16, 1, b"\xcc\x00"),
        (b"\x1dv0\x02\x01\x00\x01\x00\xa0", 8, 2, b"\xa0\xa0"),
        (b"\x1dv0\x03\x01\x00\x01\x00\x01", 16, 2, b"\x00\x03\x00\x03"),
        (b"\x1b*\x21\x02\x00\x80\x00\x01\xff\x00\x00\n", 2, 24, b"\xc0" + b"\x40" * 7 + b"\x00" * 15 + b"\x80"),
        (b"\x1b*\x01\x01\x00\x80\n", 1, 24, b"\x80" * 3 + b"\x00" * 21),
        (b"\x1b*\x00\x01\x00\x80\n", 2, 24, b"\xc0" * 3 + b"\x00" * 21),
        (b"\x1d(L\x0c\x000p0\x01\x011\x08\x00\x02\x00\xf0\x0f\x1d(L\x02\x0002", 8, 2, b"\xf0\x0f"),
        (b"\x1d8L\x0c\x00\x00\x000p0\x01\x011\x08\x00\x02\x00\xf0\x0f\x1d(L\x02\x0002", 8, 2, b"\xf0\x0f"),
        (b"\x1d(A\x02\x0001", 0, 0, b""),
        (b"\x1dL\x78\x01\x1dv0\x00\x02\x00\x01\x00\xff\xff", 8, 1, b"\xff"),
    ],
    ids=repr,
)
def test_images_dot_for_dot(data: bytes, width: int, height: int, bits: bytes) -> None:
    found = [(item.width, item.height, item.bits) for row in rows(data) for item in row.items]
    assert found == ([(width, height, bits)] if width else [])


@pytest.mark.parametrize("pattern", [2, 3])
def test_the_test_print(pattern: int) -> None:
    done = events(b"\x1d(A\x02\x00\x00" + bytes((pattern,)))
    assert done[-1] == TestPrint(pattern)
    assert "384" in rows(b"\x1d(A\x02\x00\x00\x02")[1].text


def test_an_image_that_claims_gigabytes_is_skipped_and_the_next_line_is_read() -> None:
    size = 0xFFFF * 0x10
    done = events(b"\x1dv0\x00\xff\xff\x10\x00" + bytes(size) + b"after\n")
    assert done[0] == Unknown(b"\x1dv0\x00\xff\xff\x10\x00")
    assert done[1].row.text == "after"
    assert len(done) == 2


# --- characters of one, two and four bytes (GB 18030-2022), written out by hand

VECTORS = [
    (b"A", "A", 12),
    (b"\xd6\xd0", "中", 24),
    (b"\xa1\xa4", "·", 24),
    (b"\xa3\xa4", "￥", 24),
    (b"\xa8\xa4", "à", 24),
    (b"\x81\x40", "丂", 24),
    (b"\xfe\x4f", "\ufa29", 24),
    (b"\xa2\xe3", "€", 24),
    (b"\x81\x30\x84\x36", "¥", 24),
    (b"\x81\x39\xee\x39", "㐀", 24),
    (b"\x82\x35\x8f\x33", "龦", 24),
    (b"\x90\x30\x81\x30", "\U00010000", 24),
    (b"\x95\x32\x82\x36", "\U00020000", 24),
    (b"\xe3\x32\x9a\x35", "\U0010ffff", 24),
]


@pytest.mark.parametrize(("code", "char", "width"), VECTORS, ids=[code.hex() for code, _, _ in VECTORS])
def test_characters_of_every_length(code: bytes, char: str, width: int) -> None:
    assert code.decode("gb18030") == char, "the vector itself"
    run = only_run(code + b"\n")
    assert (run.text, run.width) == (char, width)


BAD = [
    (b"\xd6\n", [b"\xd6"], "\ufffd"),
    (b"\xd6", [b"\xd6"], ""),
    (b"\xd6\x1b@", [b"\xd6"], ""),
    (b"\x80\xff\n", [b"\x80", b"\xff"], "\ufffd\ufffd"),
    (b"\x81\x30\n", [b"\x81"], "\ufffd0"),
    (b"\x81\x30\x81", [b"\x81\x30\x81"], ""),
    (b"\x81\x30\x81x\n", [b"\x81"], "\ufffd0亁"),
    (b"\x81\x30\xd6\xd0\n", [b"\x81"], "\ufffd0中"),
    (b"\xe3\x32\x9a\x36\n", [b"\xe3\x32\x9a\x36"], "\ufffd"),
]


@pytest.mark.parametrize(("data", "bad", "text"), BAD, ids=[data.hex() for data, _, _ in BAD])
def test_half_and_wrong_characters(data: bytes, bad: list[bytes], text: str) -> None:
    done = events(data)
    assert [event.data for event in done if isinstance(event, BadText)] == bad
    assert "".join(event.row.text for event in done if isinstance(event, LineDone)) == text


def test_a_printer_of_gbk_prints_rubbish_for_four_byte_codes() -> None:
    done = events(gb("¥6\n"), PaperProfile(charset="gbk"))
    assert [event.data for event in done if isinstance(event, BadText)] == [b"\x81", b"\x84"]
    assert done[-1].row.text == "\ufffd0\ufffd66"
