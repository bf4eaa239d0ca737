"""Every kind of slip as it comes out of the printer, on both papers and in both languages, drawn by the independent
interpreter. Look at the pictures (`tests/goldens/slips`) before taking a change as right."""

import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest

from firmware.drivers.printer.encode import encode, fence, fence_id
from firmware.drivers.printer.glyphs import FontGlyphs
from firmware.drivers.printer.model import model_for
from firmware.drivers.printer.qr import qr_for
from firmware.txn.books import Entry
from firmware.txn.slips import BUILDERS, slip_of, stored
from firmware.txn.slips.badge import badge_slip
from firmware.txn.slips.closing import REPORT_KINDS
from paper.face import Face, find_font
from paper.picture import slip_picture
from paper.profile import PAPER_58, PAPER_80
from paper.slip import Slip, slips_of
from rules.badges import badge_text
from tests import goldens
from tests.counter import DAY_MS
from tests.slips.journal import COPIES, FACTS, LATER, OF_SUPPORT, WITH_VOUCHERS, book
from texts import t
from wire.columns import width
from wire.facts import BadgeIssued
from wire.layout import layout, text_of
from wire.receipt import SlipKind

NAMES = (*FACTS, *COPIES, *WITH_VOUCHERS, *OF_SUPPORT, *LATER)
PAPERS = {58: PAPER_58, 80: PAPER_80}
FACE = Face(find_font())


@pytest.fixture(scope="module", params=["zh", "en"])
def day(request, tmp_path_factory):
    return (request.param, *book(tmp_path_factory.mktemp("day"), request.param))


def printed(sheet, seq, paper_mm, part="") -> Slip:
    """The slip of that fact, through encoder and interpreter."""
    model = model_for(paper_mm, virtual=True)
    fact, entry, trusted = stored(sheet.books, seq)
    rows = layout(slip_of(dataclasses.replace(sheet, trusted=trusted), fact, entry, part=part), model.columns)
    encoded = encode(rows, model, FontGlyphs(), qr_for(model))
    assert (encoded.missing, encoded.bad_logo) == ("", False)
    data = b"".join(encoded.pieces) + fence(model, fence_id(seq))
    return slips_of(data, PAPERS[paper_mm])[0]


def test_no_kind_of_slip_and_no_fact_that_is_printed_is_missing_here(day):
    """A kind nobody draws here is one nobody looks at; what has no producer is no kind."""
    _, sheet, seqs = day
    facts = {name: stored(sheet.books, seq) for name, seq in seqs.items()}
    drawn = {slip_of(sheet, fact, entry).kind for fact, entry, _ in facts.values()} | {"badge"}
    assert drawn == set(get_args(SlipKind))
    assert {type(fact) for fact, _, _ in facts.values()} == set(BUILDERS)


def test_every_report_that_becomes_a_slip_has_a_command_that_makes_it():
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path("firmware/txn").glob("*.py"))
    assert set(REPORT_KINDS) | {"x"} == set(re.findall(r'ReportPrinted\(\s*"(\w+)"', source))


@pytest.mark.parametrize("paper_mm", [58, 80])
@pytest.mark.parametrize("name", NAMES)
def test_the_slip_looks_as_it_should(day, name, paper_mm):
    lang, sheet, seqs = day
    slip = printed(sheet, seqs[name], paper_mm)
    goldens.check(f"slips/{lang}/{paper_mm}/{name}", slip_picture(slip, FACE, PAPERS[paper_mm].dots))


@pytest.mark.parametrize("paper_mm", [58, 80])
def test_the_merchants_copy_looks_as_it_should(day, paper_mm):
    """As it comes with the sale: no copy of anything, with a line to sign on."""
    lang, sheet, seqs = day
    slip = printed(sheet, seqs["sale"], paper_mm, "merchant")
    goldens.check(f"slips/{lang}/{paper_mm}/merchant", slip_picture(slip, FACE, PAPERS[paper_mm].dots))


@pytest.mark.parametrize("columns", [32, 48])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut_and_no_text_is_missing(day, name, columns):
    lang, sheet, seqs = day
    fact, entry, _ = stored(sheet.books, seqs[name])
    lines = text_of(layout(slip_of(sheet, fact, entry), columns), columns)
    assert max(map(width, lines)) <= columns
    tried = t("receipt", lang, "selftest__signs")  # what the printer is to show it can, an ellipsis among it
    assert not any("…" in line for line in lines if line.strip() not in tried)


@pytest.mark.parametrize("name", NAMES)
def test_a_continued_slip_is_marked_at_both_ends_beside_its_own_mark(day, name):
    lang, sheet, seqs = day
    fact, entry, _ = stored(sheet.books, seqs[name])
    mark = {"zh": "**续打**", "en": "**CONTINUED**"}[lang]
    lines = text_of(layout(slip_of(sheet, fact, entry, "mark__continued"), 32), 32)
    assert mark in lines[0]
    assert any(mark in line for line in lines[-4:])
    if name in COPIES:
        assert {"zh": "第1次", "en": "COPY No. 1"}[lang] in "".join(lines[:4])


@pytest.mark.parametrize("name", NAMES)
def test_practice_is_said_at_both_ends(day, name):
    _, sheet, seqs = day
    fact, entry, _ = stored(sheet.books, seqs[name])
    practice = dataclasses.replace(sheet, training=True)
    lines = text_of(layout(slip_of(practice, fact, entry), 32), 32)
    assert "TRAINING" in lines[0]
    assert any("TRAINING" in line for line in lines[-4:])
    assert not slip_of(practice, fact, entry).qr.startswith("http"), "no page would know it"


@pytest.mark.parametrize("paper_mm", [58, 80])
def test_a_badge_looks_as_it_should(day, paper_mm):
    """Of no record's making: the journal does not know what it says."""
    lang, sheet, _ = day
    fact = BadgeIssued("00", "99")
    receipt = badge_slip(sheet, fact, Entry(1, DAY_MS, fact), badge_text("00", b"\x42" * 16))
    model = model_for(paper_mm, virtual=True)
    encoded = encode(layout(receipt, model.columns), model, FontGlyphs(), qr_for(model))
    assert (encoded.missing, encoded.bad_logo) == ("", False)
    slip = slips_of(b"".join(encoded.pieces) + fence(model, fence_id(1)), PAPERS[paper_mm])[0]
    goldens.check(f"slips/{lang}/{paper_mm}/badge", slip_picture(slip, FACE, PAPERS[paper_mm].dots))
