"""What a registry can answer instead of what it was asked for, in the words that docker's clients know.

Registries say why in a document of their own (distribution-spec, "Error Codes"): a code, "MANIFEST_UNKNOWN", and a
message. dockerd shows both: "manifest unknown: manifest unknown". Kept out: HTTP; `connection.py` raises these.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from hythe.errors import HytheError, NotFound
from hythe.oci.reference import Reference
from hythe.registry.challenge import Challenge

DENIED: Final = "DENIED"
UNAUTHORIZED: Final = "UNAUTHORIZED"
_UNKNOWN: Final = ("MANIFEST_UNKNOWN", "NAME_UNKNOWN")
_MESSAGES: Final = {
    DENIED: "requested access to the resource is denied",
    UNAUTHORIZED: "authentication required",
}
_BY_OAUTH: Final = {"invalid_token": UNAUTHORIZED, "insufficient_scope": DENIED}
_LENGTH: Final = 400


class RegistryProblem(HytheError):
    """A registry refused, cannot be reached, or sent what it must not."""


class Unreachable(RegistryProblem):
    """Nothing, or nothing in time, came from the registry: another attempt may do better."""


class PushProblem(RegistryProblem):
    """There is nothing here to be pushed under the name."""


class BadContent(RegistryProblem):
    """What the registry sent is not what it was to be: another digest, size or type."""


class Refused(RegistryProblem):
    """The registry's answer was an error; `code` is its own, "" where it gave none."""

    def __init__(self, status: int, code: str, message: str) -> None:
        words = code.lower().replace("_", " ")
        super().__init__(": ".join(part for part in (words, message) if part))
        self.status, self.code = status, code


class Unknown(NotFound):
    """The registry has no such image, as far as it lets one know."""


class _Error(Struct):
    code: str = ""
    message: str = ""


class _Body(Struct):
    """`details` is what registries and token servers write that keep to no specification."""

    errors: list[_Error] = []
    details: str = ""


def refusal(status: int, reason: str, body: bytes, challenges: list[Challenge]) -> Refused:
    """The error that an answer stands for."""
    for challenge in challenges:
        code = _BY_OAUTH.get(challenge.parameters.get("error", ""))
        if challenge.scheme == "bearer" and code:
            said = challenge.parameters.get("error_description") or _MESSAGES[code]
            return Refused(status, code, said[:_LENGTH])
    try:
        told = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = _Body()
    if told.errors:
        first = told.errors[0]
        return Refused(status, first.code[:_LENGTH], first.message[:_LENGTH])
    if status == 401:
        return Refused(status, UNAUTHORIZED, told.details[:_LENGTH] or _MESSAGES[UNAUTHORIZED])
    return Refused(status, "", told.details[:_LENGTH] or f"the registry answered {status} {reason}".rstrip())


def of_pull(error: Refused, wanted: Reference) -> HytheError:
    """The error as dockerd tells it to somebody who wanted the image."""
    name = wanted.familiar_name
    if error.code == DENIED:
        return Unknown(
            f"pull access denied for {name}, repository does not exist or may require 'docker login': {error}"
        )
    if error.code == "MANIFEST_UNKNOWN" or (error.status == 404 and not error.code):
        return Unknown(f"manifest for {wanted.familiar} not found: {_named(error)}")
    if error.code == "NAME_UNKNOWN":
        return Unknown(f"repository {name} not found: {error}")
    return error


def is_missing(error: Refused) -> bool:
    return error.status == 404 or error.code in _UNKNOWN


def _named(error: Refused) -> str:
    return str(error) if error.code else "manifest unknown: manifest unknown"
