"""Slips of practice: marked at the top and at the bottom, and with no code on them that leads to a real receipt."""

import msgspec

from wire.receipt import Receipt


def marked(receipt: Receipt) -> Receipt:
    """The slip as practice prints it. Its barcode stays, so that giving back by scanning it can be practised: practice's
    batch numbers are ones that no live slip has."""
    return msgspec.structs.replace(receipt, training=True, qr="")
