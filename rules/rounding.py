"""The one rounding rule of tax, weight and fee work: half away from zero, so that a refund mirrors its sale."""


def divide_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded half up; a negative value is the exact mirror of its positive one (domain 1)."""
    assert denominator > 0, denominator
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def share_half_up(value: int, part: int, whole: int) -> int:
    """value * part / whole, rounded half up."""
    return divide_half_up(value * part, whole)
