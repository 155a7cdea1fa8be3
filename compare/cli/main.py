"""The command line: `python -m compare`. Answers go to stdout, everything about them to stderr.

Exit status: 0 all columns finished, 1 some column failed or a prompt is at fault, 2 wrong usage, 130 after
Ctrl-C.
"""

import sys

import typer

from compare import proxies
from compare.cli.ask import ask
from compare.cli.bench import bench_command
from compare.cli.fit import fit_command
from compare.cli.gallery import check, record_command
from compare.cli.models import models
from compare.cli.serve import serve
from compare.cli.terminal import settle, tell
from compare.usage import UsageError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
    help="Compare GGUF models side by side: same prompt, same machine, same settings.",
)  # fmt: skip
app.command()(ask)
app.command("bench")(bench_command)
app.command()(models)
app.command("fit")(fit_command)
app.command()(check)
app.command("record")(record_command)
app.command()(serve)


def main() -> None:
    settle()
    for sentence in proxies.settle():
        tell(sentence)
    try:
        app(standalone_mode=True)
    except UsageError as error:
        tell(str(error))
        sys.exit(2)
