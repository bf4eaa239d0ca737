"""One set of cases for every panel: what the glass shows is what the renderer drew, and little more is sent."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from emulator.lcd import LcdPanel
from firmware.drivers.display import panel_opener
from firmware.drivers.display.anyluma import AnyLuma, make_device
from firmware.drivers.display.framebuffer import FbInfo, FramebufferPanel, read_fbinfo
from firmware.drivers.display.panel import Glass, SpanPanel
from firmware.drivers.display.spans import span_bytes
from firmware.drivers.display.wires import DC, LIGHT, RESET, SpidevWire
from firmware.hardware import Board, Display, Framebuffer, LumaPanel, Nothing, SpiPanel
from firmware.render import Renderer, find_font
from firmware.view import Field, Tint
from tests.display.bench import rgb
from tests.display.test_lcd import quantised_666
from tests.render.examples import EXAMPLES, menu, plain, tender


class GlassWire:
    """A wire that ends at the emulator's glass, without a socket; counts SPI bytes and can break."""

    OUT, LOW, HIGH = 0, 0, 1

    def __init__(self, kind):
        self.glass = LcdPanel(kind)
        self.max_speed_hz = self.written = 0
        self.lit = False
        self.breaks_after = None
        self._dc = 0

    def open(self, bus, select):
        pass

    def writebytes(self, data):
        if self.breaks_after is not None and self.written + len(data) > self.breaks_after:
            raise OSError("wire broken")
        self.glass.feed(self._dc, bytes(data))
        self.written += len(data)

    def setup(self, pin, mode):
        pass

    def output(self, pin, value):
        if pin == DC:
            self._dc = int(bool(value))
        if pin == LIGHT:
            self.lit = bool(value)

    def cleanup(self, pins=None):
        pass

    def close(self):
        pass


def serial(wire):
    from luma.core.interface.serial import spi

    return spi(spi=wire, gpio=wire, gpio_DC=DC, gpio_RST=None)


class OfSpans:
    """Our own luma device at the emulator's glass."""

    def __init__(self, glass, tmp_path):
        self.wire = GlassWire(glass.controller)
        self.panel = SpanPanel(serial(self.wire), self.wire, glass, wake_s=0)
        self.turned = glass.rotate == 180

    def shown(self):
        image = self.wire.glass.image()
        return image.transpose(Image.Transpose.ROTATE_180) if self.turned else image

    wanted = staticmethod(lambda image: image)


class OfLuma:
    """luma's own device for the same controller: 18 bits, decoded by the same glass."""

    def __init__(self, name, tmp_path):
        self.wire = GlassWire(name)
        options = {"width": 320, "height": 240} if name == "st7789" else {}
        self.panel = AnyLuma(make_device(f"luma.lcd.device:{name}", serial(self.wire), self.wire, options), self.wire)

    def shown(self):
        return self.wire.glass.image()

    wanted = staticmethod(quantised_666)


class OfFramebuffer:
    """A framebuffer in a file, read back as the kernel lays it out."""

    def __init__(self, info, tmp_path):
        self.info, self.path = info, tmp_path / "fb"
        self.path.write_bytes(bytes(info.stride_bytes * info.height))
        self.panel = FramebufferPanel(self.path, info)

    def shown(self):
        layout = "BGR;16" if self.info.bits == 16 else "BGRX"
        size = (self.info.width, self.info.height)
        whole = Image.frombytes("RGB", size, self.path.read_bytes(), "raw", layout, self.info.stride_bytes)
        left, top = (self.info.width - 320) // 2, (self.info.height - 240) // 2
        return whole.crop((left, top, left + 320, top + 240))

    wanted = staticmethod(lambda image: image)


PANELS = {
    "ours st7789": (OfSpans, Glass("st7789")),
    "ours st7789 turned": (OfSpans, Glass("st7789", rotate=180)),
    "ours ili9341": (OfSpans, Glass("ili9341", inverted=False)),
    "ours ili9341 turned": (OfSpans, Glass("ili9341", rotate=180, inverted=False)),
    "luma st7789": (OfLuma, "st7789"),
    "luma ili9341": (OfLuma, "ili9341"),
    "framebuffer RGB565": (OfFramebuffer, FbInfo(320, 240, 16, 640)),
    "framebuffer XRGB8888 with a stride": (OfFramebuffer, FbInfo(320, 240, 32, 1_344)),
    "framebuffer larger than the frame": (OfFramebuffer, FbInfo(480, 320, 16, 1_024)),
}


@pytest.fixture(scope="module")
def renderer():
    return Renderer(find_font(), plain)


@pytest.fixture(params=PANELS)
def stand(request, tmp_path):
    kind, with_what = PANELS[request.param]
    made = kind(with_what, tmp_path)
    yield made
    made.panel.close()


@pytest.mark.parametrize("seed", range(3))
def test_the_glass_shows_what_was_drawn(stand, renderer, seed):
    dice = random.Random(seed)
    for _ in range(8):
        view = dice.choice(EXAMPLES)(dice.choice(("zh", "en")))
        view = replace(
            view, tint=dice.choice(list(Tint)), body=tuple(dice.sample(view.body, dice.randint(0, len(view.body))))
        )
        picture = renderer.draw(view)
        stand.panel.display(picture)
        assert rgb(stand.shown()) == rgb(stand.wanted(picture)), view.name
    assert stand.panel.written > 0


