"""All subjects of the business, in the order their facts are projected."""

from firmware.txn import life, numbers, operator, refund, sale, shift, slip
from firmware.txn.books import Subject

SUBJECTS: tuple[Subject, ...] = (
    life.SUBJECT,
    numbers.SUBJECT,
    operator.SUBJECT,
    shift.SUBJECT,
    sale.SUBJECT,
    slip.SUBJECT,
    refund.SUBJECT,
)
