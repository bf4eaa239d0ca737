"""The words of `posfleet ca` and `posfleet broker`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fleet.broker import place
from fleet.ca.authority import SERVICE_DAYS, TERMINAL_DAYS
from fleet.commands import broker, broker_link, ca
from fleet.commands.audited import Audited
from fleet.commands.line import Bounded

DAYS_MAX = 7_300


def parsers(commands: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """`posfleet ca init|issue|server|backend|renew|revoke|list|crl` and `posfleet broker mosquitto|emqx|update|kick`."""
    more = commands.add_parser("ca", help=say("ca")).add_subparsers(required=True, metavar=say("command"))
    _authority_parsers(more, common, say)
    _certificate_parsers(more, common, say)
    more = commands.add_parser("broker", help=say("broker_tool")).add_subparsers(required=True, metavar=say("command"))
    _broker_parsers(more, common, say)


def _authority_parsers(more: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    it = more.add_parser("init", parents=[common], help=say("ca_init"), description=say("ca_init_more"))
    it.add_argument("--name", default="POS Fleet", metavar="NAME", help=say("ca_name"))
    _passphrase(it, say)
    _json(it, say)
    it.set_defaults(run=ca.init, audited=Audited("ca_init", "name"))

    it = more.add_parser("renew", parents=[common], help=say("ca_renew"), description=say("ca_renew_more"))
    it.add_argument("--roots", action="store_true", help=say("ca_roots"))
    _passphrase(it, say)
    _json(it, say)
    it.set_defaults(run=ca.renew, audited=Audited("ca_renew", details=("roots",)))

    it = more.add_parser("crl", parents=[common], help=say("ca_crl"))
    it.add_argument("--out", type=Path, default=None, metavar="FILE", help=say("ca_out"))
    _json(it, say)
    it.set_defaults(run=ca.crl)


def _certificate_parsers(more: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    it = more.add_parser("issue", parents=[common], help=say("ca_issue"), description=say("ca_issue_more"))
    it.add_argument("id", metavar="ID", help=say("ca_id"))
    it.add_argument("--dir", type=Path, required=True, metavar="DIR", help=say("ca_dir"))
    it.add_argument("--days", type=Bounded(1, DAYS_MAX), default=TERMINAL_DAYS, metavar="N", help=say("ca_days"))
    it.add_argument("--host", default="", metavar="HOST", help=say("ca_broker_host"))
    it.add_argument(
        "--port", type=Bounded(1, broker_link.PORT_MAX), default=8883, metavar="PORT", help=say("ca_broker_port")
    )
    it.add_argument(
        "--grace-port", type=Bounded(1, broker_link.PORT_MAX), default=0, metavar="PORT", help=say("ca_grace_port")
    )
    it.add_argument("--again", action="store_true", help=say("ca_again"))
    _json(it, say)
    it.set_defaults(run=ca.issue, audited=Audited("ca_issue", "id", ("days", "again")))

    for kind in ("server", "backend"):
        it = more.add_parser(kind, parents=[common], help=say(f"ca_{kind}"))
        it.add_argument("name", metavar="NAME", help=say("ca_service_name"))
        it.add_argument("--dir", type=Path, required=True, metavar="DIR", help=say("ca_dir"))
        it.add_argument("--days", type=Bounded(1, DAYS_MAX), default=SERVICE_DAYS, metavar="N", help=say("ca_days"))
        if kind == "server":
            it.add_argument("--host", action="append", required=True, metavar="HOST", help=say("ca_host"))
        _passphrase(it, say)
        _json(it, say)
        it.set_defaults(run=ca.service, kind=kind, audited=Audited(f"ca_{kind}", "name", ("days",)))

    it = more.add_parser("revoke", parents=[common], help=say("ca_revoke"), description=say("ca_revoke_more"))
    it.add_argument("id", metavar="ID", help=say("ca_id"))
    it.add_argument("--serial", default="", metavar="HEX", help=say("ca_serial"))
    it.add_argument("--reason", default="", metavar="TEXT", help=say("ca_reason"))
    _passphrase(it, say)
    _json(it, say)
    it.set_defaults(run=ca.revoke, audited=Audited("ca_revoke", "id", ("serial", "reason")))

    it = more.add_parser("list", parents=[common], help=say("ca_list"))
    it.add_argument("id", nargs="?", default="", metavar="ID", help=say("ca_id"))
    it.add_argument("--state", default="", choices=("", "valid", "expired", "revoked"), help=say("ca_state"))
    it.add_argument("--within", type=Bounded(1, DAYS_MAX), default=0, metavar="DAYS", help=say("ca_within"))
    _json(it, say)
    it.set_defaults(run=ca.list_all)


def _broker_parsers(more: Any, common: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    for kind in ("mosquitto", "emqx"):
        it = more.add_parser(kind, parents=[common], help=say(f"broker_{kind}"), description=say("broker_more"))
        it.add_argument("--out", type=Path, required=True, metavar="DIR", help=say("broker_out"))
        it.add_argument("--name", action="append", required=True, metavar="HOST", help=say("ca_host"))
        it.add_argument("--folder", type=Path, default=None, metavar="DIR", help=say("broker_folder"))
        it.add_argument("--host", default="0.0.0.0", metavar="HOST", help=say("broker_host"))
        it.add_argument(
            "--port", type=Bounded(1, broker_link.PORT_MAX), default=8883, metavar="PORT", help=say("broker_port")
        )
        it.add_argument("--private-host", default="127.0.0.1", metavar="HOST", help=say("broker_private_host"))
        it.add_argument(
            "--private-port",
            type=Bounded(1, broker_link.PORT_MAX),
            default=8884,
            metavar="PORT",
            help=say("broker_private_port"),
        )
        it.add_argument("--private-name", action="append", default=[], metavar="HOST", help=say("broker_private_name"))
        it.add_argument("--broker-user", default="", metavar="NAME", help=say("broker_user"))
        it.add_argument("--terminals-max", type=int, default=place.TERMINALS_MAX, metavar="N", help=say("broker_max"))
        it.add_argument("--state", type=Path, default=None, metavar="DIR", help=say("broker_state"))
        _passphrase(it, say)
        _json(it, say)
        it.set_defaults(run=broker.make, kind=kind, audited=Audited(f"broker_{kind}", details=("out",)))

    it = more.add_parser("update", parents=[common], help=say("broker_update"), description=say("broker_update_more"))
    it.add_argument("--out", type=Path, required=True, metavar="DIR", help=say("broker_out"))
    _json(it, say)
    it.set_defaults(run=broker.update, audited=Audited("broker_update", details=("out",)))

    it = more.add_parser("kick", parents=[common], help=say("broker_kick"), description=say("broker_kick_more"))
    it.add_argument("id", metavar="ID", help=say("ca_id"))
    broker_link.words(it, say)
    _json(it, say)
    it.set_defaults(run=broker.kick, audited=Audited("broker_kick", "id"))


def _passphrase(it: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    it.add_argument("--passphrase-file", type=Path, default=None, metavar="FILE", help=say("ca_passphrase"))


def _json(it: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    it.add_argument("--json", action="store_true", help=say("json"))