@pytest.mark.parametrize(
    "glass", [Glass("st7789"), Glass("ili9341", inverted=False)], ids=lambda glass: glass.controller
)
class TestTraffic:
    def steps(self, renderer, glass, views):
        """Bytes sent and the measure of changed spans for each step between views."""
        stand = OfSpans(glass, None)
        before = None
        for view in views:
            picture = renderer.draw(view)
            start = stand.wire.written
            stand.panel.display(picture)
            if before is not None:
                yield stand.wire.written - start, span_bytes(before, picture.tobytes(), 320)
            before = picture.tobytes()

    def test_a_menu_step_sends_its_two_rows(self, renderer, glass):
        for sent, spans in self.steps(renderer, glass, [menu("zh", row) for row in (0, 1, 2, 1, 0)]):
            assert spans == 2 * 24 * 320 * 2 == 30_720
            assert sent <= 1.1 * spans

    def test_a_typed_digit_sends_about_a_thousand_bytes(self, renderer, glass):
        base = tender("zh")
        typed = [replace(base, body=(base.body[0], base.body[1], Field("实收", "12345678"[:n]))) for n in range(1, 8)]
        for sent, spans in self.steps(renderer, glass, typed):
            assert sent <= 1.1 * spans
            assert sent <= 1_100

    def test_every_step_between_screens(self, renderer, glass):
        views = [example(lang) for lang in ("zh", "en") for example in EXAMPLES]
        for sent, spans in self.steps(renderer, glass, views):
            assert sent <= 1.1 * spans

    def test_the_same_picture_again_sends_nothing(self, renderer, glass):
        assert [sent for sent, _ in self.steps(renderer, glass, [menu("zh")] * 3)] == [0, 0]

    def test_a_frame_cut_in_the_middle_is_followed_by_a_whole_one(self, renderer, glass):
        stand = OfSpans(glass, None)
        stand.panel.display(renderer.draw(menu("zh", 0)))
        stand.wire.breaks_after = stand.wire.written + 10_000
        with pytest.raises(OSError, match="wire broken"):
            stand.panel.display(renderer.draw(menu("zh", 1)))
        stand.wire.breaks_after = None
        picture = renderer.draw(menu("zh", 1))
        start = stand.wire.written
        stand.panel.display(picture)
        assert stand.wire.written - start >= 153_600
        assert rgb(stand.shown()) == rgb(picture)

    def test_nothing_is_seen_before_the_first_frame_is_whole(self, renderer, glass):
        stand = OfSpans(glass, None)
        assert not stand.wire.lit
        assert stand.shown().getbbox() is None
        stand.panel.display(renderer.draw(menu("zh")))
        assert stand.wire.lit


class TestSpidev:
    """The real wire at its two seams; the silicon behind them is not run here."""

    def test_bytes_pins_and_release(self, renderer):
        glass, calls, lines = LcdPanel("st7789"), [], {25: 0, 27: 0, 24: 0}

        class Spi:
            max_speed_hz = 0

            def open(self, bus, device):
                calls.append(("open", bus, device))

            def writebytes2(self, data):
                assert lines[27] == 1, "a controller held in reset hears nothing"
                glass.feed(lines[25], bytes(data))

            def close(self):
                calls.append("close")

        def request(chip, offsets):
            calls.append((chip, offsets))

            def put(offset, value):
                if offset is None:
                    calls.append("release")
                else:
                    lines[offset] = int(value)

            return put

        wire = SpidevWire("/dev/gpiochip0", {DC: 25, RESET: 27, LIGHT: 24}, Spi, request)
        from luma.core.interface.serial import spi

        interface = spi(spi=wire, gpio=wire, port=0, device=1, bus_speed_hz=32_000_000, gpio_DC=DC, gpio_RST=RESET)
        panel = SpanPanel(interface, wire, Glass("st7789"), wake_s=0)
        picture = renderer.draw(menu("zh"))
        panel.display(picture)
        assert rgb(glass.image()) == rgb(picture)
        assert (lines[27], lines[24]) == (1, 1), "awake and lit"
        assert wire.max_speed_hz == 32_000_000
        panel.close()
        assert calls == [("/dev/gpiochip0", (25, 27, 24)), ("open", 0, 1), "close", "release"]


def test_the_shape_of_a_framebuffer_comes_from_sysfs(tmp_path):
    folder = tmp_path / "fb0"
    folder.mkdir()
    for name, value in {"virtual_size": "480,320\n", "bits_per_pixel": "16\n", "stride": "960\n"}.items():
        (folder / name).write_text(value)
    assert read_fbinfo(Path("/dev/fb0"), tmp_path) == FbInfo(480, 320, 16, 960)
    (folder / "bits_per_pixel").write_text("24\n")
    with pytest.raises(ValueError, match="24 bits"):
        read_fbinfo(Path("/dev/fb0"), tmp_path)


UNFIT = {
    "standing": Display(SpiPanel(), rotate=90),
    "another size": Display(SpiPanel(), width=240),
    "none": Display(Nothing()),
    "a board without a folder": Display(Board()),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_profile_that_cannot_be_shown_is_refused_before_start(case):
    with pytest.raises(ValueError, match="display"):
        panel_opener(UNFIT[case], None)


def test_a_panel_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        panel_opener(Display(Board()), tmp_path)()
    with pytest.raises(FileNotFoundError):
        panel_opener(Display(Framebuffer("/dev/fb-none")), None)()


def test_a_luma_device_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ValueError, match="luma has no device"):
        make_device("luma.lcd.device:st0", None, GlassWire("st7789"), {})
    assert callable(panel_opener(Display(LumaPanel("luma.lcd.device:ili9486")), None))
