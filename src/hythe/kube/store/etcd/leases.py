"""Keys that end: etcd deletes what is attached to a lease when that ends, and a lease costs it something.

So keys that end at about the same time share one, as Kubernetes' API server has it too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from hythe.kube.store.etcd.channel import Channel
from hythe.kube.store.etcd.messages import message

_KEPT: Final = 64


class Leases:
    """`lease`: for a key that is to live `ttl` seconds; 0, etcd's word for none, if it is to stay."""

    def __init__(self, channel: Channel, end_of_life: Callable[[float, float], int]) -> None:
        self._channel, self._end_of_life = channel, end_of_life
        self._by_end: dict[int, int] = {}

    async def lease(self, ttl: float | None) -> int:
        if ttl is None:
            return 0
        now = time.time()
        end = self._end_of_life(now, ttl)
        found = self._by_end.get(end)
        if found is None:
            asked = message("LeaseGrantRequest")(TTL=max(1, math.ceil(end - now)))
            found = int((await self._channel.call("LeaseGrant", asked)).ID)
            self._by_end = {when: lease for when, lease in self._by_end.items() if when > now}
            if len(self._by_end) < _KEPT:
                self._by_end[end] = found
        return found
