"""The sale that something is given back of: found in this journal or told by the backend, and what is left of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from firmware.txn import life
from firmware.txn.books import Reading
from rules.giving_back import TENDER_ORDER, split
from rules.pricing import net_of, nets
from wire import facts
from wire.facts import Line, Origin, Refund, Sale, TenderPart, VoucherUse
from wire.messages import AnswerSale, tender_key, tender_sums

PAGE_MAX = 4
"""Sales on one page of the list of recent ones."""


@dataclass(frozen=True, slots=True)
class BackLine:
    """Goods of a line coming back: `amount_fen` is what they bring with the vouchers that go back too, `voucher_fen` what
    vouchers that stay redeemed paid of them. `earlier_fen`: of `amount_fen`, what vouchers that go back now paid of goods
    that came back before."""

    index: int
    milli: int
    amount_fen: int
    voucher_fen: int = 0
    earlier_fen: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """What goes back of a sale with some of its goods: each voucher whole, the rest by the means that paid for it."""

    lines: tuple[BackLine, ...]
    tenders: tuple[tuple[TenderPart, int], ...]

    @property
    def total_fen(self) -> int:
        """Of all lines and all means alike."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def kept_fen(self) -> int:
        """What is not given back because vouchers paid it that stay redeemed."""
        return sum(line.voucher_fen for line in self.lines)


