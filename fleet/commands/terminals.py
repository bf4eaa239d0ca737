"""`posfleet terminals`: every terminal that ever spoke, with its last state."""

import argparse

import msgspec

from fleet.commands.look import moment, opened, show
from fleet.store import TerminalRow
from texts import Lang, t


def run(options: argparse.Namespace, lang: Lang) -> int:
    """List as a table or as one JSON line each."""
    with opened(options.data) as books:
        rows = books.all_terminals()
        upto = {row.terminal: {each.epoch: each.upto for each in books.epochs_of(row.terminal)} for row in rows}
    if options.json:
        for row in rows:
            fields = {"terminal": row.terminal, "state": row.state, "state_ms": row.state_ms, "seen_ms": row.seen_ms}
            print(msgspec.json.encode(fields | {"upto": upto[row.terminal]}).decode())
        return 0
    columns = ("terminal", "link", "upto", "due", "software", "printer", "drawer", "battery", "seen")
    show(lang, columns, (_cells(row, upto[row.terminal], lang) for row in rows))
    return 0


def _cells(row: TerminalRow, upto: dict[int, int], lang: Lang) -> list[str]:
    state = row.state
    if state is None:
        whole = ", ".join(f"{epoch}:{seq}" for epoch, seq in upto.items())
        return [row.terminal, t("fleet", lang, "link__unknown"), whole, "", "", "", "", "", moment(row.seen_ms)]
    link = t("fleet", lang, "link__online" if state.online else "link__offline", reason=state.reason)
    have = upto.get(state.epoch, 0)
    due = str(max(0, state.next_seq - 1 - have)) if state.next_seq else ""
    battery = "" if state.battery is None else f"{state.battery} %"
    return [
        row.terminal, link, f"{state.epoch}:{have}", due, state.software, state.printer, state.drawer, battery,
        moment(row.seen_ms),
    ]  # fmt: skip
