"""The `filters` parameter of lists: {"status": ["exited"]}, or the older {"status": {"exited": true}}.

Values of one key are alternatives, keys must all hold; several labels must all hold too. A key that a list
does not know is refused by name, never ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from hythe.errors import InvalidArgument


class Filters:
    """Parsed filters; an absent key accepts everything."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    @classmethod
    def parse(cls, text: str, allowed: Collection[str]) -> Filters:
        if not text:
            return cls({})
        try:
            document = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise InvalidArgument(f"the parameter filters is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise InvalidArgument("the parameter filters must be a JSON object")
        values = {key: _strings(key, value) for key, value in document.items()}
        for key in values:
            if key not in allowed:
                raise InvalidArgument(
                    f"invalid filter '{key}'", hint=f"known are {', '.join(sorted(allowed))}"
                )
        return cls(values)

    def get(self, key: str) -> list[str]:
        return self._values.get(key, [])

    def __contains__(self, key: str) -> bool:
        return bool(self._values.get(key))

    def __bool__(self) -> bool:
        return any(self._values.values())

    def any_of(self, key: str, candidates: Iterable[str]) -> bool:
        """One of the values is one of the candidates, or the key is absent."""
        wanted = self.get(key)
        return not wanted or bool(set(wanted) & set(candidates))

    def any_part(self, key: str, candidates: Iterable[str]) -> bool:
        """One of the values is a part of one of the candidates, or the key is absent."""
        wanted = self.get(key)
        return not wanted or any(value in candidate for candidate in candidates for value in wanted)

    def any_prefix(self, key: str, candidates: Iterable[str]) -> bool:
        wanted = self.get(key)
        return not wanted or any(candidate.startswith(value) for candidate in candidates for value in wanted)

    def flag(self, key: str) -> bool | None:
        """The one boolean of `key`, None if absent."""
        wanted = self.get(key)
        if not wanted:
            return None
        if len(wanted) == 1 and wanted[0].lower() in ("1", "true", "0", "false"):
            return wanted[0].lower() in ("1", "true")
        raise InvalidArgument(f"invalid filter '{key}={wanted}'", hint="write true or false")

    def labels_hold(self, labels: Mapping[str, str], key: str = "label") -> bool:
        """All wanted labels are there: "name" by name, "name=value" by both."""
        return all(_label_holds(wanted, labels) for wanted in self.get(key))

    def prunable_labels(self, labels: Mapping[str, str]) -> bool:
        """For prune: all of `label` hold and none of `label!`."""
        banned = self.get("label!")
        return self.labels_hold(labels) and not any(_label_holds(wanted, labels) for wanted in banned)


def _label_holds(wanted: str, labels: Mapping[str, str]) -> bool:
    name, separator, value = wanted.partition("=")
    return name in labels and (not separator or labels[name] == value)


def _strings(key: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        return [str(name) for name, wanted in value.items() if wanted]
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(item, (str, int, float, bool)) for item in value):
        return [str(item).lower() if isinstance(item, bool) else str(item) for item in value]
    raise InvalidArgument(f"invalid filter '{key}': its values must be strings")
