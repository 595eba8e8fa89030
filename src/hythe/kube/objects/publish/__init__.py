"""What clients read of the API before they use it: discovery and OpenAPI, as functions of the table of resources.

    discovery   which groups, versions, resources, verbs there are; the aggregated form and the three older ones
    openapi     one OpenAPI v3 document for each group and version, and the index of them
    operations  the paths of such a document

Custom resources are in the table as all others are; their schemas are passed along.
"""
