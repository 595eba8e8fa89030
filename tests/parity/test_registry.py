"""Registries through the API: pushing, pulling, logging in, asking; what clients see of it, and what they match on."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

from tests.docker_registry import Registry, docker_registry
from tests.parity.raw import Answer, ask
from tests.targets import Result, Target, in_network_of

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

ALICE = {"username": "alice", "password": "secret"}
DOCKERFILE = "FROM busybox\nRUN echo one > /one\nRUN echo two > /two\n"


@pytest.fixture(scope="module")
def public(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry for everybody."""
    with docker_registry(target, tmp_path_factory.mktemp("public") / "registry") as registry:
        yield registry


@pytest.fixture(scope="module")
def private(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry for alice."""
    with docker_registry(target, tmp_path_factory.mktemp("private") / "registry", password=True) as registry:
        yield registry


@pytest.fixture
def app(target: Target, public: Registry, tmp_path: Path) -> str:
    """An image of three layers that is in the public registry and not in the engine; its name."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    name = f"{public.host}/team/app:1"
    done(target.docker("build", "-q", "-t", name, str(folder), timeout=120))
    done(target.docker("push", "-q", name))
    remove(target, name)
    return name


def done(result: Result) -> str:
    assert result.code == 0, result.err
    return result.out


def remove(target: Target, *names: str) -> list[str]:
    return done(target.docker("rmi", "-f", *names)).splitlines()


def header(auth: dict[str, str]) -> dict[str, str]:
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(auth).encode()).decode()}


def messages(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.body.splitlines() if line.strip()]


def pull(target: Target, name: str, auth: dict[str, str] | None = None) -> Answer:
    repository, _, tag = name.rpartition(":")
    query = f"fromImage={repository}&tag={tag}"
    return ask(target, "POST", f"/v1.41/images/create?{query}", headers=header(auth or {}))


def push(target: Target, name: str, auth: dict[str, str] | None = None) -> Answer:
    repository, _, tag = name.rpartition(":")
    return ask(target, "POST", f"/v1.41/images/{repository}/push?tag={tag}", headers=header(auth or {}))


# ---- pulling ------------------------------------------------------------------------------------


def test_a_pull_is_told_step_by_step(target: Target, app: str) -> None:
    told = messages(pull(target, app))
    assert told[0] == {"status": "Pulling from team/app", "id": "1"}
    layers = [one["id"] for one in told if one["status"] in ("Pulling fs layer", "Already exists")]
    assert len(set(layers)) == 3
    for layer in layers:
        states = [one["status"] for one in told if one.get("id") == layer]
        if states[0] == "Already exists":  # a build cache still has it
            continue
        assert states[0] == "Pulling fs layer" and states[-1] == "Pull complete"
        assert "Download complete" in states and "Extracting" in states
    for one in told:
        if one["status"] in ("Downloading", "Extracting"):
            assert one["progressDetail"].keys() == {"current", "total"} and "B/" in one["progress"]
    assert told[-2]["status"].startswith("Digest: sha256:")
    assert told[-1] == {"status": f"Status: Downloaded newer image for {app}"}
    again = messages(pull(target, app))
    assert again == [told[0], told[-2], {"status": f"Status: Image is up to date for {app}"}]


def test_the_digest_is_another_name(target: Target, app: str) -> None:
    digest = messages(pull(target, app))[-2]["status"].removeprefix("Digest: ")
    by_digest = f"{app.removesuffix(':1')}@{digest}"
    details = target.inspect(app, "image")
    assert details["RepoDigests"] == [by_digest] and details["RepoTags"] == [app]
    assert target.inspect(by_digest, "image")["Id"] == details["Id"]
    assert digest in done(target.docker("images", "--digests"))
    assert remove(target, app)[:2] == [f"Untagged: {app}", f"Untagged: {by_digest}"]
    assert done(target.docker("pull", "-q", by_digest)).strip() == by_digest
    details = target.inspect(by_digest, "image")
    assert details["RepoDigests"] == [by_digest] and not details["RepoTags"]
    assert done(target.docker("run", "--rm", by_digest, "cat", "/one", "/two")) == "one\ntwo\n"
    assert remove(target, by_digest)[0] == f"Untagged: {by_digest}"


def test_all_tags(target: Target, app: str, public: Registry) -> None:
    done(target.docker("pull", "-q", app))
    done(target.docker("tag", app, f"{public.host}/many:a"))
    done(target.docker("tag", "busybox", f"{public.host}/many:b"))
    done(target.docker("push", "-a", "-q", f"{public.host}/many"))
    remove(target, f"{public.host}/many:a", f"{public.host}/many:b")
    told = done(target.docker("pull", "-a", f"{public.host}/many"))
    assert told.count("Pulling from many") == 2
    assert target.inspect(f"{public.host}/many:a", "image")["Id"] == target.inspect(app, "image")["Id"]
    assert f"Status: Downloaded newer image for {public.host}/many\n" in told


