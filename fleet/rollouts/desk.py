"""Carries out what the engine decides, and what people ask of a roll-out, within the core's transaction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from fleet import admin
from fleet.admin import Call, Policy, PushLook, Refused, RolloutLook, Waits
from fleet.desk import orders
from fleet.desk.layers import canonical, differences
from fleet.desk.link import hearing
from fleet.desk.settings import Sources, give, meant, taken, wanted
from fleet.rollouts import engine
from fleet.rollouts.engine import Complete, Halt, Next, Seen, Sight, Wait
from fleet.rollouts.sql import Body, MemberRow, RolloutRow
from fleet.rollouts.windows import is_open, opens_ms
from fleet.rollouts.words import named
from fleet.store import Books
from wire.fleet import Blob, Update

GIVEN_AT_ONCE_MAX = 1_000
"""Terminals that one tick touches, or gives the old thing back: the records of others wait meanwhile."""
LATE_AT_ONCE_MAX = 500
NAMED_MAX = 10
"""Terminals a line of the history names, and each change."""
ORDER_EXPIRY_S = admin.EXPIRY_S_MAX
"""An update is taken as late as this; the roll-out counts silence long before."""
COMPARED_MAX = 500
"""Different pairs of documents, before and after, that are compared to show what a roll-out changes."""
OF_THE_DEVICE = ("network", "hardware", "keys", "printer", "drawer", "scanner")
"""Sections that stay as pushed when a terminal that never had settings is to have none again: without them it might be out
of reach, and could not be given anything."""


# --- what people ask --------------------------------------------------------------------------------------------------


def start(books: Books, call: Call, request: admin.StartRollout, now_ms: int) -> admin.Reply:
    """Plan a roll-out; the first terminals are touched at the next tick, when it needs no approval."""
    policy = books.fleet.policy.get()
    plan = request.plan or policy.plan
    if fault := engine.plan_fault(plan):
        return Refused(reason="plan", detail=fault)
    chosen = _chosen(books, request, now_ms)
    if isinstance(chosen, Refused):
        return chosen
    absent = set(request.plan.first) - chosen.keys() if request.plan is not None else ()  # a policy's plan is for any
    if absent:
        return Refused(reason="first", terminals=tuple(sorted(absent))[:100])
    held = books.fleet.register.held(chosen)
    if held:
        return taken(held)
    number = books.fleet.rollouts.next_number()
    silent = _silent(books, plan, chosen, now_ms)
    first = {terminal: place for place, terminal in enumerate(plan.first)}

    def turn(terminal: str) -> tuple[Any, ...]:
        return first.get(terminal, len(first)), terminal in silent, engine.turn(number, terminal)

    members = [
        MemberRow(number, terminal, place, "untouched", 1, *chosen[terminal])
        for place, terminal in enumerate(sorted(chosen, key=turn))
    ]
    body = msgspec.json.encode(Body(request.release, plan, request.where, len(silent)))
    state: admin.RolloutState = "waiting" if policy.four_eyes else "running"
    row = RolloutRow(number, state, 1, body, 0, len(members), call.by.name, call.why, now_ms, now_ms)
    books.fleet.rollouts.put(row)
    books.fleet.rollouts.add_members(members)
    _note(books, row, now_ms, "start", f"{len(members)} terminals; {call.why}", call.by.name)
    return show(books, number, 0, now_ms)


def _chosen(books: Books, request: admin.StartRollout, now_ms: int) -> dict[str, tuple[str, str]] | Refused:
    """Who is to change, with the addresses of what each has and is to have ("" both for software)."""
    meant_ = meant(books, request.where, now_ms)
    if isinstance(meant_, Refused):
        return meant_
    rows = meant_.rows
    if isinstance(request.release, admin.SoftwareRelease):
        where = admin.Where(terminals=tuple(row.terminal for row in rows))
        looks = books.fleet.register.select(where, hearing(books, now_ms)) if rows else []
        version = request.release.version
        found = {each.terminal: ("", "") for each in looks if each.state is None or each.state.software != version}
    else:
        all_, wrong = wanted(books, rows)
        if wrong:
            return Refused(reason="faults", faults=wrong)
        found = {each.terminal: (each.before, each.sha256) for each in all_ if each.changed}
    return found or Refused(reason="nobody")


def _silent(books: Books, plan: admin.Plan, chosen: dict[str, tuple[str, str]], now_ms: int) -> set[str]:
    looks = books.fleet.register.select(admin.Where(terminals=tuple(chosen)), hearing(books, now_ms))
    before_ms = now_ms - plan.silent_after_s * 1_000
    return {look.terminal for look in looks if look.link != "online" and look.seen_ms <= before_ms}


_ACTS: dict[str, tuple[tuple[str, ...], admin.RolloutState]] = {
    "approve": (("waiting",), "running"),
    "pause": (("running",), "paused"),
    "resume": (("paused",), "running"),
    "abort": (("waiting", "running", "paused", "reverting"), "aborted"),
    "revert": (("running", "paused", "halted"), "reverting"),
}
"""From which states each act leads where. A complete roll-out is taken back by another one of the old settings."""


def acts(state: admin.RolloutState) -> tuple[str, ...]:
    """What may be asked of a roll-out in this state."""
    return tuple(name for name, (allowed, _) in _ACTS.items() if state in allowed)


def act(books: Books, call: Call, request: admin.RolloutAct, now_ms: int) -> admin.Reply:
    """Approve, pause, resume, abort or revert."""
    row = books.fleet.rollouts.get(request.rollout)
    if row is None:
        return Refused(reason="unknown_rollout", detail=str(request.rollout))
    allowed, state = _ACTS[request.act]
    if row.state not in allowed:
        return Refused(reason="wrong_state", detail=row.state)
    if request.act == "approve":
        if row.who == call.by.name and books.fleet.policy.get().four_eyes:
            return Refused(reason="four_eyes", detail=row.who)
        row = replace(row, approved_by=call.by.name)
    if request.act == "revert" and row.state == "halted":
        touched = [member.terminal for member in books.fleet.rollouts.touched(row.number, row.size)]
        held = books.fleet.register.held(touched)
        if held:
            return taken(held)
        row = replace(row, live=1)
    if request.act == "revert":  # why it is taken back, for its status and the push that does it
        row = replace(row, verdict=call.why or (row.verdict if row.state == "halted" else ""))
    row = replace(row, state=state, changed_ms=now_ms, live=0 if state == "aborted" else row.live)
    books.fleet.rollouts.put(row)
    if state == "aborted":
        books.fleet.rollouts.free(row.number)
        books.fleet.rollouts.give_up(row.number, "aborted", now_ms)
    _note(books, row, now_ms, request.act, call.why, call.by.name)
    return show(books, row.number, 0, now_ms)


def look(books: Books, row: RolloutRow) -> RolloutLook:
    """A roll-out at a glance."""
    body = row.read()
    return RolloutLook(
        rollout=row.number, release=body.release, state=row.state, stage=row.stage, stages=len(body.plan.stages),
        size=row.size, counts=books.fleet.rollouts.counts(row.number), who=row.who, why=row.why,
        started_ms=row.started_ms, changed_ms=row.changed_ms, approved_by=row.approved_by, baking_ms=row.baking_ms,
        verdict=row.verdict,
    )  # fmt: skip


def show(books: Books, number: int, limit: int, now_ms: int, with_changes: bool = True) -> admin.Reply:
    """A roll-out with its history, its gates, its touched terminals and what it changes at whom."""
    row = books.fleet.rollouts.get(number)
    if row is None:
        return Refused(reason="unknown_rollout", detail=str(number))
    body = row.read()
    sight = _sight(books, row, body, now_ms)
    changes, uncompared = _changes(books, number) if with_changes else ((), 0)
    return admin.RolloutShown(
        look=look(books, row), plan=body.plan, where=body.where,
        gates=engine.gates(sight) if row.state in ("running", "paused") else (), waits=_waits(books, row, sight, now_ms),
        history=books.fleet.rollouts.notes(number), terminals=books.fleet.rollouts.members(number, limit),
        unreverted=books.fleet.rollouts.unreverted(number, admin.LIMIT_MAX), changes=changes, uncompared=uncompared,
    )  # fmt: skip


def _changes(books: Books, number: int) -> tuple[tuple[admin.RolloutChange, ...], int]:
    """What it changes at whom, as its dry run would say it, and how many terminals are left out of that."""
    sources = Sources(books.fleet.settings)
    found: dict[bytes, admin.RolloutChange] = {}
    uncompared = 0
    for place, pair in enumerate(books.fleet.rollouts.pairs(number, NAMED_MAX)):
        if place >= COMPARED_MAX:
            uncompared += pair.count
            continue
        changes = differences(sources.meaning(pair.before), sources.meaning(pair.target)) if pair.target else ()
        key = canonical(changes)
        same = found.get(key) or admin.RolloutChange(terminals=(), count=0, changes=changes)
        named_ = (*same.terminals, *pair.terminals)[:NAMED_MAX]
        found[key] = admin.RolloutChange(terminals=named_, count=same.count + pair.count, changes=changes)
    return tuple(found.values()), uncompared


def _waits(books: Books, row: RolloutRow, sight: Sight, now_ms: int) -> tuple[Waits, ...]:
    """Why nothing more happens just now."""
    match row.state:
        case "waiting":
            return (Waits(what="approval"),)
        case "reverting":
            return (Waits(what="back", terminals=sight.counts.get("reverting", 0)),)
        case "running" | "paused":
            at_terminals = engine.waits(sight, books.fleet.rollouts.under_way(row.number))
            if row.state == "paused":
                return (Waits(what="paused"), *at_terminals)
            return (*_turns(books, row, sight, now_ms), *at_terminals)
        case _:
            return ()


def _turns(books: Books, row: RolloutRow, sight: Sight, now_ms: int) -> list[Waits]:
    """Those whose turn it is and that were given nothing yet: now, or when their shop's window opens."""
    policy = books.fleet.policy.get()
    turn, scopes = _turn(books, row, policy, engine.stage_size(sight.plan, row.size, row.stage))
    closed = [scope for scope in (scopes[each.terminal] for each in turn) if not is_open(policy, *scope, now_ms)]
    found = []
    if len(turn) > len(closed):
        found.append(Waits(what="touch", terminals=len(turn) - len(closed)))
    if closed:
        opening = [at_ms for scope in sorted(set(closed)) if (at_ms := opens_ms(policy, *scope, now_ms))]
        found.append(Waits(what="window", terminals=len(closed), until_ms=min(opening, default=0)))
    return found


