"""Checking takes time in proportion to what is checked, whatever its shape.

Each shape is checked at some size and at four times that. Were the time to grow with the square of
the size, it would take sixteen times as long; proportionate work takes four to five. It is time of
the processor that counts, so that other work on the machine does not disturb, and a shape that
seems to grow too fast is measured again before it fails.
"""

import gc
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from botticelli.compiler.batch import parallel
from botticelli.compiler.batch.run import check_paths

Shape = Callable[[int], Mapping[str, str]]

TOO_MUCH = 9.0
MEASUREMENTS = 6
SECTIONS_OF_POLICY = """
[narrative.n{0}.security.policy]
allowed_commands = ["messages.send"]
denied_commands = ["channels.delete"]
[narrative.n{0}.security.content]
max_length = {1}
"""
BOT = '[bots.b]\nplatform = "discord"\ncommand = "messages.send"\nchannel_id = "1"\ncontent = "x"\n'


def one(order: str, acts: str, *more: str) -> Mapping[str, str]:
    return {"main.toml": "\n".join([f'[narrative]\nname = "main"\ntoc = {order}\n', acts, *more])}


def listed(name: str, count: int) -> str:
    return "[" + ", ".join(f'"{name}{number}"' for number in range(count)) + "]"


def prompts(name: str, count: int, text: str = "Say it.") -> str:
    return "\n".join(f'{name}{n} = "{text.format(n, max(n - 1, 0))}"' for n in range(count))


def conditional_acts(count: int) -> Mapping[str, str]:
    acts = (f'[acts.a{n}]\nprompt = "x"\nwhen = "vars.v{n} = 1"' for n in range(count))
    return one(listed("a", count), "\n".join(acts))


def branches(count: int) -> Mapping[str, str]:
    order = (f'{{ if = "vars.v{n} = 1", then = ["a{n}"], else = ["b{n}"] }}' for n in range(count))
    return one(f"[{', '.join(order)}]", f"[acts]\n{prompts('a', count)}\n{prompts('b', count)}")


def parallel_group_that_is_used(count: int) -> Mapping[str, str]:
    uses = " ".join(f"{{{{ a{n} }}}}" for n in range(count))
    order = f'[{{ parallel = {listed("a", count)} }}, "z"]'
    return one(order, f'[acts]\n{prompts("a", count)}\nz = """{uses}"""')


def repetitions(count: int) -> Mapping[str, str]:
    order = (f'{{ repeat = ["a{n}", "b{n}"], iterations = 2 }}' for n in range(count))
    return one(f"[{', '.join(order)}]", f"[acts]\n{prompts('a', count)}\n{prompts('b', count)}")


def acts_after_acts(count: int) -> Mapping[str, str]:
    return one(
        listed("a", count), f'[acts]\na0 = "x"\n{prompts("a", count, "{{{{ a{1} }}}}")[10:]}'
    )


def misspelt_names(count: int) -> Mapping[str, str]:
    acts = prompts("act_number_", count) + "\n" + prompts("z", count, "{{{{ act_nmber_{0} }}}}")
    order = listed("act_number_", count)[:-1] + ", " + listed("z", count)[1:]
    return one(order, f"[acts]\n{acts}")


def fields_that_are_not_there(count: int) -> Mapping[str, str]:
    uses = " ".join(f"{{{{ a.g{n} }}}}" for n in range(count))
    fields = "\n".join(f'f{n} = "text"' for n in range(count))
    acts = f'[acts.a]\nprompt = "x"\noutput = "P"\n[acts.b]\nprompt = "{uses}"'
    return one('["a", "b"]', acts, f"[schemas.P]\n{fields}")


def narratives_of_one_file(count: int) -> Mapping[str, str]:
    heads = "".join(f'[narrative.n{n}]\ntoc = ["b{n}"]\n' for n in range(count))
    main = f"[narrative.main]\ntoc = {listed('a', count)}\n"
    acts = "".join(
        f'[acts.a{n}]\nnarrative = "n{n}"\n[acts.b{n}]\nprompt = "x"\n' for n in range(count)
    )
    return {"main.toml": heads + main + acts}


def chain_of_files(count: int) -> Mapping[str, str]:
    head = '[narrative]\nname = "n{0}"\ntoc = ["a"]\n[acts.a]\n'
    last = {f"n{count}.toml": head.format(count) + 'prompt = "x"\n'}
    calls = {f"n{n}.toml": f'{head.format(n)}narrative = "n{n + 1}"\n' for n in range(count)}
    return last | calls


def chain_of_policies(count: int) -> Mapping[str, str]:
    text = BOT
    for n in range(count):
        text += f'[narrative.n{n}]\ntoc = ["a{n}", "s"]\n' + SECTIONS_OF_POLICY.format(n, 50)
        text += f"[acts.a{n}]\n" + (
            f'narrative = "n{n + 1}"\n' if n < count - 1 else 'prompt = "x"\n'
        )
    return {"main.toml": text + '[acts.s]\ninputs = ["bots.b"]\n'}


def diamonds(count: int) -> Mapping[str, str]:
    """Each of two narratives runs the two of the next row: there are 2^n ways through them."""
    text = ""
    for n in range(count):
        for side in "xy":
            text += f'[narrative.{side}{n}]\ntoc = ["a{n}", "b{n}"]\n'
        x, y = (f'narrative = "{s}{n + 1}"' if n < count - 1 else 'prompt = "x"' for s in "xy")
        text += f"[acts.a{n}]\n{x}\n[acts.b{n}]\n{y}\n"
    return {"main.toml": text}


