"""Logging in: are the credentials good, and is there a token that can be kept instead of the password?"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from hythe.errors import InvalidArgument
from hythe.oci.reference import DEFAULT_REGISTRY
from hythe.registry.connection import Connection
from hythe.registry.credentials import Credentials
from hythe.registry.failures import Refused, RegistryProblem
from hythe.registry.reaching import reach
from hythe.registry.settings import Settings
from hythe.registry.tokens import NoCredentials

_DOCKER_HUB: Final = ("index.docker.io", "registry-1.docker.io", "docker.io", "")


def registry_of(address: str) -> str:
    """The registry that "https://index.docker.io/v1/", "localhost:5000" or "https://r.example" mean."""
    try:
        host = urlsplit(address if "://" in address else f"//{address}").netloc
    except ValueError:
        host = " "
    if "@" in host or " " in host:
        raise InvalidArgument(f"invalid registry address {address!r}", hint="write HOST or HOST:PORT")
    return DEFAULT_REGISTRY if host in _DOCKER_HUB else host


async def login(address: str, credentials: Credentials, settings: Settings) -> str:
    """An identity token, "" where the registry gives none. Raises RegistryProblem for credentials that are no good."""
    async with reach(registry_of(address), credentials, settings) as connection:
        await _check(connection)
        return connection.tokens.refresh_token


async def _check(connection: Connection) -> None:
    url = f"{connection.endpoint.url}/v2/"
    try:
        await connection.tokens.header([], offline=True)  # a token for no repository, which shows who we are
        async with connection.request("GET", "/v2/"):
            pass
    except NoCredentials as error:
        raise RegistryProblem(f"{url} wants a name and a password", hint="give both") from error
    except Refused as error:
        told = _phrase(error.status)
        raise RegistryProblem(
            f"login attempt to {url} failed with status: {error.status} {told}".rstrip()
        ) from error


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
