"""Fingers learn digits: on no page may one lead two ways, whoever is signed on."""

import pytest

from firmware.screens.menu import PAGES


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_digit_of_a_page_leads_one_way(page):
    digits = [entry.digit for entry in PAGES[page]]
    assert sorted(digits) == sorted(set(digits))
