"""Images: list, inspect, history, tag, remove, prune."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.filters import Filters
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.translate.images_json import (
    created_at,
    history_json,
    image_json,
    image_summary,
    labels,
)
from hythe.api.docker.translate.prune import older_than
from hythe.api.docker.translate.versions import image_for
from hythe.errors import Conflict, InvalidArgument
from hythe.oci.reference import parse

if TYPE_CHECKING:
    from hythe.api.docker.call import Call
    from hythe.store.images import Image

# No image here is a step of a build, digests are always told, and no image has an untagged parent.
_LIST: Final = Parameters(
    ("filter", "shared-size"),
    filters=("before", "dangling", "label", "reference", "since", "until"),
    no_effect=("all", "digests"),
    refused=("manifests",),
)
_PRUNE: Final = Parameters(filters=("dangling", "label", "label!", "until"))
_REMOVE: Final = Parameters(("force",), no_effect=("noprune",), refused=("platforms",))


async def list_(call: Call) -> web.StreamResponse:
    filters, images = call.filters(), call.engine.images
    found = sorted(images.list(), key=created_at, reverse=True)
    before = [created_at(images.get(ref)) for ref in filters.get("before")]
    since = [created_at(images.get(ref)) for ref in filters.get("since")]
    old = older_than(filters)
    shown = [
        image
        for image in found
        if all(created_at(image) < limit for limit in before)
        and all(created_at(image) > limit for limit in since)
        and old(created_at(image))
        and _matches(image, filters)
        and all(_fits(image, pattern) for pattern in _name_asked_for(call))
    ]
    patterns = [*filters.get("reference"), *_name_asked_for(call)]
    shared = await images.shared_sizes() if call.flag("shared-size") else {}
    return json_response(
        [
            image_for(call.version, image_summary(_named(image, patterns), shared=shared.get(image.id, -1)))
            for image in shown
        ]
    )


def _name_asked_for(call: Call) -> list[str]:
    """Before 1.41 a pattern could stand in a parameter of its own."""
    pattern = call.text("filter")
    return [pattern] if pattern and call.version < (1, 41) else []


def _named(image: Image, patterns: Sequence[str]) -> Image:
    """The image with only those of its names that were asked for."""
    if not patterns:
        return image
    names = [name for name in image.names if any(_name_fits(name, pattern) for pattern in patterns)]
    return msgspec.structs.replace(image, names=names)


def _matches(image: Image, filters: Filters) -> bool:
    dangling = filters.flag("dangling")
    return (
        (dangling is None or dangling == (not image.names))
        and filters.labels_hold(labels(image))
        and (not filters.get("reference") or any(_fits(image, p) for p in filters.get("reference")))
    )


def _fits(image: Image, pattern: str) -> bool:
    return any(_name_fits(name, pattern) for name in image.names)


def _name_fits(name: str, pattern: str) -> bool:
    """A pattern is compared with "name" and "name:tag" in the familiar and the full form."""
    forms = {str(parse(name)), parse(name).familiar}
    forms |= {form.rpartition(":")[0] for form in forms if ":" in form.rpartition("/")[2]}
    return any(fnmatchcase(form, pattern) for form in forms)


async def inspect(call: Call) -> web.StreamResponse:
    return json_response(image_for(call.version, image_json(call.engine.images.get(call.params["name"]))))


async def history(call: Call) -> web.StreamResponse:
    image = call.engine.images.get(call.params["name"])
    return json_response(history_json(image, call.engine.images.layer_sizes(image)))


async def tag(call: Call) -> web.StreamResponse:
    repository, tag = call.text("repo"), call.text("tag")
    if not repository:
        raise InvalidArgument("the parameter repo is missing: which name is the image to have?")
    await call.engine.images.tag(call.params["name"], f"{repository}:{tag}" if tag else repository)
    return web.Response(status=201)


async def remove(call: Call) -> web.StreamResponse:
    steps = await call.engine.images.remove(call.params["name"], force=call.flag("force"))
    return json_response([{kind: what} for kind, what in steps])


async def prune(call: Call) -> web.StreamResponse:
    """Images without a name and without a container; with dangling=false also those that have names."""
    filters = call.filters()
    named, old = filters.flag("dangling") is False, older_than(filters)
    used = {container.image_id for container in call.engine.containers.list()}
    before = await call.engine.images.layers_size()
    deleted = []
    for image in call.engine.images.list():
        if image.id in used or (image.names and not named) or not old(created_at(image)):
            continue
        if not filters.prunable_labels(labels(image)):
            continue
        try:
            steps = await call.engine.images.remove(image.id, force=True)
        except Conflict:
            continue
        deleted += [{kind: what} for kind, what in steps]
    freed = max(before - await call.engine.images.layers_size(), 0)
    return json_response({"ImagesDeleted": deleted or None, "SpaceReclaimed": freed})


ROUTES: Final = (
    Route("GET", "/images/json", list_, "List images", _LIST),
    Route("POST", "/images/prune", prune, "Remove unused images", _PRUNE),
    Route(
        "GET",
        "/images/{name:path}/json",
        inspect,
        "Inspect an image",
        Parameters(refused=("manifests", "platform")),
    ),
    Route(
        "GET",
        "/images/{name:path}/history",
        history,
        "History of an image",
        Parameters(refused=("platform",)),
    ),
    Route("POST", "/images/{name:path}/tag", tag, "Give an image a name", Parameters(("repo", "tag"))),
    Route("DELETE", "/images/{name:path}", remove, "Remove an image, or one of its names", _REMOVE),
)
