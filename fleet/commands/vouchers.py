"""`posfleet vouchers`: deals, the shop's own vouchers, redemptions, platforms, and the fourth statement."""

import argparse
import json
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fleet import china, database, home
from fleet.commands import Wrong, no_store, scripted
from fleet.commands.exits import FOUND
from fleet.commands.look import done, moment, opened, say, show
from fleet.commands.scripted import list_steps, side_books, told_steps
from fleet.commands.times import typed_day
from fleet.sql import AnyStore
from fleet.store import BadUrl, StoreTrouble
from fleet.vouchers import own, statement
from fleet.vouchers.books import DealRow, Use
from fleet.vouchers.deals import in_force
from fleet.vouchers.matching import Difference, Matched, match
from fleet.vouchers.script import read_scenario, read_step
from fleet.vouchers.sim_books import PlatformLedgers, PlatformPages
from fleet.vouchers.vault import Vault
from rules.deals import Deal
from rules.errors import errors
from rules.money import yuan
from texts import Lang, t

DAY_MS = 86_400_000
ROWS_SHOWN_MAX = 500
"""So many differences are drawn as a table; `--json` lists all."""
HIDDEN = ("digest", "seen", "ref", "handle", "undo_handle", "code_sealed")


class _DealFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Also a file for `serve --voucher-deals`: its coupons are the simulated platforms' and nothing to us."""

    deal: Annotated[tuple[Deal, ...], Meta(max_length=2_000)] = ()
    coupon: tuple[dict[str, Any], ...] = ()


def load_deals(options: argparse.Namespace, lang: Lang) -> int:
    """Take a file's deals instead of those loaded before for that shop (all shops without one)."""
    deals = _deals_in(options.file)
    now_ms = time.time_ns() // 1_000_000
    rows = [
        DealRow(deal.platform, deal.deal_id, options.shop, "file", msgspec.json.encode(deal), now_ms) for deal in deals
    ]
    with _writing(options.data) as store, store.begin() as books:
        books.vouchers.put_deals("", options.shop, "file", rows)
    return done(options.json, lang, "vouchers__loaded", deals=len(rows))


def _deals_in(path: Path) -> tuple[Deal, ...]:
    """The deals of a TOML (`[[deal]]`) or JSON (a list) file. Raises `Wrong`."""
    try:
        raw = path.read_bytes()
        if path.suffix == ".json":
            deals = msgspec.json.decode(raw, type=tuple[Deal, ...])
        else:
            deals = msgspec.convert(tomllib.loads(raw.decode()), _DealFile).deal
    except (OSError, ValueError) as trouble:  # TOML's and msgspec's errors are ValueErrors
        raise Wrong("deals", {"path": str(path), "detail": str(trouble)}) from trouble
    if len({(deal.platform, deal.deal_id) for deal in deals}) != len(deals):
        raise Wrong("deals", {"path": str(path), "detail": "a deal stands twice"})
    return deals


def list_deals(options: argparse.Namespace, lang: Lang) -> int:
    """Deals in force at a shop, or one of them whole."""
    with opened(options.data) as books:
        deals = in_force(books.vouchers.deals(options.shop))
    if options.deal:
        deals = tuple(deal for deal in deals if deal.deal_id == options.deal)
        if not deals:
            raise Wrong("no_deal", {"deal": options.deal})
    if options.json or options.deal:
        for deal in deals:
            print(msgspec.json.encode(deal).decode())
        return 0
    columns = ("platform", "deal", "title", "kind", "face", "valid")
    rows = (
        [
            d.platform,
            d.deal_id,
            d.title,
            d.kind,
            yuan(d.face_fen or d.package_fen),
            f"{d.valid_from or ''}…{d.valid_to or ''}",
        ]
        for d in deals
    )
    show(lang, columns, rows)
    return 0


