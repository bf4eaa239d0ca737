"""`posfleet rollout`: settings or a release, stage by stage."""

import argparse
import time
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Group
from rich.live import Live
from rich.text import Text

from fleet.admin import (
    GetPolicy,
    Plan,
    PolicyGot,
    Release,
    RolloutAct,
    RolloutLook,
    Rollouts,
    RolloutShown,
    RolloutsSeen,
    SettingsRelease,
    ShowRollout,
    SoftwareRelease,
    StartRollout,
)  # fmt: skip
from fleet.commands import Wrong
from fleet.commands.exits import FOUND
from fleet.commands.look import console, moment, put, tabled
from fleet.commands.manager.asking import (
    Say,
    all_word,
    ask,
    confirmed,
    few,
    json_word,
    table,
    tell,
    where_of,
    where_words,
    why_words,
    word,
    wrong_value,
    yes_word,
)  # fmt: skip
from fleet.commands.manager.blobs import blob_words, release_of
from fleet.commands.manager.settings import read
from fleet.commands.manager.terminals import changes_tabled
from fleet.desk import words as settings_words
from fleet.rollouts import words
from texts import Lang, t

WATCH_EVERY_S = 2.0
HISTORY_SHOWN_MAX = 10
ACTS = ("approve", "pause", "resume", "abort", "revert")
OPEN = ("waiting", "running", "paused", "reverting")
ILL = ("halted", "reverted", "reverting", "aborted")


def parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """`posfleet rollout start|update|list|status|approve|pause|resume|abort|revert`."""
    it = commands.add_parser("rollout", help=say("rollout"), description=say("rollout_more"))
    more = it.add_subparsers(required=True, metavar=say("command"))
    for name in ("start", "update"):
        it = more.add_parser(name, parents=[common], help=say(f"rollout_{name}"), description=say(f"rollout_{name}"))
        where_words(it, say)
        all_word(it, say)
        it.add_argument("--plan", type=Path, default=None, metavar="FILE", help=say("plan"))
        if name == "update":
            it.add_argument("--version", required=True, metavar="VERSION", help=say("release"))
            blob_words(it, say)
            it.add_argument("--back-version", required=True, metavar="VERSION", help=say("back_version"))
            it.add_argument("--back-bundle", type=Path, required=True, metavar="FILE", help=say("back_bundle"))
            it.add_argument("--back-url", required=True, metavar="URL", help=say("url"))
        why_words(it, say, required=True)
        json_word(it, say)
        it.set_defaults(run=start, what=name)

    it = more.add_parser("list", parents=[common], help=say("rollout_list"), description=say("rollout_list"))
    it.add_argument("--open", action="store_true", help=say("rollout_open"))
    json_word(it, say)
    it.set_defaults(run=listed)

    it = more.add_parser("status", parents=[common], help=say("rollout_status"), description=say("rollout_status"))
    it.add_argument("rollout", type=int, metavar="NUMBER", help=say("rollout_number"))
    it.add_argument("--watch", action="store_true", help=say("watch"))
    json_word(it, say)
    it.set_defaults(run=status)

    for act in ACTS:
        it = more.add_parser(act, parents=[common], help=say(f"rollout_{act}"), description=say(f"rollout_{act}"))
        it.add_argument("rollout", type=int, metavar="NUMBER", help=say("rollout_number"))
        why_words(it, say)
        yes_word(it, say)
        json_word(it, say)
        it.set_defaults(run=acted, act=act)


def start(options: argparse.Namespace, lang: Lang) -> int:
    """Plan a roll-out; by the policy it begins at once or waits for another person."""
    plan: Plan | None = None
    if options.plan is not None:
        document = read(options.plan)
        plan = wrong_value(lambda: msgspec.convert(document, Plan))
    release: Release = SettingsRelease()
    if options.what == "update":
        release = SoftwareRelease(
            version=options.version,
            bundle=release_of(options.data, options.bundle, options.url, options.version),
            back_version=options.back_version,
            back_bundle=release_of(
                options.data, options.back_bundle, options.back_url, options.back_version, runs=options.version
            ),
        )
    shown = ask(options, StartRollout(release=release, where=where_of(options), plan=plan), RolloutShown)
    if options.json:
        put(shown)
    else:
        _print(shown, lang)
        if shown.look.state == "waiting":
            tell(lang, "rollout__waits", number=shown.look.rollout)
    return 0