def _turn(
    books: Books, row: RolloutRow, policy: Policy, below: int
) -> tuple[list[MemberRow], dict[str, tuple[str, str]]]:
    """Terminals whose turn it is and that were given nothing yet, and shop and group of each, as windows go by them."""
    turn = books.fleet.rollouts.untouched(row.number, below)
    known = books.fleet.rollouts.scopes(each.terminal for each in turn) if policy.windows else {}
    return turn, {each.terminal: known.get(each.terminal, ("", "")) for each in turn}


# --- time passes ------------------------------------------------------------------------------------------------------


def tick(books: Books, now_ms: int) -> None:
    """One step of every open roll-out, and a look at who says late what was waited for."""
    policy = books.fleet.policy.get()
    for row in reversed(books.fleet.rollouts.seen(open_only=True, limit=admin.LIMIT_MAX)):
        if row.state in ("running", "paused"):
            row = _watch(books, row, now_ms)
        if row.state == "running":
            _touch(books, row, policy, now_ms)
        if row.state == "reverting":
            _take_back(books, row, now_ms)
    _hear_late(books, now_ms)


def _hear_late(books: Books, now_ms: int) -> None:
    """Who had not said in time that it is back, and says so now; or can go back only now."""
    rows: dict[int, RolloutRow] = {}

    def version_of(number: int) -> str:
        found = rows.get(number) or books.fleet.rollouts.get(number)
        if found is None:
            return ""
        rows[number] = found
        return _version(found.read().release, back=True)

    late = books.fleet.rollouts.late(version_of, LATE_AT_ONCE_MAX)
    books.fleet.rollouts.settle([(member, "reverted", "") for member, seen in late if engine.is_back(seen)], now_ms)
    for number, row in rows.items():
        if row.state == "reverted":  # and was not given up
            _order_back_again(books, row, [each for each in late if each[0].rollout == number], "unreverted", now_ms)


