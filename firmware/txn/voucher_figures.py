"""What vouchers add to the till's figures, by platform and deal (domain 3.7). Pure, from sales and refunds alone, but for
vouchers registered to be verified later: their end is heard after their sale.

Names hold the deal: `deal_n|PLATFORM|DEAL|TITLE` how many, `deal_fen|PLATFORM|DEAL` what they took off (抵扣额),
`deal_basis_fen|…` their price basis, `deal_subsidy_fen|…` what the platform adds. What is left of the deduction the shop
gives (商家让利): deduction = basis + subsidy + share, receivable = basis + subsidy. A shift names `DEALS_MAX` deals; what is
used beyond is added up by platform, under no deal.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from wire.facts import TenderPart, VoucherHeard, VoucherUse

Figures = dict[str, int]

DEALS_MAX = 30
TITLE_CHARS_MAX = 16
REGISTERED, REGISTERED_FEN = "voucher_registered", "voucher_registered_fen"
VERIFIED, VERIFIED_FEN = "voucher_verified", "voucher_verified_fen"
SHORTAGE, SHORTAGE_FEN = "voucher_shortage", "voucher_shortage_fen"
KEPT, KEPT_FEN = "voucher_kept", "voucher_kept_fen"

_COUNT, _FEN, _BASIS, _SUBSIDY = "deal_n", "deal_fen", "deal_basis_fen", "deal_subsidy_fen"
_KINDS = (_COUNT, _FEN, _BASIS, _SUBSIDY)


@dataclass(frozen=True, slots=True)
class DealFigures:
    """One deal's figures; without a `deal_id` those of the platform's deals beyond the bound. Fen."""

    platform: str
    deal_id: str
    title: str
    count: int
    deduct_fen: int
    basis_fen: int
    subsidy_fen: int

    @property
    def merchant_fen(self) -> int:
        """What the shop gives (商家让利): below nothing where a voucher's worth was not used up."""
        return self.deduct_fen - self.receivable_fen

    @property
    def receivable_fen(self) -> int:
        """What the platform is expected to pay, before its commission; the platform's bill alone is exact."""
        return self.basis_fen + self.subsidy_fen


def of_tenders(parts: Iterable[TenderPart], sign: int = 1) -> Figures:
    """What the vouchers of a sale add, or with `sign` -1 those that went back with a refund take away."""
    figures: Figures = {}
    for part in parts:
        if part.voucher is not None:
            for name, number in _of_use(part.voucher):
                figures[name] = figures.get(name, 0) + sign * number
    return {name: number for name, number in figures.items() if number}


def of_heard(heard: VoucherHeard) -> Figures:
    """The end of a registered voucher: redeemed at last, or refused and missing, until it is redeemed after all. And what a
    platform keeps although no sale stands for it any more: it still is to be paid. Either is taken away again when the
    platform gives it back later."""
    figures: Figures = {}
    if heard.shortage_fen:
        figures |= {SHORTAGE: 1 if heard.shortage_fen > 0 else -1, SHORTAGE_FEN: heard.shortage_fen}
    if heard.verified_fen:
        figures |= {VERIFIED: 1 if heard.verified_fen > 0 else -1, VERIFIED_FEN: heard.verified_fen}
    if heard.kept_fen:
        figures |= {KEPT: 1 if heard.kept_fen > 0 else -1, KEPT_FEN: heard.kept_fen}
    return figures


def price_basis_fen(told_fen: int, paid_fen: int, platform_fen: int, merchant_fen: int) -> int:
    """The price basis of a use (domain 3.7): what the customer paid, as the platform said when it redeemed it. Where it did
    not, `told_fen`, what the coupon was prepared with: a list price holds the subsidies, which are taken out of it."""
    return paid_fen or max(0, told_fen - platform_fen - merchant_fen)


def receivable_fen(figures: Mapping[str, int]) -> int:
    """All that platforms are expected to pay, before their commission."""
    apart = figures.get(VERIFIED_FEN, 0) + figures.get(KEPT_FEN, 0)
    return sum(deal.receivable_fen for deal in deals(figures)) + apart


def within(known: Mapping[str, int], added: Mapping[str, int]) -> Figures:
    """`added` with the deals that `known` has no room for under their platform alone."""
    if not any(name.startswith(_COUNT) for name in added):
        return dict(added)
    named = {_deal(name) for name in known if name.startswith(_COUNT)} - {""}
    figures: Figures = {}
    for name, number in added.items():
        deal = _deal(name)
        if deal and deal not in named and len(named) >= DEALS_MAX:
            kind, platform, *_ = name.split("|")
            name = _name(kind, platform)
        elif deal:
            named.add(deal)
        figures[name] = figures.get(name, 0) + number
    return figures


def deals(figures: Mapping[str, int]) -> tuple[DealFigures, ...]:
    """All deals by platform and number, each platform's rest last; what was used and undone is left out."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    titles: dict[tuple[str, str], str] = {}
    for name, number in figures.items():
        kind, *rest = name.split("|")
        if kind not in _KINDS or len(rest) < 2:
            continue
        key = (rest[0], rest[1])
        sums = found.setdefault(key, dict.fromkeys(_KINDS, 0))
        sums[kind] += number
        if kind == _COUNT:
            titles[key] = rest[2] if len(rest) > 2 else ""
    order = sorted(found, key=lambda key: (key[0], not key[1], key[1]))
    rows = (DealFigures(*key, titles.get(key, ""), *found[key].values()) for key in order)
    return tuple(row for row in rows if row.count or row.deduct_fen)


def _of_use(use: VoucherUse) -> Iterator[tuple[str, int]]:
    if use.registered:  # nobody knows yet what it is worth to the platform
        yield REGISTERED, use.count
        yield REGISTERED_FEN, use.deduct_fen
        return
    deal = _plain(use.deal_id)
    yield _name(_COUNT, use.platform, deal, _plain(use.title)[:TITLE_CHARS_MAX]), use.count
    yield _name(_FEN, use.platform, deal), use.deduct_fen
    yield (
        _name(_BASIS, use.platform, deal),
        price_basis_fen(use.basis_fen, use.paid_fen, use.platform_fen, use.merchant_fen),
    )
    yield _name(_SUBSIDY, use.platform, deal), use.platform_fen


def _name(kind: str, platform: str, deal_id: str = "", title: str = "") -> str:
    return "|".join((kind, platform, deal_id, *((title,) if title else ())))


def _deal(name: str) -> str:
    """`PLATFORM|DEAL` of a figure's name; "" for one that names no deal."""
    kind, *rest = name.split("|")
    return f"{rest[0]}|{rest[1]}" if kind in _KINDS and len(rest) > 1 and rest[1] else ""


def _plain(text: str) -> str:
    """Without the sign that parts names."""
    return text.replace("|", "/")
