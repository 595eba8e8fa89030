"""`hythe network`: create, ls, rm, connect, disconnect."""

from __future__ import annotations

from typing import Any, Final

from hythe.base.ids import short
from hythe.cli.format import table
from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session
from hythe.client.config import limits
from hythe.client.config.environment import labels
from hythe.client.config.networks import endpoint
from hythe.errors import InvalidArgument, NotFound

_COLUMNS: Final = {
    "ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE", "IPv4": "IPV4", "IPv6": "IPV6",
    "Internal": "INTERNAL", "Labels": "LABELS", "CreatedAt": "CREATED AT",
}  # fmt: skip


def create(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "create", "[OPTIONS] NAME", "Create a network.")
    parser.text("-d", "--driver", metavar="NAME", default="bridge", help="default bridge")
    parser.many("--subnet", metavar="CIDR", help="its addresses, such as 10.9.0.0/24")
    parser.many("--gateway", metavar="ADDRESS", help="this machine's address on it")
    parser.many("--ip-range", metavar="CIDR", help="give containers addresses from this part")
    parser.many("--aux-address", metavar="NAME=ADDRESS", help="addresses to leave alone")
    parser.many("-o", "--opt", metavar="NAME=VALUE", help="option of the driver")
    parser.many("--label", metavar="NAME=VALUE", help="label")
    parser.flag("--internal", help="no way out of it")
    parser.flag("--attachable", help="accepted: every network is")
    parser.flag("--ipv6", help="IPv6 addresses too")
    parser.text("--ipam-driver", metavar="NAME", default="default", help="who gives out addresses")
    parser.many("--ipam-opt", metavar="NAME=VALUE", help="option of that")
    parser.flag("--ipv4", default=True, help="IPv4 addresses; --ipv4=false: none")
    parser.flag("--ingress", help="for docker's swarm")
    parser.flag("--config-only", help="keep its options for others")
    parser.text("--config-from", metavar="NETWORK", help="take the options of that one")
    parser.text("--scope", metavar="SCOPE", help="local, or swarm")
    parser.add_argument("name", metavar="NAME")
    options = parser.options(argv)
    config: dict[str, Any] = {
        "Name": options.name, "Driver": options.driver, "Internal": options.internal,
        "Attachable": options.attachable, "EnableIPv6": options.ipv6, "Labels": labels(options.label),
        "Options": limits.pairs(options.opt, "driver option"),
        "IPAM": {
            "Driver": options.ipam_driver, "Options": limits.pairs(options.ipam_opt, "IPAM option"),
            "Config": _pools(options),
        },
    }  # fmt: skip
    if not options.ipv4:
        config["EnableIPv4"] = False
    if options.ingress or options.config_only or options.config_from or options.scope:
        config |= {
            "Ingress": options.ingress, "ConfigOnly": options.config_only, "Scope": options.scope or "",
            "ConfigFrom": {"Network": options.config_from} if options.config_from else None,
        }  # fmt: skip
    session.out(session.client.networks.create(config))
    return 0


def ls(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "ls", "[OPTIONS]", "List networks.")
    parser.flag("-q", "--quiet", help="ids only")
    parser.flag("--no-trunc", help="do not cut ids short")
    parser.many("-f", "--filter", metavar="NAME=VALUE", help="only those, e.g. driver=bridge, name=a")
    parser.text("--format", metavar="FORMAT", help="json, or a template")
    options = parser.options(argv)
    found = sorted(session.client.networks.list(filters(options.filter)), key=lambda one: str(one["Name"]))
    rows = [_row(network, options.no_trunc) for network in found]
    if options.quiet:
        for row in rows:
            session.out(row["ID"])
        return 0
    default = ("ID", "Name", "Driver", "Scope")
    table.show(
        rows,
        _COLUMNS,
        default=default,
        form=session.format(options.format, "networksFormat"),
        out=session.out,
    )
    return 0


