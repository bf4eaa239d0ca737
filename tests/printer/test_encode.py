"""The bytes that go to the printer."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.drivers.printer.encode import INIT, encode, fence, fence_id, pulse, raster
from firmware.drivers.printer.glyphs import FONT, Bitmap, FontGlyphs, NoGlyphs
from firmware.drivers.printer.model import model_for, models
from firmware.drivers.printer.qr import qr_for
from tests.layout.slips import SAMPLE, plain
from wire.layout import Cut, Feed, Qr, Rule, Text, layout, text_of
from wire.receipt import ReceiptLine

needs_font = pytest.mark.skipif(not FONT.exists(), reason="WenQuanYi Micro Hei is not installed")
VIRTUAL = models()["virtual58"]


class BoxGlyphs:
    """A font that draws every character as a full box, but none outside the basic plane."""

    def has(self, char):
        return char < "\U00010000"

    def draw(self, text, *, wide=1, high=1, bold=False):
        return Bitmap(24 * wide, 24 * high, b"\xff" * (3 * wide * 24 * high))


def no_qr(content):
    return None


def encoded(*rows, model=VIRTUAL, glyphs=None):
    return encode(rows, model, glyphs or BoxGlyphs(), no_qr)


def body(*rows, **how):
    pieces = encoded(*rows, **how).pieces
    assert pieces[0] == INIT
    return b"".join(pieces[1:])


@pytest.mark.parametrize(
    ("row", "data"),
    [
        (Text("可乐 3.50"), "可乐 3.50\n".encode("gb18030")),
        (Text("可乐", "center"), b"\x1ba\x01\xbf\xc9\xc0\xd6\n"),
        (Text("A", "right", width=2, height=2, bold=True), b"\x1ba\x02\x1d!\x11\x1bE\x01A\n"),
        (Text("A", height=2), b"\x1d!\x01A\n"),
        (Rule(), b"-" * 32 + b"\n"),
        (Feed(3), b"\x1bd\x03"),
        (Cut(), b"\x1dVB\x00"),
        (Qr("", "x"), b""),
    ],
)
def test_a_row_becomes_its_commands(row, data):
    assert body(row) == data


def test_a_state_of_the_printer_is_said_once_and_taken_back():
    rows = (Text("A", "center", bold=True), Text("B", "center", bold=True), Text("C"))
    assert body(*rows) == b"\x1ba\x01\x1bE\x01A\nB\n\x1ba\x00\x1bE\x00C\n"


def test_paper_torn_by_hand_is_fed_to_the_tear_bar():
    assert body(Cut(), model=models()["generic58"]) == b"\x1bd\x04"


def test_a_glyph_the_printer_lacks_makes_its_row_a_picture():
    data = body(Text("€5", "center"))
    assert data.startswith(b"\x1ba\x01\x1dv0\x00\x03\x00\x18\x00\xff")
    assert data.endswith(b"\xff\x1bJ\x06")


def test_a_printer_with_the_whole_of_gb18030_gets_text():
    assert body(Text("䶮"), model=msgspec.structs.replace(VIRTUAL, encoding="gb18030")) == b"\xfe\x9f\n"


def test_a_glyph_nobody_has_becomes_a_box_and_is_reported():
    slip = encoded(Text("𬍛A"))
    assert slip.pieces[1] == "□A\n".encode("gb18030")
    assert slip.missing == "𬍛"
    assert encoded(Text("€"), glyphs=NoGlyphs()).missing == "€"


@pytest.mark.parametrize("command", [b"\x10\x14\x01\x00\x01", b"\x10\x04\x01", b"\x10\x05\x02", b"\x10\x10\x04\x04"])
def test_a_picture_never_holds_a_real_time_command(command):
    """Such bytes in a picture open the drawer on real printers."""
    data = raster(Bitmap(8, len(command), command))
    assert not any(bytes((0x10, second)) in data for second in (4, 5, 20))
    assert len(data) == 8 + len(command)


@given(st.binary(min_size=96, max_size=96))
def test_no_picture_at_all_holds_a_real_time_command(data):
    picture = raster(Bitmap(32, 24, data))
    assert not any(bytes((0x10, second)) in picture for second in (4, 5, 20))


ROWS = st.lists(
    st.builds(
        Text,
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=16),
        st.sampled_from(["left", "center", "right"]),
    ),
    max_size=6,
).map(tuple)


@settings(deadline=None)
@given(ROWS, st.sampled_from(sorted(models())))
def test_every_piece_of_text_decodes_by_itself(rows, name):
    """No piece ends in half a character: text pieces are whole GB18030."""
    model = models()[name]
    for piece, row in zip(encode(rows, model, NoGlyphs(), no_qr).pieces[1:], rows, strict=True):
        text = piece.removeprefix(piece[:3] if piece.startswith(b"\x1ba") else b"").decode("gb18030")
        shown = "".join(char if char in text else "□" for char in row.text)
        assert text == shown + "\n"


def twenty_lines():
    goods = ("可口可乐500毫升装", "红富士苹果", "特仑苏纯牛奶", "康师傅红烧牛肉面", "金龙鱼调和油")
    return plain(*(ReceiptLine(goods[number % 5], 1000, 350, 350) for number in range(20)), shop="好邻居便利店")


@pytest.mark.parametrize("receipt", [twenty_lines(), msgspec.structs.replace(SAMPLE, qr="")])
@pytest.mark.parametrize("name", ["virtual58", "virtual80", "generic58", "generic80"])
def test_a_slip_is_hardly_longer_than_its_text(receipt, name):
    """At most 1.05 times its GB18030 text, fence and cut included."""
    model = models()[name]
    rows = layout(receipt, model.columns)
    text = "\n".join(text_of(rows, model.columns)).encode("gb18030")
    data = b"".join(encode(rows, model, NoGlyphs(), no_qr).pieces) + fence(model, b"0001")
    assert len(data) <= 1.05 * len(text), (len(data), len(text))


@needs_font
@pytest.mark.parametrize(("char", "drawn"), [("€", True), ("汉", True), ("😀", False), ("𬍛", False)])
def test_the_font_knows_what_it_can_draw(char, drawn):
    assert FontGlyphs().has(char) is drawn


@needs_font
def test_a_sign_the_font_draws_as_nothing_is_put_together_from_its_parts():
    """On a row that is a picture because of another sign, ℃ was a gap on the paper."""
    glyphs = FontGlyphs()
    assert [char for char in "℃½ǎǐǒǔǘǚǜ" if not any(glyphs.draw(char).data)] == []


def test_drawn_characters_stand_in_their_columns():
    """The picture is as wide as the text would be, and blank where the text is blank."""
    picture = FontGlyphs().draw("€ 5")
    assert (picture.width, picture.height) == (4 * 12, 24)
    columns = [
        any(picture.data[row * 6 + x // 8] >> (7 - x % 8) & 1 for row in range(24)) for x in range(picture.width)
    ]
    assert any(columns[:24])
    assert not any(columns[24:36])
    assert any(columns[36:])
    big = FontGlyphs().draw("€", wide=2, high=2, bold=True)
    assert (big.width, big.height) == (48, 48)


@pytest.mark.parametrize(("name", "native"), [("virtual58", True), ("generic58", False)])
def test_a_qr_code_is_the_size_people_can_scan(name, native):
    code = qr_for(models()[name])("https://inv.example.cn/i/8Kd3-77Q2-91ab")
    assert code is not None
    assert 150 <= code.dots <= 240
    assert code.data.startswith(b"\x1d(k" if native else b"\x1dv0")


@pytest.mark.parametrize("length", [1_500, 5_000])
def test_a_code_too_big_for_the_paper_is_given_as_text(length):
    draw = qr_for(models()["generic58"])
    assert draw("x" * length) is None
    slip = encode((Qr("x" * length, "[二维码]"),), models()["generic58"], NoGlyphs(), draw)
    assert "[二维码]".encode("gb18030") in b"".join(slip.pieces)


def test_fences_of_different_prints_differ_and_are_printable():
    idents = {fence_id(number) for number in range(20_000)}
    assert len(idents) == 20_000
    assert all(0x20 <= byte <= 0x7E for ident in idents for byte in ident)
    assert fence(VIRTUAL, b"abcd") == bytes.fromhex("1d28480600303061626364")


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (VIRTUAL, "1014010001"),
        (msgspec.structs.replace(VIRTUAL, drawer="plain", drawer_pin=5), "1b70013232"),
        (models()["generic58"], ""),
    ],
)
def test_the_drawer_pulse(model, data):
    assert pulse(model).hex() == data


def test_a_hardware_profile_changes_what_it_names():
    model = model_for(80, virtual=True, fence="none", cutter=False, escpos="TM-T88V", baud=9600)
    assert (model.columns, model.fence, model.cutter, model.escpos, model.baud) == (48, "none", "none", "TM-T88V", 9600)
    assert model_for(58) == models()["generic58"]
    with pytest.raises(msgspec.ValidationError):
        model_for(58, baud=1234)
