"""What a container needs to know of its surroundings at the moment it starts.

Which namespaces it joins, who its user is by the files of its own root, and what stands in the three files
that the engine keeps for it: /etc/hosts, /etc/hostname, /etc/resolv.conf. These are bound into the container
by inode, so they are rewritten in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hythe.engine.bundle.surroundings import Surroundings
from hythe.engine.containers import links
from hythe.engine.containers.parts import Parts
from hythe.engine.containers.registry import Registry
from hythe.engine.containers.userns import choose
from hythe.engine.model import Container, HostOptions
from hythe.engine.rootfs import read_files, read_running_files
from hythe.engine.users import ResolvedUser, resolve
from hythe.errors import Conflict
from hythe.kernel.cgroups import frozen
from hythe.oci.spec import Mount

_KINDS = {"network": "net", "pid": "pid", "ipc": "ipc", "uts": "uts"}
_PLAIN = HostOptions()
_LOOPBACK_HOSTS = """127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
"""


def _join(mode: str, kind: str, registry: Registry) -> str:
    """The value of Surroundings.namespaces for one of Docker's namespace modes."""
    if mode == "host":
        return "host"
    if not mode.startswith("container:"):
        return ""
    other = registry.find(mode.removeprefix("container:")).record
    if other.state.status != "running":
        raise Conflict(
            f"cannot join the {kind} namespace of a non running container: {other.name}",
            hint=f"hythe start {other.name}",
        )
    return f"/proc/{other.state.pid}/ns/{_KINDS[kind]}"


def namespaces(record: Container, registry: Registry) -> dict[str, str]:
    host = record.spec.host
    modes = {
        "network": host.network_mode,
        "pid": host.pid_mode,
        "ipc": host.ipc_mode,
        "uts": host.uts_mode,
        "cgroup": host.cgroupns_mode,
    }
    return {kind: _join(mode, kind, registry) for kind, mode in modes.items()}


def user_of(rootfs: Sequence[Mount], user: str, host: HostOptions = _PLAIN) -> ResolvedUser:
    """The ids behind `user`, by /etc/passwd and /etc/group of a root file system that is not running."""
    texts = read_files(rootfs, ("etc/passwd", "etc/group"))
    return _resolved(user, texts, host)


def user_in(pid: int, user: str, host: HostOptions) -> ResolvedUser:
    """The same by the files that the running process `pid` sees."""
    texts = read_running_files(pid, ("etc/passwd", "etc/group"))
    return _resolved(user, texts, host)


def _resolved(user: str, texts: Mapping[str, str], host: HostOptions) -> ResolvedUser:
    passwd, group = texts["etc/passwd"], texts["etc/group"]
    return resolve(user, passwd, group, host.group_add, of_image=host.image_groups)


def surroundings(record: Container, parts: Parts, rootfs: Sequence[Mount]) -> Surroundings:
    """All of it, for a start now. Raises NotFound, Conflict, InvalidArgument.

    The record's `root_id` and `ids` are set with it: what the former stands for is to be given back
    (`userns.give_back`).
    """
    options = {
        request.target: _tmpfs_options(request.tmpfs_size, request.tmpfs_mode, request.tmpfs_options)
        for request in record.spec.host.mounts
        if request.type == "tmpfs"
    }
    if record.spec.host.cgroup_parent:
        frozen.must_run(record.spec.host.cgroup_parent)
    volumes = {m.volume: parts.volumes.mount(m.volume) for m in record.mounts if m.volume}
    joined = namespaces(record, parts.registry)
    user = user_of(rootfs, record.user, record.spec.host)
    record.state.ids = [user.uid, user.gid, *(group for group in user.groups if group != user.gid)]
    user_namespace, idmaps = choose(record, parts, volumes)
    record.state.root_id = user_namespace.root if user_namespace is not None else 0
    return Surroundings(
        folder=parts.paths.bundle(record.id),
        cgroup=parts.cgroup(record),
        user=user,
        namespaces=joined,
        tmpfs=options,
        files=_files(record, parts),
        volumes=volumes,
        user_namespace=user_namespace,
        idmaps=idmaps,
        links=links.variables(record, links.linked(record, parts.registry)),
    )


def _files(record: Container, parts: Parts) -> Path:
    """The folder of the managed files: its own, or that of the container whose network it shares."""
    other = record.spec.host.network_mode.partition("container:")[2]
    return parts.paths.bundle(parts.registry.find(other).id if other else record.id)


def _tmpfs_options(size: int | None, mode: int | None, more: list[str]) -> list[str]:
    result = list(more)
    if size is not None:
        result.append(f"size={size}")
    if mode is not None:
        result.append(f"mode={mode:o}")
    return result


def hosts_text(record: Container, gateway: str, linked: Sequence[tuple[str, Container]] = ()) -> str:
    """/etc/hosts: loopback, --add-host entries ("host-gateway" is `gateway`), links, and its own addresses."""
    lines = [_LOOPBACK_HOSTS]
    for entry in record.spec.host.extra_hosts:
        name, _, address = entry.replace("=", ":", 1).partition(":")
        lines.append(f"{gateway if address == 'host-gateway' else address}\t{name}\n")
    lines += links.hosts(linked)
    names = record.hostname
    if record.spec.domainname:
        names = f"{record.hostname}.{record.spec.domainname} {record.hostname}"
    for endpoint in record.endpoints.values():
        lines += [f"{address}\t{names}\n" for address in (endpoint.ipv4, endpoint.ipv6) if address]
    return "".join(lines)


def resolv_text(record: Container, own_server: bool, host: str) -> str:
    """/etc/resolv.conf: hythe's name server where there is one, else --dns, else the host's lines."""
    asked = record.spec.host
    kept = [line.split() for line in host.splitlines() if line.strip() and line[0] not in "#;"]
    if asked.own_dns and (asked.dns or asked.dns_search or asked.dns_options):
        kept = []
    servers = ["127.0.0.11"] if own_server else asked.dns
    if not servers:
        servers = [f[1] for f in kept if f[0] == "nameserver" and len(f) > 1]
    search = asked.dns_search or [word for f in kept if f[0] == "search" for word in f[1:]]
    options = asked.dns_options or [word for f in kept if f[0] == "options" for word in f[1:]]
    if own_server and not any(option.startswith("ndots:") for option in options):
        options = [*options, "ndots:0"]
    lines = [f"nameserver {server}" for server in servers]
    if search and search != ["."]:
        lines.append("search " + " ".join(search))
    if options:
        lines.append("options " + " ".join(options))
    return "\n".join(lines) + "\n"


def write_managed_files(parts: Parts, record: Container) -> None:
    """Fill the three files in place; called once the addresses are known, before the program starts."""
    folder, host = parts.paths.bundle(record.id), Path("/etc/resolv.conf")
    gateway, own_server = parts.networks.gateway(record), parts.networks.own_server(record)
    (folder / "hostname").write_text(record.hostname + "\n")
    if record.spec.host.network_mode == "host":
        (folder / "hosts").write_text(Path("/etc/hosts").read_text())
    else:
        (folder / "hosts").write_text(hosts_text(record, gateway, links.reached(record, parts.registry)))
    text = host.read_text() if host.exists() else ""
    (folder / "resolv.conf").write_text(resolv_text(record, own_server, text))
