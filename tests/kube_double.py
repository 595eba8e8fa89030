"""A small API server in memory, and a clock that tests move: what the client's and the controllers' tests run on.

`MemoryTransport` takes the place of a `Transport`, so that the real `Client`, informers and queues run on it without a
socket. It knows no kinds: resourceVersions, uids, generations, finalizers, deletion, status as a subresource, merge and
JSON patches, watches from a version, bindings. What it does not know fails the test.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from hythe.kube.client.cache import copied
from hythe.kube.client.client import Client
from hythe.kube.client.clock import Timer, timestamp
from hythe.kube.client.connection import Endpoint
from hythe.kube.client.framing import Head
from hythe.kube.client.resources import Resource
from hythe.kube.client.transport import Answer, Request, Transport
from hythe.kube.objects import status
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object


class FakeClock:
    """Time stands still until `advance`. Sleeps and timers that become due run in order."""

    def __init__(self) -> None:
        self.at = 1000.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._count = itertools.count()

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.at)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if future.done() else future.set_result(None))
        try:
            await future
        finally:
            timer.cancel()

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = _Timer(call)
        self._timers.append((self.at + seconds, next(self._count), timer))
        return timer

    async def advance(self, seconds: float) -> None:
        """Let what is under way come to rest, and then everything that becomes due."""
        end = self.at + seconds
        await settle()
        while due := sorted(each for each in self._timers if each[0] <= end and not each[2].cancelled):
            self._timers.remove(due[0])
            self.at = max(self.at, due[0][0])
            due[0][2].call()
            await settle()
        self._timers = [each for each in self._timers if not each[2].cancelled]
        self.at = end
        await settle()


class _Timer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call, self.cancelled = call, False

    def cancel(self) -> None:
        self.cancelled = True


async def settle(turns: int = 60) -> None:
    """Let all tasks run until they wait (on the clock, or for each other)."""
    for _ in range(turns):
        await asyncio.sleep(0)


class MemoryApi:
    """The state: objects by (group, plural) and (namespace, name)."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.revision = 0
        self.objects: dict[tuple[str, str], dict[tuple[str, str], Object]] = {}
        self.history: list[tuple[int, tuple[str, str], str, Object]] = []
        self.compacted = 0
        self.requests: list[tuple[str, str]] = []
        self.fail: Callable[[str, str], ApiError | None] = lambda _method, _path: None
        self._changed: set[asyncio.Event] = set()
        self._tokens = itertools.count(1)

    def handle(self, method: str, target: str, content: str, body: bytes | None) -> tuple[int, Object]:
        url = urlsplit(target)
        path, query = unquote(url.path), dict(parse_qsl(url.query))
        self.requests.append((method, path))
        if error := self.fail(method, path):
            return error.code, error.status()
        try:
            return 200, self._verb(method, _Path(path), query, content, msgspec.json.decode(body or b"{}"))
        except ApiError as error:
            return error.code, error.status()

    def put(self, resource: Resource, body: Object) -> Object:
        """Store an object as it is, from the test's hand: the status too."""
        place = _Path(resource.path(body["metadata"].get("namespace", ""), body["metadata"]["name"]))
        known = self._table(place).get(place.key)
        body = copied(body)
        if known:
            body["metadata"].setdefault("uid", known["metadata"]["uid"])
        return self._store(place, body, "MODIFIED" if known else "ADDED")

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        found = self.objects.get((resource.group, resource.plural), {}).get((namespace, name))
        return copied(found) if found else None

    def all(self, resource: Resource, namespace: str = "") -> list[Object]:
        found = self.objects.get((resource.group, resource.plural), {})
        return [copied(each) for (space, _), each in sorted(found.items()) if namespace in ("", space)]

    def remove(self, resource: Resource, name: str, namespace: str = "") -> None:
        """Gone at once, as a kubelet's last deletion."""
        place = _Path(resource.path(namespace, name))
        self._gone(place, self._table(place)[place.key])

    def _table(self, place: _Path) -> dict[tuple[str, str], Object]:
        return self.objects.setdefault((place.group, place.plural), {})

    def _verb(self, method: str, place: _Path, query: dict[str, str], content: str, body: Any) -> Object:
        if method == "GET":
            return self._find(place) if place.name else self._list(place, query)
        if method == "POST":
            return self._post(place, body)
        if method == "DELETE":
            if place.name:
                return self._delete(place, body)
            for each in self._matching(place, query):
                self._delete(_Path(place.of(each)), body)
            return {"kind": "Status", "status": "Success"}
        known = self._find(place)
        if method == "PATCH":
            body = _patched(known, body, content)
        return self._update(place, known, body)

    def _find(self, place: _Path) -> Object:
        found = self._table(place).get(place.key)
        if found is None:
            raise status.not_found(place.plural, place.name)
        return copied(found)

    def _matching(self, place: _Path, query: dict[str, str]) -> list[Object]:
        return [
            each
            for (namespace, _), each in sorted(self._table(place).items())
            if place.namespace in ("", namespace) and _selected(each, query)
        ]

    def _list(self, place: _Path, query: dict[str, str]) -> Object:
        items = [copied(each) for each in self._matching(place, query)]
        return {"kind": "List", "metadata": {"resourceVersion": str(self.revision)}, "items": items}

    def _post(self, place: _Path, body: Object) -> Object:
        if place.subresource == "binding":
            pod = self._find(place)
            if pod["spec"].get("nodeName"):
                raise status.conflict("pods/binding", place.name, "pod is already assigned to node")
            pod["spec"]["nodeName"] = body["target"]["name"]
            self._store(place, pod, "MODIFIED")
            return {"kind": "Status", "status": "Success"}
        if place.subresource == "token":
            seconds = body["spec"].get("expirationSeconds", 3600)
            ends = timestamp(datetime.now(UTC) + timedelta(seconds=seconds))
            audience = ",".join(body["spec"].get("audiences") or ["api"])
            token = f"{place.namespace}.{place.name}.{audience}.{next(self._tokens)}"
            return {**body, "status": {"token": token, "expirationTimestamp": ends}}
        assert not place.subresource, place
        meta = body.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = f"{meta['generateName']}{self.revision + 1:05}"
        place = _Path(f"{place.path}/{meta['name']}")
        if place.key in self._table(place):
            raise status.already_exists(place.plural, place.name)
        meta |= {"uid": f"uid-{self.revision + 1}", "creationTimestamp": timestamp(self.clock.now())}
        meta["generation"] = 1
        if place.namespace:
            meta["namespace"] = place.namespace
        return self._store(place, body, "ADDED")

    def _update(self, place: _Path, known: Object, body: Object) -> Object:
        version = body["metadata"].get("resourceVersion")
        if version and version != known["metadata"]["resourceVersion"]:
            raise status.conflict(place.plural, place.name)
        if place.subresource in ("status", "ephemeralcontainers"):
            body = {**known, "status": body.get("status", {})}
        elif place.subresource == "finalize":
            known["spec"] = body["spec"]
            body = known
        elif "status" in known:
            body = {**body, "status": known["status"]}
        if body.get("spec") != known.get("spec"):
            body["metadata"]["generation"] = known["metadata"].get("generation", 0) + 1
        finalizers = body["metadata"].get("finalizers") or (body.get("spec") or {}).get("finalizers")
        if body["metadata"].get("deletionTimestamp") and not finalizers and place.plural != "pods":
            return self._gone(place, body)
        return self._store(place, body, "MODIFIED")

    def _delete(self, place: _Path, options: Object) -> Object:
        body = self._find(place)
        meta = body["metadata"]
        wanted = options.get("preconditions") or {}
        if wanted.get("uid", meta["uid"]) != meta["uid"]:
            raise status.conflict(place.plural, place.name, "Precondition failed: UID in precondition")
        finalizers = meta.setdefault("finalizers", [])
        policy = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
        extra = policy.get(options.get("propagationPolicy", ""))
        if extra and extra not in finalizers:
            finalizers.append(extra)
        running = place.plural == "pods" and body["spec"].get("nodeName")
        running = running and options.get("gracePeriodSeconds") != 0
        if finalizers or running or (body.get("spec") or {}).get("finalizers"):
            meta.setdefault("deletionTimestamp", timestamp(self.clock.now()))
            if place.plural == "pods":
                grace = options.get(
                    "gracePeriodSeconds", body["spec"].get("terminationGracePeriodSeconds", 30)
                )
                meta["deletionGracePeriodSeconds"] = grace
            return self._store(place, body, "MODIFIED")
        return self._gone(place, body)

    def _store(self, place: _Path, body: Object, event: str) -> Object:
        known = self._table(place).get(place.key)
        if known is not None and _without_version(known) == _without_version(body):
            return copied(known)
        self.revision += 1
        body["metadata"]["resourceVersion"] = str(self.revision)
        body["metadata"].setdefault("uid", f"uid-{self.revision}")
        self._table(place)[place.key] = body
        self._tell(place, event, body)
        return copied(body)

    def _gone(self, place: _Path, body: Object) -> Object:
        self.revision += 1
        del self._table(place)[place.key]
        body["metadata"]["resourceVersion"] = str(self.revision)
        self._tell(place, "DELETED", body)
        return copied(body)

    def _tell(self, place: _Path, event: str, body: Object) -> None:
        self.history.append((self.revision, (place.group, place.plural), event, copied(body)))
        for changed in self._changed:
            changed.set()

    async def watch(self, target: str) -> AsyncIterator[bytes]:
        url = urlsplit(target)
        place, query = _Path(unquote(url.path)), dict(parse_qsl(url.query))
        version = int(query.get("resourceVersion") or 0)
        if version < self.compacted:
            gone = status.expired().status()
            yield msgspec.json.encode({"type": "ERROR", "object": gone}) + b"\n"
            return
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            while True:
                for revision, kind, event, body in self.history:
                    if revision > version and kind == (place.group, place.plural) and _selected(body, query):
                        yield msgspec.json.encode({"type": event, "object": body}) + b"\n"
                version = self.revision
                await changed.wait()
                changed.clear()
        finally:
            self._changed.discard(changed)