def _version(release: admin.Release, back: bool = False) -> str:
    """What terminals are ordered to install; "" nothing."""
    if isinstance(release, admin.SoftwareRelease):
        return release.back_version if back else release.version
    return ""


def _watch(books: Books, row: RolloutRow, now_ms: int) -> RolloutRow:
    """Judge the terminals, then the roll-out. A paused one only ever halts."""
    body = row.read()
    silent_before_ms = now_ms - body.plan.silent_after_s * 1_000
    believed_ms = hearing(books, now_ms).silent_after_ms
    changes = []
    judged = books.fleet.rollouts.to_judge(row.number, _version(body.release), silent_before_ms)
    again = _due_again(books, row, judged, now_ms) if row.state == "running" else {}
    for member, seen in judged:
        if member.terminal in again:
            continue
        state, reason = engine.judge(replace(seen, believed_ms=believed_ms), body.plan, now_ms)
        if (state, reason) != (member.state, member.reason):
            changes.append((member, state, reason))
    books.fleet.rollouts.settle(changes, now_ms)
    if again and isinstance(body.release, admin.SoftwareRelease):
        _order(books, row, list(again.values()), body.release.version, body.release.bundle, "pushed", now_ms)
        _note(books, row, now_ms, "touch", f"{len(again)} terminals", "")
    decision = engine.decide(_sight(books, row, body, now_ms), now_ms)
    match decision:
        case Halt(verdict):
            after = replace(
                row, state="reverting" if body.plan.revert else "halted", verdict=verdict, changed_ms=now_ms
            )
            after = replace(after, live=int(body.plan.revert))
            _note(books, after, now_ms, "halt", verdict, "")
        case Complete() if row.state == "running":
            after = replace(row, state="complete", live=0, verdict="complete", changed_ms=now_ms)
            _note(books, after, now_ms, "complete", f"{row.size} terminals", "")
        case Next(stage) if row.state == "running":
            size = engine.stage_size(body.plan, row.size, stage)
            after = replace(row, stage=stage, baking_ms=0, grown_ms=now_ms, verdict="", changed_ms=now_ms)
            _note(books, after, now_ms, "stage", f"{stage + 1} of {len(body.plan.stages)}: {size} terminals", "")
        case Wait(verdict, baking_ms):
            after = replace(row, verdict=verdict, baking_ms=baking_ms)
        case _:
            after = row
    if after != row:
        books.fleet.rollouts.put(after)
    if not after.live:
        books.fleet.rollouts.free(row.number)
    return after


