"""More kinds of damage, at other sizes and places than those of `damages`, with which no bound of the gate was found.

Who is hit is drawn by a hash of the keys, and not the longest series first.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from tests.damages import (
    FIGURE,
    KEY,
    Damage,
    Where,
    everywhere,
    figures,
    newest_period,
    noise,
    second_half_of_time,
    swapped,
    times,
    without,
)

SEED = 20_260_301
BEFORE = pl.col("obs_value_before")
"""What was known of the observation before this vintage."""


def _drawn(frame: pl.DataFrame) -> list[str]:
    """The keys of series that were known and have at least six figures, in an order that nothing else follows."""
    told = frame.filter(pl.col("was_known") & FIGURE.is_not_null() & (FIGURE != 0))
    of_series = told.group_by(KEY).len().filter(pl.col("len") >= 6).sort(KEY)
    return of_series.sort(pl.col(KEY).hash(SEED))[KEY].to_list()


def _of(number: int, frame: pl.DataFrame) -> pl.Expr:
    return pl.col(KEY).is_in(_drawn(frame)[:number])


def _share(share: float, frame: pl.DataFrame) -> pl.Expr:
    keys = _drawn(frame)
    return pl.col(KEY).is_in(keys[: max(1, round(len(keys) * share))])


one, two = partial(_of, 1), partial(_of, 2)
tenth, quarter, half = partial(_share, 0.1), partial(_share, 0.25), partial(_share, 0.5)


def _two_newest(frame: pl.DataFrame) -> pl.Expr:
    days = frame.filter(FIGURE.is_not_null())["period_start"].unique().sort()
    return pl.col("period_start") >= days[-2]


def _first_half_of_time(frame: pl.DataFrame) -> pl.Expr:
    return ~second_half_of_time(frame)


def _revised(frame: pl.DataFrame) -> pl.Expr:
    del frame
    return BEFORE.is_not_null() & (BEFORE != FIGURE)


def _old_period(frame: pl.DataFrame) -> pl.Expr:
    days = frame.filter(FIGURE.is_not_null())["period_start"].unique().sort()
    return pl.col("period_start") == days[len(days) // 3]


def _both(*places: Where) -> Where:
    return lambda frame: pl.all_horizontal(*(place(frame) for place in places))


def _rows(first: float, last: float, order: tuple[str, ...] = (KEY, "period_start")) -> Damage:
    """The rows from one share of the answer to another are missing."""

    def damage(new: pl.DataFrame) -> pl.DataFrame:
        rows = new.sort(*order)
        begin, end = int(rows.height * first), int(rows.height * last)
        return pl.concat([rows[:begin], rows[end:]])

    return damage


def _moved(where: Where, by: int) -> Damage:
    return figures(where, FIGURE.shift(by).over(KEY, order_by="period_start").fill_null(FIGURE))


def _three_round(keys: list[str]) -> dict[str, str]:
    return {keys[0]: keys[1], keys[1]: keys[2], keys[2]: keys[0]}


def _neighbours(keys: list[str]) -> dict[str, str]:
    return {keys[-1]: keys[-2], keys[-2]: keys[-1]}


def _row_below(new: pl.DataFrame) -> pl.DataFrame:
    """The newest column was pasted one row too low."""
    newest = new.filter(newest_period(new)).sort(KEY)
    slipped = newest.with_columns(FIGURE.shift(1).fill_null(FIGURE.last()))
    return pl.concat([new.filter(~newest_period(new)), slipped])


def _transposed(figure: float | None) -> float | None:
    """The first two digits that differ, exchanged."""
    if figure is None:
        return None
    text = list(f"{figure:.15g}")
    for left in range(len(text) - 1):
        if text[left].isdigit() and text[left + 1].isdigit() and text[left] != text[left + 1] and text[left + 1] != "0":
            text[left], text[left + 1] = text[left + 1], text[left]
            break
    return float("".join(text))


TRANSPOSED = FIGURE.map_elements(_transposed, return_dtype=pl.Float64)
WITHOUT_POINT = (FIGURE.cast(pl.String).str.strip_suffix(".0").str.replace(".", "", literal=True)).cast(
    pl.Float64, strict=False
)
YEARS = pl.col("period_start").dt.year() - pl.col("period_start").dt.year().min()
OF_YEAR = [KEY, pl.col("period_start").dt.year()]


def _status(text: str | None) -> Damage:
    return lambda new: new.with_columns(pl.lit(text, pl.String).alias("obs_status"))


def _mixed(new: pl.DataFrame) -> pl.DataFrame:
    """Half of the series as the vintage before had them, where they were known."""
    return new.with_columns(pl.when(half(new) & BEFORE.is_not_null()).then(BEFORE).otherwise(FIGURE).alias("obs_value"))


MORE: dict[str, Damage] = {
    "unit x 10^8, one series drawn": times(one, 1e8),
    "unit : 10^8, all": times(everywhere, 1e-8),
    "unit x 10^6, half drawn": times(half, 1e6),
    "unit x 10^3, two series drawn": times(two, 1e3),
    "unit x 10^4, only what is revised": times(_revised, 1e4),
    "unit : 10^3, only what is revised": times(_revised, 1e-3),
    "unit : 10^4, the two newest periods": times(_two_newest, 1e-4),
    "unit x 10^3, the first half of time": times(_first_half_of_time, 1e3),
    "unit x 10^4, a tenth in the newest period": times(_both(tenth, newest_period), 1e4),
    "unit : 10^3, the second half of one series": times(_both(one, second_half_of_time), 1e-3),
    "decimal point lost, the newest period": times(newest_period, 10),
    "decimal point lost, a tenth drawn": times(tenth, 10),
    "decimal comma, figures read without their point": figures(everywhere, WITHOUT_POINT),
    "thousands separator read as a decimal point": figures(
        everywhere, pl.when(FIGURE.abs() >= 1000).then(FIGURE / 1000).otherwise(FIGURE)
    ),
    "percent as shares, all": times(everywhere, 0.01),
    "shares as percent, one series drawn": times(one, 100),
    "rebase x 1.05, half drawn": times(half, 1.05),
    "rebase : 6.9, all": times(everywhere, 1 / 6.9),
    "rebase x 7.1, one series drawn": times(one, 7.1),
    "rebase to 100 in the first period": figures(
        everywhere, 100 * FIGURE / FIGURE.first().over(KEY, order_by="period_start")
    ),
    "real for nominal, 3 % a year, all": figures(everywhere, FIGURE * 0.97**YEARS),
    "real for nominal, 5 % a year, half drawn": figures(half, FIGURE * 0.95**YEARS),
    "lost series, a quarter drawn": without(quarter),
    "lost series, all but a tenth": lambda new: new.filter(tenth(new)),
    "lost periods, one old period of all": without(_old_period),
    "lost periods, the first half of time": without(_first_half_of_time),
    "lost periods, every third observation": lambda new: new.with_row_index("n").filter(pl.col("n") % 3 != 0).drop("n"),
    "truncated page, the first quarter is missing": _rows(0, 0.25),
    "truncated page, a fifth in the middle is missing": _rows(0.4, 0.6),
    "truncated page, the last fiftieth is missing": _rows(0.98, 1),
    "truncated page, in order of time, a fifth is missing": _rows(0, 0.2, ("period_start", KEY)),
    "sign flip, two series drawn": times(two, -1),
    "sign flip, a tenth drawn": times(tenth, -1),
    "sign flip, the second half of time": times(second_half_of_time, -1),
    "sign flip, minus signs lost": figures(everywhere, FIGURE.abs()),
    "mixed vintages, half drawn as before": _mixed,
    "shifted periods, by twelve, all": _moved(everywhere, 12),
    "shifted periods, by four, half drawn": _moved(half, 4),
    "shifted periods, back by two, one series drawn": _moved(one, -2),
    "shifted periods, by one, a tenth drawn": _moved(tenth, 1),
    "shifted periods, by one, the second half of time": _moved(second_half_of_time, 1),
    "swapped areas, three in a ring": swapped(_three_round),
    "swapped areas, two of the last": swapped(_neighbours),
    "swapped areas, the newest column one row too low": _row_below,
    "constant, one series drawn": figures(one, FIGURE.last().over(KEY, order_by="period_start")),
    "constant, 9999 for all": figures(everywhere, pl.lit(9999.0)),
    "constant, one figure for the newest period": figures(newest_period, FIGURE.first()),
    "zeros, a tenth drawn": times(tenth, 0),
    "zeros, the second half of one series": times(_both(one, second_half_of_time), 0),
    "missing, a tenth drawn": figures(tenth, pl.lit(None)),
    "missing, the second half of time": figures(second_half_of_time, pl.lit(None)),
    "digits exchanged, all": figures(everywhere, TRANSPOSED),
    "digits exchanged, the newest period": figures(newest_period, TRANSPOSED),
    "digits exchanged, one series drawn": figures(one, TRANSPOSED),
    "rounded to one digit, all": figures(everywhere, FIGURE.round_sig_figs(1)),
    "cumulated, one series drawn": figures(one, FIGURE.cum_sum().over(KEY, order_by="period_start")),
    "cumulated, within the year": figures(everywhere, FIGURE.cum_sum().over(OF_YEAR, order_by="period_start")),
    "differences instead of levels, half drawn": figures(
        half, FIGURE.diff().over(KEY, order_by="period_start").fill_null(FIGURE)
    ),
    "growth in per cent instead of levels, all": figures(
        everywhere, (FIGURE.pct_change() * 100).over(KEY, order_by="period_start").fill_null(FIGURE)
    ),
    "sorted within each series": figures(everywhere, FIGURE.sort().over(KEY)),
    "noise of a fifth, all": noise(everywhere, 0.2),
    "noise as large as the figure, the newest period": noise(newest_period, 1),
    "markup for a status, one word": _status("see note 3 below"),
}
