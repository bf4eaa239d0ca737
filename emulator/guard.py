"""Only the page this emulator served, and scripts, may call the API: no other origin, no rebound name."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

SITES_OF_OUR_OWN = ("same-origin", "none")


def refusal(headers: Headers, method: str, names: Collection[str]) -> str | None:
    """Why this request is not for us, as a text key; None when it is.

    A browser that was lured by a rebound DNS name sends that name as Host; an address or `localhost` cannot be rebound.
    `names` are further host names that were allowed at the start.
    """
    host = headers.get("host", "")
    if not host_is_ours(host, names):
        return "host"
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "origin"
    if headers.get("sec-fetch-site", "none") not in SITES_OF_OUR_OWN:
        # Following a link to our page is a navigation from elsewhere; nothing else from elsewhere is wanted.
        if method == "GET" and headers.get("sec-fetch-mode") == "navigate":
            return None
        return "origin"
    return None


def host_is_ours(host: str, names: Collection[str]) -> bool:
    """Whether the Host header is an IP address, `localhost`, or a name that was allowed."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
