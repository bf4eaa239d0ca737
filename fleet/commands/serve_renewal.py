"""What `posfleet serve` does for terminals' certificates: renewals over the wire, and the grace door."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from fleet.ca import authority as ca
from fleet.china import CHINA
from fleet.commands import Wrong
from fleet.commands.broker_link import address
from fleet.commands.times import typed_day
from fleet.grace import GraceDoor
from fleet.renewal import Rules, Sign
from fleet.tls import Tls

GRACE_DAYS = 400
GRACE_DAYS_MAX = 1_500


def words(it: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """`--certificate-days`, `--grace…`."""
    it.add_argument("--certificate-days", type=int, default=ca.TERMINAL_DAYS, metavar="N", help=say("certificate_days"))
    it.add_argument("--grace", default="", metavar="HOST:PORT", help=say("grace"))
    it.add_argument("--grace-until", default="", metavar="YYYY-MM-DD", help=say("grace_until"))
    it.add_argument("--grace-days", type=int, default=GRACE_DAYS, metavar="N", help=say("grace_days"))
    it.add_argument("--grace-cert", type=Path, default=None, metavar="FILE", help=say("grace_cert"))
    it.add_argument("--grace-key", type=Path, default=None, metavar="FILE", help=say("grace_key"))


def rules(options: argparse.Namespace) -> Rules:
    """How renewals over the wire are judged. Raises `Wrong`."""
    if not 1 <= options.certificate_days <= GRACE_DAYS_MAX:
        raise Wrong("days", {"text": str(options.certificate_days), "most": str(GRACE_DAYS_MAX)})
    return Rules(options.certificate_days)


def grace(options: argparse.Namespace, sign: Sign) -> GraceDoor | None:
    """The grace door, if it is asked for; it needs an end. Raises `Wrong`."""
    if not options.grace:
        return None
    if not options.grace_until or options.grace_cert is None:
        raise Wrong("grace_open")
    if not 1 <= options.grace_days <= GRACE_DAYS_MAX:
        raise Wrong("days", {"text": str(options.grace_days), "most": str(GRACE_DAYS_MAX)})
    host, port = address(options.grace)
    until = datetime.combine(typed_day(options.grace_until) + timedelta(days=1), time(), CHINA)
    folder = options.data / ca.FOLDER
    tls = Tls(folder / ca.CLIENTS, options.grace_cert, options.grace_key)
    ruled = Rules(rules(options).days, options.grace_days)
    try:
        return GraceDoor(host, port, tls, folder, sign, ruled, until, lambda: datetime.now(UTC))
    except (OSError, ValueError) as trouble:
        raise Wrong("grace", {"text": options.grace, "detail": str(trouble)}) from trouble
