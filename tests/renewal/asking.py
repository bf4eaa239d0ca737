"""Asks for a new certificate as a terminal makes them, and as somebody else would like to."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleet.ca.authority import Issued
from wire.messages import AskRenew, renewal_text


def request(name: str, key=None) -> str:
    """PKCS #10, signed with its own key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def ask(terminal: str, old: Issued, asked: str = "", signer: Issued | None = None) -> AskRenew:
    """An ask with the old certificate, signed by its key or by `signer`'s."""
    asked = asked or request(terminal)
    key = serialization.load_pem_private_key((signer or old).key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(renewal_text(terminal, asked), ec.ECDSA(hashes.SHA256()))
    return AskRenew(asked, old.entry.pem, signature.hex())
