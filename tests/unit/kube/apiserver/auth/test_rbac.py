"""Decisions by roles and bindings, and what keeps people from giving away what they lack."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hythe.kube.apiserver.auth.authorizer import ClusterAuthorizer
from hythe.kube.apiserver.auth.impersonation import impersonated
from hythe.kube.apiserver.auth.rbac import bootstrap
from hythe.kube.apiserver.auth.rbac.aggregation import aggregated_rules
from hythe.kube.apiserver.auth.rbac.escalation import EscalationCheck, uncovered
from hythe.kube.apiserver.auth.rbac.policy import Policy
from hythe.kube.apiserver.auth.rbac.rules import Rule
from hythe.kube.apiserver.auth.refusal import refused
from hythe.kube.apiserver.auth.reviews import review_access, review_own_access, review_own_rules
from hythe.kube.apiserver.identity import MASTERS, Attributes, User
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

JANE = User("jane", groups=("dev", "system:authenticated"))
ROBOT = User("system:serviceaccount:default:robot", groups=("system:serviceaccounts",))


def rule(groups: str, resources: str, verbs: str, names: str = "") -> Object:
    made = {
        "apiGroups": [group if group != "core" else "" for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }
    return {**made, "resourceNames": names.split()} if names else made


def role(name: str, *rules: Object, namespace: str = "", **metadata: Any) -> Object:
    where = {"namespace": namespace} if namespace else {}
    return {"metadata": {"name": name, **where, **metadata}, "rules": list(rules)}


def binding(name: str, kind: str, role: str, *subjects: Object, namespace: str = "") -> Object:
    where = {"namespace": namespace} if namespace else {}
    return {
        "metadata": {"name": name, **where},
        "roleRef": {"kind": kind, "name": role, "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": list(subjects),
    }


def user(name: str) -> Object:
    return {"kind": "User", "name": name}


def group(name: str) -> Object:
    return {"kind": "Group", "name": name}


def wants(
    who: User, verb: str, resource: str, namespace: str = "", name: str = "", api: str = ""
) -> Attributes:
    resource, _, subresource = resource.partition("/")
    return Attributes(who, verb, api, "v1", resource, subresource, namespace, name)


@pytest.fixture
def policy() -> Policy:
    """Jane's group reads pods in `a`, jane herself secret `one` there; robots list nodes."""
    made = Policy()
    made.set("clusterroles", role("reader", rule("core", "pods pods/log", "get list watch")))
    made.set("clusterroles", role("nodes", rule("core", "nodes", "list")))
    made.set("roles", role("one", rule("core", "secrets", "get", "one"), namespace="a"))
    made.set("rolebindings", binding("readers", "ClusterRole", "reader", group("dev"), namespace="a"))
    made.set("rolebindings", binding("one", "Role", "one", user("jane"), namespace="a"))
    account = {"kind": "ServiceAccount", "name": "robot", "namespace": "default"}
    made.set("clusterrolebindings", binding("robots", "ClusterRole", "nodes", account))
    return made


class TestRules:
    @pytest.mark.parametrize(
        ("held", "resource", "allowed"),
        [
            ("pods", "pods", True),
            ("pods", "pods/log", False),
            ("pods/log", "pods/log", True),
            ("pods/log", "pods", False),
            ("*", "pods/log", True),
            ("*/log", "pods/log", True),
            ("*/log", "pods", False),
            ("pods/*", "pods/log", False),
            ("", "pods", False),
        ],
    )
    def test_resources(self, held: str, resource: str, allowed: bool) -> None:
        made = Rule.read(rule("core", held, "get"))
        assert made.allows(wants(JANE, "get", resource)) is allowed

    @pytest.mark.parametrize(
        ("held", "path", "allowed"),
        [
            ("/healthz", "/healthz", True),
            ("/healthz", "/healthz/etcd", False),
            ("/healthz/*", "/healthz/etcd", True),
            ("/healthz/*", "/healthz", False),
            ("*", "/metrics", True),
            ("/metrics", "/metrics/../api", False),
        ],
    )
    def test_paths(self, held: str, path: str, allowed: bool) -> None:
        made = Rule.read({"nonResourceURLs": [held], "verbs": ["get"]})
        assert made.allows(Attributes(JANE, "get", path=path)) is allowed
        assert not made.allows(Attributes(JANE, "post", path=path))

    def test_resources_do_not_open_paths_nor_the_other_way_round(self) -> None:
        assert not Rule.read(rule("*", "*", "*")).allows(Attributes(JANE, "get", path="/metrics"))
        assert not Rule.read({"nonResourceURLs": ["*"], "verbs": ["*"]}).allows(wants(JANE, "get", "pods"))

    def test_names_do_not_match_what_has_none(self) -> None:
        made = Rule.read(rule("core", "secrets", "*", "one"))
        assert made.allows(wants(JANE, "get", "secrets", "a", "one"))
        assert not made.allows(wants(JANE, "list", "secrets", "a"))
        assert not made.allows(wants(JANE, "create", "secrets", "a"))
        assert not made.allows(wants(JANE, "get", "secrets", "a", "two"))

    @pytest.mark.parametrize(
        "damaged", [{}, {"verbs": None}, {"verbs": "get", "resources": "pods"}, {"verbs": [1]}]
    )
    def test_what_cannot_be_read_allows_nothing(self, damaged: Object) -> None:
        made = Rule.read(damaged)
        assert not made.allows(wants(JANE, "get", "pods")) and not made.allows(
            Attributes(JANE, "get", path="/")
        )


