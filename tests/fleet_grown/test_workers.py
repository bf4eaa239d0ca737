"""Several workers on one PostgreSQL at the same time: nothing is lost, nothing doubled, and no money taken twice."""

import random
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest

from fleet.acquirer.port import PayCall, QueryCall, Reply
from fleet.core import AcquirerAnswered, Arrived, Core, Message
from fleet.effects import CallAcquirer, SendAck
from fleet.money import CALL_MAX_MS
from fleet.pg import PgStore
from fleet.store import StoreTrouble
from rules.orders import order_no, refund_no
from tests.fleet.test_core import FLEET_KEY, NOW, encode
from tests.fleet_money.test_lookup import HOME, OTHER, THIRD, Shop, sale
from tests.fleet_money.world import TERMINAL, pay
from tests.journals import Journal
from tests.stores import PgStores, postgres_free, postgres_server  # noqa: F401
from wire.messages import AskQuery, AskReserve, AskReverse, MoneyAsk

WAIT_S = 120
WORKERS = 3


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Iterator[PgStores]:
    made = PgStores(request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_free"))
    yield made
    made.clear()


@pytest.fixture
def cores(stores: PgStores) -> Iterator[list[Core]]:
    """Workers with connections of their own to one database."""
    url = stores.url()
    opened = [PgStore(url) for _ in range(WORKERS)]
    yield [Core(store, FLEET_KEY.sign, worker=str(number)) for number, store in enumerate(opened)]
    for store in opened:
        store.close()


def at_once(*works: Callable[[], None]) -> None:
    """All of them start together; what one raises is raised here."""
    gate = threading.Barrier(len(works))
    raised: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            gate.wait(WAIT_S)
            work()
        except BaseException as trouble:
            raised.append(trouble)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "stuck"
    if raised:
        raise raised[0]


def look(core: Core, question: str, *args: object) -> object:
    with core._store.begin() as books:
        return getattr(books, question)(*args)


@pytest.mark.parametrize("seed", range(3))
def test_workers_take_packets_of_the_same_terminals_in_any_order_and_often(cores: list[Core], seed: int) -> None:
    chance = random.Random(seed)
    journals = [Journal(f"T{number:04d}", seed=number).fill(120) for number in range(4)]
    packets = [(each.terminal, encode(packet)) for each in journals for packet in each.packets(size=5)]
    acks: list[dict[str, list[int]]] = [{each.terminal: [] for each in journals} for _ in cores]

    def worker(number: int) -> Callable[[], None]:
        stream = packets + chance.choices(packets, k=20)  # every one comes to every worker, in another order
        chance.shuffle(stream)

        def run() -> None:
            for start in range(0, len(stream), 7):
                messages = tuple(Message(name, "rec", payload) for name, payload in stream[start : start + 7])
                for effect in cores[number].step(Arrived(NOW + start, messages)):
                    assert isinstance(effect, SendAck)
                    acks[number][effect.terminal].append(effect.ack.upto)

        return run

    at_once(*(worker(number) for number in range(WORKERS)))
    for journal in journals:
        rows = look(cores[0], "records_after", journal.terminal, 1, 0, 10_000)
        assert [row.hash for row in rows] == [record.hash for record in journal.records]
        assert look(cores[0], "conflicts_of", journal.terminal) == []
        for each in acks:
            assert each[journal.terminal] == sorted(each[journal.terminal]), "an acknowledgement went back"
        assert max(each[journal.terminal][-1] for each in acks) == 120


def test_two_records_under_one_key_at_once_are_one_record_and_one_conflict(cores: list[Core]) -> None:
    mine, other = Journal().fill(30), Journal(seed=2).fill(30)

    def give(number: int, journal: Journal) -> Callable[[], None]:
        messages = tuple(Message("T0001", "rec", encode(packet)) for packet in journal.packets())
        return lambda: cores[number].step(Arrived(NOW, messages)) and None

    at_once(give(0, mine), give(1, other))
    kept = [row.hash for row in look(cores[2], "records_after", "T0001", 1, 0, 100)]
    aside = [row.hash for row in look(cores[2], "conflicts_of", "T0001")]
    first, second = [record.hash for record in mine.records], [record.hash for record in other.records]
    assert (kept, aside) in ((first, second), (second, first)), "one journal whole, the other one aside whole"


def money(ask: MoneyAsk, terminal: str = TERMINAL) -> Arrived:
    from wire.channels import money_channel

    return Arrived(NOW, (Message(terminal, money_channel(ask).rest, msgspec.json.encode(ask)),))


@pytest.mark.parametrize("seed", range(6))
def test_one_order_at_all_workers_at_once_is_called_about_once(cores: list[Core], seed: int) -> None:
    """Pay, query and reverse, doubled over all workers: at most one call is open, and never a second payment."""
    number = order_no("2026-11-22", TERMINAL, 1, 1, 45, 1)
    chance = random.Random(seed)
    calls: list[CallAcquirer] = []

    def worker(core: Core) -> Callable[[], None]:
        asks: list[MoneyAsk] = [pay(number), pay(number), AskQuery(number), AskReverse(number)]
        chance.shuffle(asks)

        def run() -> None:
            for ask in asks:
                calls.extend(each for each in core.step(money(ask)) if isinstance(each, CallAcquirer))

        return run

    at_once(*(worker(core) for core in cores))
    assert len(calls) <= 1, "two calls about one order at once"
    assert sum(isinstance(each.call, PayCall) for each in calls) <= 1


def test_a_call_of_a_worker_that_died_is_taken_over_by_a_question(cores: list[Core]) -> None:
    """Nobody will ever hear the answer to the first call. The ask comes again, doubled, to the others: they ask the channel
    what became of it, one of them, and nobody pays again."""
    number = order_no("2026-11-22", TERMINAL, 1, 1, 45, 1)
    (call,) = cores[0].step(money(pay(number)))
    assert isinstance(call, CallAcquirer)
    assert isinstance(call.call, PayCall)
    later = Arrived(NOW + CALL_MAX_MS, money(pay(number)).messages * 2)
    calls: list[object] = []
    at_once(*(lambda core=core: calls.extend(core.step(later)) for core in cores[1:]))
    asked = [each for each in calls if isinstance(each, CallAcquirer)]
    assert [type(each.call) for each in asked] == [QueryCall]
    told = cores[2].step(AcquirerAnswered(later.now_ms + 1, asked[0].ticket, Reply("paid", 0, "42", 1050)))
    assert [(each.answer.state, each.answer.paid_fen) for each in told] == [("paid", 1050)]


def test_the_same_goods_are_reserved_by_one_terminal_only(cores: list[Core], stores: PgStores) -> None:
    shop = Shop(cores[0]._store).book(sale())
    asked = {OTHER: refund_no("1" * 32, 1), THIRD: refund_no("1" * 32, 2), HOME: refund_no("1" * 32, 3)}
    granted: list[str] = []

    def worker(core: Core, terminal: str) -> Callable[[], None]:
        ask = AskReserve(asked[terminal], HOME, 1, 1, {"0": 2000}, 600)

        def run() -> None:
            (effect,) = core.step(money(ask, terminal))
            granted.extend([terminal] if effect.answer.granted else [])

        return run

    at_once(*(worker(core, name) for core, name in zip(cores, asked, strict=True)))
    assert len(granted) == 1, granted
    assert shop.found().given_back == {"0": 2000}


def test_a_numbers_second_journal_gets_another_number(cores: list[Core]) -> None:
    from wire.messages import AskEpoch

    numbers: list[int] = []

    def worker(core: Core, epoch: int) -> Callable[[], None]:
        message = Message("T0001", "ask/epoch", encode(AskEpoch(epoch, f"{epoch:064x}")))

        def run() -> None:
            (effect,) = core.step(Arrived(NOW, (message,)))
            numbers.append(effect.answer.number)

        return run

    at_once(*(worker(core, 100 + place) for place, core in enumerate(cores)))
    assert sorted(numbers) == [1, 2, 3]


def test_a_worker_that_hangs_with_a_terminal_in_its_hands_is_trouble_and_not_a_second_booking(
    cores: list[Core], monkeypatch: pytest.MonkeyPatch, stores: PgStores
) -> None:
    """Who waits too long for a lock gives up; the event is given again later, when the other one is gone."""
    monkeypatch.setattr("fleet.core.CLASHES_MAX", 1)
    arrived = Arrived(NOW, tuple(Message("T0001", "rec", encode(packet)) for packet in Journal().fill(20).packets()))
    with cores[0]._store.begin() as books:
        books.hold(["T0001"])
        with cores[1]._store.engine.connect() as connection:
            wait = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
        assert wait == "15s"
        with pytest.raises(StoreTrouble, match="lock timeout"):
            _impatient(cores[1], arrived)
    assert cores[1].step(arrived) == [SendAck("T0001", arrived_ack(20))]


def _impatient(core: Core, event: Arrived) -> None:
    """As `step`, but with a lock time-out of a moment."""
    with core._store.begin() as books:
        books._db.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        core._take(books, event)


def arrived_ack(upto: int):
    from wire.records import Ack

    return Ack(1, upto)
