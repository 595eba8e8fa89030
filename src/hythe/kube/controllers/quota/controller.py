"""Keeps the status of ResourceQuotas: hard as the spec has it, used as the namespace's objects make it.

What would exceed a quota is refused when it is made, by the API server; here usage goes down again when objects go.
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kube.client.cache import key_of
from hythe.kube.client.resources import RESOURCE_QUOTAS, Resource
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.quota.usage import COUNTED, used
from hythe.kube.objects.types import Object


class ResourceQuotaController(Controller):
    name = "resourcequota-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._quotas = self.follow(RESOURCE_QUOTAS)
        self._kinds = {
            each: self.informers.of(each)
            if each == RESOURCE_QUOTAS
            else self.follow(each, self._in_namespace)
            for each in COUNTED
        }

    async def sync(self, key: str) -> None:
        quota = self._quotas.cache.get(key)
        if quota is None:
            return
        namespace = quota["metadata"]["namespace"]

        def objects(kind: Resource) -> Iterable[Object]:
            return self._kinds[kind].cache.in_namespace(namespace)

        wanted: Object = {"hard": quota["spec"].get("hard") or {}, "used": used(quota, objects)}
        await write_status(self.client, RESOURCE_QUOTAS, quota, wanted)

    def _in_namespace(self, body: Object) -> Iterable[str]:
        return [key_of(each) for each in self._quotas.cache.in_namespace(body["metadata"]["namespace"])]
