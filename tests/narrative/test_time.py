"""Checking takes time in proportion to what there is to read, however the file is made.

Each case is checked small and ten times larger; the larger may take thirty times as much of the
processor before it counts as worse than linear, with some room for a busy machine.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from botticelli.compiler.batch.run import check_paths

ROOM_SECONDS = 1.5


def _acts(count: int) -> str:
    names = ", ".join(f'"act_{n}"' for n in range(count))
    acts = "".join(f'act_{n} = "Do number {n}."\n' for n in range(count))
    return f'[narrative]\nname = "x"\n[toc]\norder = [{names}]\n[acts]\n{acts}'


def _unknown_acts(count: int) -> str:
    names = ", ".join(f'"acd_{n}"' for n in range(count))
    acts = "".join(f'act_{n} = "Do number {n}."\n' for n in range(count))
    return f'[narrative]\nname = "x"\n[toc]\norder = [{names}]\n[acts]\n{acts}'


def _unknown_resources(count: int) -> str:
    inputs = ", ".join(f'"bots.bod_{n}"' for n in range(count))
    bots = "".join(
        f'[bots.bot_{n}]\nplatform = "discord"\ncommand = "server.get"\n' for n in range(count)
    )
    return f'[narrative]\nname = "x"\ntoc = ["a"]\n[acts]\na = [{inputs}]\n{bots}'


def _unknown_keys(count: int) -> str:
    keys = "".join(f"modle_{n} = 1\n" for n in range(count))
    return f'[narrative]\nname = "x"\ntoc = ["a"]\n{keys}[acts]\na = "Hi."\n'


def _ring(count: int) -> str:
    return "".join(
        f'[narrative.n{n}]\ntoc = ["a"]\nacts = {{ a = {{ narrative = "n{(n + 1) % count}" }} }}\n'
        for n in range(count)
    )


def _every_one_calls_some(count: int) -> str:
    calls = [
        ", ".join(f'"narrative:n{(n * 7 + step) % count}"' for step in range(1, 9))
        for n in range(count)
    ]
    return "".join(
        f'[narrative.n{n}]\ntoc = ["a"]\nacts = {{ a = [{calls[n]}] }}\n' for n in range(count)
    )


def _shared_acts(count: int) -> str:
    narratives = "".join(f'[narrative.n{n}]\ntoc = ["a{n}"]\n' for n in range(count))
    acts = "".join(f'a{n} = "Hi."\n' for n in range(count))
    return f"{narratives}[acts]\n{acts}"


def _long_names(count: int) -> str:
    name = "n" * (count * 100)
    return (
        f'[narrative]\nname = "x"\ntoc = ["{name}", "a{name}"]\n[acts]\nb{name} = "bots.{name}"\n'
    )


CASES: list[tuple[Callable[[int], str], int]] = [
    (_acts, 300),
    (_unknown_acts, 200),
    (_unknown_resources, 150),
    (_unknown_keys, 200),
    (_ring, 150),
    (_every_one_calls_some, 100),
    (_shared_acts, 150),
    (_long_names, 100),
]


@pytest.mark.parametrize(("write", "count"), CASES, ids=lambda each: getattr(each, "__name__", ""))
def test_ten_times_as_much_takes_about_ten_times_as_long(
    write: Callable[[int], str], count: int, tmp_path: Path
) -> None:
    seconds = []
    for size in (count, count, count * 10):
        path = tmp_path / f"size_{size}" / "x.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(write(size), encoding="utf-8")
        start = time.process_time()
        check_paths([path])
        seconds.append(time.process_time() - start)

    assert seconds[2] < 30 * seconds[1] + ROOM_SECONDS


def test_a_chain_of_files_is_followed_once(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        folder = tmp_path / str(count)
        folder.mkdir()
        for n in range(count):
            (folder / f"n{n}.toml").write_text(
                f'[narrative]\nname = "n{n}"\ntoc = ["a"]\n'
                f'[acts]\na = {{ narrative = "n{(n + 1) % count}" }}\n',
                encoding="utf-8",
            )
        start = time.process_time()
        codes = [each.rule.code for each in check_paths([folder]).diagnostics]
        assert codes == ["BOT204"]
        return time.process_time() - start

    seconds(20)
    few = seconds(30)

    assert seconds(300) < 30 * few + ROOM_SECONDS


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
def test_depth_has_an_end(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{suffix}"
    for depth in (30, 120, 2_000, 50_000):
        order = "[" * depth + '"a"' + "]" * depth
        text = (
            f'toc = {order}\n[narrative]\nname = "x"\n[acts]\na = "Hi."\n'
            if suffix == "toml"
            else f"narrative: {{name: x}}\ntoc: {order}\nacts: {{a: Hi.}}\n"
        )
        path.write_text(text, encoding="utf-8")

        codes = {each.rule.code for each in check_paths([path]).diagnostics}

        assert codes <= {"BOT101"}
        assert bool(codes) == (depth > 120)
