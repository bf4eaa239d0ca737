"""The settings desk: keeps what the fleet sends, waits for idle, switches, tries, goes back by itself (wire contract, 4).

Every step is one replacement of the settings' file and is told of only after it is safe there: `StoreSettings` ->
`SettingsStored`. Nothing else is remembered here but what this boot has under way: whatever happens, the next thing to do
is read off the book anew, so that a power cut between any two steps is gone on from.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from firmware.desks import Till
from firmware.desks.patience import doubled_ms
from firmware.events import (
    Configure,
    DesiredCame,
    Event,
    Fetch,
    Fetched,
    FetchFailed,
    LinkDown,
    LinkUp,
    SettingsStored,
    StoreSettings,
    Tell,
    Unfetch,
)
from firmware.screens.stack import home
from firmware.screens.widgets import Refused
from firmware.txn import lock, update
from firmware.txn import settings as rules_of
from firmware.txn.command import Refusal
from firmware.txn.dress import dress
from firmware.txn.operator import SignOff
from firmware.view import text
from rules import settings_book as books
from rules.help import HelpDocument
from rules.settings import Settings, changed
from rules.settings_book import Heard, SettingsBook, Staged, Trial
from wire.facts import (
    Fact,
    SettingOverridden,
    SettingRestored,
    SettingsApplied,
    SettingsKept,
    SettingsRefused,
    SettingsReturned,
    SettingsStaged,
    ShiftClosed,
    SignedOn,
    Trouble,
)  # fmt: skip
from wire.fleet import Drift, Reported, Status, Unreadable

DESK = "settings"

TRIAL_MS = 600_000
"""Settings prove good in so long with the link up."""

REACH_MS = 300_000
"""After a change of the network the broker must have been reached within this time."""

OVERDUE_MS = 24 * 3_600_000
"""Settings that found no idle moment for so long come at the next shift close, or boot."""

AGAIN_MS, AGAIN_MS_MAX = 600_000, 7_200_000
"""A card that refused is tried again after this time, a file that did not come after this and more."""

LOOK_MS = 60_000
"""What may have changed by time alone is looked at as often."""

REFUSED_EVERY_MS = 60_000
"""At most one refused document is recorded in this time; the others are counted in the next record."""

REFUSED_KEPT_MAX = 64

NETWORK_LOST, BAD = 1003, 9004

Act = Literal["stage", "refuse", "switch", "keep", "return", "mirror"]
"""What a book is being stored for."""


@dataclass(slots=True)
class SettingsDesk:
    """What is under way with the settings in this boot."""

    name: str = DESK
    requests: int = 0
    writing: StoreSettings | None = None
    act: Act = "mirror"
    came: DesiredCame | None = None  # the newest document that is not dealt with yet
    judged: DesiredCame | None = None  # the one that is being stored
    swap: bool = False  # kept as in force, but not read by the core yet: it waits for idle
    help: HelpDocument | None = None  # that comes with the swap
    restart: bool = False  # a driver must read it anew: the daemon starts again when idle
    forced: bool = False  # it has waited a day, and a shift was closed or the terminal booted
    since_ms: int = 0  # when it began to wait, by the monotonic clock of this boot
    mirrored: tuple[books.Override, ...] = ()  # as they stand in the file
    fetched: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()  # files asked for
    missed: FetchFailed | None = None  # why a file has not come
    misses: int = 0  # tries that brought nothing
    blocked: bool = False  # the card refused: later
    looking: bool = False  # the timer runs
    up_ms: int = -1  # since when the link is up; -1: it is down
    proven_ms: int = 0  # of the trial, with the link up
    tried_ms: int = 0  # when the trial began in this boot
    reached: bool = False  # the broker took us under the settings on trial
    gone: tuple[str, ...] | None = None  # devices, under other hardware; None: it is too early to say
    signed_on: bool = False  # somebody has, under the settings on trial
    refused: tuple[str, ...] = ()  # digests of what was refused in this boot: the broker says it again and again
    refused_ms: int = -REFUSED_EVERY_MS
    refused_more: int = 0
    unreadable: Unreadable | None = None  # told until the fleet says something that can be read
    told: Reported | None = None
    digest: tuple[Settings | None, str] = (None, "")

    # --- the desk -----------------------------------------------------------------------------------------------------

    def booted(self, till: Till) -> None:
        """Take up what the run before left: a boot is idle. Overrides are the journal's; the file follows."""
        self.since_ms, self.mirrored = till.now.monotonic_ms, till.book.overrides
        own = rules_of.overrides(till.ledger)
        if own or till.book.overrides:
            self._own(till, own)
        if till.book.trial is not None:
            self._try(till)
        if till.book.staged is not None:
            self.forced = self._overdue(till, till.book.staged)
        self._go_on(till)

    def hear(self, till: Till, event: Event) -> None:
        """Documents and files, the card's word and the link; then go on wherever it can go on."""
        match event:
            case DesiredCame():
                self.came = event
            case SettingsStored():
                self._stored(till, event)
            case Fetched(sha256):
                self.fetched |= {sha256}
                self.missed, self.misses = None, 0
            case FetchFailed():
                self._not_fetched(till, event)
            case LinkUp():
                self.up_ms, self.reached, self.told = till.now.monotonic_ms, True, None
                self.asked &= self.fetched
            case LinkDown():
                self._count(till)
                self.up_ms = -1
            case _:
                pass
        self._go_on(till)
        if self.up_ms >= 0:
            self._tell(till)

    def fired(self, till: Till, what: str) -> None:
        """`look`: time alone may have changed something; `again`: the card may take it now; `files`: a file may come."""
        match what:
            case "look":
                self.looking = False
                self._count(till)
            case "again":
                self.blocked = False
            case "files":
                self.asked &= self.fetched
            case _:
                raise AssertionError(what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """A shift was closed: what has waited a day comes now. A setting was changed here: it is in force at once."""
        if isinstance(fact, ShiftClosed) and till.book.staged is not None:
            self.forced = self._overdue(till, till.book.staged)
        elif isinstance(fact, SignedOn):
            self.signed_on = True
        elif isinstance(fact, SettingOverridden | SettingRestored):
            till.book = msgspec.structs.replace(till.book, overrides=rules_of.overrides(till.ledger))
            self._adopt(till, books.in_force(till.book.applied, till.book.overrides)[0])

    def _own(self, till: Till, own: tuple[books.Override, ...]) -> None:
        """Overrides as the journal has them; those that the document does not allow (any more) are taken back."""
        settings, stands = books.in_force(till.book.applied, own)
        for gone in own:
            if gone not in stands:
                till.append(SettingRestored(gone.path))
        till.book, till.settings = msgspec.structs.replace(till.book, overrides=stands), settings

    # --- one step after the other -------------------------------------------------------------------------------------

    def _go_on(self, till: Till) -> None:
        """Do the next thing that can be done; called after every event."""
        if till.safe_mode:
            return
        if self.writing is None and not self.blocked:
            self._next(till)
        if self.swap and self.writing is None and self._idle(till):
            self._swap(till)
        if self.restart and self.writing is None and not self.swap and self._idle(till):
            self.restart = False
            till.stop(DESK)
        self.forced = self.forced and (self.writing is not None or self.swap or self.restart)
        waits = till.book.staged is not None or till.book.trial is not None or self.swap or self.restart
        if waits and not self.looking:
            self.looking = True
            till.timer("settings:look", LOOK_MS)

    def _next(self, till: Till) -> None:
        """Have the next book stored, if there is one."""
        book = till.book
        if self.came is not None:
            self._judge(till, self.came)
        elif book.trial is not None and not self.swap and self._lost(till, book.trial):
            self._store(till, "return", books.returned(book, NETWORK_LOST, "broker out of reach"))
        elif book.trial is not None and not self.swap and (gone := self._gone(till, book.trial)):
            self._store(till, "return", books.returned(book, BAD, f"no {', '.join(gone)} any more"))
        elif book.trial is not None and not self.swap and self._proven(book.trial):
            self._store(till, "keep", books.kept(book))
        elif book.trial is not None and not self.swap and book.trial.runs and self._well(till):
            self._store(till, "mirror", books.with_runs(book, 0))
        elif book.staged is not None and not self.swap and _expired(till, book.staged):
            self._refuse_staged(till, book.staged, BAD, "expires_ms", "expired while it waited")
        elif book.staged is not None and not self.swap and self._ready(till, book.staged):
            self._store(till, "switch", _switched(till, book, book.staged))
        elif book.overrides != self.mirrored:
            self._store(till, "mirror", book)

    def _store(self, till: Till, act: Act, book: SettingsBook) -> None:
        assert self.writing is None, f"{act} while {self.act}"
        self.requests += 1
        self.act, self.writing = act, StoreSettings(self.requests, book, good=book.trial is None)
        till.emit(self.writing)

    def _stored(self, till: Till, event: SettingsStored) -> None:
        """The card's word: only now it has happened."""
        if self.writing is None or event.request != self.writing.request:
            return
        act, before, stored = self.act, till.book, self.writing.book
        self.writing = None
        if event.code:
            self._not_stored(till, event)
            return
        self.mirrored = stored.overrides
        till.book = book = msgspec.structs.replace(stored, overrides=before.overrides)
        gone = _files(before) - _files(book)
        self.fetched, self.asked = self.fetched - gone, self.asked - gone
        for sha256 in sorted(gone):
            till.emit(Unfetch(sha256))
        if act in ("stage", "refuse") and self.came is self.judged:
            self.came = self.unreadable = None
        if act == "stage" and book.staged is not None:
            version = book.staged.version
            self.since_ms = till.now.monotonic_ms
            self.missed, self.misses = None, 0
            till.append(SettingsStaged(version.rev, version.sha256, version.rollout))
        elif act == "switch":
            self._in_file(before, book, event.help)
        elif act == "keep" and before.trial is not None:
            till.append(SettingsKept(before.trial.rev))
        elif act == "return" and before.trial is not None:
            self._in_file(before, book, event.help)
            self._say_returned(till, before.trial.rev, book.applied.rev, book.heard)

    def _in_file(self, before: SettingsBook, book: SettingsBook, said: HelpDocument | None) -> None:
        """Another document is in force by the file; the core reads it at the next idle moment. Goods load at a boot."""
        self.swap, self.help = True, said
        self.restart = self.restart or _file(before, "goods") != _file(book, "goods")

    def _not_stored(self, till: Till, event: SettingsStored) -> None:
        """A file that cannot be used is the document's fault; a card that takes nothing is tried again."""
        staged = till.book.staged
        if event.path and staged is not None:
            self._refuse_staged(till, staged, event.code, event.path, event.reason)
        else:
            till.tell(Trouble(event.code, "settings"))
            self._later(till)

    def _later(self, till: Till) -> None:
        self.blocked = True
        till.timer("settings:again", AGAIN_MS)

    # --- what came ----------------------------------------------------------------------------------------------------

    def _judge(self, till: Till, came: DesiredCame) -> None:
        we_are = {f"terminal:{till.ledger.terminal}", *(f"group:{name}" for name in till.groups)}
        found = rules_of.judge(came.text, came.trusted, we_are, till.book, till.now, till.fits)
        self.judged = came
        match found:
            case rules_of.Wanted(staged):
                self._store(till, "stage", books.staged(till.book, staged))
            case rules_of.Wrong(heard, newest, unreadable):
                self._record(till, heard)
                if newest:
                    self._store(till, "refuse", books.refused(till.book, heard))
                else:
                    self.came = None
                if unreadable:
                    self.unreadable = Unreadable(heard.sha256, heard.code, heard.path, heard.reason)
            case None:
                self.came = None

    def _record(self, till: Till, heard: Heard) -> None:
        """Once for each document and boot, and not more often than the journal bears."""
        if heard.sha256 in self.refused:
            return
        if heard.sha256:
            self.refused = (*self.refused, heard.sha256)[-REFUSED_KEPT_MAX:]
        if till.now.monotonic_ms - self.refused_ms < REFUSED_EVERY_MS:
            self.refused_more += 1
            return
        more, self.refused_more, self.refused_ms = self.refused_more, 0, till.now.monotonic_ms
        till.append(SettingsRefused(heard.rev, heard.path, heard.code, heard.reason, heard.sha256, more))

    def _refuse_staged(self, till: Till, staged: Staged, code: int, path: str, reason: str) -> None:
        """What waited cannot come into force after all."""
        version = staged.version
        heard = Heard(version.rev, version.sha256, "rejected", code, path, reason, version.rollout)
        self._record(till, heard)
        self._store(till, "refuse", books.refused(till.book, heard))

    def _not_fetched(self, till: Till, event: FetchFailed) -> None:
        """No fault of the document's, whatever lay there: it waits, says why, and the file is asked for again."""
        if all(each.sha256 != event.sha256 for each in _waiting(till.book.staged)):
            return
        self.missed = event
        till.timer("settings:files", doubled_ms(AGAIN_MS, self.misses, AGAIN_MS_MAX))
        self.misses += 1

    # --- waiting for the moment ---------------------------------------------------------------------------------------

    def _ready(self, till: Till, staged: Staged) -> bool:
        """Whether what waits may come into force: its time, its files, and the till is idle. By a clock nobody trusts no
        document begins or expires: it waits for the time."""
        timed = staged.expires_ms or staged.not_before_ms
        if timed and (not till.now.trusted or till.now.wall_ms < staged.not_before_ms):
            return False
        return self._has_files(till, staged) and self._idle(till)

    def _has_files(self, till: Till, staged: Staged) -> bool:
        missing = [each for each in staged.version.files if each.sha256 not in self.fetched]
        for each in missing:
            if each.sha256 not in self.asked:
                self.asked |= {each.sha256}
                till.emit(Fetch(rules_of.blob_of(each)))
        return not missing

    def _idle(self, till: Till) -> bool:
        return self.forced or not till.busy()

    def _overdue(self, till: Till, staged: Staged) -> bool:
        """Whether it has waited a day: by the wall clock where both ends are trusted, else by this boot's."""
        waited_ms = till.now.monotonic_ms - self.since_ms
        if staged.trusted and till.now.trusted:
            waited_ms = max(waited_ms, till.now.wall_ms - staged.since_ms)
        return waited_ms >= OVERDUE_MS

    # --- the switch ---------------------------------------------------------------------------------------------------

    def _swap(self, till: Till) -> None:
        """All of it at once: from this step on every screen and command reads the other settings."""
        self.swap = False
        settings, stands = books.in_force(till.book.applied, till.book.overrides)
        for gone in till.book.overrides:
            if gone not in stands:
                till.append(SettingRestored(gone.path))
        till.book = msgspec.structs.replace(till.book, overrides=stands)
        if self.help is not None:
            till.help, self.help = self.help, None
        self._adopt(till, settings)
        origin = till.book.applied.origin
        till.append(SettingsApplied(settings.revision, self._digest(settings), origin, dress(settings)))
        if till.book.trial is not None:
            self._try(till)
        who = till.session.operator
        if who and not any(each.number == who and each.active for each in settings.operators):
            till.do(SignOff("gone"))
            till.stack = till.stack[:1]
        if len(till.stack) > 1 or not till.session.operator:
            troubles = (each for each in till.stack[1:] if isinstance(each, Refused) and each.trouble)
            till.stack = (*home(till.context()), *troubles)

    def _adopt(self, till: Till, settings: Settings) -> None:
        paths = changed(till.settings, settings)
        till.settings = settings
        self.restart = self.restart or books.needs_restart(paths)
        till.emit(Configure(settings))

    # --- the trial ----------------------------------------------------------------------------------------------------

    def _try(self, till: Till) -> None:
        """The trial begins, or begins again with the boot."""
        self.proven_ms, self.tried_ms, self.reached = 0, till.now.monotonic_ms, False
        self.gone, self.signed_on = None, False
        if self.up_ms >= 0:
            self.up_ms = till.now.monotonic_ms

    def _count(self, till: Till) -> None:
        """Only time with the link up counts, and only under the settings on trial."""
        if self.up_ms >= 0:
            now_ms = till.now.monotonic_ms
            if till.book.trial is not None and not self.swap:
                self.proven_ms += now_ms - self.up_ms
            self.up_ms = now_ms

    def _gone(self, till: Till, trial: Trial) -> tuple[str, ...]:
        """Devices that answered before a change of the hardware, and do not when there was time enough."""
        if not trial.hardware or till.now.monotonic_ms - self.tried_ms < REACH_MS or self.restart:
            return ()
        if self.gone is None:
            self.gone = tuple(sorted(set(trial.devices) - set(_devices(till))))
        return self.gone

    def _proven(self, trial: Trial) -> bool:
        """Whether it has been tried long enough; other hardware by somebody, too: no device tells of a picture that stands
        on its head, or of keys that are others."""
        return self.proven_ms >= TRIAL_MS and (self.signed_on or not trial.hardware)

    def _well(self, till: Till) -> bool:
        """Whether this run has lasted as long as a trial, link or no link: it is not one of those that were cut off."""
        return till.now.monotonic_ms - self.tried_ms >= TRIAL_MS

    def _lost(self, till: Till, trial: Trial) -> bool:
        """Whether a change of the network has cut the terminal off."""
        waited_ms = till.now.monotonic_ms - self.tried_ms
        return trial.network and not self.reached and not self.restart and waited_ms >= REACH_MS

    def _say_returned(self, till: Till, rev: int, to_rev: int, heard: Heard) -> None:
        till.append(SettingsReturned(rev, to_rev, heard.code or NETWORK_LOST, heard.reason))
        till.refused(Refusal(BAD, text("setting__returned", rev=rev, to=to_rev)))

    # --- what the fleet is told ---------------------------------------------------------------------------------------

    def _tell(self, till: Till) -> None:
        """Whenever any of it changed, and at every connection."""
        look = self._look(till)
        if look != self.told:
            self.told = look
            told = msgspec.structs.replace(look, at_ms=max(0, till.now.wall_ms), clock=till.now.clock)
            till.emit(Tell(told))

    def _look(self, till: Till) -> Reported:
        book, settings, status = till.book, till.settings, self._status(till)
        heard = self._missing(till) if status == "pending" else book.heard
        drift = tuple(Drift(each.path, each.owner, each.at_ms) for each in book.overrides)
        return Reported(
            heard.rev, settings.revision, status, self._digest(settings), 0, "floor", heard.code,
            heard.path, heard.reason, heard.rollout, drift, till.software, lock.locked(till.ledger),
            update.look(till.ledger), self.unreadable,
        )  # fmt: skip

    def _missing(self, till: Till) -> Heard:
        """What was heard last, with the file it waits for and why that has not come."""
        heard, missed = till.book.heard, self.missed
        waits = _waiting(till.book.staged, self.fetched) if missed is not None else ()
        file = next((each for each in waits if missed is not None and each.sha256 == missed.sha256), None)
        if file is None or missed is None:
            return heard
        return msgspec.structs.replace(heard, code=missed.code, path=f"blobs.{file.name}", reason=missed.reason)

    def _status(self, till: Till) -> Status:
        if self.swap:
            return "waiting_idle"
        staged = till.book.staged
        if till.book.heard.status != "staged" or staged is None:
            return "applied" if till.book.heard.status == "staged" else till.book.heard.status
        held = staged.not_before_ms or staged.expires_ms
        timely = not held or (till.now.trusted and till.now.wall_ms >= staged.not_before_ms)
        return "waiting_idle" if timely and not _waiting(staged, self.fetched) else "pending"

    def _digest(self, settings: Settings) -> str:
        if self.digest[0] is not settings:
            self.digest = settings, books.digest(settings)
        return self.digest[1]


def _waiting(staged: Staged | None, fetched: frozenset[str] = frozenset()) -> tuple[books.File, ...]:
    """Files of what waits that are not here."""
    files = staged.version.files if staged is not None else ()
    return tuple(each for each in files if each.sha256 not in fetched)


def _file(book: SettingsBook, name: str) -> str:
    """Which file of this name goes with what is in force, by digest."""
    return next((each.sha256 for each in book.applied.files if each.name == name), "")


def _expired(till: Till, staged: Staged) -> bool:
    return bool(till.now.trusted and staged.expires_ms and staged.expires_ms <= till.now.wall_ms)


def _files(book: SettingsBook) -> frozenset[str]:
    """Every file that any of the book's documents needs."""
    versions = (book.applied, book.good, book.staged.version if book.staged else None)
    return frozenset(each.sha256 for version in versions if version is not None for each in version.files)


def _switched(till: Till, book: SettingsBook, staged: Staged) -> SettingsBook:
    """What waits is in force; with what its change may have cost: the way to the broker, devices."""
    settings, _ = books.in_force(staged.version, till.book.overrides)
    trial, good = book.trial, book.good
    proven = till.settings if trial is None or good is None else books.in_force(good, till.book.overrides)[0]
    paths = set(changed(proven, settings))
    there = trial.devices if trial is not None and trial.hardware else _devices(till)
    return books.switched(book, bool(paths & set(books.NETWORK)), there if paths & set(books.HARDWARE) else None)


def _devices(till: Till) -> tuple[str, ...]:
    """Devices that answer."""
    seen = till.devices
    there = {"keypad": seen.keypad, "scanner": seen.scanner, "printer": seen.printer not in ("offline", "none")}
    return tuple(name for name, is_there in there.items() if is_there)
