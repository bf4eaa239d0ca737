"""Only what the fleet signed for this purpose counts as the fleet's word."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware.drivers.uplink.signed import is_signed
from wire.fleet import Signed, signed_text

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw().hex()
TRUE = Signed("{}", KEY.sign(signed_text("settings", "{}")).hex())


def test_the_fleets_own_word_is_believed():
    assert is_signed(PUBLIC, "settings", TRUE)


@pytest.mark.parametrize(
    ("key", "purpose", "signed"),
    [
        (PUBLIC, "command", TRUE),
        (PUBLIC, "settings", Signed("{ }", TRUE.signature)),
        (PUBLIC, "settings", Signed("{}", "0" * 128)),
        (Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex(), "settings", TRUE),
        ("", "settings", TRUE),
    ],
    ids=["another purpose", "another text", "no signature", "another key", "no key known"],
)
def test_nobody_elses_word_is(key, purpose, signed):
    assert not is_signed(key, purpose, signed)
