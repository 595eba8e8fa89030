"""Quantities ("500m", "1Gi", 2) as exact numbers that can be multiplied and divided."""

from __future__ import annotations

from decimal import Decimal

from hythe.kube.objects.quantity import NANO, parse


def amount(quantity: object) -> Decimal:
    """Its value in the base unit: cores, bytes. Raises InvalidQuantity; the API server has checked it before."""
    return Decimal(parse(quantity).nano) / NANO
