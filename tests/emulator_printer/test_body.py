"""The printer's body under simulated time: what a cashier, and a driver, would see of it."""

import pytest

from emulator.printer_body import LINE_BURST_US, REPLY_BYTES_MAX, Mechanics, PrinterBody, Trouble
from paper.profile import PAPER_58, PAPER_80, PaperProfile
from tests.paper.slips import SALE_58, SALE_80, gb

DOT_US = 1_000_000 // (60 * 8)
ROW_DOTS = 30


def fence(ident: bytes = b"\0\0\0\1") -> bytes:
    return b"\x1d(H\x06\x0000" + ident


def answer(ident: bytes = b"\0\0\0\1") -> bytes:
    return b"\x37\x22" + ident + b"\0"


def body(profile: PaperProfile = PAPER_58, **mechanics: int) -> PrinterBody:
    return PrinterBody(profile, Mechanics(**{"baud": 10_000_000, **mechanics}))


def push(printer: PrinterBody, data: bytes) -> bytes:
    """Send as much as it takes; the rest."""
    room = printer.room()
    printer.receive(data[:room])
    return data[room:]


def send(printer: PrinterBody, data: bytes, limit_ms: int = 60_000) -> bytes:
    """Send all, with time passing, until it is idle or the limit is over; its answers."""
    answers = b""
    for _ in range(limit_ms):
        data = push(printer, data)
        printer.advance(1_000)
        answers += printer.take_replies()
        if not data and printer.idle():
            break
    return answers


@pytest.mark.parametrize(("baud", "low_ms", "high_ms"), [(9_600, 1_000, 1_080), (115_200, 70, 100)])
def test_bytes_come_no_faster_than_the_line(baud: int, low_ms: int, high_ms: int) -> None:
    printer, left, ms = body(baud=baud), bytes(1_000), 0
    while left:
        left = push(printer, left)
        printer.advance(1_000)
        ms += 1
    assert low_ms <= ms + LINE_BURST_US // 1_000 <= high_ms + LINE_BURST_US // 1_000


def test_the_buffer_is_bounded_and_the_rest_waits_on_the_line() -> None:
    printer, left = body(buffer_bytes=256), gb("字\n") * 1_000
    printer.set_trouble("paper_out")
    for _ in range(1_000):
        left = push(printer, left)
        printer.advance(1_000)
    assert (printer.buffered, printer.room(), len(left)) == (256, 0, 3_000 - 256)
    printer.set_trouble("ok")
    printer.advance(ROW_DOTS * DOT_US * 2)
    assert printer.room() > 0, "it goes on as soon as it prints"


def test_paper_comes_out_at_the_speed_of_the_head() -> None:
    printer = body(head_mm_s=60)
    push(printer, b"x\n" * 4)
    printer.advance(DOT_US * 45)
    (slip,) = printer.slips()
    assert (slip.state, slip.dots, slip.text) == ("printing", 45, "x"), "the second line is not wholly out"
    printer.advance(DOT_US * (4 * ROW_DOTS - 45) - 1)
    assert printer.slips()[0].dots == 4 * ROW_DOTS - 1
    assert not printer.idle()
    printer.advance(1)
    assert printer.idle()


