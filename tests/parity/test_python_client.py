"""`import hythe`: the Python client, both halves of it, on the target engine (hythe, and dockerd as well)."""

from __future__ import annotations

import asyncio
import io
import signal
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import hythe
from hythe.client.credentials import Credentials
from tests.docker_registry import Registry, docker_registry
from tests.driven import Driven
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]


@pytest.fixture(params=["blocking", "aio"])
def client(target: Target, request: pytest.FixtureRequest) -> Iterator[hythe.Client]:
    if request.param == "blocking":
        with hythe.connect(target.host) as connected:
            yield connected
        return
    with asyncio.Runner() as runner:
        driven = Driven(runner.get_loop(), hythe.connect_async(target.host))
        yield cast(hythe.Client, driven)
        driven.close()


@pytest.fixture
def sleeper(client: hythe.Client) -> Iterator[hythe.Container]:
    with client.containers.run("busybox", "sleep 1000", init=True) as container:
        yield container


def test_the_engine_says_what_it_is(client: hythe.Client, target: Target) -> None:
    assert client.ping().startswith("1.")
    assert client.version().api_version >= "1.41"
    info = client.info()
    assert info.cpus >= 1 and info.memory > 2**20 and info.images >= 1


def test_output_of_a_run_and_its_exit_code(client: hythe.Client) -> None:
    output = client.containers.check_output("busybox", ["sh", "-c", "echo out; echo err >&2"])
    assert output == hythe.Output(0, b"out\n", b"err\n")
    with pytest.raises(hythe.ProgramFailed, match="exit code 3:\nwhy") as failed:
        client.containers.check_output("busybox", ["sh", "-c", "echo why >&2; exit 3"])
    assert failed.value.output.exit_code == 3
    assert client.containers.check_output("busybox", "false", check=False).exit_code == 1
    assert client.containers.list(all=True) == ()


def test_input_of_a_run(client: hythe.Client) -> None:
    data = b"0123456789abcde\n" * 65536
    assert client.containers.check_output("busybox", "cat", input=data).stdout == data


def test_options_reach_the_container(client: hythe.Client, tmp_path: Path) -> None:
    (tmp_path / "greeting").write_text("from the host")
    tmp_path.chmod(0o755)
    script = "id -u; hostname; pwd; echo $WORD; cat /data/greeting"
    with client.containers.run(
        "busybox", ["sh", "-c", script],
        name="with-options", environment={"WORD": "given"}, labels={"a": "b"}, user="65534", hostname="inside",
        workdir="/tmp", volumes={str(tmp_path): "/data"}, memory="64m", cpus=0.5, ports={8080: None},
        stop_timeout=1, healthcheck={"test": "true", "interval": 60},
    ) as container:  # fmt: skip
        assert container.wait() == 0
        assert container.logs().stdout == b"65534\ninside\n/tmp\ngiven\nfrom the host"
        info = container.info()
        assert (info.name, info.image, info.labels["a"]) == ("with-options", "busybox", "b")
        assert info.environment["WORD"] == "given" and info.arguments[-1] == script
        assert info.raw["HostConfig"]["Memory"] == 64 * 2**20
        assert info.raw["Config"]["Healthcheck"]["Interval"] == 60 * 10**9
        assert [(mount.kind, mount.target, mount.writable) for mount in info.mounts] == [
            ("bind", "/data", True)
        ]


def test_an_unknown_option_is_refused(client: hythe.Client) -> None:
    with pytest.raises(TypeError, match="'colour'"):
        client.containers.create("busybox", colour="green")  # type: ignore[call-arg]


def test_life_of_a_container(client: hythe.Client) -> None:
    container = client.containers.create("busybox", "sleep 1000", name="alive", init=True)
    assert container.info().state.status == "created"
    container.start()
    container.start()
    state = container.info().state
    assert state.running and state.pid > 0 and state.started_at is not None and state.finished_at is None
    container.pause()
    assert container.info().state.status == "paused"
    container.unpause()
    container.rename("renamed")
    assert client.containers.get("renamed").id == container.id
    ending = container.ending()
    container.kill("TERM")
    assert ending.exit_code() == 128 + signal.SIGTERM
    container.restart()
    container.stop(timeout=5)
    container.stop()
    assert not container.info().state.running
    with pytest.raises(hythe.Conflict):
        container.kill()
    container.remove()
    with pytest.raises(hythe.NotFound, match="renamed"):
        client.containers.get("renamed")


