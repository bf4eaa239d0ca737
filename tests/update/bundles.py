"""Bundles for tests, by the tool that makes real ones."""

import importlib.machinery
import importlib.util
import io
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).resolve().parents[2]
KEY = bytes(range(32))
FLEET_KEY = Ed25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw().hex()


def tool() -> ModuleType:
    """`tools/make-release` as a module."""
    loader = importlib.machinery.SourceFileLoader("make_release", str(ROOT / "tools" / "make-release"))
    spec = importlib.util.spec_from_loader("make_release", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def small(version: str, files: dict[str, bytes] | None = None, key: bytes = KEY, **more: Any) -> bytes:
    """A bundle with a payload of a few files."""
    import gzip

    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as squeezed, tarfile.open(fileobj=squeezed, mode="w") as tar:
        for name, data in (files or {"firmware/__main__.py": b"print('hello')\n"}).items():
            tool().add(tar, name, data)
    return tool().bundle(packed.getvalue(), version, key, **more)
