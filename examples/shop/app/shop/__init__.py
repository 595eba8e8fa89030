"""A small shop: the API takes orders, a worker handles them."""