def test_a_tag_that_has_moved_leaves_the_old_image_without_one(
    target: Target, app: str, public: Registry
) -> None:
    done(target.docker("pull", "-q", app))
    old = target.inspect(app, "image")["Id"]
    done(target.docker("tag", "busybox", app))
    done(target.docker("push", "-q", app))
    done(target.docker("tag", old, app))
    told = messages(pull(target, app))
    assert told[-1]["status"] == f"Status: Downloaded newer image for {app}"
    assert target.inspect(app, "image")["Id"] == target.inspect("busybox", "image")["Id"] != old
    assert target.inspect(old, "image")["RepoTags"] == []


def test_run_and_build_fetch_what_is_missing(target: Target, app: str, tmp_path: Path) -> None:
    ran = target.docker("run", "--rm", app, "cat", "/one")
    assert (ran.code, ran.out) == (0, "one\n")
    assert f"Unable to find image '{app}' locally\n1: Pulling from team/app\n" in ran.err
    remove(target, app)
    (tmp_path / "Dockerfile").write_text(
        f"FROM scratch\nCOPY --from={app} /one /\nFROM {app}\nRUN cat /two\n"
    )
    built = done(target.docker("build", str(tmp_path), timeout=120))
    assert "1: Pulling from team/app" in built and "\ntwo\n" in built
    again = done(target.docker("build", "--pull", str(tmp_path), timeout=120))
    assert f"Status: Image is up to date for {app}" in again
    assert target.inspect(app, "image")["RepoTags"] == [app]


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("HOST/team/app:nosuch", 404,
         "manifest for HOST/team/app:nosuch not found: manifest unknown: manifest unknown"),
        ("HOST/nosuch:1", 404, "manifest for HOST/nosuch:1 not found: manifest unknown: manifest unknown"),
        ("HOST/Team/app:1", 400, "repository name must be lowercase"),
        ("localhost:1/team/app:1", 500, 'Get "http://localhost:1/v2/": '),
        ("localhost:1/team/app:1", 500, "connection refused"),
    ],
)  # fmt: skip
def test_pulls_that_fail(target: Target, public: Registry, name: str, status: int, message: str) -> None:
    answer = pull(target, name.replace("HOST", public.host))
    assert answer.status == status
    assert message.replace("HOST", public.host) in answer.message


# ---- pushing ------------------------------------------------------------------------------------


def test_a_push_is_told_step_by_step(target: Target, public: Registry) -> None:
    name = f"{public.host}/pushed/here:1"
    done(target.docker("tag", "busybox", name))
    told = messages(push(target, name))
    layer = target.inspect(name, "image")["RootFS"]["Layers"][0].removeprefix("sha256:")[:12]
    assert told[0] == {"status": f"The push refers to repository [{public.host}/pushed/here]"}
    states = [one["status"] for one in told if one.get("id") == layer]
    assert states[0] == "Preparing" and states[-1] in ("Pushed", "Mounted from team/app", "Mounted from many")
    detail = told[-1]["aux"]
    assert told[-2] == {"status": f"1: digest: {detail['Digest']} size: {detail['Size']}"}
    assert detail["Tag"] == "1"
    again = messages(push(target, name))
    assert [one["status"] for one in again if one.get("id") == layer] == ["Preparing", "Layer already exists"]
    assert f"{public.host}/pushed/here@{detail['Digest']}" in target.inspect(name, "image")["RepoDigests"]
    other = f"{public.host}/pushed/there:1"
    done(target.docker("tag", "busybox", other))
    assert f"{layer}: Mounted from pushed/here" in done(target.docker("push", other))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HOST/pushed/it:nosuch", "tag does not exist: HOST/pushed/it:nosuch"),
        ("HOST/nosuch:1", "An image does not exist locally with the tag: HOST/nosuch"),
    ],
)
def test_pushes_of_what_is_not_there(target: Target, public: Registry, name: str, message: str) -> None:
    done(target.docker("tag", "busybox", f"{public.host}/pushed/it:1"))
    answer = push(target, name.replace("HOST", public.host))
    assert answer.status == 200
    assert message.replace("HOST", public.host) in messages(answer)[-1]["error"]


def test_a_push_without_the_header(target: Target, public: Registry) -> None:
    answer = ask(target, "POST", f"/v1.41/images/{public.host}/x/push?tag=1")
    assert answer.status == 400 and "missing X-Registry-Auth" in answer.message


# ---- who asks -----------------------------------------------------------------------------------


def test_login(target: Target, public: Registry, private: Registry) -> None:
    def login(registry: str, password: str) -> Answer:
        body = {"username": "alice", "password": password, "serveraddress": registry}
        return ask(target, "POST", "/v1.41/auth", body)

    assert login(private.host, "secret").json == {"IdentityToken": "", "Status": "Login Succeeded"}
    assert login(public.host, "whatever").status == 200
    wrong = login(private.host, "wrong")
    assert wrong.status == 500
    assert wrong.message == (
        f"login attempt to http://{private.host}/v2/ failed with status: 401 Unauthorized"
    )


