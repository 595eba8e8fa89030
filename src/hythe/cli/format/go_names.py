"""An object of the API under the names that Go's structures have, for templates: `.ID` for "id", `.APIVersion`.

As JSON it is the object. Only the names that differ by more than nothing are listed; the rest are the API's own.
"""

from __future__ import annotations

from typing import Any, Final

_NAMES: Final = {
    "Status": "status", "ID": "id", "From": "from", "Scope": "scope", "Time": "time", "TimeNano": "timeNano",
    "APIVersion": "ApiVersion", "DefaultAPIVersion": "ApiVersion",
}  # fmt: skip


class GoNames(dict[str, Any]):
    """Fields are found under Go's names too, where the API's are not there."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or super().__contains__(_NAMES.get(str(name)))

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name if super().__contains__(name) else _NAMES.get(name, name))
