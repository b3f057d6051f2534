"""Print what a customer pays for an order: python3 src/main.py <order>."""

import sys

import fmt
from pricing import quote
from tax import apply as charge

ORDERS = {
    "A15": {"item": "washer", "quantity": 40, "region": "AT"},
    "A16": {"item": "nut", "quantity": 25, "region": "CH"},
    "A17": {"item": "bolt", "quantity": 8, "region": "DK"},
    "A18": {"item": "bolt", "quantity": 8, "region": "DE"},
}


def main(order_id):
    order = ORDERS[order_id]
    print(fmt.money(charge(quote(order), order["region"])))


if __name__ == "__main__":
    main(sys.argv[1])
