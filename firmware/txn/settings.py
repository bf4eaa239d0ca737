"""Settings from the fleet and changes of the terminal's own: what is taken, what is refused, who may change what.

The order is the wire contract's (4): size, signature, envelope, audience, revision, time, schema and sense; then the
document is kept and waits until the terminal is idle (`firmware.desks.settings`). Changes made here are overrides with an
owner, on record in the journal, laid over whatever document is in force (`rules.settings_book`).
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from firmware.events import Now
from firmware.txn.books import Books, Entry, Reading, Subject
from firmware.txn.command import Context, Decision, Refusal, lacking
from firmware.txn.dress import dress
from firmware.view import text
from rules.rights import Right, Role, role_of
from rules.settings import Problem, Settings, change_refusal, check, misfits, who_may
from rules.settings_book import (
    OVERRIDES_MAX,
    File,
    Heard,
    Override,
    SettingsBook,
    Staged,
    Version,
    digest,
    in_force,
    laid_over,
    may_stand,
    with_override,
    without_override,
)
from rules.settings_read import outermost, read
from wire.facts import Fact, LanguageChosen, SettingOverridden, SettingRestored, SettingsApplied
from wire.fleet import TEXT_MAX, Audience, Blob, Desired, DesiredRev, Word, audiences

TOO_LARGE, BUSY, UNTRUSTED, BAD, NOT_PERMITTED = 1008, 1010, 2019, 9004, 2005
FILES: Final = ("help", "goods")
"""Names of files that a document may bring along: what the fleet says beside the built-in help, and the price list."""

OWN: Final = "override:"
"""Before the path, in the table of the terminal's own small facts, which no pruning forgets."""

REASON_MAX: Final = 120
Fits = Callable[[Settings], Problem | None]


# --- what the fleet sent ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document to keep."""

    staged: Staged


@dataclass(frozen=True, slots=True)
class Wrong:
    """A document not to take, and why. `newest`: it is the fleet's own newest word to this terminal all the same;
    `unreadable`: it is the fleet's, but not even its revision can be read."""

    heard: Heard
    newest: bool = False
    unreadable: bool = False


class _Meant(msgspec.Struct, frozen=True):
    """What an envelope says it is."""

    rev: DesiredRev
    audience: Audience
    rollout: Word = ""


def judge(
    text: str, trusted: bool, we_are: Collection[str], book: SettingsBook, now: Now, fits: Fits
) -> Wanted | Wrong | None:  # fmt: skip
    """What a document that came is worth; None: it is the one that was heard last. `we_are`: this terminal, as an
    audience names it;
    `fits`: what of settings its board cannot have. Never an exception, whatever the text is."""
    if len(text) > TEXT_MAX:
        return Wrong(Heard(code=TOO_LARGE, path="$", reason=f"too_large {len(text)}", status="rejected"))
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if not trusted:
        return Wrong(Heard(0, sha256, "rejected", UNTRUSTED, "signature", "no signature of the fleet's"))
    found = _desired(text)
    meant = _meant(text) if isinstance(found, Problem) else _Meant(found.rev, found.audience, found.rollout)
    if meant is None:
        assert isinstance(found, Problem)
        return Wrong(_rejected(Heard(0, sha256), found), unreadable=True)
    heard = Heard(meant.rev, sha256, rollout=meant.rollout)
    if audiences(meant.audience).isdisjoint(we_are):
        return Wrong(_rejected(heard, Problem("audience", "not_ours", meant.audience)))
    if (meant.rev, sha256) == (book.heard.rev, book.heard.sha256):
        return None
    if meant.rev <= newest_rev(book):
        return Wrong(_rejected(heard, Problem("rev", "replay", f"{meant.rev}, heard {newest_rev(book)}")))
    if isinstance(found, Problem):
        return Wrong(_rejected(heard, found), newest=True)
    problem = _fault(found, now, fits)
    if problem is not None:
        return Wrong(_rejected(heard, problem), newest=True)
    return Wanted(_staged(found, sha256, now))


