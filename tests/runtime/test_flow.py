"""The interpreter, driven by a function: conversation, retention, names, carousels, failures."""

from collections.abc import Callable

import pytest
from programs import (
    MONDAY,
    PLACE,
    Rehearsal,
    act,
    answer,
    carousel,
    narrative,
    program,
    send,
    sequence,
    stats,
    template,
    text,
)

from botticelli.compiler.ir.expressions import Compare, Literal, Name
from botticelli.compiler.ir.program import (
    Act,
    Branch,
    Caps,
    Multipliers,
    NarrativeInput,
    Parallel,
    Repeat,
    Security,
    Sequence,
)
from botticelli.runtime.drivers.protocol import BLOCKED, LENGTH
from botticelli.runtime.effects import (
    AskModel,
    CommandResult,
    Effect,
    Exhaustion,
    Failure,
    Result,
    Wait,
)
from botticelli.runtime.events import (
    ActFailed,
    ActSkipped,
    CarouselBudgetExhausted,
    IterationFinished,
    IterationStarted,
    RunFailed,
    Warned,
)

MEMBERS = {"member_count": 7, "name": "Uffizi"}


def echo(effect: Effect) -> Result:
    """Answer a model with the act's name in capitals, a command with the members."""
    if isinstance(effect, AskModel):
        return answer(effect.act.upper())
    return CommandResult(MEMBERS)


def turns(effect: AskModel) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in effect.request.messages]


# Conversation


def test_an_act_sees_the_conversation_of_the_acts_before_it() -> None:
    run = Rehearsal(
        program(narrative(act("a", "One"), act("b", "Two", "and {{ previous }}"))), echo
    )
    assert turns(run.asked()[1]) == [
        ("user", "One"),
        ("assistant", "A"),
        ("user", "Two\nand A"),
    ]
    assert run.outcome.output == "B"


def test_the_result_of_an_action_stands_at_the_head_of_the_next_message() -> None:
    made = program(
        narrative(act("look", stats()), act("tell", "There are {{ look.member_count }}"))
    )
    run = Rehearsal(made, echo)
    assert turns(run.asked()[0]) == [
        ("user", '{"member_count": 7, "name": "Uffizi"}\nThere are 7'),
    ]


def test_a_command_beside_a_prompt_is_part_of_its_message() -> None:
    run = Rehearsal(program(narrative(act("tell", stats(), "Describe it."))), echo)
    assert turns(run.asked()[0])[0][1].startswith('{"member_count": 7')


@pytest.mark.parametrize(
    ("retention", "left"),
    [
        ("full", '{"member_count": 7, "name": "Uffizi"}\nHello'),
        ("summary", "[Bot command: discord.server.get_stats]\nHello"),
        ("drop", "Hello"),
    ],
)
def test_retention_says_what_stays_in_the_history(retention: str, left: str) -> None:
    made = program(narrative(act("a", stats(retention), "Hello"), act("b", "Bye")))
    run = Rehearsal(made, echo)
    assert turns(run.asked()[0])[0][1] == '{"member_count": 7, "name": "Uffizi"}\nHello'
    assert turns(run.asked()[1])[0][1] == left


def test_a_message_of_which_nothing_stays_says_so() -> None:
    made = program(narrative(act("a", text("Hello", "drop")), act("b", "Bye")))
    assert turns(Rehearsal(made, echo).asked()[1])[0] == ("user", "[inputs omitted]")


@pytest.mark.parametrize(("size", "left"), [(10_000, "x" * 10_000), (10_001, "[Text: ~10 KB]")])
def test_long_inputs_are_summarised_in_the_history(size: int, left: str) -> None:
    made = program(narrative(act("a", "x" * size), act("b", "Bye")))
    run = Rehearsal(made, echo)
    assert len(turns(run.asked()[0])[0][1]) == size
    assert turns(run.asked()[1])[0][1] == left


def test_size_is_measured_in_bytes() -> None:
    made = program(narrative(act("a", "é" * 6_000), act("b", "Bye")))
    assert turns(Rehearsal(made, echo).asked()[1])[0][1] == "[Text: ~12 KB]"