@pytest.mark.parametrize("step_us", [100, 777, 5_000, 7_000 * 111])
def test_the_size_of_the_time_steps_changes_nothing(step_us: int) -> None:
    printer = body()
    assert push(printer, SALE_58) == b""
    for _ in range(777_000 // step_us):
        printer.advance(step_us)
    printer.advance(777_000 % step_us)
    assert printer.slips()[0].dots == 777_000 // DOT_US


def test_slow_is_slow() -> None:
    printer = body()
    printer.set_trouble("slow")
    push(printer, b"x\n" + fence())
    printer.advance(DOT_US * ROW_DOTS)
    assert printer.slips()[0].dots < 10
    assert printer.waiting() == "printing"


def test_the_fence_is_answered_when_all_before_it_is_printed_and_not_before() -> None:
    printer = body()
    push(printer, gb("甲\n乙\n") + fence(b"\x01\x02\x03\x04"))
    printer.advance(DOT_US * ROW_DOTS * 2 - 1)
    assert printer.take_replies() == b""
    printer.advance(1)
    assert printer.take_replies() == b"\x37\x22\x01\x02\x03\x04\x00"
    assert printer.slips()[0].state == "finished"


def test_answers_that_wait_for_their_turn() -> None:
    printer = body()
    assert send(printer, b"\x1dr1" + gb("甲\n") + b"\x1dr\x02\x1dI\x43\x1dI\x01") == b"\0\0_virtual-58\0\x20"


STATUS: list[tuple[Trouble, bytes]] = [
    ("ok", b"\x12\x12\x12\x12"),
    ("paper_low", b"\x12\x12\x12\x1e"),
    ("paper_out", b"\x1a\x32\x12\x7e"),
    ("cover_open", b"\x1a\x16\x12\x12"),
    ("offline", b"\x1a\x12\x12\x12"),
    ("slow", b"\x12\x12\x12\x12"),
    ("silent", b""),
]


@pytest.mark.parametrize(("trouble", "answers"), STATUS)
def test_status_is_answered_at_once_while_data_waits(trouble: Trouble, answers: bytes) -> None:
    printer = body()
    push(printer, gb("甲\n") * 20)
    printer.advance(DOT_US)
    printer.set_trouble(trouble)
    push(printer, b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04")
    assert printer.take_replies() == answers


def test_status_cut_in_two_is_answered_when_whole() -> None:
    printer = body()
    for byte in b"\x10\x04":
        push(printer, bytes((byte,)))
        printer.advance(1_000)
    assert printer.take_replies() == b""
    push(printer, b"\x01")
    assert printer.take_replies() == b"\x12"


def test_asking_for_hours_does_not_fill_the_buffer_of_a_printer_without_paper() -> None:
    printer = body()
    printer.set_trouble("paper_out")
    push(printer, gb("甲\n"))
    for _ in range(5_000):
        printer.advance(1_000)
        push(printer, b"\x10\x04\x04")
        assert printer.take_replies() == b"\x7e"
    assert printer.buffered == 3
    printer.set_trouble("ok")
    assert send(printer, fence()) == answer()
    assert printer.slips()[0].text == "甲"


def test_status_bytes_within_an_image_are_answered_and_stay_in_the_image() -> None:
    printer = body()
    image = b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01"
    assert send(printer, image + fence()) == b"\x12" + answer()
    assert printer.slips()[0].rows[0].items[0].bits == b"\x10\x04\x01"


@pytest.mark.parametrize("trouble", ["paper_out", "cover_open", "offline"])
def test_trouble_stops_the_paper_and_its_end_lets_the_rest_out(trouble: Trouble) -> None:
    printer = body()
    push(printer, gb("甲\n乙\n丙\n") + fence())
    printer.advance(DOT_US * 40)
    printer.set_trouble(trouble)
    printer.advance(10_000_000)
    assert printer.slips()[0].dots == 40
    assert printer.waiting() == {"paper_out": "paper", "cover_open": "cover", "offline": "offline"}[trouble]
    assert printer.take_replies() == b""
    printer.set_trouble("ok")
    assert send(printer, b"") == answer()
    if trouble == "paper_out":
        assert [(slip.state, slip.text) for slip in printer.slips()] == [("torn", "甲"), ("finished", "乙\n丙")]
    else:
        assert [(slip.state, slip.text) for slip in printer.slips()] == [("finished", "甲\n乙\n丙")]


def test_a_pulse_in_the_buffer_waits_for_paper_and_a_real_time_one_does_not() -> None:
    printer = body()
    printer.set_trouble("paper_out")
    push(printer, gb("甲\n") + b"\x1bp\x00\x19\x19" + b"\x10\x14\x01\x01\x02")
    printer.advance(1_000_000)
    (pulse,) = printer.take_pulses()
    assert (pulse.pin, pulse.on_ms, pulse.off_ms, pulse.real_time) == (5, 200, 200, True)
    printer.set_trouble("ok")
    send(printer, b"")
    (pulse,) = printer.take_pulses()
    assert (pulse.pin, pulse.on_ms, pulse.off_ms, pulse.real_time) == (2, 50, 50, False)


def test_power_cut_tears_the_slip_and_forgets_the_rest() -> None:
    printer = body()
    push(printer, b"\x1dE\x1b!\x30" + gb("甲\n乙\n丙\n") + fence())
    printer.advance(DOT_US * (ROW_DOTS + 25))
    printer.power_cut()
    assert [(slip.state, slip.dots, slip.text) for slip in printer.slips()] == [("torn", ROW_DOTS + 25, "甲\n乙")]
    assert (printer.idle(), printer.buffered) == (True, 0)
    assert send(printer, gb("丁\n") + fence(b"abcd")) == answer(b"abcd"), "the old fence is never answered"
    second = printer.slips()[1]
    assert (second.number, second.state, second.text) == (2, "finished", "丁")
    assert second.rows[0].items[0].style.wide == 1, "modes are gone with the power"


def test_power_cut_within_a_character_leaves_nothing_behind() -> None:
    printer = body()
    push(printer, b"\xd6")
    printer.advance(1_000)
    printer.power_cut()
    send(printer, gb("中\n") + fence())
    assert [slip.text for slip in printer.slips()] == ["中"]
    assert printer.unreadable == 0


def test_a_command_cut_by_the_cable_does_not_swallow_the_next() -> None:
    printer = body()
    push(printer, gb("甲\n") + b"\x1dv0\x00\x30\x00\xff\x00")
    printer.cable_reset()
    assert send(printer, b"\x1b@" + gb("乙\n") + fence()) == answer()
    assert printer.slips()[0].text == "甲\n乙"


@pytest.mark.parametrize("clear", [b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", b"\x10\x05\x02"])
def test_clearing_in_real_time_drops_what_waits(clear: bytes) -> None:
    printer = body()
    push(printer, gb("甲\n乙\n丙\n") + b"\x1c.")
    printer.advance(DOT_US * 10)
    push(printer, clear)
    assert send(printer, gb("丁\n") + fence()) == answer()
    assert printer.slips()[0].text == "甲\n丁", "the line in the head is finished"


def test_automatic_status_comes_with_each_change() -> None:
    printer = body()
    assert send(printer, b"\x1da\xff") == b"\x10\x00\x00\x00"
    printer.set_trouble("paper_out")
    assert printer.take_replies() == b"\x18\x00\x0f\x00"
    printer.set_trouble("ok")
    assert printer.take_replies() == b"\x10\x00\x00\x00"
    printer.set_drawer_pin(True)
    assert printer.take_replies() == b"\x14\x00\x00\x00"
    send(printer, b"\x1da\x00")
    printer.set_trouble("cover_open")
    assert printer.take_replies() == b""


def test_a_silent_printer_prints_and_says_nothing() -> None:
    printer = body()
    printer.set_trouble("silent")
    assert send(printer, gb("甲\n") + b"\x10\x04\x01\x1dr1" + fence()) == b""
    assert printer.slips()[0].text == "甲"


def test_answers_nobody_takes_do_not_pile_up() -> None:
    printer = body()
    for _ in range(2_000):
        push(printer, b"\x10\x04\x01")
        printer.advance(1_000)
    assert len(printer.take_replies()) == REPLY_BYTES_MAX


def test_cutting_takes_time_on_a_printer_that_can() -> None:
    printer = body(PAPER_80, cut_ms=300)
    push(printer, gb("甲\n") + b"\x1dV\x00" + fence())
    printer.advance(DOT_US * ROW_DOTS + 299_000)
    assert (printer.slips()[0].state, printer.take_replies()) == ("finished", b"")
    printer.advance(1_000)
    assert printer.take_replies() == answer()


@pytest.mark.parametrize(("job", "profile"), [(SALE_58, PAPER_58), (SALE_80, PAPER_80)])
def test_whole_slips_come_out_readable(job: bytes, profile: PaperProfile) -> None:
    printer = body(profile)
    assert send(printer, job) == answer()
    assert printer.unreadable == 0
    assert [slip.state for slip in printer.slips()] == ["finished"]
