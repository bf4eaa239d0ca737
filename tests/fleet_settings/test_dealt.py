"""What was put aside is ticked off by somebody, and stays."""

import pytest
import sqlalchemy as sa

from fleet import admin
from fleet.admin import Caller, DealWith, Done, Quarantined
from fleet.desk.tables import dealt
from tests.fleet_settings.office import BORIS, Office
from tests.journals import Journal
from tests.stores import each_store, postgres_free, postgres_server  # noqa: F401 - fixtures
from wire.facts import LanguageChosen

pytestmark = pytest.mark.usefixtures("each_store")


def journal(lang):
    made = Journal("A1", born=False)
    made.add(LanguageChosen(lang))
    return made.packets()[0]


@pytest.fixture
def office():
    """The same rubbish from two terminals, other rubbish, and a conflict."""
    made = Office()
    for terminal, body in (
        ("A1", b"rubbish"),
        ("A2", b"rubbish"),
        ("A2", b"other"),
        ("A1", journal("zh")),
        ("A1", journal("en")),
    ):
        made.say(terminal, "rec", body)
        made.now += 1_000
    yield made
    made.store.close()


def rows(office, **asked):
    return office.ask(Quarantined(**asked)).rows


def counts(office):
    with office.store.begin() as books:
        return books.fleet.faults.open()


def test_one_thing_is_ticked_off_by_its_id_and_the_rest_stays_open(office):
    assert counts(office) == {"A1": (1, 1), "A2": (2, 0)}
    (conflict,) = [row for row in rows(office) if row.conflict]
    other = next(row for row in rows(office) if row.size == 5)
    assert office.ask(DealWith(ids=(conflict.id, other.id[:8])), by=BORIS, why="a copied card") == Done(count=2)
    assert counts(office) == {"A1": (1, 0), "A2": (1, 0)}
    assert {row.id for row in rows(office)}.isdisjoint({conflict.id, other.id})
    after = {row.id: row for row in rows(office, dealt=True)}[conflict.id]
    assert (after.dealt_by, after.note, after.dealt_ms, after.conflict) == ("boris", "a copied card", office.now, True)
    assert len(rows(office, dealt=True)) == 4, "nothing is lost"


def test_what_is_the_same_at_two_terminals_goes_by_one_id_or_by_terminal(office):
    (same,) = {row.id for row in rows(office) if row.size == 7}
    assert office.ask(DealWith(terminal="A2", upto_ms=office.now)) == Done(count=2)
    assert counts(office) == {"A1": (1, 1)}
    assert office.ask(DealWith(ids=(same,))) == Done(count=1)
    assert counts(office) == {"A1": (0, 1)}


def test_what_came_later_than_one_has_looked_is_not_ticked_off_with_the_rest(office):
    looked_ms = office.now
    office.now += 1
    office.say("A3", "rec", b"news")
    assert office.ask(DealWith(upto_ms=looked_ms)) == Done(count=4)
    assert counts(office) == {"A3": (1, 0)}


def test_the_first_word_stands(office):
    assert office.ask(DealWith(upto_ms=office.now), why="first") == Done(count=4)
    assert office.ask(DealWith(upto_ms=office.now), by=BORIS, why="second") == Done(count=0)
    assert {(row.dealt_by, row.note) for row in rows(office, dealt=True)} == {("anna", "first")}
    with pytest.raises(Exception, match="only ever added"), office.store.begin() as books:
        books._db.execute(sa.update(dealt).values(note="never happened"))


@pytest.mark.parametrize(
    ("request_", "more", "reason"),
    [
        (DealWith(ids=("0" * 12,)), {}, "unknown_aside"),
        (DealWith(), {}, "bad_request"),
        (DealWith(upto_ms=1), {"why": " "}, "why_missing"),
        (DealWith(upto_ms=1), {"by": Caller(name="carla", role="support")}, "role"),
    ],
)
def test_what_is_refused_changes_nothing(office, request_, more, reason):
    assert office.ask(request_, **more).reason == reason
    assert counts(office) == {"A1": (1, 1), "A2": (2, 0)}


def test_it_stands_in_the_audit(office):
    office.ask(DealWith(terminal="A2", upto_ms=office.now), why="a loose cable")
    (row,) = office.ask(admin.Audit(what="deal_with")).rows
    assert (row.who, row.subject, row.why, row.detail) == ("anna", "A2", "a loose cable", "all that is open; 2 done")