def test_a_persona_is_a_template_and_the_model_may_be_the_drivers() -> None:
    made = program(
        narrative(act("a", "Hello", system=template("From {{ env.TOWN }} with {{ vars.what }}")))
    )
    (asked,) = Rehearsal(made, echo, variables={"what": "love"}).asked()
    assert asked.request.system == "From Florence with love"
    assert asked.request.model == "m"


def test_what_a_value_holds_is_never_expanded_again() -> None:
    made = program(narrative(act("a", "Hello"), act("b", "{{ a }}")))
    run = Rehearsal(made, lambda effect: answer("{{ env.TOWN }} {% raw %}"))
    assert turns(run.asked()[1])[2][1] == "{{ env.TOWN }} {% raw %}"


# Answers and failures


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (answer(""), "the answer is empty"),
        (answer(" \n"), "the answer is empty"),
        (answer("", LENGTH, "MAX_TOKENS"), "max_tokens was used up before any text"),
        (answer("some", BLOCKED, "SAFETY"), "the answer was blocked (SAFETY)"),
        (Failure("the model is away"), "the model is away"),
    ],
)
def test_an_act_without_an_answer_fails(said: Result, message: str) -> None:
    run = Rehearsal(program(narrative(act("a", "Hello"), act("b", "Bye"))), lambda effect: said)
    assert len(run.asked()) == 1
    assert message in (run.outcome.error or "")
    assert [event.act for event in run.saw(ActFailed)] == ["a"]
    assert len(run.saw(RunFailed)) == 1
    assert run.tally.completed == 0


def test_an_answer_cut_at_its_limit_is_a_warning() -> None:
    run = Rehearsal(program(narrative(act("a", "Hello"))), lambda effect: answer("Once", LENGTH))
    assert run.outcome.output == "Once"
    assert len(run.saw(Warned)) == 1


def test_a_prompt_that_renders_to_nothing_fails_without_a_request() -> None:
    run = Rehearsal(
        program(narrative(act("a", "{{ vars.none }} "))), echo, variables={"none": None}
    )
    assert run.asked() == []
    assert "blank" in (run.outcome.error or "")


def test_a_template_that_cannot_be_rendered_fails_its_act() -> None:
    run = Rehearsal(program(narrative(act("a", "{{ nobody }}"))), echo)
    assert "template" in (run.outcome.error or "")


def test_a_failed_command_fails_the_act_if_it_is_required() -> None:
    def fail(effect: Effect) -> Result:
        return answer("ok") if isinstance(effect, AskModel) else Failure("no such channel")

    required = Rehearsal(program(narrative(act("a", send(), "Hello"))), fail)
    assert "no such channel" in (required.outcome.error or "")
    optional = Rehearsal(program(narrative(act("a", send(required=False), "Hello"))), fail)
    assert turns(optional.asked()[0]) == [("user", "no such channel\nHello")]


@pytest.mark.parametrize("grouped", [False, True])
def test_a_field_of_a_command_that_failed_is_said_to_be_that(*, grouped: bool) -> None:
    def fail(effect: Effect) -> Result:
        return answer("ok") if isinstance(effect, AskModel) else Failure("no such channel")

    site = act("site", send(required=False))
    acts = [site, act("tell", "Say {{ site.id }}.")]
    group = Parallel(steps=(sequence("site"), sequence("other")), place=PLACE)
    order = Sequence(steps=(group, sequence("tell")), place=PLACE)
    made = narrative(*acts, act("other", "Hello"), order=order) if grouped else narrative(*acts)
    error = Rehearsal(program(made), fail).outcome.error or ""
    assert "text has no field `id`; `site` is no result but an error: no such channel" in error


