"""Numbers about the server, in Prometheus' text format, under the names that Kubernetes' own server has.

apiserver_request_total                        by verb, group, resource, code
apiserver_request_duration_seconds             histogram by verb
apiserver_longrunning_requests                 watches and streams that are open
apiserver_storage_objects                      stored objects by resource
process_resident_memory_bytes, process_start_time_seconds
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hythe.kube.apiserver.definitions import Definitions, is_stored
from hythe.kube.apiserver.records import Records, prefix_of
from hythe.kube.apiserver.request import RequestInfo

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0)
_LASTING: Final = frozenset({"watch", "log", "exec", "attach", "portforward", "proxy"})
_VERBS: Final = frozenset(
    {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post", "put"}
)
_STARTED: Final = time.time()


class Metrics:
    """Counted on the event loop, shown when asked for."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: dict[str, float] = {}
        self._open: Counter[tuple[str, str]] = Counter()

    def began(self, info: RequestInfo) -> None:
        if lasts(info):
            self._open[info.verb, info.resource] += 1

    def ended(self, info: RequestInfo, code: int, seconds: float) -> None:
        """Those that last count when they end, without their duration."""
        known = code != 404 and info.verb in _VERBS  # what clients make up must not grow the page
        self._requests[
            info.verb if known else "other", info.group if known else "", _shown(info) if known else "", code
        ] += 1
        if lasts(info):
            self._open[info.verb, info.resource] -= 1
            return
        if not known:
            return
        self._seconds[info.verb] = self._seconds.get(info.verb, 0.0) + seconds
        for limit in (*BUCKETS, float("inf")):
            if seconds <= limit:
                self._buckets[info.verb, limit] += 1

    async def text(self, definitions: Definitions, records: Records) -> bytes:
        """The page."""
        lines = [*self._request_lines(), *self._duration_lines(), *_process_lines()]
        lines.append("# TYPE apiserver_storage_objects gauge")
        for definition in definitions:
            if is_stored(definition) and "list" in definition.verbs:
                count = await records.store.count(prefix_of(definition))
                lines.append(f'apiserver_storage_objects{{resource="{definition.qualified}"}} {count}')
        return ("\n".join(lines) + "\n").encode()

    def _request_lines(self) -> Iterator[str]:
        yield "# TYPE apiserver_request_total counter"
        for (verb, group, name, code), count in sorted(self._requests.items()):
            labels = f'verb="{verb}",group="{group}",resource="{name}",code="{code}"'
            yield f"apiserver_request_total{{{labels}}} {count}"
        yield "# TYPE apiserver_longrunning_requests gauge"
        for (verb, name), count in sorted(self._open.items()):
            yield f'apiserver_longrunning_requests{{verb="{verb}",resource="{name}"}} {count}'

    def _duration_lines(self) -> Iterator[str]:
        name = "apiserver_request_duration_seconds"
        yield f"# TYPE {name} histogram"
        for verb in sorted(self._seconds):
            for limit in (*BUCKETS, float("inf")):
                bound = "+Inf" if limit == float("inf") else f"{limit:g}"
                yield f'{name}_bucket{{verb="{verb}",le="{bound}"}} {self._buckets[verb, limit]}'
            yield f'{name}_sum{{verb="{verb}"}} {self._seconds[verb]:.6f}'
            yield f'{name}_count{{verb="{verb}"}} {self._buckets[verb, float("inf")]}'


def lasts(info: RequestInfo) -> bool:
    """Whether the answer goes on until somebody leaves."""
    return info.verb in _LASTING or info.subresource in _LASTING


def _shown(info: RequestInfo) -> str:
    return f"{info.resource}/{info.subresource}" if info.subresource else info.resource


def _process_lines() -> Iterator[str]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    yield "# TYPE process_resident_memory_bytes gauge"
    yield f"process_resident_memory_bytes {pages * resource.getpagesize()}"
    yield "# TYPE process_start_time_seconds gauge"
    yield f"process_start_time_seconds {_STARTED:.3f}"
