"""The one place every scan and every typed entry passes before a screen takes it: a full card number stops here.

It is never shown but for its last four digits, never asked for at the backend, never journaled (domain 1.2)."""

from firmware.txn import product
from firmware.txn.command import Context, Refusal
from firmware.txn.voucher_take import reading_of
from rules.barcodes import clean_scan, strip_aim
from rules.card_numbers import card_digits, masked
from rules.payment_codes import recognised


def card_refusal(ctx: Context, text: str, symbology: str = "", typed: bool = False) -> Refusal | None:
    """5030 for a full card number, with its last four digits. None for goods of the price list, whatever their digits, for
    a customer's payment code and a voucher's in its platform's own form where they are scanned, and for all else."""
    digits = card_digits(text, symbology)
    if digits is None or _listed(ctx, strip_aim(clean_scan(text))[0]):
        return None
    if not typed and (recognised(text, ctx.settings.tenders.channels) is not None or _is_a_vouchers(ctx, text)):
        return None
    return Refusal(5030, masked(digits))


def _is_a_vouchers(ctx: Context, text: str) -> bool:
    """Whether a platform's codes look just so: one in ten of them passes the check (domain 1.2)."""
    read = reading_of(ctx, text, True)
    return ctx.settings.vouchers.enabled and bool(read.platform) and not read.fault


def _listed(ctx: Context, code: str) -> bool:
    """Whether the price list knows the code, or the number of a good, as it stands."""
    return product.by_code(ctx.books, code) is not None or product.by_number(ctx.books, code) is not None
