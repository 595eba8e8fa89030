"""The flags of `run` and `create`, which say what a container is to be."""

from __future__ import annotations

from typing import Final

from hythe.cli.parsing import Parser
from hythe.client.config.container import RunOptions

_SWITCHES: Final = (
    ("-i --interactive", "keep standard input open"),
    ("-t --tty", "give it a terminal"),
    ("--init", "run a small init as process 1"),
    ("--rm", "remove it when it has ended"),
    ("-P --publish-all", "publish all exposed ports on random ports"),
    ("--read-only", "its root file system cannot be written"),
    ("--privileged", "take all the walls down"),
    ("--oom-kill-disable", "do not kill it when memory is short"),
    ("--no-healthcheck", "no health check, whatever the image says"),
    ("--restart-on-unhealthy", "restart it when its health check gives it up (hythe's own)"),
)
_TEXTS: Final = (
    ("-u --user", "USER", "user[:group] to run as"),
    ("-w --workdir", "DIR", "working directory"),
    ("-h --hostname", "NAME", "host name"),
    ("--domainname", "NAME", "NIS domain name"),
    ("--mac-address", "MAC", "hardware address"),
    ("--entrypoint", "PROGRAM", "instead of the image's"),
    ("--stop-signal", "SIGNAL", "how `stop` asks it to end"),
    ("--restart", "POLICY", "no, always, unless-stopped, on-failure[:N]"),
    ("--ip", "ADDRESS", "IPv4 address on its network"),
    ("--ip6", "ADDRESS", "IPv6 address on its network"),
    ("-m --memory", "SIZE", "memory limit, such as 512m"),
    ("--memory-swap", "SIZE", "memory and swap together; -1: no limit"),
    ("--memory-reservation", "SIZE", "memory kept for it when memory is short"),
    ("--memory-swappiness", "N", "0 to 100: how soon its memory is swapped out"),
    ("--shm-size", "SIZE", "size of /dev/shm"),
    ("--cpus", "N", "how many CPUs it may use, such as 1.5"),
    ("--cpuset-cpus", "LIST", "which CPUs, such as 0-2,4"),
    ("--cpuset-mems", "LIST", "which memory nodes"),
    ("--volume-driver", "NAME", "for its volumes"),
    ("--pid", "MODE", "process namespace: host, container:NAME"),
    ("--ipc", "MODE", "IPC namespace: host, private, shareable, container:NAME"),
    ("--uts", "MODE", "host name namespace: host"),
    ("--userns", "MODE", "user namespace: private or host"),
    ("--cgroupns", "MODE", "cgroup namespace: host, private"),
    ("--cgroup-parent", "NAME", "cgroup that its own is made in"),
    ("--runtime", "NAME", "which OCI runtime"),
    ("--log-driver", "NAME", "local, json-file, none"),
    ("--health-cmd", "COMMAND", "checks its health"),
    ("--health-interval", "TIME", "between checks"),
    ("--health-timeout", "TIME", "a check may take"),
    ("--health-start-period", "TIME", "failures do not count for so long"),
    ("--health-start-interval", "TIME", "between checks in that period"),
)
_LISTS: Final = (
    ("-e --env", "NAME[=VALUE]", "environment variable"),
    ("--env-file", "FILE", "with environment variables"),
    ("-l --label", "NAME=VALUE", "label"),
    ("--label-file", "FILE", "with labels"),
    ("-p --publish", "[ADDRESS:][HOST:]PORT", "publish a port on this machine"),
    ("--expose", "PORT", "document a port"),
    ("-v --volume", "SOURCE:TARGET[:ro]", "a path or a volume of this machine"),
    ("--mount", "FIELDS", "type=bind|volume|tmpfs,source=...,target=..."),
    ("--tmpfs", "TARGET[:OPTIONS]", "a file system in memory"),
    ("--volumes-from", "CONTAINER", "the same volumes as that one"),
    ("--network --net", "NETWORK", "its network: a name, host, none, container:NAME"),
    ("--network-alias --net-alias", "NAME", "a further name on its network"),
    ("--dns", "ADDRESS", "name server"),
    ("--dns-search", "DOMAIN", "search domain"),
    ("--dns-option --dns-opt", "OPTION", "resolver option"),
    ("--add-host", "NAME:ADDRESS", "entry in /etc/hosts"),
    ("--ulimit", "NAME=SOFT[:HARD]", "resource limit, such as nofile=1024"),
    ("--sysctl", "NAME=VALUE", "kernel parameter of its namespaces"),
    ("--device", "PATH[:PATH][:rwm]", "device of this machine"),
    ("--device-cgroup-rule", "RULE", "devices it may use, such as 'c 13:* rwm'"),
    ("--blkio-weight-device", "PATH:WEIGHT", "its weight for one block device"),
    ("--device-read-bps", "PATH:SIZE", "bytes a second read from a block device, such as /dev/sda:1mb"),
    ("--device-write-bps", "PATH:SIZE", "bytes a second written to a block device"),
    ("--device-read-iops", "PATH:N", "reads a second from a block device"),
    ("--device-write-iops", "PATH:N", "writes a second to a block device"),
    ("--cap-add", "CAPABILITY", "give a capability"),
    ("--cap-drop", "CAPABILITY", "take a capability away"),
    ("--group-add", "GROUP", "supplementary group"),
    ("--security-opt", "OPTION", "no-new-privileges, seccomp=FILE, ..."),
    ("--log-opt", "NAME=VALUE", "option of the log driver"),
    ("--link", "CONTAINER[:ALIAS]", "docker's old links"),
    ("-a --attach", "STREAM", "connect to stdin, stdout or stderr only"),
    ("--annotation", "NAME=VALUE", "annotation for the OCI runtime"),
    ("--storage-opt", "NAME=VALUE", "option of the storage driver"),
    ("--link-local-ip", "ADDRESS", "link-local address on its network"),
)
_NUMBERS: Final = (
    ("-c --cpu-shares", "weight beside others, 1024 is usual"),
    ("--cpu-quota", "microseconds of CPU in each period"),
    ("--cpu-period", "length of the period in microseconds"),
    ("--cpu-rt-period", "period of real-time scheduling in microseconds"),
    ("--cpu-rt-runtime", "microseconds of real-time CPU in each of these"),
    ("--blkio-weight", "10 to 1000: share of block devices' time beside others"),
    ("--pids-limit", "how many processes and threads; -1: no limit"),
    ("--oom-score-adj", "-1000 to 1000: to be killed later or sooner"),
    ("--health-retries", "failures in a row that make it unhealthy"),
    ("--stop-timeout", "seconds that `stop` waits before it kills"),
)
_WINDOWS: Final = "--cpu-count --cpu-percent --io-maxbandwidth --io-maxiops"


