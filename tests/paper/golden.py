"""Golden slips: `python -m tests.paper.golden` draws them anew and writes `goldens.json` and pictures to look at.

A golden is the SHA-256 of a picture's decoded pixels. It holds for one font file and one Pillow only, so both are
named in the file, and another font or Pillow is a failure of its own kind: `MadeElsewhere`, not a changed slip.
"""

import dataclasses
import hashlib
import json
import sys
from pathlib import Path

import PIL
from PIL import Image

from paper.face import Face, find_font
from paper.picture import slip_picture
from paper.profile import PAPER_58, PAPER_80
from paper.slip import slips_of
from tests.paper.slips import SALE_58, SALE_80, STYLES_58

GOLDENS = Path(__file__).with_name("goldens.json")
TORN_AT_DOTS = 335


class MadeElsewhere(Exception):
    """The goldens were made with another font or Pillow than there are here."""


def pictures(face: Face) -> dict[str, Image.Image]:
    sale = slips_of(SALE_58, PAPER_58)[0]
    torn = dataclasses.replace(sale, state="torn", dots=TORN_AT_DOTS)
    return {
        "sale_58": slip_picture(sale, face, PAPER_58.dots),
        "sale_58_torn": slip_picture(torn, face, PAPER_58.dots),
        "styles_58": slip_picture(slips_of(STYLES_58, PAPER_58)[0], face, PAPER_58.dots),
        "sale_80": slip_picture(slips_of(SALE_80, PAPER_80)[0], face, PAPER_80.dots),
    }


def digest(picture: Image.Image) -> str:
    """Over the pixels, not the file: PNG writers may differ."""
    return hashlib.sha256(f"{picture.mode} {picture.size}".encode() + picture.tobytes()).hexdigest()


def goldens(face: Face) -> dict[str, str]:
    """The pictures' digests by name. Raises `MadeElsewhere`."""
    stored = json.loads(GOLDENS.read_text("utf-8"))
    here = made_with(face)
    for what, made in stored["made_with"].items():
        if here[what] != made:
            raise MadeElsewhere(
                f"the goldens were made with {what} {made}, here is {here[what]}: look at the slips drawn by "
                "`python -m tests.paper.golden DIR`, and if they are right, keep the goldens.json it wrote"
            )
    slips: dict[str, str] = stored["slips"]
    return slips


def made_with(face: Face) -> dict[str, str]:
    return {"font": face.digest, "pillow": PIL.__version__}


def main(folder: Path | None) -> None:
    face = Face(find_font())
    drawn = pictures(face)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in drawn.items():
            picture.save(folder / f"{name}.png")
    stored = {"made_with": made_with(face), "slips": {name: digest(picture) for name, picture in drawn.items()}}
    GOLDENS.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
