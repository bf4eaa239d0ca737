"""What the backend does with records, asks and states, whatever order and shape they come in."""

import random
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.core import HOLE_PATIENCE_MS, NAMELESS_MAX, Arrived, Core, Message, SendAck, SendAnswer, SendTime, Tick
from fleet.reading import PACKET_RECORDS_READ_MAX
from fleet.sql import SqlStore
from fleet.store import StoreTrouble
from tests.journals import Journal, forged
from tests.stores import each_store, new_store, postgres_free, postgres_server, reading_store  # noqa: F401
from wire.facts import SignedOn
from wire.messages import AskEpoch, AskTime, State, time_text
from wire.records import PACKET_RECORDS_MAX, Ack, Packet, Record

pytestmark = pytest.mark.usefixtures("each_store")

NOW = 1_800_000_000_000
FLEET_KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
encode = msgspec.json.encode


class Backend:
    """The core over a store in memory, with short words for tests."""

    def __init__(self, path: Path | None = None) -> None:
        self.store = new_store(path)
        self.core = Core(self.store, FLEET_KEY.sign)
        self.now = NOW

    def take(self, *payloads, terminal="T0001", rest="rec", retained=False):
        messages = tuple(Message(terminal, rest, payload, retained) for payload in payloads)
        return self.core.step(Arrived(self.now, messages))

    def ack(self, *payloads, terminal="T0001") -> Ack:
        (effect,) = self.take(*payloads, terminal=terminal)
        assert isinstance(effect, SendAck)
        assert effect.terminal == terminal
        return effect.ack

    def tick(self, after_ms=0):
        self.now += after_ms
        return self.core.step(Tick(self.now))

    def look(self, question, *args):
        with self.store.begin() as books:
            return getattr(books, question)(*args)

    def kept(self, terminal="T0001", epoch=1) -> list[int]:
        return [row.seq for row in self.look("records_after", terminal, epoch, 0, 100_000)]


@pytest.fixture
def backend():
    made = Backend()
    yield made
    made.store.close()


def packet(*records: Record) -> bytes:
    return encode(Packet(records))


def test_records_are_kept_to_the_byte_and_acknowledged(backend):
    journal = Journal().fill(20)
    body = b'{ "operator" : "01","role":"cashier" }'  # odd spacing must survive: the chain hashes these very bytes
    journal.add_raw("signed_on", 1, body)
    assert backend.ack(*(encode(p) for p in journal.packets())) == Ack(1, 21)
    rows = backend.look("records_after", "T0001", 1, 0, 100)
    assert [row.hash for row in rows] == [record.hash for record in journal.records]
    assert rows[-1].body == body


def test_the_same_packet_again_is_success_and_kept_once(backend):
    packets = [encode(p) for p in Journal().fill(40).packets()]
    assert backend.ack(*packets, *packets) == Ack(1, 40)
    assert backend.ack(packets[0]) == Ack(1, 40)
    assert backend.kept() == list(range(1, 41))
    assert backend.look("conflicts_of", "T0001") == []


@pytest.mark.parametrize("seed", range(8))
def test_order_and_doubling_do_not_matter(backend, seed):
    chance = random.Random(seed)
    packets = [encode(p) for p in Journal().fill(300).packets(size=3)]
    stream = packets + chance.choices(packets, k=40)
    chance.shuffle(stream)
    last = 0
    while stream:
        taken = [stream.pop() for _ in range(min(len(stream), chance.randint(1, 9)))]
        upto = backend.ack(*taken).upto
        assert upto >= last
        kept = set(backend.kept())
        assert set(range(1, upto + 1)) <= kept, "acknowledged what is not kept"
        assert upto + 1 not in kept, "kept more of the prefix than it acknowledges"
        last = upto
    assert last == 300


