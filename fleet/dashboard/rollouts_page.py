"""Roll-outs: all of them, one with its stages moving, and the buttons for those who may press them."""

import hashlib
from typing import NamedTuple, get_args

from starlette.responses import Response

from fleet import admin
from fleet.admin import Refused, RolloutLook, RolloutShown, RolloutsSeen, SettingsRelease, Stage, TouchedState
from fleet.dashboard.acting import alike, bad, onward, refusal, refused, where_words
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.map_page import as_json
from fleet.dashboard.pages import as_text, count, draw, moment
from fleet.dashboard.sure import Question, asks
from fleet.dashboard.visit import Visit
from fleet.desk import words as settings_words
from fleet.rollouts import words
from fleet.rollouts.desk import acts
from texts import t

ROWS_MAX = 100
TERMINALS_MAX = 500
GROUPS_MAX = 20
NUMBER_MAX = 2**31
OPEN = ("waiting", "running", "paused", "reverting")
GOOD = ("applied",)
BAD = ("rejected", "rolled_back", "silent", "unfinished", "failed", "unreverted")


class StageLook(NamedTuple):
    """`state`: done, now, ahead or back; `words`: how far it reaches."""

    state: str
    words: str


class RolloutPages:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def all(self) -> list[Page]:
        return [
            Page("/rollouts", self.list),
            Page("/rollouts/{number:int}", self.draws),
            Page("/rollouts/{number:int}/act", self.asks, "manager"),
            Page("/rollouts/{number:int}", self.act, "manager", post=True),
            Page("/live/rollouts/{number:int}", self.live, quiet=True),
        ]

    def list(self, visit: Visit) -> Response:
        reply = self._asking.read(visit, admin.Rollouts(limit=ROWS_MAX))
        rows = reply.rows if isinstance(reply, RolloutsSeen) else ()
        return draw(
            visit, "rollouts.html", rows=[(row, progress(row), release_words(row, visit)) for row in rows], open=OPEN
        )

    def draws(self, visit: Visit) -> Response:
        shown = self._shown(visit)
        if shown is None:
            return draw(visit, "said.html", 404, said="missing")
        look = shown.look
        offered = [act for act in acts(look.state) if visit.may("approver" if act == "approve" else "manager")]
        return draw(
            visit, "rollout.html", shown=shown, look=look, stages=stages(shown, visit), acts=offered, good=GOOD, bad=BAD,
            where=where_words(shown.where, visit.lang), progress=progress(look), release=release_words(look, visit),
            open=OPEN, stamp=_stamp(shown), touched=get_args(TouchedState),
            unreverted=words.unreverted(shown, visit.lang), waits=words.waits(shown, visit.lang, moment),
            alike=alike(shown.changes[:GROUPS_MAX], look.release, visit.lang), more=len(shown.changes) - GROUPS_MAX,
            uncompared=settings_words.uncompared(shown.uncompared, visit.lang), value=as_text,
            verdict=words.verdict(look.verdict, visit.lang, moment), history=_history(shown, visit), reason=words.reason,
        )  # fmt: skip

    def asks(self, visit: Visit) -> Response:
        """What an act would do, before it is done."""
        shown, act = self._shown(visit), visit.query.get("act", "")
        if shown is None or act not in acts(shown.look.state):
            return draw(visit, "said.html", 404, said="missing")
        if not visit.may("approver" if act == "approve" else "manager"):
            return draw(visit, "said.html", 403, said="role")
        return asks(visit, _question(shown, act, visit))

    def act(self, visit: Visit) -> Response:
        number = min(int(visit.params["number"]), NUMBER_MAX)
        name = visit.form.get("act", "")
        back = f"/rollouts/{number}"
        match name:
            case "approve" | "pause" | "resume" | "abort" | "revert":
                request = admin.RolloutAct(rollout=number, act=name)
            case _:
                return bad(visit, back)
        reply = self._asking.act(visit, request, visit.form.get("why", ""))
        if not isinstance(reply, Refused):
            return onward(back)
        shown = self._shown(visit)
        if reply.reason == "why_missing" and shown is not None:
            return asks(visit, _question(shown, name, visit), refusal(reply, visit.lang))
        return refused(visit, reply, back)

    def live(self, visit: Visit) -> Response:
        """Stages and counts as they are now."""
        shown = self._shown(visit, changes=False)
        if shown is None:
            return as_json({"gone": True})
        look = shown.look
        return as_json(
            {
                "state": t("rollouts", visit.lang, f"state__{look.state}"),
                "open": look.state in OPEN,
                "stamp": _stamp(shown),
                "stages": [each.state for each in stages(shown, visit)],
                "counts": look.counts,
                "unreverted": words.unreverted(shown, visit.lang),
                "progress": progress(look),
                "verdict": words.verdict(look.verdict, visit.lang, moment),
                "changed": moment(look.changed_ms),
                "at": moment(visit.now_ms),
            }
        )

    def _shown(self, visit: Visit, changes: bool = True) -> RolloutShown | None:
        number = min(int(visit.params["number"]), NUMBER_MAX)
        reply = self._asking.read(visit, admin.ShowRollout(rollout=number, limit=TERMINALS_MAX, changes=changes))
        return reply if isinstance(reply, RolloutShown) else None


