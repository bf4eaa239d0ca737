"""Barcode, logo, density and cut of a slip, as the independent interpreter and the manuals read the bytes."""

import base64

import pytest

from firmware.drivers.printer.encode import code128, encode, tuned
from firmware.drivers.printer.glyphs import NoGlyphs
from firmware.drivers.printer.model import Model, model_for
from paper.barcodes import modules
from paper.profile import PAPER_58, PAPER_80
from paper.slip import slips_of
from rules.pbm import LogoError, logo
from rules.settings import check
from rules.slip_code import SlipName, read_slip_code, slip_code
from tests.slips.journal import logo as cup
from wire.layout import Barcode, Cut, Logo, Text


def bytes_of(*rows, paper_mm=58, **changes) -> tuple[bytes, object]:
    model = model_for(paper_mm, virtual=True, **changes)
    encoded = encode((*rows, Cut()), model, NoGlyphs(), lambda text: None)
    return b"".join(encoded.pieces), encoded


@pytest.mark.parametrize("text", ["R0001002300000123000045", "000123-000045", "A1{b}", "12345", "R00010023-7"])
def test_a_scanner_reads_from_the_bars_what_was_meant(text):
    content, wide = code128(text)
    bars, read = modules("CODE128", content)
    assert read == text
    assert len(bars) == wide


@pytest.mark.parametrize(("paper_mm", "paper"), [(58, PAPER_58), (80, PAPER_80)])
def test_the_barcode_of_a_slip_fits_both_papers_with_its_quiet_zone(paper_mm, paper):
    data, _ = bytes_of(Barcode(slip_code("00010023", 99, 999_999, 999_999)), paper_mm=paper_mm)
    [slip] = slips_of(data, paper)
    assert "R0001002399999999999999" in slip.text
    assert b"\x1dk\x49" in data


def test_a_barcode_too_wide_for_the_paper_stands_there_as_text():
    data, _ = bytes_of(Barcode("R" + "terminal-of-a-long-name" + "0" * 14))
    assert b"\x1dk" not in data
    assert b"Rterminal" in data


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("R0001002307000123000045", SlipName(123, 45, "00010023", 7)),
        ("000123-000045", SlipName(123, 45)),
        ("134512345678901234", None),
        ("6901234567892", None),
        ("R1", None),
        ("R00010023070001230000４５", None),
    ],
)
def test_only_a_slips_code_is_taken_for_one(text, name):
    assert read_slip_code(text) == name


def test_a_logo_goes_out_in_bands_that_hold_no_command_the_printer_obeys_at_once():
    evil = base64.b64encode(b"P4\n16 100\n" + b"\x10\x14" * 100).decode()
    data, encoded = bytes_of(Logo(evil))
    assert b"\x10\x14" not in data
    assert data.count(b"\x1dv0") == 3
    assert encoded.dots >= 100


def test_a_logo_that_is_none_leaves_its_place_empty_and_is_told():
    data, encoded = bytes_of(Logo("bm90IGEgbG9nbw=="), Text("x"))
    assert encoded.bad_logo
    assert b"\x1dv0" not in data


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        base64.b64encode(b"P5\n8 1\n\x00").decode(),
        base64.b64encode(b"P4\n400 1\n" + bytes(50)).decode(),
        base64.b64encode(b"P4\n8 241\n" + bytes(241)).decode(),
        base64.b64encode(b"P4\n8 2\n\x00").decode(),
        base64.b64encode(b"P4\n0 2\n").decode(),
    ],
)
def test_settings_with_a_logo_that_cannot_be_printed_are_refused(text):
    with pytest.raises(LogoError):
        logo(text)
    [problem] = check({"slips": {"logo": text}})
    assert (problem.path, problem.reason) == ("slips.logo", "logo")


def test_a_logo_with_a_comment_is_read_as_it_is():
    picture = logo(base64.b64encode(b"P4\n# made by hand\n8 2\n\x0a\xff").decode())
    assert (picture.width, picture.height, picture.data) == (8, 2, b"\x0a\xff")
    assert logo(cup()).width == 64


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, b""),
        ({"density": 5}, b"\x12#\x4e"),
        ({"tuning": "none", "density": 5}, b""),
        ({"virtual": True, "density": 5}, b""),
        ({"tuning": "gs_k"}, b""),
        ({"tuning": "gs_k", "density": 5}, b"\x1d(K\x02\x001\x06"),
        ({"tuning": "gs_k", "density": 1}, b"\x1d(K\x02\x001\xfa"),
        ({"tuning": "gs_k", "slow": True}, b"\x1d(K\x02\x002\x01"),
        ({"tuning": "dc2", "density": 4}, b"\x12#\x4c"),
        ({"tuning": "dc2", "slow": True}, b"\x12#\xca"),
    ],
)
def test_density_and_speed_are_said_only_where_model_or_profile_names_the_command(changes, sent):
    assert tuned(model_for(58, **changes)) == sent


@pytest.mark.parametrize(
    ("cutter", "cut", "kind"), [(True, "full", "full"), (True, "none", "none"), (False, "full", "none")]
)
def test_the_shop_chooses_the_cut_where_there_is_a_cutter(cutter, cut, kind):
    model: Model = model_for(58, cutter=cutter, cut=cut)
    assert model.cutter == kind
