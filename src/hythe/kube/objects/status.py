"""`ApiError`: a failure as Kubernetes tells it, with the code, reason, message and details of a `Status` object.

Clients tell failures apart by `reason` (and `details.causes`), people read `message`; both are Kubernetes' own words.
The functions below make each of the errors that the API machinery knows (apimachinery, pkg/api/errors). They take a
resource or kind with its group behind a dot, as Kubernetes prints it: `pods`, `deployments.apps`, `Deployment.apps`.

The API server answers with `ApiError.status()`; a client makes the same error of the answer again
(`ApiError.from_status`). HTTP headers (`Retry-After`, `WWW-Authenticate`) are the server's affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from hythe.errors import HytheError
from hythe.kube.objects.types import Object

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


class Cause(NamedTuple):
    """One thing that is wrong with one field.

    `reason` is Kubernetes' cause type (`FieldValueInvalid`, ...), `message` what is wrong, `field` the path of the
    field (`spec.ports[0].name`), empty when the cause is of no field.
    """

    reason: str
    message: str
    field: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message

    def as_object(self) -> Object:
        pairs = (("reason", self.reason), ("message", self.message), ("field", self.field))
        return {key: value for key, value in pairs if value}


class ApiError(HytheError):
    """A request failed; `code` is the HTTP status, `reason` Kubernetes' word for it, `details` a StatusDetails."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason
        self.details: Object = details or {}

    def status(self) -> Object:
        """The `Status` object that an API server answers with."""
        said: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        if self.message:
            said["message"] = self.message
        if self.reason:
            said["reason"] = self.reason
        if self.details:
            said["details"] = self.details
        return {**said, "code": self.code}

    @classmethod
    def from_status(cls, status: Object, code: int = 0) -> ApiError:
        """What a server answered; `code` is the HTTP status where the object names none."""
        details = status.get("details")
        return cls(
            int(status.get("code") or code),
            str(status.get("reason") or ""),
            str(status.get("message") or ""),
            details if isinstance(details, dict) else None,
        )

    @property
    def causes(self) -> list[Cause]:
        found = self.details.get("causes") or []
        return [Cause(c.get("reason", ""), c.get("message", ""), c.get("field", "")) for c in found]

    @property
    def retry_after(self) -> int:
        """Seconds to wait before another try; 0 if none are said."""
        return int(self.details.get("retryAfterSeconds") or 0)


def _details(qualified: str, name: str = "", **more: Any) -> Object:
    kind, _, group = qualified.partition(".")
    pairs = {"name": name, "group": group, "kind": kind, **more}
    return {key: value for key, value in pairs.items() if value}


def not_found(resource: str, name: str) -> ApiError:
    """There is no such object."""
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', _details(resource, name))


def no_such_path() -> ApiError:
    """Nothing is served at this URL."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: str, name: str) -> ApiError:
    message = f'{resource} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(resource, name))


def generate_name_conflict(resource: str, name: str) -> ApiError:
    """Every name tried for a generateName was taken."""
    message = f'{resource} "{name}" already exists, the server was not able to generate a unique name for the object'
    return ApiError(409, "AlreadyExists", message, _details(resource, name, retryAfterSeconds=1))


def conflict(resource: str, name: str, why: str = MODIFIED) -> ApiError:
    """Somebody else was first; by default, the resourceVersion sent is not the one stored."""
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def apply_conflict(message: str, causes: Iterable[Cause]) -> ApiError:
    """Server-side apply would take fields that other managers own (`causes`: FieldManagerConflict)."""
    return ApiError(409, "Conflict", message, {"causes": [cause.as_object() for cause in causes]})


def invalid(kind: str, name: str, causes: Iterable[Cause]) -> ApiError:
    """The object cannot be: `causes` says of each field why. `kind` as in `Deployment.apps`."""
    causes = list(causes)
    said = list(dict.fromkeys(str(cause) for cause in causes))
    text = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    message = f'{kind} "{name}" is invalid' + (f": {text}" if said else "")
    return ApiError(
        422, "Invalid", message, _details(kind, name, causes=[cause.as_object() for cause in causes])
    )


def bad_request(message: str) -> ApiError:
    """The request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized(message: str = "Unauthorized") -> ApiError:
    """It is not known who asks."""
    return ApiError(401, "Unauthorized", message)


def forbidden(resource: str, name: str, why: str) -> ApiError:
    """Who asks may not do this, or a policy (quota, limits, namespace) stands against it."""
    if not resource:
        said = f"forbidden: {why}"
    elif not name:
        said = f"{resource} is forbidden: {why}"
    else:
        said = f'{resource} "{name}" is forbidden: {why}'
    return ApiError(403, "Forbidden", said, _details(resource, name))


def method_not_allowed(resource: str, action: str) -> ApiError:
    """The resource has no such verb; `action` is one of Kubernetes' words (`create`, `patch`, `deletecollection`)."""
    message = f'{action} is not supported on resources of kind "{resource}"'
    return ApiError(405, "MethodNotAllowed", message, _details(resource))


def method_unknown() -> ApiError:
    """The path takes no such HTTP method at all."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable(accepted: Iterable[str]) -> ApiError:
    """No media type that the client takes can be given."""
    message = f"only the following media types are accepted: {', '.join(accepted)}"
    return ApiError(406, "NotAcceptable", message)


def expired(message: str = "The resourceVersion for the provided watch is too old.") -> ApiError:
    """The revision asked for is compacted: list again."""
    return ApiError(410, "Expired", message)


def gone(message: str) -> ApiError:
    return ApiError(410, "Gone", message)


def too_large(message: str) -> ApiError:
    """The body is above the limit; for a limit of 3 MiB Kubernetes says `limit is 3145728`."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {message}")


def unsupported_media_type(accepted: Iterable[str]) -> ApiError:
    """The body is of a type that is not read here."""
    listed = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return ApiError(415, "UnsupportedMediaType", message)


def too_many_requests(message: str, retry_after: int = 0, causes: Iterable[Cause] = ()) -> ApiError:
    """Try again later; for an eviction that a disruption budget forbids, with its cause."""
    details: Object = {"retryAfterSeconds": retry_after, "causes": [cause.as_object() for cause in causes]}
    return ApiError(429, "TooManyRequests", message, {key: value for key, value in details.items() if value})


def internal_error(why: str) -> ApiError:
    details = {"causes": [{"message": why}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {why}", details)


def server_timeout(resource: str, operation: str, retry_after: int = 0) -> ApiError:
    """A passing condition stood in the way of `operation` (`list`, `create`, ...)."""
    message = (
        f"The {operation} operation against {resource} could not be completed at this time, please try again."
    )
    return ApiError(
        500, "ServerTimeout", message, _details(resource, operation, retryAfterSeconds=retry_after)
    )


def service_unavailable(message: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", message)


def timeout(message: str, retry_after: int = 0) -> ApiError:
    """The time allowed was over before an answer was there; the request may still be carried out."""
    details = {"retryAfterSeconds": retry_after} if retry_after else None
    return ApiError(504, "Timeout", f"Timeout: {message}", details)
