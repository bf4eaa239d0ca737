"""A terminal renews its own key: at two thirds of its certificate's life, over the wire, with a way back."""

import msgspec
import pytest

from firmware.drivers.uplink import Tls
from firmware.drivers.uplink.keyring import NEXT, OWN, TRUST, Keyring
from firmware.drivers.uplink.renewal import Renewal
from fleet.ca import authority as ca
from fleet.ca import certificates as make
from fleet.renewal import Rules, grant
from tests.backend import FLEET_KEY, FLEET_PUBLIC
from tests.renewal.link import House, Terminal, serial, system_ms
from tests.tls_broker import long_ago, now, tls_broker  # noqa: F401 - the fixture
from wire.messages import renewed_text

DAY_MS = 86_400_000


def cut_link(broker) -> None:
    """Every terminal has to come in again."""
    broker.stop()
    broker.start()


def test_a_key_past_two_thirds_of_its_life_is_renewed_and_shown_at_the_next_connection(tls_broker, tmp_path):  # noqa: F811
    old = tls_broker.terminal("T0001", long_ago(250), 365)
    before = {path: path.read_bytes() for path in (old.ca, old.cert, old.key)}
    keys = tmp_path / "keys"
    with House(tls_broker, tmp_path / "fleet.db"), Terminal(tls_broker, old, keys) as terminal:
        terminal.until(lambda: terminal.kept() == {NEXT, TRUST}, "a new certificate, with the key that was made for it")
        fresh = serial(keys / NEXT)
        cut_link(tls_broker)
        terminal.up(times=2)
        assert terminal.kept() == {OWN, TRUST}
        assert terminal.troubles() == []
    assert serial(keys / OWN) == fresh != serial(old.cert)
    assert (keys / OWN).stat().st_mode & 0o077 == 0
    assert {path: path.read_bytes() for path in before} == before, "provisioning's files are never touched"
    with Terminal(tls_broker, old, keys) as again:
        again.up()


def test_a_young_key_is_left_alone(tls_broker, tmp_path):  # noqa: F811
    with (
        House(tls_broker, tmp_path / "fleet.db"),
        Terminal(tls_broker, tls_broker.terminal("T0001", long_ago(150), 365), tmp_path / "keys") as terminal,
    ):
        terminal.until(lambda: terminal.times, "the time, after which it looks")
        cut_link(tls_broker)
        terminal.up(times=2)
        assert terminal.kept() == set()


def test_a_new_certificate_that_is_refused_is_dropped_and_the_old_one_serves_on(tls_broker, tmp_path):  # noqa: F811
    old = tls_broker.terminal("T0001", long_ago(250), 365)
    keys = tmp_path / "keys"
    with House(tls_broker, tmp_path / "fleet.db"), Terminal(tls_broker, old, keys) as terminal:
        terminal.until(lambda: terminal.kept() == {NEXT, TRUST}, "a new certificate")
        with ca.opened(tls_broker.authority) as authority:
            authority.revoke([authority.entries("T0001")[-1]], now())
        tls_broker.publish()
        cut_link(tls_broker)
        terminal.until(terminal.troubles, "word of the refusal")
        terminal.up(times=2)
        assert terminal.kept() == {TRUST}
        assert "the one before serves on" in terminal.troubles()[0]


# --- what of an answer is believed ---


@pytest.fixture
def house(tmp_path):
    ca.found(tmp_path / "ca", "Test", now())
    return tmp_path / "ca"


class Asking:
    """A terminal's renewal without a link."""

    def __init__(self, house, tmp_path, days: int = 365, moment=None, write=None) -> None:
        with ca.opened(house) as authority:
            made = authority.issue("T0001", moment or long_ago(250), days)
        given = tmp_path / "given"
        given.mkdir()
        names = {"ca.pem": made.trust, "own.crt": made.chain, "own.key": made.key}
        for name, data in names.items():
            (given / name).write_bytes(data)
        self.house, self.folder = house, tmp_path / "keys"
        self.given = Tls(*(given / name for name in names))
        self.keyring = Keyring(self.given, self.folder, write or (lambda path, data: path.write_bytes(data)))
        self.renewal = Renewal("T0001", FLEET_PUBLIC, self.keyring, lambda: 0.5)

    def answer(self, **changes):
        """The authority's answer to a fresh ask; `changes` are made before it is signed."""
        answer = grant(self.house, "T0001", self.renewal.ask(0), now(), Rules(), FLEET_KEY.sign)
        if not changes:
            return answer
        answer = msgspec.structs.replace(answer, **changes)
        return msgspec.structs.replace(answer, signature=FLEET_KEY.sign(renewed_text("T0001", answer)).hex())


