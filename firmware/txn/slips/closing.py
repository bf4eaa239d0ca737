"""Slips of the till: shift, X, Z, settlement, cash moved. Contents as domain 5.3, 10.4 and 11.5 name them."""

from collections.abc import Mapping

from firmware.txn.books import Entry
from firmware.txn.slips.figures import Group, groups
from firmware.txn.slips.sheet import Sheet, headed, local, stamp_box
from rules import totals
from texts import t
from wire import facts
from wire.facts import BatchSettled, CashMoved, DayClosed, ReportPrinted, Seal, ShiftClosed
from wire.layout import money
from wire.receipt import Receipt, ReceiptRow, ReceiptSection, SlipKind
from wire.seal import seal_words

REPORT_KINDS: dict[str, SlipKind] = {
    "settlement_detail": "settlement_detail",
    "reprints": "reprint_log",
    "drawer": "drawer_log",
    "reconcile": "reconcile",
    "rights": "rights",
    "events": "event_log",
    "diagnosis": "diagnosis",
    "error": "error",
    "selftest": "selftest",
}
"""`ReportPrinted.report` -> its slip; what is not here is an X. The lists have rows alone."""


def cash_slip(sheet: Sheet, fact: CashMoved, entry: Entry) -> Receipt:
    """现金存取单."""
    rows = (
        ReceiptRow((sheet.say(f"cash__{fact.way}"), money(fact.amount_fen)), strong=True),
        ReceiptRow((sheet.say("cash__reason"), sheet.say(f"reason__{fact.reason}"))),
        *((ReceiptRow((sheet.say("cash__note"), fact.note)),) if fact.note else ()),
        *_approver(sheet, fact.approver),
    )
    return headed(
        sheet, "cash_move", entry, batch=fact.batch, trace=fact.trace, operator=fact.operator,
        sections=(ReceiptSection(rows=rows),), signatures=_signs(sheet, "operator"),
    )  # fmt: skip


def shift_slip(sheet: Sheet, fact: ShiftClosed, entry: Entry) -> Receipt:
    """交班单, for two signatures."""
    sections = (
        ReceiptSection(rows=tuple(_range(sheet, fact, entry))),
        *_sections(sheet, fact.totals),
        *_left_open(sheet, fact),
        _counted(sheet, fact),
        *_unfinished(sheet, fact),
    )
    return headed(
        sheet, "shift", entry, batch=fact.batch, operator=fact.operator, sections=sections,
        signatures=_signs(sheet, "giver", "taker"), stamp=stamp_box(sheet),
    )  # fmt: skip


def report_slip(sheet: Sheet, fact: ReportPrinted, entry: Entry) -> Receipt:
    """X and settlement details: what was true when it was asked for."""
    kind = REPORT_KINDS.get(fact.report, "x")
    listed = (*fact.rows, *(_detail(sheet, *row) for row in fact.moved))
    more = (ReceiptSection(rows=tuple(map(ReceiptRow, listed))),) if listed else ()
    sections: tuple[ReceiptSection, ...] = ()
    if kind == "x":
        sections = _sections(sheet, fact.figures)
    elif kind == "settlement_detail":
        sections = (_totals(sheet, fact.figures),)
    return headed(
        sheet, kind, entry, batch=fact.batch, operator=fact.operator, sections=(*sections, *more)
    )  # fmt: skip


def _detail(sheet: Sheet, number: str, what: str, amount: str) -> tuple[str, ...]:
    """A transaction in the slip's language."""
    return (
        (sheet.say("detail__more", count=amount),) if what == "more" else (number, sheet.say(f"detail__{what}"), amount)
    )


def settlement_slip(sheet: Sheet, fact: BatchSettled, entry: Entry) -> Receipt:
    """结算总计单 in the layout the field knows: 类型/TYPE 笔数/SUM 金额/AMT, and the verdict."""
    verdict = [ReceiptRow((sheet.say(f"settlement__{fact.verdict}"),), strong=True)]
    if fact.verdict == "error":
        verdict.append(ReceiptRow((sheet.say("settlement__partial"),)))
    sections = [_totals(sheet, fact.ours), ReceiptSection(rows=tuple(verdict))]
    if fact.differs:
        rows = tuple(
            ReceiptRow((_total_name(sheet, name), _number(name, fact.ours), _number(name, fact.theirs)))
            for name in fact.differs
        )
        heads = tuple(sheet.say(f"settlement__{head}") for head in ("what", "ours", "theirs"))
        sections.append(ReceiptSection(sheet.say("settlement__differs"), rows, heads))
    return headed(sheet, "settlement", entry, batch=fact.batch, sections=tuple(sections))


