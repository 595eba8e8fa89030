"""Who owns which field: `metadata.managedFields`, as server-side apply wants it kept by every write.

The rules are in `hythe.kube.objects.apply`; here is what a request adds to them: the manager's name, the time, the
subresource. Source: Kubernetes, "Server-Side Apply".
"""

from __future__ import annotations

from hythe.kube.apiserver.call import Context
from hythe.kube.apiserver.options import WriteOptions
from hythe.kube.objects.apply.entries import manager_name
from hythe.kube.objects.types import Object


def created(call: Context, obj: Object, options: WriteOptions) -> Object:
    """The new object; all of its fields are its maker's."""
    manager = call.machine.managers.of(call.definition, "")
    return manager.update({}, obj, manager_name(options.manager, call.agent), call.machine.timestamp())


def updated(call: Context, new: Object, old: Object, options: WriteOptions, subresource: str) -> Object:
    """The changed object; what differs is the changer's from now on."""
    manager = call.machine.managers.of(call.definition, subresource)
    return manager.update(old, new, manager_name(options.manager, call.agent), call.machine.timestamp())


def applied(call: Context, live: Object, config: Object, options: WriteOptions, subresource: str) -> Object:
    """What an applier's configuration makes of the object ({}: there is none). Raises ApiError (conflicts)."""
    manager = call.machine.managers.of(call.definition, subresource)
    now = call.machine.timestamp()
    made = manager.apply(live, config, options.manager, force=bool(options.force), now=now)
    return call.machine.kinds.typed(call.definition, made)


def same(new: Object, old: Object) -> bool:
    """Whether two objects say the same, whatever their revisions."""
    without = [{k: v for k, v in obj["metadata"].items() if k != "resourceVersion"} for obj in (new, old)]
    return without[0] == without[1] and {**new, "metadata": None} == {**old, "metadata": None}