def _due_again(
    books: Books, row: RolloutRow, judged: list[tuple[MemberRow, Seen]], now_ms: int
) -> dict[str, MemberRow]:
    """Those that could not take the order when it came, and can now; who was ordered another release since keeps that."""
    due = [member for member, seen in judged if engine.is_due_again(seen, now_ms)]
    kept = books.fleet.rollouts.ordered_since(row.number, due, _version(row.read().release)) if due else {}
    return {member.terminal: member for member in due if member.terminal not in kept}


def _sight(books: Books, row: RolloutRow, body: Body, now_ms: int) -> Sight:
    rollouts, plan = books.fleet.rollouts, body.plan
    patience_ms = max(plan.silent_after_s * 1_000, hearing(books, now_ms).silent_after_ms)
    silent, untouched = rollouts.silent_untouched(row.number, now_ms - patience_ms)
    return Sight(
        plan, row.size, row.stage, row.baking_ms, rollouts.counts(row.number),
        (silent, untouched) if untouched else (body.silent, row.size),
        *rollouts.rates(row, plan, now_ms),
    )  # fmt: skip


def _touch(books: Books, row: RolloutRow, policy: Policy, now_ms: int) -> None:
    """Give the new thing to those whose turn it is and whose shop allows it now."""
    body = row.read()
    below = engine.stage_size(body.plan, row.size, row.stage)
    turn, scopes = _turn(books, row, policy, below)
    ready = [member for member in turn if is_open(policy, *scopes[member.terminal], now_ms)]
    ready = ready[:GIVEN_AT_ONCE_MAX]
    if not ready:
        return
    if isinstance(body.release, admin.SoftwareRelease):
        _order(books, row, ready, body.release.version, body.release.bundle, "pushed", now_ms)
    else:
        to = _targets(books, row, ready, now_ms)
        _push(books, row, to, "rollout", "pushed", now_ms)
    _note(books, row, now_ms, "touch", f"{len(ready)} terminals", "")