def test_another_record_under_a_taken_key_is_kept_for_a_person_and_changes_nothing(backend):
    mine, other = Journal().fill(5), Journal(seed=2).fill(5)
    backend.ack(packet(*mine.records))
    assert backend.ack(packet(*other.records)).upto == 5
    backend.ack(packet(*other.records))
    rows = backend.look("records_after", "T0001", 1, 0, 100)
    assert [row.hash for row in rows] == [record.hash for record in mine.records]
    found = backend.look("conflicts_of", "T0001")
    assert [conflict.seq for conflict in found] == [1, 2, 3, 4, 5], "each once, however often it comes"
    assert msgspec.json.decode(found[0].raw, type=Record) == other.records[0]


def test_a_conflict_inside_one_batch_is_seen(backend):
    backend.ack(packet(Journal().records[0]), packet(Journal(seed=2).records[0]))
    assert len(backend.look("conflicts_of", "T0001")) == 1


def damaged(journal: Journal) -> dict[str, bytes]:
    """Record 3 of five in every way it can be spoilt, as packet bytes."""
    one, two, three, four, five = journal.records
    raw = encode(three)

    def around(spoilt: bytes) -> bytes:
        return b'{"records":[%b,%b,%b,%b,%b]}' % (encode(one), encode(two), spoilt, encode(four), encode(five))

    replace = msgspec.structs.replace
    return {
        "body changed": around(encode(forged(three, b'{"lang":"xx"}'))),
        "body of another shape": around(raw.replace(b'{"lang":"zh"}', b"[7]")),
        "hash cut": around(encode(replace(three, hash=three.hash[:10]))),
        "hash in capitals": around(encode(replace(three, hash=three.hash.upper()))),
        "prev no hex": around(encode(replace(three, prev="z" * 64))),
        "newline in kind": around(encode(replace(three, kind="language\nchosen"))),
        "kind is a number": around(raw.replace(b'"language_chosen"', b"7")),
        "clock unheard of": around(encode(replace(three, clock="sundial"))),
        "time beyond all bounds": around(encode(replace(three, at_ms=10**30))),
        "version below zero": around(encode(replace(three, version=-1))),
        "no hash": around(encode({"epoch": 1, "seq": 3})),
        "invalid utf-8": around(raw.replace(b"zh", b"\xff\xfe")),
    }


@pytest.mark.parametrize("case", sorted(damaged(Journal().fill(5))))
def test_one_bad_record_is_put_aside_and_acknowledged_and_blocks_none(backend, case):
    journal = Journal().fill(5)
    assert backend.ack(damaged(journal)[case]) == Ack(1, 5, quarantined=(3,))
    assert backend.kept() == [1, 2, 4, 5]
    (aside,) = backend.look("quarantine_of", "T0001")
    assert (aside.epoch, aside.seq) == (1, 3)
    assert aside.reason
    assert backend.ack(packet(journal.records[2])) == Ack(1, 5), "the whole record is welcome later"
    assert backend.kept() == [1, 2, 3, 4, 5]


def test_a_rightly_chained_record_of_an_unknown_kind_or_version_is_put_aside_whole(backend):
    journal = Journal()
    journal.add_raw("from_the_future", 1, b'{"a":1}')
    journal.add_raw("signed_on", 99, b'{"b":1}')
    journal.add(SignedOn("01", "cashier"))
    assert backend.ack(packet(*journal.records)) == Ack(1, 4, quarantined=(2, 3))
    raws = [msgspec.json.decode(aside.raw, type=Record) for aside in backend.look("quarantine_of", "T0001")]
    assert raws == journal.records[1:3]


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"{", b"\x00\xff", b'{"records":7}', b'{"records":[7]}', b'{"records":[{"epoch":-1,"seq":1}]}',
     b'{"records":[{"epoch":1,"seq":99999999999999999999}]}', b"[" * 200_000, b'{"records":[' + b"{}," * 999 + b"{}]}"],
)  # fmt: skip
def test_a_packet_without_a_readable_key_is_put_aside_without_an_acknowledgement(backend, payload):
    assert backend.take(payload) == []
    (aside,) = backend.look("quarantine_of", "T0001")
    assert aside.seq == 0


