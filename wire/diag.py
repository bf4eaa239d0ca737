"""The diagnosis socket: one read-only Unix socket (0600) in the daemon's data folder, `diag.sock` (decisions 1).

A client sends one JSON line of `Query` and gets one JSON line of the answer named beside it; a connection may ask many
times. Nothing that can be asked changes anything.
"""

from typing import Annotated

import msgspec

from wire.messages import State
from wire.records import Record

SOCKET = "diag.sock"
JOURNAL_PAGE_MAX = 200


class AskScreen(msgspec.Struct, frozen=True, tag="screen"):
    """-> `Screen`"""


class AskSettle(msgspec.Struct, frozen=True, tag="settle"):
    """-> `Settle`"""


class AskJournal(msgspec.Struct, frozen=True, tag="journal"):
    """-> `Journal`: at most `JOURNAL_PAGE_MAX` committed records with seq > after."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    limit: Annotated[int, msgspec.Meta(ge=0, le=JOURNAL_PAGE_MAX)] = JOURNAL_PAGE_MAX


class AskHealth(msgspec.Struct, frozen=True, tag="health"):
    """-> `Health`"""


Query = AskScreen | AskSettle | AskJournal | AskHealth


class Status(msgspec.Struct, frozen=True):
    """The status bar, as values."""

    time: str
    clock: str
    link: str
    backlog: int
    printer: str
    battery: int | None
    operator: str
    training: str = ""  # what the bar says instead, while practising


class Screen(msgspec.Struct, frozen=True):
    """The view now shown, as text in its language: what a person reads from top to bottom."""

    name: str  # the Screen class
    lang: str
    title: str
    lines: tuple[str, ...]
    hints: tuple[str, ...]
    status: Status
    frame: int  # grows with every new view


class Counts(msgspec.Struct, frozen=True):
    """Bytes (or messages, for `board.sock`) that passed one endpoint, as the daemon counted them."""

    read: int
    written: int


class Settle(msgspec.Struct, frozen=True):
    """What must be zero, equal or empty for the terminal to be settled (decisions 2)."""

    devices: dict[str, Counts]
    inbox: int
    busy: tuple[str, ...]  # workers inside a job
    frame_shown: int
    frame_wanted: int
    timer_due_ms: int | None  # until the next timer; None: no timer runs
    waiting: tuple[str, ...]  # for the outside: answer, paper, ack, link, printer
    next_seq: int
    durable_seq: int
    acked_seq: int


class Journal(msgspec.Struct, frozen=True):
    terminal: str
    records: tuple[Record, ...]


class Health(msgspec.Struct, frozen=True):
    state: State
    late_ms_max: int
    late_by: str  # which event made the loop late
    threads: tuple[str, ...]
    rss_kib: int


class Wrong(msgspec.Struct, frozen=True, tag="wrong"):
    """The query could not be read."""

    reason: str
