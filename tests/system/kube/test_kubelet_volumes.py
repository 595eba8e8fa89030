"""What pods find in their volumes, on a real runtime; and how files follow a change of their source."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from hythe.kube.client.resources import (
    CONFIG_MAPS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    SECRETS,
)
from hythe.kube.objects.types import Object
from tests.system.kube.kubelets import FOREVER, World, a_node, a_pod, container

pytestmark = pytest.mark.root


def put_config(node: World, name: str, **data: str) -> None:
    node.api.put(CONFIG_MAPS, {"metadata": {"name": name, "namespace": "default"}, "data": data})


def mounts(**where: str) -> dict[str, Any]:
    return {"volumeMounts": [{"name": name, "mountPath": path} for name, path in where.items()]}


async def in_pod(node: World, pod: str, command: str) -> str:
    """What a command in c0 writes."""
    (worker,) = [one for one in node.workers() if one.pod["metadata"]["name"] == pod]
    record = worker.seen.latest("c0")
    assert record is not None
    result = await node.runtime().exec_sync(record.id, ["sh", "-c", command], 10)
    return result.output.decode()


async def eventually(node: World, pod: str, command: str, wanted: str) -> None:
    for _ in range(200):
        if (found := await in_pod(node, pod, command)) == wanted:
            return
    raise AssertionError(f"{command}: {found!r}, not {wanted!r}")


async def test_files_follow_config_maps_and_secrets(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        put_config(node, "settings", colour="red", shape="round")
        secret = {"metadata": {"name": "key", "namespace": "default"},
                  "data": {"pass": base64.b64encode(b"\x00word").decode()}}  # fmt: skip
        node.api.put(SECRETS, secret)
        volumes: list[Object] = [
            {"name": "all", "configMap": {"name": "settings"}},
            {"name": "some", "configMap": {"name": "settings", "defaultMode": 0o400,
                                           "items": [{"key": "colour", "path": "deep/c", "mode": 0o755}]}},
            {"name": "key", "secret": {"secretName": "key"}},
            {"name": "none", "configMap": {"name": "later", "optional": True}},
        ]  # fmt: skip
        where = mounts(all="/all", some="/some", key="/key", none="/none")
        node.put(a_pod("app", volumes=volumes, containers=[container("c0", FOREVER, **where)]))
        await node.ready("app")
        shown = "cat /all/colour /all/shape /some/deep/c; readlink /all/colour; stat -Lc %a /all/colour /some/deep/c"
        assert await in_pod(node, "app", shown) == "redroundred..data/colour\n644\n755\n"
        assert (
            await in_pod(node, "app", "od -c /key/pass | head -1; ls /none")
            == "0000000  \\0   w   o   r   d\n"
        )
        assert "Read-only" in await in_pod(node, "app", "echo x > /all/new")
        put_config(node, "settings", colour="blue")
        put_config(node, "later", there="1")
        await eventually(
            node,
            "app",
            "cat /all/colour /some/deep/c; ls /all /none",
            "blueblue/all:\ncolour\n\n/none:\nthere\n",
        )


async def test_missing_source_is_told_and_waited_for(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        volumes = [{"name": "v", "configMap": {"name": "later"}}]
        node.put(a_pod("app", volumes=volumes, containers=[container("c0", FOREVER, **mounts(v="/v"))]))
        await node.until(lambda: node.events("app", "FailedMount"))
        assert node.events("app", "FailedMount")[0]["message"] == (
            'MountVolume.SetUp failed for volume "v" : configmap "later" not found'
        )
        (one,) = await node.until(lambda: node.status("app").get("containerStatuses"))
        assert one["state"]["waiting"]["reason"] == "ContainerCreating"
        put_config(node, "later", a="1")
        await node.ready("app", 5)
        other = [{"name": "v", "iscsi": {"targetPortal": "x", "iqn": "y", "lun": 0}}]
        node.put(a_pod("odd", volumes=other, containers=[container("c0", FOREVER, **mounts(v="/v"))]))
        await node.until(lambda: node.events("odd", "FailedMount"))
        assert "volumes of iscsi are not supported" in node.events("odd", "FailedMount")[0]["message"]


async def test_projected_volume_with_token_and_downward_fields(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        put_config(node, "ca", **{"ca.crt": "CA"})
        token = {"path": "token", "expirationSeconds": 3607}
        sources: list[Object] = [
            {"serviceAccountToken": token},
            {"configMap": {"name": "ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [
                {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                {"path": "cpu", "resourceFieldRef": {"containerName": "c0", "resource": "limits.cpu", "divisor": "1m"}},
            ]}},
        ]  # fmt: skip
        volumes = [{"name": "v", "projected": {"sources": sources}}]
        limits: dict[str, Any] = {"resources": {"limits": {"cpu": "500m"}}}
        one = container("c0", FOREVER, **mounts(v="/v"), **limits)
        node.put(a_pod("app", volumes=volumes, containers=[one], labels={"b": "2", "a": "1"},
                       serviceAccountName="robot"))  # fmt: skip
        await node.ready("app")
        assert (await in_pod(node, "app", "cat /v/token")).startswith("default.robot.api.")
        assert await in_pod(node, "app", "cat /v/ca.crt /v/cpu; echo; cat /v/labels") == 'CA500\na="1"\nb="2"'
        pod = node.pod("app")
        pod["metadata"]["labels"]["a"] = "3"
        node.api.put(PODS, pod)
        await eventually(node, "app", "cat /v/labels", 'a="3"\nb="2"')


async def test_empty_dirs_and_groups(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        volumes: list[Object] = [
            {"name": "disk", "emptyDir": {}},
            {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}},
        ]
        where = mounts(disk="/disk", memory="/memory")
        context = {"fsGroup": 2000, "runAsUser": 1000, "runAsGroup": 3000, "supplementalGroups": [4000]}
        node.put(
            a_pod("app", volumes=volumes, securityContext=context, containers=[
                container("c0", FOREVER, **where), container("c1", f"echo hi > /disk/x; {FOREVER}", **where)])
        )  # fmt: skip
        await node.ready("app")
        await eventually(node, "app", "cat /disk/x", "hi\n")
        assert await in_pod(node, "app", "id -u; id -g; id -G") == "1000\n3000\n3000 2000 4000\n"
        assert await in_pod(node, "app", "stat -c '%a %g' /disk; stat -c %g /disk/x") == "2777 2000\n2000\n"
        assert "4.0M" in await in_pod(node, "app", "df -h /memory")
        await node.delete("app")
        folder = tmp_path / "kubelet/pods"
        await node.until(lambda: not list(folder.iterdir()))
        assert str(folder) not in Path("/proc/self/mountinfo").read_text()


async def test_sub_paths(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        host = tmp_path / "host"
        (host / "in").mkdir(parents=True)
        (host / "in/file").write_text("inside")
        (host / "out").symlink_to("/etc")
        put_config(node, "settings", colour="red")
        volumes: list[Object] = [
            {"name": "h", "hostPath": {"path": str(host)}},
            {"name": "c", "configMap": {"name": "settings"}},
        ]
        env = [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
        where = [
            {"name": "h", "mountPath": "/in", "subPath": "in"},
            {"name": "h", "mountPath": "/new", "subPathExpr": "$(NAME)/x"},
            {"name": "h", "mountPath": "/out", "subPath": "out"},
            {"name": "c", "mountPath": "/etc/colour", "subPath": "colour"},
        ]
        one = container("c0", FOREVER, env=env, volumeMounts=where)
        node.put(a_pod("app", volumes=volumes, containers=[one]))
        await node.ready("app")
        assert await in_pod(node, "app", "cat /in/file /etc/colour; echo 1 > /new/y") == "insidered"
        assert (host / "app/x/y").read_text() == "1\n"
        assert await in_pod(node, "app", "ls /out") == ""
        assert (host / "etc").is_dir()


async def test_host_path_types(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        volume = {"name": "v", "hostPath": {"path": str(tmp_path / "made"), "type": "DirectoryOrCreate"}}
        wrong = {"name": "v", "hostPath": {"path": str(tmp_path), "type": "File"}}
        for name, one in (("good", volume), ("bad", wrong)):
            node.put(a_pod(name, volumes=[one], containers=[container("c0", FOREVER, **mounts(v="/v"))]))
        await node.ready("good")
        assert (tmp_path / "made").is_dir()
        await node.until(lambda: node.events("bad", "FailedMount"))
        assert f"hostPath type check failed: {tmp_path} is not a file" in str(
            node.events("bad", "FailedMount")
        )


async def test_claims(cri: str, tmp_path: Path) -> None:
    async with a_node(cri, tmp_path) as node:
        (tmp_path / "disk").mkdir()
        (tmp_path / "disk/file").write_text("kept")
        claim: Object = {
            "metadata": {"name": "data", "namespace": "default"},
            "spec": {"volumeName": ""},
            "status": {},
        }
        node.api.put(PERSISTENT_VOLUME_CLAIMS, claim)
        volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
        node.put(a_pod("app", volumes=volumes, containers=[container("c0", FOREVER, **mounts(v="/v"))]))
        await node.until(lambda: node.events("app", "FailedMount"))
        assert "PVC is not bound" in node.events("app", "FailedMount")[0]["message"]
        spec = {"hostPath": {"path": str(tmp_path / "disk")}, "accessModes": ["ReadWriteOnce"]}
        node.api.put(PERSISTENT_VOLUMES, {"metadata": {"name": "pv"}, "spec": spec})
        node.api.put(
            PERSISTENT_VOLUME_CLAIMS, claim | {"spec": {"volumeName": "pv"}, "status": {"phase": "Bound"}}
        )
        await node.ready("app")
        assert await in_pod(node, "app", "cat /v/file") == "kept"
