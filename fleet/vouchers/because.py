"""What a voucher that does not fit here and now is about, without words: the terminal has them, in its own language."""

EXPIRED, EARLY, SHOP = 3005, 3006, 3007


def because(code: int, valid_from: str, valid_to: str, shops: tuple[str, ...]) -> str:
    """The day of 3005 and 3006, the number of other shops of 3007; "" when the code says it all or nobody knows."""
    match code:
        case 3005:
            return valid_to
        case 3006:
            return valid_from
        case 3007 if shops:
            return str(len(shops))  # their numbers say nothing to people
        case _:
            return ""