class TestPolicy:
    def test_groups_within_their_namespace(self, policy: Policy) -> None:
        decision = policy.decide(wants(JANE, "list", "pods", "a"))
        assert decision.allowed
        assert (
            decision.reason
            == 'RBAC: allowed by RoleBinding "readers/a" of ClusterRole "reader" to Group "dev"'
        )
        assert policy.decide(wants(JANE, "get", "pods/log", "a", "x")).allowed
        for wanted in (
            wants(JANE, "list", "pods", "b"),
            wants(JANE, "list", "pods"),
            wants(JANE, "delete", "pods", "a", "x"),
            wants(JANE, "list", "pods", "a", api="apps"),
            wants(User("jane"), "list", "pods", "a"),
        ):
            assert policy.decide(wanted) == (False, "")

    def test_service_accounts(self, policy: Policy) -> None:
        decision = policy.decide(wants(ROBOT, "list", "nodes"))
        assert decision.reason == (
            'RBAC: allowed by ClusterRoleBinding "robots" of ClusterRole "nodes" to ServiceAccount "robot/default"'
        )
        assert not policy.decide(wants(User("system:serviceaccount:other:robot"), "list", "nodes")).allowed

    def test_a_subject_of_another_kind_is_nobody(self, policy: Policy) -> None:
        """A user cannot be a group by its name, nor a service account by half of its."""
        assert not policy.decide(wants(User("dev"), "list", "pods", "a")).allowed
        assert not policy.decide(wants(User("robot"), "list", "nodes")).allowed

    def test_changes(self, policy: Policy) -> None:
        wanted = wants(JANE, "list", "pods", "a")
        policy.set("rolebindings", binding("readers", "ClusterRole", "reader", group("ops"), namespace="a"))
        assert not policy.decide(wanted).allowed
        policy.set("rolebindings", binding("readers", "ClusterRole", "reader", group("dev"), namespace="a"))
        assert policy.decide(wanted).allowed
        policy.set("clusterroles", role("reader"))
        assert not policy.decide(wanted).allowed
        policy.remove("clusterroles", "", "reader")
        assert policy.decide(wanted) == (
            False,
            'RBAC: clusterrole.rbac.authorization.k8s.io "reader" not found',
        )
        policy.remove("rolebindings", "a", "readers")
        assert policy.decide(wanted) == (False, "")

    def test_two_bindings_that_say_the_same(self, policy: Policy) -> None:
        policy.set(
            "rolebindings",
            binding("again", "ClusterRole", "reader", group("dev"), group("dev"), namespace="a"),
        )
        policy.remove("rolebindings", "a", "again")
        assert policy.decide(wants(JANE, "list", "pods", "a")).allowed

    def test_a_role_of_another_namespace_is_not_meant(self) -> None:
        made = Policy()
        made.set("roles", role("all", rule("*", "*", "*"), namespace="b"))
        made.set("rolebindings", binding("x", "Role", "all", user("jane"), namespace="a"))
        assert not made.decide(wants(JANE, "get", "pods", "a")).allowed
        assert not made.decide(wants(JANE, "get", "pods", "b")).allowed

    def test_aggregation(self) -> None:
        made = Policy()
        selector = {"clusterRoleSelectors": [{"matchLabels": {"to": "edit"}}]}
        made.set("clusterroles", {**role("edit", rule("*", "*", "*")), "aggregationRule": selector})
        made.set("clusterrolebindings", binding("x", "ClusterRole", "edit", user("jane")))
        wanted = wants(JANE, "get", "widgets", "a")
        assert not made.decide(wanted).allowed, "what stands in the role itself does not count"
        made.set("clusterroles", role("widgets", rule("core", "widgets", "get"), labels={"to": "edit"}))
        assert made.decide(wanted).allowed
        made.remove("clusterroles", "", "widgets")
        assert not made.decide(wanted).allowed

    def test_a_circle_of_aggregations_ends(self) -> None:
        selector = {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]}
        roles = {name: {**role(name, labels={"x": "y"}), "aggregationRule": selector} for name in "ab"}
        roles["c"] = role("c", rule("core", "pods", "get"), labels={"x": "y"})
        assert aggregated_rules(roles["a"], roles) == [rule("core", "pods", "get")]

    def test_a_decision_takes_microseconds(self) -> None:
        made = Policy()
        for number in range(1000):
            made.set("roles", role("r", rule("core", "pods", "get"), namespace=f"n{number}"))
            made.set("rolebindings", binding("b", "Role", "r", user(f"u{number}"), namespace=f"n{number}"))
        wanted = wants(User("u7", groups=("system:authenticated",)), "get", "pods", "n7", "x")
        begin = time.perf_counter()
        for _ in range(1000):
            assert made.decide(wanted).allowed
        assert time.perf_counter() - begin < 0.2  # 200 µs each, on a very slow machine; 3 µs on a common one


