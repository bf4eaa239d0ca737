"""What becomes of a slip, whatever the printer does (decisions 19)."""

import msgspec
import pytest

from firmware.drivers.printer.glyphs import NoGlyphs
from firmware.drivers.printer.line import Patience
from firmware.events import DrawerPulsed, Print, Printed, PrinterSeen, PulseDrawer
from tests.layout.slips import SAMPLE, plain
from tests.printer.body import COVER_OPEN, CUTTER, GOOD, HOT, PAPER_LOW, PAPER_OUT, Script
from tests.printer.conftest import PATIENT, SHORT
from wire.layout import layout, text_of
from wire.receipt import ReceiptLine

LONG = plain(*(ReceiptLine(f"第{number}种商品名称", 1000, 100, 100) for number in range(200)))
PICTURES = plain(*(ReceiptLine(f"€{number}欧元商品", 1000, 100, 100) for number in range(40)))
WAYS = ["pty", "tcp"]


def text(paper: bytes) -> str:
    """What a reader finds of a slip among its commands."""
    return bytes(paper).decode("gb18030", errors="replace")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("fence", "outcome"), [("gs_h", "printed"), ("gs_r", "printed"), ("none", "sent")])
@pytest.mark.parametrize("one_byte", [False, True])
def test_a_slip_is_as_good_as_its_fence(bench, way, fence, outcome, one_byte):
    it = bench(Script(one_byte=one_byte), way=way, fence=fence, patience=PATIENT, speed_mm_s=500)
    assert it.print() == (outcome, 0)
    for line in text_of(layout(SHORT, 32), 32):
        assert line.strip() in text(it.body.paper)
    counts = it.driver.counts
    it.body.until(lambda body: body.got == counts().written and body.sent == counts().read, "every byte is counted")


@pytest.mark.parametrize(
    ("script", "result", "look"),
    [
        (Script(status=PAPER_OUT), ("not_printed", 4001), "paper_out"),
        (Script(status=COVER_OPEN), ("not_printed", 4003), "cover_open"),
        (Script(status=CUTTER), ("not_printed", 4006), "fault"),
        (Script(status=HOT), ("not_printed", 4004), "fault"),
        (Script(status={**GOOD, 1: 0x1E}), ("not_printed", 4005), "offline"),
        (Script(silent=True), ("not_printed", 4005), "offline"),
        # A status byte of no known shape is no good news.
        (Script(status={**GOOD, 4: 0xFF}), ("not_printed", 4005), "offline"),
        (Script(status={**GOOD, 2: 0x00}), ("not_printed", 4005), "offline"),
    ],
)
def test_nothing_is_sent_to_a_printer_in_trouble(bench, script, result, look):
    it = bench(script)
    assert it.print() == result
    assert not it.body.paper
    assert PrinterSeen(look) in it.events


def test_paper_running_low_is_only_a_warning(bench):
    it = bench(Script(status=PAPER_LOW))
    assert it.print() == ("printed", 0)
    assert PrinterSeen("paper_low") in it.events


@pytest.mark.parametrize("noise", [b"\xff", b"\x11", b"\x10\x00\x00\x0f", b"\x37", b"\x00", b"\x37\x22\xff"])
def test_noise_and_unasked_status_do_no_harm(bench, noise):
    it = bench(Script(before_replies=noise), patience=PATIENT)
    assert it.print() == ("printed", 0)


def test_a_lost_fence_leaves_the_slip_unknown_and_the_next_one_prints(bench):
    it = bench(Script(fence=False))
    assert it.print() == ("unknown", 4008)
    it.body.mend(fence=True)
    assert it.print() == ("printed", 0)


def test_the_answer_of_another_fence_proves_nothing(bench):
    assert bench(Script(fence_ident=b"XYZW")).print() == ("unknown", 4008)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("trouble", "code", "look"), [(PAPER_OUT, 4001, "paper_out"), (COVER_OPEN, 4003, "cover_open")]
)
@pytest.mark.parametrize("fence", ["gs_h", "none"])
def test_trouble_in_the_middle_leaves_the_slip_unknown(bench, way, trouble, code, look, fence):
    it = bench(Script(trouble_at=300, trouble=trouble), way=way, fence=fence, patience=PATIENT, speed_mm_s=500)
    assert it.print() == ("unknown", code)
    assert PrinterSeen(look) in it.events
    assert "找零" not in text(it.body.paper)
    it.body.mend(trouble_at=None)
    it.sees("ok")
    assert it.print()[0] == ("sent" if fence == "none" else "printed")


