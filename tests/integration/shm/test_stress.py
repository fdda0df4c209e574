"""The C core between processes: self-checking records, delays and kills inside a record, one core, mutants.

BUCKETMM_STRESS_RECORDS sets the count (3,000,000 by default; 100,000,000 for the long run).
"""

import json
import os
import subprocess

import pytest

RECORDS = int(os.environ.get("BUCKETMM_STRESS_RECORDS", "3000000"))
TIMEOUT_S = 600


def stress(program, *arguments):
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("share", "arguments"),
    [
        (1, ["-c", 65536, "-d"]),
        (1, ["-c", 16, "-d", "-k", 20_000, "-r", 2]),
        (10, ["-c", 64, "-d", "-k", 5_000, "-1", "-r", 2]),
        (30, ["-c", 1024, "-w", "-r", 2]),
        (30, ["-c", 64, "-w", "-1", "-k", 1_000, "-r", 3]),
    ],
    ids=["full_speed", "writer_killed", "one_core", "sleeping", "sleeping_one_core_writer_killed"],
)
def test_no_record_is_torn_and_none_is_unaccounted_for(compile_c, share, arguments):
    status, result = stress(compile_c("ring_stress"), "-n", RECORDS // share, *arguments)
    assert result["sent"] >= RECORDS // share
    assert ("-k" in arguments) == (result["kills"] > 0)
    for reader in result["readers"]:
        assert reader["got"] > 0
        assert reader["got"] + reader["lost"] == result["sent"]
        assert (reader["torn"], reader["latest_torn"], reader["missed"]) == (0, 0, 0)
    assert status == 0


@pytest.mark.parametrize("mutant", ["NO_MARK", "COMMIT_FIRST", "NO_RECHECK"])
def test_the_stress_program_catches_a_planted_error(compile_c, mutant):
    program = compile_c("ring_stress", f"-DRING_MUTANT_{mutant}")
    arguments = ["-n", 500_000, "-c", 4, "-d"]
    caught = [stress(program, *arguments, core, seed) for seed in ("-s1", "-s2", "-s3") for core in ("-1", "-r1")]
    torn = sum(reader["torn"] for _, result in caught for reader in result["readers"])
    assert torn > 0
    assert any(status == 1 for status, _ in caught)


@pytest.fixture
def run_sanitized(compile_c, require_tool):
    """Build tests/c/ring_threads.c for ThreadSanitizer, which cannot stand address randomisation, and run it."""

    def run(*flags):
        program = compile_c("ring_threads", "-fsanitize=thread", "-g", *flags)
        command = [require_tool("setarch"), "-R", str(program)]
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    return run


def test_thread_sanitizer_finds_no_race_in_the_core(run_sanitized):
    done = run_sanitized()
    assert "WARNING: ThreadSanitizer" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("torn 0\n")


def test_thread_sanitizer_reports_a_commit_that_is_not_a_release(run_sanitized):
    done = run_sanitized("-DRING_MUTANT_RELAXED")
    assert "WARNING: ThreadSanitizer: data race" in done.stderr
