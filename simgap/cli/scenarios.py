"""`simgap validate`, `resolve`, `schema` and `scenarios`: the file as data, nothing simulated."""

from __future__ import annotations

import json
import textwrap

import click

from simgap.cli.options import JSON, SETS


@click.command()
@click.argument("scenario")
@SETS
@JSON
def validate(scenario: str, sets: tuple[str, ...], as_json: bool) -> None:
    """Check SCENARIO, and list everything that is wrong."""
    from simgap import scenario as files
    from simgap.analysis.summary import guesses
    from simgap.analysis.words import title
    from simgap.report.screen import wrap
    from simgap.scenario.values import inputs, refusals

    resolved = files.read(scenario, sets)
    guessed, stated = guesses(resolved)
    later = [key for key, *_ in refusals(resolved)]
    facts = {
        "name": resolved["name"],
        "digest": files.digest(resolved),
        "valid": True,
        "stated": stated,
        "guessed": guessed,
        "uncertain": [i["name"] for i in inputs(resolved)],
        "not_simulated": later,
    }
    if as_json:
        click.echo(json.dumps(facts, sort_keys=True))
        return
    click.echo(wrap(f"{title(resolved['name'])} is valid: digest {facts['digest']}."))
    click.echo(f"{guessed} of {stated} inputs are guesses; {len(inputs(resolved))} are uncertain.")
    if later:
        click.echo(wrap(f"`run` refuses it in this version because of: {', '.join(later)}."))


@click.command()
@click.argument("scenario")
@SETS
def resolve(scenario: str, sets: tuple[str, ...]) -> None:
    """Print SCENARIO with every default filled in, as JSON."""
    from simgap import scenario as files

    click.echo(json.dumps(files.read(scenario, sets), indent=1))


@click.command()
def schema() -> None:
    """Print the JSON Schema of the scenario file."""
    from simgap.scenario.schema import schema as generate

    click.echo(json.dumps(generate(), indent=1, sort_keys=True))


@click.command()
@JSON
def scenarios(as_json: bool) -> None:
    """List the scenarios that ship."""
    from simgap import scenario as files

    ships = files.shipped()
    if as_json:
        click.echo(json.dumps([{"name": name, "description": text} for name, text in ships]))
        return
    for name, text in ships:
        click.echo(textwrap.fill(f"{name:<12} {text}", 80, subsequent_indent=" " * 13))
