from feeder.tape import REMEMBERED_MAX, TradeTape


def test_a_trade_is_new_once_and_forgotten_after_many_others() -> None:
    tape = TradeTape()
    assert [tape.is_new(("t", 1)), tape.is_new(("t", 1)), tape.is_new(("t", 2))] == [True, False, True]
    for number in range(REMEMBERED_MAX):
        tape.is_new(("other", number))
    assert tape.is_new(("t", 1))
