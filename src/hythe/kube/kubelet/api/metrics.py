"""Resource metrics in Prometheus' text format. Source: KEP-727, the kubelet's /metrics/resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hythe.kube.objects.types import Object

_METRICS = {
    "container_cpu_usage_seconds_total": (
        "counter", "Cumulative cpu time consumed by the container in core-seconds",
    ),
    "container_memory_working_set_bytes": ("gauge", "Current working set of the container in bytes"),
    "node_cpu_usage_seconds_total": ("counter", "Cumulative cpu time consumed by the node in core-seconds"),
    "node_memory_working_set_bytes": ("gauge", "Current working set of the node in bytes"),
    "pod_cpu_usage_seconds_total": ("counter", "Cumulative cpu time consumed by the pod in core-seconds"),
    "pod_memory_working_set_bytes": ("gauge", "Current working set of the pod in bytes"),
    "scrape_error": ("gauge", "1 if there was an error while getting container metrics, 0 otherwise"),
}  # fmt: skip


def metrics(node: Object, pods: Iterable[Object]) -> str:
    """`node` and `pods` as /stats/summary has them."""
    lines: dict[str, list[str]] = {name: [] for name in _METRICS}

    def add(name: str, labels: Mapping[str, str], value: float) -> None:
        shown = ",".join(f'{key}="{text}"' for key, text in labels.items())
        lines[name].append(f"{name}{{{shown}}} {value:.15g}" if shown else f"{name} {value:.15g}")

    add("node_cpu_usage_seconds_total", {}, node["cpu"]["usageCoreNanoSeconds"] / 1e9)
    add("node_memory_working_set_bytes", {}, node["memory"]["workingSetBytes"])
    for pod in pods:
        where = {"namespace": pod["podRef"]["namespace"], "pod": pod["podRef"]["name"]}
        for one in pod["containers"]:
            labels = {"container": one["name"], **where}
            add("container_cpu_usage_seconds_total", labels, one["cpu"]["usageCoreNanoSeconds"] / 1e9)
            add("container_memory_working_set_bytes", labels, one["memory"]["workingSetBytes"])
        add("pod_cpu_usage_seconds_total", where, pod["cpu"]["usageCoreNanoSeconds"] / 1e9)
        add("pod_memory_working_set_bytes", where, pod["memory"]["workingSetBytes"])
    add("scrape_error", {}, 0)
    out = []
    for name, (kind, text) in _METRICS.items():
        if lines[name]:
            out += [f"# HELP {name} [STABLE] {text}", f"# TYPE {name} {kind}", *lines[name]]
    return "\n".join([*out, ""])