def test_a_packet_fuller_than_the_contract_allows_loses_no_record(backend):
    journal = Journal().fill(PACKET_RECORDS_MAX + 1)
    payload = packet(*journal.records)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(payload, type=Packet)
    assert backend.ack(payload) == Ack(1, 17), "the bound is the sender's; each record stands by its own hash"
    assert [row.hash for row in backend.look("records_after", "T0001", 1, 0, 100)] == [
        each.hash for each in journal.records
    ]


def test_a_packet_of_far_too_many_is_put_aside_whole_and_its_records_stay_due(backend):
    payload = packet(*Journal().fill(PACKET_RECORDS_READ_MAX + 1).records)
    assert backend.take(payload) == [], "unacknowledged, the terminal has them still"
    (aside,) = backend.look("quarantine_of", "T0001")
    assert aside.seq == 0
    assert backend.kept() == []


def test_an_empty_packet_is_nothing(backend):
    assert backend.take(b'{"records":[]}') == []


def test_a_rogue_cannot_fill_the_disk_with_garbage(backend):
    backend.take(*(b"garbage %d" % n for n in range(NAMELESS_MAX + 50)))
    assert len(backend.look("quarantine_of", "T0001")) == NAMELESS_MAX


def test_records_of_another_terminal_do_not_fit_this_topic(backend):
    victim = Journal("VICTIM").fill(3)
    assert backend.ack(packet(*victim.records), terminal="ROGUE") == Ack(1, 3, quarantined=(1, 2, 3))
    assert backend.kept("VICTIM") == []
    assert backend.kept("ROGUE") == []


def test_a_topic_that_is_nobodys_is_put_aside_and_books_nothing(backend):
    topic = "pos/v1/ROGUE/up/pos/v1/VICTIM/up/rec"
    assert backend.take(packet(*Journal("VICTIM").records), terminal="", rest=topic) == []
    assert backend.kept("VICTIM") == []
    (aside,) = backend.look("quarantine_of", "")
    assert topic in aside.reason


def test_two_epochs_of_one_terminal_are_two_journals(backend):
    first, second = Journal(epoch=1).fill(3), Journal(epoch=77, seed=2).fill(2)
    acks = {e.ack.epoch: e.ack.upto for e in backend.take(packet(*first.records), packet(*second.records))}
    assert acks == {1: 3, 77: 2}


# --- holes -----------------------------------------------------------------


def test_a_hole_is_asked_for_after_five_minutes_and_again_every_five(backend):
    journal = Journal().fill(12)
    backend.ack(packet(*journal.records[:3], *journal.records[5:7], *journal.records[9:]))
    assert backend.tick(HOLE_PATIENCE_MS - 1) == []
    assert backend.tick(1) == [SendAck("T0001", Ack(1, 3, wanted=((4, 5), (8, 9))))]
    assert backend.tick(1) == [], "not twice within five minutes"
    assert backend.tick(HOLE_PATIENCE_MS) == [SendAck("T0001", Ack(1, 3, wanted=((4, 5), (8, 9))))]
    assert backend.ack(packet(*journal.records[3:5])) == Ack(1, 7)
    assert backend.ack(packet(*journal.records[7:9])) == Ack(1, 12)
    assert backend.tick(2 * HOLE_PATIENCE_MS) == []


def test_a_young_hole_is_not_asked_for_beside_an_old_one(backend):
    journal = Journal().fill(9)
    backend.ack(packet(journal.records[0], journal.records[2]))
    backend.now += HOLE_PATIENCE_MS
    backend.ack(packet(journal.records[8]))
    assert backend.tick() == [SendAck("T0001", Ack(1, 1, wanted=((2, 2),)))]


def test_a_restored_backend_asks_for_what_the_terminal_was_once_acknowledged(backend):
    journal = Journal().fill(50)
    backend.ack(packet(*journal.records[:10]))
    backend.take(encode(State(online=True, epoch=1, next_seq=51, acked_seq=50)), rest="state")
    assert backend.tick(HOLE_PATIENCE_MS) == [SendAck("T0001", Ack(1, 10, wanted=((11, 50),)))]
    backend.ack(*(encode(p) for p in journal.packets()))
    assert backend.tick(2 * HOLE_PATIENCE_MS) == []