def test_a_commands_arguments_are_rendered_and_its_text_may_be_cut() -> None:
    made = program(narrative(act("a", "Hi"), act("post", send(content="{{ a }}!"), "Now?")))
    run = Rehearsal(made, echo)
    assert run.commands()[0].arguments == {"content": "A!"}
    bounded = program(narrative(act("a", stats(max_bytes=10), "Now?")))
    assert turns(Rehearsal(bounded, echo).asked()[0])[0][1] == '{"member_c\nNow?'


def test_texts_are_cut_after_a_whole_line_and_that_is_said() -> None:
    answers = {"Two lines": "One line\nand another that is longer"}
    made = program(
        narrative(
            act("a", text("Two lines")),
            act("b", text("{{ a }}", max_bytes=20), text("Perché", max_bytes=6)),
        )
    )
    run = Rehearsal(made, lambda effect: answer(answers.get(turns(effect)[-1][1], "Yes")))
    assert turns(run.asked()[1])[-1][1] == "One line\nPerch"
    assert [each.message for each in run.saw(Warned)] == [
        "an input of b was cut after 8 of 35 characters",
        "an input of b was cut after 5 of 6 characters",
    ]


# Carousels


def test_each_iteration_starts_afresh() -> None:
    made = program(narrative(act("a", "Round {{ iteration }}"), carousel=carousel(3)))
    run = Rehearsal(made, echo)
    assert [turns(each) for each in run.asked()] == [
        [("user", f"Round {number}")] for number in (1, 2, 3)
    ]
    assert run.tally.completed == 3


def test_every_counts_from_start_to_start_and_late_ones_follow_at_once() -> None:
    made = program(narrative(act("a", "Hello"), carousel=carousel(4, every=100.0)))
    durations = iter([30.0, 250.0, 10.0, 10.0])
    run = Rehearsal(made, echo, lasting=lambda _: next(durations))
    waits = [each.until - MONDAY for each in run.effects if isinstance(each, Wait)]
    # The third is late and starts at 350; the fourth is due a hundred seconds after that.
    assert waits == [100.0, 450.0]
    assert run.now - MONDAY == 460.0


def failing(*numbers: int) -> Callable[[Effect], Result]:
    def respond(effect: Effect) -> Result:
        assert isinstance(effect, AskModel)
        return Failure("oh") if effect.iteration in numbers else answer()

    return respond


def test_a_failure_ends_a_carousel() -> None:
    made = program(narrative(act("a", "Hello"), carousel=carousel(5)))
    run = Rehearsal(made, failing(2))
    assert (run.tally.completed, run.tally.failures) == (1, 1)
    assert run.outcome.error == "act a: oh"


def test_a_carousel_may_continue_on_errors() -> None:
    made = program(narrative(act("a", "Hello"), carousel=carousel(5, continue_on_error=True)))
    run = Rehearsal(made, failing(2, 4))
    assert (run.tally.completed, run.tally.failures) == (3, 2)
    assert run.outcome.error is None
    assert [event.succeeded for event in run.saw(IterationFinished)] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_carousel_gives_up_at_max_failures() -> None:
    made = program(
        narrative(act("a", "Hi"), carousel=carousel(9, continue_on_error=True, max_failures=2))
    )
    run = Rehearsal(made, failing(2, 4, 6))
    assert (run.tally.completed, run.tally.failures) == (2, 2)
    assert "failure 2 of at most 2" in (run.outcome.error or "")


def test_a_run_of_which_every_iteration_failed_has_failed() -> None:
    made = program(narrative(act("a", "Hello"), carousel=carousel(2, continue_on_error=True)))
    run = Rehearsal(made, failing(1, 2))
    assert run.outcome.error == "every iteration failed"


def test_an_exhausted_budget_says_how_far_it_came() -> None:
    spent = Exhaustion(limit="rpd", value=10, resets=5.0, message="used up")

    def respond(effect: Effect) -> Result:
        assert isinstance(effect, AskModel)
        return spent if effect.iteration == 3 else answer()

    made = program(
        narrative(act("a", "Hi"), carousel=carousel(9, continue_on_error=True, on_exhausted="wait"))
    )
    run = Rehearsal(made, respond)
    (event,) = run.saw(CarouselBudgetExhausted)
    assert (event.completed, event.iterations, event.limit, event.resets) == (2, 9, "rpd", 5.0)
    assert run.outcome.exhausted == spent
    assert run.asked()[0].wait_for_day


