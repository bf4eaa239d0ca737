"""`posfleet serve`: consume from the broker until SIGTERM."""

import argparse
import gc
import logging
import os
import random
import re
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from fleet import database, home, logs
from fleet.acquirer.books import Ledgers
from fleet.acquirer.codes import read_table
from fleet.acquirer.port import Acquirer, NoAcquirer
from fleet.acquirer.script import read_scenario
from fleet.acquirer.simulator import Simulator
from fleet.ca import authority as ca
from fleet.calls import acquirer_caller, platform_caller
from fleet.commands import Wrong, broker_link, no_store, serve_http, serve_renewal
from fleet.core import Core
from fleet.door import Door
from fleet.ingest import Ingest
from fleet.mqtt import IngestSettings
from fleet.renewal import Renewals
from fleet.simulated import Simulated
from fleet.store import BadUrl, StoreTrouble
from fleet.vouchers import codes as voucher_codes
from fleet.vouchers import script as voucher_script
from fleet.vouchers import setup
from fleet.vouchers.port import Platforms
from fleet.vouchers.router import Router
from fleet.vouchers.vault import Vault
from fleet.vouchers.within import Shops
from rules.deals import Platform
from texts import Lang, t

PORT_MAX = 65_535
GARBAGE_THRESHOLD = 20_000
T = TypeVar("T")
_log = logging.getLogger(__name__)


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Serve until told to stop. Prints `posfleet ready …` once the broker has granted the subscription."""
    logs.configure(options.log_json)
    settings = broker_link.settings(options)
    try:
        shared = bool(database.url_of(options.data))
        if options.worker and not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", options.worker):
            raise Wrong("worker_name", {"text": options.worker})
        if options.worker and not (shared and options.share):
            raise Wrong("worker_alone")
        with home.held(options.data, options.worker):
            # on a database others may be on too, nobody does alone what only one may do
            return _serve(settings, options, lang, _worker(options.worker) if shared else "")
    except home.InUse as taken:
        raise Wrong("in_use", {"path": str(options.data)}) from taken
    except StoreTrouble as trouble:
        raise no_store(database.shown(options.data), trouble) from trouble
    except BadUrl as trouble:
        raise Wrong("database_url", {"detail": str(trouble)}) from trouble
    except (OSError, ValueError) as trouble:
        raise Wrong("folder", {"path": str(options.data), "detail": str(trouble)}) from trouble


def _worker(name: str) -> str:
    """A name no other process has, on whichever machine."""
    return f"{name or 'worker'}@{socket.gethostname()}:{os.getpid()}"


@contextmanager
def _door(data: Path, ingest: Ingest, worker: str) -> Iterator[None]:
    """The admin door of the folder; one of several workers keeps it open."""
    with ExitStack() as stack:
        if worker:
            try:
                stack.enter_context(home.held(data, "door"))
            except home.InUse:
                yield
                return
        door = Door(data, ingest.ask)
        door.start()
        stack.callback(door.stop)
        yield


def _serve(settings: IngestSettings, options: argparse.Namespace, lang: Lang, worker: str) -> int:
    data: Path = options.data
    key = home.fleet_key(data)
    store = database.open_store(data)
    broker = f"{settings.host}:{settings.port}"
    http = serve_http.http(options, _utc_ms, lambda call, answer: ingest.ask(call, answer))

    def ready() -> None:
        print(f"posfleet ready broker={broker} data={data} pid={os.getpid()}{http.said}", flush=True)

    trouble = _teller(options, broker, lang)
    caller = acquirer_caller(
        _acquirer(options, lambda channel: trouble("forged", channel)),
        lambda ticket, reply: ingest.answered(ticket, reply),
        _utc_ms,
    )
    router, shops = _platforms(options, Vault(key.sign))
    platforms = platform_caller(router, lambda ticket, reply: ingest.platform_answered(ticket, reply), _utc_ms)
    renewals = Renewals(
        data / ca.FOLDER, key.sign, lambda *answer: ingest.renewed(*answer), serve_renewal.rules(options)
    )
    grace = serve_renewal.grace(options, key.sign)
    ingest = Ingest(
        settings,
        http.measured(Core(store, key.sign, shops, worker)),
        utc_ms=_utc_ms,
        monotonic_ms=lambda: time.monotonic_ns() // 1_000_000,
        jitter=random.SystemRandom().random,
        ready=ready,
        trouble=trouble,
        call=caller.call,
        call_platform=platforms.call,
        renew=renewals.ask,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ingest.stop())
    caller.start()
    platforms.start()
    renewals.start()
    if grace is not None:
        grace.start()
    http.start()
    _collect_less()
    try:
        with _door(data, ingest, options.worker):
            ingest.run()
    finally:
        renewals.stop()
        if grace is not None:
            grace.stop()
        http.stop()
        caller.stop()
        platforms.stop()
        store.close()
    return 0


def _collect_less() -> None:
    """What stands until the end is never looked through for garbage again, and what records are made of seldom: nearly none
    of it refers in circles, and looking costs a tenth of the time at full load."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def _teller(options: argparse.Namespace, broker: str, lang: Lang) -> Callable[[str, str], None]:
    """Says what is wrong and what to do: to people as a sentence, to machines as a line of the log."""

    def trouble(name: str, detail: str) -> None:
        if options.log_json:
            event = name.removesuffix("_away")
            _log.error("trouble", extra={"event_name": f"{event}_trouble", "broker": broker, "detail": detail})
            return
        arguments = {
            "broker": broker, "path": str(options.data), "detail": detail, "database": database.shown(options.data),
        }  # fmt: skip
        cause = t("fleet", lang, f"wrong__{name}", **arguments)
        step = t("fleet", lang, f"step__{name}", **arguments)
        print(t("fleet", lang, "wrong__line", cause=cause, step=step), file=sys.stderr, flush=True)

    return trouble


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


