"""Registries: logging in, pushing, asking what is there, searching. Pulling is in `routes_images_transfer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from hythe.api.docker.errors import json_response
from hythe.api.docker.filters import Filters
from hythe.api.docker.parameters import Parameters
from hythe.api.docker.registry_auth import AuthConfig, credentials_for_pull, credentials_for_push
from hythe.api.docker.routing import Route
from hythe.api.docker.streaming import send_progress
from hythe.errors import InvalidArgument

if TYPE_CHECKING:
    from hythe.api.docker.call import Call
    from hythe.registry.search import Result

_DEFAULT_LIMIT: Final = 25
_MOST: Final = 100


async def auth(call: Call) -> web.StreamResponse:
    body = await call.body(AuthConfig)
    token = await call.engine.registries.login(body.serveraddress, body.credentials)
    return json_response({"IdentityToken": token, "Status": "Login Succeeded"})


async def push(call: Call) -> web.StreamResponse:
    """Without the parameter `tag` all tags of the repository are meant."""
    name, tag = call.params["name"], call.text("tag")
    credentials = credentials_for_push(call)
    messages = call.engine.registries.push(f"{name}:{tag}" if tag else name, credentials, all_tags=not tag)
    return await send_progress(call, messages, wait=True)


async def distribution(call: Call) -> web.StreamResponse:
    credentials = credentials_for_pull(call)
    descriptor, platforms = await call.engine.registries.distribution(call.params["name"], credentials)
    return json_response({"Descriptor": descriptor, "Platforms": platforms})


async def search(call: Call) -> web.StreamResponse:
    filters, limit = call.filters(), call.number("limit")
    wanted = limit or _DEFAULT_LIMIT
    if not 1 <= wanted <= _MOST:
        raise InvalidArgument(f"Limit {wanted} is outside the range of [1, {_MOST}]")
    term = call.text("term")
    if not term:
        raise InvalidArgument("the parameter term is missing: what is to be searched for?")
    found = await call.engine.registries.search(term, wanted, credentials_for_pull(call))
    return json_response([result for result in found if _fits(result, filters)])


def _fits(result: Result, filters: Filters) -> bool:
    official, automated = filters.flag("is-official"), filters.flag("is-automated")
    stars = filters.get("stars")
    try:
        enough = not stars or result.star_count >= max(int(each) for each in stars)
    except ValueError as error:
        raise InvalidArgument(f"Invalid filter 'stars={stars[0]}'") from error
    return (
        enough
        and (official is None or official == result.is_official)
        and (automated is None or automated == result.is_automated)
    )


ROUTES: Final = (
    Route("POST", "/auth", auth, "Log in to a registry", Parameters(body=AuthConfig)),
    Route(
        "POST",
        "/images/{name:path}/push",
        push,
        "Push an image",
        Parameters(("tag",), refused=("platform",)),
    ),
    Route("GET", "/distribution/{name:path}/json", distribution, "Ask a registry what it has"),
    Route(
        "GET",
        "/images/search",
        search,
        "Search a registry",
        Parameters(("limit", "term"), ("is-automated", "is-official", "stars")),
    ),
)
