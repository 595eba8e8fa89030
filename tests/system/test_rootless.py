"""The daemon of an ordinary user: what works as for root, what cannot and says so, and that nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rootless import COUNT, FIRST, HOST_ADDRESS, UID, Stage, daemon_on, staged
from tests.targets import Target, in_network_of
from tests.terminal import terminal
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root

SERVE = "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www"
UPLINKS = ("pasta", "slirp4netns")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


@pytest.fixture(scope="module")
def user(stage: Stage) -> Iterator[Target]:
    with daemon_on(stage) as target:
        yield target


def processes() -> list[str]:
    """The user's processes that have not ended, as "pid name"."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            ours = folder.name.isdecimal() and folder.stat().st_uid == UID
            if ours and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.append(f"{folder.name} {(folder / 'comm').read_text().strip()}")
        except OSError:
            continue
    return found


def fetch(target: Target, url: str) -> str:
    return target.in_network("curl", "-sS", "--max-time", "5", url).out


# ---- as for root ------------------------------------------------------------------------------------


def test_a_container_runs_as_root_who_is_the_user(user: Target) -> None:
    done = user.docker("run", "--rm", "busybox", "sh", "-c", "id -u; cat /proc/self/uid_map; exit 7")
    assert done.code == 7, done.err
    lines = [line.split() for line in done.out.splitlines()]
    assert lines == [["0"], ["0", str(UID), "1"], ["1", str(FIRST), str(COUNT)]]


def test_info_says_that_it_is_rootless(user: Target) -> None:
    with_docker = user.docker("info", "--format", "{{json .SecurityOptions}} {{.CgroupDriver}}")
    assert "name=rootless" in with_docker.out, with_docker
    shown = user.hythe("info")
    assert shown.code == 0 and "\n  rootless\n" in shown.out, shown


def test_another_user_exec_and_a_terminal(user: Target) -> None:
    started = user.docker("run", "-d", "--name", "one", "--user", "1000:1000", "busybox", "sleep", "1000")
    assert started.code == 0, started.err
    try:
        assert user.docker("exec", "one", "id", "-u").out == "1000\n"
        assert user.docker("exec", "--user", "0", "one", "id", "-u").out == "0\n"
        with terminal(["docker", "exec", "-it", "one", "sh"], env=user.env) as shell:
            shell.type("tty; echo $((1000 + $(id -g)))\n")
            shell.expect("/dev/pts/0")
            shell.expect("2000")
            shell.type("exit 3\n")
            assert shell.end() == 3
        shown = user.docker("top", "one")
        assert "sleep 1000" in shown.out, shown
    finally:
        user.docker("rm", "-f", "one")


def test_devices_are_the_hosts_own(user: Target) -> None:
    script = "echo x > /dev/null && head -c 4 /dev/zero | od -An -tx1 && ls /dev && mknod /tmp/n c 1 3"
    done = user.docker("run", "--rm", "busybox", "sh", "-c", script)
    assert done.code != 0 and "Operation not permitted" in done.err
    assert "00 00 00 00" in done.out and {"null", "tty", "urandom", "pts", "shm"} <= set(done.out.split())


def test_owners_in_volumes_and_bind_mounts(user: Target, stage: Stage) -> None:
    script = "echo x > /v/f && chown 1000:1001 /v/f && ls -ln /v"
    shown = user.docker("run", "--rm", "-v", "kept:/v", "busybox", "sh", "-c", script)
    assert re.search(r" 1000 +1001 .* f\n", shown.out), shown
    mine = ["-v", "kept:/v", "--user", "1000", "busybox", "sh", "-c", "echo y >> /v/f; cat /v/f"]
    again = user.docker("run", "--rm", *mine)
    assert again.out == "x\ny\n", again
    folder = stage.root / "home/shared"
    folder.mkdir()
    os.chown(folder, UID, UID)
    script = "touch /b/root /b/other; chown 5 /b/other"
    made = user.docker("run", "--rm", "-v", f"{folder}:/b", "busybox", "sh", "-c", script)
    assert made.code == 0, made.err
    assert (folder / "root").stat().st_uid == UID
    assert (folder / "other").stat().st_uid == FIRST + 4
    user.docker("volume", "rm", "kept")


def test_what_the_user_may_not_read_its_containers_may_not(user: Target) -> None:
    done = user.docker("run", "--rm", "--privileged", "-v", "/etc:/host", "busybox", "cat", "/host/shadow")
    assert done.code != 0 and "Permission denied" in done.err