@dataclass(frozen=True, slots=True)
class Original:
    """A sale as it was journaled, and what went back of it before, as far as this terminal knows."""

    origin: Origin
    sale: Sale
    given_milli: tuple[int, ...]  # of each line
    told_fen: int = 0  # what the backend says was given back; 0 when it was not asked
    local: bool = True  # its record is in this journal
    by_tender: tuple[tuple[str, int], ...] = ()  # what went back by which means, as far as known: `tender_key`, fen

    def __post_init__(self) -> None:
        assert len(self.given_milli) == len(self.sale.lines)

    def line(self, index: int) -> Line:
        """A line of the sale with what it brought of the amount due filled in."""
        line = self.sale.lines[index]
        if line.net_fen is not None:
            return line
        net = nets(self.sale.lines, self.sale.reductions, self.sale.rounding_fen)[index]
        return msgspec.structs.replace(line, net_fen=net)

    def left_milli(self, index: int) -> int:
        """How much of a line can still come back; thousandths."""
        return self.sale.lines[index].quantity_milli - self.given_milli[index]

    def share_fen(self, index: int, quantity_milli: int) -> int:
        """What `quantity_milli` more of a line bring in money: what vouchers paid of it is never paid out (domain 3.8)."""
        return net_of(self._bringing(index, self._money_fen(index)), quantity_milli, self.given_milli[index])

    def _bringing(self, index: int, fen: int) -> Line:
        """A line as if it had brought `fen`."""
        return msgspec.structs.replace(self.sale.lines[index], net_fen=fen)

    def _money_fen(self, index: int) -> int:
        net = self.line(index).net_fen or 0
        return net - sum(use.shares[index] for use in self.uses())

    def uses(self) -> tuple[VoucherUse, ...]:
        """The vouchers that paid for it in part."""
        return tuple(part.voucher for part in self.sale.tenders if part.voucher is not None)

    def back(self, chosen: Iterable[tuple[int, int]], vouchers: Collection[str]) -> Back:
        """What goes back with the chosen goods, (line, thousandths), when these `vouchers` (request numbers, of
        `whole_with`) go back whole. The means tell less than the lines when they do not have so much left."""
        going = [use for use in self.uses() if use.request_no in vouchers]
        staying = [use for use in self.uses() if use.request_no not in vouchers]
        lines: list[BackLine] = []
        money = 0
        chosen = sorted(chosen)
        whole = _gathered(going, [index for index, _ in chosen])
        for index, milli in chosen:
            share = self.share_fen(index, milli)
            kept = self._bringing(index, sum(use.shares[index] for use in staying))
            came = self._bringing(index, sum(use.shares[index] for use in going))
            money += share
            lines.append(BackLine(
                index, milli, share + whole[index],
                net_of(kept, milli, self.given_milli[index]) if staying else 0,
                whole[index] - net_of(came, milli, self.given_milli[index]),
            ))  # fmt: skip
        parts = tuple(
            (part, part.paid_fen) for part in self.sale.tenders if part.voucher and part.voucher.request_no in vouchers
        )
        return Back(tuple(lines), (*parts, *self.tenders(min(money, self.left_money_fen))))

    def whole_with(self, chosen: Iterable[tuple[int, int]]) -> tuple[str, ...]:
        """Which vouchers could go back with these goods: those of which all that they paid for has come back then, the last
        of it now (domain 3.8: whole, or not at all)."""
        milli = dict(chosen)
        given = dict(self.by_tender)
        back = {
            i for i, line in enumerate(self.sale.lines) if self.given_milli[i] + milli.get(i, 0) == line.quantity_milli
        }
        return tuple(
            use.request_no
            for use in self.uses()
            if not given.get(use.request_no) and use.bears() <= back and use.bears() & milli.keys()
        )

    @property
    def given_fen(self) -> int:
        """What went back of the sale before."""
        given = dict(self.by_tender)
        money = sum(
            net_of(self._bringing(i, self._money_fen(i)), milli) for i, milli in enumerate(self.given_milli) if milli
        )
        undone = sum(use.deduct_fen for use in self.uses() if given.get(use.request_no))
        return max(money + undone, self.told_fen)

    @property
    def left_fen(self) -> int:
        """What can still go back."""
        return min(self.sale.due_fen - self.given_fen, sum(self.left_by_tender().values()))

    @property
    def left_money_fen(self) -> int:
        """What can still go back by other means than vouchers."""
        parts = self._parts()
        return sum(fen for part, fen in zip(parts, self._left(parts), strict=True) if part.kind != "voucher")

    @property
    def touched(self) -> bool:
        """Whether anything went back before."""
        return any(self.given_milli) or self.told_fen > 0

    def everything(self) -> tuple[tuple[int, int], ...]:
        """All that is left, as (line, thousandths)."""
        left = ((index, self.left_milli(index)) for index in range(len(self.sale.lines)))
        return tuple((index, milli) for index, milli in left if milli > 0)

    def tenders(self, amount_fen: int) -> tuple[tuple[TenderPart, int], ...]:
        """By which means of the sale `amount_fen` of money goes back, and how much by each; none of it by a voucher."""
        parts = self._parts()
        left = [(part, fen) for part, fen in zip(parts, self._left(parts), strict=True) if part.kind != "voucher"]
        shares = split([fen for _, fen in left], 0, amount_fen)
        return tuple((part, fen) for (part, _), fen in zip(left, shares, strict=True) if fen)

    def left_by_tender(self) -> dict[str, int]:
        """What can still go back by each means: `tender_key` and fen."""
        sums: dict[str, int] = {}
        for part, fen in zip(self._parts(), self._left(self._parts()), strict=True):
            sums[tender_key(part)] = sums.get(tender_key(part), 0) + fen
        return sums

    def _parts(self) -> list[TenderPart]:
        return sorted(self.sale.tenders, key=lambda part: TENDER_ORDER.index(part.kind))

    def _left(self, parts: list[TenderPart]) -> list[int]:
        """What each part still has: less what is known to have gone back by it, and what went back by means nobody knows
        (told by a backend of the release before) less in the order in which money goes back. A voucher is there or gone."""
        given = dict(self.by_tender)
        left: list[int] = []
        for part in parts:
            paid = part.paid_fen - part.change_fen
            back = min(paid, given.get(tender_key(part), 0))
            given[tender_key(part)] = given.get(tender_key(part), 0) - back
            left.append(paid - back)
        due = sum(part.paid_fen - part.change_fen for part in parts)
        unknown = max(0, min(self.given_fen, due) - (due - sum(left)))
        money = [0 if part.kind == "voucher" else fen for part, fen in zip(parts, left, strict=True)]
        gone = split(money, 0, min(unknown, sum(money)))
        return [fen - back for fen, back in zip(left, gone, strict=True)]


def _gathered(going: Sequence[VoucherUse], chosen: Sequence[int]) -> dict[int, int]:
    """What vouchers that go back bring of each chosen line, the whole of each: what they paid of lines that came back
    before is brought by the last chosen line they paid for."""
    sums = dict.fromkeys(chosen, 0)
    for use in going:
        here = [index for index in chosen if use.shares[index]]
        for index in here:
            sums[index] += use.shares[index]
        sums[here[-1]] += use.deduct_fen - sum(use.shares[index] for index in here)
    return sums