class MemoryTransport(Transport):
    """As a connection to `api`."""

    def __init__(self, api: MemoryApi) -> None:
        super().__init__(Endpoint("memory"))
        self.api = api

    async def exchange(self, asked: Request) -> Answer:
        await asyncio.sleep(0)
        content = asked.headers.get("Content-Type", "")
        code, body = self.api.handle(asked.method, asked.target, content, asked.body)
        return Answer(Head(code, "", {}), msgspec.json.encode(body))

    @asynccontextmanager
    async def stream(self, asked: Request) -> AsyncIterator[tuple[Head, AsyncIterator[bytes]]]:
        yield Head(200, "OK", {}), self.api.watch(asked.target)


def memory_client(clock: FakeClock) -> tuple[MemoryApi, Client]:
    """A server of one's own and a client of it."""
    api = MemoryApi(clock)
    return api, Client(MemoryTransport(api), manager="test")


class _Path:
    """/api/v1[/namespaces/NS]/PLURAL[/NAME[/SUBRESOURCE]] and the same below /apis/GROUP/VERSION."""

    def __init__(self, path: str) -> None:
        self.path = path
        parts = path.strip("/").split("/")
        self.group = "" if parts[0] == "api" else parts[1]
        self.root = "/" + "/".join(parts[: 2 if parts[0] == "api" else 3])
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        self.namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
            self.namespace, rest = rest[1], rest[2:]
        self.plural, self.name, self.subresource = [*rest, "", ""][:3]

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.name

    def of(self, body: Object) -> str:
        meta = body["metadata"]
        space = f"/namespaces/{meta['namespace']}" if meta.get("namespace") else ""
        return f"{self.root}{space}/{self.plural}/{meta['name']}"


