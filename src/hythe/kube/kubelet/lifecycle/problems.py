"""Why a container or a sandbox could not be started: the reason is what the pod's status shows as *waiting*."""

from __future__ import annotations

from hythe.errors import HytheError


class StartProblem(HytheError):
    """`reason`: CreateContainerConfigError, CreateContainerError, RunContainerError, PostStartHookError...

    `retry`: seconds until the next try.
    """

    def __init__(self, reason: str, message: str, retry: float) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry = retry


class SandboxProblem(HytheError):
    """The pod's sandbox could not be made."""
