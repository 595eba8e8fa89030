"""The credentials that clients send with a request: X-Registry-Auth, and X-Registry-Config for a build.

JSON in URL-safe base64 (Engine API, "Authentication"). For a pull what cannot be read counts as nobody, as dockerd has
it: there are clients that send it broken for public images.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from msgspec import Struct

from hythe.errors import InvalidArgument
from hythe.registry.credentials import NOBODY, Credentials

if TYPE_CHECKING:
    from hythe.api.docker.call import Call

T = TypeVar("T")

_HEADER: Final = "X-Registry-Auth"
_BUILD_HEADER: Final = "X-Registry-Config"


class AuthConfig(Struct, rename="lower"):
    """One registry's entry, in a header and in the body of POST /auth. `auth` is "name:password" in base64."""

    username: str = ""
    password: str = ""
    auth: str = ""
    email: str = ""
    serveraddress: str = ""
    identitytoken: str = ""
    registrytoken: str = ""

    @property
    def credentials(self) -> Credentials:
        username, password = self.username, self.password
        if self.auth and not username:
            username, _, password = _unpacked(self.auth).decode(errors="replace").partition(":")
        return Credentials(username, password, self.identitytoken, self.registrytoken)


def credentials_for_pull(call: Call) -> Credentials:
    """Nobody where there are none, or none that can be read."""
    try:
        return _decoded(call.request.headers.get(_HEADER, ""), AuthConfig).credentials
    except InvalidArgument:
        return NOBODY


def credentials_for_push(call: Call) -> Credentials:
    """Raises InvalidArgument where there are none: a push without the header is a client's mistake."""
    text = call.request.headers.get(_HEADER, "")
    if not text:
        raise InvalidArgument("Bad parameters and missing X-Registry-Auth: EOF")
    return _decoded(text, AuthConfig).credentials


def credentials_for_build(call: Call) -> dict[str, Credentials]:
    """By registry, as the client's configuration names them."""
    try:
        entries = _decoded(call.request.headers.get(_BUILD_HEADER, ""), dict[str, AuthConfig])
    except InvalidArgument:
        return {}
    return {name: entry.credentials for name, entry in entries.items()}


def _decoded(text: str, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(_unpacked(text) or b"{}", type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"the credentials in the request cannot be read: {error}") from error


def _unpacked(text: str) -> bytes:
    """URL-safe base64 with or without padding, and the other alphabet too."""
    plain = text.strip().replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(plain.rstrip("=") + "=" * (-len(plain.rstrip("=")) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument(f"the credentials in the request are not base64: {error}") from error