class TestMessages:
    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            (
                wants(JANE, "list", "pods", "y"),
                'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "y"',
            ),
            (
                wants(JANE, "get", "nodes", "", "n"),
                'nodes "n" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope',
            ),
            (
                wants(JANE, "create", "deployments/scale", "y", "d", "apps"),
                'deployments.apps "d" is forbidden: User "jane" cannot create resource "deployments/scale" in API group'
                ' "apps" in the namespace "y"',
            ),
            (Attributes(JANE, "get", path="/metrics"), 'forbidden: User "jane" cannot get path "/metrics"'),
        ],
    )
    def test_as_kubernetes(self, wanted: Attributes, message: str) -> None:
        error = refused(wanted)
        assert (error.code, error.reason, error.message) == (403, "Forbidden", message)


class TestEscalation:
    @pytest.fixture
    def check(self, policy: Policy) -> EscalationCheck:
        return EscalationCheck(policy, ClusterAuthorizer(policy))

    async def test_what_one_has_may_be_given(self, check: EscalationCheck) -> None:
        mine = role(
            "mine", rule("core", "pods", "get list"), rule("core", "secrets", "get", "one"), namespace="a"
        )
        await check.check("roles", mine, None, JANE)
        await check.check("rolebindings", binding("x", "Role", "one", user("eve"), namespace="a"), None, JANE)

    @pytest.mark.parametrize(
        "rules",
        [
            rule("core", "pods", "delete"),
            rule("core", "pods", "*"),
            rule("*", "pods", "get"),
            rule("core", "*", "get"),
            rule("core", "secrets", "get"),
            rule("core", "secrets", "get", "one two"),
            {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
        ],
    )
    async def test_what_one_lacks_may_not(self, check: EscalationCheck, rules: Object) -> None:
        with pytest.raises(ApiError) as caught:
            await check.check("roles", role("more", rules, namespace="a"), None, JANE)
        assert caught.value.code == 403
        assert (
            'user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant'
            in caught.value.message
        )

    async def test_the_message_names_what_is_lacking(self, check: EscalationCheck) -> None:
        made = role(
            "more", rule("core", "pods", "get delete"), rule("apps", "deployments", "get"), namespace="a"
        )
        with pytest.raises(ApiError) as caught:
            await check.check("roles", made, None, JANE)
        assert caught.value.message == (
            'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["dev" "system:authenticated"])'
            " is attempting to grant RBAC permissions not currently held:\n"
            '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
            '{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}'
        )

    async def test_rights_in_a_namespace_are_none_in_the_cluster(self, check: EscalationCheck) -> None:
        with pytest.raises(ApiError):
            await check.check("clusterroles", role("all", rule("core", "pods", "get")), None, JANE)
        with pytest.raises(ApiError):
            await check.check(
                "clusterrolebindings", binding("x", "ClusterRole", "reader", user("eve")), None, JANE
            )

    async def test_an_aggregated_role_may_become_anything(self, check: EscalationCheck) -> None:
        selector = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
        with pytest.raises(ApiError):
            await check.check("clusterroles", {**role("x"), "aggregationRule": selector}, None, JANE)

    async def test_a_role_that_is_not_there(self, check: EscalationCheck) -> None:
        with pytest.raises(ApiError) as caught:
            made = binding("x", "ClusterRole", "absent", user("eve"), namespace="a")
            await check.check("rolebindings", made, None, JANE)
        assert caught.value.message == 'clusterroles.rbac.authorization.k8s.io "absent" not found'

    async def test_bind_escalate_and_masters(self, policy: Policy, check: EscalationCheck) -> None:
        more = role("more", rule("*", "*", "*"), namespace="a")
        await check.check("roles", more, None, User("root", groups=(MASTERS,)))
        rbac = "rbac.authorization.k8s.io"
        policy.set(
            "roles",
            role("r", rule(rbac, "roles", "escalate"), rule(rbac, "clusterroles", "bind"), namespace="a"),
        )
        policy.set("rolebindings", binding("r", "Role", "r", user("jane"), namespace="a"))
        await check.check("roles", more, None, JANE)

    async def test_what_was_given_may_stay(self, check: EscalationCheck) -> None:
        old = role("more", rule("*", "*", "*"), namespace="a")
        await check.check("roles", {**old, "metadata": {**old["metadata"], "labels": {"x": "y"}}}, old, JANE)
        with pytest.raises(ApiError):
            await check.check("roles", {**old, "rules": [*old["rules"], rule("apps", "*", "*")]}, old, JANE)

    def test_covering(self) -> None:
        held = [Rule.read(rule("core", "pods services", "get list")), Rule.read(rule("apps", "*", "*"))]
        assert uncovered(held, [Rule.read(rule("apps", "deployments/scale", "get delete", "x"))]) == []
        assert uncovered(held, [Rule.read(rule("core", "pods services", "list"))]) == []
        assert uncovered([], [Rule.read({})]) == []


class TestBootstrap:
    def test_the_well_known_roles(self) -> None:
        made = Policy()
        for resource, obj in bootstrap.objects():
            made.set(resource, obj)
        authenticated = User("jane", groups=("system:authenticated",))
        anonymous = User("system:anonymous", groups=("system:unauthenticated",))
        assert made.decide(Attributes(authenticated, "get", path="/apis/apps")).allowed
        assert not made.decide(Attributes(anonymous, "get", path="/apis/apps")).allowed
        assert made.decide(Attributes(anonymous, "get", path="/healthz")).allowed
        review = "selfsubjectaccessreviews"
        assert made.decide(wants(authenticated, "create", review, api="authorization.k8s.io")).allowed
        assert made.decide(wants(User("system:kube-scheduler"), "create", "pods/binding", "a", "p")).allowed
        made.set("rolebindings", binding("x", "ClusterRole", "view", user("v"), namespace="a"))
        made.set("rolebindings", binding("y", "ClusterRole", "edit", user("e"), namespace="a"))
        made.set("rolebindings", binding("z", "ClusterRole", "admin", user("a"), namespace="a"))
        secret, pod = wants(User("v"), "get", "secrets", "a", "s"), wants(User("v"), "list", "pods", "a")
        assert made.decide(pod).allowed and not made.decide(secret).allowed
        assert made.decide(secret._replace(user=User("e"))).allowed
        roles = wants(User("e"), "create", "roles", "a", api="rbac.authorization.k8s.io")
        assert not made.decide(roles).allowed and made.decide(roles._replace(user=User("a"))).allowed

    def test_mended(self) -> None:
        ((_, wanted),) = [
            o
            for o in bootstrap.objects()
            if o[1]["metadata"]["name"] == "system:kube-dns" and "rules" in o[1]
        ]
        assert bootstrap.mended(wanted, wanted) is None
        added = [*wanted["rules"], rule("core", "pods", "get")]
        assert bootstrap.mended({**wanted, "rules": added}, wanted) is None, "what was added stays"
        less = bootstrap.mended({**wanted, "rules": []}, wanted)
        assert (
            less is not None
            and uncovered(map(Rule.read, less["rules"]), map(Rule.read, wanted["rules"])) == []
        )
        left_alone = {**wanted["metadata"], "annotations": {bootstrap.AUTOUPDATE: "false"}}
        assert bootstrap.mended({**wanted, "rules": [], "metadata": left_alone}, wanted) is None


class TestImpersonation:
    @pytest.fixture
    def authorizer(self, policy: Policy) -> ClusterAuthorizer:
        rules = (
            rule("core", "users groups", "impersonate", "eve dev"),
            rule("core", "serviceaccounts", "impersonate"),
        )
        policy.set("clusterroles", role("impersonator", *rules))
        policy.set("clusterrolebindings", binding("i", "ClusterRole", "impersonator", user("jane")))
        return ClusterAuthorizer(policy)

    async def test_nobody_else(self, authorizer: ClusterAuthorizer) -> None:
        assert await impersonated(JANE, {"Accept": "*/*"}, authorizer) is JANE

    async def test_user_and_group(self, authorizer: ClusterAuthorizer) -> None:
        headers = {"Impersonate-User": "eve", "impersonate-group": "dev"}
        assert await impersonated(JANE, headers, authorizer) == User(
            "eve", groups=("dev", "system:authenticated")
        )

    async def test_service_account(self, authorizer: ClusterAuthorizer) -> None:
        made = await impersonated(JANE, {"Impersonate-User": "system:serviceaccount:a:b"}, authorizer)
        assert made.groups == ("system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Impersonate-User": "root"},
            {"Impersonate-User": "eve", "Impersonate-Group": MASTERS},
            {"Impersonate-User": "eve", "Impersonate-Uid": "1"},
            {"Impersonate-User": "eve", "Impersonate-Extra-scopes": "all"},
        ],
    )
    async def test_refused(self, authorizer: ClusterAuthorizer, headers: dict[str, str]) -> None:
        with pytest.raises(ApiError) as caught:
            await impersonated(JANE, headers, authorizer)
        assert caught.value.code == 403 and 'User "jane" cannot impersonate resource' in caught.value.message

    async def test_a_group_alone_is_never_ignored(self, authorizer: ClusterAuthorizer) -> None:
        for headers in ({"Impersonate-Group": "dev"}, {"Impersonate-User": "", "Impersonate-Uid": "1"}):
            with pytest.raises(ApiError):
                await impersonated(JANE, headers, authorizer)


