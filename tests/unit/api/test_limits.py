"""Limits of a HostConfig: into the engine's words and back."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.api.docker.translate.create import host_options
from hythe.api.docker.translate.host_json import host_json
from hythe.api.docker.types.host import HostConfig

ASKED: dict[str, Any] = {
    "Memory": 64 << 20,
    "MemorySwap": -1,
    "MemoryReservation": 32 << 20,
    "MemorySwappiness": 0,
    "OomKillDisable": True,
    "CpuShares": 512,
    "CpuPeriod": 50000,
    "CpuQuota": 25000,
    "CpuRealtimePeriod": 1000000,
    "CpuRealtimeRuntime": 950000,
    "CpusetCpus": "0",
    "CpusetMems": "0",
    "PidsLimit": 10,
    "BlkioWeight": 300,
    "BlkioWeightDevice": [{"Path": "/dev/a", "Weight": 200}],
    "BlkioDeviceReadBps": [{"Path": "/dev/a", "Rate": 1024}],
    "BlkioDeviceWriteBps": [{"Path": "/dev/b", "Rate": 2048}],
    "BlkioDeviceReadIOps": [{"Path": "/dev/a", "Rate": 10}],
    "BlkioDeviceWriteIOps": [{"Path": "/dev/b", "Rate": 20}],
    "DeviceCgroupRules": ["c 13:* rwm", "b 8:0 r"],
    "CgroupnsMode": "host",
    "CgroupParent": "/mine",
}


def test_what_was_asked_for_is_shown() -> None:
    shown = host_json(host_options(msgspec.convert(ASKED, HostConfig)))
    assert {name: shown[name] for name in ASKED} == ASKED


def test_what_was_not_asked_for() -> None:
    shown = host_json(host_options(msgspec.convert({"PidsLimit": -1, "MemorySwappiness": -1}, HostConfig)))
    assert (shown["PidsLimit"], shown["MemorySwappiness"], shown["DeviceCgroupRules"]) == (None, None, None)
    assert (shown["BlkioWeight"], shown["BlkioDeviceReadBps"], shown["CgroupnsMode"]) == (0, [], "private")
