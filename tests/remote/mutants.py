"""Mistakes somebody could make with commands and updates, each put into the code; a chaos of orders must catch it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from unittest.mock import patch

from firmware.desks.remote import RemoteDesk
from firmware.desks.update import UpdateDesk
from firmware.txn import lock, remote

Mutant = Callable[[], AbstractContextManager[object]]

_unsigned = RemoteDesk._order


def _takes_unsigned(desk: RemoteDesk, till: object, event: object) -> None:
    from dataclasses import replace

    _unsigned(desk, till, replace(event, trusted=True))  # type: ignore[arg-type,type-var]


def _minute(desk: UpdateDesk, till: object) -> None:
    desk._ask(till, "confirm")  # type: ignore[arg-type]


_booted = RemoteDesk.booted


def _forgets_what_was_cut(desk: RemoteDesk, till: object) -> None:
    """Open commands are left hanging."""


def _forgets_what_was_held(desk: RemoteDesk, till: object) -> None:
    """After a cut nobody looks for what waits on the card."""
    _booted(desk, till)  # type: ignore[arg-type]
    desk.holds = False


_beyond = remote._ended


def _forgets_results(books, fact, entry) -> None:  # type: ignore[no-untyped-def]
    """The table is emptied when a command ends: who asks again is obeyed again."""
    books.write("DELETE FROM command WHERE cid = ?", fact.cid)


def _late_is_fine(ctx, order):  # type: ignore[no-untyped-def]
    return None


MUTANTS: dict[str, Mutant] = {
    "the table forgets results": lambda: patch.dict(
        remote.SUBJECT.apply, {remote.CommandEnded: _forgets_results}
    ),
    "the expiry is ignored": lambda: patch.object(remote, "too_late", _late_is_fine),
    "the signature is ignored": lambda: patch.object(RemoteDesk, "_order", _takes_unsigned),
    "the lock is only a screen": lambda: patch.object(lock, "sells_no_more", lambda books: None),
    "dangerous commands by any clock": lambda: patch.object(remote, "DANGEROUS", ()),
    "what was cut off is left hanging": lambda: patch.object(RemoteDesk, "booted", _forgets_what_was_cut),
    "what was held is forgotten by a cut": lambda: patch.object(RemoteDesk, "booted", _forgets_what_was_held),
    "an update starts while something is under way": lambda: patch(
        "firmware.desks.update.at_rest", lambda till: True
    ),
    "a slot is confirmed before it has proven well": lambda: patch.object(UpdateDesk, "_minute", _minute),
    "the drawer asks no rule": lambda: patch.object(
        remote, "_open_drawer",
        lambda ctx, reason: (remote.NoSale(0, "", reason, "", "remote"),),
    ),
}  # fmt: skip
