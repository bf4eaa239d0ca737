"""Bytes of any kind, in pieces of any size: the same paper, never a crash, never more memory than a printer has."""

import itertools
import random
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paper.commands import FIXED
from paper.events import LineDone, PaperEvent
from paper.face import Face, find_font
from paper.interpreter import Interpreter
from paper.picture import picture
from paper.profile import PAPER_58, PAPER_80, PaperProfile
from paper.slip import Roll
from paper.variable import VARIABLE
from tests.paper.slips import SALE_58, SALE_80, STYLES_58, gb, qr

CODES = [*FIXED, *VARIABLE]
JOBS = [SALE_58, SALE_80, STYLES_58]

pieces = st.one_of(
    st.sampled_from(CODES),
    st.sampled_from(["可口可乐", "·×￥€", "𬍛¥", "AbC\n", "\n\t"]).map(gb),
    st.binary(max_size=8),
    st.sampled_from([qr(b"x"), b"\x1dk\x43\x0c690123456789", b"\x1dv0\x00\x02\x00\x02\x00\xff\x00\xff\x00"]),
)
jobs = st.one_of(st.sampled_from(JOBS), st.lists(pieces, max_size=30).map(b"".join))


def whole(data: bytes, profile: PaperProfile = PAPER_58) -> list[PaperEvent]:
    interpreter = Interpreter(profile)
    return interpreter.feed(data) + interpreter.finish()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(data=jobs, cuts=st.lists(st.integers(0, 2_000), max_size=12))
def test_the_pieces_do_not_matter(data: bytes, cuts: list[int]) -> None:
    interpreter, seen = Interpreter(PAPER_58), []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        seen += interpreter.feed(data[start:end])
    assert seen + interpreter.finish() == whole(data)


@pytest.mark.parametrize("job", JOBS, ids=["58 mm", "80 mm", "styles"])
def test_byte_by_byte_is_the_same(job: bytes) -> None:
    interpreter, seen = Interpreter(PAPER_58), []
    for byte in job:
        seen += interpreter.feed(bytes((byte,)))
    assert seen + interpreter.finish() == whole(job)


@pytest.mark.parametrize("job", JOBS, ids=["58 mm", "80 mm", "styles"])
def test_cut_off_anywhere_nothing_crashes_and_the_next_job_is_whole(job: bytes) -> None:
    for cut in range(0, len(job), 29):
        interpreter = Interpreter(PAPER_58)
        interpreter.feed(job[:cut])
        interpreter.finish()
        assert not interpreter.mid_command
        after = interpreter.feed(b"\x1b@" + gb("中\n"))
        assert isinstance(after[-1], LineDone)
        assert after[-1].row.text == "中"


def noise(chance: random.Random) -> bytes:
    """Bytes like those of a line with a bad plug: some of it noise, some of it commands."""
    parts = []
    for _ in range(chance.randrange(1, 8)):
        if chance.random() < 0.5:
            parts.append(chance.choice(CODES))
        parts.append(chance.randbytes(chance.randrange(12)))
    return b"".join(parts)


def test_ten_thousand_noisy_streams_never_crash() -> None:
    chance = random.Random(58)
    seen: set[str] = set()
    for turn in range(10_000):
        profile = (PAPER_58, PAPER_80, PaperProfile(charset="gbk", hanzi_on=False))[turn % 3]
        roll = Roll(profile)
        events = whole(noise(chance), profile)
        roll.take(events)
        seen |= {type(event).__name__ for event in events}
        for event in events:
            if isinstance(event, LineDone):
                assert event.row.height >= event.row.ink
                assert all(0 <= item.x < profile.dots for item in event.row.items)
    assert {"LineDone", "Cut", "DrawerPulse", "StatusAsked", "BadText", "Unknown", "Unseen", "SensorAsked"} <= seen


def test_whatever_was_printed_can_be_drawn() -> None:
    chance, face = random.Random(80), Face(find_font())
    drawn = 0
    for _ in range(300):
        rows = [event.row for event in whole(noise(chance)) if isinstance(event, LineDone) and event.row.items]
        if sum(row.height for row in rows) < 4_000:
            drawn += picture(rows, face, PAPER_58.dots).height > 1
    assert drawn > 50


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"\x1dv0\x00\xff\xff\xff\xff", id="an image of 4 GB"),
        pytest.param(b"\x1d8L\xff\xff\xff\xff", id="a graphic of 4 GB"),
        pytest.param(b"\x1b$\x00\x00X", id="a line written over and over"),
        pytest.param(b"\x1b3\x00\n", id="line feeds of nothing"),
        pytest.param(b"\n", id="empty paper"),
        pytest.param(b"\x1bd\xff", id="long feeds"),
        pytest.param(b"\x1d(k\xff\xff1P0", id="a QR code's data, again and again"),
        pytest.param(b"\x81", id="half characters"),
        pytest.param(b"\x1dk\x04", id="a barcode without end"),
    ],
)
def test_memory_stays_bounded(endless: bytes) -> None:
    interpreter, roll = Interpreter(PAPER_58), Roll(PAPER_58)
    block = endless * (1_024 // len(endless))
    tracemalloc.start()
    try:
        for _ in range(48):
            roll.take(interpreter.feed(block))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * 1024 * 1024, f"{peak // 1024} KiB for 48 KiB of it"