def _targets(books: Books, row: RolloutRow, ready: list[MemberRow], now_ms: int) -> dict[str, tuple[str, str]]:
    """By terminal, addresses of what it gets and of what it had: as was planned, but for one whose shop, group or tags are
    others since; that gets what it would have been planned to get where it is now. It fails when that has a fault."""
    to = {member.terminal: (member.target, member.before) for member in ready}
    entered = books.fleet.register.entered_since(to, row.started_ms)
    found, wrong = wanted(books, entered, row.started_ms) if entered else ([], ())
    moved = {each.terminal: each.sha256 for each in found if each.sha256 != to[each.terminal][0]}
    books.fleet.rollouts.retarget(row.number, moved)
    to |= {terminal: (target, to[terminal][1]) for terminal, target in moved.items()}
    faulty = {entry.terminal for entry in entered} - {each.terminal for each in found}
    if faulty:
        books.fleet.rollouts.given(row.number, sorted(faulty), "failed", now_ms, 0, {})
        reason = f"{wrong[0].path} {wrong[0].reason}"
        failed = [(member, "failed", reason) for member in ready if member.terminal in faulty]
        books.fleet.rollouts.settle(failed, now_ms)
    return {terminal: two for terminal, two in to.items() if terminal not in faulty}


def _take_back(books: Books, row: RolloutRow, now_ms: int) -> None:
    """Give back, then wait until every terminal has said that it has what it had, or has had its time. What is published is
    the end of the matter for whoever wants to push: nobody is held while these words are waited for."""
    body, rollouts = row.read(), books.fleet.rollouts
    if _give_back(books, row, body, now_ms) == GIVEN_AT_ONCE_MAX:
        return
    rollouts.free(row.number)
    seen_now = rollouts.reverting(row.number, _version(body.release, back=True))
    again = _order_back_again(books, row, seen_now, "reverting", now_ms)
    believed_ms = hearing(books, now_ms).silent_after_ms
    changes = []
    for member, seen in seen_now:
        if member.terminal in again:
            continue
        state, reason = engine.judge_back(replace(seen, believed_ms=believed_ms), body.plan, now_ms)
        if (state, reason) != (member.state, member.reason):
            changes.append((member, state, reason))
    rollouts.settle(changes, now_ms)
    if not rollouts.counts(row.number).get("reverting"):
        after = replace(row, state="reverted", live=0, changed_ms=now_ms)
        rollouts.put(after)
        missing = rollouts.unreverted(row.number, admin.LIMIT_MAX)
        detail = f"not heard: {named(missing, NAMED_MAX)}" if missing else ""
        _note(books, after, now_ms, "reverted", detail, "")


