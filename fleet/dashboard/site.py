"""The dashboard put together: its files in the data folder, its threads, its pages."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from fleet.dashboard.app import build
from fleet.dashboard.asking import Ask, Asking
from fleet.dashboard.care_page import CarePages
from fleet.dashboard.command_page import CommandPages
from fleet.dashboard.digest import FILE as DIGEST
from fleet.dashboard.digest import Digest
from fleet.dashboard.doors import Doors
from fleet.dashboard.errors_page import ErrorPages
from fleet.dashboard.fleet_look import Watch
from fleet.dashboard.map_page import MapPages
from fleet.dashboard.push_page import PushPages
from fleet.dashboard.reading import Reading
from fleet.dashboard.rollouts_page import RolloutPages
from fleet.dashboard.sales_page import SalesPages
from fleet.dashboard.sessions import FILE as SESSIONS
from fleet.dashboard.sessions import Sessions
from fleet.dashboard.settings_page import SettingsPages
from fleet.dashboard.software_page import SoftwarePages
from fleet.dashboard.terminal_page import TerminalPages
from fleet.dashboard.users import Users
from fleet.files import PRIVATE, write_new
from fleet.sql import AnyStore

KEY = "dashboard.key"
KEY_BYTES = 32


class Dashboard:
    """`open_store` gives a read-only store each time; `more`: routes for everybody; `ask`: the door of the thread that
    writes. Raises `StoreTrouble`, `OSError` or
    `ValueError`."""

    def __init__(
        self,
        data: Path,
        open_store: Callable[[], AnyStore],
        *,
        secure: bool,
        utc_ms: Callable[[], int],
        monotonic_s: Callable[[], float] = time.monotonic,
        more: list[BaseRoute] | None = None,
        ask: Ask | None = None,
    ) -> None:
        self.users = Users(data)
        self.users.all()  # a file that cannot be read is said at once
        self.reading = Reading(open_store)
        self.digest = Digest(self.reading, data / DIGEST, utc_ms)
        self.sessions = Sessions(data / SESSIONS)
        self.watch = Watch(self.reading, self.digest, utc_ms, monotonic_s)
        doors = Doors(self.users, self.sessions, _key(data / KEY), secure, monotonic_s)
        asking = Asking(self.reading, ask)
        pages = [
            *MapPages(self.watch).all(),
            *TerminalPages(self.watch, self.digest, self.reading, asking).all(),
            *CommandPages(asking, self.watch).all(),
            *SoftwarePages(asking, self.reading).all(),
            *RolloutPages(asking).all(),
            *SettingsPages(asking, self.reading).all(),
            *PushPages(asking, self.reading).all(),
            *SalesPages(self.watch, self.digest).all(),
            *ErrorPages(self.reading).all(),
            *CarePages(self.reading, asking).all(),
        ]
        self.app: Starlette = build(pages, doors, utc_ms, more or [])

    def start(self) -> None:
        self.digest.start()

    def stop(self) -> None:
        self.digest.stop()
        self.reading.close()
        self.sessions.close()


def _key(path: Path) -> bytes:
    """The secret that signs what browsers keep; made at first use, for the owner's eyes only."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        write_new(path, (key.hex() + "\n").encode(), PRIVATE)
    except FileExistsError:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(key) != KEY_BYTES:
            raise ValueError(f"{path.name} is not a key") from None
    return key
