"""Server-side apply: who owns which field of an object, and what an applier's configuration does to it.

`metadata.managedFields` has an entry for each manager, operation (Apply, Update), apiVersion and subresource, with the
set of fields that it owns. Every change goes through `fields.FieldManager`:

    update   after create, update and patch: what changed belongs to who changed it, and to nobody else
    apply    a configuration is merged into the object; its fields belong to the applier; a field that another
             manager owns with another value is a conflict, unless forced; what the applier named last time and
             no longer names is taken away, unless others own it

From the bottom: `fieldset` are sets of fields (as `fieldsV1` is written), `paths` the names of fields in such sets,
`typed` walks an object along its `Shape`, `comparing` two of them, `merging` merges and removes, `entries` reads
and writes managedFields, `ownership` moves fields between managers, `lastapplied` knows client-side apply.

Source: sigs.k8s.io/structured-merge-diff and apimachinery's pkg/util/managedfields.
"""
