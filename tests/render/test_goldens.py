"""The golden library itself: it must fail when a picture changes, and say where to look."""

import pytest
from PIL import Image

from tests import goldens


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.delenv("GOLDEN", raising=False)
    return {"folder": tmp_path / "goldens", "report": tmp_path / "reports" / "goldens.html"}


@pytest.fixture
def stored(places, monkeypatch):
    monkeypatch.setenv("GOLDEN", "update")
    goldens.check("slips/one", Image.new("RGB", (8, 4), "white"), **places)
    monkeypatch.delenv("GOLDEN")
    return places


def test_the_same_picture_passes(stored):
    goldens.check("slips/one", Image.new("L", (8, 4), 255), **stored)


def test_one_other_dot_fails_and_is_shown(stored):
    other = Image.new("RGB", (8, 4), "white")
    other.putpixel((3, 2), (0, 0, 0))
    with pytest.raises(AssertionError, match="differs"):
        goldens.check("slips/one", other, **stored)
    assert "slips/one" in stored["report"].read_text(encoding="utf-8")
    diff = Image.open(stored["report"].with_suffix("") / "slips~one.diff.png")
    assert diff.getbbox() == (3, 2, 4, 3)
    goldens.check("slips/one", Image.new("RGB", (8, 4), "white"), **stored)
    assert "slips/one" not in stored["report"].read_text(encoding="utf-8")


def test_an_unknown_picture_fails(stored):
    with pytest.raises(AssertionError, match="no golden"):
        goldens.check("slips/two", Image.new("RGB", (8, 4)), **stored)


def test_another_font_is_a_failure_of_its_own(stored, monkeypatch):
    monkeypatch.setattr(goldens, "made_with", lambda: {"font_sha256": "other", "pillow": "0"})
    with pytest.raises(AssertionError, match="made with"):
        goldens.check("slips/one", Image.new("RGB", (8, 4), "white"), **stored)


def test_orphans_are_found_and_removed_by_an_update(stored, monkeypatch):
    with pytest.raises(AssertionError, match="slips/one"):
        goldens.assert_no_orphans("slips", [], stored["folder"])
    monkeypatch.setenv("GOLDEN", "update")
    goldens.assert_no_orphans("slips", [], stored["folder"])
    monkeypatch.delenv("GOLDEN")
    goldens.assert_no_orphans("slips", [], stored["folder"])
    assert not list(stored["folder"].rglob("*.png"))