def test_multipliers_of_the_carousel_stand_over_those_of_the_narrative() -> None:
    made = program(
        narrative(
            act("a", "Hi"),
            budget=Multipliers(rpm=0.5, rpd=0.5),
            carousel=carousel(1, budget=Multipliers(rpm=0.9)),
        )
    )
    assert Rehearsal(made, echo).asked()[0].budget == Multipliers(rpm=0.9, rpd=0.5)


# Order and composition


def test_parallel_items_see_the_conversation_before_and_join_in_written_order() -> None:
    group = Parallel(
        steps=(sequence("b", "c"), sequence("d")),
        place=PLACE,
    )
    made = program(
        narrative(
            act("a", "1"),
            act("b", "2"),
            act("c", "3"),
            act("d", "4"),
            act("e", "{{ previous }}"),
            order=sequence("a", group, "e"),
        )
    )
    for last_first in (False, True):
        run = Rehearsal(made, echo, last_first=last_first)
        by_act = {each.act: turns(each) for each in run.asked()}
        assert [text for _, text in by_act["c"]] == ["1", "A", "2", "B", "3"]
        assert [text for _, text in by_act["d"]] == ["1", "A", "4"]
        assert [text for _, text in by_act["e"]] == ["1", "A", "2", "B", "3", "C", "4", "D", "D"]


def test_previous_after_a_group_is_what_its_last_branch_ran_last() -> None:
    # `a` ran before, and gives the same again: it is the latest all the same.
    group = Parallel(steps=(sequence("b", "a"),), place=PLACE)
    made = program(
        narrative(
            act("a", "1"),
            act("b", "2"),
            act("e", "{{ previous }}"),
            order=sequence("a", group, "e"),
        )
    )
    run = Rehearsal(made, echo)
    assert [text for _, text in turns(run.asked()[-1])][-1] == "A"


def test_a_failure_in_a_parallel_group_lets_the_others_end() -> None:
    group = Parallel(steps=(sequence("a"), sequence("b", "c")), place=PLACE)
    made = program(narrative(act("a", "1"), act("b", "2"), act("c", "3"), order=sequence(group)))

    def respond(effect: Effect) -> Result:
        assert isinstance(effect, AskModel)
        return Failure("oh") if effect.act == "a" else answer()

    run = Rehearsal(made, respond)
    assert [each.act for each in run.asked()] == ["a", "b", "c"]
    assert run.outcome.error == "act a: oh"


@pytest.mark.parametrize(("history", "length"), [("shared", 5), ("fresh", 3)])
def test_repeated_items_share_the_conversation_unless_it_is_fresh(
    history: str, length: int
) -> None:
    repeat = Repeat(body=sequence("b"), carousel=carousel(2), history=history, place=PLACE)
    made = program(
        narrative(act("a", "1"), act("b", "Pass {{ iteration }}"), order=sequence("a", repeat))
    )
    run = Rehearsal(made, echo)
    assert [each.request.messages[-1].text for each in run.asked()] == ["1", "Pass 1", "Pass 2"]
    assert len(run.asked()[2].request.messages) == length


def test_an_acts_own_carousel_repeats_the_act() -> None:
    made = program(narrative(act("a", "{{ iteration }}", carousel=carousel(3))))
    run = Rehearsal(made, echo)
    assert [len(each.request.messages) for each in run.asked()] == [1, 3, 5]
    assert len(run.saw(IterationStarted)) == 3


