"""Filters and scores, one idea a module.

A filter is `prepare(pod, state) -> check | None`: what is the same for all nodes is worked out once, then
`check(node)` gives a `Refusal`, or None where the pod may go. None instead of a check: nothing to look at. A score is
prepared alike and gives a number for each node; how numbers become comparable is the score's `normal`.
"""
