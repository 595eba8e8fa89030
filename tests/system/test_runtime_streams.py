"""Streams of real processes: pipes, terminals, attachments, the log."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from hythe.wire import logframes
from tests.system.runtime_harness import Warden, encoded, process, read_all, running

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


def frames(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    position = 0
    while position < len(data):
        stream, length = struct.unpack_from(">BxxxI", data, position)
        found.append((stream, data[position + 8 : position + 8 + length]))
        position += 8 + length
    return found


def finish(warden: Warden, id: str) -> int:
    code = int(warden.event("exit", id, exec=None)["exit_code"])
    warden.call("delete", id=id)
    return code


def test_multiplexed_streams_and_the_log(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sh", "-c", "echo out; sleep 0.1; echo err >&2"]))
    client = warden.attach(id, framing="multiplexed", stdin=False)
    warden.call("start", id=id)
    assert frames(read_all(client)) == [(1, b"out\n"), (2, b"err\n")]
    log = (warden.folder / "bundles" / id / "log").read_bytes()
    first = logframes.decode(log)
    assert first is not None
    assert (first[0].stream, first[0].payload) == (1, b"out\n")
    last = logframes.decode_before(log, len(log))
    assert last is not None
    assert (last[0].stream, last[0].payload) == (2, b"err\n")
    assert finish(warden, id) == 0


def test_input_with_half_close(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/cat"]), stdin=True, stdin_once=True)
    client = warden.attach(id, head=encoded(b"early "))
    warden.call("start", id=id)
    client.sendall(b"late")
    client.shutdown(socket.SHUT_WR)
    assert read_all(client) == b"early late"
    assert finish(warden, id) == 0


def test_without_stdin_once_the_input_stays_open(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sh", "-c", "read a; read b; echo $a $b"]), stdin=True)
    warden.call("start", id=id)
    first = warden.attach(id)
    first.sendall(b"one\n")
    first.close()
    second = warden.attach(id)
    second.sendall(b"two\n")
    assert read_all(second) == b"one two\n"
    assert finish(warden, id) == 0


def test_a_lot_of_input_and_output(warden: Warden) -> None:
    data = bytes(range(256)) * 4096 * 8
    id = warden.create(warden.config(["/bin/cat"]), stdin=True, stdin_once=True)
    client = warden.attach(id)
    warden.call("start", id=id)
    client.setblocking(False)
    sent, received = 0, bytearray()
    deadline = time.monotonic() + 30
    while len(received) < len(data) and time.monotonic() < deadline:
        try:
            if sent < len(data):
                sent += client.send(data[sent : sent + 65536])
        except BlockingIOError:
            pass
        try:
            received += client.recv(1 << 16)
        except BlockingIOError:
            time.sleep(0.0005)
    client.shutdown(socket.SHUT_WR)
    assert received == data
    assert finish(warden, id) == 0


def test_a_slow_client_holds_up_the_program_not_the_warden(warden: Warden) -> None:
    count = 4 << 20
    id = warden.create(warden.config(["/bin/sh", "-c", f"yes | head -c {count}"]), log=None)
    client = warden.attach(id, stdin=False)
    warden.call("start", id=id)
    assert warden.run(warden.config(["/bin/echo", "free"])) == (0, b"free\n")
    assert len(read_all(client)) == count
    assert finish(warden, id) == 0


def test_a_client_that_goes_holds_nobody_up(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sh", "-c", "yes | head -c 4000000; exit 3"]))
    client = warden.attach(id, stdin=False)
    warden.call("start", id=id)
    client.recv(100)
    client.close()
    assert finish(warden, id) == 3


def test_terminal_with_size_and_job_control(warden: Warden) -> None:
    script = (
        "stty size; test -t 0 && test -t 1 && echo tty; ls -l /dev/console | cut -c1 2>/dev/null; echo $TERM"
    )
    id = warden.create(warden.config(["/bin/sh", "-c", script]), terminal=True, stdin=True)
    warden.call("resize", id=id, height=33, width=44)
    client = warden.attach(id)
    warden.call("start", id=id)
    output = read_all(client)
    assert output.startswith(b"33 44\r\ntty\r\n")
    assert finish(warden, id) == 0


def test_terminal_signals_by_keys(warden: Warden) -> None:
    script = "trap 'exit 7' INT; echo up; while :; do sleep 0.05; done"
    id = warden.create(warden.config(["/bin/sh", "-c", script]), terminal=True, stdin=True)
    client = warden.attach(id)
    warden.call("start", id=id)
    assert client.recv(10).startswith(b"up")
    client.sendall(b"\x03")
    read_all(client)
    assert finish(warden, id) == 7


def test_detach_keys(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/cat"]), terminal=True, stdin=True)
    client = warden.attach(id, detach_keys=[16, 17])
    warden.call("start", id=id)
    client.sendall(b"a\x10b")
    assert client.recv(10).startswith(b"a")
    client.sendall(b"\x10")
    client.sendall(b"\x11")
    warden.event("detached", id)
    read_all(client)
    warden.call("delete", id=id, force=True)


def test_exec_with_a_terminal(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    args = ["/bin/sh", "-c", "stty size; test -t 0 && echo tty"]
    size = {"height": 11, "width": 22}
    code, output = warden.exec(id, args, process=process(args, consoleSize=size), terminal=True, stdin=True)
    assert (code, output) == (0, b"11 22\r\ntty\r\n")
    warden.call("delete", id=id, force=True)


def test_exec_input_ends_with_the_clients(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    ours, theirs = socket.socketpair()
    attach = {"stdin": True, "stdout": True, "stderr": True, "framing": "raw"}
    with theirs:
        warden.call("exec", [theirs.fileno()], id=id, exec="e1", process=process(["/bin/cat"]), stdin=True,
                    attach=attach)  # fmt: skip
    ours.sendall(b"through")
    ours.shutdown(socket.SHUT_WR)
    assert read_all(ours) == b"through"
    assert warden.event("exit", id, exec="e1")["exit_code"] == 0
    warden.call("delete", id=id, force=True)


def test_log_is_rotated(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "yes 0123456789 | head -c 300000"])
    path = warden.folder / "rotated"
    warden.run(config, log={"path": str(path), "max_size": 100_000, "max_files": 3})
    sizes = [(path.parent / name).stat().st_size for name in ("rotated", "rotated.1", "rotated.2")]
    assert all(0 < size <= 100_000 for size in sizes)
    assert not (path.parent / "rotated.3").exists()


def test_log_of_a_user_who_opens_stdout_again(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "echo again > /dev/stdout"])
    config["process"]["user"] = {"uid": 1000, "gid": 1000}
    assert warden.run(config) == (0, b"again\n")
