"""Sections about the network: interfaces and the way to the host, and the firewall's rules."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from hythe.cli.format.explain.page import Facts, Lines, Section, Table

Json = dict[str, Any]


def network(value: Json) -> Section:
    facts = [("mode", _mode(value))]
    shown = [one for one in value["Interfaces"] if one["Index"]]
    rows = [
        [str(one["Index"]), one["Name"], "up" if one["Up"] else "down", str(one["Mtu"]), one["Mac"] or "-",
         " ".join(one["Addresses"]) or "no address"]
        for one in shown
    ]  # fmt: skip
    more = [(one["Name"] or "waiting for", _cable(one)) for one in value["Interfaces"] if one["Network"]]
    more += _titled("routes", [_route(route) for route in value["Routes"]])
    more += _titled("ports", [_port(port) for port in value["Published"]])
    if value["Dns"]:
        more.append(("names", _nameservers(value["Dns"])))
    table = Table(["INDEX", "NAME", "STATE", "MTU", "MAC", "ADDRESSES"], rows)
    return Section("Network", value["ShownBy"], [Facts(facts), table, Facts(more)])


def _mode(value: Json) -> str:
    whose = "the host's own network" if value["SharesHost"] else ""
    whose = f"the network of container {value['Owner']}" if value["Owner"] else whose
    return f"{value['Mode']}: {whose}" if whose else f"{value['Mode']}"


def _cable(one: Json) -> str:
    if not one["HostName"]:
        return f"network {one['Network']}"
    bridge = f" on bridge {one['Bridge']}" if one["Bridge"] else ""
    return f"to {one['HostName']} ({one['HostIndex']}) of the host{bridge}, network {one['Network']}"


def _titled(title: str, texts: list[str]) -> list[tuple[str, str]]:
    return [(title if number == 0 else "", text) for number, text in enumerate(texts)]


def _route(route: Json) -> str:
    kind = f"{route['Kind']} " if route["Kind"] != "unicast" else ""
    via = f" via {route['Via']}" if route["Via"] else ""
    device = f" dev {route['Interface']}" if route["Interface"] else ""
    metric = f" metric {route['Metric']}" if route["Metric"] else ""
    return f"{kind}{route['Destination']}{via}{device}{metric}"


def _port(port: Json) -> str:
    host = port["HostIp"] or "0.0.0.0"
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port['HostPort'] or 'any'} -> {port['ContainerPort']}/{port['Protocol']}"


def _nameservers(dns: Json) -> str:
    servers = " ".join(dns["Servers"]) or "no server"
    ours = ", which is hythe in this namespace" if dns["Hythe"] else ""
    search = f"; search {' '.join(dns['Search'])}" if dns["Search"] else ""
    options = f"; options {' '.join(dns['Options'])}" if dns["Options"] else ""
    return servers + ours + search + options


def firewall(value: Json) -> Section:
    """In nft's language, with the lines left out that are about others."""
    if not value["Blocks"]:
        text = "no rule of hythe's is about this container"
        return Section("Firewall", value["ShownBy"], [Facts([("rules", text)])])
    lines: list[str] = []
    for table, blocks in groupby(value["Blocks"], key=lambda block: block["Table"]):
        lines.append(f"table {table} {{")
        for block in blocks:
            lines += [f"  {line}" for line in _block(block)]
        lines.append("}")
    about = f"what names {', '.join(value['About'])}, and what leads there"
    return Section("Firewall", value["ShownBy"], [Facts([("rules", about)]), Lines(lines)])


def _block(block: Json) -> list[str]:
    if block["Kind"] == "chain":
        inner = ([block["Hook"]] if block["Hook"] else []) + block["Lines"]
    else:
        inner = [f"elements = {{ {', '.join(block['Lines'])} }}"]
    return [f"{block['Kind']} {block['Name']} {{", *(f"  {line}" for line in inner), "}"]