def _without_version(body: Object) -> Object:
    return {**body, "metadata": {**body["metadata"], "resourceVersion": ""}}


def _selected(body: Object, query: dict[str, str]) -> bool:
    labels = body["metadata"].get("labels") or {}
    for wanted in filter(None, query.get("labelSelector", "").split(",")):
        name, _, value = wanted.partition("=")
        if labels.get(name.strip()) != value.strip("= "):
            return False
    for wanted in filter(None, query.get("fieldSelector", "").split(",")):
        name, _, value = wanted.partition("=")
        found: Any = body
        for part in name.split("."):
            found = (found or {}).get(part)
        if (found or "") != value:
            return False
    return True


def _patched(known: Object, patch: Any, content: str) -> Object:
    if "json-patch" in content:
        for each in patch:
            _operate(known, each)
        return known
    if "strategic" in content:
        patch = _by_type(known, patch)
    merged: Object = _merged(known, patch)
    return merged


def _by_type(known: Object, patch: Object) -> Object:
    """Of a strategic merge patch, what status updates need: conditions merge by type, and lists may be replaced."""
    status = dict(patch.get("status") or {})
    for name, value in status.items():
        if isinstance(value, list):
            status[name] = [each for each in value if "$patch" not in each]
    if "conditions" in status:
        there = {each["type"]: each for each in (known.get("status") or {}).get("conditions") or []}
        for each in status["conditions"]:
            there[each["type"]] = _merged(there.get(each["type"]), each)
        status["conditions"] = list(there.values())
    return {**patch, "status": status} if status else patch


def _merged(known: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(known) if isinstance(known, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _operate(body: Object, operation: Object) -> None:
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    at: Any = body
    for part in way:
        at = at[int(part)] if isinstance(at, list) else at[part]
    if operation["op"] == "remove":
        at.pop(int(last) if isinstance(at, list) else last)
    elif operation["op"] == "test":
        found = at[int(last)] if isinstance(at, list) else at.get(last)
        if found != operation["value"]:
            raise status.invalid("Patch", "", [])
    elif isinstance(at, list):
        at.insert(len(at) if last == "-" else int(last), operation["value"])
    else:
        at[last] = operation["value"]
