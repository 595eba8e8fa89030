"""A security context in the engine's words: profiles, capabilities, users. Raises before anything is made.

CRI's defaults are not Docker's: without a seccomp profile a container has none, and without options for user
namespaces it is in the host's. SELinux: on a machine that has it off, labels mean nothing and are passed over; on one
that has it on they are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from cri_api.v1 import api_pb2 as cri

from hythe.errors import InvalidArgument, SystemProblem, Unsupported
from hythe.kernel import apparmor

_SELINUX: Final = Path("/sys/fs/selinux/enforce")
_PROFILE: Final = cri.SecurityProfile


def seccomp(profile: cri.SecurityProfile | None, path: str) -> str:
    """A --security-opt; `path` is the older way to say it: "runtime/default", "unconfined", "localhost/PATH"."""
    kind, reference = _older(path) if profile is None else (profile.profile_type, profile.localhost_ref)
    if kind == _PROFILE.RuntimeDefault:
        return "seccomp=builtin"
    if kind == _PROFILE.Unconfined:
        return "seccomp=unconfined"
    return "seccomp=" + _read(reference.removeprefix("localhost/"))


def _older(text: str) -> tuple[int, str]:
    if text in ("", "unconfined"):
        return _PROFILE.Unconfined, ""
    if text in ("runtime/default", "docker/default"):
        return _PROFILE.RuntimeDefault, ""
    if text.startswith("localhost/"):
        return _PROFILE.Localhost, text.removeprefix("localhost/")
    raise InvalidArgument(
        f"invalid seccomp profile {text!r}", hint="runtime/default, unconfined or localhost/PATH"
    )


def _read(path: str) -> str:
    if not path.startswith("/"):
        raise InvalidArgument(f"seccomp profile {path!r} is not an absolute path")
    try:
        return Path(path).read_text()
    except OSError as error:
        raise SystemProblem(f"cannot load seccomp profile {path!r}: {error.strerror}") from error


def confinement(profile: cri.SecurityProfile | None, name: str) -> list[str]:
    """AppArmor's --security-opt, none for the default; `name` is the older way to say it."""
    if profile is None:
        kind, reference = _PROFILE.RuntimeDefault, ""
        if name == "unconfined":
            kind = _PROFILE.Unconfined
        elif name.startswith("localhost/"):
            kind, reference = _PROFILE.Localhost, name
        elif name not in ("", "runtime/default"):
            raise InvalidArgument(f"invalid AppArmor profile {name!r}")
    else:
        kind, reference = profile.profile_type, profile.localhost_ref
    if kind == _PROFILE.RuntimeDefault:
        return []
    if kind == _PROFILE.Unconfined:
        return ["apparmor=unconfined"]
    wanted = reference.removeprefix("localhost/")
    if not apparmor.enabled():
        raise Unsupported(f"apparmor is not supported: profile {wanted!r} cannot be applied on this machine")
    if not apparmor.loaded(wanted):
        raise InvalidArgument(f"apparmor profile not found {wanted}")
    return [f"apparmor={wanted}"]


def check_selinux(options: cri.SELinuxOption, *, relabel: bool = False) -> None:
    """Raises Unsupported where it would mean something."""
    asked = relabel or any((options.user, options.role, options.type, options.level))
    if asked and _SELINUX.exists():
        raise Unsupported("SELinux options: this machine has SELinux on, and labels are not supported")


def user(context: cri.LinuxContainerSecurityContext) -> str:
    """USER[:GROUP], "" for the image's. Raises InvalidArgument for a group without a user."""
    name = context.run_as_username
    if context.HasField("run_as_user"):
        name = str(context.run_as_user.value)
    if not context.HasField("run_as_group"):
        return name
    if not name:
        raise InvalidArgument("user group is specified without user")
    return f"{name}:{context.run_as_group.value}"


def user_namespace(options: cri.NamespaceOption) -> str:
    """The engine's mode. Raises Unsupported for mappings that it cannot make."""
    wanted = options.userns_options
    if not options.HasField("userns_options") or wanted.mode == cri.NODE:
        return "host"
    if wanted.mode != cri.POD:
        raise InvalidArgument(f"unsupported user namespace mode: {cri.NamespaceMode.Name(wanted.mode)}")
    return "private"


class Ids(NamedTuple):
    """The host's ids of a pod: `size` of them from `root` on; 0, 0 for any."""

    root: int
    size: int


def ids(options: cri.NamespaceOption) -> Ids:
    """What a pod's mapping says. Raises Unsupported, InvalidArgument."""
    wanted = options.userns_options
    if user_namespace(options) == "host" or not (wanted.uids or wanted.gids):
        return Ids(0, 0)
    uids = [(one.container_id, one.host_id, one.length) for one in wanted.uids]
    gids = [(one.container_id, one.host_id, one.length) for one in wanted.gids]
    if uids != gids:
        raise Unsupported("user namespace: mappings of users and of groups that differ are not supported")
    if len(uids) != 1:
        raise Unsupported(f"user namespace: only one mapping is supported, not {len(uids)}")
    ((inside, root, size),) = uids
    if inside != 0 or not root or not size:
        raise InvalidArgument(
            f"user namespace: root has to be mapped, and not to root: {inside}:{root}:{size}"
        )
    return Ids(root, size)