# --- in this journal ---------------------------------------------------------------------------------------------------


def of_seq(books: Reading, terminal: str, seq: int) -> Original | None:
    """The sale at `seq` of this journal; None when there is none."""
    rows = books.read("SELECT epoch, version, at_ms, body FROM journal WHERE seq = ? AND kind = 'sale'", seq)
    if not rows:
        return None
    epoch, version, at_ms, body = rows[0]
    sale = facts.decode("sale", int(version), body)
    assert isinstance(sale, Sale)
    origin = Origin(terminal, int(epoch), seq, sale.batch, sale.trace, int(at_ms))
    back = given_back(books, origin, len(sale.lines))
    return Original(origin, sale, back, by_tender=_by_tender(given_tenders(books, origin)))


def by_number(books: Reading, terminal: str, batch: int, trace: int) -> Original | None:
    """The sale of this journal with this receipt number; the latest, should the counters have come round."""
    rows = books.read("SELECT seq FROM receipt WHERE batch = ? AND trace = ? ORDER BY seq DESC LIMIT 1", batch, trace)
    return of_seq(books, terminal, int(rows[0][0])) if rows else None


def by_order(books: Reading, terminal: str, number: str) -> Original | None:
    """The sale of this journal that the payment `number` belongs to; its batch may be a later one than the number says."""
    seq = seq_of_order(books, number)
    return of_seq(books, terminal, seq) if seq else None


ORDER_KEY = "#"
"""In front of an order's number among the keys of slips: nobody finds one by its end."""


def seq_of_order(books: Reading, number: str) -> int:
    """Of the sale that the payment `number` belongs to; 0 when there is none in this journal."""
    rows = books.read(
        "SELECT k.seq FROM slip_key k JOIN receipt r ON r.seq = k.seq WHERE k.key = ? ORDER BY k.seq DESC LIMIT 1",
        ORDER_KEY + number,
    )
    return int(rows[0][0]) if rows else 0


def epoch_number(books: Reading) -> int:
    """The number the backend gave this journal (1..99); 0 before that."""
    return int(life.value(books, "epoch_number", "0"))


def recent(books: Reading, page: int) -> list[tuple[int, int, int, int]]:
    """One page of this journal's sales, newest first: seq, batch, trace, due; one more than fits when there are more."""
    found = books.read(
        "SELECT seq, batch, trace, due_fen FROM receipt ORDER BY seq DESC LIMIT ? OFFSET ?",
        PAGE_MAX + 1,
        page * PAGE_MAX,
    )
    return [(int(seq), int(batch), int(trace), int(due)) for seq, batch, trace, due in found]


def given_back(books: Reading, origin: Origin, lines: int) -> tuple[int, ...]:
    """How much of each line of a sale went back at this terminal; thousandths."""
    rows = books.read(
        "SELECT line, sum(quantity_milli) FROM given WHERE terminal = ? AND epoch = ? AND sale = ?"
        " GROUP BY line ORDER BY line",
        origin.terminal, origin.epoch, origin.seq,
    )  # fmt: skip
    by_line: defaultdict[int, int] = defaultdict(int, {int(line): int(milli) for line, milli in rows})
    return tuple(by_line[index] for index in range(lines))


def given_tenders(books: Reading, origin: Origin) -> dict[str, int]:
    """By which means what went back of a sale at this terminal went."""
    return tender_sums(part for fact in refunds_of(books, origin) for part in fact.tenders)


def refunds_of(books: Reading, origin: Origin) -> tuple[Refund, ...]:
    """Every refund of a sale at this terminal, oldest first."""
    rows = books.read(
        "SELECT version, body FROM journal WHERE seq IN"
        " (SELECT seq FROM given WHERE terminal = ? AND epoch = ? AND sale = ?) ORDER BY seq",
        origin.terminal, origin.epoch, origin.seq,
    )  # fmt: skip
    back = [facts.decode("refund", int(version), body) for version, body in rows]
    return tuple(fact for fact in back if isinstance(fact, Refund))


