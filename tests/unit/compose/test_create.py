"""Services as requests to the engine."""

from __future__ import annotations

from pathlib import Path

from hythe.compose.create import Identity, request
from hythe.compose.create_mounts import copied_files
from hythe.compose.files import Options
from hythe.compose.load import load
from hythe.compose.naming import container_labels

SOURCE = """
name: shop
services:
  db: {image: pg}
  web:
    image: w
    ports: ["8080:80"]
    volumes: ["./src:/src:ro", "data:/data"]
    configs: [greet]
    mem_limit: 64m
    cpus: 0.5
    restart: "no"
    stop_grace_period: 1500ms
    networks: {default: {aliases: [www]}, back: {ipv4_address: 10.9.0.5}}
    depends_on: {db: {condition: service_healthy}}
    ulimits: {nofile: 100}
    ipc: service:db
networks: {back: }
volumes: {data: }
configs: {greet: {content: hi}}
"""


def test_request(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(SOURCE)
    project = load(Options(folder=str(tmp_path)))
    web = project.services["web"]
    labels = container_labels(project, web, number=1, config_hash="h", image_id="sha256:1")
    identity = Identity("shop-web-1", "w", labels, lambda service: f"id-of-{service}")
    body = request(project, web, identity)
    host = body["HostConfig"]
    assert host["Binds"] == [f"{tmp_path}/src:/src:ro"]
    assert host["Mounts"] == [
        {"Type": "volume", "Target": "/data", "Source": "shop_data", "VolumeOptions": {}}
    ]
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    assert (host["Memory"], host["NanoCpus"], host["IpcMode"]) == (
        64 << 20,
        500_000_000,
        "container:id-of-db",
    )
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 100}]
    assert host["NetworkMode"] == "shop_default" and body["StopTimeout"] == 2
    assert body["NetworkingConfig"]["EndpointsConfig"] == {
        "shop_default": {"Aliases": ["shop-web-1", "web", "www"]}
    }
    assert body["Labels"]["com.docker.compose.depends_on"] == "db:service_healthy:false"
    assert [(one.path, one.data, one.mode) for one in copied_files(project, web)] == [
        ("/greet", b"hi", 0o444)
    ]


LIMITS = """
name: shop
services:
  web:
    image: w
    cpu_rt_period: 1s
    cpu_rt_runtime: 950000
    mem_swappiness: 0
    memswap_limit: -1
    cgroup: host
    device_cgroup_rules: ["c 1:3 mr"]
    blkio_config:
      weight: 300
      weight_device: [{path: /dev/sda, weight: 400}]
      device_read_bps: [{path: /dev/sdb, rate: 12mb}]
      device_write_iops: [{path: /dev/sdb, rate: 30}]
"""


def test_limits(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(LIMITS)
    project = load(Options(folder=str(tmp_path)))
    web = project.services["web"]
    host = request(project, web, Identity("shop-web-1", "w", {}, str))["HostConfig"]
    expected = {
        "CpuRealtimePeriod": 1_000_000,
        "CpuRealtimeRuntime": 950_000,
        "MemorySwappiness": 0,
        "MemorySwap": -1,
        "CgroupnsMode": "host",
        "DeviceCgroupRules": ["c 1:3 mr"],
        "BlkioWeight": 300,
        "BlkioWeightDevice": [{"Path": "/dev/sda", "Weight": 400}],
        "BlkioDeviceReadBps": [{"Path": "/dev/sdb", "Rate": 12 << 20}],
        "BlkioDeviceWriteIOps": [{"Path": "/dev/sdb", "Rate": 30}],
    }
    assert {name: host[name] for name in expected} == expected
