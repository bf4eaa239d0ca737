"""Tokens of receipts: short, whole, and worthless when anything in them is changed."""

import hashlib
import random

import pytest

from rules.receipt_token import TOKEN_CHARS_MAX, is_genuine, read_receipt_token, receipt_token

HASH = hashlib.sha256(b"record").digest()
TOKEN = receipt_token("00010023", 123, 45, 1050, HASH)


def test_a_token_says_which_receipt_and_is_genuine() -> None:
    token = read_receipt_token(TOKEN)
    assert token is not None
    assert token[:4] == ("00010023", 123, 45, 1050)
    assert is_genuine(token, HASH)
    assert len(TOKEN) <= 52, "fits a small QR code"


@pytest.mark.parametrize("terminal", ["T", "a-b_C", "x" * 32])
def test_terminals_of_any_length(terminal: str) -> None:
    text = receipt_token(terminal, 999_999, 0, 9_999_999_999, HASH)
    token = read_receipt_token(text)
    assert token is not None
    assert token.terminal == terminal
    assert is_genuine(token, HASH)
    assert len(text) <= TOKEN_CHARS_MAX


def test_another_records_hash_does_not_fit() -> None:
    token = read_receipt_token(TOKEN)
    assert token is not None
    assert not is_genuine(token, hashlib.sha256(b"next record").digest())


def test_no_changed_character_passes() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    rng = random.Random(1)
    for place in range(len(TOKEN)):
        changed = TOKEN[:place] + rng.choice(letters.replace(TOKEN[place], "")) + TOKEN[place + 1 :]
        token = read_receipt_token(changed)
        assert token is None or not is_genuine(token, HASH), changed


@pytest.mark.parametrize(
    "text", ["", "A", TOKEN[:-1], TOKEN + "A", TOKEN + "=", "é" * 50, "../../etc/passwd", "A" * 5_000]
)
def test_what_is_no_token(text: str) -> None:
    token = read_receipt_token(text)
    assert token is None or not is_genuine(token, HASH)
