"""docs/kube-api.md, generated from the tables of resources and handlers, so that it cannot differ from them.

Run `python -m hythe.kube.apiserver.coverage > docs/kube-api.md`; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from hythe.kube.apiserver.admission.plugins import ABSENT, PRESENT
from hythe.kube.apiserver.dispatch import VERBS
from hythe.kube.apiserver.subresources.table import COLLECTIONS, handlers_of
from hythe.kube.apiserver.verbs.review import REVIEWS
from hythe.kube.apiserver.versions import VERSION
from hythe.kube.objects.schema.resources import Resource, builtin

_ORDER: Final = ("create", "get", "list", "watch", "update", "patch", "delete", "deletecollection")

_HEAD: Final = f"""# The Kubernetes API in hythe

What the API server reports as {VERSION} serves: the versions that Kubernetes 1.32 has switched on.
Made from its tables by `python -m hythe.kube.apiserver.coverage`; do not edit.

- *verbs*: `all` is create, get, list, watch, update, patch, delete and deletecollection. Another verb is answered
  with 405.
- *subresources*: with their verbs; `part` is get, update and patch. Another one is answered with 404.
- Patches are JSON, merge, strategic merge and server-side apply. Bodies are JSON, YAML or protobuf, answers JSON or
  YAML; a Table or metadata alone where asked for.
"""

_REST: Final = """
## Custom resources

Served as their definitions come and go: structural schemas (pruned, defaulted, validated), printer columns, status and
scale, several versions with conversion `None`, selectable fields, rules in CEL (`x-kubernetes-validations`). Conversion
by webhook is refused when the definition is written.

## Paths that are no resources

| path | what |
|---|---|
| `/api`, `/apis` and below | discovery, aggregated (v2, v2beta1) and plain, with ETags |
| `/openapi/v3` | a document for each group and version, by its hash |
| `/openapi/v2` | one document in JSON; in protobuf without definitions: enough for kubectl before 1.29 |
| `/version`, `/healthz`, `/livez`, `/readyz`, `/metrics` | as their names say; no single checks below them |
| `/openid/v1/jwks`, `/.well-known/openid-configuration` | the keys of service accounts' tokens |

## Reading

| asked for | answer |
|---|---|
| `resourceVersion` unset, `0`, NotOlderThan | the newest state; 504 for one that is yet to come |
| `resourceVersion` with Exact, or with a limit | that state; 410 when it is compacted |
| `limit`, `continue` | one state over all pages; 410 with a token that goes on without consistency |
| `watch` | from a version, or from what is there; with bookmarks, `sendInitialEvents`, `timeoutSeconds` |

## Not there

| what | instead |
|---|---|
| `pods/resize` (in Kubernetes from 1.33 on) | 404 |
| metrics.k8s.io, `kubectl top` | 404 |
| audit log | the log of the server |
| API priority and fairness: its objects are kept, nothing is queued by them | 400 reads, 200 writes at once, then 429 |
| aggregation: an APIService is kept as data | |
| encryption with a KMS | keys in the data directory |
| alpha and beta versions, `resource.k8s.io`, `storagemigration.k8s.io` | 404 |
| protobuf and CBOR answers | JSON; every client that names them takes it |
| a client certificate of another authority | ends the TLS handshake, where Kubernetes answers 401 |
"""


def markdown() -> str:
    """The whole document."""
    lines = [_HEAD, "## Resources", "", *_resources(), "", "## Admission", "", *_admission()]
    return "\n".join(lines) + _REST


def _resources() -> Iterator[str]:
    yield "| resource | version | scope | verbs | subresources |"
    yield "|---|---|---|---|---|"
    for resource in builtin():
        scope = "namespaced" if resource.namespaced else "cluster"
        name = f"`{resource.qualified}`"
        cells = (name, resource.version, scope, _verbs(resource), _served(resource))
        yield f"| {' | '.join(cells)} |"


def _verbs(resource: Resource) -> str:
    if resource.qualified in REVIEWS:
        return "create (answered, not stored)"
    if resource.qualified in COLLECTIONS:
        return "create (done, not stored)"
    found = [verb for verb in _ORDER if verb in resource.verbs and verb in VERBS]
    return "all" if len(found) == len(_ORDER) else " ".join(found)


def _served(resource: Resource) -> str:
    found = []
    for sub in sorted(resource.subresources):
        verbs = [verb for verb in resource.subresources[sub].verbs if verb in handlers_of(resource, sub)]
        if verbs:
            said = "part" if sorted(verbs) == ["get", "patch", "update"] else " ".join(sorted(verbs))
            found.append(f"{sub} ({said})")
    return ", ".join(found)


def _admission() -> Iterator[str]:
    yield "| plugin | |"
    yield "|---|---|"
    for name, what in PRESENT.items():
        yield f"| {name} | {what} |"
    for name in ABSENT:
        yield f"| {name} | not there |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