class CommandOptions(RunOptions):
    """What is the command line's own business, beside what the container is to be."""

    def __init__(self) -> None:
        super().__init__()
        self.name = self.cidfile = self.detach_keys = self.platform = ""
        self.pull = "missing"
        self.sig_proxy = True
        self.quiet = False


def container_flags(parser: Parser) -> None:
    """Declare everything that both commands take, then the image and its command."""
    for names, help in _SWITCHES:
        parser.flag(*names.split(), help=help)
    for names, metavar, help in _TEXTS:
        parser.text(*names.split(), metavar=metavar, help=help)
    for names, metavar, help in _LISTS:
        parser.many(*names.split(), metavar=metavar, help=help)
    for names, help in _NUMBERS:
        parser.number(*names.split(), help=help)
    parser.refuse("--gpus", why="give the device: --device /dev/dri/renderD128")
    parser.refuse(*_WINDOWS.split(), why="it is of Windows: use --cpus, --device-read-bps and the like")
    parser.refuse(
        "--use-api-socket", value=False, why="give the socket: -v /run/hythe/hythe.sock:/run/docker.sock"
    )
    parser.text("--isolation", metavar="HOW", help="default: Linux has one way")
    parser.accept("--kernel-memory", why="kernels count that with the other memory")
    parser.accept("--disable-content-trust", value=False, why="there is no content trust")
    parser.text("--name", metavar="NAME", help="name; without it, one is made up")
    parser.text("--cidfile", metavar="FILE", help="write the id there; it must not exist")
    parser.text("--platform", metavar="OS/ARCH", help="of the image")
    parser.text("--pull", metavar="WHEN", help="always, missing, never")
    parser.flag("-q", "--quiet", help="no progress of a pull")
    parser.add_argument("image", metavar="IMAGE")
    parser.program("command")
