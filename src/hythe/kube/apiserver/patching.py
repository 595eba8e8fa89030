"""A patch's body, and what comes out of it: read once, made of each newest object, checked as if it were sent whole."""

from __future__ import annotations

import json
from typing import Any, Final

from hythe.kube.apiserver.encoding import dumps
from hythe.kube.objects import shape
from hythe.kube.objects.patch import jsonpatch, merge, strategic
from hythe.kube.objects.printed import plain
from hythe.kube.objects.schema.decode import FieldValidation, Undecodable, parse, typed
from hythe.kube.objects.status import ApiError, Cause, bad_request, invalid
from hythe.kube.objects.types import GroupVersionKind, Object

JSON_PATCH: Final = "application/json-patch+json"
MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"


class Patch:
    """One patch of a form. Raises ApiError (BadRequest) if its body cannot be read."""

    def __init__(self, media: str, data: bytes) -> None:
        self.media = media
        try:
            self.value, self._problems = parse(data, media)
        except Undecodable as error:
            raise bad_request(f"error decoding patch: {error.message}") from error

    def laid_on(
        self, old: Object, gvk: GroupVersionKind, validation: FieldValidation
    ) -> tuple[Object, list[str]]:
        """The new object and warnings. Raises ApiError. Unknown fields of custom kinds are still in it."""
        new = self._laid_on(old, gvk)
        if not isinstance(new.get("metadata"), dict):
            raise self._bad(new, "metadata must be an object")
        try:
            made, unknown = typed(new, gvk)
        except Undecodable as error:
            raise self._bad(new, error.message) from error
        return made, self.settled(new, [*self._problems, *unknown], validation)

    def _laid_on(self, old: Object, gvk: GroupVersionKind) -> Object:
        if self.media == JSON_PATCH:
            return jsonpatch.apply(old, self.value)
        if self.media == MERGE:
            return merge.apply(old, self.value)
        return strategic.apply(old, self.value, shape.of_kind(gvk))

    def settled(self, new: Object, problems: list[str], validation: FieldValidation) -> list[str]:
        """Unknown and duplicate fields are refused (ApiError), warned of, or forgotten."""
        found = list(dict.fromkeys(problems))
        if found and validation == "Strict":
            raise self._bad(new, f"strict decoding error: {', '.join(found)}")
        return found if validation == "Warn" else []

    def _bad(self, new: Any, why: str) -> ApiError:
        """422, as Kubernetes words it: the patch, or what it would have made of the object."""
        shown = plain(self.value) if self.media == STRATEGIC else dumps(new).decode()
        text = f"Invalid value: {json.dumps(shown, ensure_ascii=False)}: {why}"
        return invalid("", "", [Cause("FieldValueInvalid", text, "patch")])
