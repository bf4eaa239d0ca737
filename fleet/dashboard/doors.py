"""Who is let through: sign-in, sessions, what a form must carry, which role a page asks for."""

import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fleet.dashboard.pages import HEADERS, PRIVATE, draw
from fleet.dashboard.sessions import LIFE_MS, Sessions
from fleet.dashboard.throttle import PROOF_LIFE_S, Proof, Throttle
from fleet.dashboard.users import User, Users
from fleet.dashboard.visit import Visit
from texts import Lang

FIELD = "csrf"
NAME_CHARS_MAX = 32
NEXT_CHARS_MAX = 500
LANG_COOKIE = "pos_lang"
YEAR_S = 365 * 24 * 3_600

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names of the cookies. Over HTTPS they are bound to this host and travel by nothing else."""

    secure: bool

    @property
    def session(self) -> str:
        return "__Host-pos_session" if self.secure else "pos_session"

    @property
    def before(self) -> str:
        """Ties the sign-in form to the browser it was given to."""
        return "__Host-pos_form" if self.secure else "pos_form"

    @property
    def known(self) -> str:
        """The proof of an earlier sign-in."""
        return "__Host-pos_known" if self.secure else "pos_known"

    def put(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )  # fmt: skip

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")


class Doors:
    """Sign-in and its keys. `key` is secret of this server and signs what browsers keep."""

    def __init__(
        self, users: Users, sessions: Sessions, key: bytes, secure: bool, monotonic_s: Callable[[], float]
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._key = key
        self._proof = Proof(key)
        self.cookies = Cookies(secure)
        self.throttle = Throttle(monotonic_s)

    # --- who asks ---

    def visitor(self, token: str, now_ms: int) -> tuple[User, str] | None:
        """Whose session the token is, and its CSRF token. Raises `StoreTrouble`, `OSError`, `ValueError`."""
        session = self._sessions.find(token, now_ms) if token else None
        user = self._users.find(session.user) if session is not None else None
        if session is None or user is None or not hmac.compare_digest(user.stamp, session.stamp):
            return None
        return user, session.csrf

    def is_from_here(self, request: Request) -> bool:
        """Whether the browser says that one of our own pages sent this; a browser that says nothing is judged by the
        form's token alone."""
        site = request.headers.get("sec-fetch-site", "")
        if site and site not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin", "")
        return not origin or urlsplit(origin).netloc == request.headers.get("host", "")

    # --- signing in ---

    def form_token(self, before: str) -> str:
        """What the sign-in form carries, for the browser with this cookie."""
        return hmac.new(self._key, f"form {before}".encode(), sha256).hexdigest()

    def sign_in_page(
        self, visit: Visit, request: Request, fault: str = "", status: int = 200, wait_s: int = 0
    ) -> Response:
        before = request.cookies.get(self.cookies.before, "")
        fresh = not 20 <= len(before) <= 64
        before = secrets.token_urlsafe(24) if fresh else before
        answer = draw(
            visit, "sign_in.html", status, {"Retry-After": str(wait_s)} if wait_s else None,
            token=self.form_token(before), fault=fault, wait_s=wait_s, name=visit.form.get("name", "")[:NAME_CHARS_MAX],
            next=local(visit.form.get("next", "") or visit.query.get("next", "")), nobody=not self._users.all(),
        )  # fmt: skip
        if fresh:
            self.cookies.put(answer, self.cookies.before, before, 3_600)
        return answer

    def sign_in(self, visit: Visit, request: Request) -> Response:
        """Let somebody in, or say why not. The answer is the same for a wrong name and a wrong password."""
        before = request.cookies.get(self.cookies.before, "")
        carried = visit.form.get(FIELD, "")
        if not before or not hmac.compare_digest(carried.encode(), self.form_token(before).encode()):
            return self.sign_in_page(visit, request, "expired", 403)
        name = visit.form.get("name", "").strip().lower()[:NAME_CHARS_MAX]
        proven = self._proof.read(request.cookies.get(self.cookies.known, ""), name, visit.now_ms // 1_000)
        wait_s = self.throttle.wait_s(visit.address, name, proven)
        if wait_s > 0:
            _log.warning(
                "sign-in has to wait", extra={"event_name": "sign_in_waits", "user": name, "address": visit.address}
            )
            return self.sign_in_page(visit, request, "wait", 429, int(wait_s) + 1)
        user = self._users.let_in(name, visit.form.get("password", ""))
        if user is None:
            self.throttle.failed(visit.address, name, proven)
            _log.warning(
                "sign-in refused", extra={"event_name": "sign_in_refused", "user": name, "address": visit.address}
            )
            return self.sign_in_page(visit, request, "wrong", 401)
        return self._let_in(visit, request, user, proven)

    def _let_in(self, visit: Visit, request: Request, user: User, proven: str) -> Response:
        self.throttle.succeeded(visit.address, user.name, proven)
        old = request.cookies.get(self.cookies.session, "")
        if old:
            self._sessions.end(old)  # a session is never carried over a sign-in
        token = self._sessions.begin(user, visit.now_ms)
        _log.info("signed in", extra={"event_name": "signed_in", "user": user.name, "address": visit.address})
        answer = _to(local(visit.form.get("next", "")) or "/")
        self.cookies.put(answer, self.cookies.session, token, LIFE_MS // 1_000)
        self.cookies.put(
            answer, self.cookies.known, self._proof.give(user.name, visit.now_ms // 1_000), PROOF_LIFE_S
        )  # fmt: skip
        self.cookies.drop(answer, self.cookies.before)
        return answer

    def sign_out(self, visit: Visit, request: Request) -> Response:
        self._sessions.end(request.cookies.get(self.cookies.session, ""))
        _log.info("signed out", extra={"event_name": "signed_out", "user": visit.user, "address": visit.address})
        answer = _to("/sign-in")
        self.cookies.drop(answer, self.cookies.session)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    def put_lang(self, response: Response, lang: Lang) -> None:
        response.set_cookie(
            LANG_COOKIE, lang, max_age=YEAR_S, path="/", secure=self.cookies.secure, httponly=True, samesite="lax"
        )  # fmt: skip


def local(path: str) -> str:
    """A path of ours to go on to, empty when it leads elsewhere: `//host`, `\\`, a scheme, control characters."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and len(path) <= NEXT_CHARS_MAX
    return path if good and path.isprintable() and "\\" not in path else ""


def language(query: Mapping[str, str], request: Request) -> Lang:
    """By `?lang=`, else as chosen before, else by what the browser prefers; Chinese when nothing says English."""
    for said in (query.get("lang", ""), request.cookies.get(LANG_COOKIE, "")):
        if said in ("zh", "en"):
            return "en" if said == "en" else "zh"
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {**HEADERS, **PRIVATE})
