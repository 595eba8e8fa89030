"""A small web server in a container, and who can reach it: from other containers, and from the daemon's host."""

from __future__ import annotations

from tests.targets import Result, Target

READY = "until wget -qO /dev/null http://127.0.0.1/; do sleep 0.05; done"


def serve(target: Target, name: str, *options: str, text: str = "hello") -> str:
    """Start a server of `text` on port 80 in the container `name`; its id, once it answers inside."""
    script = f"echo {text} > /tmp/index.html; exec httpd -f -p 80 -h /tmp"
    started = target.docker("run", "-d", "--name", name, *options, "busybox", "sh", "-c", script)
    assert started.code == 0, started.err
    assert target.docker("exec", name, "timeout", "10", "sh", "-c", READY).code == 0
    return started.out.strip()


def idle(target: Target, name: str, *options: str) -> str:
    """Start a container that does nothing; its id."""
    started = target.docker("run", "-d", "--name", name, *options, "busybox", "sleep", "1000")
    assert started.code == 0, started.err
    return started.out.strip()


def from_container(target: Target, name: str, url: str, seconds: int = 3) -> Result:
    """What a client in the container `name` gets from `url`.

    The limit is that of `timeout`: Debian's static busybox crashes in `wget -T` on some addresses.
    """
    return target.docker("exec", name, "timeout", str(seconds), "wget", "-qO-", url)


def from_host(target: Target, url: str) -> Result:
    """What a client beside the daemon gets from `url`."""
    return target.in_network("timeout", "3", "busybox", "wget", "-qO-", url)


def address(target: Target, name: str, network: str = "bridge") -> str:
    """The IPv4 address of the container on the network."""
    found: str = target.inspect(name)["NetworkSettings"]["Networks"][network]["IPAddress"]
    return found


def gateway(target: Target, network: str = "bridge") -> str:
    """The host's own IPv4 address on the network."""
    found: str = target.inspect(network, "network")["IPAM"]["Config"][0]["Gateway"]
    return found