def issue(options: argparse.Namespace, lang: Lang) -> int:
    """Make vouchers of the shop's own and print their codes, one a line: they are shown this once."""
    ours = (each for each in _deals_in(options.file) if (each.platform, each.deal_id) == ("own", options.deal))
    deal = next(ours, None)
    if deal is None:
        raise Wrong("no_deal", {"deal": options.deal})
    if not 1 <= options.number <= own.ISSUED_MAX or not 1 <= options.uses <= 100:
        raise Wrong("issue", {"most": str(own.ISSUED_MAX)})
    vault = _vault(options.data)
    with _own(options.data) as pages:
        codes = own.issue(
            pages, vault, deal, options.number, options.uses, options.price_fen, options.batch,
            time.time_ns() // 1_000_000,
        )  # fmt: skip
    for code in codes:
        print(json.dumps({"code": code, "deal_id": deal.deal_id}) if options.json else code)
    return 0


def list_own(options: argparse.Namespace, lang: Lang) -> int:
    """The shop's own vouchers; of their codes the last four digits."""
    with _own(options.data, read_only=True) as pages:
        rows = pages.vouchers()
    if options.json:
        for row in rows:
            print(json.dumps({k: v for k, v in asdict(row).items() if k not in ("digest", "deal")}, ensure_ascii=False))
        return 0
    columns = ("last4", "deal", "left", "batch", "at")
    show(lang, columns, ([f"…{r.last4}", r.deal_id, f"{r.left}/{r.count}", r.batch, moment(r.issued_ms)] for r in rows))
    return 0


def uses(options: argparse.Namespace, lang: Lang) -> int:
    """Redemptions, filtered."""
    day = typed_day(options.date) if options.date else None
    with opened(options.data) as books:
        found = [row for row in books.vouchers.all_uses() if _wanted(row, options, day)]
    if options.json:
        for row in found:
            shown = {name: value for name, value in asdict(row).items() if name not in HIDDEN}
            print(json.dumps({**shown, "raw": json.loads(row.raw)}, ensure_ascii=False))
        return 0
    columns = ("number", "platform", "title", "last4", "amount", "state", "code", "record", "at")
    cells = (
        [
            row.request_no, row.platform, f"{row.title or t('fleet', lang, 'vouchers__untitled')} ×{row.count}", row.last4,
            yuan(row.amount_fen), t("fleet", lang, f"use_state__{row.state}") + ("…" if row.undo_wanted else ""),
            str(row.code or ""), row.record_no,
            moment(row.used_ms or row.got_ms),
        ]
        for row in found
    )  # fmt: skip
    show(lang, columns, cells)
    return 0


def _wanted(row: Use, options: argparse.Namespace, day: date | None) -> bool:
    open_ = row.undo_wanted or row.state in ("unknown", "kept")
    return (
        options.terminal in ("", row.terminal)
        and options.platform in ("", row.platform)
        and options.state in ("", row.state)
        and (day is None or china.day_of(row.used_ms or row.got_ms) == day)
        and (not options.open or open_)
    )


def platforms(options: argparse.Namespace, lang: Lang) -> int:
    """How each platform stood when it was asked last."""
    with opened(options.data) as books:
        rows = books.vouchers.all_platforms()
    if options.json:
        for row in rows:
            print(json.dumps(asdict(row)))
        return 0
    known = errors()
    columns = ("shop", "platform", "state", "software", "seen")
    cells = (
        [r.shop, r.platform, known[r.code].line(lang) if r.code in known else "", r.software_min, moment(r.got_ms)]
        for r in rows
    )
    show(lang, columns, cells)
    return 0


def write_statement(options: argparse.Namespace, lang: Lang) -> int:
    """A simulated platform's record of redemptions of one day."""
    day = typed_day(options.date)
    with _simulated(options.data) as pages:
        rows = statement.redemptions_of(pages, options.platform, day)
    made = statement.written(rows)
    if str(options.out) == "-":
        sys.stdout.buffer.write(made)
        return 0
    path = options.out or Path(f"{options.platform}-{day:%Y%m%d}.csv")
    try:
        path.write_bytes(made)
    except OSError as trouble:
        raise Wrong("unwritten", {"path": str(path), "detail": str(trouble)}) from trouble
    return done(options.json, lang, "statement__written", path=str(path), lines=len(rows))


