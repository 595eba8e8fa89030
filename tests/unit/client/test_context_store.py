from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from hythe.client import configuration
from hythe.client.address import Choice, Tls, parse, resolve
from hythe.client.context_archive import packed, unpacked
from hythe.client.context_store import Context, ContextStore, Endpoint
from hythe.errors import Conflict, InvalidArgument, NotFound, SyntaxProblem, Unsupported

FAR = Context(
    "far", Endpoint("tcp://10.0.0.5", True), {"Description": "d", "Other": 1}, {"kubernetes": {"Host": "k"}}
)
MATERIAL = {"ca": b"CA", "cert": b"CERT", "key": b"KEY"}


@pytest.fixture
def store(tmp_path: Path) -> ContextStore:
    return ContextStore(str(tmp_path))


def test_what_others_keep_in_a_context_stays(store: ContextStore) -> None:
    store.create(FAR, MATERIAL)
    assert store.get("far") == FAR
    assert store.material("far") == MATERIAL
    store.put(store.get("far"), None)
    assert (store.get("far"), store.material("far")) == (FAR, MATERIAL)
    with pytest.raises(Conflict):
        store.create(FAR, {})
    store.remove("far")
    assert store.all() == []
    with pytest.raises(NotFound):
        store.remove("far")


def test_keys_are_for_their_owner(store: ContextStore) -> None:
    store.create(FAR, MATERIAL)
    assert {path.stat().st_mode & 0o777 for path in store.tls_folder("far").rglob("*.pem")} == {0o600}


def test_a_context_says_how_tls_is_done(store: ContextStore) -> None:
    store.create(FAR, {"ca": b"CA"})
    ca = str(store.tls_folder("far") / "docker" / "ca.pem")
    assert store.tls("far") == Tls(ca, "", "", verify=False)
    store.create(Context("near", Endpoint("unix:///x")), {})
    assert store.tls("near") is None


def test_a_broken_file_is_named(store: ContextStore) -> None:
    folder = store.meta_folder("bad")
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text("{")
    with pytest.raises(SyntaxProblem, match=r"meta\.json:1:1"):
        store.all()


def test_an_archive_holds_a_context_under_any_name() -> None:
    context, material = unpacked(packed(FAR, MATERIAL), "other")
    assert (context.name, context.endpoint, material) == ("other", FAR.endpoint, MATERIAL)


def tar_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


META = json.dumps({"Name": "x", "Endpoints": {"docker": {"Host": "unix:///x"}}}).encode()


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_of_an_archive_only_what_belongs_there_is_taken(pack: object) -> None:
    assert callable(pack)
    members = {"meta.json": META, "../../evil": b"e", "/etc/passwd": b"e", "tls/docker/../../../evil.pem": b"e",
               "tls/kubernetes/ca.pem": b"e", "tls/docker/ca.pem": b"CA"}  # fmt: skip
    assert unpacked(pack(members), "x")[1] == {"ca": b"CA"}


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", b"PK\x03\x04nonsense", tar_of({}), tar_of({"meta.json": b"{"}), tar_of({"meta.json": b"[]"}),
     tar_of({"meta.json": META, "tls/docker/ca.pem": bytes(2 << 20)}), zip_of({"meta.json": bytes(2 << 20)})],
)  # fmt: skip
def test_other_archives_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidArgument):
        unpacked(data, "x")


def test_which_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HYTHE_HOST",
        "HYTHE_CONTEXT",
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_TLS_VERIFY",
        "DOCKER_TLS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    ContextStore(str(tmp_path)).create(Context("far", Endpoint("tcp://10.0.0.5")), MATERIAL)
    assert resolve().default
    assert str(resolve("unix:///x")) == "unix:///x"
    configuration.choose_context(str(tmp_path), "far")
    assert str(resolve()) == "tcp://10.0.0.5:2376"
    assert resolve().context == "far"
    assert resolve(Choice(context="default")).default
    monkeypatch.setenv("DOCKER_HOST", "tcp://h")
    assert str(resolve()) == "tcp://h:2375"
    assert str(resolve(Choice(tls_verify=True, ca="/ca"))) == "tcp://h:2376"
    assert resolve(Choice(tls=True)).tls == Tls(verify=False)
    configuration.choose_context(str(tmp_path), "")
    assert configuration.read(str(tmp_path)) == {}
    with pytest.raises(InvalidArgument):
        resolve(Choice(host="unix:///x", context="far"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("tcp://[::1]:80", "tcp://[::1]:80"), ("https://h", "tcp://h:2376"), ("tcp://", "tcp://127.0.0.1:2375")],
)
def test_addresses(text: str, shown: str) -> None:
    assert str(parse(text)) == shown


def test_ssh_is_refused_with_what_to_do() -> None:
    with pytest.raises(Unsupported) as refused:
        parse("ssh://me@host")
    assert "ssh -nNTL" in str(refused.value)


def test_proxies() -> None:
    value = {"proxies": {"default": {"httpProxy": "p", "noProxy": ""}, "tcp://h:1": {"allProxy": "q"}}}
    assert configuration.proxies(value, "unix:///x", {"http_proxy"}) == {"HTTP_PROXY": "p"}
    assert configuration.proxies(value, "tcp://h:1", ()) == {"ALL_PROXY": "q", "all_proxy": "q"}
    assert configuration.proxies({}, "x", ()) == {}
