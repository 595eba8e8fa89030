"""The packet filter's rules that concern the container, as nft(8) prints them.

Asked of the daemon's own table, and of the FORWARD chain in which another program's policy may drop (see
`network.coexist`). Read on the thread of the network layer, with a connection of its own to the filter.
"""

from __future__ import annotations

from msgspec import Struct

from hythe.engine.explain.network import network
from hythe.engine.explain.ruleset import Block, concerning, parse
from hythe.engine.explain.subject import Subject
from hythe.kernel.nftables import Nftables, NftablesError
from hythe.network.firewall import table_name


class RuleBlock(Struct):
    """`kind` is set, map or chain; `hook` a chain's "type ... hook ..."; `lines` elements or rules."""

    table: str
    kind: str
    name: str
    hook: str
    lines: list[str]


class Firewall(Struct):
    """`about` are the addresses and bridges that were looked for: none, and no rule is about this container."""

    shown_by: list[str]
    about: list[str]
    blocks: list[RuleBlock]


def firewall(subject: Subject) -> Firewall:
    about: list[str] = []
    for interface in network(subject).interfaces:
        if interface.network:
            about += [address.partition("/")[0] for address in interface.addresses]
            about += [interface.bridge] if interface.bridge else []
    table = f"inet {table_name(subject.parts.instance)}"
    blocks = _blocks([f"list table {table}", "list chain ip filter FORWARD"]) if about else []
    return Firewall(
        [f"nft list table {table}"],
        about,
        [RuleBlock(b.table, b.kind, b.name, b.head, b.lines) for b in concerning(blocks, about)],
    )


def _blocks(commands: list[str]) -> list[Block]:
    """Of what there is: a table or chain that nobody has made has no rules."""
    nftables = Nftables()
    found: list[Block] = []
    try:
        for command in commands:
            try:
                found += parse(nftables.text(command))
            except NftablesError:
                continue
    finally:
        nftables.close()
    return found
