"""Writes settings again and again, and says on its standard output what has been acknowledged.

`python -m tests.store.writer FOLDER COUNT [FIRST]`: applies revisions FIRST .. FIRST + COUNT - 1; after each prints
`rev N` in one write. Ends with `failed CODE` when a revision could not be stored.
"""

import os
import sys
from pathlib import Path

from firmware.drivers.store import NotStored, Store


def main(folder: str, count: str, first: str = "1") -> None:
    store = Store(Path(folder))
    for rev in range(int(first), int(first) + int(count)):
        try:
            problems = store.apply_settings(document(rev), rev)
        except NotStored as wrong:
            os.write(1, f"failed {wrong.code}\n".encode())
            return
        assert not isinstance(problems, list), problems
        os.write(1, f"rev {rev}\n".encode())


def document(rev: int) -> dict[str, object]:
    """A settings document that tells its revision twice, so that a torn mixture would show."""
    return {"shop": {"name": f"店 {rev}", "footer": ["谢谢惠顾 " * 2] * 3}, "shift": {"float_expected_fen": rev * 100}}


if __name__ == "__main__":
    main(*sys.argv[1:])
