"""Figures of control groups: from files as the kernel writes them, to runc's names."""

from __future__ import annotations

from pathlib import Path

from hythe.kernel.cgroups import v1, v2
from hythe.kernel.cgroups.report import report
from hythe.kernel.cgroups.v1_statistics import page_sizes, rdma
from hythe.kernel.cgroups.v2_statistics import io_statistics


def test_io_of_version_2() -> None:
    found = io_statistics("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n")
    assert found == [{"major": 8, "minor": 0, "read_bytes": 1, "write_bytes": 2, "reads": 3, "writes": 4}]


def test_rdma() -> None:
    found = rdma("mlx4_0 hca_handle=1 hca_object=20\n", "mlx4_0 hca_handle=2 hca_object=max\n")
    assert found == {"mlx4_0": {"handles": 1, "handles_limit": 2, "objects": 20, "objects_limit": 0}}


def test_page_sizes(tmp_path: Path) -> None:
    for name in ("hugetlb.2MB.max", "hugetlb.1GB.max", "hugetlb.2MB.rsvd.max", "hugetlb.2MB.current"):
        (tmp_path / name).touch()
    assert page_sizes(str(tmp_path), "max") == ["1GB", "2MB"]


def test_version_1_as_runc_reports_it(tmp_path: Path) -> None:
    group = tmp_path / "g"
    group.mkdir()
    texts = {
        "memory.usage_in_bytes": "4096",
        "memory.limit_in_bytes": "9223372036854771712",
        "memory.memsw.usage_in_bytes": "8192",
        "memory.memsw.limit_in_bytes": "16384",
        "memory.stat": "cache 1024\nrss 2048\n",
        "cpuacct.usage": "300",
        "cpuacct.usage_all": "cpu user system\n0 100 50\n1 120 30\n",
        "cpu.stat": "nr_periods 3\nnr_throttled 2\nthrottled_time 7\n",
        "cpuset.cpus": "0-1",
        "cpuset.mem_exclusive": "1",
        "pids.current": "4",
        "blkio.throttle.io_service_bytes_recursive": "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\nTotal 30\n",
        "blkio.throttle.io_serviced": "8:0 Read 1\n8:0 Write 2\n",
        "hugetlb.2MB.usage_in_bytes": "2097152",
        "hugetlb.2MB.limit_in_bytes": "4194304",
    }
    for name, text in texts.items():
        (group / name).write_text(text)
    mounts = dict.fromkeys("memory cpu cpuacct cpuset pids blkio hugetlb".split(), str(tmp_path))
    shown = report(v1.LayoutV1(mounts).group("/g").statistics())
    assert shown["memory"]["usage"] == {"limit": 2**64 - 1, "usage": 4096, "failcnt": 0}
    assert shown["memory"]["swap"] == {"limit": 16384, "usage": 8192, "failcnt": 0}
    assert (shown["memory"]["cache"], shown["memory"]["raw"]["rss"]) == (1024, 2048)
    assert shown["cpu"]["usage"]["percpu"] == [150, 150]
    assert shown["cpu"]["usage"]["percpu_user"] == [100, 120]
    assert shown["cpu"]["throttling"] == {"periods": 3, "throttledPeriods": 2, "throttledTime": 7}
    assert (shown["cpuset"]["cpus"], shown["cpuset"]["mem_exclusive"]) == ([0, 1], 1)
    assert shown["pids"] == {"current": 4}
    assert {"major": 8, "minor": 0, "op": "Write", "value": 20} in shown["blkio"]["ioServiceBytesRecursive"]
    assert {"major": 8, "minor": 0, "op": "Read", "value": 1} in shown["blkio"]["ioServicedRecursive"]
    assert shown["hugetlb"] == {"2MB": {"usage": 2097152, "max": 0, "failcnt": 0}}


def test_version_2_counts_swap_with_memory(tmp_path: Path) -> None:
    group = tmp_path / "g"
    group.mkdir()
    texts = {
        "memory.current": "100",
        "memory.max": "1000",
        "memory.swap.current": "20",
        "memory.swap.max": "0",
        "memory.stat": "file 30\nkernel 5\n",
        "cpu.stat": "usage_usec 3\nnr_bursts 2\n",
        "hugetlb.2MB.max": "max",
        "hugetlb.2MB.current": "0",
        "hugetlb.2MB.events": "max 9\n",
    }
    for name, text in texts.items():
        (group / name).write_text(text)
    read = v2.LayoutV2(str(tmp_path)).group("/g").statistics()
    assert read["memory"]["with_swap"]["usage"] == 120
    assert read["memory"]["with_swap"]["limit"] == 1000
    assert read["memory"]["cache"] == 30 and read["memory"]["kernel"]["usage"] == 5
    assert read["cpu"]["usage"] == 3000 and read["cpu"]["bursts"] == 2
    assert read["hugetlb"] == {"2MB": {"usage": 0, "max_usage": 0, "limit": 0, "failures": 9}}
