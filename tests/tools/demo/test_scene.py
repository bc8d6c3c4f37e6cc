import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauger.core.problems import Problem
from gauger.tools.demo import stage
from gauger.tools.demo.scene import Scene, StepFailed, line_of
from gauger.tools.demo.stage import Stage


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def scene(tmp_path: Path, lines: list[str]) -> Iterator[Scene]:
    with Stage(tmp_path / "stage") as stage:
        yield Scene(stage=stage, say=lines.append, shared=None)


def test_a_step_is_told_in_one_line(scene: Scene, lines: list[str]) -> None:
    scene.chapter("A chapter")
    scene.step("Something is done", lambda: "it was")
    assert lines[0] == "\nA chapter"
    assert lines[1].startswith("   1  Something is done ....")
    assert lines[1].endswith(" it was")
    assert scene.steps == 1


@pytest.mark.parametrize("width", [40, 80, 101, 102, 120, 200])
def test_no_line_is_wider_than_the_terminal(scene: Scene, lines: list[str], width: int) -> None:
    scene.width = width
    result = "what came of it takes many words, more than a line of a narrow terminal holds"
    scene.step("Something is done", lambda: result)
    told = lines[0].split("\n")
    assert max(map(len, told)) <= max(width, 46)
    assert result in " ".join(" ".join(told).split()).replace(" .", "")
    is_below = width < 102
    assert told[0].endswith("Something is done") == is_below


def test_the_result_of_a_long_step_stands_below_it(scene: Scene, lines: list[str]) -> None:
    scene.width = 120
    step = f"edge-1(config)#license smart url smart https://{'a' * 40}"
    scene.step(step, lambda: "done")
    assert lines == [f"   1  {step}\n      done"]


def test_a_step_that_fails_says_why_and_ends_the_story(scene: Scene, lines: list[str]) -> None:
    def fail() -> str:
        raise Problem("comm-failed", "No route.")

    with pytest.raises(StepFailed):
        scene.step("Something is done", fail)
    assert "FAILED" in lines[0]
    assert "No route." in lines[0]


def test_a_command_must_succeed_or_be_refused_by_the_name_expected(scene: Scene) -> None:
    missing = ("inspect", scene.stage.path("no-such-file"))
    assert scene.refused("file-not-found", *missing) == "refused: file-not-found"
    with pytest.raises(StepFailed, match="Expected the refusal comm-failed"):
        scene.refused("comm-failed", *missing)
    with pytest.raises(StepFailed, match="no-such-file"):
        scene.gauger(*missing)
    assert "gauger" in scene.gauger("--version")


def test_what_is_promised_is_held(scene: Scene) -> None:
    scene.require(True, "never read")  # noqa: FBT003 -- the truth itself is the argument
    with pytest.raises(StepFailed, match="not so"):
        scene.require("", "not so")


def test_an_output_is_waited_for(scene: Scene) -> None:
    outputs = iter(["nothing yet", "here it is"])
    scene.wait_for("here", lambda: next(outputs))
    assert next(outputs, None) is None


def test_a_label_leads_to_its_value() -> None:
    assert line_of("A: 1\n  B:   2 \n", "B:") == "2"
    assert line_of("A: 1", "B:") == ""


def test_the_clock_goes_forward_for_all(scene: Scene) -> None:
    def read() -> dict[str, int]:
        moment: dict[str, int] = json.loads(scene.stage.clock.path.read_text())
        return moment

    before = read()
    scene.stage.clock.advance(900)
    assert read() == {name: value + 900 for name, value in before.items()}


def test_a_process_that_does_not_start_is_told_with_its_last_words(scene: Scene) -> None:
    with pytest.raises(Problem, match="no-such-command") as problem:
        scene.stage.start("wrong", "no-such-command", ready=scene.stage.path("never"))
    assert problem.value.code == "comm-timeout"


def test_a_command_that_does_not_end_is_named(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_COMMAND_SECONDS", 0.01)
    with pytest.raises(Problem, match="comm-timeout"):
        scene.gauger("--version")
    ended = scene.stage.background("--version")
    with pytest.raises(Problem, match="comm-timeout"):
        ended()


def test_a_command_in_the_background_is_waited_for_or_ended() -> None:
    with Stage() as at_work:
        assert "gauger" in at_work.background("--version")()
        at_work.background("--version")
    assert all(process.returncode is not None for process in at_work._aside)


def test_a_temporary_stage_leaves_nothing_behind() -> None:
    with Stage() as stage:
        folder = stage.folder
        assert folder.is_dir()
    assert not folder.exists()
