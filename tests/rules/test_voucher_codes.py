"""Codes typed or scanned where a voucher belongs: each kind of wrong one has its own reason (domain 3.2)."""

import random

import pytest

from rules.settings_counter import CHANNELS
from rules.settings_vouchers import PLATFORMS
from rules.voucher_codes import could_be_voucher, digest, grouped, read_code

LONG = "https://v.douyin.com/" + "x" * 980


def read(raw: str, scanned: bool = False):
    return read_code(raw, scanned, PLATFORMS, CHANNELS, lambda code: code == "6901234567892")


@pytest.mark.parametrize(
    ("raw", "scanned", "platform", "text"),
    [
        ("1234 5678 9012", False, "meituan", "123456789012"),
        ("1234-5678-9012", False, "meituan", "123456789012"),
        ("1234567890", False, "dianping", "1234567890"),
        ("123456789012345", False, "douyin", "123456789012345"),
        ("12345678901", False, "", "12345678901"),
        ("12345678", False, "", "12345678"),
        ("12345678901234567890", False, "", "12345678901234567890"),
        ("8812345678901234", True, "own", "8812345678901234"),
        ("1234 567-89012", True, "meituan", "123456789012"),
        ("https://v.douyin.com/iRNBho6/", True, "douyin", "https://v.douyin.com/iRNBho6/"),
        ("https://v.douyin.com/iRNBho6", True, "douyin", "https://v.douyin.com/iRNBho6"),
        (LONG, True, "douyin", LONG),
        ("http://dpurl.cn/abc?x=1", True, "meituan", "http://dpurl.cn/abc?x=1"),
        ("https://m.dianping.com/q?id=9", True, "dianping", "https://m.dianping.com/q?id=9"),
        ("MTQR:9a8b7c6d5e4f", True, "", "MTQR:9a8b7c6d5e4f"),
        ("371449635398431", True, "douyin", "371449635398431"),  # passes the check of card numbers, as one in ten does
        ("4111111111111111", False, "", "4111111111111111"),
    ],
)
def test_what_may_be_asked_with(raw: str, scanned: bool, platform: str, text: str) -> None:
    found = read(raw, scanned)
    assert (found.fault, found.platform, found.text) == ("", platform, text)


@pytest.mark.parametrize(
    ("raw", "scanned", "fault", "refusal"),
    [
        ("", False, "empty", 3001),
        ("12345AB8", False, "letters", 3001),
        ("1234567", False, "short", 3001),
        ("123456789012345678901", False, "long", 3001),
        ("1234\x07567890", False, "hidden", 3001),
        ("1234\u202e567890", False, "hidden", 3001),
        ("HY0000001234567890", True, "payment", 3001),
        ("R0001002301000001000027", True, "slip", 3001),
        ("6901234567892", True, "goods", 3001),
        ("6920152400777", True, "goods", 3001),
        ("134512345678901234", True, "payment", 3001),
        ("288000000000000035", True, "payment", 3001),
        ("https://example.org/abc", True, "host", 3024),
        ("https://notdouyin.com/abc", True, "host", 3024),
        ("https://v.douyin.com/", True, "link", 3001),
        ("https://", True, "link", 3001),
        ("https://v.douyin.com/" + "x" * 1_100, True, "long", 3001),
        ("https://m.kuaishou.com/abc", True, "off", 3025),
        ("MT", True, "letters", 3001),
    ],
)
def test_what_is_no_voucher_has_its_reason(raw: str, scanned: bool, fault: str, refusal: int) -> None:
    found = read(raw, scanned)
    assert (found.fault, found.refusal) == (fault, refusal)


def test_a_thousand_random_strings_never_raise_and_never_pass_hidden_signs() -> None:
    chance = random.Random(4)
    for _ in range(1_000):
        raw = "".join(chr(chance.choice((chance.randrange(32, 127), chance.randrange(0, 0x3000)))) for _ in range(30))
        for scanned in (False, True):
            found = read(raw[: chance.randrange(0, 30)], scanned)
            assert found.fault or (found.text.isascii() and found.text.isprintable())
            assert bool(found.fault) == bool(found.refusal)


def test_outside_the_voucher_screen_only_what_is_surely_one_is_taken_for_one() -> None:
    assert could_be_voucher("https://v.douyin.com/iRNBho6/", PLATFORMS)
    assert could_be_voucher("8812345678901234", PLATFORMS)
    assert not could_be_voucher("123456789012", PLATFORMS)  # a UPC has twelve digits too
    assert not could_be_voucher("https://example.org/x", PLATFORMS)


def test_the_code_is_in_no_repr() -> None:
    assert "9012" not in repr(read("123456789012"))


def test_a_digest_knows_a_code_however_it_was_typed_and_differs_by_terminal() -> None:
    assert digest("k", "1234 5678 9012") == digest("k", "1234-56789012") != digest("other", "123456789012")
    assert digest("k", "https://v.douyin.com/a/") == digest("k", "https://v.douyin.com/a")
    assert len(digest("k", "1")) == 16


def test_groups_of_four() -> None:
    assert grouped("123456789012345") == "1234 5678 9012 345"
