"""`datazones read`"""

from __future__ import annotations

from pathlib import Path

import click


def _pair(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in given)
    for name, text in pairs.items():
        if not text:
            raise click.BadParameter(f"{name!r} has no '=': expected NAME=VALUE")
    return pairs


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dialect", help="Wire format of FILE; without it, the one that recognises it is used and named.")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Where to write: a .parquet or .csv file.")
@click.option(
    "--aside", multiple=True, callback=_pair, metavar="PART=FILE", help="A companion response, e.g. structure=dsd.xml."
)
@click.option(
    "--label", multiple=True, callback=_pair, metavar="CONCEPT=CODE", help="What the format leaves out, e.g. freq=Q."
)
def command(file: Path, dialect: str | None, to: Path | None, aside: dict[str, str], label: dict[str, str]) -> None:
    """Read one recorded response into conformed observations; no server, store or network is needed.

    \b
    datazones read FRA.json --to fra.csv
    datazones read data.xml --aside structure=dsd.xml --to data.parquet
    """
    if to is not None and to.suffix not in (".parquet", ".csv"):
        raise click.BadParameter(f"{to.name!r}: expected a name that ends in .parquet or .csv", param_hint="--to")
    from datazones import dialects
    from datazones.conforming import conform, tidy
    from datazones.model import Hints

    body = file.read_bytes()
    chosen = dialect or dialects.recognise(body)
    hints = Hints(labels=label, aside={part: Path(name).read_bytes() for part, name in aside.items()})
    frame = tidy(conform(dialects.named(chosen).read(body, hints), hints))
    click.echo(
        f"{file.name}: {chosen}, {frame.height:,} observations in {frame['series_key'].n_unique():,} series", err=True
    )
    if to is None:
        click.echo(frame.select("series_key", "time_period", "obs_value", "obs_status").head(10))
    elif to.suffix == ".parquet":
        frame.write_parquet(to)
    else:
        frame.write_csv(to)
