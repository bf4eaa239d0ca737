"""Making and judging certificates: ECDSA P-256 throughout, times and serial numbers are given in or random, no files.

A terminal's certificate names its id and nothing else; what it may be used for is in its extensions, which OpenSSL checks
along the whole chain.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wire.topics import TERMINAL_ID

Key = ec.EllipticCurvePrivateKey
Usage = x509.ObjectIdentifier
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH

BACKDATED = timedelta(hours=1)
"""A certificate counts from a little earlier, for machines whose clocks are not quite alike."""
REQUEST_CHARS_MAX = 2_000
UNREADABLE = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion)
"""What the library raises for bytes somebody else made."""


class Refused(ValueError):
    """A request or a certificate is not what it should be; the text says why."""


@dataclass(frozen=True, slots=True)
class Term:
    """From when to when a certificate holds."""

    begin: datetime
    end: datetime

    @classmethod
    def days(cls, now: datetime, days: int) -> "Term":
        return cls(now - BACKDATED, now + timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Signer:
    """An authority that signs: its certificate and its key."""

    certificate: x509.Certificate
    key: Key


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def root(name: str, key: Key, term: Term) -> x509.Certificate:
    """A self-signed authority."""
    subject = _name(name)
    return _authority(subject, subject, key.public_key(), term, None).sign(key, hashes.SHA256())


def cross(signer: Signer, newer: x509.Certificate) -> x509.Certificate:
    """The newer root's name and key under the older root's signature: who trusts only the older one reaches the newer."""
    term = Term(newer.not_valid_before_utc, min(newer.not_valid_after_utc, signer.certificate.not_valid_after_utc))
    public = newer.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    builder = _authority(newer.subject, signer.certificate.subject, public, term, None)
    return _signed(builder, signer)


def issuing(signer: Signer, name: str, key: Key, term: Term, usage: Usage) -> x509.Certificate:
    """An authority below a root that can sign for one usage only: what it signs for another does not verify."""
    builder = _authority(_name(name), signer.certificate.subject, key.public_key(), _within(term, signer), 0)
    return _signed(builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False), signer)


def leaf(
    signer: Signer,
    name: str,
    public: ec.EllipticCurvePublicKey,
    term: Term,
    usages: Iterable[Usage],
    hosts: Iterable[str] = (),
) -> x509.Certificate:
    """A certificate of a terminal, a server or a backend; never longer than its authority's."""
    builder = (
        _builder(_name(name), signer.certificate.subject, public, _within(term, signer))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(list(usages)), critical=False)
    )
    names = [_general_name(host) for host in hosts]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _signed(builder, signer)


def revocation_list(signer: Signer, revoked: Iterable[tuple[int, datetime]], term: Term, number: int) -> bytes:
    """A CRL in PEM of (serial number, since when). `number` grows with each list."""
    identifier = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(term.begin)
        .next_update(term.end)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    for serial, since in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read_request(pem: str, name: str) -> ec.EllipticCurvePublicKey:
    """The key a request (PKCS #10, PEM) is made for: its maker holds the private half and asks for `name` alone.

    Raises `Refused`.
    """
    if len(pem) > REQUEST_CHARS_MAX:
        raise Refused("the request is too long")
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        public, signed = request.public_key(), request.is_signature_valid
        subject = [(each.oid, each.value) for each in request.subject]
    except UNREADABLE as wrong:
        raise Refused(f"the request cannot be read: {wrong}") from wrong
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise Refused("the request's key is not of the curve P-256")
    if not signed:
        raise Refused("the request is not signed with its own key")
    if subject != [(NameOID.COMMON_NAME, name)]:
        raise Refused("the request asks for another name")
    return public


def common_name(certificate: x509.Certificate) -> str:
    """The id a certificate is made out to, empty when it has none or several."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def is_terminal_id(text: str) -> bool:
    return TERMINAL_ID.fullmatch(text) is not None


def pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: Key, passphrase: bytes = b"") -> bytes:
    """A private key in PKCS #8, encrypted when there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def read_key(pem: bytes, passphrase: bytes = b"") -> Key:
    """Raises `ValueError` (no P-256 key, or another passphrase) or `TypeError` (a passphrase is needed, or is not)."""
    key = serialization.load_pem_private_key(pem, passphrase or None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("no key of an elliptic curve")
    return key


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _within(term: Term, signer: Signer) -> Term:
    return Term(term.begin, min(term.end, signer.certificate.not_valid_after_utc))


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, term: Term
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(term.begin)
        .not_valid_after(term.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _authority(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, term: Term, below: int | None
) -> x509.CertificateBuilder:
    return (
        _builder(subject, issuer, public, term)
        .add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
    )


def _signed(builder: x509.CertificateBuilder, signer: Signer) -> x509.Certificate:
    identifier = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    known = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return builder.add_extension(known, critical=False).sign(signer.key, hashes.SHA256())


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
