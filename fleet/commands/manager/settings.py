"""`posfleet settings`: layers of settings, written, checked, compared and pushed."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from fleet import admin
from fleet.admin import (
    DiffLayer,
    DryRun,
    DryRunDone,
    GetLayer,
    LayerGot,
    LayerPut,
    Layers,
    LayersSeen,
    Push,
    Pushed,
    PutLayer,
)
from fleet.commands import Wrong
from fleet.commands.exits import FOUND
from fleet.commands.look import moment, put
from fleet.commands.manager.asking import (
    Denied,
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
    yes_word,
)  # fmt: skip
from fleet.commands.manager.blobs import blob_of
from fleet.commands.manager.terminals import change_table, fault_table
from fleet.desk import words
from fleet.desk.layers import FILE_NAMES, FILES
from rules import settings as model
from rules import settings_read
from texts import Lang, t

EDITORS = ("VISUAL", "EDITOR")
DOCUMENT_BYTES_MAX = 4_000_000
LAYER = "fleet|group:N|shop:N|tag:N|terminal:ID"


def parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """`posfleet settings layers|get|put|edit|check|diff|push|history`."""
    it = commands.add_parser("settings", help=say("settings"), description=say("settings_more"))
    more = it.add_subparsers(required=True, metavar=say("command"))

    def command(name: str, run: Any, as_json: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = more.add_parser(
            name, parents=[common], help=say(f"settings_{name}"), description=say(f"settings_{name}")
        )
        made.set_defaults(run=run)
        if as_json:
            json_word(made, say)
        return made

    command("layers", layers)

    it = command("history", layers)
    it.add_argument("layer", metavar=LAYER, help=say("layer"))

    it = command("get", get)
    it.add_argument("layer", metavar=LAYER, help=say("layer"))
    it.add_argument("--number", type=int, default=0, metavar="N", help=say("version"))

    it = command("put", put_layer)
    it.add_argument("layer", metavar=LAYER, help=say("layer"))
    it.add_argument("file", type=Path, metavar="FILE", help=say("document"))
    why_words(it, say)

    it = command("edit", edit, as_json=False)  # an editor is for people
    it.add_argument("layer", metavar=LAYER, help=say("layer"))
    why_words(it, say)

    it = command("file", name_file)
    it.add_argument("layer", metavar=LAYER, help=say("layer"))
    it.add_argument("name", choices=FILE_NAMES, help=say("file_name"))
    it.add_argument("file", type=Path, nargs="?", default=None, metavar="FILE", help=say("file"))
    it.add_argument("--url", default="", metavar="URL", help=say("url"))
    it.add_argument("--remove", action="store_true", help=say("file_remove"))
    why_words(it, say)

    it = command("check", check)
    it.add_argument("file", type=Path, metavar="FILE", help=say("document"))
    it.add_argument("--layer", default="", metavar=LAYER, help=say("check_layer"))

    it = command("diff", diff)
    it.add_argument("layer", metavar=LAYER, help=say("layer"))
    it.add_argument("before", nargs="?", type=int, default=None, metavar="N", help=say("diff_before"))
    it.add_argument("after", nargs="?", type=int, default=0, metavar="N", help=say("diff_after"))

    it = command("push", push)
    where_words(it, say)
    all_word(it, say)
    it.add_argument("--dry-run", action="store_true", help=say("dry_run"))
    why_words(it, say)
    yes_word(it, say)


# --- layers -------------------------------------------------------------------------------------------------------------


def layers(options: argparse.Namespace, lang: Lang) -> int:
    """Every layer's newest version, or all versions of one."""
    seen = ask(options, Layers(layer=_layer(options)), LayersSeen)
    if options.json:
        for row in seen.rows:
            put(row)
        return 0
    columns = ("layer", "version", "at", "who", "why", "sha256")
    table(lang, columns, ([r.layer, str(r.number), moment(r.at_ms), r.who, r.why, r.sha256[:12]] for r in seen.rows))
    return 0


def _layer(options: argparse.Namespace) -> str | None:
    name: str = getattr(options, "layer", "")
    if not name:
        return None
    try:
        return str(msgspec.convert(name, admin.Layer))
    except msgspec.ValidationError as trouble:
        raise Wrong("layer", {"text": name, "form": LAYER}, room="manager") from trouble


def get(options: argparse.Namespace, lang: Lang) -> int:
    """The document of a layer as JSON, secrets masked; with `--json` on one line."""
    document = _got(options, options.number, secrets=False).document
    put(document) if options.json else print(_text(document), end="")
    return 0


def _got(options: argparse.Namespace, number: int, secrets: bool) -> LayerGot:
    layer = _layer(options)
    assert layer is not None
    return ask(options, GetLayer(layer=layer, number=number, secrets=secrets), LayerGot)


