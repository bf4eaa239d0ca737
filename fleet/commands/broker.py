"""`posfleet broker`: a broker's configuration as a folder, its revocation lists kept current, a terminal thrown out."""

import argparse
import ipaddress
import json
from collections.abc import Sequence

from fleet.broker import access, emqx, mosquitto
from fleet.broker.place import SERVER_CERT, SERVER_KEY, Place
from fleet.ca import authority as ca
from fleet.ca import files
from fleet.ca.certificates import is_terminal_id
from fleet.commands import Wrong, broker_link
from fleet.commands.ca import now, troubles, with_key
from fleet.commands.look import say
from fleet.files import PUBLIC
from texts import Lang

FETCHED = (ca.CLIENTS, ca.CRL, ca.TRUST, ca.SERVICES_CRL)
USERS = {"mosquitto": "mosquitto", "emqx": "emqx"}
"""The accounts that brokers' packages make, and that a broker started by root becomes."""


def make(options: argparse.Namespace, lang: Lang) -> int:
    """A folder with configuration, access lists, certificates and revocation lists. It is never written over."""
    if options.out.exists() and any(options.out.iterdir()):
        raise Wrong("taken", {"path": str(options.out)})
    folder = options.folder or options.out.resolve()
    user: str = options.broker_user or USERS[options.kind]
    state = options.state.absolute() if options.state is not None else None  # a broker has a current folder of its own
    place = Place(
        folder, options.host, options.port, options.private_host, options.private_port,
        terminals_max=options.terminals_max, state=state, user="" if user == USERS[options.kind] else user,
    )  # fmt: skip
    inside = options.private_name or private_names(options.private_host)

    def issue(authority: ca.Authority, passphrase: bytes) -> ca.Issued:
        authority.write_lists(now())
        hosts = list(dict.fromkeys((*options.name, *inside)))
        return authority.service("server", "broker", hosts, now(), passphrase)

    issued = with_key(options, lang, issue)
    made = mosquitto.files(place) if options.kind == "mosquitto" else emqx.files(place)
    made |= {SERVER_CERT: issued.chain, SERVER_KEY: issued.key}
    made |= {name: (options.data / ca.FOLDER / name).read_bytes() for name in FETCHED}
    with troubles(options.data):
        files.write_folder(options.out, made)
        undone = _let_in(options, place, user)
    backends = f"{(inside or options.name)[0]}:{place.private_port}"
    if options.json:
        told = {"dir": str(options.out), "files": sorted(made), "user": user, "undone": undone, "backends": backends}
        print(json.dumps(told))
    else:
        _tell(options, lang, place, user, undone, backends)
    return 0


def private_names(host: str) -> tuple[str, ...]:
    """What backends call a private listener bound to `host`; none of its own where it listens everywhere."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (host,)
    if address.is_unspecified:
        return ()
    return (host, "localhost") if address.is_loopback else (host,)


def _let_in(options: argparse.Namespace, place: Place, user: str) -> list[str]:
    """Let the broker's account read what was written, as far as it is ours to give: what is left for root to do, on
    the machine where the folder will lie."""
    who = access.account(user)
    group = who.group if who is not None else user
    here = options.folder is None or options.folder.resolve() == options.out.resolve()
    if who is None or not here:
        undone = [access.sharing(place.folder, group)]
        return undone + ([access.state_making(place.state, user, group)] if place.state is not None else [])
    undone = [] if access.share(place.folder, who) else [access.sharing(place.folder, group)]
    shut = access.closed(place.folder, who)
    if place.state is not None:
        undone += [] if access.make_state(place.state, who) else [access.state_making(place.state, user, group)]
        shut += access.closed(place.state, who)
    return undone + [access.entering(each) for each in dict.fromkeys(shut)]


def _tell(
    options: argparse.Namespace, lang: Lang, place: Place, user: str, undone: Sequence[str], backends: str
) -> None:
    say(lang, f"broker__{options.kind}", folder=place.folder)
    if undone:
        say(lang, "broker__undone", user=user, folder=place.folder, commands="\n  ".join(undone))
    else:
        say(lang, "broker__let_in", user=user, folder=place.folder)
    say(lang, "broker__backend", broker=backends, mount=place.mount, data=options.data)


def update(options: argparse.Namespace, lang: Lang) -> int:
    """Bring bundles and revocation lists to a broker's folder; the broker reads them when it is told to reload."""
    with troubles(options.data), ca.opened(options.data / ca.FOLDER) as authority:
        authority.write_lists(now())
        for name in FETCHED:
            files.replace_file(options.out / name, (options.data / ca.FOLDER / name).read_bytes())
            (options.out / name).chmod(PUBLIC)  # whatever the caller's umask: another account reads it
    if options.json:
        print(json.dumps({"dir": str(options.out), "files": list(FETCHED)}))
    else:
        say(lang, "broker__updated", folder=options.out)
    return 0


def kick(options: argparse.Namespace, lang: Lang) -> int:
    """End a terminal's connection by taking its session over at the private listener; a revoked one does not come back."""
    if not is_terminal_id(options.id):
        raise Wrong("no_terminal", {"terminal": options.id[:32]})
    from fleet.broker.kick import kick as kicked  # paho is imported only where it is wanted

    cause = kicked(broker_link.settings(options), options.id)
    if cause:
        raise Wrong("broker_kick", {"broker": options.broker, "detail": cause})
    if options.json:
        print(json.dumps({"terminal": options.id, "kicked": True}))
    else:
        say(lang, "broker__kicked", name=options.id)
    return 0
