"""Who owns which field: `metadata.managedFields`, as server-side apply wants it kept by every write.

The rules are in `hythe.kube.objects.apply`; here is what a request adds to them: the manager's name, the time, the
subresource. Source: Kubernetes, "Server-Side Apply".
"""

from __future__ import annotations

from hythe.kube.apiserver.call import Context
from hythe.kube.apiserver.options import WriteOptions
from hythe.kube.objects.types import Object


def manager_of(call: Context, options: WriteOptions) -> str:
    """The field manager: as the request says, or the client's name."""
    if options.manager:
        return options.manager
    name = call.agent.partition("/")[0].strip()
    return name[:128] if name.isprintable() and name else "unknown"


def created(call: Context, obj: Object, options: WriteOptions, operation: str) -> None:
    """All fields of a new object are its maker's."""


def updated(call: Context, new: Object, old: Object, options: WriteOptions, subresource: str) -> None:
    """What differs is the changer's from now on."""


def same(new: bytes, old: bytes) -> bool:
    """Whether two packed objects say the same."""
    return new == old
