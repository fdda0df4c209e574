import asyncio
from pathlib import Path

from engine.lab.sockets.process import Program
from tests.unit.engine.lab.sockets.loops import on_a_loop

EXCHANGE = ("exchange", "--bucket-seconds", "60", "--style", "empty", "--accounts", "1", "--json")


async def until_first_line(program: Program) -> None:
    assert (await program.first_line()).startswith(b"{")


@on_a_loop
async def test_a_program_is_started_and_ended_in_order(tmp_path: Path) -> None:
    program = Program("exchange", EXCHANGE, tmp_path)
    await until_first_line(program)
    assert program.is_running
    assert await program.end() == 0
    assert not program.is_running


@on_a_loop
async def test_a_program_that_was_killed_is_started_again(tmp_path: Path) -> None:
    program = Program("exchange", EXCHANGE, tmp_path)
    program.keep_running()
    async with asyncio.timeout(30):
        while not (tmp_path / "run" / "exchange.json").exists():
            await asyncio.sleep(0.05)
        program.kill(0.1)
        while program.starts < 2:
            await asyncio.sleep(0.05)
    assert await program.end() == 0
    assert program.failures == []


@on_a_loop
async def test_what_ends_otherwise_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    program = Program("wrong", ("exchange", "--bucket-seconds", "7"), tmp_path)
    program.keep_running()
    async with asyncio.timeout(30):
        while not program.failures:
            await asyncio.sleep(0.05)
    program.abandon()
    assert program.failures[0].startswith("wrong ended with 2: ")
    assert "--bucket-seconds" in program.failures[0]