def rm(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "rm", "NETWORK...", "Remove networks.")
    parser.flag("-f", "--force", help="say nothing of those that are not there")
    parser.add_argument("networks", nargs="+", metavar="NETWORK")
    options = parser.options(argv)

    def one(name: str) -> str | None:
        try:
            session.client.networks.remove(name)
        except NotFound:
            if not options.force:
                raise
            return None
        return name

    return session.each(options.networks, one)


def connect(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "connect", "[OPTIONS] NETWORK CONTAINER", "Connect a container to a network.")
    parser.many("--alias", metavar="NAME", help="a further name on it")
    parser.text("--ip", metavar="ADDRESS", default="", help="IPv4 address")
    parser.text("--ip6", metavar="ADDRESS", default="", help="IPv6 address")
    parser.many("--link", metavar="CONTAINER[:ALIAS]", help="docker's old links")
    parser.many("--driver-opt", metavar="NAME=VALUE", help="option of the driver")
    parser.many("--link-local-ip", metavar="ADDRESS", help="link-local address")
    parser.number("--gw-priority", metavar="N", help="the network with the highest is the way out")
    parser.add_argument("network", metavar="NETWORK")
    parser.add_argument("container", metavar="CONTAINER")
    options = parser.options(argv)
    driver = limits.pairs(options.driver_opt, "driver option")
    settings = endpoint(
        options.alias, options.ip, options.ip6, options.link, driver, options.link_local_ip,
        options.gw_priority,
    )  # fmt: skip
    session.client.networks.connect(options.network, options.container, settings)
    return 0


def disconnect(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "disconnect", "[OPTIONS] NETWORK CONTAINER", "Disconnect a container from a network."
    )
    parser.flag("-f", "--force", help="even if the container is in a bad state")
    parser.add_argument("network", metavar="NETWORK")
    parser.add_argument("container", metavar="CONTAINER")
    options = parser.options(argv)
    session.client.networks.disconnect(options.network, options.container, force=options.force)
    return 0


def _pools(options: Any) -> list[dict[str, Any]]:
    if len(options.gateway) > len(options.subnet) or len(options.ip_range) > len(options.subnet):
        raise InvalidArgument("--gateway and --ip-range need a --subnet each", hint="add --subnet CIDR")
    pools: list[dict[str, Any]] = [{"Subnet": subnet} for subnet in options.subnet]
    for pool, gateway in zip(pools, options.gateway, strict=False):
        pool["Gateway"] = gateway
    for pool, part in zip(pools, options.ip_range, strict=False):
        pool["IPRange"] = part
    for name, address in limits.pairs(options.aux_address, "address").items():
        _pool_of(address, pools).setdefault("AuxiliaryAddresses", {})[name] = address
    return pools


def _pool_of(address: str, pools: list[dict[str, Any]]) -> dict[str, Any]:
    import ipaddress

    for pool in pools:
        try:
            if ipaddress.ip_address(address) in ipaddress.ip_network(pool["Subnet"], strict=False):
                return pool
        except ValueError as error:
            raise InvalidArgument(f"{error}", hint="write --aux-address NAME=ADDRESS") from error
    raise InvalidArgument(f"no matching subnet for aux-address {address}", hint="add --subnet CIDR")


def _row(network: dict[str, Any], whole: bool) -> dict[str, Any]:
    marks = network.get("Labels") or {}
    return {
        "ID": network["Id"] if whole else short(network["Id"]), "Name": network["Name"],
        "Driver": network["Driver"], "Scope": network.get("Scope", "local"),
        "IPv6": str(bool(network.get("EnableIPv6"))).lower(),
        "Internal": str(bool(network.get("Internal"))).lower(),
        "Labels": ",".join(f"{key}={value}" for key, value in marks.items()),
        "IPv4": str(network.get("EnableIPv4", False)).lower(),
        "CreatedAt": _created(network.get("Created", "")), "Label": lambda name: marks.get(name, ""),
    }  # fmt: skip


def _created(stamp: str) -> str:
    """RFC 3339 as Go prints a time: "2024-01-31 12:00:00.123 +0000 UTC"."""
    return f"{stamp[:-1].replace('T', ' ')} +0000 UTC" if stamp.endswith("Z") else stamp
