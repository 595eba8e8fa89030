"""`hythe explain` against what the kernel, its own tools and docker say of the same container."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.targets import Target, in_network_of
from tests.terminal import terminal
from tests.waiting import PATIENCE

Json = dict[str, Any]


@contextlib.contextmanager
def running(
    target: Target, name: str, *arguments: str, program: tuple[str, ...] = ("sleep", "1000")
) -> Iterator[int]:
    """A container of busybox; gives the pid of its first process on the host."""
    made = target.docker("run", "-d", "--name", name, *arguments, "busybox", *program)
    assert made.code == 0, made.err
    try:
        yield int(target.inspect(name)["State"]["Pid"])
    finally:
        assert target.docker("rm", "-f", "-v", name).code == 0


def explained(target: Target, name: str, *sections: str) -> Json:
    result = target.hythe("explain", "--format", "json", "--section", ",".join(sections), name)
    assert result.code == 0, result.err
    value: Json = json.loads(result.out)
    return value


def lines(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_namespaces_are_those_of_lsns(target: Target) -> None:
    with (
        running(target, "one") as pid,
        running(target, "two", "--network", "container:one", "--pid", "host") as two,
    ):
        shown = json.loads("\n".join(lines("lsns", "--json", "--task", str(pid))))["namespaces"]
        found = explained(target, "one", "namespaces")["Namespaces"]["Items"]
        assert {one["Type"]: one["Inode"] for one in found} == {one["type"]: int(one["ns"]) for one in shown}
        for one in found:
            assert str(Path(one["Path"]).readlink()) == f"{one['Type']}:[{one['Inode']}]"
            is_host = os.stat(one["Path"]).st_ino == os.stat(f"/proc/{target.pid}/ns/{one['Type']}").st_ino
            shared = (
                not is_host and os.stat(one["Path"]).st_ino == os.stat(f"/proc/{two}/ns/{one['Type']}").st_ino
            )
            assert one["Relation"] == ("host" if is_host else "shared" if shared else "own"), one
            assert one["SharedWith"] == (["two"] if shared else [])
        relations = {
            one["Type"]: one["Relation"]
            for one in explained(target, "two", "namespaces")["Namespaces"]["Items"]
        }
        assert relations["pid"] == "host"
        assert relations["net"] == "shared"
        assert relations["mnt"] == "own"


def test_every_process_is_there_once_and_rightly_named(target: Target) -> None:
    program = ("sh", "-c", "sleep 1001 & sleep 1002 & wait")
    with running(target, "many", "-u", "65534", program=program) as pid:
        assert target.docker("exec", "-d", "-u", "0", "many", "sleep", "1003").code == 0
        top = [line.split() for line in target.docker("top", "many").out.splitlines()[1:]]
        found = {one["Pid"]: one for one in explained(target, "many", "processes")["Processes"]["Items"]}
        assert set(found) == {int(row[1]) for row in top}
        assert len(found) == 4
        assert [one["Pid"] for one in found.values() if one["Main"]] == [pid]
        for number, one in found.items():
            inside = subprocess.run(
                ["nsenter", "-t", str(pid), "-m", "-p", "/bin/cat", f"/proc/{one['PidInside']}/cmdline"],
                capture_output=True, check=True,
            ).stdout  # fmt: skip
            assert inside == Path(f"/proc/{number}/cmdline").read_bytes()
            assert "\0".join(one["Command"]).encode() + b"\0" == inside
            assert one["Uid"] == os.stat(f"/proc/{number}").st_uid
            seen = target.docker("exec", "many", "stat", "-c", "%u", f"/proc/{one['PidInside']}")
            assert one["UidInside"] == int(seen.out)
        users = {one["Command"][-1]: (one["UidInside"], one["UserInside"]) for one in found.values()}
        assert users["1003"] == (0, "root")
        assert users["1001"] == users["1002"] == (65534, "nobody")
        assert found[pid]["PidInside"] == 1


def test_users_inside_are_those_of_the_mapping(target: Target) -> None:
    with running(target, "mapped") as pid, running(target, "unmapped", "--userns", "host") as other:
        for name, number in (("mapped", pid), ("unmapped", other)):
            users = explained(target, name, "users")["Users"]
            for kind, key in (("uid", "Uids"), ("gid", "Gids")):
                rows = [list(map(int, line.split())) for line in lines("cat", f"/proc/{number}/{kind}_map")]
                assert [[one["Inside"], one["Host"], one["Count"]] for one in users[key]] == rows
            assert users["Because"] == ("it was asked for" if name == "unmapped" else "")
        assert users["Identical"]
        (process,) = explained(target, "unmapped", "processes")["Processes"]["Items"]
        assert (process["Uid"], process["User"], process["UidInside"]) == (0, "root", 0)


def test_a_mount_that_cannot_be_mapped_is_named(target: Target) -> None:
    with running(target, "unmappable", "-v", "/proc/sys/kernel:/mnt:ro"):
        because = explained(target, "unmappable", "users")["Users"]["Because"]
        assert because == "/proc/sys/kernel cannot show mapped owners"


def test_limits_are_those_of_the_files_and_of_inspect(target: Target) -> None:
    limits = ("-m", "64m", "--cpus", "0.5", "--pids-limit", "40", "--cpuset-cpus", "0")
    with running(target, "limited", *limits) as pid:
        group = explained(target, "limited", "cgroup")["Cgroup"]
        rows = {row["Name"]: row for row in group["Rows"]}
        asked = target.inspect("limited")["HostConfig"]
        assert rows["memory"]["Limit"] == asked["Memory"] == 64 << 20
        assert rows["cpu"]["Limit"] == asked["NanoCpus"] / 1e9
        assert rows["processes"]["Limit"] == asked["PidsLimit"]
        assert rows["cpus"]["Limit"] == asked["CpusetCpus"]
        assert rows["processes"]["Use"] == 1
        assert 0 < rows["memory"]["Use"] < 64 << 20
        for row in rows.values():
            for key in ("LimitFile", "UseFile"):
                assert not row[key] or Path(row[key]).is_file()
        assert Path(rows["memory"]["LimitFile"]).read_text().strip() == str(64 << 20)
        for folder in group["Folders"]:
            assert (str(pid) in (Path(folder["Path"]) / "cgroup.procs").read_text().split()) or not folder[
                "Own"
            ]


def test_rights_are_those_that_the_kernel_shows(target: Target) -> None:
    options = (
        "--cap-drop",
        "ALL",
        "--cap-add",
        "KILL",
        "--cap-add",
        "NET_ADMIN",
        "--security-opt",
        "no-new-privileges",
    )
    with running(target, "weak", *options) as pid, running(target, "strong", "--privileged") as strong:
        weak = explained(target, "weak", "security")["Security"]
        assert weak["Effective"] == weak["Permitted"] == weak["Bounding"] == ["CAP_KILL", "CAP_NET_ADMIN"]
        assert (weak["Seccomp"], weak["NoNewPrivileges"], weak["Ambient"]) == ("filter", True, [])
        for number, value in ((pid, weak), (strong, explained(target, "strong", "security")["Security"])):
            status = dict(
                line.split(":", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines()
            )
            for key, name in (("Effective", "CapEff"), ("Permitted", "CapPrm"), ("Bounding", "CapBnd")):
                assert len(value[key]) == int(status[name], 16).bit_count()
            assert (value["Seccomp"] == "filter") == (status["Seccomp"].strip() == "2")
        assert explained(target, "strong", "security")["Security"]["Seccomp"] == "off"


def test_mounts_are_those_of_the_namespace_and_what_was_asked_for(target: Target, tmp_path: Path) -> None:
    asked = (
        "-v",
        "named:/data",
        "-v",
        "/anonymous",
        "-v",
        f"{tmp_path}:/mine:ro",
        "--tmpfs",
        "/scratch:size=1m",
    )
    with running(target, "mounted", *asked) as pid:
        items = explained(target, "mounted", "mounts")["Mounts"]["Items"]
        points = [line.split()[4] for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
        assert sorted(one["Destination"] for one in items) == sorted(points)
        found = {one["Destination"]: one for one in items}
        for mount in target.inspect("mounted")["Mounts"]:
            if mount["Type"] != "tmpfs":
                assert found[mount["Destination"]]["Source"] == mount["Source"]
                assert found[mount["Destination"]]["Volume"] == mount.get("Name", "")
        assert found["/data"]["What"] == "volume named"
        assert found["/anonymous"]["Origin"] == "volume"
        assert (found["/mine"]["Origin"], found["/mine"]["Options"][0]) == ("bind", "ro")
        assert "size=1024k" in found["/scratch"]["Options"]
        assert Path(found["/etc/hosts"]["Source"]).samefile(f"/proc/{pid}/root/etc/hosts")
        assert found["/proc/sys"]["Origin"] == "read-only"
        assert found["/proc/keys"]["Origin"] == "masked"
        assert not [one for one in items if one["Origin"] == "other"]


def test_layers_are_those_of_the_image(target: Target) -> None:
    with running(
        target, "layered", program=("sh", "-c", "dd if=/dev/zero of=/big bs=1k count=100; sleep 1000")
    ) as pid:
        wait_for(
            lambda: (
                Path(f"/proc/{pid}/root/big").exists() and os.stat(f"/proc/{pid}/root/big").st_size == 102400
            )
        )
        root = explained(target, "layered", "layers")["Layers"]
        image = target.inspect("busybox", "image")
        assert root["ImageId"] == image["Id"]
        assert [one["DiffId"] for one in reversed(root["Layers"])] == image["RootFS"]["Layers"]
        assert sum(one["Size"] for one in root["Layers"]) == image["Size"]
        assert (Path(root["Writable"]) / "big").stat().st_size == root["Written"] == 102400
        assert (Path(root["Layers"][0]["Directory"]) / "bin" / "busybox").exists()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_network_is_that_of_ip_in_the_namespace(target: Target) -> None:
    assert target.docker("network", "create", "netone").code == 0
    assert target.docker("network", "create", "nettwo").code == 0
    with running(target, "wired", "--network", "netone", "-p", "80", "-p", "127.0.0.1::81/udp") as pid:
        assert target.docker("network", "connect", "nettwo", "wired").code == 0
        found = explained(target, "wired", "network")["Network"]
        shown = json.loads(in_network_of(pid, "ip", "-j", "addr").out)
        outside = {link["ifindex"]: link for link in json.loads(target.in_network("ip", "-j", "link").out)}
        assert [one["Name"] for one in found["Interfaces"]] == ["lo", "eth0", "eth1"]
        for mine, theirs in zip(found["Interfaces"], shown, strict=True):
            assert (mine["Index"], mine["Name"], mine["Mtu"]) == (
                theirs["ifindex"],
                theirs["ifname"],
                theirs["mtu"],
            )
            assert mine["Addresses"] == [f"{a['local']}/{a['prefixlen']}" for a in theirs["addr_info"]]
            if mine["Name"] != "lo":
                assert mine["Mac"] == theirs["address"]
                assert outside[theirs["link_index"]]["ifname"] == mine["HostName"]
                assert outside[theirs["link_index"]]["master"] == mine["Bridge"]
        assert [one["Network"] for one in found["Interfaces"]] == ["", "netone", "nettwo"]
        routes = {
            (r["dst"], r.get("gateway", ""), r["dev"])
            for r in json.loads(in_network_of(pid, "ip", "-j", "route").out)
        }
        assert {
            (r["Destination"], r["Via"], r["Interface"])
            for r in found["Routes"]
            if "::" not in r["Destination"]
        } == routes
        ports = target.docker("port", "wired").out.split()
        for port in found["Published"]:
            assert f"{port['ContainerPort']}/{port['Protocol']}" in ports
            assert f"{port['HostIp'] or '0.0.0.0'}:{port['HostPort']}" in ports
        assert len(found["Published"]) == 2
        assert found["Dns"]["Servers"] == ["127.0.0.11"]
        assert found["Dns"]["Hythe"]


def test_rules_are_lines_of_nft_and_lead_to_the_container(target: Target) -> None:
    with running(target, "guarded", "-p", "80") as pid:
        value = explained(target, "guarded", "firewall", "network")
        ruleset = target.in_network("nft", "list", "ruleset").out
        address = json.loads(in_network_of(pid, "ip", "-j", "-4", "addr", "show", "eth0").out)[0][
            "addr_info"
        ][0]["local"]
        port = value["Network"]["Published"][0]["HostPort"]
        blocks = {block["Name"]: block for block in value["Firewall"]["Blocks"]}
        assert blocks["published"]["Lines"] == [f"tcp . {port} : {address} . 80"]
        flat = " ".join(ruleset.split())
        for block in blocks.values():
            assert f"table {block['Table']} {{" in ruleset
            assert f"{block['Kind']} {block['Name']} {{" in ruleset
            assert block["Hook"] in ruleset
            for line in block["Lines"]:
                assert line in flat
        page = target.hythe("explain", "--section", "firewall", "guarded").out
        assert f"elements = {{ tcp . {port} : {address} . 80 }}" in page
    with running(target, "alone", "--network", "none"):
        assert explained(target, "alone", "firewall")["Firewall"]["Blocks"] == []


def host_interfaces(target: Target) -> set[str]:
    return {link["ifname"] for link in json.loads(target.in_network("ip", "-j", "link").out)}


def test_the_hosts_network_and_pids(target: Target) -> None:
    with running(target, "hostly", "--network", "host", "--pid", "host", "--privileged") as pid:
        before = host_interfaces(target)
        value = explained(target, "hostly", "network", "processes", "firewall")
        after = host_interfaces(target)
        assert value["Network"]["SharesHost"]
        found = {one["Name"] for one in value["Network"]["Interfaces"]}
        assert before & after <= found <= before | after  # others may come and go on this machine
        (process,) = value["Processes"]["Items"]
        assert process["Pid"] == process["PidInside"] == pid
        assert value["Firewall"]["Blocks"] == []


def test_anothers_network_is_told_with_its_ports(target: Target) -> None:
    with running(target, "owner", "-p", "80"), running(target, "guest", "--network", "container:owner"):
        theirs, ours = (explained(target, name, "network")["Network"] for name in ("owner", "guest"))
        assert ours["Owner"] == "owner"
        assert ours["Interfaces"] == theirs["Interfaces"]
        assert ours["Published"] == theirs["Published"]
        assert len(ours["Published"]) == 1


def test_state(target: Target) -> None:
    options = ("--restart", "on-failure:3", "--health-cmd", "true", "--health-interval", "100ms")
    with running(target, "stately", *options, program=("sh", "-c", "echo said; exec sleep 1000")) as pid:
        wait_for(lambda: target.inspect("stately")["State"]["Health"]["Status"] == "healthy")
        state = explained(target, "stately", "state")["State"]
        details = target.inspect("stately")
        assert (state["Pid"], state["Status"]) == (pid, "running")
        assert state["Restart"] == {"Policy": "on-failure", "MaxRetries": 3, "Count": 0}
        assert (state["Health"]["Status"], state["Health"]["LastExit"]) == ("healthy", 0)
        assert state["Log"]["Path"] == details["LogPath"]
        assert state["Log"]["Size"] == Path(details["LogPath"]).stat().st_size > 0
        began = os.stat(f"/proc/{pid}").st_ctime
        assert abs(state["ProcessStarted"] / 1e9 - began) < 60
        assert target.docker("pause", "stately").code == 0
        assert explained(target, "stately", "state")["State"]["Status"] == "paused"
        assert target.docker("unpause", "stately").code == 0


def test_a_stopped_container(target: Target) -> None:
    with running(target, "stopped", "-v", "kept:/data", "-p", "18099:80", program=("sh", "-c", "exit 3")):
        target.docker("wait", "stopped")
        value = json.loads(target.hythe("explain", "--format", "json", "stopped").out)
        assert (value["Running"], value["State"]["ExitCode"]) == (False, 3)
        assert value["Namespaces"] is value["Processes"] is value["Firewall"] is None
        assert value["Layers"]["Layers"]
        assert [one["Volume"] for one in value["Mounts"]["Items"]] == ["kept"]
        assert value["Network"]["Published"][0]["HostPort"] == 18099
        page = target.hythe("explain", "stopped")
        assert "exited with code 3" in page.out
        assert "Only a running container has" in page.out


@pytest.mark.parametrize("width", [80, 160])
def test_the_page(target: Target, width: int) -> None:
    with running(target, "paged", "-e", "X=1", "-v", "paged:/data") as pid:
        env = {**target.env, "COLUMNS": str(width)}
        hythe = [sys.executable, "-m", "hythe", "explain"]
        page = subprocess.run([*hythe, "paged"], env=env, capture_output=True, text=True, check=True).stdout
        identity = target.inspect("paged")["Id"]
        assert page.startswith(f"paged  ID={identity}\n")
        assert "\x1b" not in page
        titles = [line.split("  ")[0] for line in page.splitlines() if line and not line.startswith(" ")][1:]
        assert titles == [
            "State", "Processes", "Namespaces", "User mapping", "Control group", "Security of the first process",
            "Layers, topmost first", "Mounts", "Network", "Firewall",
        ]  # fmt: skip
        assert f"/proc/{pid}/ns" in page
        for path in re.findall(r"/\S*\$ID\S*", page):
            assert path.startswith("/hythe-") or Path(path.rstrip(",").replace("$ID", identity)).exists(), (
                path
            )
        for line in page.partition("\nFirewall")[0].splitlines():
            before, _, last = line.rpartition(" ")
            assert len(line) <= width or (len(before) < width and len(last) > width / 3), line
        few = subprocess.run(
            [*hythe, "--section", "namespaces,mounts", "paged"],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert [line.split("  ")[0] for line in few.splitlines() if line and not line.startswith(" ")][
            1:
        ] == [
            "Namespaces",
            "Mounts",
        ]


def test_templates_and_mistakes(target: Target) -> None:
    with running(target, "shaped") as pid:
        shown = target.hythe("explain", "-f", "{{.State.Pid}} {{len .Namespaces.Items}}", "shaped")
        assert shown.out.split()[0] == str(pid)
        wrong = target.hythe("explain", "--section", "weather", "shaped")
        assert wrong.code == 1
        assert "weather" in wrong.err
        assert "namespaces" in wrong.err
    absent = target.hythe("explain", "no-such-container")
    assert absent.code == 1
    assert "no-such-container" in absent.err


def test_processes_that_come_and_go(target: Target) -> None:
    """A container that forks as fast as it can is explained all the same."""
    with running(target, "busy", program=("sh", "-c", "while true; do true & true & wait; done")):
        for _ in range(20):
            items = explained(target, "busy")["Processes"]["Items"]
            assert [one["PidInside"] for one in items if one["Main"]] == [1]


def test_containers_that_end_meanwhile(target: Target) -> None:
    """Each answer is whole, or says what happened; with another container that comes and goes beside it."""
    words = ("ended or was removed", "No such container")
    ended = 0
    for number in range(8):
        name = f"brief{number}"
        made = target.docker("run", "-d", "--rm", "--name", name, "busybox", "sleep", f"0.{number}")
        assert made.code == 0
        for _ in range(3):
            result = target.hythe("explain", "--format", "json", name)
            if result.code == 0:
                assert json.loads(result.out)["Id"] == made.out.strip()
            else:
                ended += 1
                assert any(word in result.err for word in words), result.err
    assert ended


@pytest.mark.parametrize(("extra", "colored"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_on_a_terminal_titles_stand_out(target: Target, extra: dict[str, str], colored: bool) -> None:
    kept = {key: value for key, value in target.env.items() if key not in ("COLUMNS", "NO_COLOR")}
    command = [sys.executable, "-m", "hythe", "explain", "drawn"]
    with running(target, "drawn"), terminal(command, {**kept, **extra}) as shown:
        assert shown.end() == 0
        assert ("\x1b[1mNamespaces\x1b[0m" in shown.shown) == colored
        assert ("\x1b[" in shown.shown) == colored
        assert "Namespaces" in shown.shown
