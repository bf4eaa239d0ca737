"""`posfleet broker`: a broker's configuration as a folder, its revocation lists kept current, a terminal thrown out."""

import argparse
import json
import queue
from typing import Any

from fleet.broker import emqx, mosquitto
from fleet.broker.place import SERVER_CERT, SERVER_KEY, Place
from fleet.ca import authority as ca
from fleet.ca import files
from fleet.ca.certificates import is_terminal_id
from fleet.commands import Wrong, broker_link
from fleet.commands.ca import now, troubles, with_key
from fleet.commands.look import say
from fleet.mqtt import IngestSettings
from texts import Lang

FETCHED = (ca.CLIENTS, ca.CRL, ca.TRUST, ca.SERVICES_CRL)
KICK_TIMEOUT_S = 10.0


def make(options: argparse.Namespace, lang: Lang) -> int:
    """A folder with configuration, access lists, certificates and revocation lists. It is never written over."""
    if options.out.exists() and any(options.out.iterdir()):
        raise Wrong("taken", {"path": str(options.out)}, usage=True)
    folder = options.folder or options.out.resolve()
    place = Place(
        folder, options.host, options.port, options.private_host, options.private_port,
        terminals_max=options.terminals_max, state=options.state,
    )  # fmt: skip

    def issue(authority: ca.Authority, passphrase: bytes) -> ca.Issued:
        authority.write_lists(now())
        return authority.service("server", "broker", options.name, now(), passphrase)

    issued = with_key(options, lang, issue)
    made = mosquitto.files(place) if options.kind == "mosquitto" else emqx.files(place)
    made |= {SERVER_CERT: issued.chain, SERVER_KEY: issued.key}
    made |= {name: (options.data / ca.FOLDER / name).read_bytes() for name in FETCHED}
    with troubles(options.data):
        files.write_folder(options.out, made)
    if options.json:
        print(json.dumps({"dir": str(options.out), "files": sorted(made)}))
    else:
        say(lang, f"broker__{options.kind}", folder=folder)
        say(lang, "broker__backend", host=place.private_host, port=place.private_port, mount=place.mount)
    return 0


def update(options: argparse.Namespace, lang: Lang) -> int:
    """Bring bundles and revocation lists to a broker's folder; the broker reads them when it is told to reload."""
    with troubles(options.data), ca.opened(options.data / ca.FOLDER) as authority:
        authority.write_lists(now())
        for name in FETCHED:
            files.replace_file(options.out / name, (options.data / ca.FOLDER / name).read_bytes())
    if options.json:
        print(json.dumps({"dir": str(options.out), "files": list(FETCHED)}))
    else:
        say(lang, "broker__updated", folder=options.out)
    return 0


def kick(options: argparse.Namespace, lang: Lang) -> int:
    """End a terminal's connection by taking its session over at the private listener; a revoked one does not come back."""
    if not is_terminal_id(options.id):
        raise Wrong("no_terminal", {"terminal": options.id[:32]}, usage=True)
    settings = broker_link.settings(options)
    cause = _take_over(settings, options.id)
    if cause:
        raise Wrong("broker_kick", {"broker": options.broker, "detail": cause})
    if options.json:
        print(json.dumps({"kicked": options.id}))
    else:
        say(lang, "broker__kicked", name=options.id)
    return 0


def _take_over(settings: IngestSettings, client_id: str) -> str:
    """Connect as the client and leave at once; empty, or why not."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    from fleet.tls import client_context

    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
    client.on_connect = lambda _c, _u, _f, reason, _p: heard.put(reason)
    if settings.username:
        client.username_pw_set(settings.username, settings.password)
    if settings.tls is not None:
        client.tls_set_context(client_context(settings.tls))
    try:
        client.connect(settings.host, settings.port, clean_start=True)
        client.loop_start()
        reason = heard.get(timeout=KICK_TIMEOUT_S)
    except (OSError, ValueError) as trouble:
        return str(trouble)
    except queue.Empty:
        return "time-out"
    finally:
        client.disconnect()
        client.loop_stop()
    return str(reason) if reason.is_failure else ""
