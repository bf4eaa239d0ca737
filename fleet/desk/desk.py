"""Takes what people ask at the admin door and answers it, within the core's transaction."""

from collections.abc import Callable, Collection
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from fleet import admin
from fleet.admin import Call, Refused, Reply
from fleet.desk import codes, faults, giving, orders, pump, register, settings
from fleet.desk.link import hearing
from fleet.effects import Effect, Sent
from fleet.rollouts import desk as rollouts
from fleet.rollouts.words import named
from fleet.store import Books


class FleetDesk:
    """`sign`: Ed25519 with the fleet's key."""

    def __init__(self, sign: Callable[[bytes], bytes]) -> None:
        self._sign = sign

    def take(self, books: Books, call: Call, now_ms: int) -> Reply:
        """Answer one call. What changes something is entered in the audit, refused or not."""
        request = call.request
        if not isinstance(request, admin.READS):  # they may come to a copy that cannot be written to
            giving.finish(books.fleet.settings)
        if admin.ROLES.index(call.by.role) < admin.ROLES.index(admin.role_needed(request)):
            reply: Reply = Refused(reason="role", detail=admin.role_needed(request))
        elif isinstance(request, admin.NEEDS_WHY) and not call.why.strip():
            reply = Refused(reason="why_missing")
        else:
            reply = self._answer(books, call, now_ms)
        if not isinstance(request, admin.READS) and not _is_check(request):
            _enter(books, call, reply, now_ms)
        return reply

    def pump(self, books: Books, now_ms: int, room: int, under_way: Collection[Sent]) -> list[Effect]:
        """What is due to be sent and not under way, a little of it."""
        return pump.pump(books, self._sign, now_ms, min(room, pump.AT_ONCE_MAX), under_way)

    def taken(self, books: Books, what: tuple[Sent, ...], now_ms: int) -> None:
        """The broker has these."""
        pump.taken(books, what, now_ms)

    def put_off(self, books: Books, what: tuple[Sent, ...], now_ms: int) -> None:
        """The broker does not take these: all others come first."""
        pump.put_off(books, what, now_ms)

    def tick(self, books: Books, now_ms: int) -> None:
        """Time has passed."""
        giving.finish(books.fleet.settings)
        orders.tick(books, now_ms)
        settings.renew(books, now_ms)
        rollouts.tick(books, now_ms)

    def _answer(self, books: Books, call: Call, now_ms: int) -> Reply:
        match call.request:
            case admin.Register() as request:
                return register.enter(books.fleet.register, request, now_ms)
            case admin.SetTags() as request:
                return register.set_tags(books.fleet.register, request, hearing(books, now_ms))
            case admin.ListTerminals(where=where, after=after, limit=limit):
                rows, more = books.fleet.register.page(where, after, limit, hearing(books, now_ms))
                return admin.Terminals(rows=tuple(rows), more=more)
            case admin.ShowTerminal(terminal=terminal):
                return register.show(books, terminal, now_ms)
            case admin.PutLayer() as request:
                return settings.put_layer(books, call, request, now_ms)
            case admin.GetLayer() as request:
                return settings.get_layer(books, request)
            case admin.Layers(layer=layer):
                versions = books.fleet.settings.versions(layer) if layer else books.fleet.settings.newest().values()
                return admin.LayersSeen(rows=tuple(versions))
            case admin.DiffLayer() as request:
                return settings.diff_layer(books, request)
            case admin.DryRun() as request:
                return settings.dry_run(books, request, now_ms)
            case admin.Push() as request:
                return settings.push(books, call, request, now_ms)
            case admin.Pushes(terminal=terminal, before=before, limit=limit):
                return admin.PushesSeen(rows=tuple(books.fleet.settings.pushes(terminal, before, limit)))
            case admin.SendCommand() as request:
                return orders.send(books, call, request, now_ms)
            case admin.Commands(terminal=terminal, batch=batch, cid=cid, limit=limit):
                return admin.CommandsSeen(rows=orders.seen(books, terminal, batch, cid, limit))
            case admin.CommandData(cid=cid):
                return orders.data(books.fleet.orders, cid)
            case admin.StartRollout() as request:
                return rollouts.start(books, call, request, now_ms)
            case admin.RolloutAct() as request:
                return rollouts.act(books, call, request, now_ms)
            case admin.Rollouts(open_only=open_only, limit=limit):
                found_rows = books.fleet.rollouts.seen(open_only, limit)
                return admin.RolloutsSeen(rows=tuple(rollouts.look(books, row) for row in found_rows))
            case admin.ShowRollout(rollout=number, limit=limit, changes=with_changes):
                return rollouts.show(books, number, limit, now_ms, with_changes)
            case admin.Gaps(terminal=terminal, limit=limit):
                return admin.GapsSeen(rows=register.gaps(books, terminal, now_ms, limit))
            case admin.Quarantined(terminal=terminal, limit=limit, dealt=dealt):
                return admin.QuarantineSeen(rows=tuple(books.fleet.faults.quarantined(terminal, dealt, limit)))
            case admin.DealWith() as request:
                return faults.deal_with(books, call, request, now_ms)
            case admin.Audit() as request:
                found, whole = books.fleet.audit.seen(request)
                return admin.AuditSeen(rows=tuple(found), whole=whole)
            case admin.Note():
                return admin.Done(count=1)
            case admin.MakeCode() as request:
                return codes.make(books, request, now_ms)
            case admin.GetPolicy():
                return admin.PolicyGot(policy=books.fleet.policy.get())
            case admin.PutPolicy(policy=policy):
                return _put_policy(books, policy)


