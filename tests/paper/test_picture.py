"""Slips as pictures: sharp, in columns, the same every time."""

from pathlib import Path

import pytest

from paper.events import LineDone
from paper.face import PACKAGE, Face, FontMissing, find_font
from paper.interpreter import Interpreter
from paper.picture import SHADOW, TEAR_DOTS, picture, torn
from paper.profile import PAPER_58, PAPER_80
from paper.slip import slips_of
from tests.paper import golden
from tests.paper.slips import SALE_58, SALE_80, gb


@pytest.fixture(scope="module")
def face() -> Face:
    return Face(find_font())


def drawn(data: bytes, face: Face):
    rows = [event.row for event in Interpreter().feed(data) if isinstance(event, LineDone)]
    return picture(rows, face, PAPER_58.dots)


def test_the_goldens_are_of_this_font_and_pillow(face: Face) -> None:
    golden.goldens(face)


@pytest.mark.parametrize("name", ["sale_58", "sale_58_torn", "styles_58", "sale_80"])
def test_slips_look_as_they_did(name: str, face: Face) -> None:
    assert golden.digest(golden.pictures(face)[name]) == golden.goldens(face)[name], "look at it: tests/paper/golden.py"


def test_no_golden_is_without_its_slip(face: Face) -> None:
    assert set(golden.goldens(face)) == set(golden.pictures(face))


def test_another_font_is_a_failure_of_its_own_kind(tmp_path: Path) -> None:
    other = tmp_path / "other.ttc"
    other.write_bytes(find_font().read_bytes() + b"\0")
    with pytest.raises(golden.MadeElsewhere, match="font"):
        golden.goldens(Face(other))


def test_a_missing_font_names_its_package(tmp_path: Path) -> None:
    with pytest.raises(FontMissing, match=PACKAGE):
        find_font((tmp_path / "none.ttc",))


@pytest.mark.parametrize(("job", "profile"), [(SALE_58, PAPER_58), (SALE_80, PAPER_80)])
def test_only_black_and_white_and_as_long_as_the_paper(job: bytes, profile, face: Face) -> None:
    (slip,) = slips_of(job, profile)
    paper = picture(slip.rows, face, profile.dots)
    assert paper.size == (profile.dots, slip.dots)
    assert {colour for _, colour in paper.getcolors()} == {0, 255}


def columns_inked(paper, top: int = 0) -> set[int]:
    """The 12-dot columns that hold ink in the row at `top`."""
    strip = paper.crop((0, top, paper.width, top + 24))
    return {c for c in range(paper.width // 12) if strip.crop((c * 12, 0, c * 12 + 12, 24)).getextrema()[0] == 0}


def test_columns_stand_under_each_other_whatever_is_left_of_them(face: Face) -> None:
    paper = drawn(gb("中文字|\nabcdef|\n中ab文|\n"), face)
    assert [columns_inked(paper, top) for top in (0, 30, 60)] == [set(range(7))] * 3
    bars = [paper.crop((72, top, 84, top + 24)).tobytes() for top in (0, 30, 60)]
    assert len(set(bars)) == 1


def test_no_sign_of_gbk_is_missing_from_the_paper(face: Face) -> None:
    """All its signs and letters, and some of the hanzi; also the 13 that the font draws as nothing, ℃ among them."""
    codes = [bytes((lead, trail)) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF)]
    chars = (code.decode("gbk", "replace") for at, code in enumerate(codes) if 0xA1 <= code[0] <= 0xA9 or at % 23 == 0)
    box = face.glyph("\ufffd", (24, 24)).tobytes()
    glyphs = {char: face.glyph(char, (24, 24)) for char in chars if len(char) == 1 and char not in "\u3000\ufffd"}
    assert len(glyphs) > 1_500
    assert [char for char, glyph in glyphs.items() if glyph.getbbox() is None or glyph.tobytes() == box] == []


def test_what_the_font_lacks_is_a_box(face: Face) -> None:
    assert face.glyph("\U0002c35b", (24, 24)).tobytes() == face.glyph("\ufffd", (24, 24)).tobytes()


@pytest.mark.parametrize(
    ("command", "more"),
    [(b"\x1bE\x01", True), (b"\x1b-\x01", True), (b"\x1dB\x01", True), (b"\x1bM\x01", False)],
    ids=["bold", "underline", "invert", "font B"],
)
def test_styles_change_the_ink(command: bytes, more: bool, face: Face) -> None:
    plain, styled = (drawn(start + b"Total\n", face).histogram()[0] for start in (b"", command))
    assert (styled > plain) is more
    assert styled != plain


def test_double_size_is_the_same_dots_twice_as_large(face: Face) -> None:
    small, large = drawn(gb("中\n"), face), drawn(b"\x1d!\x11" + gb("中\n"), face)
    assert large.crop((0, 0, 48, 48)).tobytes() == small.crop((0, 0, 24, 24)).resize((48, 48), 0).tobytes()


def test_a_torn_edge_is_ragged_and_nothing_is_below_it(face: Face) -> None:
    whole = drawn(SALE_58, face).crop((0, 0, 384, 335))
    piece = torn(whole)
    grey, alpha = piece.split()
    depths = {335 - sum(alpha.getpixel((x, y)) > 0 for y in range(335)) for x in range(384)}
    assert len(depths) > 4
    assert max(depths) <= TEAR_DOTS
    above = (0, 0, 384, 335 - TEAR_DOTS - 1)
    assert grey.crop(above).tobytes() == whole.crop(above).tobytes(), "above the edge not a dot differs"
    assert SHADOW in {colour for _, colour in grey.getcolors()}
