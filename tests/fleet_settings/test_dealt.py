"""What was put aside is ticked off by somebody, and stays."""

import hashlib

import msgspec
import pytest
import sqlalchemy as sa

from fleet import admin
from fleet.admin import Caller, DealtWith, DealWith, Quarantined
from fleet.desk.tables import dealt
from fleet.store import Quarantine
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
    assert office.ask(DealWith(ids=(conflict.id, other.id[:8])), by=BORIS, why="a copied card") == DealtWith(
        count=2, terminals=("A1", "A2")
    )
    assert counts(office) == {"A1": (1, 0), "A2": (1, 0)}
    assert {row.id for row in rows(office)}.isdisjoint({conflict.id, other.id})
    after = {row.id: row for row in rows(office, dealt=True)}[conflict.id]
    assert (after.dealt_by, after.note, after.dealt_ms, after.conflict) == ("boris", "a copied card", office.now, True)
    assert len(rows(office, dealt=True)) == 4, "nothing is lost"


def test_what_is_the_same_at_two_terminals_has_two_ids(office):
    first, second = sorted(row.id for row in rows(office) if row.size == 7)
    digest, *key = first.split(".")
    assert (key, second.split(".")) == (["A1", "0", "0"], [digest, "A2", "0", "0"])
    for of_both in (digest, digest[:8]):
        refused = office.ask(DealWith(ids=(of_both,)))
        assert (refused.reason, refused.detail) == ("ambiguous", of_both)
    assert office.ask(DealWith(ids=(f"{digest[:8]}.A9",))).reason == "unknown_aside"
    assert counts(office) == {"A1": (1, 1), "A2": (2, 0)}
    assert office.ask(DealWith(ids=(first,))) == DealtWith(count=1, terminals=("A1",))
    assert counts(office) == {"A1": (0, 1), "A2": (2, 0)}
    assert office.ask(DealWith(ids=(f"{digest[:8]}.A2",))) == DealtWith(count=1, terminals=("A2",))
    assert counts(office) == {"A1": (0, 1), "A2": (1, 0)}


def test_the_same_record_under_two_numbers_has_two_ids(office):
    with office.store.begin() as books:
        books.add_quarantine([Quarantine("A3", epoch, 7, "body", b"x", office.now) for epoch in (1, 2)])
    digest = hashlib.sha256(b"x").hexdigest()[:8]
    assert office.ask(DealWith(ids=(f"{digest}.A3",))).reason == "ambiguous"
    assert office.ask(DealWith(ids=(f"{digest}.A3.2.7",))) == DealtWith(count=1, terminals=("A3",))
    assert counts(office)["A3"] == (1, 0)


def test_everything_of_a_terminal_is_ticked_off_at_once(office):
    assert office.ask(DealWith(terminal="A2", upto_ms=office.now)) == DealtWith(count=2, terminals=("A2",))
    assert counts(office) == {"A1": (1, 1)}


def test_what_came_later_than_one_has_looked_is_not_ticked_off_with_the_rest(office):
    looked_ms = office.now
    office.now += 1
    office.say("A3", "rec", b"news")
    assert office.ask(DealWith(upto_ms=looked_ms)) == DealtWith(count=4, terminals=("A1", "A2"))
    assert counts(office) == {"A3": (1, 0)}


def test_the_first_word_stands(office):
    assert office.ask(DealWith(upto_ms=office.now), why="first") == DealtWith(count=4, terminals=("A1", "A2"))
    assert office.ask(DealWith(upto_ms=office.now), by=BORIS, why="second") == DealtWith()
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


@pytest.mark.parametrize(
    "bad", ["abc", "g" * 8, "0" * 65, "0" * 8 + ".A1.", "0" * 8 + ".A1.1", "0" * 8 + ".A1.1.x", "00000000.A%.1.1"]
)
def test_what_can_be_no_id_is_no_request(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "deal_with", "ids": [bad]}, DealWith)


def test_it_stands_in_the_audit_with_the_terminals(office):
    same = next(row.id for row in rows(office) if row.size == 7 and row.terminal == "A1")
    office.ask(DealWith(ids=(same,)), why="a loose plug")
    office.ask(DealWith(terminal="A2", upto_ms=office.now), why="a loose cable")
    office.ask(DealWith(upto_ms=office.now), why="the rest")
    rest, second, first = office.ask(admin.Audit(what="deal_with")).rows
    assert (first.who, first.subject, first.why, first.detail) == (
        "anna", "A1", "a loose plug", f"{same[:12]}; 1 done of A1",
    )  # fmt: skip
    assert (second.subject, second.why, second.detail) == ("A2", "a loose cable", "all that is open; 2 done of A2")
    assert (rest.subject, rest.detail) == ("A1", "all that is open; 1 done of A1")
