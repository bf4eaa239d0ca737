"""Starting a roll-out of software: what, whom for, what it would change, and only then the start, by the desk's rules."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from fleet import admin
from fleet.admin import PolicyGot, Refused, RolloutShown, RolloutsSeen, SoftwareRelease
from fleet.dashboard.acting import onward, refusal
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.audience import NAMED, Audience, chosen, sizes
from fleet.dashboard.pages import draw
from fleet.dashboard.reading import Reading
from fleet.dashboard.visit import Visit
from fleet.rollouts.engine import stage_size
from rules.settings import misfits
from texts import t

BUNDLE = "release"
"""What an update's bundle is called on its way."""
FIELDS = ("version", "url", "sha256", "size", "back_version", "back_url", "back_sha256", "back_size")
CHARS_MAX = 500
EARLIER_MAX = 50


class Outcome(NamedTuple):
    """What a roll-out would do. `running`: releases that run now at those that would change; `stages`: how many terminals
    have been touched at the end of each; `held`: open roll-outs that hold some of them."""

    changed: tuple[str, ...]
    unchanged: int
    running: dict[str, int]
    stages: tuple[int, ...]
    bake_min: int
    four_eyes: bool
    windows: bool
    held: tuple[int, ...]

    def stamp(self, release: SoftwareRelease) -> str:
        """Tells one outcome of one release from another."""
        text = msgspec.json.encode((release, self.changed, self.held, self.four_eyes, self.stages))
        return hashlib.sha256(text).hexdigest()[:32]


class SoftwarePages:
    def __init__(self, asking: Asking, reading: Reading) -> None:
        self._asking = asking
        self._reading = reading

    def all(self) -> list[Page]:
        return [
            Page("/rollouts/software", self.draws, "manager"),
            Page("/rollouts/software", self.start, "manager", post=True),
        ]

    def draws(self, visit: Visit) -> Response:
        """The form, with the last release that was rolled out whole as the one to fall back to."""
        return self._page(visit, self._last(visit))

    def start(self, visit: Visit) -> Response:
        """Look at what it would change; started only when that was looked at and still holds."""
        said = {name: visit.form.get(name, "").strip()[:CHARS_MAX] for name in FIELDS}
        audience = chosen(visit.form)
        release = release_of(said)
        if isinstance(audience, str) or isinstance(release, dict):
            wrong = release if isinstance(release, dict) else {}
            return self._page(visit, said, audience_fault=audience if isinstance(audience, str) else "", wrong=wrong)
        outcome = self._outcome(visit, audience, release.version)
        if isinstance(outcome, Refused):
            return self._page(visit, said, fault=refusal(outcome, visit.lang))
        if visit.form.get("act", "") != "start":
            return self._page(visit, said, audience, outcome)
        if visit.form.get("seen", "") != outcome.stamp(release):
            return self._page(visit, said, audience, outcome, t("dashboard", visit.lang, "push__moved"))
        reply = self._asking.act(
            visit, admin.StartRollout(release=release, where=audience.where), visit.form.get("why", "")
        )
        if isinstance(reply, Refused):
            return self._page(visit, said, audience, outcome, refusal(reply, visit.lang))
        assert isinstance(reply, RolloutShown)
        return onward(f"/rollouts/{reply.look.rollout}")

    def _last(self, visit: Visit) -> dict[str, str]:
        reply = self._asking.read(visit, admin.Rollouts(limit=EARLIER_MAX))
        rows = reply.rows if isinstance(reply, RolloutsSeen) else ()
        done = (row.release for row in rows if row.state == "complete" and isinstance(row.release, SoftwareRelease))
        last = next(done, None)
        said = dict.fromkeys(FIELDS, "")
        if last is not None:
            blob = last.bundle
            said |= {"back_version": last.version, "back_url": blob.url}
            said |= {"back_sha256": blob.sha256, "back_size": str(blob.size)}
        return said

    def _outcome(self, visit: Visit, audience: Audience, version: str) -> Outcome | Refused:
        changed: list[str] = []
        running: Counter[str] = Counter()
        held: set[int] = set()
        unchanged, after, more = 0, "", True
        while more:
            reply = self._asking.read(
                visit, admin.ListTerminals(where=audience.where, after=after, limit=admin.LIMIT_MAX)
            )
            if not isinstance(reply, admin.Terminals):
                assert isinstance(reply, Refused)
                return reply
            for look in reply.rows:
                now = look.state.software if look.state is not None else ""
                if look.state is not None and now == version:
                    unchanged += 1
                    continue
                changed.append(look.terminal)
                running[now] += 1
                held |= {look.rollout} - {0}
            more = reply.more
            after = reply.rows[-1].terminal if reply.rows else ""
        if audience.kind == "terminal" and not changed and not unchanged:
            return Refused(reason="unknown_terminal", terminals=(audience.name,))
        got = self._asking.read(visit, admin.GetPolicy())
        assert isinstance(got, PolicyGot)
        plan = got.policy.plan
        return Outcome(
            tuple(changed), unchanged, dict(running.most_common()),
            tuple(stage_size(plan, len(changed), stage) for stage in range(len(plan.stages))), plan.bake_s // 60,
            got.policy.four_eyes, bool(got.policy.windows), tuple(sorted(held)),
        )  # fmt: skip

    def _page(
        self,
        visit: Visit,
        release: dict[str, str],
        audience: Audience | None = None,
        outcome: Outcome | None = None,
        fault: str = "",
        audience_fault: str = "",
        wrong: Mapping[str, str] | None = None,
    ) -> Response:
        said = {name: visit.form.get(name, "")[:64] for name in ("who", *NAMED)}
        looked_at = release_of(release) if outcome is not None else None
        seen = outcome.stamp(looked_at) if outcome is not None and isinstance(looked_at, SoftwareRelease) else ""
        return draw(
            visit, "software.html", 409 if fault or audience_fault or wrong else 200, release=release, wrong=wrong or {},
            said=said | (audience.fields if audience is not None else {}), sizes=sizes(self._reading), audience=audience,
            audience_fault=audience_fault, fault=fault, outcome=outcome, why=visit.form.get("why", ""), fields=FIELDS,
            seen=seen,
        )  # fmt: skip


def release_of(said: Mapping[str, str]) -> SoftwareRelease | dict[str, str]:
    """The release a form means, or what is wrong with it: field -> text `software_fault__…`."""
    plain: dict[str, Any] = {}
    for prefix in ("", "back_"):
        size = said[f"{prefix}size"]
        number = int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0
        digest = said[f"{prefix}sha256"].lower()
        blob = {"name": BUNDLE, "sha256": digest, "size": number, "url": said[f"{prefix}url"]}
        plain |= {f"{prefix}version": said[f"{prefix}version"], f"{prefix}bundle": blob}
    wrong = {
        each.path.replace("back_bundle.", "back_").replace("bundle.", "") for each in misfits(SoftwareRelease, plain)
    }
    found = {name: name.removeprefix("back_") for name in FIELDS if name in wrong}
    if not found and said["version"] == said["back_version"]:
        found = {"back_version": "same"}
    return found or msgspec.convert(plain, SoftwareRelease)
