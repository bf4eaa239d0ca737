"""Who gets a new certificate, and who does not, however the ask came."""

import base64
import random
from datetime import timedelta

import msgspec
import pytest
from cryptography import x509

from fleet.ca import authority as ca
from fleet.ca.certificates import common_name
from fleet.core import Arrived, Core, Message
from fleet.effects import RenewKey
from fleet.renewal import REFUSED, Rules, grant
from fleet.sql import SqlStore
from tests.backend import FLEET_KEY
from tests.renewal.asking import ask, request
from tests.tls_broker import now
from wire.messages import AnswerRenew, AskRenew, renewed_text, request_digest


@pytest.fixture
def folder(tmp_path):
    ca.found(tmp_path / "ca", "Test", now())
    return tmp_path / "ca"


def issued(folder, terminal: str = "T0001", days: int = 365, moment=None) -> ca.Issued:
    with ca.opened(folder) as authority:
        return authority.issue(terminal, moment or now(), days, again=True)


def answered(folder, made: AskRenew, rules: Rules | None = None, terminal: str = "T0001", moment=None) -> AnswerRenew:
    answer = grant(folder, terminal, made, moment or now(), rules or Rules(), FLEET_KEY.sign)
    FLEET_KEY.public_key().verify(bytes.fromhex(answer.signature), renewed_text(terminal, answer))
    assert answer.request == request_digest(made.request)
    return answer


def test_a_new_key_gets_a_certificate_for_the_same_name(folder):
    made = ask("T0001", issued(folder))
    answer = answered(folder, made, Rules(days=100))
    leaf, issuing = x509.load_pem_x509_certificates(answer.certificate.encode())
    assert common_name(leaf) == "T0001"
    assert leaf.public_key() == x509.load_pem_x509_csr(made.request.encode()).public_key()
    assert (leaf.not_valid_after_utc - now()).days in (99, 100)
    assert issuing.subject == leaf.issuer
    assert answer.trust.encode() == (folder / ca.TRUST).read_bytes()
    assert answered(folder, made) == answer, "asked again after a lost answer"


def test_the_old_one_holds_on_beside_the_new(folder):
    """The new one may be refused by a broker that does not know it yet."""
    old = issued(folder)
    answered(folder, ask("T0001", old))
    with ca.opened(folder) as authority:
        assert [each.state(ca._ms(now())) for each in authority.entries("T0001")] == ["valid", "valid"]


def refusals(folder):
    old, other = issued(folder), issued(folder, "T0002")
    good = ask("T0001", old)
    elsewhere = folder.parent / "elsewhere"
    ca.found(elsewhere, "Test", now())
    return {
        "signed by another terminal": ask("T0001", old, signer=other),
        "another terminal's certificate": ask("T0001", other),
        "a name that is not its own": ask("T0001", old, request("T0002")),
        "another authority's": ask("T0001", issued(elsewhere)),
        "a request that was changed": msgspec.structs.replace(good, request=request("T0001")),
        "no certificate": msgspec.structs.replace(good, certificate="rubbish"),
        "a signature of rubbish": msgspec.structs.replace(good, signature="00" * 70),
        "an authority's certificate": msgspec.structs.replace(
            good, certificate=(folder / "terminals-issuing-1.crt").read_text()
        ),
    }


def test_every_false_ask_is_refused(folder):
    codes = {name: answered(folder, made).code for name, made in refusals(folder).items()}
    assert codes == dict.fromkeys(codes, REFUSED)
    with ca.opened(folder) as authority:
        assert len(authority.entries()) == 2, "and nothing was issued"


def flipped(pem: str, dice: random.Random) -> str:
    """The same PEM with some of what it holds changed: by a mask that is never 0, each time at another place."""
    lines = pem.split("\n")
    data = bytearray(base64.b64decode("".join(lines[1:-2])))
    for at in dice.sample(range(len(data)), dice.randint(1, 4)):
        data[at] ^= dice.randrange(1, 256)
    return "\n".join((lines[0], base64.b64encode(data).decode(), lines[-2], ""))


def test_certificates_and_requests_with_changed_bytes_are_refused_and_break_nothing(folder):
    dice = random.Random(5)
    old = issued(folder)
    good = ask("T0001", old)
    answers = set()
    for number in range(400):
        part = ("certificate", "request")[number % 2]
        bad = msgspec.structs.replace(good, **{part: flipped(getattr(good, part), dice)})
        resigned = ask("T0001", old, bad.request)  # a good signature: the request itself is judged
        bad = msgspec.structs.replace(bad, signature=resigned.signature)
        answers.add(grant(folder, "T0001", bad, now(), Rules(), FLEET_KEY.sign).code)
    assert answers == {REFUSED}


def test_a_revoked_terminal_gets_none(folder):
    old = issued(folder)
    made = ask("T0001", old)
    with ca.opened(folder) as authority:
        authority.revoke([old.entry], now(), "stolen")
    assert answered(folder, made, Rules(grace_days=400)).code == REFUSED


@pytest.mark.parametrize(("expired_days", "grace_days", "code"), [(1, 0, REFUSED), (300, 400, 0), (500, 400, REFUSED)])
def test_from_the_shelf_there_is_a_time_of_grace(folder, expired_days, grace_days, code):
    old = issued(folder, days=10, moment=now() - timedelta(days=10 + expired_days))
    assert answered(folder, ask("T0001", old), Rules(grace_days=grace_days)).code == code


def test_the_core_hands_an_ask_on_and_puts_rubbish_aside(folder, tmp_path):
    store = SqlStore(tmp_path / "fleet.db")
    core = Core(store, FLEET_KEY.sign)
    made = ask("T0001", issued(folder))
    good = Message("T0001", "ask/renew", msgspec.json.encode(made))
    assert core.step(Arrived(1, (good,))) == [RenewKey("T0001", made)]
    for bad in (
        Message("T0001", "ask/renew", b"{}"),
        Message("T0001", "ask/renew", b'{"request":"' + b"x" * 3000 + b'"}'),
        Message("T0001", "ask/renew", good.payload, retained=True),
    ):
        assert core.step(Arrived(1, (bad,))) == []
    with store.begin() as books:
        assert books.nameless("T0001") == 3
    store.close()
