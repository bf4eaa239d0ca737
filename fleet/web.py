"""The backend's web server: one application on one socket, by a thread of its own."""

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

STOP_S = 5.0
AT_ONCE_MAX = 200


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen and how. `cert` and `key`: PEM files, TLS is spoken with them. `proxies`: addresses of reverse proxies
    that speak TLS before us, and whose word on the client's address and scheme is believed."""

    host: str
    port: int
    cert: Path | None = None
    key: Path | None = None
    proxies: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether what is said is safe from who listens on the way."""
        return self.cert is not None or bool(self.proxies)

    @property
    def loopback(self) -> bool:
        return self.host in ("127.0.0.1", "::1", "localhost")


class Web:
    """`app` served until `stop`. Raises `OSError` when the address cannot be had or the certificate cannot be read."""

    def __init__(self, app: ASGIApp, at: Address, name: str = "web") -> None:
        self._socket = socket.create_server(
            (at.host, at.port), family=socket.AF_INET6 if ":" in at.host else socket.AF_INET
        )
        self._scheme = "https" if at.cert else "http"
        try:
            config = uvicorn.Config(app, **_options(at))
            config.load()
        except OSError:
            self._socket.close()
            raise
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name=name, daemon=True)

    @property
    def address(self) -> str:
        """`http://HOST:PORT`, with the port that was given."""
        host, port = self._socket.getsockname()[:2]
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End within `STOP_S`; nothing is lost by it."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        self._socket.close()


def _options(at: Address) -> dict[str, Any]:
    trusted: Sequence[str] = list(at.proxies)
    return {
        "log_config": None, "log_level": "warning", "access_log": False, "server_header": False, "lifespan": "off",
        "proxy_headers": bool(at.proxies), "forwarded_allow_ips": trusted or None,
        "limit_concurrency": AT_ONCE_MAX, "timeout_keep_alive": 5, "timeout_graceful_shutdown": 2,
        "ssl_certfile": at.cert, "ssl_keyfile": at.key,
    }  # fmt: skip
