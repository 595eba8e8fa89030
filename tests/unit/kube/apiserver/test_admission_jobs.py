"""A Job's selector is of its own uid, and its author's labels stay."""

from __future__ import annotations

from hythe.kube.apiserver.admission.jobs import generate_selector
from hythe.kube.objects.types import Object


def job(**spec: object) -> Object:
    template = {"metadata": {"labels": {"app": "x", "job-name": "mine"}}, "spec": {}}
    return {"metadata": {"name": "j", "uid": "u"}, "spec": {"template": template, **spec}}


def test_a_job_is_found_by_its_uid() -> None:
    made = job()
    generate_selector(made)
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}
    assert made["spec"]["template"]["metadata"]["labels"] == {
        "app": "x",
        "controller-uid": "u",
        "batch.kubernetes.io/controller-uid": "u",
        "job-name": "mine",
        "batch.kubernetes.io/job-name": "j",
    }


def test_a_manual_selector_is_left_alone() -> None:
    made = job(manualSelector=True, selector={"matchLabels": {"app": "x"}})
    before = str(made)
    generate_selector(made)
    assert str(made) == before
