"""The authority as a folder: two families that do not trust each other, and the register of what they issued.

*Terminals* have a root and an issuing authority below it that can sign for clients only; its key is on the server, for
renewals. *Services* (brokers and backends) have a root of their own, the only one terminals believe. So whoever takes the
online key can make a terminal, but no broker; and no terminal is let in where backends are (docs/security.md).

Each renewal of an authority is a new generation, `NAME-2`; the ones before it stay trusted until they expire.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fleet.ca import certificates as make
from fleet.ca import files, register
from fleet.ca.certificates import Key, Refused, Signer, Term
from fleet.ca.register import Entry, Kind

FOLDER = "ca"
Family = Literal["terminals-root", "terminals-issuing", "services-root"]
TERMINALS: Final = "terminals-root"
ISSUING: Final = "terminals-issuing"
SERVICES: Final = "services-root"
TRUST, CLIENTS, CRL, SERVICES_CRL = "trust.pem", "clients.pem", "crl.pem", "services-crl.pem"
"""What terminals trust; what the broker's listener for terminals trusts; the revoked ones of each family."""

ROOT_DAYS, ISSUING_DAYS, TERMINAL_DAYS, SERVICE_DAYS = 20 * 365, 5 * 365, 365, 825
CRL_DAYS = 400
"""A list that runs out stops the whole fleet (OpenSSL refuses everybody), so it is long and made anew often."""
ISSUED_A_DAY_MAX = 8
"""Certificates for one terminal in a day, against one that asks in circles."""
SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_GENERATION = re.compile(r"(?P<family>[a-z-]+)-(?P<number>[0-9]+)\.crt")


class NoAuthority(Exception):
    """There is no authority in this folder."""


class KeyLocked(Exception):
    """A private key needs a passphrase, or another one. `given`: one was given."""

    def __init__(self, path: Path, given: bool) -> None:
        super().__init__(str(path))
        self.path, self.given = path, given


class KeyAway(Exception):
    """A private key is not in the folder: it is kept elsewhere."""


class InForce(Exception):
    """The name has a certificate that still holds; a second one is asked for by `again`."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name)
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with what belongs to it, PEM. `chain`: it and the authority below the root; `trust`: what its owner
    believes; `key` is empty when the owner made the key itself."""

    entry: Entry
    chain: bytes
    trust: bytes
    key: bytes = b""


def found(folder: Path, name: str, now: datetime, passphrase: bytes = b"") -> None:
    """Make a new authority. Raises `files.Taken`, `OSError`."""
    made = {register.DATABASE: b""}  # there before its first use, so that it is its owner's alone
    families: tuple[Family, ...] = (TERMINALS, SERVICES)
    roots = {family: _new_root(family, name, 1, now) for family in families}
    for family, signer in roots.items():
        made |= {
            f"{family}-1.crt": make.pem_of(signer.certificate),
            f"{family}-1.key": make.key_pem(signer.key, passphrase),
        }
    below = _new_issuing(roots[TERMINALS], name, 1, now)
    made |= {f"{ISSUING}-1.crt": make.pem_of(below.certificate), f"{ISSUING}-1.key": make.key_pem(below.key)}
    end = roots[SERVICES].certificate.not_valid_after_utc
    made[SERVICES_CRL] = make.revocation_list(roots[SERVICES], (), Term(now - make.BACKDATED, end), 1)
    files.write_folder(folder, made)
    with opened(folder) as authority:
        authority.write_lists(now)


@contextmanager
def opened(folder: Path) -> Iterator["Authority"]:
    """The authority of a folder, held against other processes. Raises `NoAuthority`, `OSError`."""
    if not (folder / f"{SERVICES}-1.crt").exists():
        raise NoAuthority(str(folder))
    with files.held(folder):
        yield Authority(folder)