def stages(shown: RolloutShown, visit: Visit) -> list[StageLook]:
    """Every stage of the plan: behind us, the one we are in, still ahead; or taken back."""
    look = shown.look
    back = look.state in ("reverting", "reverted")
    found = []
    for place, stage in enumerate(shown.plan.stages):
        done = place < look.stage or look.state == "complete"
        now = place == look.stage and look.state in ("running", "paused")
        state = "back" if back and place <= look.stage else "done" if done else "now" if now else "ahead"
        found.append(StageLook(state, _stage_words(stage, visit)))
    return found


def _stage_words(stage: Stage, visit: Visit) -> str:
    return (
        f"{stage.percent} %"
        if stage.percent
        else t("dashboard", visit.lang, "rollout__terminals", count=stage.terminals)
    )


def progress(look: RolloutLook) -> int:
    """Percent of the terminals that have what is rolled out."""
    done = sum(look.counts.get(name, 0) for name in GOOD)
    return 100 * done // look.size if look.size else 0


def _history(shown: RolloutShown, visit: Visit) -> list[tuple[int, list[str]]]:
    """When, and what happened, more about it and who did it, as far as there is any."""
    return [
        (each.at_ms, [part for part in (*words.note(each, visit.lang, moment), each.who) if part])
        for each in shown.history
    ]


def release_words(look: RolloutLook, visit: Visit) -> str:
    release = look.release
    if isinstance(release, SettingsRelease):
        return t("dashboard", visit.lang, "rollout__settings")
    return t("dashboard", visit.lang, "rollout__software", version=release.version)


def _question(shown: RolloutShown, act: str, visit: Visit) -> Question:
    def say(key: str, **arguments: object) -> str:
        return t("dashboard", visit.lang, key, **arguments)

    look = shown.look
    touched = look.size - look.counts.get("untouched", 0)
    facts = (
        (say("rollout__what"), release_words(look, visit)), (say("rollout__audience"), where_words(shown.where, visit.lang)),
        (say("rollout__state"), t("rollouts", visit.lang, f"state__{look.state}")),
        (say("rollout__reached"), say("rollout__of", touched=count(touched), size=count(look.size))),
        (say("rollout__who"), look.who), (say("rollout__why"), look.why),
    )  # fmt: skip
    back = f"/rollouts/{look.rollout}"
    groups = shown.changes if act == "approve" else ()
    return Question(
        say(f"act_sure__{act}", number=look.rollout), facts, (say(f"act_what__{act}"),), back, {"act": act},
        say(f"act__{act}"), back, alike=tuple(alike(groups[:GROUPS_MAX], look.release, visit.lang)),
        more=len(groups) - GROUPS_MAX,
    )  # fmt: skip


def _stamp(shown: RolloutShown) -> str:
    """Tells one look of a roll-out from another: all that its page shows changes with one of these."""
    look = shown.look
    parts = (
        look.state,
        look.stage,
        look.changed_ms,
        look.baking_ms,
        look.verdict,
        sorted(look.counts.items()),
        shown.waits,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
