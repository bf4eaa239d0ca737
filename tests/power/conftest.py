"""`--cuts N` and `--kills N`: how many; `make kills` asks for many more than `make test`. Figures are printed at the end."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.power import trace

CUTS, KILLS = 5_000, 40
SHARED_MEMORY = Path("/dev/shm")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cuts", type=int, default=CUTS, help="write-log power cuts, all scenarios together")
    parser.addoption("--kills", type=int, default=KILLS, help="kills at an exact write, sync, rename or unlink")


@pytest.fixture(scope="session")
def cuts(pytestconfig: pytest.Config) -> int:
    """How many cuts, all scenarios together; the default too when this folder is one of many that run."""
    return int(pytestconfig.getoption("--cuts", default=CUTS))


@pytest.fixture(scope="session")
def kills(pytestconfig: pytest.Config) -> int:
    """How many kills."""
    return int(pytestconfig.getoption("--kills", default=KILLS))


@pytest.fixture
def card() -> Iterator[Path]:
    """A folder for a run and its cuts, in memory where there is some: thousands of folders are laid out in it."""
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 2**28
    folder = Path(tempfile.mkdtemp(prefix="cuts-", dir=SHARED_MEMORY if roomy else None)).resolve()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def strace() -> None:
    """Skip by name where processes cannot be traced."""
    if why := trace.why_no_strace():
        pytest.skip(why)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Have a measured figure printed when all tests are done."""
    return lambda text: record_property("figure", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures, from whichever process ran the test."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    found = [text for report in reports for name, text in getattr(report, "user_properties", ()) if name == "figure"]
    if found:
        terminalreporter.section("power cuts")
        for text in found:
            terminalreporter.write_line(str(text))
