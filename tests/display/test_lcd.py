"""The emulator's glass, fed with hand-made transfers of both controllers, and with luma's own devices."""

import pytest
from PIL import Image

from emulator.lcd import LcdPanel, LcdStream
from wire.board import LCD_HEADER

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def fed(panel, *transfers):
    """Transfers as (command, argument bytes …)."""
    for command, *arguments in transfers:
        panel.feed(0, bytes([command]))
        if arguments:
            panel.feed(1, bytes(arguments))
    return panel


def awake(kind):
    panel = LcdPanel(kind)
    upright, inverted = (0x60, 0x21) if kind == "st7789" else (0x28, 0x20)
    return fed(panel, (0x11,), (0x36, upright), (0x3A, 0x55), (inverted,), (0x29,))


def window(left, top, right, bottom):
    return (0x2A, *left.to_bytes(2), *right.to_bytes(2)), (0x2B, *top.to_bytes(2), *bottom.to_bytes(2)), (0x2C,)


@pytest.mark.parametrize("kind", ["st7789", "ili9341"])
class TestGlass:
    def test_a_dot_lands_where_it_was_sent(self, kind):
        panel = fed(awake(kind), *window(10, 20, 10, 20))
        panel.feed(1, b"\xf8\x00")
        assert panel.image().getpixel((10, 20)) == RED
        assert panel.image().convert("L").getbbox() == (10, 20, 11, 21)

    def test_all_four_corners(self, kind):
        panel = awake(kind)
        for x, y in ((0, 0), (319, 0), (0, 239), (319, 239)):
            fed(panel, *window(x, y, x, y)).feed(1, b"\x00\x1f")
            assert panel.image().getpixel((x, y)) == BLUE

    def test_turned_by_180_degrees(self, kind):
        panel = fed(awake(kind), (0x36, 0xA0 if kind == "st7789" else 0xE8), *window(0, 0, 1, 0))
        panel.feed(1, b"\xf8\x00\x00\x1f")
        assert panel.image().getpixel((319, 239)) == RED
        assert panel.image().getpixel((318, 239)) == BLUE

    def test_standing_pictures_are_turned_by_90_degrees(self, kind):
        panel = fed(awake(kind), (0x36, 0x00 if kind == "st7789" else 0x48), *window(0, 0, 0, 0))
        panel.feed(1, b"\xf8\x00")
        panel = fed(panel, *window(0, 1, 0, 1))
        panel.feed(1, b"\x00\x1f")
        found = {panel.image().getpixel(spot): spot for spot in ((0, 239), (1, 239), (0, 0), (1, 0))}
        assert abs(found[RED][0] - found[BLUE][0]) == 1, "the portrait's y runs along the landscape's x"

    def test_rows_wrap_in_the_window_and_a_write_can_be_continued(self, kind):
        panel = fed(awake(kind), *window(5, 5, 6, 6))
        panel.feed(1, b"\xf8\x00" * 3)
        panel.feed(0, b"\x3c")
        panel.feed(1, b"\x00\x1f")
        image = panel.image()
        assert [image.getpixel(spot) for spot in ((5, 5), (6, 5), (5, 6), (6, 6))] == [RED, RED, RED, BLUE]

    def test_past_the_window_it_starts_over(self, kind):
        panel = fed(awake(kind), *window(5, 5, 6, 5))
        panel.feed(1, b"\xf8\x00\xf8\x00\x00\x1f")
        assert [panel.image().getpixel((x, 5)) for x in (5, 6)] == [BLUE, RED]

    def test_a_pixel_may_be_split_between_transfers(self, kind):
        panel = fed(awake(kind), *window(0, 0, 0, 0))
        panel.feed(1, b"\xf8")
        panel.feed(1, b"\x00")
        assert panel.image().getpixel((0, 0)) == RED

    def test_eighteen_bits(self, kind):
        panel = fed(awake(kind), (0x3A, 0x66), *window(0, 0, 1, 0))
        panel.feed(1, b"\xfc\x00\x00\xff\xff\xff")
        assert [panel.image().getpixel((x, 0)) for x in (0, 1)] == [RED, WHITE]

    def test_inversion_and_colour_order_show(self, kind):
        panel = fed(awake(kind), *window(0, 0, 0, 0))
        panel.feed(1, b"\xf8\x00")
        wrong = 0x20 if kind == "st7789" else 0x21
        assert fed(panel, (wrong,)).image().getpixel((0, 0)) == (0, 255, 255)
        swapped = fed(awake(kind), (0x36, 0x68 if kind == "st7789" else 0x20), *window(0, 0, 0, 0))
        swapped.feed(1, b"\xf8\x00")
        assert swapped.image().getpixel((0, 0)) == BLUE

    def test_dark_until_awake_and_on_and_after_a_reset(self, kind):
        panel = fed(awake(kind), *window(0, 0, 0, 0))
        panel.feed(1, b"\xf8\x00")
        for sleep, wake in ((0x28, 0x29), (0x10, 0x11)):
            assert fed(panel, (sleep,)).image().getbbox() is None
            assert fed(panel, (wake,)).image().getbbox() is not None
        assert fed(panel, (0x01,)).image().getbbox() is None

    def test_what_it_does_not_know_does_no_harm(self, kind):
        panel = awake(kind)
        fed(panel, (0xEF, 3, 0x80, 2), (0x77, *range(100)))
        panel.feed(1, b"stray data")
        assert panel.unknown_commands == 2


def test_a_stream_in_pieces_of_one_byte():
    transfers = [(0, b"\x11"), (0, b"\x36"), (1, b"\x60"), (0, b"\x2c"), (1, b"\x01\x02")]
    stream = LcdStream("st7789")
    whole = b"".join(LCD_HEADER.pack(dc, len(data)) + data for dc, data in transfers)
    for at in range(len(whole)):
        stream.feed(whole[at : at + 1])
    assert (stream.transfers, stream.payload_bytes, stream.consumed) == (5, 6, len(whole))
    assert not stream.torn
    stream.feed(LCD_HEADER.pack(1, 4) + b"ab")
    assert stream.torn, "a cut in the middle of a transfer is seen"


@pytest.mark.parametrize("garbage", [b"\x07\0\0\0\1x", b"\x01\xff\xff\xff\xff"])
def test_a_peer_that_speaks_otherwise_is_refused(garbage):
    with pytest.raises(ValueError, match="not an LCD transfer"):
        LcdStream("st7789").feed(garbage)


def quantised_666(image: Image.Image) -> Image.Image:
    return image.convert("RGB").point([(value >> 2) * 255 // 63 for value in range(256)] * 3)