def test_a_backend_that_lost_everything_asks_for_everything(backend):
    backend.take(encode(State(online=True, epoch=1, next_seq=51, acked_seq=50)), rest="state")
    assert backend.tick(HOLE_PATIENCE_MS) == [SendAck("T0001", Ack(1, 0, wanted=((1, 50),)))]


# --- commit before acknowledgement -----------------------------------------------------------------


class BreakingStore:
    """A store whose commit fails as often as told."""

    def __init__(self, store: SqlStore, failures: int) -> None:
        self.store, self.failures = store, failures

    @contextmanager
    def begin(self):
        with self.store.begin() as books:
            yield books
            if self.failures:
                self.failures -= 1
                raise StoreTrouble("disk full")


def test_no_acknowledgement_without_a_commit(backend):
    core = Core(BreakingStore(backend.store, failures=1), FLEET_KEY.sign)
    event = Arrived(NOW, (Message("T0001", "rec", packet(*Journal().fill(4).records)),))
    with pytest.raises(StoreTrouble):
        core.step(event)
    assert backend.kept() == []
    assert core.step(event) == [SendAck("T0001", Ack(1, 4))], "the same event may be given again"


NUL_KEYS = [
    ("ask/time", b'{"nonce":"\\u0000"}'),
    ("ask/epoch", b'{"epoch":1,"journal_key":"' + b"a" * 64 + b'","\\u0000":1}'),
    ("ask/sale", b'{"key":"\\u0000"}'),
    ("event", b'{"\\u0000":"\\u0000"}'),
    ("event", b'{"id":"\\u0000"}'),
    ("reported", b'{"\\u0000":1}'),
    ("state", b'{"online":true,"epoch":1,"software":"\\u0000"}'),
    ("nobody\0knows", b"\0"),
    ("rec", b'{"records":[{"epoch":1,"seq":3,"kind":"\\u0000","\\u0000":1}]}'),
]


def test_a_nul_in_what_a_terminal_sends_stops_nobody(backend):
    """One of the databases knows no NUL in text: a rogue must not bring the backend to try one message for ever."""
    backend.core.step(Arrived(NOW, tuple(Message("T0001", rest, payload) for rest, payload in NUL_KEYS)))
    assert backend.ack(packet(*Journal("T0002").fill(3).records), terminal="T0002") == Ack(1, 3)


# --- asks and states -----------------------------------------------------------------


def epoch_number(backend, epoch, key, terminal="T0001") -> int:
    (effect,) = backend.take(encode(AskEpoch(epoch, key)), terminal=terminal, rest="ask/epoch")
    assert isinstance(effect, SendAnswer)
    assert effect.answer.epoch == epoch
    return effect.answer.number


def test_each_journal_of_a_terminal_gets_its_own_number_once(backend):
    one, two = "1" * 64, "2" * 64
    assert epoch_number(backend, 5001, one) == 1
    assert epoch_number(backend, 7002, two) == 2
    assert epoch_number(backend, 5001, one) == 1, "asking again gives the same number"
    assert epoch_number(backend, 5001, two) == 0, "another journal holds this epoch"
    assert epoch_number(backend, 5001, one, terminal="T0002") == 1, "each terminal counts for itself"


def test_an_epoch_whose_records_came_first_belongs_to_the_journal_that_was_born_there(backend):
    journal = Journal(epoch=9)
    backend.ack(packet(*journal.records))
    assert epoch_number(backend, 9, "2" * 64) == 0
    assert epoch_number(backend, 9, journal.public_hex) == 1


def test_after_99_journals_a_person_must_act(backend):
    assert [epoch_number(backend, n, f"{n:064x}") for n in range(1, 101)] == [*range(1, 100), 0]