class TestReviews:
    async def test_access(self, policy: Policy) -> None:
        authorizer = ClusterAuthorizer(policy)
        asked = {
            "spec": {
                "resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "a"},
                "user": "jane",
            }
        }
        assert (await review_access(asked, authorizer))["status"] == {"allowed": False}
        asked["spec"]["groups"] = ["dev"]
        assert (await review_access(asked, authorizer))["status"]["allowed"]
        assert (await review_own_access(asked, JANE, authorizer))["status"]["allowed"]
        assert (await review_access(asked, authorizer, "a"))["status"]["allowed"]

    @pytest.mark.parametrize(
        ("spec", "namespace", "field"),
        [
            ({"user": "x"}, None, "spec.resourceAttributes"),
            (
                {"user": "x", "resourceAttributes": {}, "nonResourceAttributes": {}},
                None,
                "spec.nonResourceAttributes",
            ),
            ({"resourceAttributes": {}}, None, "spec.user"),
            (
                {"user": "x", "resourceAttributes": {"namespace": "b"}},
                "a",
                "spec.resourceAttributes.namespace",
            ),
            ({"user": "x", "nonResourceAttributes": {"path": "/"}}, "a", "spec.nonResourceAttributes"),
        ],
    )
    async def test_refused(self, policy: Policy, spec: Object, namespace: str | None, field: str) -> None:
        with pytest.raises(ApiError) as caught:
            await review_access({"spec": spec}, ClusterAuthorizer(policy), namespace)
        assert caught.value.code == 422 and field in [cause.field for cause in caught.value.causes]

    def test_rules(self, policy: Policy) -> None:
        status = review_own_rules({"spec": {"namespace": "a"}}, JANE, policy)["status"]
        assert status["resourceRules"] == [
            {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"]},
            {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods", "pods/log"]},
        ]
        assert (status["nonResourceRules"], status["incomplete"]) == ([], False)