def put_layer(options: argparse.Namespace, lang: Lang) -> int:
    """Write a layer anew from a file. It reaches no terminal before a push."""
    layer = _layer(options)
    assert layer is not None
    return _put(options, lang, PutLayer(layer=layer, document=read(options.file)))


def _put(options: argparse.Namespace, lang: Lang, request: PutLayer) -> int:
    done = ask(options, request, LayerPut)
    if options.json:
        put(done)
    else:
        _say_put(done, lang)
    return 0


def name_file(options: argparse.Namespace, lang: Lang) -> int:
    """Name a file that the layer's terminals are to fetch with their settings, or no longer."""
    layer = _layer(options)
    assert layer is not None
    if not options.remove and (options.file is None or not options.url):
        raise Wrong("file_words", room="manager")
    document, parent = _newest(options)
    files = {name: row for name, row in document.get(FILES, {}).items() if name != options.name}
    if not options.remove:
        blob = blob_of(options.file, options.url, options.name)
        files[options.name] = {"sha256": blob.sha256, "size": blob.size, "url": blob.url}
    return _put(options, lang, PutLayer(layer=layer, document=document | {FILES: files}, parent=parent))


def _newest(options: argparse.Namespace) -> tuple[Any, str]:
    """A layer's document and which version it is; nothing, when nobody ever wrote into it."""
    try:
        got = _got(options, 0, secrets=True)
    except Denied as wrong:
        if wrong.name != "unknown_layer":
            raise
        return {}, ""
    return got.document, got.version.sha256


def _say_put(done: LayerPut, lang: Lang) -> None:
    if not done.changes:
        tell(lang, "settings__same")
        return
    change_table(done.changes, lang)
    tell(lang, "settings__put", layer=done.version.layer, number=done.version.number, count=done.terminals)
    _say_reach(done.reach, lang)


def _say_reach(reach: admin.Reach, lang: Lang) -> None:
    for sentence in words.reach(reach, lang):
        print(sentence)


def edit(options: argparse.Namespace, lang: Lang) -> int:
    """Open a layer in the editor and write it back. What has a fault can be edited again and is never half stored."""
    layer = _layer(options)
    assert layer is not None
    document, parent = _newest(options)
    text = _text(document)
    while True:
        edited = _edited(text)
        if edited == text:
            tell(lang, "settings__same")
            return 0
        try:
            done = ask(options, PutLayer(layer=layer, document=_typed(edited), parent=parent), LayerPut)
        except Wrong as wrong:
            print(wrong.line(lang), file=sys.stderr)
            if wrong.name not in ("faults", "typed") or not _again(lang):
                raise
            text = edited
            continue
        _say_put(done, lang)
        return 0


def _again(lang: Lang) -> bool:
    from texts import t

    return sys.stdin.isatty() and input(t("manager", lang, "ask__again") + " ").strip().lower() in (
        "",
        "y",
        "yes",
        "是",
    )


def _edited(text: str) -> str:
    """The text as it comes back from the editor. The file is its owner's only: it may hold hashes of PINs."""
    words = next((os.environ[name] for name in EDITORS if os.environ.get(name)), "vi")
    with tempfile.TemporaryDirectory(prefix="posfleet-") as folder:
        path = Path(folder) / "settings.json"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(words), str(path)], check=True)
        except (OSError, subprocess.CalledProcessError) as trouble:
            raise Wrong("editor", {"text": words, "detail": str(trouble)}, room="manager") from trouble
        return path.read_text(encoding="utf-8")


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _typed(text: str) -> Any:
    """What came back from the editor, which opened JSON: that, or TOML in its place; nothing at all is neither. Raises
    `Wrong`."""
    begin = text.lstrip()[:1]
    try:
        return _parsed(text, is_toml=begin not in ("", "{"))
    except (ValueError, TypeError, RecursionError) as trouble:
        raise Wrong("typed", {"detail": str(trouble)}, room="manager") from trouble


def read(path: Path) -> Any:
    """A settings document of a JSON or TOML file. Raises `Wrong`."""
    try:
        if path.stat().st_size > DOCUMENT_BYTES_MAX:
            raise Wrong("document", {"path": str(path), "detail": f"> {DOCUMENT_BYTES_MAX} B"}, room="manager")
        text = path.read_text(encoding="utf-8-sig")  # editors of Windows begin with a mark
        return _parsed(text, path.suffix == ".toml")
    except OSError as trouble:
        raise Wrong(
            "file", {"path": str(path), "detail": trouble.strerror or str(trouble)}, room="manager"
        ) from trouble
    except (ValueError, TypeError, RecursionError) as trouble:
        raise Wrong("document", {"path": str(path), "detail": str(trouble)}, room="manager") from trouble


