"""Golden pictures: digests over decoded pixels, kept with a small PNG to look at, and a page that shows differences.

A name is `group/…/name`. `tests/goldens/GROUP.json` holds the digests of a group with the font's digest and Pillow's
version they were made with: another font or Pillow is a failure of its own, not a hundred changed pictures.

`GOLDEN=update pytest …` (or `make golden`) takes today's pictures as right; look at the PNGs in the diff. What
differs lands in `reports/goldens.html`: stored, drawn, and where they differ.
"""

import fcntl
import hashlib
import html
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL
from PIL import Image, ImageChops

from firmware.render import digest, find_font

FOLDER = Path(__file__).with_suffix("")
REPORT = Path(__file__).parent.parent / "reports" / "goldens.html"


def check(name: str, image: Image.Image, folder: Path = FOLDER, report: Path = REPORT) -> None:
    """Fail unless `image` is the golden picture `name`, by size and RGB pixels; store it when updating.

    Raises `AssertionError`: unknown name, another font or Pillow, or a difference (then see the report).
    """
    group = name.split("/")[0]
    picture = image.convert("RGB")
    with _stored(folder, group) as stored:
        if os.environ.get("GOLDEN") == "update":
            _update(stored, name, picture, folder)
            return
        assert stored.get("made_with") == made_with(), (
            f"goldens of {group} were made with {stored.get('made_with')}, this machine has {made_with()}"
        )
        wanted = stored.get("pictures", {}).get(name)
    pieces = report.with_suffix("")
    if wanted == pixels_digest(picture):
        _forget(pieces, name, report)
        return
    _show(pieces, name, picture, folder, report)
    assert wanted, f"no golden {name}: run with GOLDEN=update and look at it (drawn picture: {report})"
    raise AssertionError(f"{name} differs from its golden, see {report}")


def assert_no_orphans(group: str, names: Iterable[str], folder: Path = FOLDER) -> None:
    """Fail if the group keeps a golden that no test draws (any more), or a PNG without a digest."""
    wanted = set(names)
    with _stored(folder, group) as stored:
        pictures: dict[str, str] = stored.setdefault("pictures", {})
        files = {str(path.relative_to(folder).with_suffix("")) for path in (folder / group).rglob("*.png")}
        orphans = sorted((set(pictures) | files) - wanted)
        if os.environ.get("GOLDEN") == "update":
            for orphan in orphans:
                pictures.pop(orphan, None)
                (folder / f"{orphan}.png").unlink(missing_ok=True)
            return
    assert not orphans, f"goldens that nothing draws: {orphans}"


def made_with() -> dict[str, str]:
    """What the pixels depend on beside our code."""
    return {"font_sha256": digest(find_font()), "pillow": PIL.__version__}


def pixels_digest(picture: Image.Image) -> str:
    """SHA-256 over size and RGB pixels; how the file was compressed does not matter."""
    rgb = picture.convert("RGB")
    return hashlib.sha256(f"{rgb.width}x{rgb.height}\n".encode() + rgb.tobytes()).hexdigest()


@contextmanager
def _stored(folder: Path, group: str) -> Iterator[dict]:
    """The group's file under a lock (tests run in several processes); written back when it was changed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{group}.json"
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        before = path.read_text(encoding="utf-8") if path.exists() else "{}"
        stored = json.loads(before)
        yield stored
        after = json.dumps(stored, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if os.environ.get("GOLDEN") == "update" and after != before:
            path.write_text(after, encoding="utf-8")
    finally:
        os.close(held)


def _update(stored: dict, name: str, picture: Image.Image, folder: Path) -> None:
    if stored.get("made_with") != made_with():
        stored["made_with"] = made_with()
    wanted = pixels_digest(picture)
    path = folder / f"{name}.png"
    if stored.setdefault("pictures", {}).get(name) == wanted and path.exists():
        return
    stored["pictures"][name] = wanted
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = picture.getcolors(256)
    small = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=len(colours)) if colours else picture
    assert pixels_digest(small) == wanted, "the small PNG must hold exactly these pixels"
    small.save(path, optimize=True)


def _forget(pieces: Path, name: str, report: Path) -> None:
    """A picture that is right again leaves the report."""
    gone = [pieces / f"{_flat(name)}.{kind}.png" for kind in ("stored", "drawn", "diff")]
    if any(path.exists() for path in gone):
        for path in gone:
            path.unlink(missing_ok=True)
        _write_page(pieces, report)


def _show(pieces: Path, name: str, picture: Image.Image, folder: Path, report: Path) -> None:
    pieces.mkdir(parents=True, exist_ok=True)
    picture.save(pieces / f"{_flat(name)}.drawn.png")
    path = folder / f"{name}.png"
    if path.exists():
        stored = Image.open(path).convert("RGB")
        stored.save(pieces / f"{_flat(name)}.stored.png")
        size = (max(stored.width, picture.width), max(stored.height, picture.height))
        difference = ImageChops.difference(_padded(stored, size), _padded(picture, size)).convert("L")
        difference.point([0] + [255] * 255).save(pieces / f"{_flat(name)}.diff.png")
    _write_page(pieces, report)


def _padded(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    whole = Image.new("RGB", size, "magenta")
    whole.paste(picture)
    return whole


def _flat(name: str) -> str:
    return name.replace("/", "~")


def _write_page(pieces: Path, report: Path) -> None:
    names = sorted(path.name.removesuffix(".drawn.png") for path in pieces.glob("*.drawn.png"))
    rows = "".join(
        f"<h2>{html.escape(name.replace('~', '/'))}</h2><div>"
        + "".join(
            f'<figure><img src="{pieces.name}/{html.escape(name)}.{kind}.png"><figcaption>{kind}</figcaption></figure>'
            for kind in ("stored", "drawn", "diff")
            if (pieces / f"{name}.{kind}.png").exists()
        )
        + "</div>"
        for name in names
    )
    style = (
        "body{font:16px sans-serif;background:#eee}div{display:flex;gap:12px}figure{margin:0}img{border:1px solid #888}"
    )
    head = f"<!doctype html><meta charset=utf-8><title>Goldens</title><style>{style}</style>"
    page = f"{head}<h1>Goldens that differ: {len(names)}</h1>{rows}\n"
    passing = report.with_suffix(f".{os.getpid()}.tmp")
    passing.write_text(page, encoding="utf-8")
    passing.replace(report)