def test_a_build_with_layers_that_hide_others(user: Target, stage: Stage) -> None:
    context = stage.root / "context"
    context.mkdir()
    (context / "file").write_text("data")
    (context / "Dockerfile").write_text(
        "FROM busybox\nRUN mkdir /d && touch /d/old /gone\nRUN rm -rf /d /gone && mkdir /d && touch /d/new\n"
        "COPY --chown=7:8 file /copied\nRUN chown 9:10 /d/new && ls /d\n"
    )
    built = user.docker("build", "-t", "layers", str(context), timeout=120)
    assert built.code == 0, built.err
    shown = user.docker("run", "--rm", "layers", "sh", "-c", "ls -ln /d; ls -ln /copied; ls /gone")
    assert re.search(r" 9 +10 .* new\n", shown.out) and re.search(r" 7 +8 .* /copied\n", shown.out), shown
    assert "old" not in shown.out and "No such file" in shown.err
    saved = user.docker("create", "--name", "shown", "layers")
    assert saved.code == 0 and user.docker("diff", "shown").out == ""
    user.docker("rm", "shown")
    user.docker("rmi", "layers")


# ---- networks ---------------------------------------------------------------------------------------


def test_containers_find_each_other_by_name(user: Target) -> None:
    user.docker("network", "create", "net")
    user.docker("run", "-d", "--name", "web", "--network", "net", "busybox", "sh", "-c", SERVE)
    try:
        asked = ["run", "--rm", "--network", "net", "busybox", "sh", "-c", "sleep 0.3; wget -qO- http://web/"]
        assert user.docker(*asked).out == "hello\n"
    finally:
        user.docker("rm", "-f", "web")
        user.docker("network", "rm", "net")


def test_published_ports_are_the_hosts(user: Target) -> None:
    big = "dd if=/dev/zero of=/www/big bs=1M count=20 2>/dev/null; exec httpd -f -p 80 -h /www"
    script = f"mkdir /www; echo hello > /www/index.html; {big}"
    user.docker("run", "-d", "--name", "web", "-p", "8080:80", "busybox", "sh", "-c", script)
    try:
        wait_until(lambda: fetch(user, "http://127.0.0.1:8080/") == "hello\n")
        assert fetch(user, "http://[::1]:8080/") == "hello\n"
        assert fetch(user, f"http://{HOST_ADDRESS}:8080/") == "hello\n"
        assert len(fetch(user, "http://127.0.0.1:8080/big")) == 20 << 20
        taken = user.docker("run", "--rm", "-p", "8080:80", "busybox", "true")
        assert taken.code == 125 and "port is already allocated by container web" in taken.err
    finally:
        user.docker("rm", "-f", "web")
    low = user.docker("run", "--rm", "-p", "80:80", "busybox", "true")
    assert low.code == 125 and "net.ipv4.ip_unprivileged_port_start=80" in low.err


def test_a_port_that_another_program_of_the_user_has(user: Target, stage: Stage) -> None:
    server = subprocess.Popen(stage.command("busybox", "nc", "-l", "-p", "9091"))
    try:
        wait_until(lambda: ":9091 " in in_network_of(stage.host, "ss", "-ltn").out)
        done = user.docker("run", "--rm", "-p", "9091:80", "busybox", "true")
        assert done.code == 125 and f"by busybox, process {server.pid}" in done.err
        assert "port 9092 is free" in done.err
    finally:
        server.kill()
        server.wait()


ECHO = """
import socket
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind(("", 5000))
print("ready", flush=True)
while True:
    data, who = line.recvfrom(2048)
    line.sendto(data.upper(), who)
"""
ASK = """
import socket
lines = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for number, line in enumerate(lines):
    line.settimeout(10)
    line.sendto(b"ping %d" % number, ("127.0.0.1", 5353))
print([line.recv(2048).decode() for line in lines])
"""


