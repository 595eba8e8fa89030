"""`docker rmi`: when a name is only taken away, when the image goes, and what stands against it.

The rules, and the sentences, are docker's. A name is taken away; when it was the last one, the image is deleted.
An id deletes the image with all its names if they are of one repository. *Hard* conflicts, a running container and
images built upon this one, cannot be forced; *soft* ones, a stopped container and names in several repositories,
give way to `force`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hythe.base.ids import short
from hythe.errors import Conflict
from hythe.oci import reference
from hythe.store.catalogue import Catalogue
from hythe.store.image import Image, ImageUser

InUse = Callable[[str], Sequence[ImageUser]]
Step = tuple[Literal["Untagged", "Deleted"], str]
_LIVE = ("running", "paused", "restarting")


@dataclass
class Removal:
    """One removal; `steps` collects what was done. The caller holds the catalogue's lock."""

    catalogue: Catalogue
    in_use: InUse
    force: bool
    steps: list[Step]

    def run(self, ref: str) -> None:
        """Remove what `ref` names. Raises Conflict, and has changed nothing then."""
        image = self.catalogue.find(ref)
        if self.catalogue.is_name(ref) and "@" not in ref:
            self._by_name(image, reference.familiar(ref))
        elif self.catalogue.is_name(ref) and self._is_one_of_several(image, ref):
            self._untag_digest(reference.parse(ref).familiar)
        else:
            self._by_id(image)

    def _by_name(self, image: Image, name: str) -> None:
        users = self.in_use(image.id)
        if not self.force and len(image.names) <= 1 and users:
            raise Conflict(
                f'conflict: unable to remove repository reference "{name}" (must force) - container '
                f"{short(users[0].id)} is using its referenced image {short(image.id)}",
                hint=f"remove the container first: docker rm {short(users[0].id)}",
            )
        if name in image.names and (len(image.names) > 1 or self._digests_elsewhere(image, name)):
            self._untag(name)
            self._untag_digests(image, name)
            return
        self._delete(image, active_names=False)

    def _digests_elsewhere(self, image: Image, name: str) -> bool:
        """Whether another repository's digest still refers to the image."""
        own = reference.parse(name).name
        return any(reference.parse(digest).name != own for digest in image.digests)

    def _untag_digests(self, image: Image, name: str) -> None:
        """With the last tag of a repository go its digests."""
        own = reference.parse(name).name
        if any(reference.parse(other).name == own for other in image.names if other != name):
            return
        for digest in [each for each in image.digests if reference.parse(each).name == own]:
            self.catalogue.remove_digest(digest)
            self.steps.append(("Untagged", digest))

    def _by_id(self, image: Image) -> None:
        self._delete(image, active_names=len(_repositories(image)) > 1)

    def _is_one_of_several(self, image: Image, ref: str) -> bool:
        """Whether `ref` is a digest that a registry has the image by, and something else refers to it too."""
        return reference.parse(ref).familiar in image.digests and len(image.names) + len(image.digests) > 1

    def _untag_digest(self, digest: str) -> None:
        self.catalogue.remove_digest(digest)
        self.steps.append(("Untagged", digest))

    def _delete(self, image: Image, *, active_names: bool) -> None:
        self._check(image, active_names=active_names)
        for name in list(image.names):
            self._untag(name)
        self.steps += [("Untagged", name) for name in image.digests]
        self.catalogue.delete(image.id)
        self.steps.append(("Deleted", image.id))

    def _untag(self, name: str) -> None:
        self.catalogue.unname(name)
        self.steps.append(("Untagged", name))

    def _check(self, image: Image, *, active_names: bool) -> None:
        if self.catalogue.children(image.id):
            raise _conflict(image, "cannot be forced", "image has dependent child images")
        users = self.in_use(image.id)
        for user in users:
            if user.state.status in _LIVE:
                raise _conflict(
                    image, "cannot be forced", f"image is being used by running container {short(user.id)}"
                )
        if self.force:
            return
        if active_names:
            raise _conflict(image, "must be forced", "image is referenced in multiple repositories")
        if users:
            raise _conflict(
                image, "must be forced", f"image is being used by stopped container {short(users[0].id)}"
            )


def _repositories(image: Image) -> set[str]:
    return {reference.parse(name).name for name in [*image.names, *image.digests]}


def _conflict(image: Image, force: str, why: str) -> Conflict:
    return Conflict(f"conflict: unable to delete {short(image.id)} ({force}) - {why}")
