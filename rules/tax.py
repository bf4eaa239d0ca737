"""Tax inside tax-inclusive prices (domain 8.4). An invoice is computed per line and summed, never from its total."""

from dataclasses import dataclass

from rules.rounding import divide_half_up

BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class LineTax:
    """A line's gross amount split: net + tax = gross, always."""

    net_fen: int
    tax_fen: int


def line_tax(gross_fen: int, rate_bp: int) -> LineTax:
    """Net and tax of a tax-inclusive line at `rate_bp` basis points (1300 = 13 %); negative lines mirror."""
    assert 0 <= rate_bp < BASIS_POINTS, rate_bp
    net_fen = divide_half_up(gross_fen * BASIS_POINTS, BASIS_POINTS + rate_bp)
    return LineTax(net_fen, gross_fen - net_fen)


def taxes_by_rate(lines: list[tuple[int, int]]) -> dict[int, LineTax]:
    """Sums per rate of (gross_fen, rate_bp) lines, each line computed by itself; rates ascending."""
    sums: dict[int, LineTax] = {}
    for gross_fen, rate_bp in sorted(lines, key=lambda line: line[1]):
        part, so_far = line_tax(gross_fen, rate_bp), sums.get(rate_bp, LineTax(0, 0))
        sums[rate_bp] = LineTax(so_far.net_fen + part.net_fen, so_far.tax_fen + part.tax_fen)
    return sums