class Authority:
    """Issues, revokes and renews; made by `opened`. Methods raise `StoreTrouble`, `OSError` and what they name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # --- issuing ------------------------------------------------------------------------------------------------------

    def issue(self, terminal: str, now: datetime, days: int = TERMINAL_DAYS, again: bool = False) -> Issued:
        """A key and certificate for a terminal. `again` revokes the ones in force. Raises `Refused`, `InForce`,
        `KeyAway`."""
        if not make.is_terminal_id(terminal):
            raise Refused(f"{terminal!r} is no terminal's id")
        self._make_way(terminal, now, again)
        key = make.new_key()
        return self._issue_terminal(terminal, key.public_key(), now, days, make.key_pem(key))

    def sign(self, terminal: str, request: str, now: datetime, days: int = TERMINAL_DAYS) -> Issued:
        """A certificate for a key the terminal made; the same key again gets the same certificate. Raises `Refused`,
        `KeyAway`. Who may ask is for the caller to know."""
        public = make.read_request(request, terminal)
        now_ms = _ms(now)
        with register.pages(self._folder) as pages:
            known = pages.by_key(_digest(public))
            of_day = [each for each in pages.of(terminal) if each.issued_ms > now_ms - 86_400_000]
        for entry in known:
            if (entry.kind, entry.name, entry.state(now_ms)) == ("terminal", terminal, "valid"):
                return Issued(entry, self._chain(entry), self.trust(now))
        if known:
            raise Refused("the request's key has been used before")
        if len(of_day) >= ISSUED_A_DAY_MAX:
            raise Refused(f"{len(of_day)} certificates for {terminal} within a day")
        return self._issue_terminal(terminal, public, now, days)

    def service(
        self,
        kind: Literal["server", "backend"],
        name: str,
        hosts: Sequence[str],
        now: datetime,
        passphrase: bytes = b"",
        days: int = SERVICE_DAYS,
    ) -> Issued:
        """A key and certificate for a broker (`server`, under the names `hosts`) or a backend. Raises `Refused`,
        `KeyLocked`, `KeyAway`."""
        if not SERVICE_NAME.fullmatch(name):
            raise Refused(f"{name!r} is no name of a service")
        issuer = self.latest(SERVICES)
        signer = self._signer(issuer, passphrase)
        key = make.new_key()
        usages = (make.SERVER,) if kind == "server" else (make.CLIENT,)
        # A dot, which no terminal's id has: names of the two families can never be alike.
        subject = name if kind == "server" else f"fleet.{name}"
        made = make.leaf(signer, subject, key.public_key(), Term.days(now, days), usages, hosts)
        entry = self._enter(made, kind, subject, issuer, now)
        return Issued(entry, self._chain(entry), self.trust(now), make.key_pem(key))

    def _issue_terminal(
        self, terminal: str, public: ec.EllipticCurvePublicKey, now: datetime, days: int, key: bytes = b""
    ) -> Issued:
        issuer = self.latest(ISSUING)
        made = make.leaf(self._signer(issuer), terminal, public, Term.days(now, days), (make.CLIENT,))
        entry = self._enter(made, "terminal", terminal, issuer, now)
        return Issued(entry, self._chain(entry), self.trust(now), key)

    def _make_way(self, terminal: str, now: datetime, again: bool) -> None:
        in_force = [each for each in self.entries(terminal) if each.state(_ms(now)) == "valid"]
        if in_force and not again:
            raise InForce(in_force[-1])
        if in_force:
            self.revoke(in_force, now, "replaced")

    def _enter(self, made: x509.Certificate, kind: Kind, name: str, issuer: str, now: datetime) -> Entry:
        public = made.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        begin_ms, end_ms = _ms(made.not_valid_before_utc), _ms(made.not_valid_after_utc)
        entry = Entry(
            serial_of(made), kind, name, issuer, _digest(public), begin_ms, end_ms, _ms(now), make.pem_of(made).decode()
        )
        with register.pages(self._folder) as pages:
            pages.add(entry)
        return entry

    # --- looking ------------------------------------------------------------------------------------------------------

    def entries(self, name: str = "") -> list[Entry]:
        """What was issued, all of it or to one name, the oldest first."""
        with register.pages(self._folder) as pages:
            return pages.of(name) if name else pages.all()

    def entry(self, certificate: x509.Certificate) -> Entry | None:
        """The register's entry of exactly this certificate; None: we did not issue it."""
        with register.pages(self._folder) as pages:
            entry = pages.by_serial(serial_of(certificate))
        known = entry is not None and entry.pem == make.pem_of(certificate).decode()
        return entry if known else None

    def trust(self, now: datetime) -> bytes:
        """The roots terminals and backends believe servers by."""
        return b"".join(self._in_force(SERVICES, now))

    def generations(self, family: Family) -> list[str]:
        """File names, without ending, of a family's authorities, the oldest first."""
        matches = [_GENERATION.fullmatch(each.name) for each in self._folder.glob(f"{family}-*.crt")]
        numbers = sorted(int(each["number"]) for each in matches if each and each["family"] == family)
        return [f"{family}-{number}" for number in numbers]

    def latest(self, family: Family) -> str:
        return self.generations(family)[-1]

    def certificate(self, authority: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self._folder / f"{authority}.crt").read_bytes())

    # --- revoking -----------------------------------------------------------------------------------------------------

    def revoke(self, entries: Iterable[Entry], now: datetime, reason: str = "", passphrase: bytes = b"") -> list[Entry]:
        """Revoke certificates and write the lists anew; returns those that were not revoked before. Raises `KeyLocked`,
        `KeyAway` before anything is changed."""
        due = [each for each in entries if not each.revoked_ms]
        if any(each.kind != "terminal" for each in due):
            self._signer(self.latest(SERVICES), passphrase)
        with register.pages(self._folder) as pages:
            for entry in due:
                pages.revoke(entry.serial, _ms(now), reason)
        self.write_lists(now)
        if any(each.kind != "terminal" for each in due):
            self._write_services_list(now, passphrase)
        return due

    def write_lists(self, now: datetime) -> None:
        """Write the bundles and the terminals' revocation list anew from the register; a server does so every day.
        An issuing authority whose key is away keeps its old list."""
        number = _ms(now)
        lists = [
            self._list_of(each, Term.days(now, CRL_DAYS), number)
            for each in self.generations(ISSUING)
            if self.certificate(each).not_valid_after_utc > now
        ]
        files.replace_file(self._folder / CRL, b"".join(lists))
        files.replace_file(self._folder / TRUST, self.trust(now))
        clients = self._in_force(TERMINALS, now) + self._in_force(ISSUING, now)
        files.replace_file(self._folder / CLIENTS, b"".join(clients))

    def _list_of(self, issuer: str, term: Term, number: int, passphrase: bytes = b"") -> bytes:
        with register.pages(self._folder) as pages:
            revoked = [(int(each.serial, 16), _time(each.revoked_ms)) for each in pages.revoked(issuer)]
        return make.revocation_list(self._signer(issuer, passphrase), revoked, term, number)

    def _write_services_list(self, now: datetime, passphrase: bytes) -> None:
        made = b""
        for each in self.generations(SERVICES):
            term = Term(now - make.BACKDATED, self.certificate(each).not_valid_after_utc)
            if term.end > now:
                made += self._list_of(each, term, _ms(now), passphrase)
        files.replace_file(self._folder / SERVICES_CRL, made)

    # --- renewing -----------------------------------------------------------------------------------------------------

    def renew_issuing(self, now: datetime, passphrase: bytes = b"") -> str:
        """A new issuing authority under the terminals' root; certificates of the old one hold on. Raises `KeyLocked`,
        `KeyAway`."""
        root = self.latest(TERMINALS)
        number = _number(self.latest(ISSUING)) + 1
        signer = self._signer(root, passphrase)
        made = _new_issuing(signer, _house(signer.certificate), number, now)
        self._add(f"{ISSUING}-{number}", made, b"")
        self.write_lists(now)
        return f"{ISSUING}-{number}"

    def renew_roots(self, now: datetime, passphrase: bytes = b"") -> list[str]:
        """New roots of both families and a new issuing authority. The services' new root is also signed by the old one
        (`….cross.crt`), so that terminals that know only the old one believe servers of the new one at once; with their
        next renewal they learn the new one. Raises `KeyLocked`, `KeyAway`."""
        made = []
        families: tuple[Family, ...] = (TERMINALS, SERVICES)
        for family in families:
            old = self.latest(family)
            signer = self._signer(old, passphrase)
            number = _number(old) + 1
            fresh = _new_root(family, _house(signer.certificate), number, now)
            if family == SERVICES:
                bridge = make.pem_of(make.cross(signer, fresh.certificate))
                files.add_file(self._folder / f"{family}-{number}.cross.crt", bridge)
            self._add(f"{family}-{number}", fresh, passphrase)
            made.append(f"{family}-{number}")
        self._write_services_list(now, passphrase)
        return [*made, self.renew_issuing(now, passphrase)]

    def _add(self, name: str, signer: Signer, passphrase: bytes) -> None:
        files.add_file(self._folder / f"{name}.key", make.key_pem(signer.key, passphrase))
        files.add_file(
            self._folder / f"{name}.crt", make.pem_of(signer.certificate)
        )  # last: now the generation is there

    # --- keys and chains ----------------------------------------------------------------------------------------------

    def _signer(self, authority: str, passphrase: bytes = b"") -> Signer:
        path = self._folder / f"{authority}.key"
        try:
            key = _read_key(path, passphrase)
        except FileNotFoundError as away:
            raise KeyAway(str(path)) from away
        except (TypeError, ValueError) as locked:
            raise KeyLocked(path, bool(passphrase)) from locked
        return Signer(self.certificate(authority), key)

    def _in_force(self, family: Family, now: datetime) -> list[bytes]:
        made = [self.certificate(each) for each in self.generations(family)]
        return [make.pem_of(each) for each in made if each.not_valid_after_utc > now]

    def _chain(self, entry: Entry) -> bytes:
        """The certificate and what stands between it and the oldest root somebody may believe."""
        chain = entry.pem.encode()
        if entry.kind == "terminal":
            return chain + make.pem_of(self.certificate(entry.issuer))
        for number in range(_number(entry.issuer), 1, -1):
            chain += (self._folder / f"{SERVICES}-{number}.cross.crt").read_bytes()
        return chain


def serial_of(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:040x}"


def _read_key(path: Path, passphrase: bytes) -> Key:
    """A key that is not encrypted is read whatever passphrase is given: it is for another one."""
    data = path.read_bytes()
    return make.read_key(data, passphrase if b"ENCRYPTED" in data else b"")


def _new_root(family: Family, name: str, number: int, now: datetime) -> Signer:
    key = make.new_key()
    what = "Terminals" if family == TERMINALS else "Services"
    return Signer(make.root(f"{name} {what} Root {number}", key, Term.days(now, ROOT_DAYS)), key)


def _new_issuing(root: Signer, name: str, number: int, now: datetime) -> Signer:
    key = make.new_key()
    term = Term.days(now, ISSUING_DAYS)
    return Signer(make.issuing(root, f"{name} Terminals Issuing {number}", key, term, make.CLIENT), key)


def _house(certificate: x509.Certificate) -> str:
    """The authority's name, without the words that tell its certificates apart."""
    return re.sub(r" (Terminals|Services) Root [0-9]+\Z", "", make.common_name(certificate))


def _number(generation: str) -> int:
    return int(generation.rpartition("-")[2])


def _digest(public: ec.EllipticCurvePublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _time(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
