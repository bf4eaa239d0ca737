"""The system worker: slow computing asked for by the core, and a look at clock, battery and disk now and then."""

import hmac
import logging
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Empty, Full, Queue
from typing import assert_never

from firmware.drivers.system.clock import Clock
from firmware.drivers.system.gauges import (
    BatteryGauge,
    board_battery,
    board_network,
    disk_free_percent,
    disk_look,
    disk_wear_percent,
    memory_mb,
    temperature_c,
)
from firmware.drivers.system.secrets import JournalKey, pin_hash
from firmware.events import (
    BatterySeen,
    CheckPin,
    DiskSeen,
    Event,
    Gauge,
    Gauged,
    HashPin,
    NetworkSeen,
    PinChecked,
    PinHashed,
    RestartDevice,
    Signed,
    SignSeal,
)
from wire.board import Battery
from wire.board import Clock as BoardClock
from wire.board import Network as BoardNetwork

log = logging.getLogger(__name__)

JOBS_MAX = 32
CLOCK_EVERY_MS, DISK_EVERY_MS, BATTERY_EVERY_MS, NETWORK_EVERY_MS = 1_000, 10_000, 30_000, 10_000
SIGNAL_STEP_PERCENT = 10
DISK_STEP_BYTES = 1024 * 1024
"""Less than this much difference in free space is no news."""

Job = CheckPin | HashPin | SignSeal | Gauge | RestartDevice
RESTART_PATIENCE_S = 30