def test_the_time_is_signed_for_this_terminal_and_nonce(backend):
    (effect,) = backend.take(encode(AskTime("ab" * 16)), rest="ask/time")
    assert isinstance(effect, SendTime)
    assert effect.time.utc_ms == NOW
    text = time_text("T0001", "ab" * 16, NOW)
    FLEET_KEY.public_key().verify(bytes.fromhex(effect.time.signature), text)


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("ask/time", b'{"nonce":"abc"}'),
        ("ask/time", b'{"nonce":"' + b"\\n" * 16 + b'"}'),
        ("ask/epoch", b'{"epoch":1,"journal_key":"xyz"}'),
        ("ask/epoch", b'{"epoch":-1,"journal_key":"' + b"a" * 64 + b'"}'),
        ("state", b"[]"),
        ("state", b'{"online":true,"epoch":99999999999999999999}'),
        ("ask/unheard", b"{}"),
    ],
)
def test_an_unreadable_ask_or_state_is_put_aside(backend, rest, payload):
    assert backend.take(payload, rest=rest) == []
    assert len(backend.look("quarantine_of", "T0001")) == 1


def test_a_birth_is_told_how_far_its_records_are_kept(backend):
    backend.ack(packet(*Journal().fill(7).records))
    birth = State(online=True, epoch=1, next_seq=9, acked_seq=2)
    assert backend.take(encode(birth), rest="state") == [SendAck("T0001", Ack(1, 7))]
    assert backend.take(encode(State(online=False, epoch=1, reason="lost")), rest="state") == []


def test_birth_and_death_show_in_the_table_of_terminals(backend):
    birth = State(online=True, boot_id="b1", epoch=1, next_seq=5, acked_seq=0, software="0.1.0")
    backend.take(encode(birth), rest="state")
    (row,) = backend.look("all_terminals")
    assert (row.state, row.seen_ms) == (birth, NOW)
    backend.now += 1000
    backend.take(encode(State(online=False, reason="lost")), rest="state", retained=True)
    (row,) = backend.look("all_terminals")
    assert row.state == State(online=False, reason="lost")
    assert row.seen_ms == NOW, "a retained message is no sign of life"


# --- the store on disk -----------------------------------------------------------------


def test_the_file_survives_and_another_process_may_look_while_it_is_open(tmp_path):
    path = tmp_path / "fleet.db"
    writer = Backend(path)
    writer.ack(packet(*Journal().fill(3).records))
    reader = reading_store(path)
    with reader.begin() as books:
        assert len(books.records_after("T0001", 1, 0, 10)) == 3
    writer.ack(packet(*Journal().fill(5).records))
    with reader.begin() as books:
        assert len(books.records_after("T0001", 1, 0, 10)) == 5
    reader.close()
    writer.store.close()
    again = Backend(path)
    assert again.kept() == [1, 2, 3, 4, 5]
    with again.store.begin() as books:
        if isinstance(again.store, SqlStore):
            asked, wanted = "PRAGMA {}", {"journal_mode": "wal", "synchronous": 2}
        else:
            asked, wanted = "SHOW {}", {"synchronous_commit": "on", "transaction_isolation": "read committed"}
        said = {name: books._db.exec_driver_sql(asked.format(name)).scalar() for name in wanted}
    assert said == wanted, "what is acknowledged must outlive a power cut"
    again.store.close()


def test_a_look_at_a_closed_file_needs_no_writer(tmp_path):
    path = tmp_path / "fleet.db"
    backend = Backend(path)
    backend.ack(packet(*Journal().fill(3).records))
    backend.store.close()
    reader = reading_store(path)
    with reader.begin() as books:
        assert len(books.records_after("T0001", 1, 0, 10)) == 3
    reader.close()


def test_a_file_of_a_later_release_is_refused(tmp_path):
    path = tmp_path / "fleet.db"
    SqlStore(path).close()
    import sqlite3

    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTrouble, match="99"):
        SqlStore(path)


def test_a_state_that_claims_an_absurd_seq_is_put_aside() -> None:
    """Sums of it would become floats in the store, and the terminal could not read what is asked of it."""
    core = Core(SqlStore(None), Ed25519PrivateKey.generate().sign)
    absurd = msgspec.json.encode({"online": True, "epoch": 1, "next_seq": 2, "acked_seq": 2**63 - 1})
    assert core.step(Arrived(1, (Message("00010023", "state", absurd),))) == []
    assert core.step(Tick(10**12)) == []
