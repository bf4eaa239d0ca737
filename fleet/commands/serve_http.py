"""The HTTP side of `posfleet serve`: the receipts' page for everybody, and the dashboard behind its sign-in."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fleet import database
from fleet.commands import Wrong
from fleet.sql import AnyStore

if TYPE_CHECKING:
    from fleet.dashboard.asking import Ask
    from fleet.dashboard.site import Dashboard
    from fleet.web import Address, Web

PORT_MAX = 65_535


def arguments(it: argparse.ArgumentParser, say: Callable[[str], str]) -> None:
    """Options of `posfleet serve` about HTTP."""
    from pathlib import Path

    it.add_argument("--http", default="", metavar="[HOST:]PORT", help=say("http"))
    it.add_argument("--http-cert", type=Path, default=None, metavar="FILE", help=say("http_cert"))
    it.add_argument("--http-key", type=Path, default=None, metavar="FILE", help=say("http_key"))
    it.add_argument("--http-proxy", action="append", default=[], metavar="ADDRESS", help=say("http_proxy"))
    it.add_argument("--http-plain", action="store_true", help=say("http_plain"))
    it.add_argument("--shop", default="", metavar="NAME", help=say("shop"))


class Http:
    """What is served, from `start` to `stop`."""

    def __init__(self, web: "Web", receipts: AnyStore, dashboard: "Dashboard | None") -> None:
        self._web = web
        self._receipts = receipts
        self._dashboard = dashboard

    @property
    def said(self) -> str:
        """What the ready line says of it: where the pages are, and the dashboard when there is one."""
        there = f" dashboard={self._web.address}/" if self._dashboard is not None else ""
        return f"{there} http={self._web.address}"

    def start(self) -> None:
        if self._dashboard is not None:
            self._dashboard.start()
        self._web.start()

    def stop(self) -> None:
        self._web.stop()
        if self._dashboard is not None:
            self._dashboard.stop()
        self._receipts.close()


def http(options: argparse.Namespace, utc_ms: Callable[[], int], ask: "Ask") -> Http | None:
    """The web server, if one is asked for; a port of 0 is any free one, the ready line says which. `ask`: the way to the
    thread that writes. Raises `Wrong`.

    The dashboard is there only where a password is safe on the way: on this machine alone, over TLS, behind a proxy that
    speaks TLS, or where `--http-plain` says that it does not matter."""
    if not options.http:
        return None
    from fleet import page  # a web server is imported only where one is wanted
    from fleet.web import Web

    at = _address(options)

    def open_store() -> AnyStore:
        return database.open_store(options.data, read_only=True)

    receipts = open_store()
    route = page.route(receipts, options.shop)
    made: Any = None
    if at.secure or at.loopback or options.http_plain:
        from fleet.dashboard.site import Dashboard

        made = Dashboard(options.data, open_store, secure=at.secure, utc_ms=utc_ms, more=[route], ask=ask)
    try:
        return Http(Web(made.app if made else page.app(receipts, options.shop), at), receipts, made)
    except OSError as trouble:
        raise Wrong("port", {"text": options.http, "detail": str(trouble)}) from trouble


def _address(options: argparse.Namespace) -> "Address":
    from fleet.web import Address

    host, _, port = options.http.rpartition(":")
    if not port.isdigit() or int(port) > PORT_MAX:
        raise Wrong("address", {"text": options.http}, usage=True)
    if (options.http_cert is None) != (options.http_key is None):
        raise Wrong("http_tls", {}, usage=True)
    return Address(
        host.strip("[]") or "127.0.0.1", int(port), options.http_cert, options.http_key, tuple(options.http_proxy)
    )  # fmt: skip