def _put_policy(books: Books, policy: admin.Policy) -> Reply:
    for scope, window in policy.windows.items():
        try:
            ZoneInfo(window.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return Refused(reason="zone", detail=f"{scope}: {window.zone}")
    books.fleet.policy.put(policy)
    return admin.Done(count=1)


def _is_check(request: admin.Request) -> bool:
    return isinstance(request, admin.PutLayer) and request.check


def _enter(books: Books, call: Call, reply: Reply, now_ms: int) -> None:
    """One row of the audit: what was asked, about what, and what came of it; never a document or a secret."""
    request = call.request
    what = request.what if isinstance(request, admin.Note) else str(request.__struct_config__.tag)
    outcome = f"refused: {reply.reason}" if isinstance(reply, Refused) else _outcome(reply)
    subject, detail = _said(request)
    books.fleet.audit.add(
        now_ms,
        call.by.name,
        call.by.role,
        what,
        subject or _made(reply),
        call.why,
        "; ".join(filter(None, (call.by.account, call.by.sudo and f"sudo {call.by.sudo}", detail, outcome))),
    )


def _said(request: admin.Request) -> tuple[str, str]:
    """Whom a request is about, and its detail."""
    match request:
        case admin.Register(rows=rows):
            return (rows[0].terminal if len(rows) == 1 else ""), f"{len(rows)} terminals"
        case admin.SetTags(where=where, add=add, remove=remove):
            changes = " ".join([*(f"+{tag}" for tag in add), *(f"-{tag}" for tag in remove)])
            return _only(where), f"{changes} {_words(where)}"
        case admin.PutLayer(layer=layer):
            return layer, ""
        case admin.Push(where=where):
            return _only(where), _words(where)
        case admin.SendCommand(where=where, command=command):
            return _only(where), f"{command.__struct_config__.tag} {_words(where)}"
        case admin.StartRollout(where=where, release=release):
            version = release.version if isinstance(release, admin.SoftwareRelease) else "settings"
            return "", f"{version} {_words(where)}"
        case admin.RolloutAct(rollout=rollout, act=act):
            return f"rollout:{rollout}", act
        case admin.DealWith(ids=ids, terminal=terminal):
            return terminal, " ".join(each[:12] for each in ids[:10]) or "all that is open"
        case admin.Note(subject=about, detail=detail):
            return about, detail
        case admin.MakeCode(terminal=terminal, supervisor=supervisor):
            return terminal, f"supervisor {supervisor}"
        case _:
            return "", ""


def _made(reply: Reply) -> str:
    """Whom an answer is about, when the request could not know."""
    match reply:
        case admin.RolloutShown(look=look):
            return f"rollout:{look.rollout}"
        case admin.Ordered(batch=batch):
            return batch
        case admin.Pushed(rev=rev) if rev:
            return f"rev:{rev}"
        case admin.DealtWith(terminals=(terminal,)):
            return terminal
        case _:
            return ""


def _outcome(reply: Reply) -> str:
    match reply:
        case admin.Done(count=count):
            return f"{count} done"
        case admin.DealtWith(count=count, terminals=terminals):
            return f"{count} done" + (f" of {named([each or '-' for each in terminals])}" if terminals else "")
        case admin.LayerPut(version=version, terminals=touched):
            return f"version {version.number}, {touched} terminals"
        case admin.Pushed(rev=rev, terminals=count, unchanged=same):
            return f"rev {rev}, {count} terminals, {same} unchanged"
        case admin.Ordered(cids=cids):
            return f"{len(cids)} terminals"
        case admin.RolloutShown(look=look):
            return f"{look.state}, {look.size} terminals"
        case _:
            return ""


def _only(where: admin.Where) -> str:
    return where.terminals[0] if len(where.terminals) == 1 else ""


def _words(where: admin.Where) -> str:
    """A filter as it was said, without what was not."""
    said = {
        name: value
        for name, value in msgspec.to_builtins(where).items()
        if value not in ("", None, [], (), False) and not (name == "terminals" and len(value) > 10)
    }
    return msgspec.json.encode(said).decode() if said else ""