def _give_back(books: Books, row: RolloutRow, body: Body, now_ms: int) -> int:
    """Give touched terminals what they had, whatever became of them and whatever the hour; the silent ones, too, for they
    may wake up with it. Who was given other settings, or ordered another release, since keeps those. Returns how many it has
    seen to."""
    members = books.fleet.rollouts.touched(row.number, GIVEN_AT_ONCE_MAX)
    release = body.release
    kept: Mapping[str, int | str] = {}
    if members and isinstance(release, admin.SoftwareRelease):
        kept = books.fleet.rollouts.ordered_since(row.number, members, release.version)
        back = [each for each in members if each.terminal not in kept]
        _order(books, row, back, release.back_version, release.back_bundle, "reverting", now_ms)
    elif members:
        kept = _newer(books, members)
        to = {each.terminal: (_had(books, each), each.target) for each in members if each.terminal not in kept}
        _push(books, row, to, "revert", "reverting", now_ms)
    settled = [(each, "reverted", f"newer: {kept[each.terminal]}") for each in members if each.terminal in kept]
    books.fleet.rollouts.settle(settled, now_ms)
    if members:
        what = "releases" if isinstance(release, admin.SoftwareRelease) else "settings"
        rest = f"; newer {what} stay: {named(sorted(kept), NAMED_MAX)}" if kept else ""
        _note(books, row, now_ms, "give_back", f"{len(members) - len(kept)} terminals{rest}", "")
    return len(members)


def _newer(books: Books, members: list[MemberRow]) -> dict[str, int]:
    """Those that are to have something else by now than the roll-out gave them, with its revision. The same document signed
    anew (`settings.renew`) is nothing else."""
    have = books.fleet.settings.desired_of(member.terminal for member in members)
    return {
        member.terminal: now.rev
        for member in members
        if (now := have.get(member.terminal)) and now.rev != member.rev and now.sha256 != member.target
    }


def _order_back_again(
    books: Books, row: RolloutRow, seen_now: list[tuple[MemberRow, Seen]], state: str, now_ms: int
) -> set[str]:
    """Order those back once more whose trial stood in the way. Returns which."""
    release = row.read().release
    members = [member for member, seen in seen_now if engine.is_due_again(seen, now_ms)]
    if members and isinstance(release, admin.SoftwareRelease):
        _order(books, row, members, release.back_version, release.back_bundle, state, now_ms)
        _note(books, row, now_ms, "give_back", f"{len(members)} terminals", "")
    return {member.terminal for member in members}


def _had(books: Books, member: MemberRow) -> str:
    """Address of what a terminal had before; one that never had settings keeps of the new ones what is the device's."""
    if member.before:
        return member.before
    target = books.fleet.settings.document(member.target)
    return books.fleet.settings.keep({name: target[name] for name in OF_THE_DEVICE if name in target})


def _push(books: Books, row: RolloutRow, to: dict[str, tuple[str, str]], kind: str, state: str, now_ms: int) -> None:
    why = row.why if kind == "rollout" else row.verdict or "taken back"
    rev = give(books, to, PushLook(
        rev=0, at_ms=now_ms, who=row.who, why=why, kind=kind, terminals=len(to), rollout=row.number
    ))  # fmt: skip
    books.fleet.rollouts.given(row.number, list(to), state, now_ms, rev, {})


def _order(
    books: Books, row: RolloutRow, members: list[MemberRow], version: str, bundle: Blob, state: str, now_ms: int
) -> None:
    command = Update(version, bundle, str(row.number))
    batch = f"rollout-{row.number}"
    cids = {member.terminal: orders.number(f"{batch} {state} {now_ms}", member.terminal) for member in members}
    for terminal, cid in cids.items():
        orders.order(books.fleet.orders, terminal, cid, command, batch, row.who, row.why, now_ms, ORDER_EXPIRY_S)
    books.fleet.rollouts.given(row.number, list(cids), state, now_ms, 0, cids)


def _note(books: Books, row: RolloutRow, now_ms: int, what: str, detail: str, who: str) -> None:
    """A line of the roll-out's history; what the engine did by itself goes into the audit as well."""
    books.fleet.rollouts.note(row.number, now_ms, what, detail, who)
    if not who:
        books.fleet.audit.add(now_ms, "", "engine", f"rollout_{what}", f"rollout:{row.number}", row.why, detail)
