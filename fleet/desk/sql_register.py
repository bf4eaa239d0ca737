"""The register of terminals, and one look at all that is known of them, within one transaction."""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from fleet.admin import Registered, TerminalLook, Where
from fleet.desk.in_force import in_force
from fleet.desk.link import Hearing
from fleet.desk.tables import desired, register, reported, rollout_terminals
from fleet.sql_dialect import about, among, put
from fleet.sql_tables import epochs, terminals
from wire.fleet import Reported
from wire.messages import State

PAGE = 500
IDS_AT_ONCE = 500
"""Numbers in one IN (...): both databases have a bound on parameters."""


class Meant(NamedTuple):
    """Whom a choice of terminals means: their entries, by number; how many of these somebody made."""

    rows: list[Registered]
    entered: int


class RegisterBooks:
    """Who belongs to the fleet, and how each of them is."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def put(self, row: Registered, now_ms: int) -> None:
        values = {
            "terminal": row.terminal, "shop": row.shop, "grp": row.group, "tags": _tags_text(row.tags), "note": row.note,
            "retired": int(row.retired), "changed_ms": now_ms,
        }  # fmt: skip
        put(self._db, register, values)

    def get(self, terminal: str) -> Registered | None:
        row = self._db.execute(sa.select(register).where(register.c.terminal == terminal)).first()
        return _registered(row) if row else None

    def registered(self, terminals_: Iterable[str]) -> dict[str, Registered]:
        """Entries of these terminals; those without one are not in it."""
        query = sa.select(register).where(among(self._db, register.c.terminal, set(terminals_)))
        return {row.terminal: _registered(row) for row in self._db.execute(query)}

    def entered_since(self, terminals_: Iterable[str], at_ms: int) -> list[Registered]:
        """Entries of these terminals that were made or changed since, by number."""
        query = sa.select(register).where(among(self._db, register.c.terminal, set(terminals_)))
        query = query.where(register.c.changed_ms >= at_ms).order_by(register.c.terminal)
        return [_registered(row) for row in self._db.execute(query)]

    def held(self, terminals_: Iterable[str]) -> dict[str, int]:
        """Those of these terminals that an open roll-out holds, with its number."""
        it, names = rollout_terminals.c, set(terminals_)
        query = sa.select(it.terminal, it.rollout).where(it.live > 0, about(self._db, it.terminal, names))
        return {terminal: number for terminal, number in self._db.execute(query).all() if terminal in names}

    def unregistered(self, only: Collection[str] = ()) -> list[str]:
        """Terminals that speak and that nobody entered, all or only of these, by number."""
        query = sa.select(terminals.c.terminal).outerjoin(register, register.c.terminal == terminals.c.terminal)
        query = query.where(register.c.terminal.is_(None))
        query = query.where(among(self._db, terminals.c.terminal, set(only))) if only else query
        return list(self._db.execute(query.order_by(terminals.c.terminal)).scalars())

    def with_layer(self, layer: str) -> list[Registered]:
        """Registered terminals that a layer touches, retired ones left out, by number."""
        kind, _, name = layer.partition(":")
        query = sa.select(register).where(register.c.retired == 0).order_by(register.c.terminal)
        match kind:
            case "group":
                query = query.where(register.c.grp == name)
            case "shop":
                query = query.where(register.c.shop == name)
            case "tag":
                query = query.where(_has_tag(name))
            case "terminal":
                query = query.where(register.c.terminal == name)
        return [_registered(row) for row in self._db.execute(query)]

    def select(self, where: Where, hearing: Hearing) -> list[TerminalLook]:
        """All terminals that meet it, by number."""
        found: list[TerminalLook] = []
        after = ""
        while page := self._page(where, after, PAGE, hearing):
            found += [look for look in page if fits(where, look)]
            after = page[-1].terminal
        return found

    def meant(self, where: Where, hearing: Hearing) -> Meant:
        """All terminals that meet it; those nobody entered have an empty entry. How each of them is, is read only if it is
        asked about."""
        if _asks_how_they_are(where):
            looks = self.select(where, hearing)
            rows = [
                Registered(look.terminal, look.shop, look.group, look.tags, look.note, look.retired) for look in looks
            ]
            return Meant(rows, sum(look.registered for look in looks))
        rows = self._entries(where)
        if where.tags or where.without:
            rows = [row for row in rows if _is_meant(where, row)]
        others = [] if _scopes(where) else [Registered(name) for name in self.unregistered(where.terminals)]
        return Meant(sorted((*rows, *others), key=lambda row: row.terminal) if others else rows, len(rows))

    def _entries(self, where: Where) -> list[Registered]:
        query = sa.select(register.c.terminal, *_ENTRY).where(*_scopes(where)).order_by(register.c.terminal)
        query = query if where.retired else query.where(register.c.retired == 0)
        if where.terminals:
            query = query.where(among(self._db, register.c.terminal, set(where.terminals)))
        return [
            Registered(name, shop, group, _tags(tags), note, bool(retired))
            for name, shop, group, tags, note, retired in self._db.execute(query).all()
        ]

    def page(self, where: Where, after: str, limit: int, hearing: Hearing) -> tuple[list[TerminalLook], bool]:
        """The next terminals above `after` that meet it, and whether there are more."""
        found: list[TerminalLook] = []
        while page := self._page(where, after, PAGE, hearing):
            for look in page:
                if fits(where, look):
                    if len(found) == limit:
                        return found, True
                    found.append(look)
            after = page[-1].terminal
        return found, False

    def _page(self, where: Where, after: str, limit: int, hearing: Hearing) -> list[TerminalLook]:
        """Rows after `after`, narrowed by what the database can tell; `fits` decides."""
        if len(set(where.terminals)) > IDS_AT_ONCE:
            return self._page_of_many(where, after, limit, hearing)
        ids = _ids(where, after, limit)
        held = sa.select(sa.func.max(rollout_terminals.c.rollout)).where(
            rollout_terminals.c.live > 0, rollout_terminals.c.terminal == ids.c.terminal
        )
        query = (
            sa.select(ids.c.terminal.label("id"), *_COLUMNS, held.scalar_subquery().label("rollout"))
            .select_from(
                ids.outerjoin(register, register.c.terminal == ids.c.terminal)
                .outerjoin(terminals, terminals.c.terminal == ids.c.terminal)
                .outerjoin(desired, desired.c.terminal == ids.c.terminal)
                .outerjoin(reported, reported.c.terminal == ids.c.terminal)
                .outerjoin(epochs, sa.and_(epochs.c.terminal == ids.c.terminal, epochs.c.epoch == terminals.c.epoch))
            )
            .order_by(ids.c.terminal)
            .limit(limit)
        )
        return [_look(row, hearing) for row in self._db.execute(query)]

    def _page_of_many(self, where: Where, after: str, limit: int, hearing: Hearing) -> list[TerminalLook]:
        rest = [each for each in sorted(set(where.terminals)) if each > after]
        found: list[TerminalLook] = []
        for some in chunks(rest):
            some_of = msgspec.structs.replace(where, terminals=tuple(some))
            found += self._page(some_of, after, limit - len(found), hearing)
            if len(found) >= limit:
                break
        return found


def _ids(where: Where, after: str, limit: int) -> sa.Subquery:
    """The next numbers of terminals, of those registered and of those who speak; each read no further than needed."""
    conditions = _scopes(where)
    sources = [register] if conditions else [register, terminals]
    pages = []
    for source in sources:
        page = sa.select(source.c.terminal).where(source.c.terminal > after, *conditions)
        if where.terminals:
            page = page.where(source.c.terminal.in_(sorted(set(where.terminals))))
        pages.append(sa.select(page.order_by(source.c.terminal).limit(limit).subquery().c.terminal))
    return sa.union(*pages).subquery()


def _scopes(where: Where) -> list[sa.ColumnElement[bool]]:
    """What only the register says."""
    named = ((where.shop, register.c.shop), (where.group, register.c.grp))
    return [there == wanted for wanted, there in named if wanted] + [_has_tag(tag) for tag in where.tags]


_ENTRY = (register.c.shop, register.c.grp, register.c.tags, register.c.note, register.c.retired)
_COLUMNS = (
    register.c.terminal.label("registered"), register.c.shop, register.c.grp, register.c.tags, register.c.note,
    register.c.retired, terminals.c.state, terminals.c.state_ms, terminals.c.seen_ms, epochs.c.upto, desired.c.rev,
    desired.c.sha256, desired.c.at_ms, desired.c.due_ms, desired.c.sent_ms, reported.c.body, reported.c.got_ms,
)  # fmt: skip


def _look(row: Any, hearing: Hearing) -> TerminalLook:
    state = msgspec.json.decode(row.state, type=State) if row.state else None
    state_ms, seen_ms = row.state_ms or 0, row.seen_ms or 0
    told = msgspec.json.decode(row.body, type=Reported) if row.body else None
    due = max(0, state.next_seq - 1 - (row.upto or 0)) if state is not None and state.next_seq else 0
    return TerminalLook(
        terminal=row.id, registered=row.registered is not None, shop=row.shop or "", group=row.grp or "",
        tags=_tags(row.tags), note=row.note or "", retired=bool(row.retired),
        link=hearing.link(state, state_ms, seen_ms), state=state, state_ms=state_ms, seen_ms=seen_ms, backlog=due,
        desired_rev=row.rev or 0, desired_sha256=row.sha256 or "", desired_ms=row.at_ms or 0, unpublished=bool(row.due_ms),
        rev=in_force(state, state_ms, told.rev if told else 0, row.got_ms or 0), reported=told, reported_ms=row.got_ms or 0,
        rollout=row.rollout or 0,
    )  # fmt: skip


def _is_meant(where: Where, row: Registered | TerminalLook) -> bool:
    """By its entry alone."""
    return (
        (where.retired or not row.retired)
        and (not where.shop or row.shop == where.shop)
        and (not where.group or row.group == where.group)
        and set(where.tags) <= set(row.tags)
        and not set(where.without) & set(row.tags)
    )


def _asks_how_they_are(where: Where) -> bool:
    """Whether more is asked than an entry says."""
    return bool(where.software or where.status) or any(
        wanted is not None for wanted in (where.link, where.online, where.drift, where.registered)
    )


def fits(where: Where, look: TerminalLook) -> bool:
    """Whether a terminal meets all that is asked, but for the numbers, which the database has seen to."""
    state, heard = look.state, look.reported
    return (
        _is_meant(where, look)
        and (not where.software or (state is not None and state.software == where.software))
        and (not where.status or (heard.status if heard is not None else "none") == where.status)
        and (where.link is None or look.link == where.link)
        and (where.online is None or (look.link == "online") == where.online)
        and (where.drift is None or bool(heard is not None and heard.drift) == where.drift)
        and (where.registered is None or look.registered == where.registered)
    )


def chunks(names: list[str]) -> Iterator[list[str]]:
    """So many at a time as one statement takes."""
    return (names[start : start + IDS_AT_ONCE] for start in range(0, len(names), IDS_AT_ONCE))


def _has_tag(tag: str) -> sa.ColumnElement[bool]:
    return register.c.tags.contains(f" {tag} ", autoescape=True)


def _tags_text(tags: Iterable[str]) -> str:
    words = sorted(set(tags))
    return f" {' '.join(words)} " if words else ""


@lru_cache(maxsize=1_024)
def _tags(text: str | None) -> tuple[str, ...]:
    return tuple((text or "").split())


def _registered(row: Any) -> Registered:
    terminal, shop, group, tags, note, retired, _changed_ms = row
    return Registered(terminal, shop, group, _tags(tags), note, bool(retired))
