"""The user namespace of one container, decided at its start: a new one, another container's, or the host's."""

from __future__ import annotations

import logging

from hythe.engine.bundle.mounts import user_mounts
from hythe.engine.containers.parts import Parts
from hythe.engine.model import Container
from hythe.engine.usernamespaces import MODES, UserNamespace, idmaps, reason_for_host
from hythe.errors import Conflict, InvalidArgument
from hythe.oci.spec import Mount

log = logging.getLogger("hythe.engine")


def choose(
    record: Container, parts: Parts, volumes: dict[str, Mount]
) -> tuple[UserNamespace | None, dict[str, str]]:
    """(None for the host's, mount options by bind source). A new one holds ids, to be given back by `give_back`.

    Why it is the host's is told in the record's `host_users`.
    Raises InvalidArgument, and Conflict for a container that must have one and cannot.
    """
    users, host = parts.users, record.spec.host
    if host.userns_mode not in ("", *MODES):
        raise InvalidArgument(
            f"invalid user namespace mode: {host.userns_mode!r}", hint=f"known are {', '.join(MODES)}"
        )
    words: dict[str, str] = {}
    reason = (
        _runtime_of_others(record, parts) or reason_for_host(host) or users.reason_for_host(host.userns_mode)
    )
    if not reason:
        words = idmaps(user_mounts(record, volumes), users)
        reason = ", ".join(
            f"{source} cannot show mapped owners" for source, word in words.items() if not word
        )
        if reason and host.userns_mode != "private":
            log.warning(
                "%s stays in the host's user namespace, where its root is the host's: %s", record.name, reason
            )
    others = [parts.registry.find(name).record for name in _shared_with(record)]
    roots = {other.state.root_id for other in others}
    if not reason and (0 in roots or len(roots) > 1):
        reason = "it shares a namespace with a container that has another one"
    record.state.host_users = reason
    if reason:
        _stay(record, reason)
        return None, {}
    if others:
        return UserNamespace(others[0].state.root_id, f"/proc/{others[0].state.pid}/ns/user"), words
    if host.userns_root:
        users.claim(host.userns_root)
        return UserNamespace(host.userns_root, size=host.userns_size), words
    return UserNamespace(users.take()), words


def _runtime_of_others(record: Container, parts: Parts) -> str:
    """What is handed to them by paths cannot be shown through a mapping."""
    name = record.spec.host.runtime
    return "" if parts.runtimes.program(name) is None else f"the runtime {name} makes its own mounts"


def _stay(record: Container, reason: str) -> None:
    if record.spec.host.userns_mode == "private":
        raise Conflict(
            f"container {record.name} cannot have a user namespace of its own: {reason}",
            hint="leave out --userns, or say --userns host",
        )
    log.debug("%s stays in the host's user namespace: %s", record.name, reason)


def _shared_with(record: Container) -> list[str]:
    host = record.spec.host
    modes = (host.network_mode, host.pid_mode, host.ipc_mode, host.uts_mode)
    return [mode.removeprefix("container:") for mode in modes if mode.startswith("container:")]


def give_back(record: Container, parts: Parts) -> None:
    """The container has ended, or has never begun: its ids are free when no other has them."""
    root, record.state.root_id = record.state.root_id, 0
    if root and all(handle.record.state.root_id != root for handle in parts.registry):
        parts.users.release(root)
