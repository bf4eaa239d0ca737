"""Where slips end, and what a person finds on each."""

import pytest

from paper.profile import PAPER_58, PAPER_80, PaperProfile
from paper.slip import SLIP_DOTS_MAX, slips_of
from tests.paper.slips import FENCE, SALE_58, SALE_80, gb


def test_the_sample_slip_reads_as_it_was_laid_out() -> None:
    (slip,) = slips_of(SALE_58)
    lines = slip.text.split("\n")
    assert slip.state == "finished"
    assert lines[0] == "     好邻居便利店(人民路店)"
    assert "红富士苹果   0.735  12.80   9.41" in lines
    assert "[qr https://inv.example.cn/i/7Yq2mK9x]" in lines[24]
    assert lines[-1] == "**补打 第1次 2026-11-22 16:02**"


FEED = PaperProfile(name="no-fence", slip_end="feed")


@pytest.mark.parametrize(
    ("profile", "job", "slips"),
    [
        pytest.param(PAPER_58, gb("甲\n") + FENCE + gb("乙\n") + FENCE, ["甲", "乙"], id="by the fence"),
        pytest.param(PAPER_58, gb("甲\n") + b"\x1dr1" + gb("乙\n\x1dr1"), ["甲", "乙"], id="by GS r as the fence"),
        pytest.param(PAPER_58, FENCE + b"\n\n" + FENCE + gb("甲\n") + FENCE, ["\n\n甲"], id="empty paper is no slip"),
        pytest.param(PAPER_58, gb("甲\n\x1dV1乙\n\x1dV1"), ["甲", "乙"], id="by a cut, without a cutter too"),
        pytest.param(PAPER_58, gb("甲\n\x1bd\x05乙\n") + FENCE, ["甲\n\n乙"], id="not by a feed"),
        pytest.param(
            PAPER_80, gb("甲\n") + FENCE + gb("乙\n\x1dV\x42\x03"), ["甲\n乙"], id="not by a fence where it cuts"
        ),
        pytest.param(PAPER_80, SALE_80 + SALE_80, 2, id="two cut slips"),
        pytest.param(FEED, gb("甲\n\x1bd\x04乙\n\n丙\n\x1bd\x04"), ["甲", "乙\n\n丙"], id="by a long feed"),
        pytest.param(FEED, gb("甲\n\x1bd\x01乙\n\x1bJ\x50"), ["甲\n\n乙"], id="a short feed ends nothing"),
    ],
)
def test_where_a_slip_ends(profile: PaperProfile, job: bytes, slips: list[str] | int) -> None:
    found = slips_of(job, profile)
    assert all(slip.state == "finished" for slip in found)
    assert [slip.number for slip in found] == list(range(1, len(found) + 1))
    assert (len(found) if isinstance(slips, int) else [slip.text for slip in found]) == slips


def test_a_slip_nobody_ended_is_still_printing() -> None:
    (slip,) = slips_of(gb("甲\n乙"))
    assert (slip.state, slip.text) == ("printing", "甲"), "what waits for its line feed is not on the paper"


def test_paper_without_end_is_ended() -> None:
    slips = slips_of(b"x\n" * (SLIP_DOTS_MAX // 30 + 1))
    assert [slip.dots for slip in slips] == [SLIP_DOTS_MAX, 30]
    assert slips_of(b"\n" * (SLIP_DOTS_MAX // 30 + 1)) == []
