"""Cells of the cluster itself: nodes, events, volumes, roles, and what extends the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hythe.kube.objects.schema.columns import humans
from hythe.kube.objects.types import Object

_ROLE: Final = "node-role.kubernetes.io/"
_DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}

# --- nodes


def node_status(obj: Object, now: datetime) -> str:
    words = [
        "Ready" if one.get("status") == "True" else "NotReady"
        for one in obj["status"].get("conditions", ())
        if one.get("type") == "Ready"
    ] or ["Unknown"]
    return ",".join([*words, *(["SchedulingDisabled"] if obj["spec"].get("unschedulable") else [])])


def node_roles(obj: Object, now: datetime) -> str:
    roles = set()
    for label, value in obj["metadata"].get("labels", {}).items():
        if label.startswith(_ROLE) and label != _ROLE:
            roles.add(label.removeprefix(_ROLE))
        elif label == "kubernetes.io/role" and value:
            roles.add(value)
    return ",".join(sorted(roles)) or humans.NONE


def node_internal_ip(obj: Object, now: datetime) -> str:
    return _node_address(obj, "InternalIP")


def node_external_ip(obj: Object, now: datetime) -> str:
    return _node_address(obj, "ExternalIP")


def _node_address(obj: Object, kind: str) -> str:
    addresses = obj["status"].get("addresses", ())
    return next((one["address"] for one in addresses if one.get("type") == kind), humans.NONE)


# --- events, in the core group or in their own


def event_last_seen(obj: Object, now: datetime) -> str:
    if obj.get("series"):
        return humans.since(obj["series"].get("lastObservedTime"), now)
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp")
    return humans.since(last, now) if last else event_first_seen(obj, now)


def event_first_seen(obj: Object, now: datetime) -> str:
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    return humans.since(first, now)


def event_object(obj: Object, now: datetime) -> str:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    kind, name = about.get("kind", "").lower(), about.get("name", "")
    return f"{kind}/{name}" if name else kind


def event_source(obj: Object, now: datetime) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = (
        source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    )
    host = source.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {host}" if host else str(component)


def event_message(obj: Object, now: datetime) -> str:
    return str(obj.get("message") or obj.get("note") or "").strip()


def event_count(obj: Object, now: datetime) -> str:
    if obj.get("series"):
        return str(obj["series"].get("count", 0))
    return str(obj.get("count") or obj.get("deprecatedCount") or 1)


# --- volumes


def config_map_data(obj: Object, now: datetime) -> str:
    return str(len(obj.get("data") or ()) + len(obj.get("binaryData") or ()))


def _modes(found: list[str] | None) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in (found or ()))


def spec_access_modes(obj: Object, now: datetime) -> str:
    return _modes(obj["spec"].get("accessModes"))


def claim_access_modes(obj: Object, now: datetime) -> str:
    return _modes(obj["status"].get("accessModes")) if obj["spec"].get("volumeName") else ""


def claim_capacity(obj: Object, now: datetime) -> str:
    bound = obj["spec"].get("volumeName")
    return str(obj["status"].get("capacity", {}).get("storage", "0")) if bound else ""


def volume_phase(obj: Object, now: datetime) -> str:
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else str(obj["status"].get("phase", ""))


def volume_claim(obj: Object, now: datetime) -> str:
    claim = obj["spec"].get("claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def storage_class(obj: Object, now: datetime) -> str:
    old = obj["metadata"].get("annotations", {}).get("volume.beta.kubernetes.io/storage-class")
    return str(old or obj["spec"].get("storageClassName") or "")


def storage_class_name(obj: Object, now: datetime) -> str:
    said = obj["metadata"].get("annotations", {})
    default = any(said.get(key) == "true" for key in _DEFAULT_CLASS)
    return f"{obj['metadata']['name']} (default)" if default else str(obj["metadata"]["name"])


def token_audiences(obj: Object, now: datetime) -> str:
    found = [one.get("audience", "") for one in obj["spec"].get("tokenRequests", ())]
    return ",".join(found) or "<unset>"


def life_cycle_modes(obj: Object, now: datetime) -> str:
    return ",".join(obj["spec"].get("volumeLifecycleModes", ())) or humans.NONE


# --- roles and certificates


def role(obj: Object, now: datetime) -> str:
    return f"{obj['roleRef'].get('kind', '')}/{obj['roleRef'].get('name', '')}"


def _subjects(obj: Object, kind: str) -> list[Object]:
    return [one for one in obj.get("subjects") or () if one.get("kind") == kind]


def users(obj: Object, now: datetime) -> str:
    return ", ".join(one["name"] for one in _subjects(obj, "User"))


def groups(obj: Object, now: datetime) -> str:
    return ", ".join(one["name"] for one in _subjects(obj, "Group"))


def service_accounts(obj: Object, now: datetime) -> str:
    return ", ".join(f"{one.get('namespace', '')}/{one['name']}" for one in _subjects(obj, "ServiceAccount"))


def requested_duration(obj: Object, now: datetime) -> str:
    seconds = obj["spec"].get("expirationSeconds")
    return humans.NONE if seconds is None else humans.duration(seconds)


def signing_condition(obj: Object, now: datetime) -> str:
    held = [one.get("type") for one in obj["status"].get("conditions", ())]
    words = [word for word in ("Denied", "Approved") if word in held][:1] or ["Pending"]
    if "Failed" in held:
        words.append("Failed")
    if obj["status"].get("certificate"):
        words.append("Issued")
    return ",".join(words)


# --- what extends the API, and components


def param_kind(obj: Object, now: datetime) -> str:
    found = obj["spec"].get("paramKind")
    return f"{found.get('apiVersion', '')}/{found.get('kind', '')}" if found else "<unset>"


def param_ref(obj: Object, now: datetime) -> str:
    found = obj["spec"].get("paramRef")
    if not found:
        return "<unset>"
    name = found.get("name") or "*"
    return f"{found['namespace']}/{name}" if found.get("namespace") else f"*/{name}"


def missing_priority_level(obj: Object, now: datetime) -> str:
    for one in obj["status"].get("conditions", ()):
        if one.get("type") == "Dangling":
            return str(one.get("status", "?"))
    return "?"


def concurrency_shares(obj: Object, now: datetime) -> str:
    held = obj["spec"].get("limited") or obj["spec"].get("exempt") or {}
    return str(held.get("nominalConcurrencyShares", humans.NONE))


def api_service(obj: Object, now: datetime) -> str:
    found = obj["spec"].get("service")
    return f"{found.get('namespace', '')}/{found.get('name', '')}" if found else "Local"


def api_service_available(obj: Object, now: datetime) -> str:
    for one in obj.get("status", {}).get("conditions", ()):
        if one.get("type") == "Available":
            good = one.get("status") == "True"
            return "True" if good else f"{one.get('status')} ({one.get('reason', '')})"
    return "Unknown"


def _healthy(obj: Object) -> Object:
    found: list[Object] = [one for one in obj.get("conditions", ()) if one.get("type") == "Healthy"]
    return found[0] if found else {}


def component_status(obj: Object, now: datetime) -> str:
    return {"True": "Healthy", "False": "Unhealthy"}.get(_healthy(obj).get("status", ""), "Unknown")


def component_message(obj: Object, now: datetime) -> str:
    return str(_healthy(obj).get("message", ""))


def component_error(obj: Object, now: datetime) -> str:
    return str(_healthy(obj).get("error", ""))


CELLS: Final[dict[str, Callable[[Object, datetime], Any]]] = {
    one.__name__: one
    for one in (
        node_status, node_roles, node_internal_ip, node_external_ip,
        event_last_seen, event_first_seen, event_object, event_source, event_message, event_count,
        config_map_data, spec_access_modes, claim_access_modes, claim_capacity, volume_phase, volume_claim,
        storage_class, storage_class_name, token_audiences, life_cycle_modes,
        role, users, groups, service_accounts, requested_duration, signing_condition,
        param_kind, param_ref, missing_priority_level, concurrency_shares, api_service, api_service_available,
        component_status, component_message, component_error,
    )
}  # fmt: skip
