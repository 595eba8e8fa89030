"""Custom resources: what a CustomResourceDefinition may say, what it makes, and what its objects may hold.

    definition   defaults and checks of a CustomResourceDefinition; `schema` checks its schemas
    naming       the names that it gets (NamesAccepted, Established)
    resources    its entries in the table of resources
    pruning      an object's unknown fields go, defaults come in
    values       is an object as the schema wants it; `formats` are the texts with a form
    rules        the rules in CEL (x-kubernetes-validations)
    columns      rows of `kubectl get`; `scale` the scale subresource

Conversion by webhook is refused by name.
"""
