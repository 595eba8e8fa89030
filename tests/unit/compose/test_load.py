"""Files to projects: normal forms, merging, extends, include, profiles, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hythe.compose import render
from hythe.compose.files import NoComposeFile, Options
from hythe.compose.load import load
from hythe.compose.model import Port, Project
from hythe.errors import SyntaxProblem, Unsupported

Make = Callable[..., Project]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write files, load the project: make(source, "other.yaml"=..., environ=..., profiles=...)."""

    def call(source: str, files: dict[str, str] | None = None, **options: object) -> Project:
        for name, text in {"compose.yaml": source, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return load(Options(folder=str(tmp_path), project_name="p", **options))  # type: ignore[arg-type]

    return call


def problem(make: Make, source: str) -> SyntaxProblem:
    with pytest.raises(SyntaxProblem) as caught:
        make(source)
    return caught.value


def test_short_forms_become_long(make: Make, tmp_path: Path) -> None:
    web = make(
        """
services:
  web:
    image: a
    command: sh -c 'echo "$$X"'
    ports: [80, "127.0.0.1:8080:81/udp", "9000-9001:90-91"]
    volumes: [./src:/src:ro, data:/data, /anon]
    environment: [A=1, B, C]
    healthcheck: {test: curl x, interval: 1m30s}
    stop_grace_period: 90s
    mem_limit: 64m
volumes: {data: }
""",
        environ={"B": "2"},
    ).services["web"]
    assert web.command == ("sh", "-c", 'echo "$X"')
    assert web.ports == (
        Port(target=80),
        Port(target=81, published="8080", host_ip="127.0.0.1", protocol="udp"),
        Port(target=90, published="9000"),
        Port(target=91, published="9001"),
    )
    assert [(one.type, one.source, one.target, one.read_only) for one in web.volumes] == [
        ("bind", f"{tmp_path}/src", "/src", True),
        ("volume", "data", "/data", False),
        ("volume", "", "/anon", False),
    ]
    assert web.environment == {"A": "1", "B": "2"}
    assert web.healthcheck is not None and web.healthcheck.test == ("CMD-SHELL", "curl x")
    assert web.mem_limit == 64 * 1024**2
    assert render.service(web)["healthcheck"]["interval"] == "1m30s"


@pytest.mark.parametrize(
    ("source", "line", "column", "said"),
    [
        ("services:\n  a:\n    imag: x\n", 3, 5, "did you mean 'image'"),
        ("services:\n  a:\n    image: x\n    ports: {a: b}\n", 4, 12, "services.a.ports must be a list"),
        ("services:\n  a:\n    image: x\n    depends_on: [b]\n", 4, 18, "not declared"),
        ("services:\n  a:\n    image: x\n    mem_limit: lots\n", 4, 16, "a size"),
        ("services:\n  a:\n    image: x\n    volumes: [d:/d]\n", 4, 15, "volume 'd', which is not declared"),
        ("services:\n  a:\n    user: 'x'\n", 3, 5, "neither an image nor a build"),
        ("services:\n  a:\n    image: x\n    stop_grace_period: 10\n", 4, 24, 'write "10s"'),
        ("servces: {}\n", 1, 1, "did you mean 'services'"),
    ],
)
def test_mistakes_are_told_with_their_place(
    make: Make, source: str, line: int, column: int, said: str
) -> None:
    error = problem(make, source)
    assert (error.line, error.column) == (line, column)
    assert said in str(error)


def test_a_circle_of_dependencies_is_named(make: Make) -> None:
    source = "services:\n" + "".join(
        f"  {one}: {{image: x, depends_on: [{other}]}}\n" for one, other in ("ab", "bc", "ca")
    )
    assert "a -> b -> c -> a" in str(problem(make, source))


@pytest.mark.parametrize("key", ["links: [b]", "gpus: all", "post_start: []", "credential_spec: {}"])
def test_what_is_not_implemented_is_refused_by_name(make: Make, key: str) -> None:
    with pytest.raises(Unsupported, match=rf"compose.yaml:3:5: services.a.{key.partition(':')[0]}"):
        make(f"services:\n  a:\n    {key}\n    image: x\n")


def test_override_files_merge(make: Make) -> None:
    over = """
services:
  a:
    command: new
    environment: {A: 2, C: 3}
    ports: ["80:80", "81:81"]
    volumes: ["./y:/x"]
    dns: !override [9.9.9.9]
    labels: !reset null
"""
    a = make(
        """
services:
  a:
    image: x
    command: [old, words]
    environment: [A=1, B=1]
    ports: ["80:80"]
    volumes: ["./x:/x", "./z:/z"]
    dns: [1.1.1.1]
    labels: {l: m}
""",
        {"compose.override.yaml": over},
    ).services["a"]
    assert a.command == ("new",)
    assert a.environment == {"A": "2", "B": "1", "C": "3"}
    assert [port.published for port in a.ports] == ["80", "81"]
    assert [Path(one.source).name for one in a.volumes] == ["y", "z"]
    assert a.dns == ("9.9.9.9",)
    assert a.labels == {}


def test_extends_from_another_file_keeps_its_paths(make: Make, tmp_path: Path) -> None:
    base = """
services:
  base: {image: x, environment: {A: 1}, volumes: ["./d:/d"], build: .}
  mid: {extends: base, environment: {B: 2}}
"""
    a = make(
        "services:\n  a:\n    extends: {file: sub/base.yaml, service: mid}\n    environment: {A: 9}\n",
        {"sub/base.yaml": base},
    ).services["a"]
    assert a.environment == {"A": "9", "B": "2"}
    assert a.volumes[0].source == f"{tmp_path}/sub/d"
    assert a.build is not None and a.build.context == f"{tmp_path}/sub"


def test_include_adds_and_refuses_clashes(make: Make, tmp_path: Path) -> None:
    files = {"db/compose.yaml": "services: {db: {image: $IMG, volumes: ['./d:/d']}}\n", "db/.env": "IMG=pg\n"}
    project = make("include: [db/compose.yaml]\nservices: {a: {image: x, depends_on: [db]}}\n", files)
    assert project.services["db"].image == "pg"
    assert project.services["db"].volumes[0].source == f"{tmp_path}/db/d"
    with pytest.raises(SyntaxProblem, match=r"services.db is declared here and in"):
        make("include: [db/compose.yaml]\nservices: {db: {image: y}}\n")


def test_profiles(make: Make) -> None:
    source = "services: {a: {image: x}, b: {image: x, profiles: [dev]}}\n"
    assert list(make(source).services) == ["a"]
    assert set(make(source, profiles=["dev"]).services) == {"a", "b"}
    assert set(make(source, environ={"COMPOSE_PROFILES": "dev"}).services) == {"a", "b"}


def test_extensions_and_merge_keys(make: Make) -> None:
    project = make("x-b: &b {image: x, x-own: 1}\nservices: {a: {<<: *b, command: y}}\n")
    assert project.services["a"].image == "x"


def test_config_gives_the_same_again(make: Make) -> None:
    import yaml

    source = "services: {a: {image: x, command: ['$$A'], ports: ['80:80'], stop_grace_period: 90s, shm_size: 1m}}\n"
    first = make(source)
    again = make(yaml.safe_dump(render.escaped(render.project(first))))
    assert render.project(first) == render.project(again)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(NoComposeFile):
        load(Options(folder=str(tmp_path)))
