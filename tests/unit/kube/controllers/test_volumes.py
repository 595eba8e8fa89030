"""Claims and volumes: which suit each other, and how they are bound and let go."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES
from hythe.kube.controllers.volume.controller import PersistentVolumeController
from hythe.kube.controllers.volume.matching import best
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended


def volume(name: str, size: str = "1Gi", *modes: str, **spec: Any) -> Object:
    wanted = {"capacity": {"storage": size}, "accessModes": list(modes or ("ReadWriteOnce",)), **spec}
    return {"metadata": {"name": name, "labels": {"disk": name}}, "spec": wanted}


def claim(name: str = "c", size: str = "1Gi", **spec: Any) -> Object:
    wanted = {"resources": {"requests": {"storage": size}}, "accessModes": ["ReadWriteOnce"], **spec}
    return {"metadata": {"name": name, "namespace": "shop", "uid": name}, "spec": wanted}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (claim(), "small"),
        (claim(size="2Gi"), "large"),
        (claim(size="9Gi"), None),
        (claim(accessModes=["ReadWriteMany"]), "shared"),
        (claim(storageClassName="fast"), "fast"),
        (claim(selector={"matchLabels": {"disk": "large"}}), "large"),
        (claim(volumeMode="Block"), None),
        (claim("mine"), "reserved"),
    ],
)
def test_the_smallest_that_suits_is_taken(wanted: Object, expected: str | None) -> None:
    volumes = [
        volume("large", "5Gi"), volume("small"), volume("shared", "8Gi", "ReadWriteMany"),
        volume("fast", "8Gi", storageClassName="fast"), volume("taken", claimRef={"name": "x", "namespace": "y"}),
        volume("reserved", "7Gi", claimRef={"name": "mine", "namespace": "shop"}),
        {**volume("tiny", "1Mi"), "status": {"phase": "Available"}},
        {**volume("old", "1Gi"), "status": {"phase": "Released"}},
    ]  # fmt: skip
    found = best(wanted, volumes)
    assert (found["metadata"]["name"] if found else None) == expected


def phases(at: Pretended) -> dict[str, str]:
    bodies = at.api.all(PERSISTENT_VOLUMES) + at.api.all(PERSISTENT_VOLUME_CLAIMS)
    return {each["metadata"]["name"]: (each.get("status") or {}).get("phase", "") for each in bodies}


async def test_a_claim_and_a_volume_find_each_other_whoever_comes_first() -> None:
    async with Pretended(PersistentVolumeController) as at:
        await at.client.create(PERSISTENT_VOLUME_CLAIMS, claim())
        await at.clock.advance(1)
        assert phases(at) == {"c": "Pending"}
        await at.client.create(PERSISTENT_VOLUMES, volume("v"))
        await at.clock.advance(1)
        assert phases(at) == {"c": "Bound", "v": "Bound"}
        bound = at.api.get(PERSISTENT_VOLUME_CLAIMS, "c", "shop")
        assert bound is not None
        assert bound["spec"]["volumeName"] == "v"
        assert bound["status"]["capacity"] == {"storage": "1Gi"}
        await at.client.create(PERSISTENT_VOLUME_CLAIMS, claim("second"))
        await at.clock.advance(1)
        assert phases(at)["second"] == "Pending"
        before = at.api.revision
        for key in ("claim shop/c", "volume v"):
            at.controllers[0].queue.add(key)
        await at.clock.advance(1)
        assert at.api.revision == before
        await at.client.delete(PERSISTENT_VOLUME_CLAIMS, "c", "shop")
        await at.clock.advance(1)
        assert phases(at) == {"second": "Pending", "v": "Released"}


async def test_two_claims_do_not_get_the_same_volume() -> None:
    async with Pretended(PersistentVolumeController) as at:
        for name in ("a", "b", "c"):
            await at.client.create(PERSISTENT_VOLUME_CLAIMS, claim(name))
        for name in ("v1", "v2"):
            await at.client.create(PERSISTENT_VOLUMES, volume(name))
        await at.clock.advance(1)
        found = [each["spec"].get("volumeName") for each in at.api.all(PERSISTENT_VOLUME_CLAIMS)]
        assert sorted(filter(None, found)) == ["v1", "v2"]
        assert sorted(phases(at).values()) == ["Bound"] * 4 + ["Pending"]


async def test_claims_of_a_late_class_wait_for_a_pod() -> None:
    async with Pretended(PersistentVolumeController) as at:
        late = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
        at.api.put(STORAGE_CLASSES, {"metadata": {"name": "local"}, **late})
        await at.client.create(PERSISTENT_VOLUMES, volume("v", storageClassName="local"))
        await at.client.create(PERSISTENT_VOLUME_CLAIMS, claim(storageClassName="local"))
        await at.clock.advance(1)
        assert phases(at) == {"c": "Pending", "v": "Available"}
        volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}]
        await at.client.create(
            PODS, {"metadata": {"name": "p", "namespace": "shop"}, "spec": {"volumes": volumes}}
        )
        await at.clock.advance(1)
        assert phases(at) == {"c": "Bound", "v": "Bound"}


async def test_a_claim_whose_volume_is_gone_is_lost() -> None:
    async with Pretended(PersistentVolumeController) as at:
        await at.client.create(PERSISTENT_VOLUMES, volume("v"))
        await at.client.create(PERSISTENT_VOLUME_CLAIMS, claim())
        await at.clock.advance(1)
        at.api.remove(PERSISTENT_VOLUMES, "v")
        await at.clock.advance(1)
        assert phases(at) == {"c": "Lost"}
