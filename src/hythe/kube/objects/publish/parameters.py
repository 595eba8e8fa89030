"""The query parameters of Kubernetes' verbs, as OpenAPI describes them.

Their presence is read by clients: kubectl sends `fieldValidation` only where the document has it. Source: Kubernetes,
"API concepts" and the options types of meta/v1.
"""

from __future__ import annotations

from typing import Final

from hythe.kube.objects.types import Object

_TEXT: Final = {
    "pretty": "If true, the output is indented for people.",
    "continue": "Continue a list where the answer that gave this token ended.",
    "fieldSelector": "Restrict the objects to those whose fields match.",
    "labelSelector": "Restrict the objects to those whose labels match.",
    "limit": "The most objects in one answer; the rest is got with continue.",
    "resourceVersion": "How new the answer must be.",
    "resourceVersionMatch": "How resourceVersion is to be understood: Exact or NotOlderThan.",
    "sendInitialEvents": "Begin a watch with an event for each object there is, and a bookmark after them.",
    "timeoutSeconds": "End the list or watch after this time.",
    "watch": "Watch for changes instead of listing.",
    "allowWatchBookmarks": "Send events that only say how far the watch has come.",
    "dryRun": "All: do everything but store.",
    "fieldManager": "Who is to own the fields that change.",
    "fieldValidation": "What to do about unknown and duplicate fields: Ignore, Warn or Strict.",
    "force": "Take fields that others own. For apply patches only.",
    "gracePeriodSeconds": "How long the object may take to end.",
    "orphanDependents": "Leave the dependents. propagationPolicy is its successor.",
    "propagationPolicy": "What happens to the dependents: Orphan, Background or Foreground.",
    "ignoreStoreReadErrorWithClusterBreakingPotential": "Delete even what cannot be read any more.",
}
_INTEGERS: Final = frozenset(("limit", "timeoutSeconds", "gracePeriodSeconds"))
_UNREADABLE: Final = "ignoreStoreReadErrorWithClusterBreakingPotential"
_BOOLEANS: Final = frozenset(
    ("watch", "allowWatchBookmarks", "sendInitialEvents", "force", "orphanDependents", _UNREADABLE)
)
_LISTING: Final = (
    "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
    "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch",
)  # fmt: skip
_WRITING: Final = ("dryRun", "fieldManager", "fieldValidation")
_DELETING: Final = (
    "dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents",
    "propagationPolicy",
)  # fmt: skip
_OF_ACTION: Final = {
    "list": _LISTING,
    "post": _WRITING,
    "put": _WRITING,
    "patch": (*_WRITING, "force"),
    "delete": _DELETING,
    "deletecollection": tuple(dict.fromkeys((*_DELETING, *_LISTING))),
}


def query(name: str) -> Object:
    """The description of one parameter."""
    kind = "integer" if name in _INTEGERS else "boolean" if name in _BOOLEANS else "string"
    schema: Object = {"type": kind, "uniqueItems": True}
    return {"name": name, "in": "query", "description": _TEXT[name], "schema": schema}


def of_action(action: str) -> list[Object]:
    """Those of an action: get, list, post, put, patch, delete or deletecollection."""
    return [query(name) for name in sorted(_OF_ACTION.get(action, ()))]


def in_path(name: str, text: str) -> Object:
    """A part of the path in braces."""
    schema: Object = {"type": "string", "uniqueItems": True}
    return {"name": name, "in": "path", "description": text, "required": True, "schema": schema}


PRETTY: Final = query("pretty")