def _parsed(text: str, is_toml: bool) -> Any:
    """What a text says, read as a terminal reads it: of a name said twice nobody knows which was meant. Raises `Denied` with
    paths, and `ValueError`, `TypeError` (a date of TOML) or `RecursionError` for what is no such text."""
    as_json = json.dumps(tomllib.loads(text), ensure_ascii=False) if is_toml else text
    found = settings_read.read(as_json, DOCUMENT_BYTES_MAX)
    if not isinstance(found, list):
        return found
    if found[0].reason == "no_json":
        raise ValueError(found[0].detail)
    faults = (admin.Fault(path=each.path, reason=each.reason, detail=each.detail, code=each.code) for each in found)
    raise Denied(admin.Refused(reason="faults", faults=tuple(faults)))


# --- checking, comparing, pushing ---------------------------------------------------------------------------------------


def check(options: argparse.Namespace, lang: Lang) -> int:
    """Check a file: by itself as a whole document, or laid into its place in the fleet. Exit code 1 when it has faults."""
    document = read(options.file)
    layer = _layer(options)
    if layer is not None:
        return _check_at(options, lang, PutLayer(layer=layer, document=document, check=True))
    checked = model.check(document)
    faults = [
        admin.Fault(path=each.path, reason=each.reason, detail=each.detail, code=each.code)
        for each in (checked if isinstance(checked, list) else ())
    ]
    if not faults and not options.json:
        tell(lang, "settings__sound")
    return _faults(options, lang, faults)


def _check_at(options: argparse.Namespace, lang: Lang, request: PutLayer) -> int:
    try:
        done = ask(options, request, LayerPut)
    except Denied as wrong:
        if wrong.name != "faults":
            raise
        return _faults(options, lang, wrong.faults)
    if options.json:
        put({"faults": [], "changes": done.changes, "terminals": done.terminals, "reach": done.reach})
    else:
        change_table(done.changes, lang)
        tell(lang, "settings__sound_at", count=done.terminals)
        _say_reach(done.reach, lang)
    return 0


def _faults(options: argparse.Namespace, lang: Lang, faults: Sequence[admin.Fault]) -> int:
    if options.json:
        put({"faults": faults, "changes": [], "terminals": 0})
    elif faults:
        fault_table(faults, lang)
    return FOUND if faults else 0


def diff(options: argparse.Namespace, lang: Lang) -> int:
    """What differs between two versions of a layer; without numbers: what the last one changed."""
    layer = _layer(options)
    assert layer is not None
    before = options.before
    if before is None:
        versions = ask(options, Layers(layer=layer), LayersSeen).rows
        before = versions[1].number if len(versions) > 1 else 0
    seen = ask(options, DiffLayer(layer=layer, before=before, after=options.after), admin.Differences)
    if options.json:
        put(seen)
    elif seen.changes:
        change_table(seen.changes, lang)
    else:
        tell(lang, "settings__same")
    return 0


def push(options: argparse.Namespace, lang: Lang) -> int:
    """Say who would change what; then, if it is meant, give it to all of them at once."""
    where = where_of(options)
    if not options.dry_run and not options.why:
        raise Denied(admin.Refused(reason="why_missing"))
    dry = ask(options, DryRun(where=where), DryRunDone)
    if options.dry_run and options.json:
        put(dry)
        return FOUND if dry.faults or dry.held else 0
    if not options.json:
        show_dry(dry, lang)
    if options.dry_run:
        return FOUND if dry.faults or dry.held else 0
    count = sum(len(group.terminals) for group in dry.groups)
    if count and not dry.faults and not confirmed(options, lang, "push", count=count):
        raise Wrong("left", room="manager")
    done = ask(options, Push(where=where), Pushed)
    if options.json:
        put(done)
    elif done.rev:
        tell(lang, "settings__pushed", rev=done.rev, count=done.terminals)
        print(t("fleet", lang, "reach__later"))
    else:
        tell(lang, "settings__same")
    return 0


def show_dry(dry: DryRunDone, lang: Lang) -> None:
    """Which terminals would change what."""
    for group in dry.groups:
        tell(lang, "settings__alike", count=len(group.terminals), names=few(group.terminals))
        if group.changes:
            change_table(group.changes, lang)
        else:
            print(f"  {words.first_document(lang)}")
    if dry.faults:
        fault_table(dry.faults, lang)
    if dry.held:
        tell(lang, "settings__held", names=few(f"{name} (#{number})" for name, number in dry.held.items()))
    if dry.first:
        tell(lang, "settings__first", count=dry.first)
    tell(lang, "settings__unchanged", count=dry.unchanged)
    _say_reach(dry.reach, lang)
