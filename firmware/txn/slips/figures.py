"""Figures of a shift or day in groups, for slips and screens alike: what X, shift slip and Z say (domain 10.4, 11.5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from firmware.txn import till, voucher_figures
from rules import totals
from rules.deals import Platform
from rules.errors import error
from texts import Lang, t
from wire.layout import money, quantity

CHANNELS = (
    "card", "wechat", "alipay", "unionpay", "ecny", "member", *(totals.voucher(each) for each in get_args(Platform)),
)  # fmt: skip


CASH = "cash"


@dataclass(frozen=True, slots=True)
class Group:
    """One group of figures: rows of name, count (or empty) and amount (or empty). `name` is the text `group__NAME`."""

    name: str
    rows: tuple[tuple[str, str, str], ...]

    def title(self, lang: Lang) -> str:
        """Its heading."""
        return t("receipt", lang, f"group__{self.name}")


def groups(figures: Mapping[str, int], lang: Lang) -> tuple[Group, ...]:
    """All groups that have something to say; of figures made `blind`, without a sum that holds cash."""
    found = (
        Group("sales", tuple(_sales(figures, lang))),
        Group("tenders", tuple(_tenders(figures, lang))),
        Group("vouchers", tuple(_vouchers(figures, lang))),
        Group("cash", tuple(_cash(figures, lang))),
        Group("off", tuple(_off(figures, lang))),
        Group("undone", tuple(_counted(figures, lang, _UNDONE))),
        Group("drawer", tuple(_drawer(figures, lang))),
        Group("trouble", tuple(_trouble(figures, lang))),
    )
    return tuple(group for group in found if group.rows)


def reconciled(
    ours: Mapping[str, int], theirs: Mapping[str, int], lang: Lang
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    """对账表: each name with whether both sides agree, then our count and amount, then theirs (domain 2.4)."""
    rows: list[tuple[str, str]] = []
    for name, words in _compared(ours, theirs, lang):
        same = all(ours.get(each, 0) == theirs.get(each, 0) for each in _figures_of(name))
        rows.append((words, t("receipt", lang, f"reconcile__{'same' if same else 'other'}")))
        for side, figures in (("ours", ours), ("theirs", theirs)):
            count = "" if name == CASH else f" {figures.get(name, 0)}"
            rows.append((f"  {t('receipt', lang, f'settlement__{side}')}{count}", money(figures.get(f"{name}_fen", 0))))
    return tuple(rows)


def _figures_of(name: str) -> tuple[str, ...]:
    """The figures behind a name: cash is an amount alone."""
    return (f"{name}_fen",) if name == CASH else (name, f"{name}_fen")


def settled(ours: Mapping[str, int], theirs: Mapping[str, int], lang: Lang) -> tuple[tuple[str, str, str], ...]:
    """What a batch is settled by, row by row: name, our count and amount, theirs. Sales, refunds and voids, cash, and what
    each channel and card took and gave back."""
    return tuple((words, _settled(ours, name), _settled(theirs, name)) for name, words in _compared(ours, theirs, lang))


def _compared(ours: Mapping[str, int], theirs: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str]]:
    """Every name two sides are compared by, as figure and in words."""
    names = ((totals.SALES, "sales"), (totals.REFUNDS, "refunds"), (totals.VOIDS, "voids"), (CASH, "cash_net"))
    for name, word in names:
        yield name, _say(lang, word)
    for name in sorted({each.removesuffix("_fen") for each in (*ours, *theirs) if each.startswith(("paid_", "back_"))}):
        channel = t("receipt", lang, f"tender__{name[5:]}")
        yield name, channel if name.startswith("paid_") else t("receipt", lang, "figure__back_by", name=channel)


def _settled(figures: Mapping[str, int], name: str) -> str:
    count = f"{figures.get(name, 0)}  " if name != CASH else ""
    return count + money(figures.get(f"{name}_fen", 0))


def _say(lang: Lang, name: str) -> str:
    return t("receipt", lang, f"figure__{name}")


def _sales(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    """销售额, 退款, 撤销, 净销售额, 客单价, 件数: the definitions of domain 10.4."""
    sales = figures.get(totals.SALES, 0)
    if till.BLIND in figures:
        for name in (totals.SALES, totals.REFUNDS, totals.VOIDS):
            yield _say(lang, name), str(figures.get(name, 0)), ""
        yield _say(lang, "items"), quantity(figures.get(till.ITEMS_MILLI, 0)), ""
        yield from _late(figures, lang)
        return
    net_fen = till.net_sales(figures)
    yield _say(lang, "goods"), "", money(figures.get(till.GOODS_FEN, 0))
    yield _say(lang, "sales"), str(sales), money(figures.get(totals.SALES_FEN, 0))
    for name, fen in ((totals.REFUNDS, totals.REFUNDS_FEN), (totals.VOIDS, totals.VOIDS_FEN)):
        yield _say(lang, name), str(figures.get(name, 0)), money(-figures.get(fen, 0))
    yield _say(lang, "net"), "", money(net_fen)
    if sales:
        yield _say(lang, "average"), "", money(net_fen // sales)
        yield _say(lang, "items"), quantity(figures.get(till.ITEMS_MILLI, 0)), ""
    yield from _late(figures, lang)


def _late(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    if figures.get(till.LATE):
        yield _say(lang, "late"), str(figures[till.LATE]), money(figures.get(till.LATE_FEN, 0))


def _tenders(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    """Each means: taken, given back, the channel's fee."""
    seen = till.BLIND not in figures
    taken, given = figures.get(till.CASH_SALES_FEN, 0), figures.get(till.CASH_BACK_FEN, 0)
    yield _say(lang, "cash"), str(figures.get(till.CASH_SALES, 0)), money(taken) if seen else ""
    if figures.get(till.CASH_BACK):
        yield _say(lang, "cash_back"), str(figures[till.CASH_BACK]), money(-given) if seen else ""
    for channel in CHANNELS:
        name = t("receipt", lang, f"tender__{channel}")
        (paid, paid_fen), (back, back_fen) = totals.paid(channel), totals.back(channel)
        if figures.get(paid):
            yield name, str(figures[paid]), money(figures.get(paid_fen, 0))
        if figures.get(back):
            yield t("receipt", lang, "figure__back_by", name=name), str(figures[back]), money(-figures.get(back_fen, 0))
        if figures.get(f"fee_{channel}_fen"):
            yield t("receipt", lang, "figure__fee_of", name=name), "", money(figures[f"fee_{channel}_fen"])


