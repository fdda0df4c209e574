import pytest

from engine.ops.endpoints import Endpoints

LOCAL = "http://127.0.0.1:8080"


@pytest.mark.parametrize("url", [LOCAL, "http://localhost:1/gamma", "http://[::1]:2"])
def test_everything_on_the_loopback_is_local(url: str) -> None:
    assert Endpoints(url, LOCAL, LOCAL, LOCAL, LOCAL).is_local


@pytest.mark.parametrize("place", range(5))
def test_one_service_elsewhere_is_not(place: int) -> None:
    urls = [LOCAL] * 5
    urls[place] = "https://relayer-v2.polymarket.com"
    assert not Endpoints(*urls).is_local
