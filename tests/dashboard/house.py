"""A dashboard over a small fleet, for tests: terminals speak to the real core, pages are asked for as a browser would."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.testclient import TestClient

from fleet.admin import Call, Reply, Role
from fleet.core import Admin, Arrived, Core, Message
from fleet.dashboard.site import Dashboard
from fleet.effects import Told
from fleet.home import DATABASE
from fleet.sql import SqlStore
from tests.fleet_money.world import KEY
from tests.journals import Journal
from wire.facts import Dress, Fact, Line, Sale, ShiftOpened, TenderPart
from wire.messages import EventReport, EventSeen, State

NOW = 1_795_330_800_000  # 2026-11-22 15:00 in China, a Sunday
HOME, OTHER = "00010023", "00010024"
PASSWORD = "correct horse battery"
ORIGIN = "http://testserver"
LINES = (Line("1", "可口可乐 330ml", 2000, 300, 600), Line("2", "<b>牛奶</b>", 1000, 450, 450))


class House:
    """Data folder, store, dashboard and a browser; `seconds` is the only clock."""

    def __init__(self, data: Path, secure: bool = False) -> None:
        self.data = data
        self.store = SqlStore(data / DATABASE)
        self.core = Core(self.store, KEY.sign)
        self.journals: dict[str, Journal] = {}
        self._asked: list[Call] = []
        self.seconds = 0.0
        self.dashboard = Dashboard(
            data, lambda: SqlStore(data / DATABASE, read_only=True), secure=secure, utc_ms=self.utc_ms,
            monotonic_s=lambda: self.seconds, ask=self._take,
        )  # fmt: skip

    def utc_ms(self) -> int:
        return NOW + int(self.seconds * 1_000)

    def _take(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """As the ingest thread does: step the core, answer after the commit."""
        self._asked.append(call)
        for effect in self.core.step(Admin(self.utc_ms(), call)):
            if isinstance(effect, Told):
                answer(effect.reply)

    def dashboard_asks(self, calls: list[Call]) -> None:
        """Keep every call the dashboard makes in `calls`."""
        self._asked = calls

    def close(self) -> None:
        self.dashboard.stop()
        self.store.close()

    # --- the fleet ---

    def says(self, terminal: str, **fields: Any) -> None:
        """`up/state`."""
        journal = self.journals.get(terminal)
        known = {"boot_id": "b1", "epoch": journal.epoch if journal else 0, "software": "1.0", "clock": "trusted"}
        state = State(**{"online": True, "printer": "ok", "drawer": "closed", **known, **fields})
        self.hears(terminal, "state", msgspec.json.encode(state))

    def hears(self, terminal: str, rest: str, payload: bytes) -> None:
        self.core.step(Arrived(self.utc_ms(), (Message(terminal, rest, payload),)))

    def book(self, terminal: str, *facts: Fact) -> None:
        """Facts into the terminal's journal, and all of it to the backend."""
        journal = self.journals.setdefault(terminal, Journal(terminal, born=False))
        for fact in facts:
            journal.add(fact)
        for packet in journal.packets():
            self.core.step(Arrived(self.utc_ms(), (Message(terminal, "rec", packet),)))

    def errs(
        self, terminal: str, code: int, count: int = 1, reason: str = "", shop: str = "好邻居", number: int = 1
    ) -> None:
        seen = EventSeen(code, count, self.utc_ms() - 1_000, self.utc_ms() - 500, "01", reason=reason)
        report = EventReport(
            f"b1-{number}", "now", "b1", self.utc_ms(), 5, "trusted", "1.0", 3, shop, (seen,)
        )  # fmt: skip
        self.hears(terminal, "event", msgspec.json.encode(report))

    def digest(self) -> None:
        while self.dashboard.digest.turn():
            pass

    def later(self, seconds: float) -> None:
        self.seconds += seconds

    # --- people ---

    def browser(self, lang: str = "en", address: str = "10.0.0.1") -> "Browser":
        return Browser(self, lang, address)

    def signed_in(self, role: Role = "manager", lang: str = "en") -> "Browser":
        name = f"{role}-{lang}"
        if self.dashboard.users.find(name) is None:
            self.dashboard.users.add(name, role, PASSWORD, NOW)
        browser = self.browser(lang)
        assert browser.sign_in(name).status_code == 303
        return browser


class Browser:
    """Keeps cookies, sends what browsers send, follows nothing by itself."""

    def __init__(self, house: House, lang: str, address: str) -> None:
        self.client = TestClient(
            house.dashboard.app, follow_redirects=False, client=(address, 50_000), raise_server_exceptions=False,
            headers={"Accept-Language": lang},
        )  # fmt: skip

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return str(answer.text)

    def token(self, path: str = "/") -> str:
        return token_of(self.get(path).text)

    def post(self, path: str, token: str | None = None, headers: dict[str, str] | None = None, **fields: str) -> Any:
        carried = {"csrf": self.token() if token is None else token}
        sent = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        return self.client.post(path, data=carried | fields, headers=sent)

    def sign_in(self, name: str, password: str = PASSWORD, next: str = "", **headers: str) -> Any:
        token = self.token("/sign-in")
        return self.post("/sign-in", token, headers, name=name, password=password, next=next)


def token_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None, page[:500]
    return found[1]


def without_token(page: str) -> str:
    """The page without the one random word in it, which may hold any signs."""
    return page.replace(token_of(page), "")


def opened(dress: Dress | None = None, batch: int = 1) -> ShiftOpened:
    return ShiftOpened(batch, "01", "2026-11-22", 20_000, {}, dress=dress)


def sale(trace: int = 45, due_fen: int = 1050, channel: str = "", batch: int = 1) -> Sale:
    tender = TenderPart("cash", due_fen)
    if channel:
        tender = TenderPart("code", due_fen, channel=channel, order_no=f"2026112200010023010000010000{trace:04d}")
    return Sale(batch, trace, "01", "2026-11-22", LINES, due_fen, 0, due_fen, (tender,), 0)
