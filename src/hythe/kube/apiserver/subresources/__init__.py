"""Parts of objects with paths of their own. `table.py` says which module answers which."""
