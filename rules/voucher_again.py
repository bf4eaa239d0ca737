"""Which refusals of a voucher can be cured, so that one that was taken at the shop's risk may be verified once more
(domain 3.4, 4). Pure.

What says nothing of the voucher itself, but of the way to its platform, of the right to use it or of the moment, is no last
word: somebody sets the link, the authorisation or the platform right, or waits. Everything else is the platform's last word
on the voucher: used, refunded, expired, not for this shop, not for these goods, a dynamic code that is dead …
"""

NOT_ENABLED = 3025

CURED = {
    3006: "time",  # not yet valid
    3008: "time",  # not at this time: verified hours after it was taken
    3033: "time",  # the day's limit: tomorrow
    NOT_ENABLED: "right",  # the platform's channel is not opened
    9015: "way",  # the platform wants a newer release of the terminal
}
"""Codes of the error table that can be cured beside those of the groups 1 (network, synchronisation) and 2 (rights), by what
is to be cured."""


def is_way_or_right(code: int) -> bool:
    """Whether a code is about the way to the platform or the right to use it, and not about the voucher: 1004 too late, 1010
    busy, 2005 a right that is missing or wrongly set, 2010 shop not authorised, 2011 authorisation expired, 3025 …"""
    return code // 1_000 in (1, 2) or code == NOT_ENABLED


def is_curable(code: int) -> bool:
    """Whether the same code may be accepted later."""
    return is_way_or_right(code) or code in CURED
