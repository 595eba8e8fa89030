"""--network and its companions -> NetworkingConfig.EndpointsConfig.

--network is a name, or "name=N,alias=A,ip=..." for one network of several. --network-alias, --ip and --ip6
belong to the first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from hythe.errors import InvalidArgument

_NO_ENDPOINT: Final = ("default", "bridge", "host", "none")
_KEYS: Final = (
    "name", "alias", "ip", "ip6", "mac-address", "driver-opt", "link-local-ip", "gw-priority",
)  # fmt: skip

Json = dict[str, Any]


class NetworkOptions(Protocol):
    network: list[str]
    network_alias: list[str]
    ip: str
    ip6: str
    mac_address: str
    link: list[str]
    link_local_ip: list[str]


def endpoints(options: NetworkOptions) -> Json:
    """Network name -> EndpointSettings; empty where only the default network is used, without settings."""
    result = dict(map(_one, options.network))
    if len(result) < len(options.network):
        raise InvalidArgument("a network is named twice", hint="name each --network once")
    first: Json = {}
    if options.network_alias:
        first["Aliases"] = list(options.network_alias)
    if options.ip or options.ip6 or options.link_local_ip:
        first["IPAMConfig"] = _addresses(options.ip, options.ip6, options.link_local_ip)
    name = next(iter(result), "default")
    special = name in _NO_ENDPOINT or name.startswith("container:")
    if first and special:
        raise InvalidArgument(
            f"aliases and addresses need a network of your own, not {name!r}",
            hint="make one with hythe network create, and name it with --network",
        )
    result.setdefault(name, {}).update(first)
    return {name: settings for name, settings in result.items() if settings or len(result) > 1 or not special}


def endpoint(
    aliases: list[str], ip: str, ip6: str, links: list[str], options: dict[str, str],
    local: Sequence[str] = (), priority: int | None = None,
) -> Json:  # fmt: skip
    """EndpointSettings for `network connect`."""
    settings: Json = {}
    if aliases:
        settings["Aliases"] = aliases
    if ip or ip6 or local:
        settings["IPAMConfig"] = _addresses(ip, ip6, local)
    if links:
        settings["Links"] = links
    if options:
        settings["DriverOpts"] = options
    if priority is not None:
        settings["GwPriority"] = priority
    return settings


def _addresses(ip: str, ip6: str, local: Sequence[str]) -> Json:
    import ipaddress

    for text in filter(None, (ip, ip6, *local)):
        try:
            ipaddress.ip_address(text)
        except ValueError as error:
            raise InvalidArgument(f"invalid address {text!r}") from error
    addresses = {"IPv4Address": ip, "IPv6Address": ip6, "LinkLocalIPs": list(local)}
    return {key: value for key, value in addresses.items() if value}


def _one(text: str) -> tuple[str, Json]:
    if "=" not in text:
        return text, {}
    name, aliases, addresses, settings = "", list[str](), {"ip": "", "ip6": ""}, dict[str, Any]()
    local: list[str] = []
    for field in text.split(","):
        key, _, value = field.partition("=")
        if key not in _KEYS or not value:
            raise InvalidArgument(
                f"invalid network {text!r}: {field!r}", hint=f"fields are {', '.join(_KEYS)}"
            )
        if key == "name":
            name = value
        elif key == "alias":
            aliases.append(value)
        elif key == "mac-address":
            settings["MacAddress"] = value
        elif key == "link-local-ip":
            local.append(value)
        elif key == "gw-priority":
            settings["GwPriority"] = _priority(value)
        elif key == "driver-opt":
            option, _, setting = value.partition("=")
            settings.setdefault("DriverOpts", {})[option] = setting
        else:
            addresses[key] = value
    if not name:
        raise InvalidArgument(f"invalid network {text!r}: no name")
    return name, {**settings, **endpoint(aliases, addresses["ip"], addresses["ip6"], [], {}, local)}


def _priority(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid gw-priority {text!r}", hint="write a number") from error
