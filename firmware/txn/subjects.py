"""All subjects of the business, in the order their facts are projected."""

from firmware.txn import (
    checkout,
    closing,
    drawer,
    hold,
    life,
    numbers,
    operator,
    payment,
    refund,
    removal,
    reprint,
    sale,
    shift,
    slip,
)
from firmware.txn.books import Subject

SUBJECTS: tuple[Subject, ...] = (
    life.SUBJECT,
    numbers.SUBJECT,
    operator.SUBJECT,
    drawer.SUBJECT,  # before the shifts: what is carried says which of them are gone
    shift.SUBJECT,
    removal.SUBJECT,
    sale.SUBJECT,
    payment.SUBJECT,
    checkout.SUBJECT,
    hold.SUBJECT,
    slip.SUBJECT,
    refund.SUBJECT,
    reprint.SUBJECT,
    closing.SUBJECT,
)
