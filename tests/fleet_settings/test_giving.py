"""A push is given in lots, as there is room to send them; to everybody else it is whole from the moment it is answered."""

import random

import pytest

from fleet import admin
from fleet.admin import Registered
from fleet.core import Pump
from fleet.desk import giving, settings
from fleet.desk.giving import LOT
from fleet.desk.tables import desired, lots, pushed
from fleet.effects import SendDesired
from tests.fleet_settings.office import Office, desired_of, reported
from tests.stores import each_store, new_store, postgres_free, postgres_server  # noqa: F401
from wire.fleet import AUDIENCE_MAX

pytestmark = pytest.mark.usefixtures("each_store")

NAMES = [f"M{number:05}" for number in range(2 * LOT + AUDIENCE_MAX + 5)]
SHOPS = ("s1", "s2", "")


@pytest.fixture
def office():
    it = Office(new_store())
    rows = [Registered(terminal=name, shop=SHOPS[place % 3]) for place, name in enumerate(NAMES)]
    for start in range(0, len(rows), 1_000):
        it.ask(admin.Register(rows=tuple(rows[start : start + 1_000])))
    it.layer("fleet", {"shop": {"name": "甲"}})
    it.layer("shop:s1", {"shop": {"branch": "一"}})
    it.layer(f"terminal:{NAMES[7]}", {"shop": {"branch": "own"}})
    yield it
    it.store.close()


def counted(office: Office, table) -> int:
    with office.store.begin() as books:
        return len(books.fleet.settings._db.execute(table.select()).all())


def step(office: Office, room: int, under_way=()) -> list[SendDesired]:
    effects = office.core.step(Pump(office.now, (), room, under_way))
    return [each for each in effects if isinstance(each, SendDesired)]


def test_rows_are_written_as_there_is_room_and_sent_with_it(office):
    assert office.push().terminals == len(NAMES)
    assert (counted(office, desired), counted(office, pushed), counted(office, lots)) == (0, 0, 3)
    first = step(office, LOT)
    assert [each.terminal for each in first] == NAMES[:LOT]
    assert (counted(office, desired), counted(office, pushed), counted(office, lots)) == (LOT, LOT, 2)
    rest = step(office, 2 * LOT)
    assert [each.terminal for each in rest] == NAMES[LOT:]
    assert (counted(office, desired), counted(office, pushed), counted(office, lots)) == (len(NAMES), len(NAMES), 0)


def test_what_there_is_no_room_for_is_due_like_all_else(office):
    office.push()
    first = step(office, 10)
    assert [each.terminal for each in first] == NAMES[:10]
    sent = [each.terminal for each in first + office.pump()]
    assert sorted(set(sent)) == NAMES


@pytest.mark.parametrize("who", ["a person", "the clock"])
def test_nobody_goes_on_from_half_a_push(office, who):
    rev = office.push().rev
    step(office, LOT)
    if who == "a person":
        office.layer("fleet", {"shop": {"name": "乙"}})
    else:
        office.tick()
    assert (counted(office, desired), counted(office, lots)) == (len(NAMES), 0)
    assert office.ask(admin.ShowTerminal(terminal=NAMES[-1])).look.desired_rev == rev


def test_a_look_needs_nothing_written(office):
    """A page reads past the server, from a file it cannot write to."""
    office.push()
    step(office, LOT)
    before = counted(office, lots)
    looks = [office.ask(admin.ShowTerminal(terminal=each)).look for each in (NAMES[0], NAMES[-1])]
    assert [look.desired_rev for look in looks] == [1, 0]
    assert counted(office, lots) == before > 0


def test_a_push_to_no_more_than_a_lot_is_given_with_its_answer(office):
    office.push(terminals=tuple(NAMES[:LOT]))
    assert (counted(office, desired), counted(office, lots)) == (LOT, 0)
    assert [each.terminal for each in step(office, 2 * LOT)] == NAMES[:LOT]


def test_two_pushes_after_each_other_end_with_the_second_everywhere(office):
    first = office.push().rev
    early = step(office, LOT)
    office.layer("fleet", {"shop": {"name": "乙"}})
    second = office.push().rev
    late = office.pump()
    assert {each.rev for each in early} == {first}
    assert {each.rev for each in late} == {second}, "what the first had not sent is not sent any more"
    assert sorted(each.terminal for each in late) == NAMES
    assert {desired_of(each).document["shop"]["name"] for each in late} == {"乙"}


def test_a_terminal_to_which_an_older_one_is_under_way_gets_the_newer_after_it(office):
    office.push()
    old = office.pump(taken=False)
    office.layer("fleet", {"shop": {"name": "乙"}})
    office.push()
    busy = [each.sent for each in old if each.terminal in (NAMES[0], NAMES[LOT + 1])]
    sent = [*step(office, 4 * LOT, busy), *step(office, 4 * LOT, busy)]
    assert {each.terminal for each in sent} == set(NAMES) - {NAMES[0], NAMES[LOT + 1]}
    taken = tuple(each.sent for each in sent)
    office.core.step(Pump(office.now, taken, 0))
    assert [each.terminal for each in step(office, LOT)] == [NAMES[0], NAMES[LOT + 1]]


