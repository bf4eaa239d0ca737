"""The authority: what it issues verifies where it should and nowhere else, judged by OpenSSL's own tool."""

import stat
import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fleet.ca import authority as ca
from fleet.ca import certificates as make
from fleet.ca import files
from tests.renewal.asking import request
from tests.tls_broker import now


@pytest.fixture
def folder(tmp_path):
    ca.found(tmp_path / "ca", "Test", now())
    return tmp_path / "ca"


def verdict(folder, chain: bytes, trust: str, purpose: str, *more: str) -> str:
    """What OpenSSL says of a chain."""
    path = folder / "chain.pem"
    path.write_bytes(chain)
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-untrusted", path, "-CAfile", folder / trust]
    done = subprocess.run([*map(str, command), *more, str(path)], capture_output=True, text=True, check=False)
    return "OK" if done.returncode == 0 else done.stderr


def test_a_terminal_is_a_client_and_never_a_server(folder):
    with ca.opened(folder) as authority:
        chain = authority.issue("T0001", now()).chain
    assert verdict(folder, chain, ca.CLIENTS, "sslclient") == "OK"
    assert "unsuitable certificate purpose" in verdict(folder, chain, ca.CLIENTS, "sslserver")
    assert "unable to get" in verdict(folder, chain, ca.TRUST, "sslclient"), "no terminal is let in where backends are"


def test_who_takes_the_online_key_makes_no_broker(folder):
    """A server's certificate under the terminals' issuing authority verifies nowhere, whatever it says of itself."""
    with ca.opened(folder) as authority:
        signer = authority._signer(authority.latest(ca.ISSUING))
        key = make.new_key()
        forged = make.leaf(signer, "broker", key.public_key(), make.Term.days(now(), 9), (make.SERVER,), ("localhost",))
        chain = make.pem_of(forged) + make.pem_of(signer.certificate)
    assert verdict(folder, chain, ca.TRUST, "sslserver") != "OK"
    assert "purpose" in verdict(folder, chain, ca.CLIENTS, "sslserver")


def test_revoked_is_refused_and_others_are_not(folder):
    with ca.opened(folder) as authority:
        lost, kept = authority.issue("T0001", now()), authority.issue("T0002", now())
        assert [each.name for each in authority.revoke(authority.entries("T0001"), now(), "stolen")] == ["T0001"]
        assert authority.revoke(authority.entries("T0001"), now()) == [], "once is enough"
    listed = ("-crl_check", "-CRLfile", str(folder / ca.CRL))
    assert "certificate revoked" in verdict(folder, lost.chain, ca.CLIENTS, "sslclient", *listed)
    assert verdict(folder, kept.chain, ca.CLIENTS, "sslclient", *listed) == "OK"


def test_terminals_with_the_old_root_believe_servers_under_the_new_one(folder):
    """The authority's own renewal reaches a fleet in which every terminal still knows only the old root."""
    with ca.opened(folder) as authority:
        old_terminal = authority.issue("T0001", now())
        (folder / "old.pem").write_bytes(old_terminal.trust)
        assert authority.renew_roots(now()) == ["terminals-root-2", "services-root-2", "terminals-issuing-2"]
        authority.renew_roots(now())
        server = authority.service("server", "broker", ["localhost"], now())
        new_terminal = authority.issue("T0002", now())
        (folder / "new.pem").write_bytes(new_terminal.trust)
    assert server.entry.issuer == "services-root-3"
    assert verdict(folder, server.chain, "old.pem", "sslserver") == "OK"
    assert verdict(folder, server.chain, "new.pem", "sslserver") == "OK"
    for terminal in (old_terminal, new_terminal):
        assert verdict(folder, terminal.chain, ca.CLIENTS, "sslclient") == "OK"
    assert new_terminal.trust.count(b"BEGIN") == 3


def test_a_root_that_has_expired_is_trusted_no_more(folder):
    later = now() + timedelta(days=15 * 365)
    with ca.opened(folder) as authority:
        authority.renew_roots(later)
        after = now() + timedelta(days=ca.ROOT_DAYS + 1)
        authority.write_lists(after)
        assert authority.trust(after).count(b"BEGIN") == 1
    assert (folder / ca.CLIENTS).read_bytes().count(b"BEGIN") == 1, "its issuing authority has expired as well"


