"""The software update that was ordered last, step by step (wire contract, 4; decisions 24).

Every step is a fact, so that a power cut between any two of them is gone on from. The release counts only once it has
proven well; one that does not is left by itself (9005).
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from firmware.txn import life
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal
from wire.facts import CommandEnded, Fact, UpdateMoved
from wire.fleet import Blob, Status, UpdateLook
from wire.remote_facts import UpdateFault, UpdateStage

TRIES_MAX: Final = 3
"""So often another slot is asked for that does not come to run."""

ROLLED_BACK: Final = 9005
_STATUS: Final[dict[UpdateStage, Status]] = {
    "ordered": "pending", "fetched": "waiting_idle", "installed": "waiting_idle", "trying": "trial", "kept": "applied",
    "left": "rolled_back", "failed": "rejected",
}  # fmt: skip
OVER: Final = ("kept", "left", "failed")

FAULTS_MAX: Final = 16
"""So many releases that are not to be tried again are remembered, the newest."""


class Faulty(msgspec.Struct, frozen=True):
    """A release that was refused or left for what it is, wherever it comes from."""

    sha256: str
    code: int
    reason: str


def standing(books: Reading) -> UpdateMoved | None:
    """The last step of the update that was ordered last; None: there never was one."""
    text = life.value(books, "update")
    return msgspec.json.decode(text, type=UpdateMoved) if text else None


def under_way(books: Reading) -> UpdateMoved | None:
    """`standing`, as long as its end is open."""
    found = standing(books)
    return found if found is not None and found.stage not in OVER else None


def faulty(books: Reading, bundle: Blob) -> Faulty | None:
    """What was wrong with this very release, if it was tried before."""
    return next((each for each in _faults(books) if each.sha256 == bundle.sha256), None)


def _faults(books: Reading) -> tuple[Faulty, ...]:
    text = life.value(books, "update_faults")
    return msgspec.json.decode(text, type=tuple[Faulty, ...]) if text else ()


def look(books: Reading) -> UpdateLook | None:
    """What `up/reported` says of it."""
    found = standing(books)
    if found is None:
        return None
    return UpdateLook(found.cid, found.version, _STATUS[found.stage], found.code, found.reason[:200])


def bundle(step: UpdateMoved) -> Blob:
    """The file to fetch."""
    return Blob("release", step.sha256, step.size, step.url)


def ordered(ctx: Context, cid: str, version: str, blob: Blob, rollout: str) -> tuple[Fact, ...]:
    """Facts of a new order. An older one that has not come to a trial yet is given up for it."""
    before = under_way(ctx.books)
    ended = () if before is None else (_given_up_end(before, version),)
    step = UpdateMoved(
        cid, "ordered", version, blob.sha256, blob.size, blob.url, ctx.software, rollout, ordered_ms=ctx.now.wall_ms
    )
    return (*ended, step)


def given_up(ctx: Context, version: str) -> tuple[Fact, ...]:
    """Facts that end what is under way, if anything, because `version` runs and is to stay: `failed` without a code, for its
    release has no fault."""
    before = under_way(ctx.books)
    if before is None:
        return ()
    ended = _given_up_end(before, version)
    return msgspec.structs.replace(before, stage="failed", code=0, reason=ended.reason, fault=""), ended


def _given_up_end(before: UpdateMoved, version: str) -> CommandEnded:
    assert before.stage != "trying"
    return CommandEnded(before.cid, "failed", 0, f"given up for {version}")


@dataclass(frozen=True, slots=True)
class MoveUpdate:
    """The update has come so far; when that is its end, so is its command's."""

    stage: UpdateStage
    code: int = 0
    reason: str = ""
    fault: UpdateFault = ""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`UpdateMoved`, with `CommandEnded` at the end; nothing when no update is under way."""
        was = under_way(ctx.books)
        if was is None:
            return Decision()
        tries = was.tries + (self.stage == "trying")
        step = msgspec.structs.replace(
            was, stage=self.stage, code=self.code, reason=self.reason[:200], tries=tries, fault=self.fault
        )  # fmt: skip
        ended: dict[str, Fact] = {
            "kept": CommandEnded(was.cid, "done"),
            "left": CommandEnded(was.cid, "failed", self.code, self.reason[:200]),
            "failed": CommandEnded(was.cid, "failed", self.code, self.reason[:200]),
        }
        return Decision((step, *((ended[self.stage],) if self.stage in ended else ())))


def _moved(books: Books, fact: UpdateMoved, entry: Entry) -> None:
    life.keep(books, "update", msgspec.json.encode(fact).decode())
    if fact.fault == "release":
        new = Faulty(fact.sha256, fact.code, fact.reason)
        others = tuple(each for each in _faults(books) if each.sha256 != new.sha256)
        life.keep(books, "update_faults", msgspec.json.encode((*others, new)[-FAULTS_MAX:]).decode())


SUBJECT = Subject((), {UpdateMoved: _moved}, uses=("life",), version=3)