def _vouchers(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    """Each deal: how many and what they took off, the price basis, what the platform adds, what the shop gives, what the
    platform is expected to pay (domain 3.7). Then what was registered to be verified later, and how that ended; what
    platforms keep without a sale; and what they are expected to pay for all of it."""
    for deal in voucher_figures.deals(figures):
        platform = t("receipt", lang, f"tender__{totals.voucher(deal.platform)}")
        title = (deal.title or deal.deal_id) if deal.deal_id else _say(lang, "deal_rest")
        yield f"{platform} {title}", str(deal.count), money(deal.deduct_fen)
        for name, fen in (
            ("basis", deal.basis_fen),
            ("subsidy", deal.subsidy_fen),
            ("merchant", deal.merchant_fen),
            ("receivable", deal.receivable_fen),
        ):
            if fen or name != "subsidy":
                yield f"  {_say(lang, f'voucher_{name}')}", "", money(fen)
    yield from _counted(figures, lang, _REGISTERED)
    if any(figures.get(name) for name in (voucher_figures.VERIFIED_FEN, voucher_figures.KEPT_FEN)):
        yield _say(lang, "voucher_owed"), "", money(voucher_figures.receivable_fen(figures))


def _cash(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    """Float, what came and went with its reasons, and what must be there."""
    if till.FLOAT_FEN in figures:
        yield _say(lang, "float"), "", money(figures[till.FLOAT_FEN])
    for way in ("in", "out"):
        for name in sorted(figures):
            reason = name.removeprefix(f"{way}_").removesuffix("_fen")
            if name == f"{way}_{reason}_fen" and f"{way}_{reason}" in figures:
                words = t("receipt", lang, f"figure__{way}_for", reason=t("receipt", lang, f"reason__{reason}"))
                sign = 1 if way == "in" else -1
                yield words, str(figures[f"{way}_{reason}"]), money(sign * figures[name])
    if till.FLOAT_FEN in figures:
        yield _say(lang, "expected"), "", money(till.expected_cash(figures))


def _off(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    for name in sorted(figures):
        if name.startswith("off_") and not name.endswith("_fen"):
            words = t("receipt", lang, f"reduction__{name.removeprefix('off_')}")
            yield words, str(figures[name]), money(-figures.get(f"{name}_fen", 0))
    if figures.get(totals.ROUNDING_FEN):
        yield _say(lang, "rounding"), "", money(-figures[totals.ROUNDING_FEN])


_UNDONE = (
    (till.REMOVED, till.REMOVED_FEN), (till.CANCELLED, till.CANCELLED_FEN), (till.HELD, ""), (till.HOLDS_DROPPED, ""),
)  # fmt: skip
_REGISTERED = (
    (voucher_figures.REGISTERED, voucher_figures.REGISTERED_FEN),
    (voucher_figures.VERIFIED, voucher_figures.VERIFIED_FEN),
    (voucher_figures.SHORTAGE, voucher_figures.SHORTAGE_FEN),
    (voucher_figures.KEPT, voucher_figures.KEPT_FEN),
)
_DRAWER = (
    (till.DRAWER_SALE, ""),
    (till.DRAWER_OTHER, ""),
    (till.DRAWER_HAND, ""),
    (till.DRAWER_STUCK, ""),
    (till.DRAWER_FORCED, ""),
)


def _counted(
    figures: Mapping[str, int], lang: Lang, names: tuple[tuple[str, str], ...]
) -> Iterator[tuple[str, str, str]]:
    for name, fen in names:
        if figures.get(name) or figures.get(fen):  # one more and one fewer are none, and seldom of one sum
            yield _say(lang, name), str(figures.get(name, 0)), money(figures.get(fen, 0)) if fen else ""


def _drawer(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    yield from _counted(figures, lang, _DRAWER)
    refused = sum(number for name, number in figures.items() if name.startswith("drawer_refused_"))
    if refused:
        yield _say(lang, "drawer_refused"), str(refused), ""
    if open_s := figures.get(till.DRAWER_OPEN_MS, 0) // 1_000:
        yield _say(lang, "drawer_open"), f"{open_s // 60}:{open_s % 60:02d}", ""


def _trouble(figures: Mapping[str, int], lang: Lang) -> Iterator[tuple[str, str, str]]:
    """Reprints, and how often each error code came up (domain 10.4)."""
    if figures.get(till.REPRINTS):
        yield _say(lang, "reprints"), str(figures[till.REPRINTS]), ""
    codes: dict[int, int] = {}
    for name, number in figures.items():
        for kind in ("trouble_", "drawer_refused_"):
            if name.startswith(kind):
                code = int(name.removeprefix(kind))
                codes[code] = codes.get(code, 0) + number
    for code in sorted(codes):
        yield error(code).line(lang), str(codes[code]), ""