def day_slip(sheet: Sheet, fact: DayClosed, entry: Entry) -> Receipt:
    """日结单: figures, the grand total that never resets, and the signed head of the journal as QR code."""
    head = (
        ReceiptRow((sheet.say("day__number"), str(fact.number)), strong=True),
        ReceiptRow((sheet.say("day__date"), fact.business_date)),
        ReceiptRow((sheet.say("day__batches"), _batches(fact.batches))),
    )
    foot = (
        ReceiptRow((sheet.say("day__grand"), money(fact.grand_total_fen)), strong=True),
        ReceiptRow((sheet.say("day__head"), f"{fact.head_seq} {fact.head_hash[:16]}")),
    )
    sealed = _seal(sheet, fact)
    return headed(
        sheet, "day", entry, batch=fact.batches[-1] if fact.batches else 0, operator=fact.operator,
        sections=(ReceiptSection(rows=head), *_sections(sheet, fact.totals), ReceiptSection(rows=foot)),
        signatures=_signs(sheet, "operator"), stamp=stamp_box(sheet),
        qr=sealed, qr_words=sheet.say("day__seal") if sealed else "",
    )  # fmt: skip


# --- parts -----------------------------------------------------------------


def _sections(sheet: Sheet, figures: Mapping[str, int]) -> tuple[ReceiptSection, ...]:
    return tuple(
        ReceiptSection(group.title(sheet.lang), tuple(map(ReceiptRow, _columns(group))))
        for group in groups(figures, sheet.lang)
    )


def _columns(group: Group) -> tuple[tuple[str, ...], ...]:
    """Name, count and amount; where nothing of the group has an amount, the name may have its room."""
    return group.rows if any(amount for _, _, amount in group.rows) else tuple(row[:2] for row in group.rows)


def _range(sheet: Sheet, fact: ShiftClosed, entry: Entry) -> tuple[ReceiptRow, ...]:
    """From when to when, on which business day; the beginning is gone when it has been pruned."""
    rows = sheet.books.read("SELECT at_ms FROM journal WHERE seq = ?", fact.first_seq)
    begun = local(int(rows[0][0]), "%m-%d %H:%M") if rows else "-"
    return (
        ReceiptRow((sheet.say("day__date"), fact.business_date)),
        ReceiptRow((sheet.say("shift__from"), begun)),
        ReceiptRow((sheet.say("shift__to"), local(entry.at_ms, "%m-%d %H:%M"))),
        *_approver(sheet, fact.approver),
    )


def _counted(sheet: Sheet, fact: ShiftClosed) -> ReceiptSection:
    """Pieces by denomination, counted, expected, and 长款 or 短款."""
    pieces = tuple(
        ReceiptRow((money(int(fen)), f"x {number}", money(int(fen) * number))) for fen, number in fact.counted.items()
    )
    name = "level" if fact.difference_fen == 0 else "surplus" if fact.difference_fen > 0 else "shortage"
    sums = (
        ReceiptRow((sheet.say("shift__expected"), money(fact.expected_fen))),
        ReceiptRow((sheet.say("shift__counted" if fact.counts else "shift__uncounted"), money(fact.counted_fen))),
        ReceiptRow((sheet.say(f"shift__{name}"), money(fact.difference_fen)), strong=True),
        *_counts(sheet, fact),
    )
    return ReceiptSection(sheet.say("shift__count"), (*pieces, *sums))


