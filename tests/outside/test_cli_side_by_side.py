"""The same arguments for docker's CLI and for hythe's: the same output and the same exit code.

`alias docker=hythe` is what this is about. Groups build on what their own lines have made; `things` has what all of
them look at. What differs on purpose is listed at the end of docs/cli.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.outside.side_by_side import differences
from tests.targets import Target

LISTS = r"""
ps
ps -a
ps -aq
ps -q --no-trunc
ps -a --no-trunc
ps -as
ps -l
ps -n 2
ps -n 0
ps --format json
ps -a --format "{{json .}}"
ps -a --format "table {{.Names}}\t{{.Image}}\t{{.Status}}"
ps -a --format "{{.Names}}: {{.Ports}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}} {{.Labels}} {{.Label \"tier\"}}"
ps -a --format "table {{.ID}} {{.Names}}"
ps -a --format "{{.Names}} {{.Size}}"
ps -a --format "{{.Nope}}"
ps -a --format "{{.Names"
ps -a --format "{{upper .Names}} {{.Names | lower}} {{join (split .Names \"e\") \"-\"}}"
ps -a --format "{{if eq .State \"running\"}}{{.Names}}{{else}}-{{end}}"
ps -a --format "{{.CreatedAt}}\t{{.RunningFor}}\t{{.Command}}"
ps --filter status=exited
ps --filter bogus=1
ps --filter nofilter
ps --filter name=web --filter label=tier=front
ps -f ancestor=busybox -q ~~~
ps -f network=net1 --format {{.Names}}
ps -f volume=vol1 --format {{.Names}}
ps -a -f exited=3 --format {{.Names}}
ps -f publish=80 --format {{.Names}}
ps extra
ps --nope
ps -z
ps -n x
container ls
container list -a
container ps -q
images ~~~
images -a ~~~
images -q
images --no-trunc ~~~
images --digests ~~~
images --format json ~~~
images --format "{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}" ~~~
images --format "table {{.Repository}}\t{{.ID}}" ~~~
images busybox
images my/box:v1
images nope
images --filter reference=my/*
images --filter dangling=true
images --filter bogus=1
image ls ~~~
image list -q
network ls
network ls -q
network ls --no-trunc
network ls --filter driver=bridge
network ls --filter type=custom
network ls --format json
network ls --format "{{.Name}} {{.Driver}} {{.Scope}} {{.IPv6}} {{.Internal}} {{.Labels}}"
network list
volume ls
volume ls -q
volume ls --format json
volume ls --format "{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Labels}} {{.Links}} {{.Size}}"
volume ls --filter name=vol
volume ls --filter dangling=false
volume list
"""

LOOKS = r"""
inspect web
inspect web idle
inspect -f "{{.State.Status}} {{.Name}}" web idle
inspect -f "{{json .State}}" idle
inspect -f "{{.NetworkSettings.Networks.net1.NetworkID}}" web
inspect -f "{{range .Mounts}}{{.Destination}} {{end}}" web
inspect -f "{{range $k, $v := .NetworkSettings.Ports}}{{$k}} {{end}}" web
inspect -f "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}" web
inspect -f "{{.NetworkSettings.Ports}}" web
inspect -f "{{.Config.Env}} {{.Config.Cmd}} {{.Config.Entrypoint}}" web
inspect -f "{{.HostConfig.Memory}} {{.HostConfig.Binds}} {{.Config.Labels}} {{.HostConfig.CapAdd}}" web
inspect -f "{{index .Config.Labels \"tier\"}} {{.Config.Labels.tier}}" web
inspect -f "{{.Config.Healthcheck}}|{{.State.Health}}|{{.Config.StopSignal}}" web
inspect -f "{{.State.Health.Status}}" web
inspect -f "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}" web
inspect -f "{{len .Mounts}} {{(index .Mounts 0).Type}}" web
inspect -f "{{.Created}} {{.Config.ExposedPorts}} {{.RestartCount}}" web
inspect -f "{{.Nope}}" web
inspect -f "{{.Name" web
inspect --format "{{printf \"%-8s|\" .Name}}" web
inspect --format "{{slice .Id 0 4 | len}} {{println .Name}}" web
inspect --type container web
inspect --type image web
inspect --type bogus web
inspect --type volume vol1
inspect --type network net1
inspect busybox
inspect vol1
inspect net1
inspect nope
inspect web nope
inspect -f "{{.Name}}" nope web
inspect -s made
inspect
container inspect idle
container inspect nope
container inspect vol1
image inspect busybox
image inspect nope
image inspect -f "{{.Id}} {{.Os}}/{{.Architecture}} {{.Config.Cmd}}" busybox
network inspect net1
network inspect nope
network inspect net1 nope
network inspect -v net1
network inspect -f "{{.Name}} {{json .Labels}} {{range .IPAM.Config}}{{.Subnet}}{{end}}" net1
volume inspect vol1
volume inspect vol1 nope
volume inspect -f "{{.Name}} {{.Mountpoint}} {{.Options}}" vol1
logs web
logs --tail 1 web
logs -n 1 web
logs -n bogus web
logs -t --tail 0 web
logs nope
logs --since 1h web
logs --until 1h web
logs --since bogus web
logs
port web
port web 80
port web 80/tcp
port web 81
port web bogus/x
port nope
top idle -o comm
top made
top nope
top
diff idle
diff nope
container diff idle
history busybox
history -q busybox
history --no-trunc busybox
history -H=false busybox
history --format json busybox
history --format "{{.ID}} {{.CreatedBy}} {{.Size}} {{.Comment}}" busybox
history nope
stats --no-stream made
stats --no-stream --format "{{.Name}} {{.PIDs}} {{.Container}}" idle
stats --no-stream nope
wait gone
wait nope
wait gone nope
wait --bogus
version --format "{{.Server.Version}} {{.Server.Os}} {{.Server.APIVersion}}"
version --format "{{.Client.Os}}/{{.Client.Arch}} {{.Client.Context}}"
info --format "{{.ServerVersion}} {{.Driver}} {{.NCPU}} {{.Swarm.LocalNodeState}}"
info -f "{{json .Name}} {{range .SecurityOptions}}{{.}} {{end}}"
system info --format "{{.ID}}"
system df
system df -v
system df --format json
system df --format "{{.Type}} {{.Size}} {{.TotalCount}} {{.Active}} {{.Reclaimable}}"
system df extra
events --since 10m --until 0s --filter container=idle
events --since 10m --until 0s --filter container=idle --format json
events --since 10m --until 0s --filter container=idle --format "{{json .}}"
events --since 10m --until 0s --filter container=idle --format "{{.Type}} {{.Actor.ID}} {{.Status}} {{.From}}"
events --since 10m --until 0s --filter container=web --filter type=network
events --since bogus
system events --since 1m --until 0s --filter type=daemon
bogus
--bogus ps
-H unix:///nope.sock ps
-H bogus://x ps
--host=unix:///nope.sock ps
-D version --format {{.Client.Os}}
-l bogus version --format x
--log-level debug version --format {{.Client.Os}}
"""

RUN = r"""
run
run --bogus busybox
run -p
run -ditx busybox
run --rm busybox echo hi
run --rm busybox sh -c "exit 42"
run --rm busybox sh -c "kill -9 $$"
run --rm busybox nosuch
run --rm busybox /etc
run --rm busybox /etc/passwd
run -d --rm -a stdout busybox true
run --rm -it busybox true
run --rm -i busybox cat <<< hello\nworld\n
run --rm busybox cat <<< hello\n
run --rm -a stdout busybox sh -c "echo o; echo e >&2"
run --rm -a stderr busybox sh -c "echo o; echo e >&2"
run --rm -a stdin -a stdout -i busybox cat <<< abc\n
run --rm --attach bogus busybox true
run --rm -e A=1 -e B --hostname h busybox env
run --rm --env-file ENVFILE --hostname h busybox env
run --rm --env-file /nope busybox env
run --rm --name @r --hostname hh busybox hostname
run --rm --network net1 --network-alias zz busybox true
run --rm --network nope busybox true
run --rm -v bad:name:rw:x busybox true
run --rm -m 4m busybox true
run --rm -m x busybox true
run --rm --cpus x busybox true
run --rm -p 99999:80 busybox true
run --rm -p 80:80:80:80 busybox true
run --rm --restart always busybox true
run --rm --restart bogus busybox true
run --rm --user nosuch busybox true
run --rm --ulimit nofile=10:5 busybox true
run --rm --ulimit bogus=10 busybox true
run --rm --device /dev/nope busybox true
run --rm --log-driver bogus busybox true
run --rm --ipc bogus busybox true
run --rm --pid container:nope busybox true
run --rm --uts bogus busybox true
run --rm --userns bogus busybox true
run --rm --cgroupns bogus busybox true
run --rm --runtime bogus busybox true
run --rm --add-host bad busybox true
run --rm --label-file /nope busybox true
run --rm --expose 80-70 busybox true
run --rm --mount type=bogus,target=/x busybox true
run --rm --mount type=tmpfs,target=/x busybox ls -d /x
run --rm --tmpfs /t:size=1m busybox ls -d /t
run --rm --read-only busybox touch /x
run --rm --entrypoint echo busybox a b
run --rm --entrypoint "" busybox echo x
run --rm --isolation default busybox true
run --rm --disable-content-trust busybox true
run --rm --platform linux/amd64 busybox true
run --rm --sig-proxy=false busybox true
run --rm=false --name @f busybox true
rm @f
run --rm --quiet busybox true
run --rm --health-cmd true --no-healthcheck busybox true
run --rm --health-interval x busybox true
run --rm --sysctl bogus busybox true
run --rm --mac-address zz busybox true
run --rm --ip 1.2.3.4 busybox true
run --rm --dns bad busybox true
run --rm --group-add 5 busybox id -G
run --rm --shm-size x busybox true
run --rm --shm-size 1m busybox df -k /dev/shm
run --pull never --rm nosuchimage
run --pull bogus --rm busybox
run --cidfile FOLDER/@.cid --rm busybox true
run --cidfile FOLDER/@.cid --rm busybox true
create --name @c busybox sleep 1000
create --name @c busybox
create --pull never nosuchimage
create --pull bogus busybox
create -p x busybox
create
rm @c
"""

LIFE = r"""
create --name @c busybox sleep 1000
start @c
start @c @c
start nope
start nope @c
start
start --bogus @c
start -a nope
start -a @c @c
stop -t 0 @c
stop -t 0 @c
stop nope
stop --timeout 0 @c
stop -t x @c
stop -s BOGUS @c
start @c
restart -t 0 @c
restart nope
kill -s BOGUS @c
kill -s 0 @c
kill @c
kill @c
kill nope
start @c
pause @c
pause @c
pause nope
ps -a --filter name=@c --format "{{.State}} {{.Status}}"
exec @c true
unpause @c
unpause @c
exec @c echo hi
exec @c sh -c "exit 9"
exec @c nosuch
exec @c /etc
exec @c
exec nope true
exec
exec -i @c cat <<< abc\n
exec -d @c true
exec -it @c true
exec -e A=b @c sh -c "echo $A"
exec -w /tmp @c pwd
exec -w /nope @c pwd
exec -u 1 @c id -u
exec -u nosuch @c id -u
exec --env-file /nope @c true
exec --env-file ENVFILE @c sh -c "echo $X $Y"
exec --privileged @c true
exec --bogus @c true
rename @c @d
rename nope @e
rename @d web
rename @d "bad/name"
rename @d @c
rename @c
update -m 64m --memory-swap -1 @c
update --cpus 0.5 @c
update --restart always @c
update --restart bogus @c
update --restart no @c
update @c
update -m x @c
update nope -m 64m
wait --bogus @c
stop @c -t 0
wait @c
top @c
attach @c
attach nope
attach
attach --bogus @c
logs @c
rm @c
rm @c
rm -f @c
rm nope web
rm -f nope
rm web
rm
container rm -f nope
container remove nope
"""

FILES = r"""
run -d --name @c busybox sleep 1000
cp @c:/etc/passwd FOLDER/@
cp FOLDER/@ @c:/tmp/x
cp -q FOLDER/@ @c:/tmp/y
cp FOLDER/@ @c:/tmp/new/
cp FOLDER/sub @c:/tmp/dir
cp FOLDER/sub/. @c:/tmp/dir
cp FOLDER/sub @c:/tmp/dir
exec @c ls /tmp
cp /nope @c:/tmp
cp @c:/nope FOLDER
cp @c:/etc @c:/tmp
cp a b
cp a
cp - @c:/tmp <<< notatar
cp nope:/etc FOLDER
cp @c:/etc/passwd /nope/x
cp @c:/etc FOLDER/@
diff @c ~~~
commit @c @i
commit -a me -m msg -c "CMD [\"x\"]" @c @i:t
commit -c "BOGUS x" @c
commit nope
commit @c "BAD:NAME:X"
commit --pause=false @c @i:p
commit -p @c @i:q
inspect -f "{{.Author}} {{.Comment}} {{.Config.Cmd}}" @i:t
export nope
export @c -o FOLDER/@.tar
export -o /nope/x @c
export
import FOLDER/@.tar @im
import /nope @im
import -c "CMD [\"sh\"]" -m hello FOLDER/@.tar @im:2
inspect -f "{{.Comment}} {{.Config.Cmd}}" @im:2
save -o FOLDER/@.img @i
save nope
save
load -i FOLDER/@.img
load -q -i FOLDER/@.img
load -i /nope
load <<< garbage
tag @i @j:k
tag nope x
tag @i "BAD"
tag @i
image tag @i @j:l
rmi @j:k
rmi @j:l nope
rmi nope
rmi -f nope
image remove @im
rmi
image rm @i:p @i:q
"""

NETWORKS = r"""
network create @n
network create @n
network create --subnet bad @n2
network create --driver bogus @n2
network create --subnet 10.99.0.0/24 --gateway 10.99.1.1 @n2
network create
network create a b
network create --ip-range 10.98.0.0/25 @n2
network create --aux-address a=1.2.3.4 @n2
network create --attachable @n3
network create --internal --label a=b @n4
network connect @n idle
network connect @n idle
network connect --alias al @n4 idle
network connect nope idle
network connect @n nope
network connect @n
network disconnect @n idle
network disconnect @n idle
network disconnect -f @n nope
network disconnect @n4 idle
network rm net1
network rm @n @n3
network rm nope
network rm -f nope
network rm bridge
network remove @n4
network rm
network inspect bridge nope --format "{{.Name}}"
network inspect
network prune --filter label=nope -f
network prune --filter bogus=1 -f
network prune <<< n\n
"""

VOLUMES = r"""
volume create @v
volume create --name @v
volume create @v2 --name @v3
volume create -d bogus @v2
volume create "bad name"
volume create --label a=b --opt type=tmpfs --opt device=tmpfs @v4
volume create a b
volume rm @v
volume rm @v
volume rm -f @v
volume rm vol1
volume rm
volume remove @v4
volume prune -f --filter label=nope
volume prune -a -f --filter label=nope
volume prune <<< n\n
volume bogus
"""

PRUNES = r"""
run --name @old -l mine=@ busybox true
container prune --filter label=mine=@ <<< n\n
container prune --filter label=mine=@ <<< y\n
container prune -f --filter label=nope
container prune <<< n\n
image prune -f --filter label=nope
image prune -a -f --filter label=nope
image prune <<< n\n
image prune -a <<< n\n
builder prune <<< n\n
builder prune -a <<< n\n
builder prune -f
network prune -f --filter label=nope
volume prune -f --filter label=nope
system prune <<< n\n
system prune -a --volumes <<< n\n
system prune --filter until=24h <<< n\n
system prune --volumes --filter until=24h
system prune extra
"""

BUILD = r"""
build -q - <<< FROM busybox\nRUN echo hi > /x\nCMD ["cat", "/x"]\n
build -q -t @b --label mine=@ - <<< FROM busybox\nARG A\nRUN echo $A > /x\nCMD ["cat", "/x"]\n
build -q -t @b --build-arg A=b FOLDER
run --rm @b
build -t @b -f nope FOLDER
build /nope
build
build --bogus FOLDER
build -q - <<< FROM nosuchimage\n
build -q - <<< FROM busybox\nRUN exit 3\n
build -q - <<< BOGUS x\n
build -q --target nope FOLDER
build -q -m 64m --cpu-shares 512 --no-cache - <<< FROM busybox\nRUN true > /y\n
image build -q --iidfile FOLDER/@.iid - <<< FROM busybox\nCMD ["true"]\n
builder build -q - <<< FROM busybox\nCMD ["true"]\n
build -q --network host - <<< FROM busybox\nRUN true > /z\n
"""


@pytest.fixture
def things(target: Target) -> None:
    """What the lines look at; taken away by `tidied_up`."""
    for line in (
        "network create --label a=b net1",
        "volume create --label k=v vol1",
        "tag busybox my/box:v1",
        "run -d --name web -p 127.0.0.1::80 --network net1 -v vol1:/data -l tier=front -l n=1 busybox "
        "sh -c 'echo hello; sleep 0.2; echo more; sleep 10000'",
        "run -d --name idle busybox sleep 10000",
        "create --name made busybox echo 'hi <b> & there'",
    ):
        _ok(target, line)
    assert target.docker("run", "--name", "gone", "busybox", "sh", "-c", "exit 3").code == 3


def _ok(target: Target, line: str) -> None:
    import shlex

    result = target.docker(*shlex.split(line))
    assert result.code == 0, f"{line}: {result.err}"


@pytest.mark.parametrize(
    "lines",
    [
        LISTS, pytest.param(LOOKS, marks=pytest.mark.slow), pytest.param(RUN, marks=pytest.mark.slow), LIFE, FILES,
        NETWORKS, VOLUMES, PRUNES, BUILD,
    ],
    ids=["lists", "looks", "run", "life", "files", "networks", "volumes", "prunes", "build"],
)  # fmt: skip
def test_docker_and_hythe_say_the_same(target: Target, things: None, tmp_path: Path, lines: str) -> None:
    (tmp_path / "env").write_text("X=1\n# a comment\nY=a b\nHOME\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "sub").mkdir()
    (folder / "sub" / "file").write_text("content")
    (folder / "Dockerfile").write_text('FROM busybox\nARG A\nRUN echo $A > /x\nCMD ["cat", "/x"]\n')
    target.docker("builder", "prune", "-f")  # or the first of the two would have more to take away
    filled = lines.replace("ENVFILE", str(tmp_path / "env")).replace("FOLDER", str(folder))
    assert differences(target, filled.splitlines()) == ""
