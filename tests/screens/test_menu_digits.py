"""Fingers learn digits: on no page of the menu does one lead two ways, whoever is signed on."""

from dataclasses import replace

import pytest

from firmware.screens.menu import PAGES, entries
from rules.rights import Role
from tests.counter import Counter


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    return Counter(tmp_path_factory.mktemp("menu")).open_for_business().terminal.context()


def repeated(page: tuple) -> list[str]:
    digits = [entry.digit for entry in page]
    return sorted({digit for digit in digits if digits.count(digit) > 1})


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_digit_of_a_page_leads_one_way(ctx, page, role):
    shown = entries(page, replace(ctx, session=replace(ctx.session, role=role.value)))
    assert repeated(shown) == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_nor_would_it_with_every_right_there_is(page):
    """A shop gives rights as it likes: what no role is shown today may stand beside the rest tomorrow."""
    assert repeated(PAGES[page]) == []
