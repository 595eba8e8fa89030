"""The API server: one machine over resource definitions, no handler written per kind.

A request goes through `dispatch` in this order, one module or folder for each step:

    request     path and query -> what is asked for (verb, resource, namespace, name, subresource)
    auth/       who asks, and may they
    definitions the resource: kind, scope, verbs, subresources (built in, or from a CustomResourceDefinition)
    body        bytes -> object: JSON, YAML or protobuf; limits
    admission/  what the cluster adds to or forbids of an object
    verbs/      get, list, watch, create, update, patch, delete
    records     object <-> the store's bytes, with revisions
    answer      object -> JSON, Table, PartialObjectMetadata, YAML; warnings; gzip

Kept out: what objects mean (`hythe.kube.objects`), how they are kept (`hythe.kube.store`), and every controller.
"""
