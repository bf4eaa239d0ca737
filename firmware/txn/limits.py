"""Refusals of what is larger than the shop allows: 6007 with the limit, so that nobody has to guess it."""

from firmware.txn.command import Refusal
from firmware.view import text
from rules.money import yuan
from rules.quantity import format_milli

TOO_LARGE = 6007


def above_money(most_fen: int) -> Refusal:
    """More money than `most_fen`."""
    return Refusal(TOO_LARGE, text("limit__money", most=yuan(most_fen)))


def above_lines(most: int) -> Refusal:
    """More lines than a sale has."""
    return Refusal(TOO_LARGE, text("limit__lines", most=most))


def above_pieces(most: int) -> Refusal:
    """More pieces in one line."""
    return Refusal(TOO_LARGE, text("limit__pieces", most=most))


def above_weight(most_g: int) -> Refusal:
    """More weight in one line."""
    return Refusal(TOO_LARGE, text("limit__weight", most=format_milli(most_g)))
