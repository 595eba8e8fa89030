"""The three kinds of patches that are no apply: each a function of an object and a patch, giving another object.

    jsonpatch   RFC 6902, a list of operations
    merge       RFC 7386, an object laid over another
    strategic   Kubernetes' own: as merge, but lists are merged by key, as the shape of the kind says

None of them changes what it is given. They raise `ApiError` with Kubernetes' code and words; whether the result is a
good object is for the caller to see (`body`, the field named "patch" in its message). Server-side apply, which knows
who owns which field, is `hythe.kube.objects.apply`.
"""
