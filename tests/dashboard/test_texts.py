"""Every text of the dashboard is there in both languages, with the same arguments, and none is written for nobody."""

import re
from pathlib import Path

import pytest

from texts import LANGS, catalogue

HOUSE = Path(__file__).parents[2] / "fleet" / "dashboard"
ARGUMENT = re.compile(r"\{(\w+)\}")
USED = re.compile(r"[\"'](?P<key>[a-z_]+__[a-z0-9_]+)[\"']")


def test_both_languages_say_the_same_with_the_same_arguments() -> None:
    zh, en = (catalogue("dashboard", lang) for lang in ("zh", "en"))
    assert list(zh) == list(en)
    for key in zh:
        assert sorted(ARGUMENT.findall(zh[key])) == sorted(ARGUMENT.findall(en[key])), key


@pytest.mark.parametrize("lang", LANGS)
def test_every_key_that_is_written_out_is_there(lang) -> None:
    known = catalogue("dashboard", lang)
    files = [*HOUSE.glob("*.py"), *HOUSE.glob("templates/*.html")]
    missing = {
        f"{path.name}: {match['key']}"
        for path in files
        for match in USED.finditer(path.read_text(encoding="utf-8"))
        if not match["key"].endswith("_") and match["key"] not in known
    }
    assert missing == set()