def _by_tender(*sums: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The stricter of several accounts of one sale."""
    return tuple((name, max(each.get(name, 0) for each in sums)) for name in sorted(set().union(*sums)))


# --- from the backend --------------------------------------------------------------------------------------------------


def told(books: Reading, terminal: str, answer: AnswerSale) -> Original | None:
    """The sale of an answer; None when it cannot be true: nobody may be paid by it."""
    sale = answer.sale
    if sale is None or not answer.terminal:
        return None
    origin = Origin(answer.terminal, answer.epoch, answer.seq, sale.batch, sale.trace, answer.at_ms)
    here = of_seq(books, terminal, answer.seq) if answer.terminal == terminal else None
    if here is not None and here.origin.epoch != answer.epoch:
        here = None  # a journal this terminal had before
    given = {index: milli for index, milli in answer.given_back.items() if milli}
    possible = {str(index): line.quantity_milli for index, line in enumerate(sale.lines)}
    fits = all(0 < milli <= possible.get(index, 0) for index, milli in given.items())
    fits = fits and all(fen >= 0 for fen in answer.given_tenders.values())
    if not (_sound(sale) and fits and 0 <= answer.given_back_fen <= sale.due_fen):
        return None
    by_line = tuple(given.get(str(index), 0) for index in range(len(sale.lines)))
    if here is not None:
        return with_told(here, by_line, answer.given_back_fen, answer.given_tenders)
    known = given_back(books, origin, len(sale.lines))
    back = _by_tender(answer.given_tenders, given_tenders(books, origin))
    return Original(origin, sale, tuple(map(max, by_line, known)), answer.given_back_fen, False, back)


def _sound(sale: Sale) -> bool:
    """Whether lines, nets and tenders of a sale from outside add up; a line without a net brings its amount
    (`rules.pricing.nets`), and older sales had no reductions, and no nets."""
    amounts = [line.amount_fen for line in sale.lines]
    if any(line.net_fen is not None for line in sale.lines):
        recorded = nets(sale.lines, sale.reductions, sale.rounding_fen)
        whole = all(0 <= net <= amount for net, amount in zip(recorded, amounts, strict=True))
        adds_up = whole and sum(recorded) == sale.due_fen
    else:
        adds_up = not sale.reductions and sum(amounts) - sale.rounding_fen == sale.due_fen and sale.rounding_fen >= 0
    paid = [part.paid_fen - part.change_fen for part in sale.tenders]
    positive = min((*amounts, *paid, sale.due_fen)) >= 0 and all(line.quantity_milli > 0 for line in sale.lines)
    return adds_up and positive and sum(paid) == sale.due_fen and _shared(sale)


def _shared(sale: Sale) -> bool:
    """Whether what vouchers of a sale from outside paid is shared out among its lines, and within what each brought."""
    recorded = nets(sale.lines, sale.reductions, sale.rounding_fen)
    borne = [0] * len(recorded)
    for part in sale.tenders:
        if part.kind != "voucher":
            continue
        use = part.voucher
        if use is None or len(use.shares) != len(borne) or part.change_fen:
            return False
        if min(use.shares) < 0 or not part.paid_fen == use.deduct_fen == sum(use.shares):
            return False
        borne = [fen + share for fen, share in zip(borne, use.shares, strict=True)]
    return all(fen <= net for fen, net in zip(borne, recorded, strict=True))


def with_told(
    here: Original, given_milli: tuple[int, ...], given_fen: int, given: Mapping[str, int] | None = None
) -> Original:
    """A sale of this journal with what the backend knows of it beside: the stricter of both holds."""
    if len(given_milli) != len(here.given_milli):
        return here
    by_tender = _by_tender(dict(here.by_tender), given or {})
    milli = tuple(map(max, here.given_milli, given_milli))
    return replace(here, given_milli=milli, told_fen=given_fen, by_tender=by_tender)


def fresh(books: Reading, terminal: str, known: Original) -> Original | None:
    """The sale as it stands now; None when its record is not in this journal any more."""
    if known.local:
        here = of_seq(books, terminal, known.origin.seq)
        return here and with_told(here, known.given_milli, known.told_fen, dict(known.by_tender))
    now = given_back(books, known.origin, len(known.sale.lines))
    by_tender = _by_tender(dict(known.by_tender), given_tenders(books, known.origin))
    return replace(known, given_milli=tuple(map(max, known.given_milli, now)), by_tender=by_tender)
