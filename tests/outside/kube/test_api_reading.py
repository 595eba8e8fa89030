"""Lists and watches: resource versions, pages, selectors, bookmarks, other forms."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.outside.kube.api import Api, Object, config_map

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


def test_pages_show_one_state(api: Api, room: str) -> None:
    for index in range(5):
        api.ok("POST", f"{room}/configmaps", config_map(f"c{index}"))
    first = api.ok("GET", f"{room}/configmaps?limit=2")
    assert [each["metadata"]["name"] for each in first["items"]] == ["c0", "c1"]
    assert first["metadata"]["remainingItemCount"] == 3
    api.ok("DELETE", f"{room}/configmaps/c3")
    token = first["metadata"]["continue"]
    rest = api.ok("GET", f"{room}/configmaps?limit=10&continue={token}")
    assert [each["metadata"]["name"] for each in rest["items"]] == ["c2", "c3", "c4"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in rest["metadata"]


def test_what_a_resource_version_may_be(api: Api, room: str) -> None:
    made = api.ok("POST", f"{room}/configmaps", config_map("one"))
    then = made["metadata"]["resourceVersion"]
    api.ok("DELETE", f"{room}/configmaps/one")

    def names(query: str) -> list[str]:
        found = api.ok("GET", f"{room}/configmaps?{query}")
        return [each["metadata"]["name"] for each in found["items"]]

    assert names(f"resourceVersion={then}&resourceVersionMatch=Exact") == ["one"]
    assert names(f"resourceVersion={then}&resourceVersionMatch=NotOlderThan") == []
    assert names("resourceVersion=0") == []
    ahead = api("GET", f"{room}/configmaps?resourceVersion=999999999")
    assert (ahead.code, ahead.body["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")
    assert api("GET", f"{room}/configmaps?resourceVersionMatch=Exact").code == 422
    assert api("GET", f"{room}/configmaps?continue=nonsense").code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("labelSelector=tier%3Dfront", ["a"]),
        ("labelSelector=tier+in+(front,back)", ["a", "b"]),
        ("labelSelector=!tier", ["c"]),
        ("fieldSelector=metadata.name%3Db", ["b"]),
        ("fieldSelector=metadata.name!%3Db", ["a", "c"]),
        ("labelSelector=tier&limit=1", ["a"]),
    ],
)
def test_selectors(api: Api, room: str, query: str, expected: list[str]) -> None:
    for name, labels in (("a", {"tier": "front"}), ("b", {"tier": "back"}), ("c", {})):
        api.ok("POST", f"{room}/configmaps", config_map(name, **labels))
    found = api.ok("GET", f"{room}/configmaps?{query}")
    assert [each["metadata"]["name"] for each in found["items"]] == expected


def test_a_selector_that_cannot_be_read(api: Api, room: str) -> None:
    bad = api("GET", f"{room}/configmaps?fieldSelector=data.a%3Db")
    assert bad.code == 400
    assert bad.body["message"] == (
        '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


def test_a_watch_tells_all_changes_since(api: Api, room: str) -> None:
    since = api.ok("GET", f"{room}/configmaps")["metadata"]["resourceVersion"]
    api.ok("POST", f"{room}/configmaps", config_map("one"))
    with api.watching(f"{room}/configmaps?watch=1&resourceVersion={since}") as events:
        api.ok("PUT", f"{room}/configmaps/one", config_map("one", a="b"))
        api.ok("DELETE", f"{room}/configmaps/one")
        found = list(islice(events, 3))
    assert [each["type"] for each in found] == ["ADDED", "MODIFIED", "DELETED"]
    revisions = [int(each["object"]["metadata"]["resourceVersion"]) for each in found]
    assert revisions == sorted(set(revisions))
    assert found[2]["object"]["metadata"]["labels"] == {"a": "b"}


def test_a_selector_turns_changes_into_additions_and_deletions(api: Api, room: str) -> None:
    since = api.ok("GET", f"{room}/configmaps")["metadata"]["resourceVersion"]
    with api.watching(f"{room}/configmaps?watch=1&labelSelector=in&resourceVersion={since}") as events:
        api.ok("POST", f"{room}/configmaps", config_map("one"))
        api.ok("PUT", f"{room}/configmaps/one", config_map("one", **{"in": "1"}))
        api.ok("PUT", f"{room}/configmaps/one", config_map("one", **{"in": "2"}))
        api.ok("PUT", f"{room}/configmaps/one", config_map("one"))
        api.ok("PUT", f"{room}/configmaps/one", config_map("one", x="y"))
        api.ok("PUT", f"{room}/configmaps/one", config_map("one", **{"in": "3"}))
        found = list(islice(events, 4))
    assert [each["type"] for each in found] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]


def test_a_watch_begins_with_what_is_there(api: Api, room: str) -> None:
    api.ok("POST", f"{room}/configmaps", config_map("one"))
    for query in ("", "&resourceVersion=0"):
        with api.watching(f"{room}/configmaps?watch=1&timeoutSeconds=1{query}") as events:
            assert [(each["type"], each["object"]["metadata"]["name"]) for each in events] == [
                ("ADDED", "one")
            ]


def test_a_list_by_watch_ends_with_a_bookmark(api: Api, room: str) -> None:
    api.ok("POST", f"{room}/configmaps", config_map("one"))
    asked = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    with api.watching(f"{room}/configmaps?{asked}&timeoutSeconds=5") as events:
        added, mark = islice(events, 2)
    assert added["type"] == "ADDED"
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert api("GET", f"{room}/configmaps?sendInitialEvents=true").code == 422
    assert api("GET", f"{room}/configmaps?watch=1&sendInitialEvents=true").code == 422


def test_a_table_and_metadata_alone(api: Api, room: str) -> None:
    api.ok("POST", f"{room}/configmaps", config_map("one"))
    table = api("GET", f"{room}/configmaps", Accept=TABLE).body
    assert table["kind"] == "Table"
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert [str(cell) for cell in table["rows"][0]["cells"][:2]] == ["one", "1"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    bare = api("GET", f"{room}/configmaps", Accept=METADATA).body
    assert bare["kind"] == "PartialObjectMetadataList"
    assert set(bare["items"][0]) == {"kind", "apiVersion", "metadata"}
    with api.watching(f"{room}/configmaps?watch=1&timeoutSeconds=1", Accept=TABLE) as events:
        (event,) = events
    assert event["object"]["rows"][0]["cells"][0] == "one"
    assert api("GET", f"{room}/configmaps", Accept="image/png").code == 406
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert api("POST", reviews, review, Accept=TABLE.partition(",")[0]).code == 406


def test_items_of_built_in_lists_bear_no_type(api: Api, room: str) -> None:
    api.ok("POST", f"{room}/configmaps", config_map("one"))
    found = api.ok("GET", f"{room}/configmaps")
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert "kind" not in found["items"][0]


def test_discovery_has_tags(api: Api) -> None:
    first = api("GET", "/apis")
    assert api("GET", "/apis", If_None_Match=first.headers["etag"]).code == 304
    index = api.ok("GET", "/openapi/v3")["paths"]
    document = api("GET", index["apis/apps/v1"]["serverRelativeURL"])
    assert "immutable" in document.headers["cache-control"]
    assert "io.k8s.api.apps.v1.Deployment" in document.body["components"]["schemas"]


def test_a_new_default_shows_in_what_was_stored_before(api: Api) -> None:
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    schema: Object = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "lamps", "kind": "Lamp"}
    spec = {"group": "example.com", "names": names, "scope": "Cluster", "versions": [version]}
    made = api.ok("POST", definitions, {"metadata": {"name": "lamps.example.com"}, "spec": spec})
    try:
        lamp = {"apiVersion": "example.com/v1", "kind": "Lamp", "metadata": {"name": "one"}, "b": "B"}
        api.ok("POST", "/apis/example.com/v1/lamps", lamp)
        schema["properties"]["a"]["default"] = "A"
        api.ok("PUT", f"{definitions}/lamps.example.com", {**made, "spec": spec})
        one = api.ok("GET", "/apis/example.com/v1/lamps/one")
        (listed,) = api.ok("GET", "/apis/example.com/v1/lamps")["items"]
        with api.watching("/apis/example.com/v1/lamps?watch=1&timeoutSeconds=1") as events:
            (event,) = events
        assert (one["a"], one["b"]) == ("A", "B")
        assert listed == event["object"] == one
    finally:
        api.ok("DELETE", f"{definitions}/lamps.example.com")