def test_what_runs_is_listed(client: hythe.Client, sleeper: hythe.Container) -> None:
    assert [each.id for each in client.containers.list()] == [sleeper.id]
    (summary,) = client.containers.summaries({"ancestor": "busybox"})
    assert (summary.state, summary.image) == ("running", "busybox")
    assert abs(summary.created.timestamp() - time.time()) < 60
    assert client.containers.list({"label": "nosuch"}) == ()


def test_exec(sleeper: hythe.Container) -> None:
    output = sleeper.exec(["sh", "-c", "echo $A; pwd; exit 4"], environment={"A": "b"}, workdir="/tmp")
    assert output == hythe.Output(4, b"b\n/tmp\n", b"")
    assert sleeper.exec("wc -c", input=b"12345").stdout == b"5\n"
    with pytest.raises(hythe.ProgramFailed):
        sleeper.exec("false", check=True)


def test_a_program_that_is_talked_to(sleeper: hythe.Container) -> None:
    with sleeper.exec_attached(
        ["sh", "-c", "while read line; do echo got $line; done; echo over"]
    ) as attached:
        attached.write(b"one\n")
        assert next(attached).data == b"got one\n"
        attached.write(b"two\n")
        attached.end_input()
        assert attached.output() == (b"got two\nover\n", b"")


def test_attach_before_the_start_loses_nothing(client: hythe.Client) -> None:
    with client.containers.create("busybox", "cat", stdin=True) as container:
        with container.attach(stdin=True) as attached:
            container.start()
            attached.pour(b"through\n")
            assert attached.output() == (b"through\n", b"")
        assert container.wait() == 0


def test_a_terminal_is_not_framed(client: hythe.Client) -> None:
    with client.containers.run("busybox", "echo on a terminal", tty=True) as container:
        container.wait()
        assert container.logs().stdout == b"on a terminal\r\n"


def test_a_program_that_cannot_start(client: hythe.Client) -> None:
    with pytest.raises(hythe.CannotStart) as failed:
        client.containers.run("busybox", "nosuch")
    assert failed.value.exit_code == 127
    assert client.containers.list(all=True) == ()


def test_logs_are_followed_to_the_end(client: hythe.Client) -> None:
    script = "echo one; echo two >&2; sleep 0.2; echo three"
    with client.containers.run("busybox", ["sh", "-c", script]) as container:
        chunks = list(container.log_stream())
    assert b"".join(each.data for each in chunks if each.stream == "stdout") == b"one\nthree\n"
    assert [each.data for each in chunks if each.stream == "stderr"] == [b"two\n"]


def test_files_in_and_out(client: hythe.Client, sleeper: hythe.Container) -> None:
    sleeper.write_file("/tmp/note", b"written", mode=0o600, uid=1000)
    assert sleeper.exec("stat -c '%a %u' /tmp/note").stdout == b"600 1000\n"
    assert sleeper.read_file("/tmp/note") == b"written"
    with pytest.raises(hythe.NotFound):
        sleeper.read_file("/tmp/nosuch")
    with pytest.raises(hythe.InvalidArgument, match="no regular file"):
        sleeper.read_file("/tmp")
    archive = b"".join(sleeper.get_archive("/tmp"))
    sleeper.exec("mkdir /copy", check=True)
    sleeper.put_archive("/copy", io.BytesIO(archive))
    assert sleeper.read_file("/copy/tmp/note") == b"written"
    with tarfile.open(fileobj=io.BytesIO(b"".join(sleeper.export()))) as whole:
        assert "copy/tmp/note" in whole.getnames()


