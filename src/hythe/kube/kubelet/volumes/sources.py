"""ConfigMaps and Secrets that pods on this node refer to: each followed by one watch, shared by all who use it.

`get` begins to follow an object and waits for its first answer, also for "there is none". From then on every change
wakes the pods that use it, so files follow within a moment and a pod that waits for a ConfigMap starts when it is
made. The watch ends with its last user.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from hythe.errors import Unavailable
from hythe.kube.client.client import Client
from hythe.kube.client.informer import Handler, Informer
from hythe.kube.client.resources import CONFIG_MAPS, SECRETS
from hythe.kube.kubelet.env.variables import Kind, Source, Sources
from hythe.kube.objects.types import Object

_RESOURCES = {"configmap": CONFIG_MAPS, "secret": SECRETS}


class _Key(NamedTuple):
    kind: Kind
    namespace: str
    name: str


class _Followed:
    def __init__(self, informer: Informer) -> None:
        self.informer = informer
        self.users: set[str] = set()
        self.task: asyncio.Task[None] | None = None


class References:
    """`changed(uid)` is called for each pod that uses an object that has changed."""

    def __init__(self, client: Client, changed: Callable[[str], None], patience: float = 20.0) -> None:
        self._client = client
        self._changed = changed
        self._patience = patience
        self._followed: dict[_Key, _Followed] = {}

    async def get_all(self, uid: str, namespace: str, wanted: set[Source]) -> Sources:
        """For the pod `uid`. Raises Unavailable where the API server does not answer."""
        found = await asyncio.gather(*(self.get(uid, namespace, one) for one in wanted))
        return dict(zip(wanted, found, strict=True))

    async def get(self, uid: str, namespace: str, source: Source) -> Object | None:
        key = _Key(source.kind, namespace, source.name)
        followed = self._followed.get(key) or self._follow(key)
        followed.users.add(uid)
        try:
            await asyncio.wait_for(followed.informer.synced(), self._patience)
        except TimeoutError as error:
            raise Unavailable(
                f"failed to sync {source.kind} cache: timed out waiting for the condition"
            ) from error
        return followed.informer.cache.get(f"{namespace}/{source.name}")

    def release(self, uid: str) -> None:
        """The pod uses nothing any more."""
        for key, followed in list(self._followed.items()):
            followed.users.discard(uid)
            if not followed.users:
                del self._followed[key]
                if followed.task is not None:
                    followed.task.cancel()

    async def close(self) -> None:
        tasks = [one.task for one in self._followed.values() if one.task is not None]
        self._followed.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _follow(self, key: _Key) -> _Followed:
        informer = Informer(
            self._client, _RESOURCES[key.kind], namespace=key.namespace, fields=f"metadata.name={key.name}"
        )
        followed = self._followed[key] = _Followed(informer)

        def tell(body: Object) -> None:
            if informer.has_synced:
                for uid in list(followed.users):
                    self._changed(uid)

        informer.add_handler(Handler(tell, lambda before, now: tell(now), tell))
        followed.task = asyncio.ensure_future(informer.run())
        return followed
