"""What is wrong with an object, gathered: the causes of `objects.problems`, in the order in which they were found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hythe.kube.objects import problems
from hythe.kube.objects.status import Cause

MIN_ZERO: Final = "must be greater than or equal to 0"
IMMUTABLE: Final = "field is immutable"


class Report:
    """The causes found so far. Each method adds the one that it is named after."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def required(self, path: str, detail: str = "") -> None:
        self.causes.append(problems.required(path, detail))

    def invalid(self, path: str, value: Any, detail: str = "") -> None:
        self.causes.append(problems.invalid(path, value, detail))

    def senseless(self, path: str, detail: str) -> None:
        """An `invalid` of what has no value to show."""
        self.causes.append(Cause("FieldValueInvalid", f"Invalid value: {detail}", path))

    def problems(self, path: str, value: Any, details: Iterable[str]) -> None:
        """One `invalid` for each detail."""
        for detail in details:
            self.invalid(path, value, detail)

    def forbidden(self, path: str, detail: str) -> None:
        self.causes.append(problems.forbidden(path, detail))

    def duplicate(self, path: str, value: Any) -> None:
        self.causes.append(problems.duplicate(path, value))

    def not_found(self, path: str, value: Any) -> None:
        self.causes.append(problems.not_found(path, value))

    def not_supported(self, path: str, value: Any, supported: Iterable[str]) -> None:
        self.causes.append(problems.not_supported(path, value, supported))

    def too_long(self, path: str, most: int) -> None:
        self.causes.append(problems.too_long(path, most))

    def too_many(self, path: str, found: int, most: int) -> None:
        self.causes.append(problems.too_many(path, found, most))

    def immutable(self, path: str, new: Any, old: Any) -> None:
        """A field that may not change, if it has."""
        if new != old:
            self.invalid(path, new, IMMUTABLE)
