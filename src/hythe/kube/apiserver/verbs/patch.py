"""patch: a part of an object, or operations on it, in one of four forms.

    application/json-patch+json              operations (RFC 6902)
    application/merge-patch+json             a part; null removes (RFC 7386)
    application/strategic-merge-patch+json   a part; lists are merged by the keys that the schema names
    application/apply-patch+yaml             server-side apply: what this manager wants of the object

A patch that names no resourceVersion is made again of the newest object when another change came in between. What
comes out is checked as strictly as if it had been sent whole.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hythe.kube.apiserver import body
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.definitions import CustomResource
from hythe.kube.apiserver.options import WriteOptions, write_options
from hythe.kube.apiserver.patching import JSON_PATCH, MERGE, STRATEGIC, Patch
from hythe.kube.apiserver.verbs.apply import APPLY, apply
from hythe.kube.apiserver.verbs.write import answer
from hythe.kube.apiserver.writing import change_object
from hythe.kube.objects.status import Cause, invalid
from hythe.kube.objects.types import Object

_BUILT_IN: Final = (JSON_PATCH, MERGE, STRATEGIC, APPLY)
_CUSTOM: Final = (JSON_PATCH, MERGE, APPLY)


async def patch(call: Call) -> web.Response:
    """PATCH of an object or of its status."""
    wanted, options = call.wanted(), write_options(call.query, kind="PatchOptions")
    media = media_of(call)
    if media == APPLY:
        return await apply(call, wanted, options)
    make = await maker(call, media, options)
    subresource = call.info.subresource
    return answer(
        call, wanted, await change_object(call, call.info.name, options, make, subresource=subresource)
    )


def media_of(call: Call) -> str:
    """Which form of patch was sent. Raises ApiError (415) for one that the resource does not take."""
    accepted = _CUSTOM if isinstance(call.definition, CustomResource) else _BUILT_IN
    return body.media_of(call.request, accepted)


class Maker:
    """Makes the new object of the old one by a patch."""

    def __init__(self, call: Call, patch: Patch, options: WriteOptions) -> None:
        self._call, self._patch, self._options = call, patch, options

    async def __call__(self, old: Object) -> Object:
        call = self._call
        new, warnings = self._patch.laid_on(old, call.definition.gvk, self._options.validation)
        new, gone = call.machine.kinds.pruned(call.definition, new)
        call.warnings += [*warnings, *self._patch.settled(new, gone, self._options.validation)]
        return new


async def maker(call: Call, media: str, options: WriteOptions) -> Maker:
    """Raises ApiError if the body cannot be read, or is no patch of that form."""
    if options.force is not None:
        text = "Forbidden: may not be specified for non-apply patch"
        raise invalid("PatchOptions.meta.k8s.io", "", [Cause("FieldValueForbidden", text, "force")])
    return Maker(call, Patch(media, await body.read(call.request)), options)
