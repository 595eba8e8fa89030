"""Device rules that every container has, whatever its configuration forbids: those of the devices it is given.

A configuration may well say "no device at all" and mean "none but the usual" (config-linux.md, Default Devices;
runc adds the same). So a container begins with none, then come its own rules, then these.
"""

from __future__ import annotations

from typing import Any

_NUMBERS = ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1), (10, 200))


def rules(own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """linux.resources.devices, complete."""
    made = [{"allow": True, "type": kind, "access": "m"} for kind in "cb"]
    used = [
        {"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"}
        for major, minor in _NUMBERS
    ]
    return [{"allow": False, "access": "rwm"}, *own, *made, *used]
