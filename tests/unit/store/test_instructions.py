"""The changes of `import` and `commit`."""

from __future__ import annotations

import pytest

from hythe.errors import HytheError
from hythe.oci.image import RunConfig
from hythe.store.instructions import apply_changes


def test_all_instructions() -> None:
    config = RunConfig(env=["A=1"], labels={"x": "y"})
    apply_changes(
        config,
        ['CMD ["a", "b c"]', "ENTRYPOINT echo $X", 'ENV A=2 B="3 4"', "ENV C 5 6", "LABEL k=v", "EXPOSE 80 53/UDP",
         "USER 1000:1000", "WORKDIR /a", "WORKDIR b", "VOLUME /v /w", 'VOLUME ["/x y"]', "STOPSIGNAL SIGQUIT",
         "ONBUILD RUN true"],
    )  # fmt: skip
    assert config == RunConfig(
        cmd=["a", "b c"],
        entrypoint=["/bin/sh", "-c", "echo $X"],
        env=["A=2", "B=3 4", "C=5 6"],
        labels={"x": "y", "k": "v"},
        exposed_ports={"80/tcp": {}, "53/udp": {}},
        user="1000:1000",
        working_dir="/a/b",
        volumes={"/v": {}, "/w": {}, "/x y": {}},
        stop_signal="SIGQUIT",
        on_build=["RUN true"],
    )


@pytest.mark.parametrize(
    "line", ["", "RUN x", "CMD", "ENV a=b c", 'ENV a="b', "EXPOSE x", "EXPOSE 70000", "USER 4294967296"]
)
def test_what_cannot_be_is_refused(line: str) -> None:
    with pytest.raises(HytheError):
        apply_changes(RunConfig(), [line])