def test_stats(sleeper: hythe.Container) -> None:
    now = sleeper.stats()
    assert now.memory > 0 and now.processes >= 1 and now.cpu is not None
    with sleeper.stats_stream() as stream:
        assert next(stream).memory_limit > 0


def test_what_it_has_and_runs(client: hythe.Client, sleeper: hythe.Container) -> None:
    sleeper.write_file("/written", b"x" * 100_000)
    sleeper.exec("rm /etc/group", check=True)
    assert {hythe.Change("/written", "added"), hythe.Change("/etc/group", "deleted")} <= set(
        sleeper.changes()
    )
    assert any("sleep 1000" in process["CMD"] for process in sleeper.top())
    usage = client.disk_usage()
    assert usage.layers > 0 and usage.containers >= 100_000


def test_commit_makes_an_image(client: hythe.Client, sleeper: hythe.Container) -> None:
    sleeper.write_file("/kept", b"kept")
    id = sleeper.commit("committed", "1")
    assert client.images.get("committed:1").id == id
    assert client.containers.check_output("committed:1", "cat /kept").stdout == b"kept"


def test_images_move(client: hythe.Client) -> None:
    image = client.images.get("busybox")
    assert "busybox:latest" in image.tags and image.size > 0
    client.images.tag("busybox", "other:2")
    assert client.images.exists("other:2") and not client.images.exists("other:3")
    archive = b"".join(client.images.save("other:2"))
    assert client.images.remove("other:2") == ("other:2",)
    assert client.images.load(archive) == ("other:2",)
    assert client.images.get("other:2").id == image.id
    assert [each.id for each in client.images.list({"reference": "other:2"})] == [image.id]
    assert client.images.history("other:2")


def test_a_build(client: hythe.Client, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox\nARG WHO\nCOPY note /note\nRUN echo $WHO >> /note\nLABEL of=a-test\n"
    )
    (tmp_path / "note").write_text("hello ")
    image = client.images.build(str(tmp_path), tag="built:1", args={"WHO": "you"})
    assert (image.tags, image.labels["of"]) == (("built:1",), "a-test")
    assert client.containers.check_output("built:1", "cat /note").stdout == b"hello you\n"
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN exit 7\n")
    with pytest.raises(hythe.SystemProblem, match="7"):
        client.images.build(str(tmp_path))