def restart_by_systemd() -> None:
    """Ask systemd for a restart; a unit without the right to it is refused, which is logged and noticed by the core.
    Hardware: not run."""
    try:
        done = subprocess.run(("systemctl", "reboot"), capture_output=True, timeout=RESTART_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as wrong:
        log.warning("no restart: %s", wrong)
        return
    if done.returncode:
        log.warning("no restart: %s", done.stderr.decode(errors="replace").strip()[:200])


def monotonic_ms() -> int:
    """Milliseconds of the monotonic clock."""
    return time.monotonic_ns() // 1_000_000


class System:
    """`carry_out` may be called by any thread; `run` is a worker thread's body. Each job gets one answer.

    `ntp` says whether the kernel's clock is held by NTP; None: this board has no such clock (the virtual one).
    `network` reads which network there is; None: the board tells of it (`hear_network`).
    `restart` starts the whole device again; `scan_p95_ms`: how long scans took to be seen since it was last asked.
    `battery` reads the battery; None: there is none, or the board tells of it (`hear_battery`).
    """

    def __init__(
        self,
        post: Callable[[Event], None],
        clock: Clock,
        key: JournalKey,
        folder: Path,
        battery: BatteryGauge | None = None,
        ntp: Callable[[], bool] | None = None,
        network: Callable[[], NetworkSeen] | None = None,
        clock_ms: Callable[[], int] = monotonic_ms,
        restart: Callable[[], None] = restart_by_systemd,
        scan_p95_ms: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._restart, self._scan_p95_ms, self._began_ms = restart, scan_p95_ms, clock_ms()
        self._post, self._clock, self._key, self._folder = post, clock, key, folder
        self._battery, self._ntp, self._network, self._clock_ms = battery, ntp, network, clock_ms
        self._network_seen: NetworkSeen | None = None
        self._jobs: Queue[Job | None] = Queue(JOBS_MAX)
        self._stopping = False
        self._disk: DiskSeen | None = None
        self._battery_seen: BatterySeen | None = None

    def carry_out(self, effect: Job) -> None:
        """Compute and post the answer, soon. The core keeps one job of a kind outstanding, so there is always room."""
        self._jobs.put_nowait(effect)

    def busy(self) -> bool:
        """Whether a job waits or runs."""
        return self._jobs.unfinished_tasks > 0

    def stop(self) -> None:
        """Make `run` return after the job in hand; may be called by any thread, also before `run`."""
        self._stopping = True
        try:
            self._jobs.put_nowait(None)
        except Full:
            log.info("stopping with %d jobs unanswered", JOBS_MAX)

    def hear_battery(self, battery: Battery) -> None:
        """The virtual board's word; called in the link's thread."""
        self._see_battery(board_battery(battery))

    def hear_clock(self, clock: BoardClock) -> None:
        """The virtual board's word; called in the link's thread."""
        self._clock.set_board_offset(clock.offset_s * 1000)

    def hear_network(self, network: BoardNetwork) -> None:
        """The virtual board's word; called in the link's thread."""
        self._post(board_network(network))

    def run(self) -> None:
        """Body of the system thread; returns after `stop`."""
        looks = {self._look_at_clock: CLOCK_EVERY_MS, self._look_at_disk: DISK_EVERY_MS}
        if self._battery is not None:
            looks[self._look_at_battery] = BATTERY_EVERY_MS
        if self._network is not None:
            looks[self._look_at_network] = NETWORK_EVERY_MS
        due_ms = dict.fromkeys(looks, 0)
        while not self._stopping:
            now_ms = self._clock_ms()
            for look, every_ms in looks.items():
                if now_ms >= due_ms[look]:
                    look()
                    due_ms[look] = now_ms + every_ms
            self._work(max(0, min(due_ms.values()) - self._clock_ms()))

    def _work(self, wait_ms: int) -> None:
        """Do the next job, waiting for one at most `wait_ms`."""
        try:
            job = self._jobs.get(timeout=wait_ms / 1000)
        except Empty:
            return
        try:
            if isinstance(job, RestartDevice):
                self._restart()
            elif job is not None:
                self._post(self._answer(job))
        finally:
            self._jobs.task_done()

    def _answer(self, job: CheckPin | HashPin | SignSeal | Gauge) -> Event:
        match job:
            case Gauge():
                return Gauged(
                    (self._clock_ms() - self._began_ms) // 1_000, temperature_c(), disk_free_percent(self._folder),
                    disk_wear_percent(), memory_mb(), self._scan_p95_ms(),
                )  # fmt: skip
            case CheckPin(request, pin, expected, salt):
                return PinChecked(request, hmac.compare_digest(pin_hash(pin, salt), expected))
            case HashPin(request, pin, salt):
                return PinHashed(request, pin_hash(pin, salt), salt)
            case SignSeal(terminal, epoch, upto, hash_hex):
                return Signed(upto, hash_hex, self._key.sign_seal(terminal, epoch, upto, hash_hex))
            case _:
                assert_never(job)

    def _look_at_clock(self) -> None:
        self._clock.now()
        if self._ntp is not None and self._ntp():
            self._clock.ntp_holds()

    def _look_at_disk(self) -> None:
        seen = disk_look(self._folder)
        known = self._disk
        if known is None or seen.read_only != known.read_only or _moved(known, seen):
            self._disk = seen
            self._post(seen)

    def _look_at_battery(self) -> None:
        assert self._battery is not None
        self._see_battery(self._battery())

    def _look_at_network(self) -> None:
        assert self._network is not None
        seen, known = self._network(), self._network_seen
        if known is None or _other_network(known, seen):
            self._network_seen = seen
            self._post(seen)

    def _see_battery(self, seen: BatterySeen) -> None:
        if seen != self._battery_seen:
            self._battery_seen = seen
            self._post(seen)


def _other_network(known: NetworkSeen, seen: NetworkSeen) -> bool:
    """Whether it is another network, or its signal has changed enough to be news."""
    louder = abs((known.signal_percent or 0) - (seen.signal_percent or 0)) >= SIGNAL_STEP_PERCENT
    return louder or replace(seen, signal_percent=None) != replace(known, signal_percent=None)


def _moved(known: DiskSeen, seen: DiskSeen) -> bool:
    return abs(known.free_bytes - seen.free_bytes) >= DISK_STEP_BYTES or (seen.free_bytes == 0) != (
        known.free_bytes == 0
    )
