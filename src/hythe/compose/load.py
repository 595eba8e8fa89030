"""From files to a `Project`: read, interpolate, check, follow include and extends, merge, normalise."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

from hythe.compose import check, extends, include, naming, yamlfile
from hythe.compose.document import Scalar, Table, Value, is_null
from hythe.compose.files import STDIN, Options, Sources, find
from hythe.compose.interpolate import Warn, interpolate, substitute
from hythe.compose.merge import merge, untagged
from hythe.compose.model import FileSource, Network, Project, Service
from hythe.compose.normalise import scalars, shared
from hythe.compose.normalise.service import Surroundings
from hythe.compose.normalise.service import service as normal_service
from hythe.compose.schema.top import FILE
from hythe.errors import InvalidArgument


def load(options: Options) -> Project:
    """The project that the flags, files and variables describe. Warnings are collected in it."""
    warnings: dict[str, None] = {}

    def warn(text: str) -> None:
        warnings[text] = None

    sources = find(options, warn)
    documents = [_table(value) for path in sources.files for value in _read(path)]
    if not documents:
        raise InvalidArgument("the Compose file is empty", hint="it needs at least services:")
    declared = _declared_name(documents, sources.variables)
    name = naming.project_name(options.project_name, sources.variables, declared, sources.folder)
    sources = replace(sources, variables={**sources.variables, "COMPOSE_PROJECT_NAME": name})
    merged = merged_document(documents, sources, warn)
    profiles = tuple(options.profiles) or tuple(
        part for part in sources.variables.get("COMPOSE_PROFILES", "").split(",") if part
    )
    project = _project(merged, name, sources, warn)
    project = check.selected(project, profiles)
    return replace(project, warnings=tuple(warnings))


def merged_document(documents: list[Table], sources: Sources, warn: Warn) -> Table:
    """All documents, each interpolated, checked and with its extends done, laid over each other."""
    result: Value | None = None
    for raw in documents:
        document = prepared(raw, sources.variables, warn)
        document = include.followed(document, sources, warn, _load_included)
        document = extends.followed(document, sources, warn, prepared)
        result = untagged(document) if result is None else merge(result, document)
    assert isinstance(result, Table)
    return result


def prepared(raw: Table, variables: Mapping[str, str], warn: Warn) -> Table:
    """A document interpolated and checked against the schema."""
    if "version" in raw.entries:
        warn(f"{raw.where('version').file}: the attribute `version` is obsolete, it is ignored")
        raw = raw.without("version")
    document = interpolate(raw, variables, warn)
    FILE.check(document, "")
    assert isinstance(document, Table)
    return document


def _load_included(paths: list[str], sources: Sources, warn: Warn) -> Table:
    documents = [_table(value) for path in paths for value in _read(path)]
    return merged_document(documents, sources, warn)


def _read(path: str) -> list[Value]:
    found = yamlfile.parse(sys.stdin.read(), "<stdin>") if path == STDIN else yamlfile.read_file(path)
    return [value for value in found if not is_null(value)]


def _table(value: Value) -> Table:
    if not isinstance(value, Table):
        raise value.place.problem("a Compose file is a mapping", hint="it begins with services:")
    return value


def _declared_name(documents: list[Table], variables: Mapping[str, str]) -> str | None:
    name = None
    for document in documents:
        value = document.get("name")
        if isinstance(value, Scalar) and isinstance(value.value, str):
            name = substitute(value.value, variables, value.place, lambda _: None)
    return name


def _project(document: Table, name: str, sources: Sources, warn: Warn) -> Project:
    around = Surroundings(sources.folder, sources.variables, warn)

    def section(key: str) -> Mapping[str, Value]:
        found = scalars.table(document.get(key)).entries
        return {key: value for key, value in found.items() if not key.startswith("x-")}

    def files(key: str) -> Mapping[str, FileSource]:
        return {
            one: shared.source(one, value, name, sources.folder, sources.variables)
            for one, value in section(key).items()
        }

    services = {key: _service(key, value, document, around) for key, value in section("services").items()}
    project = Project(
        name=name,
        working_dir=sources.folder,
        files=sources.files,
        services=services,
        networks=_networks(section("networks"), name, services),
        volumes={key: shared.volume(key, value, name) for key, value in section("volumes").items()},
        configs=files("configs"),
        secrets=files("secrets"),
    )
    check.references(project)
    return project


def _service(key: str, value: Value, document: Table, around: Surroundings) -> Service:
    if not isinstance(value, Table):
        place = scalars.table(document.get("services")).where(key)
        raise place.problem(f"the service {key!r} has neither an image nor a build section")
    return normal_service(key, value, around)


def _networks(
    found: Mapping[str, Value], project: str, services: Mapping[str, Service]
) -> dict[str, Network]:
    """The declared networks, and "default" where a service uses it."""
    networks = {key: shared.network(key, value, project) for key, value in found.items()}
    if any("default" in service.networks for service in services.values()):
        networks.setdefault("default", shared.network("default", None, project))
    return networks