def test_a_printer_that_confirms_dropping_the_rest_has_not_printed(bench):
    it = bench(Script(trouble_at=300, trouble=PAPER_OUT, clears=True), clear=True, patience=PATIENT)
    assert it.print() == ("not_printed", 4001)
    it.body.mend(trouble_at=None)
    it.sees("ok")
    assert it.print() == ("printed", 0)
    assert text(it.body.paper).count("找零") == 1


def test_a_clear_that_is_not_confirmed_proves_nothing(bench):
    it = bench(Script(trouble_at=300, trouble=PAPER_OUT, clears=False), clear=True)
    assert it.print() == ("unknown", 4001)


def test_paper_that_ends_with_the_slip_leaves_it_unknown(bench):
    """The fence was answered, yet nobody can say whether the last line is on paper."""
    it = bench(patience=PATIENT)
    assert it.print() == ("printed", 0)
    it.body.mend(trouble_at=2 * len(it.body.paper), trouble=PAPER_OUT)
    assert it.print() == ("unknown", 4001)


@pytest.mark.parametrize("way", WAYS)
def test_a_printer_that_takes_no_more_never_blocks(bench, way):
    it = bench(Script(deaf_at=2_000), way=way)
    codes = (4008, 4008) if way == "pty" else (4005, 4005)  # a socket holds the whole slip: then it is silence
    assert it.print(PICTURES) == ("unknown", codes[0])
    assert it.print() == ("not_printed", codes[1])


def test_a_stalled_picture_is_brought_to_its_end_before_anything_else(bench):
    """Otherwise the printer would take the next slip for the rest of the picture."""
    it = bench(Script(deaf_at=2_000, fence=False))
    assert it.print(PICTURES)[0] == "unknown"
    it.body.mend(deaf_at=None, fence=True)
    it.sees("ok")
    assert it.print() == ("printed", 0)
    paper = bytes(it.body.paper)
    assert walk_pictures(paper), "every picture has all its bytes"


def walk_pictures(paper: bytes) -> int:
    """Count the pictures, each of which must be followed by its feed, never by the beginning of another slip."""
    count, at = 0, paper.find(b"\x1dv0\x00")
    while at >= 0:
        across, high = paper[at + 4] + 256 * paper[at + 5], paper[at + 6] + 256 * paper[at + 7]
        end = at + 8 + across * high
        assert paper[end : end + 3] == b"\x1bJ\x06", count
        count, at = count + 1, paper.find(b"\x1dv0\x00", end)
    return count


@pytest.mark.parametrize("way", WAYS)
def test_vanishing_in_the_middle_leaves_the_slip_unknown_and_a_replug_is_found(bench, way):
    it = bench(way=way)
    it.sees("ok")
    it.body.mend(vanish_at=it.body.got + 500)
    assert it.print(PICTURES) == ("unknown", 4005)
    it.events.clear()
    assert it.print() == ("not_printed", 4005)
    it.body.mend(vanish_at=None)
    it.body.plug()
    it.body.mend()
    it.sees("ok")
    assert it.print() == ("printed", 0)


def test_a_printer_that_was_never_there_is_found_when_it_comes(bench):
    it = bench()
    it.sees("ok")
    it.body.mend(vanish_at=0)
    it.sees("none")
    assert it.print() == ("not_printed", 4005)
    it.body.mend(vanish_at=None)
    it.body.plug()
    it.body.mend()
    it.sees("ok")


def test_a_slow_printer_gets_its_time(bench):
    it = bench(Script(print_per_tick=5, room=64), patience=PATIENT)
    assert it.print() == ("printed", 0)


def test_waiting_for_a_slow_printer_shows_as_waiting(bench):
    it = bench(Script(trouble_at=100, trouble=GOOD), patience=Patience(watch_ms=10_000, job_ms_min=60_000))
    it.give()
    it.body.until(lambda body: len(body.paper) == 100, "the beginning is on paper")
    while not it.driver.waiting():
        assert it.driver.busy()
    it.body.mend(trouble_at=None)
    assert it.next(Printed).outcome == "printed"


def test_stopping_in_the_middle_does_not_hang(bench):
    it = bench(Script(trouble_at=100, trouble=GOOD), patience=Patience(job_ms_min=60_000))
    number = it.give()
    it.body.until(lambda body: len(body.paper) == 100, "the beginning is on paper")
    it.driver.stop()
    assert it.next(Printed) == Printed(number, "unknown", 4012)
    assert not it.driver.busy()