def reconcile(options: argparse.Namespace, lang: Lang) -> int:
    """Hold a platform's record of redemptions against ours; 1 when there are differences."""
    day = typed_day(options.date) if options.date else None
    lines = _statement(options.file, options.platform, lang)
    if day is None and not lines:
        raise Wrong("statement_empty", {"path": str(options.file)})
    with opened(options.data) as books:
        vault = _vault(options.data)
        moments = [line.ts_ms for line in lines] or [0]
        sold = books.vouchers.sold(min(moments) - 2 * DAY_MS, max(moments) + 40 * DAY_MS)
        result = match(options.platform, lines, books.vouchers.all_uses(), sold, vault.digest, day)
    if options.json:
        head = {"platform": result.platform, "lines": result.lines, "pairs": result.pairs, "back": result.back}
        print(json.dumps(head | {"differences": len(result.differences)}))
        for each in result.differences:
            print(json.dumps(asdict(each)))
    else:
        _told(result, lang)
    return FOUND if result.differences else 0


def _statement(path: Path, platform: str, lang: Lang) -> list[statement.StatementLine]:
    """The lines of a platform's file. Raises `Wrong`."""
    try:
        return statement.read(path.read_bytes(), platform)
    except OSError as trouble:
        raise Wrong("unread", {"path": str(path), "detail": trouble.strerror or str(trouble)}) from trouble
    except statement.BadStatement as bad:
        detail = t("fleet", lang, f"bad_statement__{bad.key}", line=bad.line, cell=bad.cell)
        raise Wrong("voucher_statement", {"path": str(path), "detail": detail}) from bad


def _told(result: Matched, lang: Lang) -> None:
    """The result for people: a table of the first differences."""
    differences = len(result.differences)
    say(lang, "vouchers__reconciled", lines=result.lines, pairs=result.pairs, differences=differences)
    if differences:
        columns = ("code", "what", "record", "last4", "number", "theirs", "ours", "at", "line")
        show(lang, columns, (difference_row(each, lang) for each in result.differences[:ROWS_SHOWN_MAX]))
    if differences > ROWS_SHOWN_MAX:
        say(lang, "vouchers__more", more=differences - ROWS_SHOWN_MAX)


def difference_row(each: Difference, lang: Lang) -> list[str]:
    """A difference as `reconcile` lists it, its code first."""
    return [
        errors()[each.code].line(lang), t("fleet", lang, f"voucher_what__{each.what}"), each.record_no, each.last4,
        each.request_no, yuan(each.theirs_fen), yuan(each.ours_fen), moment(each.at_ms),
        str(each.line or ""),
    ]  # fmt: skip


def script(options: argparse.Namespace, lang: Lang) -> int:
    """Add steps to the simulated platforms' script, or clear it; then list what is still to come."""
    steps = told_steps(options, read_scenario, read_step)
    with _simulated(options.data, read_only=False) as pages:
        rows = scripted.script(pages, steps, options.clear)
    list_steps(lang, rows, options.json)
    return 0


# --- databases ---


@contextmanager
def _writing(data: Path) -> Iterator[AnyStore]:
    """The backend's store for a small change, also while `serve` works on it. Raises `Wrong`."""
    path = database.shown(data)
    try:
        data.mkdir(parents=True, exist_ok=True)
        store = database.open_store(data)
    except BadUrl as trouble:
        raise Wrong("database_url", {"detail": str(trouble)}) from trouble
    except StoreTrouble as trouble:
        raise no_store(path, trouble) from trouble
    except OSError as trouble:
        raise Wrong("folder", {"path": str(data), "detail": str(trouble)}) from trouble
    try:
        yield store
    except StoreTrouble as trouble:
        raise no_store(path, trouble) from trouble
    finally:
        store.close()


def _own(data: Path, read_only: bool = False) -> AbstractContextManager[own.OwnPages]:
    return side_books(data, home.VOUCHERS, own.OwnBooks, read_only)


def _simulated(data: Path, read_only: bool = True) -> AbstractContextManager[PlatformPages]:
    return side_books(data, home.PLATFORMS, PlatformLedgers, read_only)


def _vault(data: Path) -> Vault:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return Vault(home.fleet_key(data).sign)
    except (OSError, ValueError) as trouble:
        raise Wrong("folder", {"path": str(data), "detail": str(trouble)}) from trouble