@pytest.fixture(scope="module")
def private(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with docker_registry(target, tmp_path_factory.mktemp("registry") / "registry", password=True) as registry:
        yield registry


def test_a_private_registry(
    client: hythe.Client, private: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    name, auth = f"{private.host}/own:1", {"username": "alice", "password": "secret"}
    client.images.tag("busybox", name)
    with pytest.raises(hythe.HytheError, match="no basic auth credentials"):
        list(client.images.pushing(name))
    told = [message.text for message in client.images.pushing(name, auth=auth)]
    assert any("digest: sha256:" in text for text in told), told
    client.images.remove(name)
    with pytest.raises(hythe.HytheError, match="no basic auth credentials"):
        client.containers.run(name)
    Credentials().put(private.host, auth)
    assert client.containers.check_output(name, "echo pulled").stdout == b"pulled\n"
    client.images.remove(name)
    (tmp_path / "Dockerfile").write_text(f"FROM {name}\n")
    client.images.build(str(tmp_path))
    assert client.images.pull(name).tags and client.images.exists(name)


def test_networks(client: hythe.Client) -> None:
    with client.networks.create("pyclient-net", labels={"a": "b"}) as network:
        assert client.networks.get("pyclient-net").id == network.id
        with client.containers.run(
            "busybox", "sleep 1000", init=True, network="pyclient-net", aliases=["spoken"]
        ) as one:
            address = one.info().networks["pyclient-net"].address
            assert network.info().containers == {one.id: address}
            looked_up = client.containers.check_output(
                "busybox", "ping -c1 -w5 spoken", network="pyclient-net"
            )
            assert address.encode() in looked_up.stdout
            network.disconnect(one.id)
            assert network.info().containers == {}
            network.connect(one.id, aliases=["again"])
            assert "pyclient-net" in one.info().networks
    assert "pyclient-net" not in [each.name for each in client.networks.list()]


def test_volumes(client: hythe.Client) -> None:
    with client.volumes.create("pyclient-vol", labels={"a": "b"}) as volume:
        write = ["sh", "-c", "echo kept > /v/file"]
        client.containers.check_output("busybox", write, volumes={volume.name: "/v"})
        assert (
            client.containers.check_output("busybox", "cat /v/file", volumes={volume.name: "/v"}).stdout
            == b"kept\n"
        )
        assert volume.info().labels == {"a": "b"}
        assert [each.name for each in client.volumes.list({"name": "pyclient-vol"})] == ["pyclient-vol"]
    with pytest.raises(hythe.NotFound):
        client.volumes.get("pyclient-vol")


def test_events(client: hythe.Client) -> None:
    with client.events(filters={"type": "container"}) as events:
        client.containers.check_output("busybox", "true", name="seen", labels={"of": "events"})
        seen = []
        for event in events:
            seen.append(event.action)
            if event.action == "destroy":
                break
    assert [each for each in seen if each in ("create", "start", "die", "destroy")] == [
        "create", "start", "die", "destroy",
    ]  # fmt: skip
    assert (event.attributes["name"], event.attributes["of"]) == ("seen", "events")
    assert abs(event.time.timestamp() - time.time()) < 60


def test_waiting_for_a_line(client: hythe.Client) -> None:
    script = "echo getting there; sleep 0.2; echo ready at 17; sleep 1000"
    with client.containers.run("busybox", ["sh", "-c", script], init=True) as container:
        assert container.wait_for_log(r"ready at \d+", timeout=20) == "ready at 17"
        assert container.wait_for_log("getting") == "getting there"
        with pytest.raises(hythe.NotReady, match="never printed") as failed:
            container.wait_for_log("never printed", timeout=0.3)
        assert "ready at 17" in failed.value.log


def test_a_container_that_ends_is_not_waited_for(client: hythe.Client) -> None:
    began = time.monotonic()
    run = client.containers.run
    with (
        run("busybox", ["sh", "-c", "echo bad luck >&2; exit 9"]) as container,
        pytest.raises(hythe.NotReady, match=r"it ended with 9; .*\n +bad luck"),
    ):
        container.wait_for_log("ready")
    with (
        run("busybox", "false", healthcheck={"test": "true", "interval": 60}) as container,
        pytest.raises(hythe.NotReady, match="it ended with 1"),
    ):
        container.wait_healthy(timeout=20)
    assert time.monotonic() - began < 30


def test_waiting_until_healthy(client: hythe.Client) -> None:
    script = "sleep 0.3; touch /well; sleep 1000"
    check: hythe.Healthcheck = {"test": "test -e /well", "interval": 0.2, "start_period": 10}
    with client.containers.run("busybox", ["sh", "-c", script], init=True, healthcheck=check) as container:
        container.wait_healthy(timeout=20)
        assert container.info().state.health == "healthy"
        container.wait_healthy()


def test_errors_say_what_and_what_next(client: hythe.Client, tmp_path: Path) -> None:
    with pytest.raises(hythe.NotFound, match="nosuch"):
        client.containers.create("nosuch-image", pull=False)
    with pytest.raises(hythe.InvalidArgument, match="invalid size"):
        client.containers.create("busybox", memory="lots")
    with client.containers.create("busybox", name="taken"), pytest.raises(hythe.Conflict, match="taken"):
        client.containers.create("busybox", name="taken")


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(hythe.NoDaemon, match="hythe daemon -H"):
        hythe.connect(f"unix://{tmp_path}/nobody.sock").ping()

    async def asked() -> Any:
        async with hythe.connect_async(f"unix://{tmp_path}/nobody.sock") as nobody:
            await nobody.ping()

    with pytest.raises(hythe.NoDaemon, match="hythe daemon -H"):
        asyncio.run(asked())
