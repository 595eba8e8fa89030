"""Security contexts: from the pod's and the container's to what the runtime is asked for.

A container's field wins over its pod's. Not given: seccomp is Unconfined (the kubelet's default), AppArmor the
runtime's, /proc masked. Whether an image's user may run under `runAsNonRoot` is decided here too.
Source: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.cri.observed import Observed
from hythe.kube.kubelet.pods import names, parts
from hythe.kube.objects.types import Object

MASKED: Final = (
    "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
)  # fmt: skip
READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def of_pod(pod: Object) -> Object:
    return dict(pod["spec"].get("securityContext") or {})


def effective(pod: Object, container: Object) -> Object:
    """The pod's fields that containers inherit, under the container's own."""
    inherited = (
        "runAsUser", "runAsGroup", "runAsNonRoot", "seLinuxOptions", "seccompProfile", "appArmorProfile",
    )  # fmt: skip
    base = {key: value for key, value in of_pod(pod).items() if key in inherited}
    return base | (container.get("securityContext") or {})


def namespaces(pod: Object, *, target: str = "") -> cri.NamespaceOption:
    """`target`: the id of a container whose processes this one is to see."""
    spec = pod["spec"]
    pid: Any = cri.CONTAINER
    if spec.get("hostPID"):
        pid = cri.NODE
    elif spec.get("shareProcessNamespace"):
        pid = cri.POD
    if target:
        pid = cri.TARGET
    return cri.NamespaceOption(
        network=cri.NODE if spec.get("hostNetwork") else cri.POD,
        pid=pid,
        ipc=cri.NODE if spec.get("hostIPC") else cri.POD,
        target_id=target,
    )


def profile(given: Object | None, folder: Path | None, default: Any) -> cri.SecurityProfile | None:
    """A seccompProfile, whose files are in `folder`, or with None an appArmorProfile. No `default`: left unsaid."""
    match (given or {}).get("type"):
        case "RuntimeDefault":
            return cri.SecurityProfile(profile_type=cri.SecurityProfile.RuntimeDefault)
        case "Unconfined":
            return cri.SecurityProfile(profile_type=cri.SecurityProfile.Unconfined)
        case "Localhost":
            name = str((given or {}).get("localhostProfile") or "")
            place = str(folder / name) if folder is not None else name
            return cri.SecurityProfile(profile_type=cri.SecurityProfile.Localhost, localhost_ref=place)
    return None if default is None else cri.SecurityProfile(profile_type=default)


def _groups(pod: Object) -> list[int]:
    context = of_pod(pod)
    found = [int(one) for one in context.get("supplementalGroups") or []]
    if context.get("fsGroup") is not None:
        found.append(int(context["fsGroup"]))
    return found


def _policy(pod: Object) -> Any:
    return cri.Strict if of_pod(pod).get("supplementalGroupsPolicy") == "Strict" else cri.Merge


def _selinux(given: Object | None) -> cri.SELinuxOption | None:
    if not given:
        return None
    return cri.SELinuxOption(
        user=given.get("user", ""), role=given.get("role", ""), type=given.get("type", ""),
        level=given.get("level", ""),
    )  # fmt: skip


def _number(value: object) -> cri.Int64Value | None:
    return None if value is None else cri.Int64Value(value=int(str(value)))


def sandbox_context(pod: Object, seccomp_root: Path) -> cri.LinuxSandboxSecurityContext:
    context = of_pod(pod)
    privileged = any(
        (one.get("securityContext") or {}).get("privileged") for one in parts.every_container(pod)
    )
    return cri.LinuxSandboxSecurityContext(
        namespace_options=namespaces(pod),
        selinux_options=_selinux(context.get("seLinuxOptions")),
        run_as_user=_number(context.get("runAsUser")),
        run_as_group=_number(context.get("runAsGroup")) if context.get("runAsUser") is not None else None,
        supplemental_groups=_groups(pod),
        supplemental_groups_policy=_policy(pod),
        privileged=privileged,
        seccomp=profile(None, seccomp_root, cri.SecurityProfile.RuntimeDefault),
    )


def container_context(
    pod: Object, container: Object, seccomp_root: Path, *, target: str = ""
) -> cri.LinuxContainerSecurityContext:
    context = effective(pod, container)
    capabilities = context.get("capabilities") or {}
    unmasked = context.get("procMount") == "Unmasked" or bool(context.get("privileged"))
    return cri.LinuxContainerSecurityContext(
        capabilities=cri.Capability(
            add_capabilities=capabilities.get("add") or [], drop_capabilities=capabilities.get("drop") or []
        ),
        privileged=bool(context.get("privileged")),
        namespace_options=namespaces(pod, target=target),
        selinux_options=_selinux(context.get("seLinuxOptions")),
        run_as_user=_number(context.get("runAsUser")),
        run_as_group=_number(context.get("runAsGroup")),
        readonly_rootfs=bool(context.get("readOnlyRootFilesystem")),
        supplemental_groups=_groups(pod),
        supplemental_groups_policy=_policy(pod),
        no_new_privs=context.get("allowPrivilegeEscalation") is False,
        masked_paths=() if unmasked else MASKED,
        readonly_paths=() if unmasked else READ_ONLY,
        seccomp=profile(context.get("seccompProfile"), seccomp_root, cri.SecurityProfile.Unconfined),
        apparmor=profile(context.get("appArmorProfile"), None, None),
    )


def refuses_root(pod: Object, container: Object, image: cri.Image) -> str:
    """Why `runAsNonRoot` stands against this image, "" if nothing does."""
    context = effective(pod, container)
    if not context.get("runAsNonRoot"):
        return ""
    of = f'(pod: "{names.described(pod)}", container: {container["name"]})'
    if (user := context.get("runAsUser")) is not None:
        return f"container's runAsUser breaks non-root policy {of}" if int(user) == 0 else ""
    if image.HasField("uid"):
        return f"container has runAsNonRoot and image will run as root {of}" if image.uid.value == 0 else ""
    if image.username:
        return (
            f"container has runAsNonRoot and image has non-numeric user ({image.username}), cannot verify user is"
            f" non-root {of}"
        )
    return f"container has runAsNonRoot and image will run as root {of}"


def target_of(container: Object, seen: Observed) -> str:
    """The id of the container that an ephemeral one is to look into; "" for none."""
    wanted = container.get("targetContainerName")
    record = seen.latest(wanted) if wanted else None
    return record.id if record is not None else ""


def sysctls(pod: Object) -> dict[str, str]:
    return {one["name"]: str(one["value"]) for one in of_pod(pod).get("sysctls") or []}


def fs_group(pod: Object) -> int | None:
    found = of_pod(pod).get("fsGroup")
    return None if found is None else int(found)
