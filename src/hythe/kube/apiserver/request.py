"""What a path and a query ask for: verb, resource, namespace, name, subresource.

    /api/v1/namespaces/NS/pods/NAME/log       /apis/GROUP/VERSION/RESOURCE/NAME
    /api/v1/namespaces/NS                     the namespace itself
    /api/v1/namespaces/NS/finalize            its subresource
    /api/v1/watch/namespaces/NS/pods          the old form of ?watch=true

Nothing is looked up here: whether there is such a resource is `definitions`' question. Source: Kubernetes,
"API Concepts"; the rules for verbs are those of its "Authorization Overview".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES: Final = frozenset({"status", "finalize"})
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """One request. `resource` is "" if the path names none; then only `path` and `verb` (lower-case method) count.

    `rest`: what follows the subresource, for `proxy`; "" elsewhere.
    """

    method: str
    path: str
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    rest: str = ""

    @property
    def is_resource(self) -> bool:
        return bool(self.resource)


def truth(text: str | None) -> bool:
    """A query's boolean, as Go reads it; what is no boolean counts as false."""
    return text in _TRUE


def parse(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """`path`: raw, still escaped, without the query. Never fails: what is not understood names no resource."""
    parts = [unquote(part) for part in path.split("/")[1:]]
    if parts and parts[-1] == "" and len(parts) > 1:
        parts.pop()
    if len(parts) >= 3 and parts[0] == "api":
        return _resource(method, path, "", parts[1], parts[2:], query)
    if len(parts) >= 4 and parts[0] == "apis":
        return _resource(method, path, parts[1], parts[2], parts[3:], query)
    return RequestInfo(method, path, method.lower())


def _resource(
    method: str, path: str, group: str, version: str, parts: list[str], query: Mapping[str, str]
) -> RequestInfo:
    watching = parts[0] == "watch" and len(parts) > 1
    parts = parts[1:] if watching else parts
    namespace, parts = _split_namespace(parts)
    resource = parts[0]
    name = parts[1] if len(parts) > 1 else ""
    subresource = parts[2] if len(parts) > 2 else ""
    rest = "/".join(parts[3:])
    verb = _verb(method, name, watching, query)
    if verb in ("list", "watch", "deletecollection") and not name:
        name = _name_in(query.get("fieldSelector", ""))
    return RequestInfo(method, path, verb, group, version, resource, subresource, namespace, name, rest)


def _split_namespace(parts: list[str]) -> tuple[str, list[str]]:
    if parts[0] != "namespaces" or len(parts) < 2:
        return "", parts
    if len(parts) == 2 or (len(parts) == 3 and parts[2] in _NAMESPACE_SUBRESOURCES):
        return parts[1], parts
    return parts[1], parts[2:]


def _verb(method: str, name: str, watching: bool, query: Mapping[str, str]) -> str:
    if method in ("GET", "HEAD"):
        if watching or (not name and truth(query.get("watch"))):
            return "watch"
        return "get" if name else "list"
    if method == "DELETE" and not name:
        return "deletecollection"
    return _VERBS.get(method, method.lower())


def _name_in(selector: str) -> str:
    """The name that a field selector asks for, so that RBAC's resourceNames hold for lists of one."""
    for term in selector.split(","):
        key, equals, value = term.partition("=")
        if key == "metadata.name" and equals:
            return value.removeprefix("=")
    return ""
