"""The whole groups 2, 4, 5 and 8 of the error table: each code is seen on a screen, or stands here with the reason."""

import pytest

from firmware.screens.slips import _LOOKS
from rules.errors import errors
from tests.screens import codes, link_codes, money_codes, test_codes, voucher_codes

MEMBERS = "members, points and stored value are not built yet"
STATEMENTS = "payment statements are not compared yet; of vouchers' the backend compares what it can"
NOT_HERE = {
    2018: "a sign-on is checked by the terminal alone, also without a link (domain 5.3): nobody there knows of another",
    2020: "a terminal is set up before it starts, by whoever provisions it, and has no wizard; without that it says 2008",
    5025: MEMBERS,
    5026: MEMBERS,
    5027: MEMBERS,
    5028: "nobody counts the pieces in the drawer between two counts: a stock of denominations is optional (domain 11.3)",
    8015: "tests/fleet_vouchers/test_command_line.py: said by `posfleet vouchers reconcile`",
    8016: STATEMENTS,
    8017: "tests/fleet_vouchers/test_statement.py: listed by `posfleet vouchers reconcile`",
    8018: "tests/fleet_vouchers/test_statement.py: listed by `posfleet vouchers reconcile`",
    8019: "tests/fleet_vouchers/test_statement.py: listed by `posfleet vouchers reconcile`",
    8020: "tests/fleet_vouchers/test_statement.py: listed by `posfleet vouchers reconcile`",
    8021: STATEMENTS,
    8031: MEMBERS,
    8032: MEMBERS,
    8033: MEMBERS,
    8034: MEMBERS,
    8035: MEMBERS,
    8036: MEMBERS,
}
"""Codes no screen of this terminal shows, and why; those that the backend says name the test that sees them there."""

ELSEWHERE = {
    2008: "tests/terminal/test_halted.py: the screen of a terminal that cannot start; tests/daemon/test_posd.py: on its log",
    2019: "tests/screens/test_codes.py: test_a_command_without_a_good_signature_is_in_the_event_log_with_what_to_do",
    9016: "tests/screens/test_codes.py: test_a_cut_slip_is_offered_with_its_code",
}
"""Codes seen on a screen by a test of their own."""


def shown_codes() -> set[int]:
    """Codes for which a way to a drawn screen is tested."""
    ways = (
        test_codes.REFUSALS, test_codes.DEVICES, test_codes.STARTS, test_codes.SAID, link_codes.NOTED, money_codes.CHANNEL,
        money_codes.OTHERS, voucher_codes.RULES, voucher_codes.PLATFORM, ELSEWHERE,
    )  # fmt: skip
    return (
        {code for table in ways for code in table} | codes.link_codes() | codes.printer_codes() | set(_LOOKS.values())
    )


@pytest.mark.parametrize("group", [2, 4, 5, 8])
def test_every_code_of_the_group_is_seen_or_has_a_reason(group: int) -> None:
    whole = {code for code in errors() if code // 1000 == group}
    assert whole - shown_codes() == {code for code in NOT_HERE if code // 1000 == group}


def test_a_reason_is_given_only_where_nothing_shows_the_code() -> None:
    """Once the terminal says one of them, it has to leave the table and get its way."""
    assert set(NOT_HERE) <= set(errors())
    assert set(NOT_HERE).isdisjoint(codes.refused_codes() | codes.device_codes() | codes.said_codes())