def _desired(text: str) -> Desired | Problem:
    """The envelope, or the first that keeps the text from being one."""
    found = read(text, TEXT_MAX)
    if isinstance(found, list):
        return found[0]
    return next(misfits(Desired, found), None) or msgspec.convert(found, Desired)


def _meant(text: str) -> _Meant | None:
    """What a text that is no envelope says it is, so that its refusal reaches whoever waits for it; None: not even that."""
    said = outermost(text)
    words = {name: said[f'"{name}"'] for name in _Meant.__struct_fields__ if f'"{name}"' in said}
    try:
        meant = msgspec.convert({name: msgspec.json.decode(word) for name, word in words.items()}, _Meant)
    except msgspec.DecodeError:  # and `ValidationError`, which is one of them
        return None
    return meant if meant.rollout.isprintable() else msgspec.structs.replace(meant, rollout="")


def newest_rev(book: SettingsBook) -> int:
    """The newest revision of the fleet's that this terminal knows of."""
    versions = (book.applied, book.good, book.staged.version if book.staged else None)
    return max(book.heard.rev, *(each.rev for each in versions if each is not None and each.origin == "fleet"), 0)


def _fault(desired: Desired, now: Now, fits: Fits) -> Problem | None:
    """What is wrong with a document that the fleet means for this terminal."""
    if now.trusted and desired.expires_ms and desired.expires_ms <= now.wall_ms:
        return Problem("expires_ms", "expired", str(desired.expires_ms))
    if desired.expires_ms and desired.expires_ms <= desired.not_before_ms:
        return Problem("expires_ms", "expired", "before it begins")
    for place, blob in enumerate(desired.blobs):
        if blob.name not in FILES or blob.name in {each.name for each in desired.blobs[:place]}:
            return Problem(f"blobs[{place}].name", "unknown", blob.name)
    checked = check(desired.document)
    return checked[0] if isinstance(checked, list) else fits(checked)


def _rejected(heard: Heard, problem: Problem) -> Heard:
    reason = f"{problem.reason} {problem.detail}".strip()
    safe = "".join(sign if sign.isprintable() else "·" for sign in reason[:REASON_MAX])
    return msgspec.structs.replace(
        heard, status="rejected", code=problem.code, path=problem.path.removeprefix("document.")[:REASON_MAX],
        reason=safe,
    )  # fmt: skip


def _staged(desired: Desired, sha256: str, now: Now) -> Staged:
    files = tuple(File(blob.name, blob.sha256, blob.size, blob.url) for blob in desired.blobs)
    version = Version(desired.rev, "fleet", desired.document, desired.rollout, files, sha256)
    return Staged(version, now.wall_ms, now.trusted, desired.not_before_ms, desired.expires_ms)


def blob_of(file: File) -> Blob:
    """A file of a document as it is fetched."""
    return Blob(file.name, file.sha256, file.size, file.url)


# --- changes made here ------------------------------------------------------------------------------------------------


def overrides(books: Reading) -> tuple[Override, ...]:
    """What was changed at the terminal and not taken back, oldest first."""
    rows = books.read("SELECT name, value FROM life WHERE name >= ? AND name < ?", OWN, OWN[:-1] + ";")
    found = (msgspec.json.decode(value, type=Override) for _, value in rows)
    return tuple(sorted(found, key=lambda each: (each.at_ms, each.path)))