def test_a_narrative_may_run_another_under_both_their_rules() -> None:
    rules = Security(allowed_commands=("messages.send",))
    caps = Caps(max_requests=3)
    inner = narrative(
        act("x", "About {{ vars.topic }}"),
        act("y", send()),
        name="inner",
        security=rules,
        limits=caps,
    )
    calling = Act(
        name="call",
        place=PLACE,
        narrative="inner",
        asks_model=False,
        arguments={"topic": template("{{ a }}")},
    )
    made = program(narrative(act("a", "1"), calling, act("z", "{{ call.name }}")), inner)
    run = Rehearsal(made, echo, variables={"topic": "none"})
    by_act = {each.act: turns(each) for each in run.asked()}
    assert by_act["x"] == [("user", "About A")]
    assert by_act["z"][-1][1].endswith("Uffizi")
    assert run.commands()[0].security == (Security(), rules)
    assert [scope.caps for scope in run.asked()[1].caps] == [Caps(), caps]


def test_a_narrative_may_be_an_input() -> None:
    inner = narrative(act("x", "Inside"), name="inner")
    source = NarrativeInput(narrative="inner", place=PLACE, retention="summary")
    made = program(narrative(act("a", source, "Go on"), act("b", "More")), inner)
    run = Rehearsal(made, echo)
    assert turns(run.asked()[1]) == [("user", "X\nGo on")]
    assert turns(run.asked()[2])[0][1] == "[Narrative: inner]\nGo on"


# Conditions


def compare(name: str, operator: str, value: str | int) -> Compare:
    root, *path = name.split(".")
    return Compare(operator=operator, left=Name(root, tuple(path)), right=Literal(value))


@pytest.mark.parametrize(("count", "ran"), [(5, ["small"]), (7, ["large"])])
def test_a_branch_is_taken_by_its_condition(count: int, ran: list[str]) -> None:
    branch = Branch(
        condition=compare("look.member_count", ">", count),
        then=sequence("small"),
        otherwise=sequence("large"),
        place=PLACE,
    )
    made = program(
        narrative(
            act("look", stats()),
            act("small", "1"),
            act("large", "2"),
            order=sequence("look", branch),
        )
    )
    assert [each.act for each in Rehearsal(made, echo).asked()] == ran


def test_an_act_whose_condition_does_not_hold_is_skipped() -> None:
    made = program(
        narrative(
            act("a", "1"),
            act("b", "2", when=compare("a", "=", "B")),
            act("c", "{{ previous }} {{ b is defined }}"),
        )
    )
    run = Rehearsal(made, echo)
    assert [each.act for each in run.asked()] == ["a", "c"]
    assert turns(run.asked()[1])[-1][1] == "A false"
    assert [event.act for event in run.saw(ActSkipped)] == ["b"]


def test_a_repetition_ends_when_its_condition_holds() -> None:
    def third_is_good(effect: Effect) -> Result:
        assert isinstance(effect, AskModel)
        return answer("good" if effect.iteration == 3 else "bad")

    repeat = Repeat(
        body=sequence("draft"),
        carousel=carousel(10),
        until=compare("draft", "=", "good"),
        place=PLACE,
    )
    made = program(narrative(act("draft", "Try"), order=sequence(repeat)))
    assert len(Rehearsal(made, third_is_good).asked()) == 3


def test_a_condition_that_cannot_be_decided_fails_the_run() -> None:
    branch = Branch(
        condition=compare("look.member_count", ">", "many"), then=sequence("look"), place=PLACE
    )
    made = program(narrative(act("look", stats()), order=sequence("look", branch)))
    assert "cannot be decided" in (Rehearsal(made, echo).outcome.error or "")


# Addresses


def test_addresses_are_stable_and_differ() -> None:
    group = Parallel(steps=(sequence("b"), sequence("c")), place=PLACE)
    made = program(
        narrative(
            act("a", stats(), "1"),
            act("b", "2"),
            act("c", "3"),
            order=sequence("a", group, "a"),
            carousel=carousel(2, every=5.0),
        )
    )
    first, second = Rehearsal(made, echo), Rehearsal(made, echo, last_first=True)
    addresses = [str(each.address) for each in first.effects]
    assert len(set(addresses)) == len(addresses)
    assert sorted(addresses) == sorted(str(each.address) for each in second.effects)
    assert "tale/iteration-2/1/a/input-1" in addresses
