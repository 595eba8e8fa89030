"""NamespaceLifecycle: nothing is made in a namespace that is not there, or is on its way out; three may not go."""

from __future__ import annotations

from typing import Final

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.records import Records
from hythe.kube.objects.status import ApiError, Cause, forbidden

IMMORTAL: Final = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle(Plugin):
    """Runs first: what cannot be made needs nothing added."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._records = records
        self._namespaces = definitions.built_in("", "v1", "namespaces")

    async def admit(self, review: Review) -> None:
        definition = review.definition
        if review.operation == "DELETE" and definition.qualified == "namespaces" and review.name in IMMORTAL:
            raise forbidden("namespaces", review.name, "this namespace may not be deleted")
        if review.operation != "CREATE" or not definition.namespaced:
            return
        namespace = (await self._records.get(self._namespaces, "", review.namespace)).object()
        if "deletionTimestamp" in namespace["metadata"]:
            raise _terminating(review)


def _terminating(review: Review) -> ApiError:
    namespace = review.namespace
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    error = forbidden(review.definition.qualified, review.name, why)
    cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
    error.details["causes"] = [cause.as_object()]
    return error
