"""The HTTP side of `posfleet serve`: the receipts' page for everybody, and the dashboard behind its sign-in."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fleet import database
from fleet.commands import Wrong
from fleet.sql import AnyStore

if TYPE_CHECKING:
    from fleet.core import Steps
    from fleet.dashboard.asking import Ask
    from fleet.dashboard.metrics import Metrics
    from fleet.dashboard.site import Dashboard
    from fleet.web import Address, Web

PORT_MAX = 65_535


def arguments(it: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """Options of `posfleet serve` about HTTP, metrics and the log."""
    it.add_argument("--http", default="", metavar="[HOST:]PORT", help=say("http"))
    it.add_argument("--http-cert", type=Path, default=None, metavar="FILE", help=say("http_cert"))
    it.add_argument("--http-key", type=Path, default=None, metavar="FILE", help=say("http_key"))
    it.add_argument("--http-proxy", action="append", default=[], metavar="ADDRESS", help=say("http_proxy"))
    it.add_argument("--http-plain", action="store_true", help=say("http_plain"))
    it.add_argument("--metrics", default="", metavar="[HOST:]PORT", help=say("metrics"))
    it.add_argument("--log-json", action="store_true", help=say("log_json"))
    it.add_argument("--shop", default="", metavar="NAME", help=say("shop"))


class Http:
    """What is served, from `start` to `stop`; nothing where nothing was asked for."""

    def __init__(self) -> None:
        self.metrics: Metrics | None = None
        self._pages: Web | None = None
        self._counters: Web | None = None
        self._dashboard: Dashboard | None = None
        self._closing: list[Callable[[], None]] = []

    @property
    def said(self) -> str:
        """What the ready line says of it: where the dashboard, the metrics and the pages are."""
        dashboard = f" dashboard={self._pages.address}/" if self._pages and self._dashboard else ""
        metrics = f" metrics={self._counters.address}/metrics" if self._counters else ""
        return f"{dashboard}{metrics} http={self._pages.address}" if self._pages else metrics

    def measured(self, core: "Steps") -> "Steps":
        """The core with a watch beside it, where metrics are asked for."""
        if self.metrics is None:
            return core
        from fleet.dashboard.metrics import Measured

        return Measured(core, self.metrics)

    def pages(self, options: argparse.Namespace, utc_ms: Callable[[], int], ask: "Ask") -> None:
        """Serve the receipts' page, and the dashboard where a password is safe on the way. Raises `Wrong`."""
        from fleet import page  # a web server is imported only where one is wanted
        from fleet.web import Web

        at = _address(options, options.http)
        receipts = _reader(options)
        self._closing.append(receipts.close)
        route = page.route(receipts, options.shop)
        if at.secure or at.loopback or options.http_plain:
            from fleet.dashboard.site import Dashboard

            self._dashboard = Dashboard(
                options.data, lambda: _reader(options), secure=at.secure, utc_ms=utc_ms, more=[route], ask=ask
            )
            self._closing.append(self._dashboard.stop)
        app = self._dashboard.app if self._dashboard is not None else page.app(receipts, options.shop)
        self._pages = _listening(lambda: Web(app, at), options.http)

    def counters(self, options: argparse.Namespace, utc_ms: Callable[[], int]) -> None:
        """Serve the metrics, on a listener of their own. Raises `Wrong`."""
        from fleet.dashboard.metrics import Metrics
        from fleet.dashboard.reading import Reading
        from fleet.web import Address, Web

        host, port = _host_port(options.metrics)
        reading = Reading(lambda: _reader(options), 1)
        self._closing.append(reading.close)
        metrics = Metrics()
        metrics.watch(reading, utc_ms)
        self.metrics = metrics
        self._counters = _listening(lambda: Web(metrics.app(), Address(host, port), "metrics"), options.metrics)

    def start(self) -> None:
        if self._dashboard is not None:
            self._dashboard.start()
        for web in filter(None, (self._pages, self._counters)):
            web.start()

    def stop(self) -> None:
        for web in filter(None, (self._pages, self._counters)):
            web.stop()
        for close in reversed(self._closing):
            close()


def http(options: argparse.Namespace, utc_ms: Callable[[], int], ask: "Ask") -> Http:
    """What is asked for; a port of 0 is any free one, the ready line says which. `ask`: the way to the thread that writes.
    Raises `Wrong`.

    The dashboard is there only where a password is safe on the way: on this machine alone, over TLS, behind a proxy that
    speaks TLS, or where `--http-plain` says that it does not matter."""
    made = Http()
    try:
        if options.http:
            made.pages(options, utc_ms, ask)
        if options.metrics:
            made.counters(options, utc_ms)
    except BaseException:
        made.stop()
        raise
    return made


def _reader(options: argparse.Namespace) -> AnyStore:
    return database.open_store(options.data, read_only=True)


def _listening(make: Callable[[], "Web"], text: str) -> "Web":
    try:
        return make()
    except OSError as trouble:
        raise Wrong("port", {"text": text, "detail": str(trouble)}) from trouble


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit()) or int(port) > PORT_MAX:
        raise Wrong("address", {"text": text})
    return host.strip("[]") or "127.0.0.1", int(port)


def _address(options: argparse.Namespace, text: str) -> "Address":
    from fleet.web import Address

    host, port = _host_port(text)
    if (options.http_cert is None) != (options.http_key is None):
        raise Wrong("http_tls", {})
    return Address(host, port, options.http_cert, options.http_key, tuple(options.http_proxy))
