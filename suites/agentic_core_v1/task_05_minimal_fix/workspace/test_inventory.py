import pytest

from inventory import OutOfStock, parse_line, release, reserve, running_low


def test_reserving_some_leaves_the_rest():
    stock = {"bolt": 40}
    assert reserve(stock, "bolt", 15) == 25
    assert stock == {"bolt": 25}


def test_the_last_units_can_be_reserved():
    stock = {"bolt": 40, "nut": 8}
    assert reserve(stock, "nut", 8) == 0
    assert stock == {"bolt": 40, "nut": 0}


def test_more_than_there_is_cannot_be_reserved():
    with pytest.raises(OutOfStock):
        reserve({"bolt": 40}, "bolt", 41)


def test_released_units_are_back():
    assert release({"bolt": 40}, "bolt", 2) == 42


def test_what_runs_low():
    assert running_low({"bolt": 40, "nut": 1, "washer": 2}) == ["nut", "washer"]


def test_a_line_of_the_stock_list():
    assert parse_line(" bolt-M6 ; 40") == ("bolt-M6", 40)