def listed(options: argparse.Namespace, lang: Lang) -> int:
    """All roll-outs, newest first."""
    rows = ask(options, Rollouts(open_only=options.open), RolloutsSeen).rows
    if options.json:
        for row in rows:
            put(row)
        return 0
    columns = ("rollout", "release", "state", "stage", "counts", "who", "why", "at")
    table(
        lang,
        columns,
        ([_number(row), _release(row), *_state(row, lang), row.who, row.why, moment(row.started_ms)] for row in rows),
    )
    return 0


def _number(row: RolloutLook) -> str:
    return f"#{row.rollout}"


def _release(row: RolloutLook) -> str:
    return row.release.version if isinstance(row.release, SoftwareRelease) else "settings"


def _state(row: RolloutLook, lang: Lang) -> list[str]:
    counts = "  ".join(f"{_word(lang, 'touched', name)} {count}" for name, count in row.counts.items() if count)
    return [_word(lang, "state", row.state), f"{min(row.stage + 1, row.stages)}/{row.stages}", counts]


def status(options: argparse.Namespace, lang: Lang) -> int:
    """One roll-out; with `--watch` until it is over. Exit code 1 when it stopped or was taken back."""
    if options.watch and not options.json:
        shown = _watch(options, lang)
    else:
        shown = _get(options)
        put(shown) if options.json else _print(shown, lang)
    return FOUND if shown.look.state in ILL else 0


def _get(options: argparse.Namespace, changes: bool = True) -> RolloutShown:
    return ask(options, ShowRollout(rollout=options.rollout, changes=changes), RolloutShown)


def _watch(options: argparse.Namespace, lang: Lang) -> RolloutShown:
    shown = _get(options)
    for part in _changes(shown, lang):  # above what moves
        console().print(part)
    shown = msgspec.structs.replace(shown, changes=(), uncompared=0)
    try:
        with Live(_drawn(shown, lang), console=console(), auto_refresh=False) as live:
            while shown.look.state in OPEN:
                time.sleep(WATCH_EVERY_S)
                shown = _get(options, changes=False)
                live.update(_drawn(shown, lang), refresh=True)
    except KeyboardInterrupt:
        pass
    return shown


def _print(shown: RolloutShown, lang: Lang) -> None:
    console().print(_drawn(shown, lang))


def _drawn(shown: RolloutShown, lang: Lang) -> Group:
    """Head, stages, gates, and the last decisions."""
    look = shown.look
    state, stage, counts = _state(look, lang)
    head = Text(f"#{look.rollout} {_release(look)}  {state}  {stage}  {counts}", style="bold")
    about = t("manager", lang, "rollout__about", who=look.who, why=look.why, at=moment(look.started_ms), size=look.size)
    parts: list[Any] = [head, Text(about), _stages(shown, lang)]
    parts += [Text(sentence) for sentence in words.waits(shown, lang, moment)]
    if missing := words.unreverted(shown, lang):
        parts.append(Text(missing, style="bold"))
    parts += _changes(shown, lang)
    if look.verdict:
        parts.append(Text(t("manager", lang, "rollout__verdict", text=words.verdict(look.verdict, lang, moment))))
    if shown.gates:
        gates = ([word(lang, "gate", g.name), str(g.value), str(g.limit), "✓" if g.ok else "✗"] for g in shown.gates)
        parts.append(tabled(lang, ("gate", "value", "limit", "ok"), gates, "manager"))
    ill = sorted(filter(words.is_told, shown.terminals), key=lambda each: each.state in ("pushed", "reverting"))
    if ill:
        rows = (
            [each.terminal, _word(lang, "touched", each.state), words.reason(each.reason, lang)] for each in ill[:20]
        )
        parts.append(tabled(lang, ("terminal", "status", "reason"), rows, "manager"))
    if look.approved_by:
        parts.append(Text(t("manager", lang, "rollout__approved", who=look.approved_by)))
    if (earlier := len(shown.history) - HISTORY_SHOWN_MAX) > 0:
        parts.append(Text(t("manager", lang, "rollout__earlier", count=earlier, number=look.rollout)))
    last = shown.history[-HISTORY_SHOWN_MAX:]
    history = ([moment(each.at_ms), *words.note(each, lang, moment), each.who] for each in last)
    parts.append(tabled(lang, ("at", "what", "detail", "who"), history, "manager"))
    return Group(*parts)


