"""Help, examples, completion, colour: what makes the command line pleasant on a terminal."""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pipeline.cli.main import cli
from tests.paths import REPO, SAMPLES

#: The command beside the interpreter that runs the tests.
PITH_ETL = shutil.which("pith-etl", path=str(Path(sys.executable).parent)) or "pith-etl"

#: An SGR sequence, and those of them that set a colour.
STYLE = re.compile(r"\x1b\[([0-9;]*)m")
COLOUR = re.compile(r"(?:^|;)(?:[34][0-8]|9[0-7]|10[0-7])(?:;|$)")


def _examples(command: click.Command) -> list[str]:
    """Return the lines of a command's examples."""
    return [line.strip() for line in (command.epilog or "").splitlines()[2:]]


def _arguments(line: str) -> list[str]:
    """Return the arguments of an example, without pipes and redirections of the shell."""
    own = line[line.index("pith-etl") :]
    program, *arguments = shlex.split(re.split(r"\s[<>|]\s", own)[0])
    assert program == "pith-etl"
    return arguments


EXAMPLES = [
    pytest.param(name, line, id=line)
    for name, command in cli.commands.items()
    for line in _examples(command)
]


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_and_option_says_what_it_does(name: str) -> None:
    """A command has a sentence of help, and so has each of its options."""
    command = cli.commands[name]
    assert command.help
    assert re.match(r"[A-Z].*[.:]", command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.opts
            assert re.search(r"[.\]]$", parameter.help), parameter.opts


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_and_option_is_documented(name: str) -> None:
    """docs/commands.md names each command, and each option in its section."""
    page = (REPO / "docs" / "commands.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0]: part for part in page.split("\n## ")[1:]}
    for parameter in cli.commands[name].params:
        if isinstance(parameter, click.Option):
            assert all(option in sections[name] for option in parameter.opts)


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_has_an_example(name: str) -> None:
    """The help of a command ends with at least one example, a line each."""
    epilog = cli.commands[name].epilog or ""
    assert epilog.startswith("\b\nExamples:\n")
    assert _examples(cli.commands[name])


@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_every_example_parses(name: str, line: str) -> None:
    """An example is an invocation of its command that the command line understands."""
    arguments = _arguments(line)
    assert arguments[0] == name
    command = cli.commands[name]
    parent = click.Context(cli, info_name="pith-etl", **cli.context_settings)
    context = command.make_context(name, arguments[1:], parent)
    assert not context.args
    for parameter in command.params:
        assert not parameter.required or context.params[str(parameter.name)]


def test_the_examples_of_the_program_parse() -> None:
    """The examples of `pith-etl --help` name commands that there are."""
    for line in _examples(cli):
        assert _arguments(line)[0] in cli.commands


@pytest.mark.parametrize(
    "line",
    [
        line
        for name in ("sql", "tables", "queries", "show", "export")
        for line in _examples(cli.commands[name])
    ],
)
def test_examples_run(
    samples_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """An example that reads the tables runs on those of the real documents."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    arguments = _arguments(line)
    if arguments[0] != "queries":
        arguments += ["--warehouse", str(samples_warehouse)]
    result = CliRunner().invoke(cli, arguments, input="select count(*) from papers")
    assert result.exit_code == 0, result.exception
    assert result.output or list(tmp_path.iterdir())


def test_bash_completes_as_the_page_says() -> None:
    """The line of the page, run in a real bash, makes `pith-etl bu` complete to build."""
    page = (REPO / "docs" / "howto" / "install.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^(eval .*bash_source.*?\))\"? +#", page, re.MULTILINE)
    script = f"""
        {line}"
        COMP_WORDS=(pith-etl bu) COMP_CWORD=1
        _pith_etl_completion pith-etl bu pith-etl
        echo "${{COMPREPLY[@]}}"
    """
    bash = shutil.which("bash")
    assert bash
    path = f"{Path(PITH_ETL).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 - the line of our own page
        [bash, "--norc", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "build\n"


def test_help_and_completion_start_fast() -> None:
    """They load none of the heavy libraries."""
    code = """if True:
        import sys
        from click.shell_completion import BashComplete
        from pipeline.cli.main import cli
        complete = BashComplete(cli, {}, "pith-etl", "_PITH_ETL_COMPLETE")
        assert complete.get_completions(["tables"], "pap")
        cli(["export", "--help"], standalone_mode=False)
        heavy = {"duckdb", "polars", "pyarrow", "nacl", "rich"} & set(sys.modules)
        assert not heavy, heavy
    """
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """Return what a command writes to a terminal, on standard output and error."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [PITH_ETL, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    written = b"".join(_read(ours))
    os.close(ours)
    assert process.wait() == 0
    return written.decode()


def _read(descriptor: int) -> Iterator[bytes]:
    """Yield what is written to a terminal until its other end is closed."""
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # Linux raises it when the other end is closed
            return
        if not data:
            return
        yield data


def _colours(text: str) -> list[str]:
    return [codes for codes in STYLE.findall(text) if COLOUR.search(codes)]


def test_no_color_is_respected(tmp_path: Path) -> None:
    """The bar of a build is coloured on a terminal, but not where NO_COLOR is set."""
    build = ["build", str(SAMPLES), "--workers", "1", "--warehouse"]
    plain = _on_a_terminal([*build, str(tmp_path / "plain")], {"NO_COLOR": "1"})
    coloured = _on_a_terminal([*build, str(tmp_path / "coloured")], {"NO_COLOR": ""})
    assert _colours(coloured)
    assert not _colours(plain)
    assert "stage" in plain


def test_nothing_is_styled_but_on_a_terminal(samples_warehouse: Path) -> None:
    """A table passed on to a file or a pipe holds no escape sequence; on a terminal it may."""
    command = ["tables", "--warehouse", str(samples_warehouse)]
    done = subprocess.run(  # noqa: S603 - our own program
        [PITH_ETL, *command], capture_output=True, text=True, check=True
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert STYLE.search(_on_a_terminal(command, {}))
    assert not _colours(_on_a_terminal(command, {"NO_COLOR": "1"}))


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["sql", "from papers", "--warehouse", "nowhere"], "run `pith-etl build SOURCE"),
        (["biuld"], "Did you mean 'build'?"),
        (["build"], "Try 'pith-etl build --help' for help."),
        (["tables", "paper"], "there are aliases, "),
        (["build", ".", "--keyring", "nowhere", "-w", "own"], "name another by --keyring"),
        (["export", "--output", "."], "name another directory by --output"),
        (["sql", "--named", "nothing"], "`pith-etl queries` lists them"),
    ],
)
def test_errors_say_what_to_do_next(
    samples_warehouse: Path, tmp_path: Path, arguments: list[str], advice: str
) -> None:
    """A mistake ends in a message that says what to do, without a traceback."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "warehouse").symlink_to(samples_warehouse)
    done = subprocess.run(  # noqa: S603 - our own program
        [PITH_ETL, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode in {1, 2}
    assert advice in done.stderr
    assert "Traceback" not in done.stderr