@dataclass(frozen=True, slots=True)
class ChangeSetting:
    """Another value for one setting, at this terminal alone, until it is taken back."""

    path: str
    value: Any

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SettingOverridden` and `SettingsApplied`; 2001, 2005 for who may not or what the fleet has fixed, 9004 for a
        value that makes no sense."""
        if refusal := not_changeable(ctx, self.path):
            return refusal
        if ctx.book.applied.rev != ctx.settings.revision:
            return Refusal(BUSY, text("setting__waiting"))
        number = ctx.session.operator
        new = Override(self.path, self.value, number, ctx.now.wall_ms)
        book = with_override(ctx.book, new)
        problems = check(laid_over(book.applied.document, book.overrides))
        if isinstance(problems, list):
            return Refusal(BAD, f"{problems[0].path} {problems[0].detail}".strip()[:48])
        if len(book.overrides) > OVERRIDES_MAX:
            return Refusal(BAD, str(OVERRIDES_MAX))
        settings, _ = in_force(book.applied, book.overrides)
        role = role_of(number)
        if role is None or change_refusal(ctx.settings, settings, role):
            return Refusal(NOT_PERMITTED, self.path)
        fact = SettingOverridden(self.path, _json(self.value), number, _json(value_of(ctx.settings, self.path)))
        return Decision((fact, *_spoken(self.path, settings), _applied(settings, ctx.book)))


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The document's value again, for one setting that was changed here."""

    path: str

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`SettingRestored` and `SettingsApplied`; 2001, 2005, 9004 when nothing was changed."""
        if refusal := not_changeable(ctx, self.path):
            return refusal
        if ctx.book.applied.rev != ctx.settings.revision:
            return Refusal(BUSY, text("setting__waiting"))
        if not any(each.path == self.path for each in ctx.book.overrides):
            return Refusal(BAD, self.path)
        book = without_override(ctx.book, self.path)
        settings, _ = in_force(book.applied, book.overrides)
        facts = (SettingRestored(self.path, ctx.session.operator), *_spoken(self.path, settings))
        return Decision((*facts, _applied(settings, ctx.book)))


def not_changeable(ctx: Context, path: str) -> Refusal | None:
    """Why the operator may not change a setting here: 2001; 2005 by their role, for want of the right to the shop's or the
    device's settings, or because the fleet has fixed it."""
    if not ctx.session.operator:
        return Refusal(2001)
    try:
        roles = who_may(path)
    except KeyError:
        return Refusal(BAD, path)
    if ctx.session.role not in roles:
        return Refusal(NOT_PERMITTED, path)
    if (right := _right_to(path, roles)) and (refusal := lacking(ctx, right)):
        return refusal
    return None if may_stand(ctx.settings.local, path) else Refusal(NOT_PERMITTED, text("setting__fixed"))


def _right_to(path: str, roles: Collection[str]) -> Right | None:
    """The right behind a setting; how loud the terminal is suits whoever works at it."""
    if Role.CASHIER in roles:
        return Right.LANGUAGE if path == "terminal.lang" else None
    return Right.SETTINGS_SHOP if Role.SUPERVISOR in roles else Right.SETTINGS_DEVICE


def standing(ctx: Context) -> Literal["none", "waiting", "trial", "applied", "rejected", "rolled_back"]:
    """How the fleet's newest document stands, for the screen."""
    if ctx.book.staged is not None or ctx.book.applied.rev != ctx.settings.revision:
        return "waiting"
    status = ctx.book.heard.status
    return "applied" if status == "staged" else status


def value_of(settings: Settings, path: str) -> Any:
    """The value of a setting, as plain data. Raises `AttributeError` for a path that is none."""
    value: Any = settings
    for name in path.split("."):
        value = getattr(value, name)
    return msgspec.to_builtins(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _spoken(path: str, settings: Settings) -> tuple[Fact, ...]:
    """The language is also what somebody chose last (`life.ChooseLanguage`)."""
    return (LanguageChosen(settings.terminal.lang),) if path == "terminal.lang" else ()


def _applied(settings: Settings, book: SettingsBook) -> SettingsApplied:
    return SettingsApplied(settings.revision, digest(settings), book.applied.origin, dress(settings))


# --- on record --------------------------------------------------------------------------------------------------------


def _overridden(books: Books, fact: SettingOverridden, entry: Entry) -> None:
    value = msgspec.json.encode(Override(fact.path, msgspec.json.decode(fact.value), fact.operator, entry.at_ms))
    books.write("INSERT OR REPLACE INTO life VALUES (?, ?)", OWN + fact.path, value.decode())


def _restored(books: Books, fact: SettingRestored, entry: Entry) -> None:
    books.write("DELETE FROM life WHERE name = ?", OWN + fact.path)


SUBJECT = Subject((), {SettingOverridden: _overridden, SettingRestored: _restored}, uses=("life",))
