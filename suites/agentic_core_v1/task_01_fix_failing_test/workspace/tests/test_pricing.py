"""Prices as the shop advertises them: 5 % off from 10 units, 10 % from 50, 15 % from 100."""

from app.cart import cart_total


def test_a_small_order_pays_the_full_price():
    assert cart_total([(250, 4)]) == 1000


def test_an_order_inside_a_tier_gets_its_discount():
    assert cart_total([(199, 20)]) == 3781


def test_every_line_is_discounted_by_itself():
    assert cart_total([(100, 60), (333, 2)]) == 6066


def test_a_tier_starts_at_its_number_of_units():
    assert cart_total([(120, 50)]) == 5400
