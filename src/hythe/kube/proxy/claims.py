"""Who has which place: two Services may ask for one external address and port, one of them gets it.

The first keeps it for as long as it wants it; the others are told to look again when it lets go. Pure.
"""

from __future__ import annotations

from hythe.kube.proxy.chains import Place, Rules

Key = tuple[str, str]


class Claims:
    """Places and their owners, Services by (namespace, name)."""

    def __init__(self) -> None:
        self._owner: dict[Place, Key] = {}
        self._owned: dict[Key, set[Place]] = {}
        self._waiting: dict[Place, set[Key]] = {}

    def settle(self, key: Key, rules: Rules) -> tuple[set[Key], list[tuple[Place, Key]]]:
        """Take out of `rules` what others have. Returns those who should look again, and what was refused."""
        again: set[Key] = set()
        for place in self._owned.pop(key, set()) - set(rules.leads):
            del self._owner[place]
            again |= self._waiting.pop(place, set())
        refused: list[tuple[Place, Key]] = []
        for place in list(rules.leads):
            owner = self._owner.setdefault(place, key)
            if owner != key:
                refused.append((place, owner))
                self._waiting.setdefault(place, set()).add(key)
                del rules.leads[place]
        if rules.leads:
            self._owned[key] = set(rules.leads)
        return again - {key}, refused