def test_a_private_registry_wants_to_know_who_asks(
    target: Target, private: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    name = f"{private.host}/secret:1"
    done(target.docker("tag", "busybox", name))
    assert "no basic auth credentials" in target.docker("push", name).err
    assert messages(push(target, name, ALICE | {"password": "wrong"}))[-1]["error"] == (
        "unauthorized: authentication required"
    )
    login = target.docker("login", "-u", "alice", "--password-stdin", private.host, stdin=b"secret")
    assert (login.code, login.out) == (0, "Login Succeeded\n")
    done(target.docker("push", name))
    remove(target, name)
    done(target.docker("pull", name))
    remove(target, name)
    (tmp_path / "Dockerfile").write_text(f"FROM {name}\n")
    done(target.docker("build", str(tmp_path)))
    remove(target, name)
    done(target.docker("logout", private.host))
    for refused in (("pull", name), ("build", "--pull", str(tmp_path)), ("run", "--rm", name)):
        assert "no basic auth credentials" in target.docker(*refused).err
    assert pull(target, name).status == 500
    wrong = pull(target, name, ALICE | {"password": "wrong"})
    assert (wrong.status, wrong.message) == (500, "unauthorized: authentication required")
    assert pull(target, name, ALICE).status == 200


def test_credentials_that_cannot_be_read_are_nobodys(target: Target, app: str) -> None:
    repository, _, tag = app.rpartition(":")
    path = f"/v1.41/images/create?fromImage={repository}&tag={tag}"
    assert ask(target, "POST", path, headers={"X-Registry-Auth": "%%%"}).status == 200


# ---- asking -------------------------------------------------------------------------------------


def test_what_a_registry_has(target: Target, app: str, public: Registry, private: Registry) -> None:
    found = ask(target, "GET", f"/v1.41/distribution/{app}/json").json
    digest = messages(pull(target, app))[-2]["status"].removeprefix("Digest: ")
    assert found["Descriptor"]["digest"] == digest
    assert found["Descriptor"]["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert [(one["os"], one["architecture"]) for one in found["Platforms"]] == [("linux", "amd64")]
    missing = ask(target, "GET", f"/v1.41/distribution/{public.host}/team/app:nosuch/json")
    assert (missing.status, missing.message) == (404, "manifest unknown: manifest unknown")
    unknown = ask(target, "GET", f"/v1.41/distribution/{private.host}/secret:1/json")
    assert unknown.status == 500 and "no basic auth credentials" in unknown.message
    assert ask(target, "GET", "/v1.41/distribution/a:b:c/json").status == 400


def test_searching(target: Target, public: Registry) -> None:
    """No registry of today can do it."""
    path = f"/v1.41/images/search?term={public.host}/busybox"
    refused = ask(target, "GET", path)
    assert refused.status == 500 and refused.message.startswith("Unexpected status code 404")
    limit = ask(target, "GET", f"{path}&limit=1000")
    assert (limit.status, limit.message) == (400, "Limit 1000 is outside the range of [1, 100]")


# ---- with others --------------------------------------------------------------------------------


def test_skopeo_on_the_other_side(target: Target, app: str, public: Registry, tmp_path: Path) -> None:
    """What the engine pushed is copied by skopeo, what skopeo pushed (as OCI) is pulled by the engine."""
    shown = json.loads(skopeo(target, "inspect", "--tls-verify=false", f"docker://{app}"))
    assert len(shown["Layers"]) == 3
    layout, copied = f"oci:{tmp_path / 'layout'}:app", f"{public.host}/by-skopeo:oci"
    skopeo(target, "copy", "-q", "--src-tls-verify=false", f"docker://{app}", layout)
    skopeo(target, "copy", "-q", "--dest-tls-verify=false", layout, f"docker://{copied}")
    assert done(target.docker("run", "--rm", copied, "cat", "/one", "/two")) == "one\ntwo\n"


def skopeo(target: Target, *arguments: str) -> str:
    """skopeo in the daemon's network."""
    return done(in_network_of(target.pid, "skopeo", *arguments))


def test_docker_py(target: Target, app: str, private: Registry) -> None:
    client = target.client()
    try:
        image = client.images.pull(app)
        assert image.tags == [app]
        image.tag(f"{private.host}/py", "1")
        with pytest.raises(APIError, match="401 Unauthorized"):
            client.login("alice", "wrong", registry=private.host)
        client.login("alice", "secret", registry=private.host, dockercfg_path="/nonexistent")
        told = client.images.push(f"{private.host}/py", "1", auth_config=ALICE, stream=True, decode=True)
        assert any(one.get("aux", {}).get("Tag") == "1" for one in told)
        assert client.images.get_registry_data(f"{private.host}/py:1", auth_config=ALICE).id.startswith(
            "sha256:"
        )
    finally:
        client.close()


def test_events(target: Target, app: str) -> None:
    since = time.time()
    done(target.docker("pull", "-q", app))
    done(target.docker("push", "-q", app))
    answer = ask(target, "GET", f"/v1.41/events?since={since:.9f}&until={time.time():.9f}")
    told = [
        (one["Action"], one["Actor"]["ID"], one["Actor"]["Attributes"]["name"]) for one in messages(answer)
    ]
    repository = app.removesuffix(":1")
    assert [one for one in told if one[0] in ("pull", "push")] == [
        ("pull", app, repository),
        ("push", app, repository),
    ]
