"""What terminals report by name is told in the reader's language."""

import pytest

from firmware.txn.diagnosis import CHECKS
from fleet.desk.words import check_name
from texts import LANGS


@pytest.mark.parametrize("lang", LANGS)
def test_every_check_of_a_self_test_has_a_name_in_words(lang):
    named = [check_name(each, lang) for each in CHECKS]
    assert len(set(named)) == len(CHECKS)
    assert not set(named) & set(CHECKS)
    assert check_name("later", lang) == "later", "of a newer release"
