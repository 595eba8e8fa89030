"""What a repository has: the list of its tags, page by page (distribution-spec, "Listing Tags")."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from msgspec import Struct

from hythe.oci.reference import Reference, is_tag
from hythe.registry.answers import decoded
from hythe.registry.connection import Connection
from hythe.registry.credentials import Credentials
from hythe.registry.failures import BadContent, Refused, of_pull
from hythe.registry.manifests import pulling
from hythe.registry.reaching import first
from hythe.registry.settings import Settings

_PAGE: Final = 1000
_PAGES: Final = 100


class _Tags(Struct):
    tags: list[str] | None = None


async def all_tags(wanted: Reference, credentials: Credentials, settings: Settings) -> list[Reference]:
    """The repository with each of its tags. Raises what `failures` has."""

    async def ask(connection: Connection) -> list[str]:
        return await _tags(connection, wanted.repository)

    try:
        async with first(wanted.registry, credentials, settings, ask) as (_, tags):
            return [replace(wanted, tag=tag) for tag in tags]
    except Refused as error:
        raise of_pull(error, wanted) from error


async def _tags(connection: Connection, repository: str) -> list[str]:
    found: list[str] = []
    path: str | None = f"/v2/{repository}/tags/list?n={_PAGE}"
    for _ in range(_PAGES):
        if path is None:
            return found
        async with connection.request("GET", path, scopes=pulling(repository)) as response:
            data = await connection.read(response)
            following = [str(link["url"]) for name, link in response.links.items() if name == "next"]
        page = decoded(data, _Tags, f"the list of tags of {repository}")
        found += [tag for tag in page.tags or [] if is_tag(tag)]
        path = following[0] if following else None
    raise BadContent(f"the list of tags of {repository} has more than {_PAGES} pages")
