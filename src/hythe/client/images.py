"""Images: listing, naming, removing, moving as archives, building and pulling.

Long operations give an iterator of the daemon's progress messages ({"stream": ...}, {"status": ...},
{"aux": ...}); an {"error": ...} among them is raised as SystemProblem by `checked`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hythe.client.http1 import Body
from hythe.client.transport import Json, Objects, Transport
from hythe.errors import HytheError, InvalidArgument, NotFound, SystemProblem, Unsupported

Filters = Mapping[str, Sequence[str]]


class Images:
    """The /images part of the API, and /build."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, all: bool = False, filters: Filters | None = None) -> Objects:
        """ImageSummary objects, newest first."""
        query = {"all": all, "filters": dict(filters) if filters else None}
        answer: Objects = self._transport.call("GET", "/images/json", query)
        return answer or []

    def inspect(self, ref: str, *, platform: str | None = None) -> Json:
        answer: Json = self._transport.call(
            "GET", f"/images/{ref}/json", {"platform": platform_json(platform)}
        )
        return answer

    def exists(self, ref: str) -> bool:
        try:
            self.inspect(ref)
        except NotFound:
            return False
        return True

    def history(self, ref: str, *, platform: str | None = None) -> Objects:
        """HistoryResponseItem objects, newest first."""
        query = {"platform": platform_json(platform)}
        answer: Objects = self._transport.call("GET", f"/images/{ref}/history", query)
        return answer or []

    def tag(self, ref: str, name: str) -> None:
        """Give it a further name, "repository:tag"."""
        repository, tag = split_tag(name)
        self._transport.call("POST", f"/images/{ref}/tag", {"repo": repository, "tag": tag or "latest"})

    def remove(
        self, ref: str, *, force: bool = False, no_prune: bool = False, platforms: Sequence[str] = ()
    ) -> Objects:
        """{"Untagged": name} and {"Deleted": id}, in the order in which it was done."""
        query = {
            "force": force or None, "noprune": no_prune or None,
            "platforms": [platform_json(each) for each in platforms],
        }  # fmt: skip
        answer: Objects = self._transport.call("DELETE", f"/images/{ref}", query)
        return answer or []

    def prune(self, filters: Filters | None = None) -> Json:
        """Remove the unused ones: ImagesDeleted, SpaceReclaimed."""
        query = {"filters": dict(filters) if filters else None}
        answer: Json = self._transport.call("POST", "/images/prune", query)
        return answer

    def save(self, refs: Sequence[str], *, platform: str | None = None) -> Iterator[bytes]:
        """One docker-archive tar with all of them."""
        query = {"names": list(refs), "platform": platform_json(platform)}
        return self._transport.stream("GET", "/images/get", query)[1]

    def load(self, archive: Body, *, quiet: bool = False, platform: str | None = None) -> Iterator[Json]:
        query = {"quiet": quiet, "platform": platform_json(platform)}
        headers = {"Content-Type": "application/x-tar"}
        return checked(self._transport.json_lines("POST", "/images/load", query, archive, headers))

    def import_(
        self, archive: Body, name: str = "", *, message: str | None = None, changes: Sequence[str] = (),
        platform: str | None = None,
    ) -> Iterator[Json]:  # fmt: skip
        """An image of one layer from the tar of a root file system; the last "status" is its id."""
        repository, tag = split_tag(name)
        query = {
            "fromSrc": "-", "repo": repository or None, "tag": tag or None, "message": message,
            "changes": list(changes), "platform": platform,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-tar"}
        return checked(self._transport.json_lines("POST", "/images/create", query, archive, headers))

    def pull(
        self, name: str, *, platform: str | None = None, auth: Json | None = None, all_tags: bool = False
    ) -> Iterator[Json]:
        """Fetch "repository[:tag|@digest]" from its registry."""
        repository, tag = split_tag(name)
        query = {
            "fromImage": repository, "tag": None if all_tags else tag or "latest", "platform": platform,
        }  # fmt: skip
        return checked(self._transport.json_lines("POST", "/images/create", query, None, authorization(auth)))

    def push(self, name: str, *, auth: Json | None = None, all_tags: bool = False) -> Iterator[Json]:
        repository, tag = split_tag(name)
        query = {"tag": None if all_tags else tag or "latest"}
        path = f"/images/{repository}/push"
        return checked(self._transport.json_lines("POST", path, query, None, authorization(auth or {})))

    def search(
        self, term: str, *, limit: int | None = None, filters: Filters | None = None, auth: Json | None = None
    ) -> Objects:
        """ImageSearchResponseItem objects: name, description, star_count, is_official."""
        query = {"term": term, "limit": limit, "filters": dict(filters) if filters else None}
        answer: Objects = self._transport.call("GET", "/images/search", query, headers=authorization(auth))
        return answer or []

    def build(
        self, context: Body, options: Mapping[str, object], *, auths: Mapping[str, Json] | None = None
    ) -> Iterator[Json]:
        """Build from a tar; `options` are the API's own query parameters of ImageBuild (t, dockerfile, ...).

        "buildargs" and "labels" may be given as dictionaries. `auths` are credentials for base images, by the address
        of their registry. Failures of a step arrive as SystemProblem.
        """
        headers = {"Content-Type": "application/x-tar", **authorizations(auths)}
        return checked(self._transport.json_lines("POST", "/build", options, context, headers))


class StepFailed(SystemProblem):
    """A command of a build ended with `code`."""

    def __init__(self, message: str, *, code: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


def checked(messages: Iterable[Json]) -> Iterator[Json]:
    """The messages, until one that says that it failed: that one is raised."""
    for message in messages:
        if "error" in message or "errorDetail" in message:
            raise _problem(message)
        yield message


def platform_json(text: str | None) -> Json | None:
    """ "linux/arm64/v8" as the newer parts of the API take it."""
    if not text:
        return None
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise InvalidArgument(
            f"invalid platform {text!r}", hint="write OS/ARCH[/VARIANT], such as linux/amd64"
        )
    return dict(zip(("os", "architecture", "variant"), parts, strict=False))


def split_tag(name: str) -> tuple[str, str]:
    """("repository", "tag or sha256:digest or nothing"); a registry's port is no tag."""
    repository, at, digest = name.partition("@")
    if at:
        return repository, digest
    repository, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return repository, tag
    return name, ""


def _problem(message: Json) -> HytheError:
    detail = message.get("errorDetail") or {}
    text = str(detail.get("message") or message.get("error"))
    code, hint = detail.get("code") or 0, detail.get("hint")
    if 0 < code < 256:
        return StepFailed(text, code=code, hint=hint)
    return (Unsupported if code == 501 else SystemProblem)(text, hint=hint)


def authorization(auth: Mapping[str, object] | None) -> dict[str, str]:
    """The header with the credentials for a registry; {} for anonymous."""
    return {} if auth is None else {"X-Registry-Auth": _base64(dict(auth))}


def authorizations(auths: Mapping[str, Json] | None) -> dict[str, str]:
    """The header with those for several, by their addresses."""
    return {"X-Registry-Config": _base64(dict(auths))} if auths else {}


def _base64(value: object) -> str:
    import base64  # only here is it needed, and every command pays for what is imported above

    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
