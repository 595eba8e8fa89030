"""What built-in objects may hold: the resources, their definitions, and how bodies become objects.

An object on its way in passes these, in this order; each is a pure function over `Object`s:

    resources.builtin()                          the table: plural, kind, verbs, subresources of each resource
    decode.body(bytes, content type, gvk, ...)   JSON, YAML or protobuf -> an object and warnings; type errors and
                                                 unknown or duplicate fields, in Kubernetes' words
    defaults.fill(object, gvk)                   what a client left out
    validation.check(object, old, resource)      the causes why it cannot be
    columns.of(resource)                         the columns of a Table and how each cell is computed
    convert.to(object, api version)              between the versions of one resource

The definitions come from Kubernetes' own OpenAPI document (`definitions`), the numbers of protobuf fields from its
own .proto files (`wire numbers`, in `protobuf`); both are made by scripts/kube-schemas and shipped compressed.
"""
