"""Objects as rows of a Table, as `kubectl get` shows them.

    table(resource, objects, now)    the column definitions, and a row of cells for each object

Which columns a resource has is data (`columns.toml`); cells that are more than a field are functions, by name
(`cells_*.py`). The server makes the cells, so ages are counted from its clock: `now`. Columns of custom resources come
with their definition and are made elsewhere; `humans.since` is for those, too.
"""

from __future__ import annotations

from hythe.kube.objects.schema.columns.table import Column, columns_of, table

__all__ = ["Column", "columns_of", "table"]
