"""The page that people see."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from shop.orders import PRICES, Order

_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The shop</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem }}
  table {{ border-collapse: collapse; width: 100% }}
  td, th {{ text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd }}
</style>
<h1>The shop</h1>
<form>
  <select name="item">{options}</select>
  <input name="quantity" type="number" value="1" min="1" max="1000">
  <button>Order</button>
</form>
<table><tr><th>No.<th>Item<th>Quantity<th>State<th>Total<th>Handled by</tr>{rows}</table>
<script>
  document.forms[0].onsubmit = async event => {{
    event.preventDefault()
    const form = new FormData(event.target)
    const order = {{ item: form.get("item"), quantity: Number(form.get("quantity")) }}
    await fetch("/orders", {{ method: "POST", body: JSON.stringify(order) }})
    location.reload()
  }}
</script>
</html>
"""


def render(orders: Iterable[Order]) -> str:
    """The page with a form and the orders."""
    options = "".join(f"<option>{escape(name)}</option>" for name in PRICES)
    return _PAGE.format(options=options, rows="".join(map(_row, orders)))


def _row(order: Order) -> str:
    cells = (order.id, order.item, order.quantity, order.state, order.total or "", order.handled_by or "")
    return "<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in cells) + "</tr>"