def results_of_branches(count: int) -> Mapping[str, str]:
    """What the first gives is what one of two gives that the next row gives, and so on."""
    text = '[narrative.main]\ntoc = ["u", "v"]\n[acts.u]\nnarrative = "x0"\n'
    text += '[acts.v]\nprompt = "{{ u }}"\n'
    for n in range(count):
        order = f'[{{ if = "vars.q = 1", then = ["a{n}"], else = ["b{n}"] }}]'
        text += f"[narrative.x{n}]\ntoc = {order}\n[narrative.y{n}]\ntoc = {order}\n"
        x, y = (f'narrative = "{s}{n + 1}"' if n < count - 1 else 'prompt = "x"' for s in "xy")
        text += f"[acts.a{n}]\n{x}\n[acts.b{n}]\n{y}\n"
    return {"main.toml": text}


def comments_that_ignore(count: int) -> Mapping[str, str]:
    lines = "\n".join(f"# botticelli: ignore[BOT405] because {n}" for n in range(count))
    return one('["a"]', f'[acts]\na = "x"\n{lines}')


REPEATED = "\n[narrative.carousel]\niterations = 2\n"
"""What has bounds worked out."""


def bounds_of_conditional_acts(count: int) -> Mapping[str, str]:
    return {"main.toml": conditional_acts(count)["main.toml"] + REPEATED}


def bounds_of_branches(count: int) -> Mapping[str, str]:
    return {"main.toml": branches(count)["main.toml"] + REPEATED}


def bounds_of_rows_sent_again(count: int) -> Mapping[str, str]:
    tables = "".join(f'[tables.t{n}]\ntable_name = "t{n}"\nlimit = 3\n' for n in range(count))
    acts = "".join(f'[acts.a{n}]\ninputs = ["tables.t{n}", "Compare."]\n' for n in range(count))
    return one(listed("a", count), acts, tables, REPEATED)


def bounds_of_a_ladder(count: int) -> Mapping[str, str]:
    """Each narrative runs the next twice with what differs: there are 2^n ways to the last."""
    text = "[narrative.n0.carousel]\niterations = 2\n"
    for n in range(count):
        text += f'[narrative.n{n}]\ntoc = ["a{n}", "b{n}"]\n'
        for name, more in (("a", "{{ vars.topic }} and"), ("b", "")):
            call = f'narrative = "n{n + 1}"\nwith.topic = "{{{{ vars.topic }}}} {more}"'
            call = call if n < count - 1 else 'prompt = "About {{ vars.topic }}"'
            text += f"[acts.{name}{n}]\nmax_tokens = 9\n{call}\n"
    return {"main.toml": text}


def bounds_of_narratives_that_run_the_same(count: int) -> Mapping[str, str]:
    text = '[narrative.last]\ntoc = ["z"]\n[acts.z]\nprompt = "x"\n'
    for n in range(count):
        text += f'[narrative.n{n}]\ntoc = ["a{n}"]\n[narrative.n{n}.carousel]\niterations = 2\n'
        text += f'[acts.a{n}]\nnarrative = "m{n % 10}"\n'
    for n in range(10):
        text += f'[narrative.m{n}]\ntoc = ["c{n}"]\n[acts.c{n}]\n'
        text += f'narrative = "{f"m{n + 1}" if n < 9 else "last"}"\n'
    return {"main.toml": text}


def bounds_of_a_chain(count: int) -> Mapping[str, str]:
    text = ""
    for n in range(count):
        text += f'[narrative.n{n}]\ntoc = ["a{n}"]\n[narrative.n{n}.carousel]\niterations = 2\n'
        call = f'narrative = "n{n + 1}"' if n < count - 1 else 'prompt = "x"'
        text += f"[acts.a{n}]\n{call}\n"
    return {"main.toml": text}


def bounds_of_repetitions_within_each_other(count: int) -> Mapping[str, str]:
    order = '"a"'
    for n in range(count):
        order = f'{{ repeat = [{order}, "b"], iterations = {n + 7}, until = "vars.v = {n}" }}'
    return one(f"[{order}]", '[acts]\na = "x"\nb = "{{ previous }}"\n')


SHAPES: dict[Shape, int] = {
    conditional_acts: 300,
    branches: 150,
    parallel_group_that_is_used: 400,
    repetitions: 100,
    acts_after_acts: 400,
    misspelt_names: 150,
    fields_that_are_not_there: 300,
    narratives_of_one_file: 200,
    chain_of_files: 60,
    chain_of_policies: 80,
    diamonds: 60,
    results_of_branches: 40,
    comments_that_ignore: 500,
    bounds_of_conditional_acts: 300,
    bounds_of_branches: 150,
    bounds_of_rows_sent_again: 150,
    bounds_of_a_ladder: 6,
    bounds_of_narratives_that_run_the_same: 50,
    bounds_of_a_chain: 40,
    bounds_of_repetitions_within_each_other: 6,
}


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(parallel, "_cores", lambda: 1)
    monkeypatch.chdir(tmp_path)
    gc.collect()
    gc.freeze()  # what other tests have left is not gone through while this one is timed
    yield
    gc.unfreeze()


def seconds(shape: Shape, size: int) -> float:
    """Time of the processor for checking one size, and keeping what is found."""
    folder = Path("checked")
    folder.mkdir()
    for name, text in shape(size).items():
        (folder / name).write_text(text, "utf-8")
    start = time.process_time()
    check_paths([folder], cached=True)
    taken = time.process_time() - start
    shutil.rmtree(folder)
    return taken


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_time_grows_with_size(shape: Shape) -> None:
    size = SHAPES[shape]
    seconds(shape, 5)  # what is loaded only once is loaded now
    ratios = []
    for _ in range(MEASUREMENTS):
        small, large = seconds(shape, size), seconds(shape, 4 * size)
        ratios.append(large / max(small, 0.01))
        if ratios[-1] < TOO_MUCH:
            return
    pytest.fail(f"four times the size takes {min(ratios):.1f} times as long")
