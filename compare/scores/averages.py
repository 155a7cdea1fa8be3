"""Averages over a suite's tasks: the printed one, and the one computed here."""

import math

import pandas as pd

from compare.numbers import points, signed
from compare.scores.suites import AVERAGE, SUITES
from compare.scores.table import records

ROUNDING = 0.005
"""Half of the last digit printed: how far an average may be off for no reason."""


def by_task(rows: pd.DataFrame, suite: str) -> pd.DataFrame:
    """Models down, tasks across, in their orders; a score that isn't there is NaN."""
    wide = rows.pivot(index="model", columns="benchmark", values="score")
    wide = wide.reindex(index=rows["model"].drop_duplicates(), columns=[*SUITES[suite].benchmarks])
    return wide.astype(float)


def averages(rows: pd.DataFrame, suite: str) -> pd.DataFrame:
    """By model: the average `printed`, the one `computed` from all tasks, the `difference`, which of them is
    `shown` (the printed one, else the computed), and `recorded`: the difference the table knows of.

    Sorted by `shown`, the highest first.
    """
    wide, tasks = by_task(rows, suite), list(SUITES[suite].chance)
    means = pd.DataFrame(index=wide.index)
    means["label"] = rows.drop_duplicates("model").set_index("model")["label"]
    means["printed"] = wide.get(AVERAGE, math.nan)
    means["computed"] = wide[tasks].mean(axis=1, skipna=False)
    means["difference"] = means["printed"] - means["computed"]
    printed = rows[rows["benchmark"] == AVERAGE].set_index("model")
    means["recorded"] = printed["off_by"].reindex(means.index).fillna(0.0)
    means["shown"] = means["printed"].fillna(means["computed"])
    return means.sort_values("shown", ascending=False, kind="stable")


def same_average(printed: float, computed: float) -> bool:
    """Whether the two differ by no more than rounding."""
    return abs(printed - computed) <= ROUNDING + 1e-9


def mean_rows(rows: pd.DataFrame, suite: str) -> list[dict]:
    """The averages as values by column; `told` is their difference, “–” where one is unknown."""
    means = records(averages(rows, suite)) if len(rows) else []
    for each in means:
        same = same_average(each["printed"], each["computed"])
        known = each["difference"] == each["difference"]
        each["told"] = (
            ("rounding" if same else signed(each["difference"])) if known else points(None)
        )
    return means
