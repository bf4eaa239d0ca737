"""`posfleet key`: the fleet's public key, which each terminal must know; made at first use."""

import argparse
import json

from fleet import home
from fleet.commands import Wrong
from texts import Lang


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Print the public key in hex."""
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        public = home.fleet_key(options.data).public_key().public_bytes_raw().hex()
        print(json.dumps({"fleet_key": public}) if options.json else public)
    except (OSError, ValueError) as trouble:
        raise Wrong("folder", {"path": str(options.data), "detail": str(trouble)}) from trouble
    return 0