def _counts(sheet: Sheet, fact: ShiftClosed) -> tuple[ReceiptRow, ...]:
    """Every count in order, the wrong ones too, where it was counted more than once."""
    if fact.counts <= 1:
        return ()
    if not fact.tried_fen:
        return (ReceiptRow((sheet.say("shift__counts"), str(fact.counts))),)
    sums = (*fact.tried_fen, fact.counted_fen)
    return tuple(
        ReceiptRow((sheet.say("shift__count_nth", number=number), money(fen))) for number, fen in enumerate(sums, 1)
    )


def _left_open(sheet: Sheet, fact: ShiftClosed) -> tuple[ReceiptSection, ...]:
    """Each time the drawer stood open beyond the shop's limit: until when, and how long (domain 11.4)."""
    rows = tuple(
        ReceiptRow((local(each.at_ms, "%H:%M"), sheet.say("drawer__seconds", seconds=-(-each.open_ms // 1000))))
        for each in fact.left_open
    )
    return (ReceiptSection(sheet.say("drawer__left_open"), rows),) if rows else ()


def _unfinished(sheet: Sheet, fact: ShiftClosed) -> tuple[ReceiptSection, ...]:
    rows = tuple(ReceiptRow((number,)) for number in fact.carried)
    if fact.holds:
        rows += (ReceiptRow((sheet.say("shift__holds"), str(fact.holds))),)
    return (ReceiptSection(sheet.say("shift__unfinished"), rows),) if rows else ()


def _totals(sheet: Sheet, figures: Mapping[str, int]) -> ReceiptSection:
    heads = tuple(sheet.say(f"settlement__{head}") for head in ("type", "sum", "amt"))
    rows = [
        ReceiptRow((sheet.say(f"figure__{name}"), str(figures.get(name, 0)), money(figures.get(fen, 0))))
        for name, fen in ((totals.SALES, totals.SALES_FEN), (totals.REFUNDS, totals.REFUNDS_FEN),
                          (totals.VOIDS, totals.VOIDS_FEN))
    ]  # fmt: skip
    rows.append(ReceiptRow((sheet.say("figure__cash_net"), "", money(figures.get(totals.CASH_FEN, 0)))))
    rows += [
        ReceiptRow((_total_name(sheet, name), str(figures[name]), money(figures.get(f"{name}_fen", 0))))
        for name in sorted(figures)
        if name.startswith(("paid_", "back_")) and not name.endswith("_fen")
    ]
    return ReceiptSection(rows=tuple(rows), heads=heads)


def _total_name(sheet: Sheet, name: str) -> str:
    """A total's name as it is printed."""
    plain = name.removesuffix("_fen")
    for way in ("paid", "back"):
        if plain.startswith(f"{way}_"):
            channel = t("receipt", sheet.lang, f"tender__{plain.removeprefix(f'{way}_')}")
            return channel if way == "paid" else sheet.say("figure__back_by", name=channel)
    return sheet.say(f"figure__{'cash_net' if plain == 'cash' else plain}")


def _number(name: str, figures: Mapping[str, int]) -> str:
    number = figures.get(name, 0)
    return money(number) if name.endswith("_fen") else str(number)


def _batches(batches: tuple[int, ...]) -> str:
    return f"{batches[0]:06d}-{batches[-1]:06d}" if len(batches) > 1 else "".join(f"{each:06d}" for each in batches)


def _seal(sheet: Sheet, fact: DayClosed) -> str:
    """The seal of the head this Z names, journaled beside it; empty when it was closed without one."""
    for version, body in sheet.books.read(
        "SELECT version, body FROM journal WHERE seq > ? AND kind = 'seal' ORDER BY seq LIMIT 1", fact.head_seq
    ):
        seal = facts.decode("seal", int(version), body)
        if isinstance(seal, Seal) and seal.upto == fact.head_seq:
            epoch = sheet.books.read("SELECT epoch FROM journal ORDER BY seq DESC LIMIT 1")[0][0]
            return seal_words(sheet.terminal, int(epoch), seal.upto, seal.hash, seal.signature)
    return ""


def _approver(sheet: Sheet, approver: str) -> tuple[ReceiptRow, ...]:
    return (ReceiptRow((sheet.say("cash__approver"), approver)),) if approver else ()


def _signs(sheet: Sheet, *who: str) -> tuple[str, ...]:
    return tuple(sheet.say(f"sign__{each}") for each in who)