def _changes(shown: RolloutShown, lang: Lang) -> list[Any]:
    """What changes at whom, as a dry run says it."""
    parts: list[Any] = []
    for each in shown.changes:
        names = few(each.terminals, each.count)
        parts.append(Text(t("manager", lang, "rollout__alike", count=each.count, names=names)))
        if each.changes:
            parts.append(changes_tabled(each.changes, lang))
        elif isinstance(shown.look.release, SettingsRelease):
            parts.append(Text(f"  {settings_words.first_document(lang)}"))
    if rest := settings_words.uncompared(shown.uncompared, lang):
        parts.append(Text(rest))
    return parts


def _word(lang: Lang, area: str, name: str) -> str:
    return t("rollouts", lang, f"{area}__{name}")


def _stages(shown: RolloutShown, lang: Lang) -> Text:
    """One word per stage: done, running, to come."""
    text = Text()
    for place, stage in enumerate(shown.plan.stages):
        name = f"{stage.percent} %" if stage.percent else str(stage.terminals)
        back = shown.look.state in ("reverting", "reverted")
        done = (place < shown.look.stage and not back) or shown.look.state == "complete"
        mark = "●" if done else "◐" if place == shown.look.stage and shown.look.state in OPEN else "○"
        text.append(f"{mark} {name}   ", style="green" if done else "")
    return text


def acted(options: argparse.Namespace, lang: Lang) -> int:
    """Approve, pause, resume, abort or revert."""
    if options.act in ("abort", "revert") and not confirmed(options, lang, options.act, number=options.rollout):
        raise Wrong("left", room="manager")
    shown = ask(options, RolloutAct(rollout=options.rollout, act=options.act), RolloutShown)
    if options.json:
        put(shown)
    else:
        _print(shown, lang)
    return 0


def policy_parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """`posfleet policy get|put`."""
    it = commands.add_parser("policy", help=say("policy"), description=say("policy_more"))
    more = it.add_subparsers(required=True, metavar=say("command"))
    it = more.add_parser("get", parents=[common], help=say("policy_get"))
    json_word(it, say)
    it.set_defaults(run=get_policy)
    it = more.add_parser("put", parents=[common], help=say("policy_put"))
    it.add_argument("file", type=Path, metavar="FILE", help=say("policy_file"))
    why_words(it, say)
    json_word(it, say)
    it.set_defaults(run=put_policy)


def get_policy(options: argparse.Namespace, lang: Lang) -> int:
    """The rules of the house as JSON, to be edited and put back; with `--json` on one line."""
    policy = ask(options, GetPolicy(), PolicyGot).policy
    put(policy) if options.json else print(msgspec.json.format(msgspec.json.encode(policy), indent=2).decode())
    return 0


def put_policy(options: argparse.Namespace, lang: Lang) -> int:
    """New rules of the house."""
    from fleet.admin import Done, Policy, PutPolicy

    document = read(options.file)
    policy = wrong_value(lambda: msgspec.convert(document, Policy))
    ask(options, PutPolicy(policy=policy), Done)
    put(policy) if options.json else tell(lang, "policy__put")
    return 0
