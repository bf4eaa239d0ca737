"""What every decision about vouchers is made within: one transaction, one moment, the shop's numbers at the platforms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from fleet.effects import Effect, SendAnswer, VoucherTicket
from fleet.vouchers.books import Use, VoucherBooks
from fleet.vouchers.port import Reply
from fleet.vouchers.vault import Vault
from rules.deals import Platform
from rules.orders import terminal_no
from wire.vouchers import AnswerVoucher, Used

ALL: tuple[Platform, ...] = ("own", "meituan", "dianping", "douyin", "koubei", "eleme", "wechat", "kuaishou")
SHOP_CHARS = 4
USES_MAX = 20


@dataclass(frozen=True, slots=True)
class PlatformAnswered:
    """A platform's answer to a call, or the edge's word that none came."""

    now_ms: int
    ticket: VoucherTicket
    reply: Reply


@dataclass(frozen=True, slots=True)
class Shops:
    """Which platforms are in service, and under what number each knows a shop: platform -> shop (four signs, "*" for every
    other) -> number."""

    platforms: tuple[Platform, ...] = ALL
    numbers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def number(self, terminal: str, platform: str) -> str:
        """The shop's number at the platform; the shop itself where none is set."""
        rows = self.numbers.get(platform, {})
        shop = shop_of(terminal)
        return rows.get(shop) or rows.get("*") or shop


@dataclass(frozen=True, slots=True)
class Within:
    """See above. `now_ms`: the backend's clock, UTC."""

    books: VoucherBooks
    vault: Vault
    shops: Shops
    now_ms: int


def shop_of(terminal: str) -> str:
    """The shop a terminal stands in: the first half of a provisioned number."""
    return terminal_no(terminal)[:SHOP_CHARS]


def used_of(row: Use) -> Used:
    """Where a use was, for people."""
    return Used(row.terminal, row.batch, row.trace, row.used_ms or row.got_ms, row.state)


def found_used(rows: Iterable[Use], but: str = "") -> Used | None:
    """The newest use that may have taken the voucher."""
    held = (row for row in rows if row.request_no != but and row.state in ("consumed", "kept", "unknown"))
    return next(map(used_of, held), None)


def words(text: str, most: int) -> str:
    """A platform's words, fit to be shown: no control characters, cut at a bound."""
    return "".join(each for each in text if each.isprintable())[:most]


def shown_end(row: Use) -> str:
    """What the terminal is to hold for the end of this use; "" while there is none."""
    if row.undo_wanted or row.state in ("new", "unknown", "absent"):
        return ""
    return "back" if row.state in ("rejected", "undone") else row.state


def told(it: Within, row: Use, answer: AnswerVoucher, terminal: str, asked: bool) -> list[Effect]:
    """Send an answer and keep what was told. `asked`: it answers the terminal's own question, so that nothing is news."""
    if not terminal:
        return []
    end = shown_end(row)
    after = replace(row, told=end or row.told, news=False if asked else row.news)
    if after != row:
        it.books.put_use(after)
    return [SendAnswer(terminal, answer)]
