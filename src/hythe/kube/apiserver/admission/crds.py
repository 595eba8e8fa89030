"""CustomResourceDefinitions: their names are settled as they are written, and what they define is served at once.

Kubernetes leaves that to controllers of its API server; here a definition that was answered with 201 is established
already, or says in its conditions why not. A finalizer holds it until its objects are gone (`customs`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.definitions import CustomResource, Definition, Definitions
from hythe.kube.apiserver.records import Kept, Records
from hythe.kube.objects.custom.naming import is_established, settle
from hythe.kube.objects.custom.resources import remade, served
from hythe.kube.objects.schema.resources import Resource
from hythe.kube.objects.status import method_not_allowed
from hythe.kube.objects.types import Object

CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
CRDS: Final = "customresourcedefinitions.apiextensions.k8s.io"


class CustomDefinitions(Plugin):
    """Definitions, and (so that a namespace of them can empty) objects of those that are on their way out."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._definitions, self._records = definitions, records
        self._crds = definitions.built_in("apiextensions.k8s.io", "v1", "customresourcedefinitions")

    async def admit(self, review: Review) -> None:
        definition = review.definition
        if isinstance(definition, CustomResource):
            _refuse_new(review, definition)
        if review.resource != CRDS or review.operation == "DELETE" or not _has_names(review.obj):
            return
        metadata = review.obj["metadata"]
        if review.operation == "CREATE":
            metadata["finalizers"] = list(dict.fromkeys([*(metadata.get("finalizers") or []), CLEANUP]))
        review.obj["status"] = await self._settled(review.obj)

    async def _settled(self, crd: Object) -> Object:
        others = [each async for each in self._records.objects(self._crds)]
        return settle(crd, others, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    async def stored(self, definition: Definition, old: Object | None, new: Object | None) -> None:
        if definition.qualified != CRDS:
            return
        if new is not None:
            serve(self._definitions, new)
            return
        self._definitions.replace_custom((old or {})["metadata"]["name"], [])
        async for other in self._records.objects(self._crds):
            await self._settle_again(other["metadata"]["name"])

    async def _settle_again(self, name: str) -> None:
        """The names that another definition had are free now."""

        async def work(kept: Kept) -> Object | None:
            crd = kept.object()
            status = await self._settled(crd)
            return None if crd.get("status") == status else {**crd, "status": status}

        serve(self._definitions, (await self._records.change(self._crds, "", name, work)).object())


def serve(definitions: Definitions, crd: Object) -> None:
    """Let the table of resources say what an established definition says."""
    if not is_established(crd):
        return
    made = [_made(crd, resource, entry) for resource, entry in served(crd)]
    before = [each for each in definitions.customs() if each.qualified == crd["metadata"]["name"]]
    if [_essence(each) for each in before] != [_essence(each) for each in made]:
        definitions.replace_custom(crd["metadata"]["name"], made)


def _made(crd: Object, resource: Resource, entry: Object) -> CustomResource:
    schema = (entry.get("schema") or {})["openAPIV3Schema"]
    return remade(resource, CustomResource, crd=crd, entry=entry, schema=schema, fills=_has_default(schema))


def _has_default(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(_has_default(each) for each in schema)
    return isinstance(schema, dict) and (
        "default" in schema or any(_has_default(each) for each in schema.values())
    )


def _essence(resource: CustomResource) -> object:
    crd = resource.crd
    names = (crd.get("status") or {}).get("acceptedNames")
    return (
        resource.api_version,
        crd["spec"],
        names,
        crd["metadata"].get("deletionTimestamp"),
        crd["metadata"]["uid"],
    )


def _refuse_new(review: Review, definition: CustomResource) -> None:
    if review.operation == "CREATE" and definition.is_terminating:
        error = method_not_allowed(definition.qualified, "create")
        error.message = "create not allowed while custom resource definition is terminating"
        raise error


def _has_names(crd: Object) -> bool:
    """Whether there is enough in it to settle; what is missing is said by its validation."""
    spec = crd.get("spec") or {}
    return bool(spec.get("group") and (spec.get("names") or {}).get("plural"))