def test_the_same_request_gets_the_same_certificate(folder):
    asked = request("T0001")
    with ca.opened(folder) as authority:
        first = authority.sign("T0001", asked, now())
        assert authority.sign("T0001", asked, now()) == first
        authority.revoke([first.entry], now())
        with pytest.raises(make.Refused, match="used before"):
            authority.sign("T0001", asked, now())


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (lambda: request("T0002"), "another name"),
        (lambda: request("T0001", rsa.generate_private_key(65537, 2048)), "P-256"),
        (lambda: request("T0001", ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (lambda: "x" * 3000, "too long"),
        (lambda: "-----BEGIN CERTIFICATE REQUEST-----\n!!\n-----END CERTIFICATE REQUEST-----", "cannot be read"),
        (lambda: "", "cannot be read"),
    ],
)
def test_a_bad_request_is_refused_with_its_reason(folder, asked, why):
    with ca.opened(folder) as authority, pytest.raises(make.Refused, match=why):
        authority.sign("T0001", asked(), now())


def test_a_terminal_that_asks_in_circles_is_stopped(folder):
    with ca.opened(folder) as authority:
        for _ in range(ca.ISSUED_A_DAY_MAX):
            authority.sign("T0001", request("T0001"), now())
        with pytest.raises(make.Refused, match="within a day"):
            authority.sign("T0001", request("T0001"), now())
        authority.sign("T0002", request("T0002"), now())
        authority.sign("T0001", request("T0001"), now() + timedelta(days=2))


@pytest.mark.parametrize("name", ["", "T 1", "T/1", "+", "#", "fleet.backend", "Ä1", "T" * 33, "T0001\n"])
def test_only_a_terminals_id_gets_a_terminals_certificate(folder, name):
    with ca.opened(folder) as authority, pytest.raises(make.Refused):
        authority.issue(name, now())


def test_a_second_certificate_in_force_is_asked_for(folder):
    with ca.opened(folder) as authority:
        first = authority.issue("T0001", now())
        with pytest.raises(ca.InForce):
            authority.issue("T0001", now())
        authority.issue("T0001", now(), again=True)
        states = [each.state(ca._ms(now())) for each in authority.entries("T0001")]
        assert states == ["revoked", "valid"]
        assert authority.entry(x509.load_pem_x509_certificate(first.chain)).reason == "replaced"


def test_a_root_key_may_be_locked_or_elsewhere(tmp_path):
    folder = tmp_path / "ca"
    ca.found(folder, "Test", now(), b"open sesame")
    with ca.opened(folder) as authority:
        authority.issue("T0001", now())  # the issuing key is no secret to the server
        for given in (b"", b"wrong"):
            with pytest.raises(ca.KeyLocked) as locked:
                authority.renew_issuing(now(), given)
            assert locked.value.given == bool(given)
        assert authority.renew_issuing(now(), b"open sesame") == "terminals-issuing-2"
        (folder / "terminals-root-1.key").rename(tmp_path / "safe.key")
        with pytest.raises(ca.KeyAway):
            authority.renew_issuing(now(), b"open sesame")


def test_private_keys_are_their_owners_alone(folder):
    modes = {
        each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir() if each.suffix in (".key", ".db")
    }
    assert "ca.db" in modes
    assert {name: mode & 0o077 for name, mode in modes.items()} == dict.fromkeys(modes, 0)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_ever_written_over(folder, tmp_path):
    with pytest.raises(files.Taken):
        ca.found(folder, "Again", now())
    with pytest.raises(files.Taken):
        files.add_file(folder / "crl.pem", b"")
    full = tmp_path / "full"
    full.mkdir()
    (full / "kept").write_text("kept")
    with pytest.raises(files.Taken):
        files.write_folder(full, {"a": b"a"})
    assert [each.name for each in full.iterdir()] == ["kept"]
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")], "no drafts are left behind"
