"""A pod's /etc/hosts, which the kubelet keeps: loopback names, the pod's own, its `hostAliases`.

In the host's network it begins with the host's file. Source: managedHostsFileContent of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Sequence

from hythe.kube.objects.types import Object

_HEADER = "# Kubernetes-managed hosts file"
_LOOPBACK = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""


def hosts_file(pod: Object, ips: Sequence[str], hostname: str, domain: str) -> str:
    """Of a pod with addresses of its own."""
    own = f"{hostname}.{domain}\t{hostname}" if domain else hostname
    lines = "".join(f"{address}\t{own}\n" for address in ips)
    return f"{_HEADER}.\n{_LOOPBACK}{lines}{_aliases(pod)}"


def host_network_file(pod: Object, of_the_host: str) -> str:
    return f"{_HEADER} (host network).\n{of_the_host}{_aliases(pod)}"


def _aliases(pod: Object) -> str:
    found = pod["spec"].get("hostAliases") or []
    if not found:
        return ""
    lines = "".join(f"{one['ip']}\t" + "\t".join(one.get("hostnames") or []) + "\n" for one in found)
    return f"\n# Entries added by HostAliases.\n{lines}"
