"""Roll-outs, their terminals and their history, within one transaction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from fleet.admin import Plan, Release, RolloutNote, RolloutState, RolloutTerminal, Where
from fleet.desk.sql_register import chunks
from fleet.desk.tables import orders, passages, register, reported, rollout_notes, rollout_terminals, rollouts
from fleet.rollouts.engine import STICKY, TOUCHED, Rate, Seen
from fleet.sql_dialect import put
from fleet.sql_events import events
from fleet.sql_tables import terminals
from wire.fleet import Order, Reply, Reported, Update
from wire.records import ClockState

OPEN: tuple[RolloutState, ...] = ("waiting", "running", "paused", "reverting")
_it = rollout_terminals.c
_newest = orders.alias("newest")
_update = orders.alias("an_update")
_NEWEST_CID = (
    sa.select(_update.c.cid)
    .where(_update.c.terminal == _it.terminal, _update.c.name == "update", _update.c.status != "superseded")
    .order_by(_update.c.issued_ms.desc(), _update.c.cid.desc())
    .limit(1)
    .correlate(rollout_terminals)
    .scalar_subquery()
)
"""Of the update a terminal was ordered last."""


class Body(msgspec.Struct, frozen=True):
    """What a roll-out was started with. `silent`: how many of its terminals were silent then."""

    release: Release
    plan: Plan
    where: Where
    silent: int


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """One roll-out. `baking_ms`: since when its stage is watched; `verdict`: what was decided last, and why."""

    number: int
    state: RolloutState
    live: int
    body: bytes
    stage: int
    size: int
    who: str
    why: str
    started_ms: int
    changed_ms: int
    approved_by: str = ""
    grown_ms: int = 0
    baking_ms: int = 0
    verdict: str = ""

    def read(self) -> Body:
        return msgspec.json.decode(self.body, type=Body)


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One terminal of a roll-out. `before`, `target`: addresses of documents; `cid`: of the update."""

    rollout: int
    terminal: str
    place: int
    state: str
    live: int
    before: str
    target: str
    rev: int = 0
    cid: str = ""
    pushed_ms: int = 0
    settled_ms: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Terminals that had the same document and are to have the same one. `terminals`: the first of them in their turn."""

    before: str
    target: str
    terminals: tuple[str, ...]
    count: int


class RolloutBooks:
    """Everything about roll-outs that is kept."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    # --- roll-outs ---

    def next_number(self) -> int:
        return int(self._db.execute(sa.select(sa.func.coalesce(sa.func.max(rollouts.c.number), 0))).scalar_one()) + 1

    def put(self, row: RolloutRow) -> None:
        put(self._db, rollouts, {name: getattr(row, name) for name in RolloutRow.__slots__})

    def get(self, number: int) -> RolloutRow | None:
        row = self._db.execute(sa.select(rollouts).where(rollouts.c.number == number)).first()
        return RolloutRow(*row) if row else None

    def seen(self, open_only: bool, limit: int) -> list[RolloutRow]:
        """Newest first."""
        query = sa.select(rollouts).order_by(rollouts.c.number.desc()).limit(limit)
        if open_only:
            query = query.where(rollouts.c.live > 0)
        return [RolloutRow(*row) for row in self._db.execute(query)]

    def note(self, number: int, at_ms: int, what: str, detail: str, who: str) -> None:
        it = rollout_notes.c
        query = sa.select(sa.func.coalesce(sa.func.max(it.number), 0)).where(it.rollout == number)
        place = int(self._db.execute(query).scalar_one()) + 1
        values = {"rollout": number, "number": place, "at_ms": at_ms, "what": what, "detail": detail, "who": who}
        self._db.execute(sa.insert(rollout_notes), values)

    def notes(self, number: int) -> tuple[RolloutNote, ...]:
        it = rollout_notes.c
        query = sa.select(it.at_ms, it.what, it.detail, it.who).where(it.rollout == number).order_by(it.number)
        return tuple(RolloutNote(**row._mapping) for row in self._db.execute(query))

    # --- terminals of one ---

    def add_members(self, rows: list[MemberRow]) -> None:
        values = [{name: getattr(row, name) for name in MemberRow.__slots__} for row in rows]
        if values:
            self._db.execute(sa.insert(rollout_terminals), values)

    def counts(self, number: int) -> dict[str, int]:
        """How many terminals are in each state."""
        query = sa.select(_it.state, sa.func.count()).where(_it.rollout == number).group_by(_it.state)
        return {row[0]: row[1] for row in self._db.execute(query.order_by(_it.state))}

    def under_way(self, number: int) -> dict[str, int]:
        """How many were given the new thing and have neither refused it nor have it in force, by what they say of it."""
        query = sa.select(_it.reason, sa.func.count()).where(_it.rollout == number, _it.state == "pushed")
        return {row[0]: row[1] for row in self._db.execute(query.group_by(_it.reason).order_by(_it.reason))}

    def untouched(self, number: int, below: int) -> list[MemberRow]:
        """Terminals whose turn is before `below` and that have been given nothing yet."""
        query = sa.select(rollout_terminals).where(_it.rollout == number, _it.state == "untouched", _it.place < below)
        return [MemberRow(*row) for row in self._db.execute(query.order_by(_it.place))]

    def touched(self, number: int, limit: int) -> list[MemberRow]:
        """Terminals that have the new thing and not the old one back."""
        query = sa.select(rollout_terminals).where(_it.rollout == number, _it.state.in_(TOUCHED)).order_by(_it.place)
        return [MemberRow(*row) for row in self._db.execute(query.limit(limit))]

    def scopes(self, names: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Shop and group of terminals."""
        found: dict[str, tuple[str, str]] = {}
        for some in chunks(sorted(set(names))):
            query = sa.select(register.c.terminal, register.c.shop, register.c.grp).where(register.c.terminal.in_(some))
            found |= {row.terminal: (row.shop, row.grp) for row in self._db.execute(query)}
        return found

    def to_judge(self, number: int, version: str, silent_before_ms: int) -> list[tuple[MemberRow, Seen]]:
        """Touched terminals whose state may be another now. `version`: what they were ordered to install, "" nothing."""
        return self._seen(
            version, _it.place, _it.rollout == number,
            _it.state.in_([state for state in TOUCHED if state not in STICKY]),
            sa.or_(
                _it.state != "applied", _it.cid != "", terminals.c.seen_ms <= silent_before_ms,
                reported.c.status != "applied", reported.c.desired_rev != _it.rev,
            ),
        )  # fmt: skip

    def reverting(self, number: int, version: str) -> list[tuple[MemberRow, Seen]]:
        """Terminals that were given back what they had and have not said that they have it."""
        return self._seen(version, _it.place, _it.rollout == number, _it.state == "reverting", back=True)

    def late(self, version_of: Callable[[int], str], limit: int) -> list[tuple[MemberRow, Seen]]:
        """Terminals of any roll-out that had not said so in time, and have spoken of their settings since. One that was
        ordered another release since has nothing to say before it has that."""
        where = (
            _it.state == "unreverted", reported.c.got_ms > _it.settled_ms,
            sa.or_(_it.cid == "", _newest.c.cid.is_(None), _newest.c.cid == _it.cid, _newest.c.status == "done"),
        )  # fmt: skip
        found = self._seen("", reported.c.got_ms.desc(), *where, limit=limit, back=True)
        return [(member, replace(seen, version=version_of(member.rollout))) for member, seen in found]

    def ordered_since(self, number: int, members: list[MemberRow], version: str) -> dict[str, str]:
        """Those that were ordered another release than `version` since this roll-out ordered it, and which."""
        found: dict[str, str] = {}
        both = rollout_terminals.join(_newest, _newest.c.cid == _NEWEST_CID)
        query = (
            sa.select(_it.terminal, _newest.c.text)
            .select_from(both)
            .where(_it.rollout == number, _newest.c.cid != _it.cid)
        )
        for some in chunks([each.terminal for each in members]):
            for row in self._db.execute(query.where(_it.terminal.in_(some))):
                command = msgspec.json.decode(row.text, type=Order).command
                if isinstance(command, Update) and command.version != version:
                    found[row.terminal] = command.version
        return found

    def _seen(
        self, version: str, order: Any, *where: sa.ColumnElement[bool], limit: int | None = None, back: bool = False
    ) -> list[tuple[MemberRow, Seen]]:
        """`back`: look for newer orders, too."""
        tables = (
            rollout_terminals.outerjoin(terminals, terminals.c.terminal == _it.terminal)
            .outerjoin(reported, reported.c.terminal == _it.terminal)
            .outerjoin(orders, orders.c.cid == _it.cid)
        )  # fmt: skip
        newest = (_newest.c.cid, _newest.c.status) if back else (sa.null(), sa.null())
        query = (
            sa.select(
                rollout_terminals, terminals.c.seen_ms.label("seen"), terminals.c.state.label("stands"),
                reported.c.body.label("said"),
                orders.c.status.label("order"), orders.c.reply.label("reply"),
                newest[0].label("newest"), newest[1].label("newer"),
            )
            .select_from(tables.outerjoin(_newest, _newest.c.cid == _NEWEST_CID) if back else tables)
            .where(*where)
            .order_by(order)
            .limit(limit)
        )  # fmt: skip
        width = len(MemberRow.__slots__)
        found = []
        for row in self._db.execute(query):
            member = MemberRow(*row[:width])
            said = msgspec.json.decode(row.said, type=Reported) if row.said else None
            has_code = row.order in ("refused", "accepted") and row.reply
            reply = msgspec.json.decode(row.reply, type=Reply) if has_code else None
            code, why = (reply.code, reply.reason) if reply is not None else (0, "")
            stands = msgspec.json.decode(row.stands, type=_Stands) if row.stands else _Stands()
            newer = row.newer if row.newest and row.newest != member.cid else ""
            seen = Seen(
                member.state, member.rev, member.pushed_ms, row.seen or 0, said, member.cid, row.order or "",
                version, code, newer, stands.clock == "trusted", stands.online, why=why,
            )  # fmt: skip
            found.append((member, seen))
        return found

    def settle(self, changes: list[tuple[MemberRow, str, str]], now_ms: int) -> None:
        """Write down new states with their reasons."""
        for row, state, reason in changes:
            where = (_it.rollout == row.rollout, _it.terminal == row.terminal)
            change = sa.update(rollout_terminals).where(*where)
            self._db.execute(change.values(state=state, reason=reason[:200], settled_ms=now_ms))

    def given(self, number: int, names: list[str], state: str, now_ms: int, rev: int, cids: dict[str, str]) -> None:
        """These were given the new thing, or the old one back."""
        for some in chunks(names):
            change = sa.update(rollout_terminals).where(_it.rollout == number, _it.terminal.in_(some))
            self._db.execute(change.values(state=state, rev=rev, pushed_ms=now_ms, settled_ms=0, reason=""))
        for terminal, cid in cids.items():
            change = sa.update(rollout_terminals).where(_it.rollout == number, _it.terminal == terminal)
            self._db.execute(change.values(cid=cid))

    def retarget(self, number: int, targets: dict[str, str]) -> None:
        """These are to have other documents than was planned."""
        for terminal, target in targets.items():
            change = sa.update(rollout_terminals).where(_it.rollout == number, _it.terminal == terminal)
            self._db.execute(change.values(target=target))

    def give_up(self, number: int, reason: str, now_ms: int) -> None:
        """Nobody waits any longer for those that have not said that they have back what they had."""
        change = sa.update(rollout_terminals).where(_it.rollout == number, _it.state == "reverting")
        self._db.execute(change.values(state="unreverted", reason=reason, settled_ms=now_ms))

    def unreverted(self, number: int, limit: int) -> tuple[str, ...]:
        """Those that were given back what they had and have not said so, in their turn."""
        query = sa.select(_it.terminal).where(_it.rollout == number, _it.state.in_(("reverting", "unreverted")))
        return tuple(self._db.execute(query.order_by(_it.place).limit(limit)).scalars())

    def free(self, number: int) -> None:
        """The roll-out holds its terminals no longer."""
        self._db.execute(sa.update(rollout_terminals).where(_it.rollout == number).values(live=0))

    def members(self, number: int, limit: int) -> tuple[RolloutTerminal, ...]:
        """Those that were touched, in their turn."""
        names = (_it.terminal, _it.place, _it.state, _it.pushed_ms, _it.settled_ms, _it.reason)
        query = (
            sa.select(*names).where(_it.rollout == number, _it.state != "untouched").order_by(_it.place).limit(limit)
        )
        return tuple(RolloutTerminal(**row._mapping) for row in self._db.execute(query))

    def pairs(self, number: int, named_max: int) -> list[Pair]:
        """Documents before and after, in the turn of the first terminal of each pair; "" both for software."""
        same = (_it.before, _it.target)
        turn = sa.func.row_number().over(partition_by=same, order_by=_it.place).label("turn")
        size = sa.func.count().over(partition_by=same).label("size")
        ranked = sa.select(*same, _it.terminal, _it.place, turn, size).where(_it.rollout == number).subquery()
        query = sa.select(ranked).where(ranked.c.turn <= named_max).order_by(ranked.c.place)
        found: dict[tuple[str, str], Pair] = {}
        for row in self._db.execute(query):
            known = found.get((row.before, row.target)) or Pair(row.before, row.target, (), row.size)
            found[row.before, row.target] = replace(known, terminals=(*known.terminals, row.terminal))
        return list(found.values())

    # --- what the gates ask ---

    def silent_untouched(self, number: int, before_ms: int) -> tuple[int, int]:
        """Of the untouched terminals, how many were last heard before, and how many there are."""
        is_silent = sa.or_(terminals.c.seen_ms.is_(None), terminals.c.seen_ms <= before_ms)
        query = (
            sa.select(sa.func.coalesce(sa.func.sum(sa.case((is_silent, 1), else_=0)), 0), sa.func.count())
            .select_from(rollout_terminals.outerjoin(terminals, terminals.c.terminal == _it.terminal))
            .where(_it.rollout == number, _it.state == "untouched")
        )
        silent, count = self._db.execute(query).one()
        return int(silent), int(count)

    def rates(self, row: RolloutRow, plan: Plan, now_ms: int) -> tuple[Rate, Rate]:
        """Errors, by the counts of their reports, and crashes, as terminals tell of them at the next boot."""
        query = sa.select(sa.func.coalesce(sa.func.sum(now_ms - _it.pushed_ms), 0), sa.func.count())
        touched_ms, touched = self._db.execute(query.where(_it.rollout == row.number, _it.state.in_(TOUCHED))).one()
        baseline_ms = plan.baseline_s * 1_000
        times = (int(touched_ms), int(touched) * baseline_ms, (row.size - int(touched)) * (now_ms - row.started_ms))
        is_error, is_crash = sa.true(), passages.c.what == "crash"
        errors = self._events(row, baseline_ms, now_ms, events, events.c.when_ms, events.c.count, is_error)
        crashes = self._events(row, baseline_ms, now_ms, passages, passages.c.at_ms, sa.literal(1), is_crash)
        first, second = (
            Rate(of[0], times[0], of[1], times[1], of[2], times[2]) for of in (errors, crashes)
        )  # fmt: skip
        return first, second

    def _events(
        self, row: RolloutRow, baseline_ms: int, now_ms: int, where: sa.Table, at: Any, number: Any, kind: Any
    ) -> tuple[int, int, int]:
        """How many of touched terminals since they were touched, of the same ones before, of untouched ones since."""
        touched = _it.state.in_(TOUCHED)
        since = sa.and_(touched, at >= _it.pushed_ms)
        before = sa.and_(touched, at < _it.pushed_ms, at >= _it.pushed_ms - baseline_ms)
        others = sa.and_(_it.state == "untouched", at >= row.started_ms)
        sums = (sa.func.coalesce(sa.func.sum(sa.case((each, number), else_=0)), 0) for each in (since, before, others))
        query = (
            sa.select(*sums)
            .select_from(where.join(rollout_terminals, _it.terminal == where.c.terminal))
            .where(_it.rollout == row.number, kind, at >= row.started_ms - baseline_ms, at < now_ms)
        )
        found = self._db.execute(query).one()
        return int(found[0]), int(found[1]), int(found[2])


class _Stands(msgspec.Struct, frozen=True):
    """Of a state."""

    clock: ClockState = "floor"
    online: bool = False
