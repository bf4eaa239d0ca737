"""The error table is whole, bilingual, short enough for the screen, and refusals have one order."""

import pytest

from rules.barcodes import has_hidden
from rules.errors import PRECEDENCE, TITLE_ZH_CHARS_MAX, error, errors, first_refusal

SPECIFIED = (
    *range(1001, 1020), *range(2001, 2021), *range(3001, 3037), *range(4001, 4017), *range(5001, 5030),
    *range(6001, 6018), *range(7001, 7019), *range(8001, 8022), *range(8031, 8037), *range(9001, 9017),
)  # fmt: skip
ADDED = (2021, 2022, 5030, 5031, 6018, 6019)


def test_every_code_of_the_table_is_there_and_no_other():
    assert len(SPECIFIED) == 198
    assert sorted(errors()) == sorted(SPECIFIED + ADDED)


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        (1003, "网络连接失败", "Cannot connect"),
        (2005, "权限不足或配置错误", "Permission missing or misconfigured"),
        (6004, "条码校验位错误", "Bad check digit"),
        (4001, "打印机缺纸", "Out of paper"),
    ],
)
def test_codes_mean_what_the_field_knows(code, zh, en):
    assert (error(code).title("zh"), error(code).title("en")) == (zh, en)


def test_an_error_says_its_number_and_what_to_do():
    assert error(6001).line("zh") == "[6001] 没有这个商品"
    assert error(6001).action("zh") == "手工录入或找主管建档"
    assert error(6001).action("en") == "Enter it by hand or ask a supervisor"


def test_texts_fit_the_screen_and_nothing_is_empty():
    for entry in errors().values():
        assert 0 < len(entry.zh) <= TITLE_ZH_CHARS_MAX, entry
        assert 0 < len(entry.action_zh) <= TITLE_ZH_CHARS_MAX, entry
        assert 0 < len(entry.en) <= 40, entry
        assert 0 < len(entry.action_en) <= 52, entry
        assert entry.zh != entry.en
        assert entry.en.isascii(), entry
        assert entry.action_en.isascii(), entry
        assert not any(has_hidden(text) for text in (entry.zh, entry.en, entry.action_zh, entry.action_en))


def test_keys_are_words_and_unique():
    keys = [entry.key for entry in errors().values()]
    assert len(set(keys)) == len(keys)
    assert all(key.isidentifier() and key == key.lower() for key in keys)


def test_an_unknown_code_is_an_error_of_ours():
    with pytest.raises(KeyError):
        error(1234)


@pytest.mark.parametrize(
    ("codes", "first"),
    [
        ((8001, 6007, 2005, 2014), 2014),
        ((8001, 6007, 2005), 2005),
        ((8001, 6007), 6007),
        ((None, 4001, None, 8001), 4001),
        ((2014, 2001), 2001),
        ((None, None), None),
        ((), None),
    ],
)
def test_state_comes_before_right_before_amount_before_device(codes, first):
    assert first_refusal(codes) == first
    assert first_refusal(reversed(codes)) == first
    assert PRECEDENCE == ("state", "right", "amount", "device")
