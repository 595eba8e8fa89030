"""Images as CRI shows them: names in full, and who they run as."""

from __future__ import annotations

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.translate.container_status import Named
from hythe.engine import pause
from hythe.oci import reference
from hythe.oci.digest import PREFIX
from hythe.store.image import Image


def image_message(image: Image) -> cri.Image:
    """The engine's own image is pinned: kubelet leaves it alone."""
    result = cri.Image(
        id=image.id,
        repo_tags=[str(reference.parse(name)) for name in image.names],
        repo_digests=[str(reference.parse(name)) for name in image.digests],
        size=image.size,
        spec=cri.ImageSpec(image=image.id),
        pinned=pause.NAME in image.names,
    )
    name = image.config.config.user.partition(":")[0]
    if name.isdigit():
        result.uid.value = int(name)
    elif name:
        result.username = name
    else:
        result.uid.value = 0
    return result


def named(image: Image | None, asked: str, id: str) -> Named:
    """What the status of a container says of its image; None: it has been removed."""
    if image is None:
        return Named(asked, id, id)
    digest = str(reference.parse(image.digests[0])) if image.digests else image.id
    name = asked
    if asked.startswith(PREFIX) or not asked:
        name = str(reference.parse(image.names[0])) if image.names else digest
    return Named(name, digest, image.id)
