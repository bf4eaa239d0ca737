"""签到成功: the terminal is signed on with its backend once session, number, time and settings are as they should be."""

import msgspec
import pytest

from firmware.events import EpochAnswered, LinkDown, LinkUp
from rules.settings_book import Staged, Version
from tests.counter import Counter
from tests.payments.till import till

WORDS = {"zh": "签到成功", "en": "Signed on"}


@pytest.mark.parametrize("lang", WORDS)
@pytest.mark.parametrize("page", ["MENU 9 6", "MENU 9 0"])
def test_it_is_said_on_the_pages_of_terminal_and_network(tmp_path, lang, page):
    counter = till(tmp_path, terminal={"lang": lang}).keys(page)
    assert WORDS[lang] in counter.text()


def without_time(counter: Counter) -> None:
    counter.clock = "floor"


def without_link(counter: Counter) -> None:
    counter.step(LinkDown(1003))


def with_settings_that_wait(counter: Counter) -> None:
    counter.terminal.book = msgspec.structs.replace(counter.terminal.book, staged=Staged(Version(9)))


@pytest.mark.parametrize("lacking", [without_time, without_link, with_settings_that_wait])
def test_it_is_not_said_while_one_of_them_is_missing(tmp_path, lacking):
    counter = till(tmp_path)
    lacking(counter)
    counter.keys("MENU 9 6")
    assert WORDS["zh"] not in counter.text()


def test_a_journal_without_a_number_is_not_signed_on(tmp_path):
    counter = Counter(tmp_path).open_for_business()
    counter.step(LinkUp())
    assert WORDS["zh"] not in counter.keys("MENU 9 6").text()
    counter.step(EpochAnswered(counter.ledger.epoch, 7))
    assert WORDS["zh"] in counter.text()
