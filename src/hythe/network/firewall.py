"""The daemon's table in the packet filter: which packets reach containers and leave them, and how addressed.

There is one table per daemon, `inet hythe_INSTANCE`, whose rules never change; networks and published ports
are elements of its sets and maps, so plugging in a container adds no rule and a lookup costs the same with
one container or a thousand. Every change is one transaction.

    packet in --> guard ------> publish (DNAT) --> routing --> between --------> leaving ----> out
                  drops what    host:port becomes             within a network:  from containers to
                  claims to be  container:port, also          yes. Into one:     the outside; from the
                  127.0.0.0/8   for local programs            only published     host and from the same
                  from outside  (the output hook)             ports and answers. network to a published
                                                              Internal: nothing. port (hairpin)

Why it is so:
- `guard`: route_localnet is on for our bridges, so that 127.0.0.1:port can be sent on to a container. That
  would also let a container, or a neighbour, talk to the host's loopback; `guard` sees packets before
  anything has rewritten them and drops those.
- A port published on one address matches that address only. Nobody outside can send to 127.0.0.1, and the
  LAN address is another key, so "published on 127.0.0.1" holds.
- `between` lets a packet into a network only if DNAT brought it (or it belongs to such a connection): a
  neighbour that routes straight to a container's address is dropped, and so are other networks. Other
  networks' containers may use a published port through any address of the host.
- Within one network packets can still pass the forward hook: with bridge-nf-call-iptables the kernel shows
  bridged packets to it. `within` has a pair (bridge, bridge) for each network because nft cannot compare the
  incoming interface with the outgoing one.
- Where a published port is reached from the host or from its own network, the answer must come back through
  the host to be rewritten: hence masquerading there. All other clients keep their source address.
- With bridge-nf-call-iptables a frame for the host's address is rewritten and turned round on the bridge
  itself, where nft knows no incoming interface. For a container that uses its own published port
  `themselves` has the pair (address, address), and the bridge's port is in hairpin mode.
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kernel.nftables import Nftables, NftablesError
from hythe.network.model import NetworkRecord, PublishedRecord

_MODULES = "nf_tables nft_chain_nat nft_nat nft_masq nft_ct nft_fib_inet"

_RULES = """
table inet {table} {{
  set bridges {{ type ifname; }}
  set internal {{ type ifname; }}
  set within {{ type ifname . ifname; }}
  set themselves {{ type ipv4_addr . ipv4_addr; }}
  map published {{ type inet_proto . inet_service : ipv4_addr . inet_service; }}
  map published_at {{ type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }}

  chain guard {{
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname != "lo" ip saddr 127.0.0.0/8 drop
  }}
  chain publish {{
    dnat ip to ip daddr . meta l4proto . th dport map @published_at
    dnat ip to meta l4proto . th dport map @published
  }}
  chain from_network {{
    type nat hook prerouting priority dstnat; policy accept;
    iifname @internal return
    fib daddr type local jump publish
  }}
  chain from_host {{
    type nat hook output priority -100; policy accept;
    fib daddr type local jump publish
  }}
  chain inbound {{
    iifname @internal drop
    oifname @internal drop
    ct state established,related accept
    ct status dnat accept
    drop
  }}
  chain to_host {{
    type filter hook input priority filter; policy accept;
    iifname @internal ct state established,related accept
    iifname @internal drop
  }}
  chain between {{
    type filter hook forward priority filter; policy accept;
    iifname . oifname @within accept
    oifname @bridges goto inbound
    iifname @internal drop
  }}
  chain leaving {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges fib saddr type local ct status dnat masquerade
    iifname . oifname @within ct status dnat masquerade
    ip saddr . ip daddr @themselves ct status dnat masquerade
    iifname @bridges oifname != @bridges masquerade
  }}
}}
"""


def table_name(instance: str) -> str:
    """The daemon's table, in the family inet."""
    return f"hythe_{instance}"


class Firewall:
    """The table of one daemon."""

    def __init__(self, nftables: Nftables, instance: str) -> None:
        self._nftables = nftables
        self.table = table_name(instance)

    def install(self, networks: Iterable[NetworkRecord], published: Iterable[PublishedRecord]) -> None:
        """Replace whatever is there by the table with these networks and ports, in one transaction."""
        commands = [
            f"table inet {self.table}",
            f"delete table inet {self.table}",
            _RULES.format(table=self.table),
        ]
        for network in networks:
            if network.bridge:
                commands += self._network(network, "add")
        for record in published:
            commands += self._ports(record, "add")
        try:
            self._nftables.run("\n".join(commands))
        except NftablesError as error:
            raise NftablesError(
                error.message, hint=f"does the kernel have what the rules use? modprobe -a {_MODULES}"
            ) from error

    def uninstall(self) -> None:
        """Take the table away; that it is not there is no error."""
        self._nftables.run(f"table inet {self.table}\ndelete table inet {self.table}")

    def add_network(self, network: NetworkRecord) -> None:
        self._nftables.run("\n".join(self._network(network, "add")))

    def remove_network(self, network: NetworkRecord) -> None:
        self._nftables.run("\n".join(self._network(network, "destroyed")))

    def add_ports(self, record: PublishedRecord) -> None:
        commands = self._ports(record, "add")
        if commands:
            self._nftables.run("\n".join(commands))

    def remove_ports(self, record: PublishedRecord) -> None:
        commands = self._ports(record, "destroyed")
        if commands:
            self._nftables.run("\n".join(commands))

    def _network(self, network: NetworkRecord, verb: str) -> list[str]:
        name = f'"{network.bridge}"'
        commands = [*self._element(verb, "bridges", name), *self._element(verb, "within", f"{name} . {name}")]
        if network.internal:
            commands += self._element(verb, "internal", name)
        return commands

    def _ports(self, record: PublishedRecord, verb: str) -> list[str]:
        commands: list[str] = []
        for port in record.ports:
            if ":" in port.host_ip:
                continue  # IPv6 is relayed, not translated
            key = f"{port.protocol} . {port.host_port}"
            name = "published"
            if port.host_ip and port.host_ip != "0.0.0.0":
                key, name = f"{port.host_ip} . {key}", "published_at"
            commands += self._element(verb, name, key, f"{record.ipv4} . {port.container_port}")
        if commands:
            commands += self._element(verb, "themselves", f"{record.ipv4} . {record.ipv4}")
        return commands

    def _element(self, verb: str, name: str, key: str, value: str = "") -> list[str]:
        """Commands to add an element, or to have it gone whether or not it was there.

        Deleting what is missing would refuse the whole transaction; adding what is there does nothing, so
        removal adds first. (`destroy element` says the same but needs nftables 1.0.7.)
        """
        full = f"{key} : {value}" if value else key
        add = f"add element inet {self.table} {name} {{ {full} }}"
        if verb == "add":
            return [add]
        return [add, f"delete element inet {self.table} {name} {{ {key} }}"]
