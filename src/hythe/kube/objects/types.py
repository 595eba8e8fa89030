"""The shapes that the whole of `kube` shares.

`Object` is one Kubernetes object, or a part of one, as JSON gives it: keys are the API's camelCase names, values are
`dict`, `list`, `str`, `int`, `float`, `bool`. There is no `None` in an object that the server took in: a null is
dropped when a body is decoded.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

Object: TypeAlias = dict[str, Any]


class GroupVersionKind(NamedTuple):
    """What an object says it is: ("apps", "v1", "Deployment"); the core group is the empty string."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @classmethod
    def of(cls, obj: Object) -> GroupVersionKind:
        """What `obj` says of itself; parts it does not name are empty."""
        return cls.parse(str(obj.get("apiVersion") or ""), str(obj.get("kind") or ""))

    @classmethod
    def parse(cls, api_version: str, kind: str) -> GroupVersionKind:
        group, _, version = api_version.rpartition("/")
        return cls(group, version, kind)
