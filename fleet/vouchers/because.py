"""Why a voucher does not fit here and now, in the words in which platforms say it."""

EXPIRED, EARLY, SHOP = 3005, 3006, 3007


def because(code: int, valid_from: str, valid_to: str, shops: tuple[str, ...]) -> str:
    """The days or the shops a refusal is about, for the customer; "" when the code says it all or nobody knows."""
    match code:
        case 3005 if valid_to:
            return f"有效期至 {valid_to}"
        case 3006 if valid_from:
            return f"{valid_from} 起可用"
        case 3007 if shops:
            return f"仅限其他 {len(shops)} 家门店"  # their numbers say nothing to people
        case _:
            return ""
