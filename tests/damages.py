"""Kinds of damage that a good vintage can come to, at several sizes: observations in, damaged observations out.

Each kind is a pure function of the new vintage and of what was known before it. Who is hit is chosen by the order of
the keys, so that the same damage befalls the same place every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import polars as pl

from tests.vintages import Vintage

Damage = Callable[[pl.DataFrame], pl.DataFrame]
Where = Callable[[pl.DataFrame], pl.Expr]

KEY = "series_key"
ORDER = [KEY, "period_start", "period_end"]
FIGURE = pl.col("obs_value")


def _keys(frame: pl.DataFrame) -> list[str]:
    """The keys of the series that have most to lose: known before, long and not zero."""
    told = frame.filter(pl.col("was_known") & FIGURE.is_not_null() & (FIGURE != 0))
    return told.group_by(KEY).len().sort(["len", KEY], descending=[True, False])[KEY].to_list()


def everywhere(_: pl.DataFrame) -> pl.Expr:
    return pl.lit(value=True)


def one_series(frame: pl.DataFrame) -> pl.Expr:
    return pl.col(KEY) == _keys(frame)[0]


def share_of_series(share: float, frame: pl.DataFrame) -> pl.Expr:
    keys = _keys(frame)
    return pl.col(KEY).is_in(keys[: max(1, round(len(keys) * share))])


half_of_series = partial(share_of_series, 0.5)
tenth_of_series = partial(share_of_series, 0.1)


def newest_period(frame: pl.DataFrame) -> pl.Expr:
    told = frame.filter(FIGURE.is_not_null())
    return pl.col("period_start") == told["period_start"].max()


def newest_of_one(frame: pl.DataFrame) -> pl.Expr:
    return one_series(frame) & (pl.col("period_start") == frame.filter(one_series(frame))["period_start"].max())


def middle_of_one(frame: pl.DataFrame) -> pl.Expr:
    days = frame.filter(one_series(frame) & FIGURE.is_not_null())["period_start"].sort()
    return one_series(frame) & (pl.col("period_start") == days[len(days) // 2])


def second_half_of_time(frame: pl.DataFrame) -> pl.Expr:
    return pl.col("period_start") >= frame["period_start"].median()


def figures(where: Where, change: pl.Expr) -> Damage:
    def damage(new: pl.DataFrame) -> pl.DataFrame:
        spoilt = pl.when(where(new)).then(change.cast(pl.Float64)).otherwise(FIGURE)
        return new.sort(KEY, "period_start").with_columns(spoilt.alias("obs_value"))

    return damage


def times(where: Where, factor: float) -> Damage:
    return figures(where, FIGURE * factor)


def without(where: Where) -> Damage:
    return lambda new: new.filter(~where(new))


def _first_rows(share: float) -> Damage:
    """A page that broke off: the rows as the provider orders them, and the rest is missing."""
    return lambda new: new.sort(KEY, "period_start").head(int(new.height * share))


def _shifted(where: Where, by: int) -> Damage:
    """The figures of the series `by` periods late, in the periods of the series."""
    return figures(where, FIGURE.shift(by).over(KEY, order_by="period_start").fill_null(FIGURE))


def swapped(pairs: Callable[[list[str]], dict[str, str]], where: Where = everywhere) -> Damage:
    """Each series under the name of another."""

    def damage(new: pl.DataFrame) -> pl.DataFrame:
        renamed = pairs(_keys(new))
        spoilt = pl.when(where(new)).then(pl.col(KEY).replace(renamed)).otherwise(pl.col(KEY))
        return new.with_columns(spoilt.alias(KEY)).unique([KEY, "period_start", "period_end"], keep="first")

    return damage


def _first_two(keys: list[str]) -> dict[str, str]:
    return {keys[0]: keys[1], keys[1]: keys[0]}


def _all_round(keys: list[str]) -> dict[str, str]:
    return dict(zip(keys, [*keys[1:], keys[0]], strict=True))


def _halves(keys: list[str]) -> dict[str, str]:
    half = len(keys) // 2
    return dict(zip(keys[:half], keys[half : 2 * half], strict=True)) | dict(
        zip(keys[half : 2 * half], keys[:half], strict=True)
    )


def _copied(new: pl.DataFrame) -> pl.DataFrame:
    """One series with the figures of another, which stays as it is."""
    first, second = _keys(new)[:2]
    copy = new.filter(pl.col(KEY) == second).with_columns(pl.lit(first).alias(KEY))
    return pl.concat([new.filter(pl.col(KEY) != first), copy.select(new.columns)])


def _renamed(where: Where) -> Damage:
    spoilt = pl.col(KEY) + "_NEW"
    return lambda new: new.with_columns(pl.when(where(new)).then(spoilt).otherwise(pl.col(KEY)).alias(KEY))


def _stale_newest(new: pl.DataFrame) -> pl.DataFrame:
    """The newest period repeats the one before it, in every series."""
    repeated = figures(newest_period, FIGURE.shift(1).over(KEY, order_by="period_start"))
    return repeated(new)


def _relabelled(new: pl.DataFrame) -> pl.DataFrame:
    """Every figure under the name of the period one year later."""
    later = (pl.col("period_start").dt.year() + 1).cast(pl.String)
    return new.with_columns(
        pl.col("period_start").dt.offset_by("1y"),
        pl.col("period_end").dt.offset_by("1y"),
        (later + pl.col("time_period").str.slice(4)).alias("time_period"),
    )


def _invented(new: pl.DataFrame) -> pl.DataFrame:
    """Ten more years that are not over."""
    last = new.filter(newest_period(new))
    more = [
        last.with_columns(
            pl.col("period_start").dt.offset_by(f"{ahead}y"),
            pl.col("period_end").dt.offset_by(f"{ahead}y"),
            (pl.col("period_start").dt.year() + ahead).cast(pl.String).alias("time_period"),
        )
        for ahead in range(3, 13)
    ]
    return pl.concat([new, *more])


def noise(where: Where, share: float) -> Damage:
    wild = (pl.struct(KEY, "period_start").hash(7) % 2001).cast(pl.Float64) / 1000 - 1
    return figures(where, FIGURE * (1 + share * wild))


def _status(text: str | None) -> Damage:
    return lambda new: new.with_columns(pl.lit(text, pl.String).alias("obs_status"))


KINDS: dict[str, Damage] = {
    "unit x 10^3, all": times(everywhere, 1e3),
    "unit x 10^4, all": times(everywhere, 1e4),
    "unit x 10^8, all": times(everywhere, 1e8),
    "unit x 100, all": times(everywhere, 100),
    "unit : 10^3, all": times(everywhere, 1e-3),
    "unit : 10^4, all": times(everywhere, 1e-4),
    "unit x 10^4, half of the series": times(half_of_series, 1e4),
    "unit x 10^3, a tenth of the series": times(tenth_of_series, 1e3),
    "unit x 10^3, one series": times(one_series, 1e3),
    "unit : 10^4, one series": times(one_series, 1e-4),
    "unit x 10^4, the newest period": times(newest_period, 1e4),
    "unit : 10^3, the newest period": times(newest_period, 1e-3),
    "unit x 10^4, the newest figure of one series": times(newest_of_one, 1e4),
    "unit x 10^3, one old figure": times(middle_of_one, 1e3),
    "decimal point lost, all": times(everywhere, 10),
    "decimal point lost, one old figure": times(middle_of_one, 10),
    "decimal point lost, the newest figure of one series": times(newest_of_one, 10),
    "rebase x 1.5, all": times(everywhere, 1.5),
    "rebase x 0.8, all": times(everywhere, 0.8),
    "rebase x 1.07, all": times(everywhere, 1.07),
    "rebase x 2, one series": times(one_series, 2),
    "rebase x 1.2, half of the series": times(half_of_series, 1.2),
    "rebase x 1.3, the second half of time": times(second_half_of_time, 1.3),
    "lost series, one": without(one_series),
    "lost series, a tenth": without(tenth_of_series),
    "lost series, half": without(half_of_series),
    "lost newest period, half of the series": without(lambda new: half_of_series(new) & newest_period(new)),
    "truncated page, a tenth is missing": _first_rows(0.9),
    "truncated page, a quarter is missing": _first_rows(0.75),
    "truncated page, half is missing": _first_rows(0.5),
    "truncated page, nine tenths are missing": _first_rows(0.1),
    "sign flip, all": times(everywhere, -1),
    "sign flip, half of the series": times(half_of_series, -1),
    "sign flip, one series": times(one_series, -1),
    "sign flip, the newest period": times(newest_period, -1),
    "sign flip, one old figure": times(middle_of_one, -1),
    "stale copy, the newest period repeats the last": _stale_newest,
    "shifted periods, by one, all": _shifted(everywhere, 1),
    "shifted periods, back by one, all": _shifted(everywhere, -1),
    "shifted periods, by one, half of the series": _shifted(half_of_series, 1),
    "shifted periods, by one, one series": _shifted(one_series, 1),
    "shifted periods, by two, all": _shifted(everywhere, 2),
    "shifted periods, each named a year later": _relabelled,
    "swapped areas, two": swapped(_first_two),
    "swapped areas, all round": swapped(_all_round),
    "swapped areas, halves": swapped(_halves),
    "swapped areas, two, the second half of time": swapped(_first_two, second_half_of_time),
    "one area copied over another": _copied,
    "renamed series, one": _renamed(one_series),
    "renamed series, all": _renamed(everywhere),
    "zeros, all": times(everywhere, 0),
    "zeros, the newest period": times(newest_period, 0),
    "zeros, one series": times(one_series, 0),
    "missing, all": figures(everywhere, pl.lit(None)),
    "missing, half of the series": figures(half_of_series, pl.lit(None)),
    "missing, one series": figures(one_series, pl.lit(None)),
    "noise of a third, all": noise(everywhere, 0.33),
    "noise of a half, one series": noise(one_series, 0.5),
    "rounded to two digits, all": figures(everywhere, FIGURE.round_sig_figs(2)),
    "mean instead of figures, all": figures(everywhere, FIGURE.mean().over(KEY)),
    "in the reverse order of time, all": figures(everywhere, FIGURE.reverse().over(KEY)),
    "cumulated, all": figures(everywhere, FIGURE.cum_sum().over(KEY)),
    "differences instead of levels, all": figures(everywhere, FIGURE.diff().over(KEY).fill_null(FIGURE)),
    "logarithms instead of levels, all": figures(everywhere, FIGURE.abs().log1p()),
    "periods that are not over": _invented,
    "markup for a status": _status("<b>see note</b>"),
}
"""Every kind by name; before the comma the cause, after it how much is hit."""


STALE = {"stale copy, the vintage two before": 3, "stale copy, the vintage four before": 5}
"""Damage that is an earlier vintage under the name of the last, and which one it is, counted from the end."""


def damaged(kind: str, vintages: Sequence[Vintage], kinds: Mapping[str, Damage] | None = None) -> Vintage | None:
    """The last of these vintages after that damage; None where there is nothing that it could befall."""
    new, before = vintages[-1], vintages[-2]
    if kind in STALE:
        return vintages[-STALE[kind]]._replace(known_at=new.known_at) if len(vintages) >= STALE[kind] else None
    known = set(before.observations[KEY].unique())
    held = before.observations.select(*ORDER, pl.col("obs_value").alias("obs_value_before"))
    told = new.observations.join(held.unique(ORDER), on=ORDER, how="left")
    marked = told.with_columns(pl.col(KEY).is_in(known).alias("was_known")).sort(ORDER)
    if len(_keys(marked)) < (2 if kind.partition(",")[0] in NEEDS_TWO else 1):
        return None
    spoilt = (kinds or KINDS)[kind](marked).select(new.observations.columns).sort(ORDER)
    if not spoilt.height or spoilt.equals(marked.select(spoilt.columns)):
        return None
    return Vintage(new.known_at, spoilt, _of_these(spoilt, new.series))


def _of_these(observations: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """What is said of the series that are left, and of those that were renamed what is said of any."""
    keys = observations.select(pl.col(KEY).unique())
    anyone = series.head(1).drop(KEY)
    told = series.join(keys, on=KEY, how="semi")
    new = keys.join(series, on=KEY, how="anti").join(anyone, how="cross").select(series.columns)
    return pl.concat([told, new])


NEEDS_TWO = ("swapped areas", "one area copied over another", "lost series", "lost newest period")
"""Causes that take more than one series."""