def test_it_asks_at_two_thirds_spread_over_a_thirtieth(house, tmp_path):
    asking = Asking(house, tmp_path, 300, long_ago(0))
    begin = system_ms()
    assert not asking.renewal.due(begin + 204 * DAY_MS, 0)
    assert asking.renewal.due(begin + 206 * DAY_MS, 0)
    assert not asking.renewal.expired(begin + 299 * DAY_MS)
    assert asking.renewal.expired(begin + 301 * DAY_MS)


def test_it_does_not_ask_twice_in_ten_minutes_nor_while_a_new_one_waits(house, tmp_path):
    asking = Asking(house, tmp_path)
    late = system_ms()
    answer = asking.answer()
    assert not asking.renewal.due(late, 599_999)
    assert asking.renewal.due(late, 600_000)
    assert asking.renewal.read(answer, late, 0) == ""
    assert not asking.renewal.due(late, 600_000)
    assert asking.keyring.tls() == Tls(asking.folder / TRUST, asking.folder / NEXT)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"certificate": "rubbish"}, "cannot be read"),
        ({"trust": ""}, "cannot be read"),
        ({"code": 1007}, "refused, code 1007"),
    ],
)
def test_a_senseless_answer_changes_nothing(house, tmp_path, change, why):
    asking = Asking(house, tmp_path)
    assert why in asking.renewal.read(asking.answer(**change), system_ms(), 0)
    assert asking.keyring.tls() == asking.given
    assert not asking.renewal.due(system_ms(), DAY_MS - 1), "and it does not ask in circles"


def test_anothers_certificate_or_key_is_not_taken(house, tmp_path):
    asking = Asking(house, tmp_path)
    with ca.opened(house) as authority:
        other = authority.issue("T0002", now()).chain.decode()
        key = make.new_key()
        issuing = authority._signer(authority.latest(ca.ISSUING))
        made = make.leaf(issuing, "T0001", key.public_key(), make.Term.days(now(), 9), (make.CLIENT,))
        same_name = make.pem_of(made).decode()
    for chain, why in ((other, "another name"), (same_name, "another key")):
        assert why in asking.renewal.read(asking.answer(code=0, certificate=chain, trust=other), system_ms(), 0)
    assert asking.keyring.tls() == asking.given


def test_only_the_fleets_signature_counts(house, tmp_path):
    asking = Asking(house, tmp_path)
    answer = asking.answer()
    for forged in (
        msgspec.structs.replace(answer, signature="00" * 64),
        msgspec.structs.replace(answer, trust=answer.trust + answer.trust),
        msgspec.structs.replace(answer, signature="zz"),
    ):
        assert "signature" in asking.renewal.read(forged, system_ms(), 0)
    stale = msgspec.structs.replace(answer, request="0" * 64)
    assert "no such question" in asking.renewal.read(stale, system_ms(), 0)
    assert asking.renewal.read(answer, system_ms(), 0) == ""


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_disk_that_fails_at_any_write_leaves_what_works(house, tmp_path, writes):
    """Key asked for, roots, certificate: whichever cannot be written, the terminal still has one that is let in."""
    done = []

    def write(path, data):
        if len(done) == writes:
            raise OSError(28, "No space left on device")
        done.append(path.name)
        path.write_bytes(data)

    asking = Asking(house, tmp_path, write=write)
    with pytest.raises(OSError, match="No space"):
        asking.renewal.read(asking.answer(), system_ms(), 0)
    shown = asking.keyring.tls()
    assert (shown.cert, shown.key) == (asking.given.cert, asking.given.key)
    assert shown.ca.read_bytes() == asking.given.ca.read_bytes()
    assert asking.renewal.due(system_ms(), DAY_MS), "it asks again"


def test_a_damaged_new_certificate_is_passed_over(house, tmp_path):
    asking = Asking(house, tmp_path)
    asking.renewal.read(asking.answer(), system_ms(), 0)
    (asking.folder / NEXT).write_bytes(b"rubbish")
    assert asking.keyring.tls().cert == asking.folder / NEXT
    asking.keyring.unusable()
    assert asking.keyring.tls().cert == asking.given.cert
