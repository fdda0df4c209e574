"""Kill -9 the engine at random moments of paper rounds, restart it, and check that nothing was doubled and nothing
lost.

`python -m tests.integration.runtime.kill_campaign --kills 200 --first-seed 1` runs as many as wanted.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from engine.config.build import scaled
from engine.config.load import parse_config
from engine.execution.paper.ledger import FileLedger, Filled, Settled, Taken
from engine.journal.format import DecisionEntry, EventEntry, RoundEntry
from engine.journal.reader import JournalReader
from engine.journal.replay import replay
from engine.model.commands import Place
from engine.model.events import Fill, Side
from engine.model.units import notional_u6, proceeds_u6
from engine.runtime.compose import kernel_of_header
from engine.runtime.recovery import recover, sessions

ROUNDS = 3
SECONDS = 60
PACE = 20
BANKROLL_U6 = 100_000_000


def bucketmm(*arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    """Start a bucketmm process."""
    with (cwd / "processes.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "engine", *arguments], cwd=cwd, stdout=log, stderr=log)


class Campaign:
    """One recording, played once, with kills while it plays."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.folder = folder
        self.ring = f"/bmt_kill_{os.getpid()}_{seed}"
        self.state = folder / "state"
        self.kills = 0

    def run(self, kills_max: int) -> None:
        """Play the recording, kill and restart, and check everything at the end."""
        recording = self.folder / "recording"
        generate = ("worlds", "generate", "--seed", str(self.seed), "--rounds", str(ROUNDS), "--seconds", str(SECONDS))
        made = bucketmm(*generate, "--style", "wild", "--out", str(recording), cwd=self.folder)
        assert made.wait(60) == 0, self._log()
        play = ("feed", "--source", "recording", "--path", str(recording), "--pace", str(PACE), "--ring", self.ring)
        feeder = bucketmm(*play, cwd=self.folder)
        try:
            self._wait_for_ring(feeder)
            while feeder.poll() is None and self.kills < kills_max:
                self._live_and_die()
            self._finish(feeder)
        finally:
            feeder.kill()
            feeder.wait()
            Path("/dev/shm" + self.ring).unlink(missing_ok=True)
        self._check()

    def _log(self) -> str:
        return f"seed {self.seed}: " + (self.folder / "processes.log").read_text()[-3000:]

    def _wait_for_ring(self, feeder: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 20
        while not Path("/dev/shm" + self.ring).exists():
            assert feeder.poll() is None, self._log()
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.02)

    def _engine(self) -> subprocess.Popen[bytes]:
        options = ("--ring", self.ring, "--state", str(self.state), "--window-seconds", str(SECONDS))
        return bucketmm("run", *options, cwd=self.folder)

    def _live_and_die(self) -> None:
        engine = self._engine()
        lifetime_s = 0.4 + self.random.random() * 1.6
        try:
            assert engine.wait(lifetime_s) == 0, self._log()  # it has ended by itself: the recording is over
        except subprocess.TimeoutExpired:
            engine.send_signal(signal.SIGKILL)
            self.kills += 1
            engine.wait()

    def _finish(self, feeder: subprocess.Popen[bytes]) -> None:
        """Let a last engine bring everything to its end: it ends by itself once the recording has."""
        engine = self._engine()
        assert feeder.wait(60) == 0, self._log()
        try:
            assert engine.wait(30) == 0, self._log()
        finally:
            engine.kill()
            engine.wait()

    def _check(self) -> None:
        placed: Counter[str] = Counter()
        told: set[tuple[str, str]] = set()
        records = {}
        for folder in sessions(self.state):
            result = replay(JournalReader(folder), kernel_of_header)
            assert result.difference is None, f"seed {self.seed}: {folder} {result.difference}"
            for frame in JournalReader(folder):
                entry = frame.entry
                if isinstance(entry, DecisionEntry):
                    placed.update(command.order for command in entry.commands if isinstance(command, Place))
                elif isinstance(entry, EventEntry) and isinstance(entry.event, Fill):
                    told.add((entry.event.order, entry.event.trade_id))
                elif isinstance(entry, RoundEntry):
                    records[entry.record.slug] = entry.record
        rows = list(FileLedger(self.state / "paper.jsonl").rows())
        taken = Counter(row.place.order for row in rows if isinstance(row, Taken))
        fills = [row for row in rows if isinstance(row, Filled)]
        assert not [order for order, count in placed.items() if count > 1], f"seed {self.seed}: placed twice: {placed}"
        assert not [order for order, count in taken.items() if count > 1], f"seed {self.seed}: taken twice: {taken}"
        lost = {(row.order, row.trade_id) for row in fills} - told
        assert not lost, f"seed {self.seed}: fills that the engine never heard of: {lost}"
        self._check_money(rows, records)

    def _check_money(self, rows: list, records: dict) -> None:
        cash_u6 = BANKROLL_U6
        for row in rows:
            if isinstance(row, Filled):
                sign = -1 if row.side == Side.BUY else 1
                money_u6 = (notional_u6 if row.side == Side.BUY else proceeds_u6)(row.price_e4, row.size_u6)
                cash_u6 += sign * money_u6 - row.fee_u6
            elif isinstance(row, Settled):
                cash_u6 += row.payout_u6
        kernel = recover(scaled(parse_config(b"{}", "test"), SECONDS), self.state).state
        assert not kernel.rounds, f"seed {self.seed}: rounds that never ended: {list(kernel.rounds)}"
        assert kernel.bankroll_u6 == cash_u6, f"seed {self.seed}: bankroll {kernel.bankroll_u6}, the venue's {cash_u6}"
        assert records, f"seed {self.seed}: no round was recorded"


def run_campaign(seed: int, kills_max: int) -> int:
    """Run one recording with at most `kills_max` kills; return how many there were."""
    with TemporaryDirectory() as folder:
        campaign = Campaign(seed, Path(folder))
        campaign.run(kills_max)
        return campaign.kills


def main() -> None:
    """Run campaigns until there were enough kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1)
    wanted = parser.parse_args()
    kills, seed = 0, wanted.first_seed
    while kills < wanted.kills:
        kills += run_campaign(seed, wanted.kills - kills)
        print(f"seed {seed}: {kills} kills so far, no order doubled, no fill lost", flush=True)
        seed += 1


if __name__ == "__main__":
    main()
