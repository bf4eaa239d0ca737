"""The whole demonstration on free ports and a page of a real headless Chromium.

def test_…(shop: Shop) -> None:
    shop.press("0", "1", "OK")
    assert shop.screen()["title"] == "签到"
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.mosquitto import PROGRAM

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
TERMINAL = "00010023"
WAIT_MS = 30_000
SAYING = "http://"


class Demo:
    """`python -m demo` on free ports; ended by its own pid."""

    def __init__(self, data: Path, *more: str) -> None:
        self.data = data
        argv = [sys.executable, "-m", "demo", "--data", str(data), "--port", "0", *more]
        self._child = subprocess.Popen(
            argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self.said: list[str] = []
        self.address = self._wait_for_address()[0]
        self.dashboard, *_, self.password = self._wait_for_address()

    def _wait_for_address(self) -> list[str]:
        """The words of the next line with an address, from there on."""
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.said.append(line.rstrip())
            if SAYING in line:
                return line[line.index(SAYING) :].split()
        raise AssertionError("the demonstration did not start:\n" + "\n".join([*self.said, *self.logs()]))

    def logs(self) -> list[str]:
        """The last lines of every part's log."""
        found = sorted(self.data.glob("logs/*.log"))
        return [f"{path.name}: {line}" for path in found for line in path.read_text(errors="replace").splitlines()[-8:]]

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        self._child.send_signal(signal.SIGINT)
        out, _ = self._child.communicate(timeout=60)
        self.said += out.splitlines()
        return self._child.returncode


class Shop:
    """What a cashier does on the page, and what there is to see; each act returns when the terminal has settled."""

    def __init__(self, demo: Demo, page: Any) -> None:
        self.demo = demo
        self.page = page

    def open(self) -> None:
        self.page.goto(self.demo.address)
        self.page.wait_for_selector("#samples .card")
        self.settle()

    def press(self, *keys: str) -> dict[str, Any]:
        """Click keys of the keypad, each after the terminal has settled, as a person who looks does."""
        for key in keys:
            self.page.click(f'#keys [data-key="{key}"]')
            self.settle()
        return self.screen()

    def scan(self, text: str) -> dict[str, Any]:
        """Type into the scanner field and send."""
        self.page.fill("#scan-text", text)
        self.page.click("#scan button")
        self.settle()
        return self.screen()

    def click(self, selector: str, until: str = "settled") -> dict[str, Any]:
        self.page.click(selector)
        self.settle(until)
        return self.screen()

    def trouble(self, name: str, value: str) -> None:
        """On the page's panel of troubles."""
        self.page.click("#tab-troubles")
        self.page.click(f'[data-trouble="{name}"][data-value="{value}"]')
        self.settle()
        self.page.click("#tab-goods")

    def settle(self, until: str = "settled") -> dict[str, Any]:
        self.page.wait_for_selector('body[data-underway="0"]', state="attached", timeout=WAIT_MS)
        return self.get(f"settle?until={until}&timeout_ms={WAIT_MS}")

    def get(self, path: str) -> Any:
        answer = self.page.request.get(f"{self.demo.address}/api/{path}", timeout=2 * WAIT_MS)
        assert answer.ok, f"{path}: {answer.status} {answer.text()}\n" + "\n".join(self.demo.logs())
        return answer.json()

    def screen(self) -> dict[str, Any]:
        return self.get("screen")

    def lines(self) -> str:
        """What stands on the LCD below the title."""
        return "\n".join(self.screen()["lines"])

    def slips(self) -> list[dict[str, Any]]:
        return self.get("paper?settle=no")["slips"]

    def wait_for_paper(self, number: int, text: str) -> None:
        """Until slip `number` has come out as far as `text`."""
        self.page.evaluate(
            """([number, text]) => new Promise((done, failed) => {
                const end = Date.now() + 30_000;
                const look = async () => {
                    const slips = (await (await fetch("/api/paper?settle=no")).json()).slips;
                    if (slips.find((slip) => slip.number === number)?.text.includes(text)) done();
                    else if (Date.now() > end) failed(new Error(`slip ${number}: no ${text}`));
                    else setTimeout(look, 20);
                };
                look();
            })""",
            [number, text],
        )

    def journal(self) -> list[dict[str, Any]]:
        return self.get("journal")["records"]

    def journal_all(self) -> list[dict[str, Any]]:
        """Every record, page by page."""
        found: list[dict[str, Any]] = []
        while page := self.get(f"journal?after={found[-1]['seq'] if found else 0}&limit=200")["records"]:
            found += page
        return found

    def at_backend(self) -> list[dict[str, Any]]:
        """The terminal's records as the fleet manager's tool shows them."""
        argv = [sys.executable, "-m", "fleet", "records", TERMINAL, "--json", "--data", str(self.demo.data / "fleet")]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def running_demo(data: Path) -> Iterator[Demo]:
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed")
    running = Demo(data)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A new terminal."""
    with running_demo(tmp_path / "demo") as running:
        yield running


@pytest.fixture(scope="module")
def standing_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A terminal at its sign-on screen, for tests that leave it there."""
    with running_demo(tmp_path_factory.mktemp("standing") / "demo") as running:
        yield running


@pytest.fixture
def shop(browser: Any, demo: Demo) -> Iterator[Shop]:
    """The page of a new terminal, opened; a script error on it fails the test."""
    with opened(browser, demo) as at:
        yield at


@pytest.fixture
def standing_shop(browser: Any, standing_demo: Demo) -> Iterator[Shop]:
    """The page of the standing terminal; put back to an empty sign-on screen afterwards."""
    with opened(browser, standing_demo) as at:
        yield at
        at.press("CANCEL", "CANCEL", *["CLEAR"] * 4)


@contextmanager
def opened(browser: Any, demo: Demo) -> Iterator[Shop]:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    at = Shop(demo, page)
    at.open()
    try:
        yield at
    finally:
        page.close()
    assert not errors, errors
