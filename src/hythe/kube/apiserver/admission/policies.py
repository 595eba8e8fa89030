"""ValidatingAdmissionPolicy: expressions in CEL that a write must meet, for whatever a binding says.

    policy    what it is about (matchConstraints, matchConditions), variables, validations
    binding   where it holds (matchResources), with which parameters, and what happens: Deny, Warn, Audit

Policies and bindings are followed in the store and compiled once, so that a write in a cluster without any costs
nothing. An expression that cannot be compiled is refused when the policy is written; `authorizer` is not known, and
refused so. Source: Kubernetes, "Validating Admission Policy".
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from hythe.kube.apiserver.admission.chain import Plugin, Review
from hythe.kube.apiserver.admission.matching import matches
from hythe.kube.apiserver.admission.policyscope import NAMES, Scope, params_of
from hythe.kube.apiserver.auth.following import Follower
from hythe.kube.apiserver.definitions import Definition, Definitions
from hythe.kube.apiserver.encoding import unpack
from hythe.kube.apiserver.records import Records, prefix_of
from hythe.kube.objects.cel.evaluation import Evaluator, Spent
from hythe.kube.objects.cel.program import CompileError, Program, compile_
from hythe.kube.objects.cel.types import DYN
from hythe.kube.objects.cel.values import EvaluationError
from hythe.kube.objects.status import ApiError, Cause, forbidden, invalid
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kube.apiserver")

GROUP: Final = "admissionregistration.k8s.io"
POLICIES: Final = f"validatingadmissionpolicies.{GROUP}"
STEPS: Final = 100_000
_NO_PARAMS: Final = "no params found for policy binding with `Deny` parameterNotFoundAction"
_CODES: Final = {"Invalid": 422, "Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}


class Validation(NamedTuple):
    said: Object
    program: Program
    message: Program | None


class Policy:
    """A compiled policy. Raises ApiError (Invalid), with the place of the expression that is wrong."""

    def __init__(self, obj: Object) -> None:
        self.name, self.spec = obj["metadata"]["name"], obj.get("spec") or {}
        self._causes: list[Cause] = []
        self.variables = list(self._named("variables"))
        self.conditions = list(self._named("matchConditions"))
        self.validations = list(self._validations())
        if self._causes:
            raise invalid(f"ValidatingAdmissionPolicy.{GROUP}", self.name, self._causes)

    def _named(self, field: str) -> Iterator[tuple[str, Program]]:
        for index, each in enumerate(self.spec.get(field) or []):
            program = self._compiled(each.get("expression", ""), f"spec.{field}[{index}].expression")
            if program is not None:
                yield each["name"], program

    def _validations(self) -> Iterator[Validation]:
        for index, each in enumerate(self.spec.get("validations") or []):
            path = f"spec.validations[{index}]"
            program = self._compiled(each.get("expression", ""), f"{path}.expression")
            message = None
            if each.get("messageExpression"):
                message = self._compiled(each["messageExpression"], f"{path}.messageExpression")
            if program is not None:
                yield Validation(each, program, message)

    def _compiled(self, text: str, path: str) -> Program | None:
        try:
            return compile_(text, dict.fromkeys(NAMES, DYN))
        except CompileError as error:
            shown = f'Invalid value: "{text}": compilation failed: {error}'
            self._causes.append(Cause("FieldValueInvalid", shown, path))
            return None


class _Kept(Follower):
    """Policies or bindings, by name."""

    def __init__(self, records: Records, definition: Definition, make: Any) -> None:
        super().__init__(records.store, prefix_of(definition))
        self._make = make
        self.found: dict[str, Any] = {}

    def changed(self, key: str, value: bytes) -> None:
        obj = unpack(value, 0)
        try:
            self.found[obj["metadata"]["name"]] = self._make(obj)
        except ApiError as error:
            log.warning("%s", error)

    def gone(self, key: str) -> None:
        self.found.pop(key.removeprefix(self.prefix), None)


class ValidatingPolicies(Plugin):
    """Runs from `start` to `stop`."""

    def __init__(self, definitions: Definitions, records: Records) -> None:
        self._definitions, self._records = definitions, records
        self._namespaces = definitions.built_in("", "v1", "namespaces")
        built_in = definitions.built_in
        self._policies = _Kept(records, built_in(GROUP, "v1", "validatingadmissionpolicies"), Policy)
        self._bindings = _Kept(records, built_in(GROUP, "v1", "validatingadmissionpolicybindings"), dict)

    async def start(self) -> None:
        await self._policies.start()
        await self._bindings.start()

    async def stop(self) -> None:
        await self._policies.stop()
        await self._bindings.stop()

    async def validate(self, review: Review) -> None:
        if review.resource == POLICIES and review.operation != "DELETE":
            Policy(review.obj)
        if not self._bindings.found:
            return
        namespace = await self._namespace(review)
        for binding in list(self._bindings.found.values()):
            policy = self._policies.found.get(binding["spec"].get("policyName"))
            where = binding["spec"].get("matchResources") or {}
            if policy is None or not matches(policy.spec.get("matchConstraints") or {}, review, namespace):
                continue
            if matches(where, review, namespace):
                await self._ask(review, policy, binding, namespace)

    async def _namespace(self, review: Review) -> Object | None:
        if not review.definition.namespaced:
            return None
        found = await self._records.find(self._namespaces, "", review.namespace)
        return found.object() if found is not None else None

    async def _ask(self, review: Review, policy: Policy, binding: Object, namespace: Object | None) -> None:
        where = binding["spec"]
        parameters = await params_of(self._definitions, self._records, policy.spec, where, review.namespace)
        for params in parameters:
            scope = Scope(review, namespace, params)
            for reason, message in _violations(policy, scope):
                _act(review, policy, binding, reason, message)
        if (
            not parameters
            and (binding["spec"].get("paramRef") or {}).get("parameterNotFoundAction") == "Deny"
        ):
            _act(review, policy, binding, "Invalid", _NO_PARAMS)


def _violations(policy: Policy, scope: Scope) -> Iterator[tuple[str, str]]:
    """Reason and message of each validation that fails."""
    evaluator = Evaluator(STEPS)
    strict = policy.spec.get("failurePolicy", "Fail") == "Fail"
    try:
        names = scope.with_variables(policy.variables, evaluator)
        if not all(program.evaluate(names, evaluator) is True for _, program in policy.conditions):
            return
    except (EvaluationError, Spent) as error:
        if strict:
            yield "Invalid", str(error)
        return
    for validation in policy.validations:
        try:
            good = validation.program.evaluate(names, evaluator) is True
        except (EvaluationError, Spent) as error:
            if strict:
                text = validation.said["expression"]
                yield "Invalid", f"expression '{text}' resulted in error: {error}"
            continue
        if not good:
            yield validation.said.get("reason") or "Invalid", _message(validation, names, evaluator)


def _message(validation: Validation, names: dict[str, Any], evaluator: Evaluator) -> str:
    if validation.message is not None:
        try:
            found = validation.message.evaluate(names, evaluator)
        except (EvaluationError, Spent):
            found = ""
        if isinstance(found, str) and found.strip() and "\n" not in found:
            return found.strip()
    return str(
        validation.said.get("message") or f"failed expression: {validation.said['expression'].strip()}"
    )


def _act(review: Review, policy: Policy, binding: Object, reason: str, message: str) -> None:
    actions, name = binding["spec"].get("validationActions") or [], binding["metadata"]["name"]
    if "Warn" in actions:
        review.warnings.append(
            f"Validation failed for ValidatingAdmissionPolicy '{policy.name}' with binding '{name}': {message}"
        )
    if "Deny" in actions:
        said = f"ValidatingAdmissionPolicy '{policy.name}' with binding '{name}' denied request: {message}"
        error = forbidden(review.definition.qualified, review.name, said)
        error.reason, error.code = reason, _CODES.get(reason, 422)
        error.details["causes"] = [{"message": said}]
        raise error
