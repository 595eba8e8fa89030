"""Label and field selectors of a list or a watch, applied to stored bytes.

A selector of labels decodes nothing of an object but its labels; one of fields decodes it whole. Namespace and name
that a field selector fixes become part of the key that is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.encoding import labels_of
from hythe.kube.apiserver.options import ListOptions
from hythe.kube.apiserver.records import Kept
from hythe.kube.objects import fields, labels
from hythe.kube.objects.status import bad_request


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a resource is asked for. `namespace` and `name` are "" for all."""

    labels: labels.Selector
    fields: fields.Selector
    namespace: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        """Whether each object must be looked at."""
        return bool(self.labels) or bool(self.fields)

    def matches(self, kept: Kept) -> bool:
        """Whether a stored object is asked for."""
        if self.labels and not self.labels.matches(labels_of(kept.raw)):
            return False
        return not self.fields or self.fields.matches(kept.object())


def select(definition: Definition, namespace: str, options: ListOptions) -> Selection:
    """Raises ApiError (BadRequest) for a selector that cannot be read, or names a field that cannot be selected by."""
    try:
        by_label = labels.parse(options.label_selector)
        by_field = fields.parse(options.field_selector, definition)
    except (labels.InvalidSelector, fields.InvalidSelector) as error:
        raise bad_request(error.message) from error
    return Selection(by_label, by_field, namespace, by_field.exact("metadata.name") or "")
