"""Memory of the daemon with 100 000 goods after all its workers have started, and after a printed sale.

Beside it an interpreter that only imports the packages the product is built on.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import ROOT, Figure, Scale, environment
from benchmarks.posd import Posd, Rig
from benchmarks.shop import barcode
from tests.mosquitto import PROGRAM, Broker

RSS_MB_MAX = 70.0
PACKAGES = (
    "tinydb", "msgspec", "paho.mqtt.client", "PIL.Image", "PIL.ImageDraw", "PIL.ImageFont", "segno", "serial",
    "cryptography.hazmat.primitives.asymmetric.ed25519", "luma.core.device", "luma.lcd.device", "gpiozero",
    "escpos.printer", "evdev",
)  # fmt: skip
IMPORT = """
import importlib, re, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as missing:
        print(f"without {missing.name}", file=sys.stderr)
print(re.search(r"^Rss:\\s+(\\d+)", open("/proc/self/smaps_rollup").read(), re.M)[1])
"""
WORKERS = {"board", "display", "input", "printer", "drawer", "system", "sound", "diagnosis"}
WHY = "resident: interpreter, the packages beside, our own modules, SQLite's cache of 4 MiB, font and pictures"


def measure(scale: Scale) -> list[Figure]:
    """Boot a shop that exists, wait for everybody, look; sell once, look again."""
    goods = scale.pick(5_000, 100_000)
    cache = scale.folder / "cache"
    with _broker(scale.folder) as port, Rig(scale.folder, cache, goods, port) as rig:
        with rig.posd() as posd:  # the first boot loads the catalogue
            posd.first_screen_s()
            posd.until(posd.settled, "rest after the first boot")
        with rig.posd() as posd:
            posd.first_screen_s()
            posd.until(lambda: _all_there(posd, linked=bool(port)), "all workers")
            started = posd.memory()
            _sell(posd)
            sold = posd.memory()
    packages = _packages(cache) / 1e6
    title = f"memory with {goods} goods"
    return [
        Figure(
            f"{title}, all workers started", started["Rss"] / 1e6, "MB", RSS_MB_MAX, detail=_parts(started), why=WHY
        ),
        Figure(f"{title}, a slip printed", sold["Rss"] / 1e6, "MB", RSS_MB_MAX, detail=_parts(sold), why=WHY),
        Figure(
            "importing the packages alone",
            packages,
            "MB",
            detail=", ".join(dict.fromkeys(name.split(".")[0] for name in PACKAGES)),
        ),
    ]


def _parts(memory: dict[str, int]) -> str:
    return f"RSS; PSS {memory['Pss'] / 1e6:.1f} MB, most ever {memory['VmHWM'] / 1e6:.1f} MB"


def _all_there(posd: Posd, linked: bool) -> bool:
    """Every worker runs, the printer has answered, the link is up."""
    health = posd.health()
    threads = set(health.threads)
    return (
        threads >= WORKERS
        and health.state.printer in ("ok", "paper_low")
        and (not linked or posd.screen().status.link == "up")
        and posd.settled()
    )


def _sell(posd: Posd) -> None:
    """From signing on to the slip, by keys and a scan."""
    posd.press("0 1 OK 0 0 0 0 OK", "Wizard")
    posd.press("3 8 5 2 OK 3 8 5 2 OK", "Wizard")
    for _ in range(3):  # an untrusted clock asks for the date too
        if posd.screen().name == "Idle":
            break
        posd.press("OK")
    board = posd.rig.board
    posd.rig.do(board.scan_keys(barcode(7) + "\n"))
    posd.until(lambda: posd.screen().name == "BasketScreen", "the scan")
    posd.press("OK", "Cash")
    posd.press("F2", "Sold")
    posd.until(lambda: bool(posd.rig.printer.paper) and posd.settled(), "the slip")


@contextmanager
def _broker(folder: Path) -> Iterator[int]:
    """A real broker's port; 0 where mosquitto is not installed."""
    if PROGRAM is None:
        yield 0
        return
    with tempfile.TemporaryDirectory(dir=folder) as made, Broker(Path(made)) as broker:
        yield broker.port


def _packages(cache: Path) -> int:
    """Resident bytes of an interpreter with the packages and nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, *PACKAGES],
        env=environment(cache), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout.split()[-1]) * 1024