def test_more_jobs_than_the_driver_keeps_are_refused_at_once(bench):
    it = bench(Script(trouble_at=100, trouble=GOOD), patience=PATIENT)
    it.give()
    it.body.until(lambda body: len(body.paper) == 100, "the first is being printed")
    kept = [it.give(), it.give()]
    refused = it.give()
    assert it.next(Printed) == Printed(refused, "not_printed", 4014, begun=False)
    it.body.mend(trouble_at=None)
    assert [it.next(Printed).job for _ in range(3)] == [1, *kept]


def test_a_long_slip_arrives_whole(bench):
    it = bench(Script(room=256), patience=PATIENT)
    assert it.print(LONG) == ("printed", 0)
    for number in range(200):
        assert f"第{number}种商品名称" in text(it.body.paper)


def test_characters_nobody_can_draw_are_reported(bench):
    it = bench(patience=PATIENT)
    assert it.print(plain(ReceiptLine("𬍛牌", 1000, 100, 100))) == ("printed", 4009)
    assert "□牌" in text(it.body.paper)


def test_a_terminal_without_its_font_says_so(bench):
    it = bench(patience=PATIENT, glyphs=NoGlyphs())
    assert it.print(plain(ReceiptLine("€", 1000, 100, 100))) == ("printed", 4015)
    assert it.print() == ("printed", 0)


@pytest.mark.parametrize("native", [True, False])
def test_the_qr_code_goes_as_command_or_as_picture(bench, native):
    it = bench(patience=PATIENT, native_qr=native)
    assert it.print(SAMPLE) == ("printed", 0)
    assert (b"\x1d(k" in it.body.paper) is native
    assert (b"\x1dv0" in it.body.paper) is not native


def test_the_drawer_opens_in_the_middle_of_a_slip(bench):
    it = bench(Script(trouble_at=100, trouble=GOOD), patience=PATIENT)
    it.give()
    it.body.until(lambda body: len(body.paper) == 100, "the slip is being printed")
    it.driver.carry_out(PulseDrawer(77))
    assert it.next(DrawerPulsed) == DrawerPulsed(77, "no_sensor")
    it.body.until(lambda body: body.pulses == [b"\x00\x01"], "one pulse on pin 2")
    it.body.mend(trouble_at=None)
    assert it.next(Printed).outcome == "printed"


def test_the_drawer_opens_while_paper_is_out_and_not_twice_in_a_second(bench):
    it = bench(Script(status=PAPER_OUT), patience=PATIENT)
    it.driver.carry_out(PulseDrawer(1))
    it.driver.carry_out(PulseDrawer(2))
    assert [it.next(DrawerPulsed).outcome for _ in range(2)] == ["no_sensor", "too_soon"]


def test_a_plain_pulse_is_not_left_behind_missing_paper(bench):
    it = bench(Script(status=PAPER_OUT), drawer="plain")
    it.driver.carry_out(PulseDrawer(1))
    assert it.next(DrawerPulsed).outcome == "did_not_open"
    it.driver.stop()
    assert not it.body.paper


def test_a_printer_without_a_connector_has_no_drawer(bench):
    it = bench(drawer="none")
    it.driver.carry_out(PulseDrawer(1))
    assert it.next(DrawerPulsed).outcome == "no_drawer"


def test_the_drawer_of_an_unplugged_printer_did_not_open(bench):
    """8001 names the key; 8003 would say that there is no drawer."""
    it = bench(Script(vanish_at=0))
    it.sees("none")
    it.driver.carry_out(PulseDrawer(7))
    assert it.next(DrawerPulsed) == DrawerPulsed(7, "did_not_open")


def test_a_printer_that_answers_nothing_by_nature_gets_its_slips(bench):
    it = bench(Script(silent=True), model="mute58")
    assert it.print(msgspec.structs.replace(SHORT, mark="**续打**")) == ("sent", 0)


def test_a_second_program_cannot_have_the_printer(bench):
    it = bench()
    it.sees("ok")
    from firmware.drivers.printer.transport import Gone, open_serial

    with pytest.raises(Gone):
        open_serial(it.body.port, it.model)


def test_a_job_is_bound_to_its_print(bench):
    """The fence is made from the fact that justifies printing now: no two prints share it."""
    it = bench(patience=PATIENT)
    for because in (500, 501):
        it.driver.carry_out(Print(9, because, SHORT))
        assert it.next(Printed) == Printed(9, "printed", 0)
    idents = bytes(it.body.paper).split(b"\x1d(H\x06\x0000")[1:]
    assert len({ident[:4] for ident in idents}) == 2
