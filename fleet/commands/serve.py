"""`posfleet serve`: consume from the broker until SIGTERM."""

import argparse
import logging
import os
import random
import secrets
import signal
import sys
import time
from pathlib import Path

from fleet import home
from fleet.commands import Wrong
from fleet.core import Core
from fleet.ingest import Ingest
from fleet.mqtt import IngestSettings
from fleet.sql import SqlStore
from fleet.store import StoreTrouble
from texts import Lang, t

PORT_MAX = 65_535


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Serve until told to stop. Prints `posfleet ready …` once the broker has granted the subscription."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    host, port = _address(options.broker)
    client_id = f"fleet-{secrets.token_hex(8)}"
    settings = IngestSettings(host, port, client_id, share=options.share, mount=options.mount)
    try:
        with home.held(options.data):
            return _serve(settings, options.data, lang)
    except home.InUse as taken:
        raise Wrong("in_use", {"path": str(options.data)}) from taken
    except StoreTrouble as trouble:
        raise Wrong("database", {"path": str(options.data / home.DATABASE), "detail": str(trouble)}) from trouble
    except (OSError, ValueError) as trouble:
        raise Wrong("folder", {"path": str(options.data), "detail": str(trouble)}) from trouble


def _serve(settings: IngestSettings, data: Path, lang: Lang) -> int:
    key = home.fleet_key(data)
    store = SqlStore(data / home.DATABASE)
    broker = f"{settings.host}:{settings.port}"

    def ready() -> None:
        print(f"posfleet ready broker={broker} data={data} pid={os.getpid()}", flush=True)

    def trouble(name: str, detail: str) -> None:
        arguments = {"broker": broker, "path": str(data), "detail": detail}
        cause = t("fleet", lang, f"wrong__{name}", **arguments)
        step = t("fleet", lang, f"step__{name}", **arguments)
        print(t("fleet", lang, "wrong__line", cause=cause, step=step), file=sys.stderr, flush=True)

    ingest = Ingest(
        settings,
        Core(store, key.sign),
        utc_ms=lambda: time.time_ns() // 1_000_000,
        monotonic_ms=lambda: time.monotonic_ns() // 1_000_000,
        jitter=random.SystemRandom().random,
        ready=ready,
        trouble=trouble,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ingest.stop())
    try:
        ingest.run()
    finally:
        store.close()
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 1 <= int(port) <= PORT_MAX:
        raise Wrong("address", {"text": text}, usage=True)
    return host.strip("[]"), int(port)
