"""Live rounds on the local exchange, in short: the books, the replays and the twin, and that faults would be found.

live_run.py is the long form.
"""

from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec

from engine.config.load import parse_config
from engine.journal.format import Entry, EventEntry, RoundEntry
from engine.journal.reader import JournalReader
from engine.journal.replay import replay
from engine.model.events import Fill
from engine.runtime.compose import kernel_of_header
from engine.runtime.counterparty import Counterparty
from engine.runtime.recovery import sessions
from tests.integration.live.live_run import LIVE_ROOT, LiveRun, faults, shadow_figures
from tests.integration.live.rewriting import rewrite

SECONDS = 20
WINDOWS = 6
DECISIONS_LEAST = 25


def test_live_rounds_pass_their_gates_and_planted_faults_do_not(tmp_path: Path) -> None:
    """One test: there is one run, and it takes a minute."""
    run = LiveRun(tmp_path, SECONDS, "shadow", 7)
    try:
        run.start()
        run.play(WINDOWS, print)
        assert run.stop("engine") == 0, run.log()
        run.stop("feeder")
        the_books_balance_the_replay_is_equal_and_nothing_rests(run)
        the_journal_replayed_as_a_dry_one_gives_the_same_decisions(run)
        the_twin_played_every_window_and_its_predictions_are_stated(run)
        the_twins_journal_replays_equal_too(run)
        too_few_decisions_are_red(run)
        a_fill_that_was_another_is_red(run)
        one_unit_too_much_in_the_books_is_red(run)
        an_order_that_was_left_resting_is_red(run)
    finally:
        run.close()


def journals(run: LiveRun, root: str = LIVE_ROOT) -> list[Path]:
    return sessions(run.folder / "state" / root)


def the_books_balance_the_replay_is_equal_and_nothing_rests(run: LiveRun) -> None:
    wrong, figures = faults(run, DECISIONS_LEAST)
    print(figures)
    assert wrong == []
    assert figures["rounds"] >= WINDOWS
    assert figures["fills"] > 0


def the_journal_replayed_as_a_dry_one_gives_the_same_decisions(run: LiveRun) -> None:
    """The mode is a word in the header and in the config: what decides does not read it."""
    for number, folder in enumerate(journals(run)):
        header = JournalReader(folder).header
        config = parse_config(header.config_json, "header").replaced({"runtime": {"mode": "dry"}})
        assert header.mode.startswith("shadow")
        target = run.folder / "as-dry" / str(number)
        rewrite(folder, target, mode="dry", config_json=config.to_json(), config_hash=config.hash)
        result, before = (replay(JournalReader(each), kernel_of_header) for each in (target, folder))
        assert result.is_equal, result.difference
        assert result.decisions == before.decisions > 0


def the_twin_played_every_window_and_its_predictions_are_stated(run: LiveRun) -> None:
    shadow = shadow_figures(run)
    assert (shadow["live_mode"].split()[0], shadow["dry_mode"]) == ("shadow", "dry")
    assert shadow["windows"] >= WINDOWS
    assert shadow["decisions"]["compared"] >= DECISIONS_LEAST
    assert shadow["config_differences"] == []
    orders, quality = shadow["orders"], shadow["live_quality"]
    assert len(orders["pairs"]) == orders["paired"] > 0
    assert quality["acknowledged_ms_p50"] is not None
    for row in shadow["rounds"]:
        print(row["slug"], row["live_type"], "/", row["dry_type"], row["live_pnl_usd"], "/", row["dry_pnl_usd"])
    for pair in orders["pairs"]:
        print(pair["order"], "filled", pair["live_filled"], "predicted", pair["dry_filled"])


def the_twins_journal_replays_equal_too(run: LiveRun) -> None:
    for folder in journals(run, f"{LIVE_ROOT}-twin"):
        result = replay(JournalReader(folder), kernel_of_header)
        assert result.is_equal, result.difference


def too_few_decisions_are_red(run: LiveRun) -> None:
    wrong, figures = faults(run, 1_000_000)
    assert wrong == [f"expected at least 1000000 decisions to be compared, were {figures['decisions']}"]


def spoil(run: LiveRun, root: str, change: Callable[[Entry], Entry]) -> None:
    """Write the journals of a run into another state folder, with something changed."""
    for folder in journals(run):
        rewrite(folder, run.folder / "state" / root / folder.name, change)


def a_fill_that_was_another_is_red(run: LiveRun) -> None:
    def dearer(entry: Entry) -> Entry:
        if not (isinstance(entry, EventEntry) and isinstance(entry.event, Fill)):
            return entry
        fill = msgspec.structs.replace(entry.event, price_e4=entry.event.price_e4 + 100, cash_u6=-1)
        return msgspec.structs.replace(entry, event=fill)

    spoil(run, "another-fill", dearer)
    wrong, _ = faults(run, DECISIONS_LEAST, "another-fill")
    assert any("the replay parts from the journal" in each for each in wrong), wrong


def one_unit_too_much_in_the_books_is_red(run: LiveRun) -> None:
    slugs: set[str] = set()

    def richer(entry: Entry) -> Entry:
        if not isinstance(entry, RoundEntry) or not entry.record.fills or slugs - {entry.record.slug}:
            return entry
        slugs.add(entry.record.slug)
        record = msgspec.structs.replace(entry.record, received_u6=entry.record.received_u6 + 1)
        return msgspec.structs.replace(entry, record=record)

    spoil(run, "one-unit", richer)
    wrong, _ = faults(run, DECISIONS_LEAST, "one-unit")
    assert any(each.startswith("the ledger has") for each in wrong), wrong


def an_order_that_was_left_resting_is_red(run: LiveRun) -> None:
    """The last of them: it changes what rests."""
    markets = httpx.get(f"{run.reach()['control_url']}/markets").json()
    with Counterparty(run.reach()["clob_url"], account=0) as ourselves:
        ourselves.buy(markets[-1]["tokens"][0], 100, 10)
    wrong, _ = faults(run, DECISIONS_LEAST)
    assert [each.split()[0] for each in wrong] == ["order"]
    assert wrong[0].endswith("rests after the end")
