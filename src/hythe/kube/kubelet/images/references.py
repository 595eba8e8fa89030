"""Image names: whether they are well formed, which tag they mean, and which policy that leads to.

Source: distribution/reference's grammar; https://kubernetes.io/docs/concepts/containers/images/
"""

from __future__ import annotations

import re
from typing import Final

from hythe.errors import InvalidArgument
from hythe.kube.objects.types import Object

_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_NAME: Final = re.compile(
    rf"^(?P<name>(?:{_DOMAIN}/)?{_PART}(?:/{_PART})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$",
    re.ASCII,
)
_ID: Final = re.compile(r"^[a-f0-9]{64}$")


def with_tag(image: str) -> str:
    """`image`, with ":latest" where it names neither tag nor digest. Raises InvalidArgument, in Kubernetes' words."""
    match = _NAME.match(image)
    if match is None or _ID.match(image):
        why = "invalid reference format"
        if _NAME.match(image.lower()):
            why = "invalid reference format: repository name must be lowercase"
        raise InvalidArgument(
            f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {why}'
        )
    return image if match["tag"] or match["digest"] else f"{image}:latest"


def policy(container: Object) -> str:
    """Always, IfNotPresent or Never. The API server gives a default; here for objects without one."""
    if given := container.get("imagePullPolicy"):
        return str(given)
    match = _NAME.match(str(container.get("image", "")))
    latest = match is not None and not match["digest"] and (match["tag"] or "latest") == "latest"
    return "Always" if latest else "IfNotPresent"