def test_a_crash_in_the_middle_loses_nobody_and_the_same_bytes_come_again(office):
    rev = office.push().rev
    before = step(office, LOT)
    office.restart()
    after = office.pump(taken=False)
    assert sorted(each.terminal for each in after) == NAMES, "those under way, too: nobody knows whether they arrived"
    assert {each.rev for each in after} == {rev}
    signed = {each.terminal: each.signed for each in after}
    assert all(signed[each.terminal] == each.signed for each in before)
    office.restart()
    assert {each.terminal: each.signed for each in office.pump()} == signed, "given by then, and read from the history"


def test_by_any_room_the_texts_are_the_same(office):
    office.push()
    chance = random.Random(4)
    sent: dict[str, list] = {}
    for _ in range(40):
        for each in step(office, chance.choice((1, 40, 300, LOT, 3 * LOT))):
            sent.setdefault(each.terminal, []).append(each.signed)
    office.restart()
    for each in office.pump():
        sent.setdefault(each.terminal, []).append(each.signed)
    assert sorted(sent) == NAMES
    assert all(len({(each.text, each.signature) for each in some}) == 1 for some in sent.values())


def test_a_word_of_a_terminal_whose_turn_has_not_come_stands(office):
    office.push()
    office.pump()
    office.layer("fleet", {"shop": {"name": "乙"}})
    office.push()
    step(office, LOT)
    office.say(NAMES[-1], "reported", reported(1), retained=True)
    assert NAMES[-1] in {each.terminal for each in office.pump()}
    look = office.ask(admin.ShowTerminal(terminal=NAMES[-1])).look
    assert (look.rev, look.desired_rev) == (1, 2)


def test_lots_of_two_pushes_are_not_cut_across(office):
    """Neighbours share a text for ever, so who they are must not hang on what is given at the same time."""
    found = {}
    with office.store.begin() as books:
        sha256 = books.fleet.settings.keep({"shop": {"name": "甲"}})
        for first in (0, LOT + 5):
            names = NAMES[first : first + LOT + 5]
            giving.begin(books, dict.fromkeys(names, (sha256, "")), look(office))
    for room in (LOT, 2 * LOT, 2 * LOT):  # the second takes the end of one and the beginning of the other
        found |= {each.terminal: each.signed for each in step(office, room)}
    office.restart()
    assert {each.terminal: each.signed for each in office.pump()} == found
    assert len(found) == 2 * (LOT + 5)


def look(office) -> admin.PushLook:
    return admin.PushLook(rev=0, at_ms=office.now, who="anna", why="x", kind="push", terminals=0)


def test_whoever_makes_more_than_a_lot_at_once_finds_all_of_their_rows(office):
    with office.store.begin() as books:
        sha256 = books.fleet.settings.keep({"shop": {"name": "甲"}})
        rev = settings.give(books, dict.fromkeys(NAMES, (sha256, "")), look(office))
        assert {row.rev for row in books.fleet.settings.desired_of(NAMES).values()} == {rev}
        assert len(books.fleet.settings.desired_of(NAMES)) == len(NAMES)


def test_among_many_nobody_answers_for_another(office):
    """Of many names all between the first and the last are read."""
    other = f"{NAMES[LOT]}x"
    office.ask(admin.Register(rows=(Registered(terminal=other, tags=("apart",)),)))
    started = office.ask(admin.StartRollout(release=admin.SettingsRelease(), where=admin.Where(terminals=(other,))))
    assert isinstance(started, admin.RolloutShown), started
    assert office.push().reason == "in_rollout"
    office.layer(f"terminal:{other}", {"shop": {"branch": "x"}})
    office.say(other, "reported", reported(900), retained=True)
    done = office.push(without=("apart",))
    assert (done.rev, done.terminals) == (1, len(NAMES)), done
    sent = {each.terminal: desired_of(each).document["shop"].get("branch") for each in office.pump()}
    assert sorted(sent) == NAMES
    assert [name for name, branch in sent.items() if branch == "own"] == [NAMES[7]]


def test_layers_are_merged_once_for_all_shops_without_one(office, monkeypatch):
    """Each shop of its own with the longest layer had taken seconds, in which no record was taken."""
    rows = [Registered(terminal=f"N{number:04}", shop=f"only{number}") for number in range(300)]
    office.ask(admin.Register(rows=tuple(rows)))
    merged, count = settings.merged, []
    monkeypatch.setattr(settings, "merged", lambda parts: count.append(1) or merged(parts))
    assert office.push().terminals == len(NAMES) + 300
    assert len(count) == 3, "the fleet's alone, with the one shop's, and with the one of its own"
