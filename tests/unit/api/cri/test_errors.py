"""Every error of hythe's has a code of gRPC's."""

from __future__ import annotations

import grpc
import pytest

from hythe import errors
from hythe.api.cri.errors import CODES, code_of, details_of
from hythe.registry.failures import Unreachable


def test_the_table_is_whole() -> None:
    every = {
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.HytheError)
    }
    missing = every - CODES.keys() - {errors.SyntaxProblem, errors.NotModified}
    assert not missing


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("x"), grpc.StatusCode.NOT_FOUND),
        (errors.SyntaxProblem("x", file="f", line=1, column=1), grpc.StatusCode.INVALID_ARGUMENT),
        (errors.Unsupported("x"), grpc.StatusCode.UNIMPLEMENTED),
        (errors.NotModified("x"), grpc.StatusCode.UNKNOWN),
    ],
)
def test_the_nearest_class_counts(error: errors.HytheError, code: grpc.StatusCode) -> None:
    assert code_of(error) == code


def test_kubelet_knows_a_registry_that_is_not_there_by_its_word() -> None:
    assert details_of(Unreachable("no route")) == "RegistryUnavailable: no route"
