"""What built-in objects may hold: the resources, their definitions, and how bodies become objects.

An object on its way in passes these, in this order; each is a pure function over `Object`s:

    resources.builtin()                          the table: plural, kind, verbs, subresources of each resource
    decode.body(bytes, content type, gvk, ...)   JSON, YAML or protobuf -> an object and warnings; type errors and
                                                 unknown or duplicate fields, in Kubernetes' words
    defaults.fill(object, gvk)                   what a client left out
    validation.create(object, resource)          the causes why it cannot be; update(object, old, resource, subresource)
    warnings.of(object, gvk)                     what is taken, but hardly meant
    columns.table(resource, objects, now)        the columns of a Table and how each cell is computed
    convert.to(object, api version)              between the versions of one resource

The definitions come from Kubernetes' own OpenAPI document (`definitions`), the numbers of protobuf fields and Go's
names of types from the struct tags of its source (`gotypes`); scripts/kube-schemas makes both, compressed.
"""
