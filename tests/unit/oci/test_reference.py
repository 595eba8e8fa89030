"""Names of images: docker's short forms, the full form, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.errors import InvalidArgument
from hythe.oci import reference

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("nginx", "docker.io/library/nginx", "nginx"),
        ("nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25"),
        ("user/app", "docker.io/user/app", "user/app"),
        ("docker.io/nginx", "docker.io/library/nginx", "nginx"),
        ("index.docker.io/library/nginx:a", "docker.io/library/nginx:a", "nginx:a"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/a/b:c", "localhost:5000/a/b:c", "localhost:5000/a/b:c"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        ("example.org/app", "example.org/app", "example.org/app"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}", f"nginx@{DIGEST}"),
        (f"a.b/c:d@{DIGEST}", f"a.b/c:d@{DIGEST}", f"a.b/c:d@{DIGEST}"),
        ("foo__bar.baz-qux", "docker.io/library/foo__bar.baz-qux", "foo__bar.baz-qux"),
    ],
)
def test_forms(text: str, full: str, familiar: str) -> None:
    parsed = reference.parse(text)
    assert (str(parsed), parsed.familiar) == (full, familiar)


@pytest.mark.parametrize(
    "text",
    ["", "Nginx", "a//b", "/a", "a/", "a:", "a:-b", "a b", "a@sha256:12", "a@", "-a", "a..b", "ab" * 32,
     "a:" + "x" * 129, "x" * 300, "host:port/a", "a___b", "a\n", "exa_mple.org/a"],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        reference.parse(text)


def test_upper_case_is_named_as_the_reason() -> None:
    with pytest.raises(InvalidArgument, match="must be lowercase"):
        reference.parse("Nginx")


def test_the_default_tag_is_only_added_where_nothing_is_said() -> None:
    assert reference.familiar("nginx") == "nginx:latest"
    assert reference.familiar("nginx:1") == "nginx:1"
    assert reference.parse(f"nginx@{DIGEST}").with_tag().tag is None


_component = st.from_regex(r"[a-z0-9]{1,12}((\.|_|__|-{1,3})[a-z0-9]{1,12}){0,2}", fullmatch=True)
_registry = st.sampled_from(["docker.io", "localhost", "localhost:5000", "a.example:443", "[fe80::1]:1"])
_tag = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
_digest = st.none() | st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@given(_registry, st.lists(_component, min_size=1, max_size=4), _tag, _digest)
def test_every_form_of_a_name_means_the_same(
    registry: str, parts: list[str], tag: str | None, digest: str | None
) -> None:
    if registry == "docker.io" and len(parts) == 1:
        parts = ["library", *parts]
    if (registry == "docker.io" and parts[0] in ("localhost", "docker.io")) or "." in parts[0]:
        parts = ["x", *parts]
    name = reference.Reference(registry, "/".join(parts), tag, digest)
    assert reference.parse(str(name)) == name
    if len(name.familiar) != 64:
        assert reference.parse(name.familiar) == name


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        name = reference.parse(text)
    except InvalidArgument:
        return
    assert reference.parse(str(name)) == name
