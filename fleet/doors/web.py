"""The backend's one door to HTTP: requests that end in time, answers that are bounded, nothing of them in any log.

A request's address, body and headers may hold a code or a token. So: nothing is logged here but the platform's name, the
path and what went wrong, httpx's own log lines are switched off, and troubles carry no text of the vendor's."""

import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from fleet.doors.answers import Json
from fleet.doors.clock import Until
from fleet.doors.trouble import BAD_CERTIFICATE, BUSY, NOT_REACHED, NOT_UNDERSTOOD, TIME_OUT, Trouble

BODY_BYTES_MAX = 1_048_576
CONNECT_MAX_MS = 3_000
ANSWER_MAX_MS = 6_000
HTTP_OK, HTTP_TOO_MANY, HTTP_SERVER, HTTP_REDIRECTS = 200, 429, 500, (301, 302, 303, 307, 308)
CONNECTIONS = 8
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SILENT = ("httpx", "httpcore")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait for a connection, and for an answer; both also end with the call."""

    connect_ms: int = CONNECT_MAX_MS
    answer_ms: int = ANSWER_MAX_MS


def checked_base(base: str) -> str:
    """A platform's address, without a slash at its end. Raises `ValueError` unless it is https, or loopback."""
    parts = urlsplit(base)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or parts.query or parts.username or not (parts.scheme == "https" or local):
        raise ValueError(f"{parts.scheme}://{parts.hostname}: a platform is reached by https only")
    return base.rstrip("/")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer nobody has read yet. `headers`: found by name in whatever case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Web:
    """Requests to one platform. May be used by several threads."""

    def __init__(self, platform: str, base: str, limits: Limits = Limits()) -> None:
        self._platform = platform
        self._base = checked_base(base)
        self._limits = limits
        for name in SILENT:  # at INFO they would log addresses with codes in them, at DEBUG headers with tokens
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._client = httpx.Client(
            follow_redirects=False,
            verify=_trusted(),
            trust_env=False,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, until: Until, params: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Json:
        return self._ask(
            self._client.build_request("GET", self._base + path, params=dict(params), headers=headers), until
        )

    def post_json(self, path: str, until: Until, body: Any, headers: Mapping[str, str] | None = None) -> Json:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        held = {"content-type": "application/json; charset=utf-8", **(headers or {})}
        return self._ask(self._client.build_request("POST", self._base + path, content=content, headers=held), until)

    def post_form(self, path: str, until: Until, form: Mapping[str, str]) -> Json:
        return self._ask(self._client.build_request("POST", self._base + path, data=dict(form)), until)

    def exchange(
        self, method: str, path: str, until: Until, content: bytes, headers: Mapping[str, str] | None = None
    ) -> "Told":
        """An answer of whatever status as it came, for those who verify it before they read it. A body that is too large
        or comes too slowly is `Trouble`."""
        request = self._client.build_request(method, self._base + path, content=content, headers=headers)
        try:
            with self._sent(request, until) as answer:
                return Told(answer.status_code, answer.headers, _body(answer, until))
        except Trouble as trouble:
            _log.warning("%s %s: %s", self._platform, request.url.path, trouble)
            raise

    def redirect(self, url: str, until: Until) -> str:
        """Where a link leads to, "" when it leads nowhere. Nothing of its page is read, nothing of ours goes with it."""
        try:
            request = self._client.build_request("GET", url)
        except (httpx.InvalidURL, UnicodeError) as trouble:
            raise Trouble(NOT_UNDERSTOOD, "a link that is none") from trouble
        with self._sent(request, until) as answer:
            if answer.status_code in HTTP_REDIRECTS:
                return str(answer.headers.get("location", ""))
            if answer.status_code >= HTTP_SERVER:
                raise Trouble(BUSY, f"HTTP {answer.status_code}")
            return ""

    def _ask(self, request: httpx.Request, until: Until) -> Json:
        try:
            with self._sent(request, until) as answer:
                body = _read(answer, until)
        except Trouble as trouble:
            _log.warning("%s %s: %s", self._platform, request.url.path, trouble)
            raise
        return _parsed(body)

    def _sent(self, request: httpx.Request, until: Until) -> "_Answer":
        left_ms = until.left_ms()
        if left_ms == 0:
            raise Trouble(TIME_OUT, "no time left")
        read_s = min(self._limits.answer_ms, left_ms) / 1_000
        connect_s = min(self._limits.connect_ms, left_ms) / 1_000
        request.extensions = {
            "timeout": httpx.Timeout(read_s, connect=connect_s, pool=connect_s).as_dict(),
        }
        return _Answer(self._client, request)


@cache
def _trusted() -> ssl.SSLContext:
    """Who is believed to be a platform; read once, it takes a while."""
    return httpx.create_ssl_context(trust_env=False)


class _Answer:
    """An answer while it is open, with the vendor's exceptions made ours."""

    def __init__(self, client: httpx.Client, request: httpx.Request) -> None:
        self._client = client
        self._request = request

    def __enter__(self) -> httpx.Response:
        try:
            self._open = self._client.send(self._request, stream=True)
        except httpx.HTTPError as trouble:
            raise _ours(trouble) from None  # its text may hold the address
        return self._open

    def __exit__(self, kind: type[BaseException] | None, trouble: BaseException | None, _trace: object) -> None:
        self._open.close()
        if isinstance(trouble, httpx.HTTPError):
            raise _ours(trouble) from None


def _ours(trouble: httpx.HTTPError) -> Trouble:
    match trouble:
        case httpx.ConnectError() if isinstance(trouble.__cause__ and trouble.__cause__.__cause__, ssl.SSLError):
            return Trouble(BAD_CERTIFICATE, "certificate refused")
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.UnsupportedProtocol():
            return Trouble(NOT_REACHED, type(trouble).__name__)
        case httpx.DecodingError():
            return Trouble(NOT_UNDERSTOOD, type(trouble).__name__)
        case _:
            return Trouble(TIME_OUT, type(trouble).__name__)


def _read(answer: httpx.Response, until: Until) -> bytes:
    if answer.status_code == HTTP_TOO_MANY or answer.status_code >= HTTP_SERVER:
        raise Trouble(BUSY, f"HTTP {answer.status_code}")
    if answer.status_code != HTTP_OK:
        raise Trouble(NOT_UNDERSTOOD, f"HTTP {answer.status_code}")
    return _body(answer, until)


def _body(answer: httpx.Response, until: Until) -> bytes:
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            raise Trouble(NOT_UNDERSTOOD, "an answer without end")
        if until.left_ms() == 0:
            raise Trouble(TIME_OUT, "an answer that drips")
    return bytes(body)


def _parsed(body: bytes) -> Json:
    try:
        parsed = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as trouble:  # UnicodeDecodeError is a ValueError
        raise Trouble(NOT_UNDERSTOOD, "no JSON") from trouble
    if not isinstance(parsed, dict):
        raise Trouble(NOT_UNDERSTOOD, "no JSON object")
    return parsed
