"""Bringing settings to terminals: whom for, what it would change there, and only then the push, or a roll-out of it."""

import hashlib

import msgspec
from starlette.responses import Response

from fleet import admin
from fleet.admin import DryRunDone, Refused, RolloutShown, SettingsRelease
from fleet.dashboard.acting import alike, onward, refusal, where_words
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.audience import Audience, chosen, is_asked, sizes
from fleet.dashboard.pages import as_text, draw, query
from fleet.dashboard.reading import Reading
from fleet.dashboard.typed import rows
from fleet.dashboard.visit import Visit
from fleet.desk import words

GROUPS_MAX = 20


class PushPages:
    def __init__(self, asking: Asking, reading: Reading) -> None:
        self._asking = asking
        self._reading = reading

    def all(self) -> list[Page]:
        return [Page("/settings/push", self.draws), Page("/settings/push", self.push, "manager", post=True)]

    def draws(self, visit: Visit) -> Response:
        """Whom for, and what it would change there."""
        if not is_asked(visit.query):
            return self._page(visit, None, None)
        audience = chosen(visit.query)
        if isinstance(audience, str):
            return self._page(visit, None, None, audience_fault=audience)
        return self._looked(visit, audience)

    def push(self, visit: Visit) -> Response:
        """Push what was looked at, or roll it out: nothing when it is not what was looked at any more."""
        audience = chosen(visit.form)
        if isinstance(audience, str):
            return self._page(visit, None, None, audience_fault=audience)
        dry = self._asking.read(visit, admin.DryRun(where=audience.where))
        if isinstance(dry, Refused):
            return self._page(visit, audience, None, refusal(dry, visit.lang))
        assert isinstance(dry, DryRunDone)
        if visit.form.get("seen", "") != stamp(dry):
            return self._page(visit, audience, dry, moved=True)
        by_stages = visit.form.get("act", "") == "stages"
        request: admin.Request = (
            admin.StartRollout(release=SettingsRelease(), where=audience.where)
            if by_stages
            else admin.Push(where=audience.where)
        )
        reply = self._asking.act(visit, request, visit.form.get("why", ""))
        match reply:
            case RolloutShown(look=look):
                return onward(f"/rollouts/{look.rollout}")
            case admin.Pushed(rev=rev, terminals=count):
                return onward("/settings" + query({"pushed": str(rev), "count": str(count)}))
            case Refused():
                return self._page(visit, audience, dry, refusal(reply, visit.lang))
            case _:
                raise AssertionError(reply)

    def _looked(self, visit: Visit, audience: Audience) -> Response:
        reply = self._asking.read(visit, admin.DryRun(where=audience.where))
        if isinstance(reply, Refused):
            return self._page(visit, audience, None, refusal(reply, visit.lang))
        assert isinstance(reply, DryRunDone)
        return self._page(visit, audience, reply)

    def _page(
        self,
        visit: Visit,
        audience: Audience | None,
        dry: DryRunDone | None,
        fault: str = "",
        audience_fault: str = "",
        moved: bool = False,
    ) -> Response:
        said = {
            name: (visit.form or visit.query).get(name, "")[:64] for name in ("who", "shop", "group", "tag", "terminal")
        }
        said |= audience.fields if audience is not None else {}
        changed = sum(len(group.terminals) for group in dry.groups) if dry is not None else 0
        return draw(
            visit, "push.html", 409 if fault or audience_fault or moved else 200, dry=dry, said=said, audience=audience,
            sizes=sizes(self._reading), audience_fault=audience_fault, fault=fault, moved=moved, changed=changed,
            where=where_words(audience.where, visit.lang) if audience is not None else "",
            alike=alike(dry.groups[:GROUPS_MAX], SettingsRelease(), visit.lang) if dry is not None else [],
            more=len(dry.groups) - GROUPS_MAX if dry is not None else 0, value=as_text,
            faults=rows(dry.faults, "", "", visit.lang) if dry is not None else [],
            reach=words.reach(dry.reach, visit.lang) if dry is not None else [],
            seen=stamp(dry) if dry is not None else "", why=visit.form.get("why", ""),
            rollouts=sorted(set(dry.held.values())) if dry is not None else [],
        )  # fmt: skip


def stamp(dry: DryRunDone) -> str:
    """Tells one outcome of a dry run from another: who would change, and how."""
    return hashlib.sha256(msgspec.json.encode((dry.groups, dry.held), order="deterministic")).hexdigest()[:32]
