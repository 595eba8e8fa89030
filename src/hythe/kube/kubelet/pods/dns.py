"""A pod's /etc/resolv.conf and its names, by `dnsPolicy`, `dnsConfig`, `hostname` and `subdomain`.

ClusterFirst asks the cluster's DNS, with the search domains of the pod's namespace first; a pod in the host's network
then gets Default, the node's own settings, unless it says ClusterFirstWithHostNet. `dnsConfig` is added to either.
Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hythe.kube.kubelet.pods import names, parts
from hythe.kube.objects.types import Object


class Resolver(NamedTuple):
    """Lines of a resolv.conf(5)."""

    servers: list[str]
    searches: list[str]
    options: list[str]


def parse_resolv_conf(text: str) -> Resolver:
    """The node's. The last `search` line counts, as in the C library."""
    found = Resolver([], [], [])
    for line in text.splitlines():
        words = line.split("#", 1)[0].split(";", 1)[0].split()
        match words:
            case ["nameserver", address, *_]:
                found.servers.append(address)
            case ["search" | "domain", *domains]:
                found.searches[:] = [one for one in domains if one != "."]
            case ["options", *options]:
                found.options.extend(options)
    return found


def resolver(pod: Object, host: Resolver, servers: Sequence[str], domain: str) -> Resolver:
    """`servers` and `domain` are the cluster's. No servers at all: the node's settings for everybody."""
    policy = pod["spec"].get("dnsPolicy") or "ClusterFirst"
    if policy == "ClusterFirst" and parts.host_network(pod):
        policy = "Default"
    if policy == "ClusterFirstWithHostNet":
        policy = "ClusterFirst"
    if policy == "None":
        base = Resolver([], [], [])
    elif policy == "Default" or not servers:
        base = host if host.servers else Resolver(["127.0.0.1"], ["."], [])
    else:
        space = f"{names.namespace(pod)}.svc.{domain}"
        base = Resolver(list(servers), [space, f"svc.{domain}", domain, *host.searches], ["ndots:5"])
    return _with_config(base, pod["spec"].get("dnsConfig") or {})


def _with_config(base: Resolver, config: Object) -> Resolver:
    given = {one["name"]: one.get("value") for one in config.get("options") or []}
    kept = [one for one in base.options if one.partition(":")[0] not in given]
    added = [f"{name}:{value}" if value else name for name, value in given.items()]
    return Resolver(
        _once([*base.servers, *(config.get("nameservers") or [])])[:3],
        _once([*base.searches, *(config.get("searches") or [])])[:32],
        [*kept, *added],
    )


def _once(some: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(some))


def hostname(pod: Object, domain: str) -> tuple[str, str]:
    """(hostname, domain): the pod's name, cut to 63 characters, unless it says another; domain by `subdomain`."""
    short = str(pod["spec"].get("hostname") or names.name(pod))[:63].rstrip("-.")
    subdomain = pod["spec"].get("subdomain")
    full = f"{subdomain}.{names.namespace(pod)}.svc.{domain}" if subdomain else ""
    return short, full


def uts_name(pod: Object, domain: str) -> str:
    """What hostname(1) says inside: with `setHostnameAsFQDN` the whole name. "" leaves the host's own.

    Raises ValueError for a whole name that the kernel cannot hold.
    """
    if parts.host_network(pod):
        return ""
    short, full = hostname(pod, domain)
    if full and pod["spec"].get("setHostnameAsFQDN"):
        whole = f"{short}.{full}"
        if len(whole) > 64:
            raise ValueError(
                f"failed to construct FQDN from pod hostname and cluster domain, FQDN {whole} is too long"
                f" (64 characters is the max, {len(whole)} characters requested)"
            )
        return whole
    return short
