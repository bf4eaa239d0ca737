"""Sales: how much was sold, given back and taken by which means, by hour and day, shop and terminal."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from fleet.dashboard.app import Page
from fleet.dashboard.charts import Chart, Slot, bars
from fleet.dashboard.digest import Digest, Sum
from fleet.dashboard.fleet_look import Watch
from fleet.dashboard.pages import draw
from fleet.dashboard.spans import SPANS, Span, span
from fleet.dashboard.visit import Visit
from rules import totals
from rules.money import yuan
from texts import Lang, catalogue, t

ROWS_MAX = 100
TEXT_CHARS_MAX = 64


class Figures(NamedTuple):
    """Sales and what was given back: refunds and voids together."""

    sales: int = 0
    sales_fen: int = 0
    backs: int = 0
    back_fen: int = 0

    @property
    def net_fen(self) -> int:
        return self.sales_fen - self.back_fen


class Row(NamedTuple):
    """A named line of a table; `width` of 100 for its bar."""

    name: str
    figures: Figures
    width: float


class Tender(NamedTuple):
    """A means of payment: `payments` of `paid_fen`, of which `back_fen` went back."""

    name: str
    payments: int
    paid_fen: int
    back_fen: int
    width: float


class SalesPages:
    def __init__(self, watch: Watch, digest: Digest) -> None:
        self._watch = watch
        self._digest = digest

    def all(self) -> list[Page]:
        return [Page("/sales", self.draws)]

    def draws(self, visit: Visit) -> Response:
        asked = {name: visit.query.get(name, "")[:TEXT_CHARS_MAX] for name in ("shop", "terminal", "by")}
        by = asked["by"] if asked["by"] in ("shop", "terminal") else "shop"
        stretch = span(visit.query.get("span", ""), visit.now_ms)
        look = self._watch.look()
        shops = {tile.terminal: tile.shop for tile in look.tiles}
        wanted = _wanted(asked["shop"], asked["terminal"], shops)
        sums = self._digest.sums(stretch.since_ms, stretch.until_ms, stretch.slot_ms, wanted)
        apart = self._digest.sums(
            stretch.since_ms, stretch.until_ms, stretch.slots * stretch.slot_ms, wanted, "terminal"
        )  # fmt: skip
        slots = by_slot(sums, stretch)
        return draw(
            visit, "sales.html", asked=asked, by=by, stretch=stretch, spans=tuple(SPANS), shops=look.counts.shops,
            total=summed(sums), slots=list(zip(range(stretch.slots), slots, strict=True)),
            chart=chart(slots, stretch, visit.lang), tenders=tenders(sums, visit.lang),
            rows=by_name(apart, shops if by == "shop" else None), rows_max=ROWS_MAX,
        )  # fmt: skip


def _wanted(shop: str, terminal: str, shops: dict[str, str]) -> Sequence[str] | None:
    if terminal:
        return [terminal]
    return [each for each, at in shops.items() if at == shop][:5_000] if shop else None


def _figures(parts: dict[str, int]) -> Figures:
    return Figures(
        parts.get(totals.SALES, 0), parts.get(totals.SALES_FEN, 0),
        parts.get(totals.REFUNDS, 0) + parts.get(totals.VOIDS, 0),
        parts.get(totals.REFUNDS_FEN, 0) + parts.get(totals.VOIDS_FEN, 0),
    )  # fmt: skip


def summed(sums: Sequence[Sum]) -> Figures:
    return _figures(_parts(sums))


def _parts(sums: Sequence[Sum]) -> dict[str, int]:
    parts: dict[str, int] = {}
    for each in sums:
        parts[each.name] = parts.get(each.name, 0) + each.number
    return parts


def by_slot(sums: Sequence[Sum], stretch: Span) -> list[Figures]:
    """Figures of every slot, also of those without any."""
    parts: list[dict[str, int]] = [{} for _ in range(stretch.slots)]
    for each in sums:
        parts[each.slot][each.name] = parts[each.slot].get(each.name, 0) + each.number
    return [_figures(each) for each in parts]


def by_name(sums: Sequence[Sum], shops: dict[str, str] | None) -> list[Row]:
    """Figures of each terminal, or of each shop; the most first."""
    parts: dict[str, dict[str, int]] = {}
    for each in sums:
        name = each.group if shops is None else shops.get(each.group, "")
        own = parts.setdefault(name, {})
        own[each.name] = own.get(each.name, 0) + each.number
    found = sorted(((name, _figures(own)) for name, own in parts.items()), key=lambda one: (-one[1].net_fen, one[0]))
    most = max((figures.net_fen for _, figures in found), default=0) or 1
    return [Row(name, figures, round(max(0, 100 * figures.net_fen / most), 1)) for name, figures in found]


def tenders(sums: Sequence[Sum], lang: Lang) -> list[Tender]:
    """By which means, the most first. Cash is what stayed in the drawer."""
    parts = _parts(sums)
    names = {name.removeprefix("paid_").removesuffix("_fen") for name in parts if name.startswith("paid_")}
    names |= {name.removeprefix("back_").removesuffix("_fen") for name in parts if name.startswith("back_")}
    found: list[tuple[str, int, int, int]] = [
        (
            tender_name(name, lang), parts.get(f"paid_{name}", 0), parts.get(f"paid_{name}_fen", 0),
            parts.get(f"back_{name}_fen", 0),
        )
        for name in names
    ]  # fmt: skip
    if parts.get(totals.CASH_FEN, 0):
        found.append((tender_name("cash", lang), 0, parts[totals.CASH_FEN], 0))
    most = max((paid for _, _, paid, _ in found), default=0) or 1
    found.sort(key=lambda one: (-one[2], one[0]))
    return [Tender(name, count, paid, back, round(max(0, 100 * paid / most), 1)) for name, count, paid, back in found]


def tender_name(name: str, lang: Lang) -> str:
    """`wechat`, `card`, `voucher_meituan` in words; a name nobody knows as it is."""
    platform = name.removeprefix("voucher_")
    words = catalogue("dashboard", lang).get(f"tender__{platform}", platform)
    return t("dashboard", lang, "tender__voucher_of", platform=words) if name != platform else words


def chart(slots: Sequence[Figures], stretch: Span, lang: Lang) -> Chart:
    """Whole yuan, so that the grid stands at round amounts."""
    said = [
        Slot(
            stretch.label(place), (figures.sales_fen // 100, figures.back_fen // 100),
            (
                t("dashboard", lang, "sales__bar", slot=stretch.label(place),
                  amount=yuan(figures.sales_fen), count=figures.sales),
                t("dashboard", lang, "sales__bar_back", slot=stretch.label(place), amount=yuan(figures.back_fen)),
            ),
        )
        for place, figures in enumerate(slots)
    ]  # fmt: skip
    return bars(said)
