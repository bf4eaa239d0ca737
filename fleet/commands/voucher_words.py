"""The words of `posfleet vouchers`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from fleet.commands import vouchers
from fleet.vouchers.books import UseState
from rules.deals import Platform

PLATFORMS: tuple[str, ...] = get_args(Platform)


def parsers(commands: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """`posfleet vouchers deals|issue|own|uses|platforms|statement|reconcile|script`."""
    more = commands.add_parser("vouchers", help=say("vouchers_tool")).add_subparsers(
        required=True, metavar=say("command")
    )
    deals = more.add_parser("deals", help=say("deals")).add_subparsers(required=True, metavar=say("command"))
    it = deals.add_parser("load", parents=[common], help=say("deals_load"), description=say("deals_load_more"))
    it.add_argument("file", type=Path, metavar="FILE", help=say("deals_file"))
    it.add_argument("--shop", default="", metavar="0001", help=say("voucher_shop"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=vouchers.load_deals)
    for name in ("list", "show"):
        it = deals.add_parser(name, parents=[common], help=say(f"deals_{name}"))
        if name == "show":
            it.add_argument("deal", metavar="DEAL")
        it.add_argument("--shop", default="", metavar="0001", help=say("voucher_shop"))
        it.add_argument("--json", action="store_true", help=say("json"))
        it.set_defaults(run=vouchers.list_deals, **({} if name == "show" else {"deal": ""}))

    _issue_parsers(more, common, say)
    _book_parsers(more, common, say)


def _issue_parsers(more: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    it = more.add_parser("issue", parents=[common], help=say("issue"), description=say("issue_more"))
    it.add_argument("file", type=Path, metavar="FILE", help=say("deals_file"))
    it.add_argument("deal", metavar="DEAL")
    it.add_argument("--number", type=int, default=1, metavar="N", help=say("issue_number"))
    it.add_argument("--uses", type=int, default=1, metavar="N", help=say("issue_uses"))
    it.add_argument("--price-fen", type=int, default=0, metavar="FEN", help=say("issue_price"))
    it.add_argument("--batch", default="", metavar="NAME", help=say("issue_batch"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=vouchers.issue)

    it = more.add_parser("own", parents=[common], help=say("own"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=vouchers.list_own)


def _book_parsers(more: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    it = more.add_parser("uses", parents=[common], help=say("uses"))
    it.add_argument("--terminal", default="", metavar="ID", help=say("uses_terminal"))
    it.add_argument("--platform", default="", choices=("", *PLATFORMS), help=say("uses_platform"))
    it.add_argument("--state", default="", choices=("", *get_args(UseState)), metavar="STATE", help=say("uses_state"))
    it.add_argument("--date", default="", metavar="YYYY-MM-DD", help=say("uses_date"))
    it.add_argument("--open", action="store_true", help=say("uses_open"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=vouchers.uses)

    it = more.add_parser("platforms", parents=[common], help=say("platforms"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=vouchers.platforms)

    it = more.add_parser("statement", parents=[common], help=say("voucher_statement"))
    it.add_argument("platform", choices=PLATFORMS)
    it.add_argument("date", metavar="YYYY-MM-DD")
    it.add_argument("--out", type=Path, default=None, metavar="FILE", help=say("voucher_out"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=vouchers.write_statement)

    it = more.add_parser("reconcile", parents=[common], help=say("reconcile"), description=say("reconcile_more"))
    it.add_argument("file", type=Path, metavar="FILE", help=say("reconcile_file"))
    it.add_argument("--platform", required=True, choices=PLATFORMS, help=say("uses_platform"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.add_argument("--date", default="", metavar="YYYY-MM-DD", help=say("reconcile_date"))
    it.set_defaults(run=vouchers.reconcile)

    it = more.add_parser("script", parents=[common], help=say("voucher_script"), description=say("voucher_script_more"))
    it.add_argument("step", nargs="*", metavar="NAME=VALUE", help=say("voucher_step"))
    it.add_argument("--file", type=Path, default=None, metavar="FILE", help=say("voucher_scenario"))
    it.add_argument("--clear", action="store_true", help=say("script_clear"))
    it.add_argument("--json", action="store_true", help=say("json"))
    it.set_defaults(run=vouchers.script)
