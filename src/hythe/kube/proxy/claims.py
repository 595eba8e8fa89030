"""Who has which key of the shared maps: two Services may ask for one external address and port, one of them gets it.

The first keeps it for as long as it wants it; the others are told to look again when it lets go. Pure.
"""

from __future__ import annotations

from hythe.kube.proxy.chains import Element, Rules

Key = tuple[str, str]


class Claims:
    """Elements and their owners, Services by (namespace, name)."""

    def __init__(self) -> None:
        self._owner: dict[Element, Key] = {}
        self._owned: dict[Key, set[Element]] = {}
        self._waiting: dict[Element, set[Key]] = {}

    def settle(self, key: Key, rules: Rules) -> tuple[set[Key], list[tuple[Element, Key]]]:
        """Take out of `rules` what others have. Returns those who should look again, and what was refused."""
        wanted = {_place(element) for element in rules.elements}
        freed = self._owned.get(key, set()) - wanted
        again: set[Key] = set()
        for place in freed:
            del self._owner[place]
            again |= self._waiting.pop(place, set())
        refused: list[tuple[Element, Key]] = []
        for element in list(rules.elements):
            place = _place(element)
            owner = self._owner.setdefault(place, key)
            if owner != key:
                refused.append((element, owner))
                self._waiting.setdefault(place, set()).add(key)
                del rules.elements[element]
        self._owned[key] = {_place(element) for element in rules.elements}
        if not self._owned[key]:
            del self._owned[key]
        return again - {key}, refused


def _place(element: Element) -> Element:
    """An address and port is one place, whether it leads somewhere or is refused."""
    return element[0].removeprefix("absent_"), element[1]
