import re
from html.parser import HTMLParser

import orjson

from engine.analytics.parity import compare
from engine.analytics.parity_report import as_page, as_values, cash, number, percent
from tests.unit.engine.analytics.runs import CAUTIOUS, run


class Page(HTMLParser):
    """Collects tags that are not closed in order, and everything that would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.wrong: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "link", "img"):
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_whole_and_needs_nothing_from_outside() -> None:
    text = as_page(compare(run(), run(CAUTIOUS)), ("state/<live>", "state/dry"))
    page = Page()
    page.feed(text)
    assert (page.wrong, page.stack, page.fetched) == ([], [], [])
    assert 'name="viewport"' in text
    assert "state/&lt;live&gt;" in text
    assert "@import" not in text
    assert "url(" not in text


def test_the_page_says_what_the_json_says() -> None:
    found = compare(run(), run(CAUTIOUS))
    text, values = as_page(found, ("a", "b")), as_values(found)
    for row in values["rounds"]:
        assert f"<td>{row['slug']}</td><td>{row['live_type']}</td><td>{row['dry_type']}</td>" in text
    assert values["first_parting"]["reason"] in text
    assert len(re.findall('class="apart"', text)) == sum(
        row["live_type"] != row["dry_type"] for row in values["rounds"]
    )


def test_a_page_of_equal_runs_says_so() -> None:
    text = as_page(compare(run(), run()), ("a", "b"))
    assert "The same on both sides." in text
    assert "Nowhere." in text


def test_the_values_can_be_written_as_json_and_add_up() -> None:
    values = orjson.loads(orjson.dumps(as_values(compare(run(), run(CAUTIOUS)))))
    assert values["windows"] == len(values["rounds"])
    for side in ("live", "dry"):
        assert sum(kind[side] for kind in values["fill_types"].values()) == values["windows"]
    for name in ("decisions", "trading_decisions"):
        assert values[name]["compared"] == sum(row[name]["compared"] for row in values["rounds"])
        assert values[name]["agreement"] == values[name]["matched"] / values[name]["compared"]


def test_what_is_not_known_is_a_dash() -> None:
    assert (percent(None), number(None), cash(None)) == ("-", "-", "-")
    assert (percent(0.5), number(1234.5), number(1234), cash(-1_230_000)) == ("50.0 %", "1,234.50", "1,234", "-1.23")
