"""The chart that a view of the scores asks for, with its sentence."""

import pandas as pd

from compare.charts.difference import difference, say_difference
from compare.charts.frame import HOLLOW, Drawing, empty
from compare.charts.heat import heat, say_heat
from compare.charts.sizes import say_sizes, sizes
from compare.charts.tasks import say_tasks, tasks
from compare.charts.training import say_training, training
from compare.scores.view import View, chosen, drawn, of_suite, second_reading, why_empty

UNNAMED = f"{HOLLOW} A grey dot tells its name when pointed at."
SHADES = "The higher the score, the stronger the shade."


def draw(table: pd.DataFrame, view: View) -> Drawing:
    """The chart that a settled view asks for."""
    suite = view.suite
    if view.chart == "difference":
        rows = of_suite(table, suite)
        if len(view.pair) < 2:
            return _nothing("A difference needs two models; this suite has fewer.")
        return Drawing(
            difference(rows, suite, *view.pair), *say_difference(rows, suite, *view.pair), HOLLOW
        )
    rows = drawn(table, view)
    if rows["score"].isna().all():
        return _nothing(why_empty(view))
    match view.chart:
        case "sizes":
            figure = sizes(rows, suite)
            unnamed = any("" in (trace.text or ()) for trace in figure.data)
            return Drawing(figure, *say_sizes(rows, suite), UNNAMED if unnamed else HOLLOW)
        case "heat":
            return Drawing(heat(rows, suite), *say_heat(rows, suite), SHADES)
        case "training":
            rows = rows[rows["pretrain_tokens_b"].notna() & (rows["model_kind"] == "base")]
            if rows.empty:
                return _nothing(
                    "None of these models is a checkpoint with a known number of tokens."
                )
            return Drawing(training(rows, suite), *say_training(rows, suite))
    again = second_reading(table, suite) if view.again else None
    finding, rest = say_tasks(rows, suite, again)
    there, shown = chosen(table, view)["model"].nunique(), rows["model"].nunique()
    if shown < there:
        rest += f" {there - shown} more can be chosen."
    return Drawing(tasks(rows, suite, again), finding, rest, HOLLOW)


def _nothing(why: str) -> Drawing:
    return Drawing(empty(why), why)
