"""Between the builder's own values and the stored image: its configuration document, read and written.

The document is that of the OCI image-spec (config.md) with docker's additions, and is handled here by the
names it has there. What a base image says beyond the fields that instructions change is not carried over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from hythe.build import platform
from hythe.build.arguments import Scope
from hythe.build.cache import step_key
from hythe.build.describe import Describer
from hythe.build.settings import HealthSettings, Settings
from hythe.build.state import HistoryEntry, StageState
from hythe.build.workshop import Workshop
from hythe.oci.image import ImageConfig, encode
from hythe.store.images import Image
from hythe.wire.times import format_moment, parse_created

_HEALTH: Final = {
    "Interval": "interval", "Timeout": "timeout", "StartPeriod": "start_period",
    "StartInterval": "start_interval", "Retries": "retries",
}  # fmt: skip


def settings_of(config: ImageConfig) -> Settings:
    """The settings of an image that a stage is built from."""
    fields: Mapping[str, Any] = msgspec.to_builtins(config).get("config") or {}
    health = fields.get("Healthcheck")
    return Settings(
        env=list(fields.get("Env") or []),
        command=_strings(fields.get("Cmd")),
        entrypoint=_strings(fields.get("Entrypoint")),
        user=fields.get("User") or "",
        working_dir=fields.get("WorkingDir") or "",
        exposed=list(fields.get("ExposedPorts") or {}),
        volumes=list(fields.get("Volumes") or {}),
        labels=dict(fields.get("Labels") or {}),
        shell=_strings(fields.get("Shell")),
        stop_signal=fields.get("StopSignal") or "",
        health=_health(health) if health else None,
        triggers=list(fields.get("OnBuild") or []),
    )


def _strings(value: Sequence[str] | None) -> list[str] | None:
    return list(value) if value is not None else None


def _health(fields: Mapping[str, Any]) -> HealthSettings:
    numbers = {attribute: int(fields.get(name) or 0) for name, attribute in _HEALTH.items()}
    return HealthSettings(tuple(fields.get("Test") or ()), **numbers)


def from_image(image: Image, scope: Scope, escape: str, shop: Workshop) -> StageState:
    """The state of a stage that begins with this image."""
    document_: Mapping[str, Any] = msgspec.to_builtins(image.config)
    history = [
        HistoryEntry(
            parse_created(entry.get("created") or ""),
            entry.get("created_by") or "",
            bool(entry.get("empty_layer")),
            entry.get("author") or "",
            entry.get("comment") or "",
        )
        for entry in document_.get("history") or []
    ]
    describer = Describer(settings_of(image.config), scope, escape)
    describer.author = document_.get("author") or ""
    return StageState(
        describer,
        step_key("", image.id, shop.epoch),
        chain=shop.images.chain(image),
        layers=list(shop.images.layers(image)),
        history=history,
        created=parse_created(document_.get("created") or ""),
        image_id=image.id,
    )


def document(state: StageState, shop: Workshop) -> ImageConfig:
    """The configuration of an image that consists of the state as it is now."""
    here = platform.check(shop.options.platform) if shop.options.platform else platform.host()
    values: dict[str, Any] = {
        "created": format_moment(state.created),
        "architecture": here.architecture,
        "os": here.os,
        "config": _fields(state.describer.settings),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in state.layers]},
        "history": [_history(entry) for entry in state.history],
    }
    if here.variant:
        values["variant"] = here.variant
    if state.describer.author:
        values["author"] = state.describer.author
    return msgspec.convert(values, ImageConfig)


def _fields(settings: Settings) -> dict[str, Any]:
    """The `config` object; what is not set is left out."""
    fields: dict[str, Any] = {
        "User": settings.user,
        "ExposedPorts": {port: {} for port in sorted(settings.exposed)},
        "Env": settings.env,
        "Volumes": {path: {} for path in sorted(settings.volumes)},
        "WorkingDir": settings.working_dir,
        "Labels": dict(sorted(settings.labels.items())),
        "StopSignal": settings.stop_signal,
        "Shell": settings.shell,
        "OnBuild": settings.triggers,
    }
    if settings.health is not None:
        numbers = {name: getattr(settings.health, attribute) for name, attribute in _HEALTH.items()}
        fields["Healthcheck"] = {"Test": list(settings.health.test)} | {k: v for k, v in numbers.items() if v}
    starts = {"Cmd": settings.command, "Entrypoint": settings.entrypoint}
    return {name: value for name, value in fields.items() if value} | {
        name: words for name, words in starts.items() if words is not None
    }


def _history(entry: HistoryEntry) -> dict[str, Any]:
    values: dict[str, Any] = {"created": format_moment(entry.created), "created_by": entry.created_by}
    values |= {name: text for name, text in (("author", entry.author), ("comment", entry.comment)) if text}
    return values | ({"empty_layer": True} if entry.empty else {})


def identity(state: StageState, shop: Workshop) -> str:
    """The id that an image of this state would have; "" for the empty state of FROM scratch."""
    if not state.history and not state.layers:
        return ""
    if state.image_id:
        return state.image_id
    return "sha256:" + hashlib.sha256(encode(document(state, shop))).hexdigest()


def create(state: StageState, shop: Workshop, names: Sequence[str]) -> Image:
    """Store the image and give it its names. A FROM with nothing after it is the base image itself."""
    if state.image_id:
        for name in names:
            shop.images.tag(state.image_id, name)
        return shop.images.get(state.image_id)
    if not state.created:
        state.created = shop.now()
    return shop.images.create(document(state, shop), state.layers, names)