def test_published_udp_goes_back_to_who_asked(user: Target) -> None:
    user.docker("run", "-d", "--name", "echo", "-p", "5353:5000/udp", "busybox", "sleep", "1000")
    pid = user.inspect("echo")["State"]["Pid"]
    server = subprocess.Popen(
        ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", ECHO], stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None and server.stdout.readline() == b"ready\n"
        for _ in range(2):
            assert user.in_network(sys.executable, "-c", ASK).out == "['PING 0', 'PING 1']\n"
    finally:
        server.kill()
        server.wait()
        user.docker("rm", "-f", "echo")


@contextmanager
def serving(stage: Stage) -> Iterator[None]:
    """A web server of the host's, at the address that only a route leads to."""
    folder = stage.root / "home"
    server = subprocess.Popen(
        [
            "nsenter",
            f"--net=/proc/{stage.host}/ns/net",
            "busybox",
            "httpd",
            "-f",
            "-p",
            "9090",
            "-h",
            str(folder),
        ]
    )
    (folder / "page").write_text("outside\n")
    try:
        ask = ("curl", "-sS", f"http://{HOST_ADDRESS}:9090/page")
        wait_until(lambda: in_network_of(stage.host, *ask).out == "outside\n")
        yield
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("uplink", UPLINKS)
def test_the_way_out(uplink: str) -> None:
    missing = tuple(name for name in UPLINKS if name != uplink)
    with staged(missing=missing) as stage, serving(stage), daemon_on(stage) as target:
        done = target.docker("run", "--rm", "busybox", "wget", "-qO-", f"http://{HOST_ADDRESS}:9090/page")
        assert done.out == "outside\n", (done, (stage.root / "daemon.log").read_text())
        context = stage.root / "context"
        context.mkdir()
        url = f"http://{HOST_ADDRESS}:9090/page"
        (context / "Dockerfile").write_text(f"FROM busybox\nRUN wget -qO /page {url}\n")
        assert target.docker("build", str(context), timeout=120).code == 0


def test_without_a_way_out_everything_else_works() -> None:
    with staged(missing=UPLINKS) as stage, daemon_on(stage) as target:
        assert "apt-get install passt" in (stage.root / "daemon.log").read_text()
        warned = target.docker("info", "--format", "{{json .Warnings}}").out
        assert "containers have no way out of this host" in warned
        target.docker("run", "-d", "--name", "web", "-p", "8080:80", "busybox", "sh", "-c", SERVE)
        wait_until(lambda: fetch(target, "http://127.0.0.1:8080/") == "hello\n")


# ---- what an ordinary user may lack -----------------------------------------------------------------


WITHOUT_NAMESPACES = """
import os, sys
from hythe.kernel import namespaces, usernamespaces
whole = (usernamespaces.Entry(0, 0, 65536),)
namespaces.setns(usernamespaces.made(usernamespaces.Mapping(whole, whole)), namespaces.CLONE_NEWUSER)
assert not usernamespaces.initial()
with open("/proc/sys/user/max_user_namespaces", "w") as limit:
    limit.write("0")
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("case", ["no range", "no program"])
def test_one_id_alone(case: str) -> None:
    missing = ("newuidmap",) if case == "no program" else ()
    with staged(subordinate=case != "no range", missing=missing) as stage, daemon_on(stage) as target:
        log = (stage.root / "daemon.log").read_text()
        assert "one id" in log and ("usermod --add-subuids" in log) == (case == "no range"), log
        shown = target.docker(
            "run", "--rm", "busybox", "sh", "-c", "cat /proc/self/uid_map; touch /f; ls -ln /f"
        )
        assert shown.out.split()[:3] == ["0", str(UID), "1"] and " 0        0 " in shown.out, shown
        context = stage.root / "context"
        context.mkdir()
        (context / "file").write_text("data")
        (context / "Dockerfile").write_text("FROM busybox\nCOPY --chown=7:8 file /f\nRUN echo built > /g\n")
        built = target.docker("build", "-t", "built", str(context), timeout=120)
        assert built.code == 0, built.err
        assert target.docker("run", "--rm", "-t", "built", "cat", "/f", "/g").out.split() == ["databuilt"]
        other = target.docker("run", "--rm", "--user", "1000", "busybox", "id")
        assert other.code != 0 and "one id" in other.err, other


def test_a_machine_that_forbids_user_namespaces(stage: Stage) -> None:
    """The limit is that of a user namespace around it, so that the machine's own stays as it is."""
    command = stage.hythe(
        "daemon", "--exec-root", f"{stage.root}/run/none", "--data-root", f"{stage.root}/home/none"
    )
    inner = command[command.index("unshare") :]
    done = stage.run([sys.executable, "-c", WITHOUT_NAMESPACES, *inner])
    assert done.returncode == 1, done
    assert (
        "user.max_user_namespaces is 0" in done.stderr
        and "sudo sysctl user.max_user_namespaces" in done.stderr
    )


def test_a_delegated_control_group() -> None:
    """Pausing takes no controller; a limit takes its own, which this machine's version 2 may not have."""
    with staged(delegated=True) as stage, daemon_on(stage) as target:
        assert stage.group is not None
        controllers = (stage.group / "cgroup.controllers").read_text().split()
        target.docker(
            "run", "-d", "--name", "one", "-m", "64m", "--pids-limit", "9", "busybox", "sleep", "1000"
        )
        (group,) = (path for path in stage.group.glob("hythe-*/*") if path.is_dir())
        assert str(target.inspect("one")["State"]["Pid"]) in (group / "cgroup.procs").read_text().split()
        assert target.docker("pause", "one").code == 0
        assert "frozen 1" in (group / "cgroup.events").read_text()
        assert target.docker("unpause", "one").code == 0
        for controller, name, value in (("memory", "memory.max", 64 << 20), ("pids", "pids.max", 9)):
            assert controller not in controllers or int((group / name).read_text()) == value
        info = target.docker("info", "--format", "{{.MemoryLimit}} {{.PidsLimit}}").out.split()
        assert info == [str("memory" in controllers).lower(), str("pids" in controllers).lower()]


def test_without_a_control_group_limits_are_warnings(user: Target) -> None:
    done = user.docker("run", "--rm", "-m", "64m", "--cpu-shares", "100", "busybox", "echo", "ran")
    assert done.out == "ran\n" and "Limitation discarded" in done.err and "Shares discarded" in done.err
    user.docker("run", "-d", "--name", "one", "busybox", "sleep", "1000")
    try:
        paused = user.docker("pause", "one")
        assert paused.code == 1 and "systemd-run --user" in paused.err
        committed = user.docker("commit", "one", "image")
        assert committed.code == 1 and "--pause=false" in committed.err
    finally:
        user.docker("rm", "-f", "one")


def test_the_api_on_a_port_of_the_host() -> None:
    with staged() as stage:
        hosts = (
            "-H",
            f"unix://{stage.root}/run/hythe/hythe.sock",
            "-H",
            "tcp://127.0.0.1:2375",
            "--tcp-without-tls",
        )
        with daemon_on(stage, *hosts) as target:
            assert fetch(target, "http://127.0.0.1:2375/_ping") == "OK"


def test_the_interpreter_cannot_be_written_through_a_container(user: Target) -> None:
    user.docker("run", "-d", "--name", "one", "busybox", "sleep", "1000")
    try:
        warden = (
            Path(f"/proc/{user.inspect('one')['State']['Pid']}/status")
            .read_text()
            .split("PPid:")[1]
            .split()[0]
        )
        assert Path(f"/proc/{warden}/comm").read_text() == "hythe-warden\n"
        assert os.statvfs(f"/proc/{warden}/exe").f_flag & os.ST_RDONLY
    finally:
        user.docker("rm", "-f", "one")


# ---- life and end -----------------------------------------------------------------------------------


def test_kill_9_of_the_daemon_and_nothing_left_at_the_end() -> None:
    with staged() as stage:
        with daemon_on(stage) as target:
            target.docker("run", "-d", "--name", "web", "-p", "8080:80", "busybox", "sh", "-c", SERVE)
            wait_until(lambda: fetch(target, "http://127.0.0.1:8080/") == "hello\n")
            pid = target.inspect("web")["State"]["Pid"]
            os.kill(target.pid, signal.SIGKILL)
            time.sleep(0.2)
            again = subprocess.Popen(stage.hythe("daemon"), stderr=subprocess.DEVNULL)
            try:
                wait_until(lambda: target.docker("version").code == 0)
                assert target.inspect("web")["State"]["Pid"] == pid
                assert target.docker("exec", "web", "echo", "in").out == "in\n"
                wait_until(lambda: fetch(target, "http://127.0.0.1:8080/") == "hello\n")
                target.docker("rm", "-f", "web")
            finally:
                again.terminate()
                assert again.wait(30 * PATIENCE) == 0
        wait_until(lambda: not _of(stage), what="the end of all processes")
        assert not (stage.root / "run/hythe/keeper.sock").exists()


def _of(stage: Stage) -> list[str]:
    """Processes that still have something of the stage's open or as their network."""
    found = []
    for line in processes():
        folder = Path(f"/proc/{line.split()[0]}")
        try:
            if str(stage.root) in (folder / "environ").read_bytes().decode(errors="replace"):
                found.append(line)
        except OSError:
            continue
    return found


def test_the_first_command_starts_the_daemon() -> None:
    with staged() as stage:
        done = stage.run(stage.hythe("info", "--format", "{{.SecurityOptions}}"))
        pid = int((stage.root / "run/hythe/daemon.lock").read_text())
        try:
            assert done.returncode == 0 and "rootless" in done.stdout, done
            assert "Starting the hythe daemon" in done.stderr
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not _of(stage), what="the end of all processes")