def _acquirer(options: argparse.Namespace, alarm: Callable[[str], None]) -> Acquirer:
    """The acquirer that is asked for. `alarm`: somebody answered in this channel's place. Raises `Wrong` for a file that
    cannot be read."""
    table = _read(read_table, options.codes) if options.codes is not None else None
    if options.acquirer_credentials is not None:  # what is real is not mixed with what is simulated
        from fleet.acquirer.adapters import registry  # the channels' packages are imported only where they are wanted

        return _read(
            lambda path: registry.acquirer(path, table, alarm=alarm), options.acquirer_credentials, "credentials"
        )
    if options.acquirer == "none":
        return NoAcquirer()
    ledgers = Ledgers(database.side(options.data, home.ACQUIRER))
    steps = _read(read_scenario, options.scenario) if options.scenario is not None else ()
    with ledgers.begin() as books:
        if options.scenario is not None:  # the file says all there is to happen
            books.clear_steps()
        books.add_steps(steps)
    simulator = Simulator(ledgers, random.Random(secrets.randbits(64)), table)
    return Simulated(simulator.plan, _utc_ms, lambda wait_ms: time.sleep(max(0, wait_ms) / 1_000))


def _platforms(options: argparse.Namespace, vault: Vault) -> tuple[Router, Shops]:
    """The voucher platforms that are asked for. Raises `Wrong` for a file that cannot be read."""
    shops = _read(setup.read_shops, options.voucher_shops) if options.voucher_shops is not None else Shops()
    known = _read(setup.read_known, options.voucher_deals) if options.voucher_deals is not None else None
    table = _read(voucher_codes.read_table, options.voucher_codes) if options.voucher_codes is not None else None
    steps = (
        _read(voucher_script.read_scenario, options.voucher_scenario) if options.voucher_scenario is not None else ()
    )
    clocks = setup.Clocks(_utc_ms, lambda wait_ms: time.sleep(max(0, wait_ms) / 1_000))
    adapters: dict[Platform, Platforms] = {"own": setup.own(options.data, vault, known, clocks)}
    if options.voucher_credentials is not None:  # what is real is not mixed with what is simulated
        from fleet.vouchers.adapters import registry  # an HTTP client is imported only where one is wanted

        adapters |= _read(lambda path: registry.adapters(path, table), options.voucher_credentials, "credentials")
    elif options.vouchers == "simulated":
        adapters |= setup.simulated(options.data, known, steps, table, secrets.randbits(64), clocks)
    return setup.together(adapters, shops)


def _read(read: Callable[[Path], T], path: Path, what: str = "scenario") -> T:
    try:
        return read(path)
    except (OSError, ValueError) as trouble:
        raise Wrong(what, {"path": str(path), "detail": str(trouble)}) from trouble
