"""All subjects of the business, in the order their facts are projected."""

from firmware.txn import (
    checkout,
    closing,
    drawer,
    dress,
    hold,
    life,
    numbers,
    operator,
    payment,
    refund,
    remote,
    removal,
    reprint,
    sale,
    settings,
    shift,
    slip,
    update,
    voucher,
)
from firmware.txn.books import Subject

NAMED: dict[str, Subject] = {
    "life": life.SUBJECT,
    "numbers": numbers.SUBJECT,
    "settings": settings.SUBJECT,
    "operator": operator.SUBJECT,
    "drawer": drawer.SUBJECT,  # before the shifts: what is carried says which of them are gone
    "dress": dress.SUBJECT,
    "shift": shift.SUBJECT,
    "removal": removal.SUBJECT,
    "sale": sale.SUBJECT,
    "payment": payment.SUBJECT,
    "voucher": voucher.SUBJECT,
    "checkout": checkout.SUBJECT,
    "hold": hold.SUBJECT,
    "slip": slip.SUBJECT,
    "refund": refund.SUBJECT,
    "reprint": reprint.SUBJECT,
    "closing": closing.SUBJECT,
    "remote": remote.SUBJECT,
    "update": update.SUBJECT,
}
"""Names under which a ledger file says which projections it holds; never given to another subject."""

SUBJECTS: tuple[Subject, ...] = tuple(NAMED.values())
