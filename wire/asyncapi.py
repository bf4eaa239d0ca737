"""The AsyncAPI 3 document of the MQTT contract, built from the table of channels. Written by `wire.schemas`."""

from typing import Any

from wire import topics
from wire.channels import CHANNELS, SCHEMA_MAJOR, Channel
from wire.schemas import components, name

VERSION = "1.0.0"

_DESCRIPTION = (
    "A terminal speaks on `pos/v1/{terminal}/up/…` and listens on `pos/v1/{terminal}/dn/…`; the broker binds "
    "`{terminal}` to the client's certificate. Records are delivered at least once and stored exactly once by "
    "(terminal, epoch, seq); only `dn/ack`, sent after the backend's commit, lets a terminal forget."
)


def document() -> dict[str, Any]:
    """The whole document; operations are the terminal's: it sends what goes up and receives what goes down."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "POS terminal and backend", "version": VERSION, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {_key(channel): _channel(channel) for channel in CHANNELS},
        "operations": {_operation_key(channel): _operation(channel) for channel in CHANNELS},
        "components": {
            "parameters": {
                "terminal": {"description": f"Terminal id: {topics.TERMINAL_ID.pattern}"},
                "cid": {"description": "A command's own number."},
            },
            "messages": {name(channel.payload): _message(channel) for channel in CHANNELS},
            "schemas": components(),
        },
    }


def _key(channel: Channel) -> str:
    return f"{channel.way}_{_flat(channel)}"


def _flat(channel: Channel) -> str:
    """The topic's rest as a word, without the names of what varies in it."""
    return channel.rest.replace("/{cid}", "").replace("/", "_")


def _operation_key(channel: Channel) -> str:
    return f"{'send' if channel.way == 'up' else 'receive'}_{_flat(channel)}"


def _channel(channel: Channel) -> dict[str, Any]:
    message = name(channel.payload)
    return {
        "address": _address(channel),
        "summary": channel.summary,
        "parameters": {
            part: {"$ref": f"#/components/parameters/{part}"}
            for part in ("terminal", "cid")
            if f"{{{part}}}" in _address(channel)
        },
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _address(channel: Channel) -> str:
    return f"{topics.ROOT}/{{terminal}}/{channel.way}/{channel.rest}"


def _operation(channel: Channel) -> dict[str, Any]:
    binding: dict[str, Any] = {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}
    if channel.expiry_s is not None:
        binding["messageExpiryInterval"] = channel.expiry_s
    return {
        "action": "send" if channel.way == "up" else "receive",
        "channel": {"$ref": f"#/channels/{_key(channel)}"},
        "summary": channel.summary,
        "bindings": {"mqtt": binding},
    }


def _message(channel: Channel) -> dict[str, Any]:
    key, major = SCHEMA_MAJOR
    return {
        "name": name(channel.payload),
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{name(channel.payload)}"},
        "description": f"Carries the MQTT user property `{key}` = `{major}`.",
    }
