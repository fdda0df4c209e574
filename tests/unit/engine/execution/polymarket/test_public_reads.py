"""A request that anybody may make, as its bytes."""

from engine.execution.polymarket.dialling import parse_url
from engine.execution.polymarket.public_reads import public_read


def test_path_and_query_are_those_of_the_host() -> None:
    address = parse_url("http://127.0.0.1:8080/data")
    head = public_read(address, "/v2/positions", user="0xab", status="OPEN").decode().split("\r\n")
    assert head[:2] == ["GET /data/v2/positions?user=0xab&status=OPEN HTTP/1.1", "Host: 127.0.0.1:8080"]
    assert head[-2:] == ["", ""]


def test_without_a_query_there_is_no_question_mark() -> None:
    assert public_read(parse_url("https://clob.polymarket.com"), "/time").startswith(
        b"GET /time HTTP/1.1\r\nHost: clob.polymarket.com\r\n"
    )
