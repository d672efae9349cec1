"""What the user asked for, and how it becomes the options of each step."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol, Self

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Options
from webbcal.pipelines.recipes import RECIPES, Recipe, names_of_steps
from webbcal.steps import STEPS
from webbcal.steps.of_sets import SET_STEPS


class AnyStep(Protocol):
    """What options are resolved for: a step on one exposure or on a set of them."""

    @property
    def name(self) -> str:
        """Name in recipes."""

    @property
    def options(self) -> type[Options]:
        """Its options."""

    @property
    def optional(self) -> bool:
        """Whether it is off unless the user asks for it."""


DEFAULT = "default"
PRESET = "default for this kind of exposure"
CONFIG = "configuration file"
COMMAND = "command line"


@dataclass(frozen=True)
class Settings:
    """One run as the user asked for it; nothing in it is changed while running.

    Parameters
    ----------
    output_dir : Path or None
        Where products go; None: beside each input.
    skip, save : tuple of str
        Names of steps to leave out, and of steps (or ``ramp``) after which to save the result.
    options : mapping
        Step name to option name to value; text values are parsed by the option's type.
    config : mapping
        The same, from a configuration file; the command line wins over it.
    references : mapping
        Reference type to file, or None for "does not apply".
    reference_folder : Path or None
        A folder to choose references from, instead of the selection system.
    threads : int
        Number of threads; 0 for one per processor.
    block_bytes : int
        Size of the blocks that the threads work on; results do not depend on it.
    resume : bool
        Leave inputs alone whose products exist and were made in the same way.
    workers : int
        Number of processes of a local Dask cluster that share the work; 0: this process alone.
    scheduler : str
        Address of a Dask scheduler to use instead; empty for none.
    """

    output_dir: Path | None = None
    skip: tuple[str, ...] = ()
    save: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    references: Mapping[str, Path | None] = field(default_factory=dict)
    reference_folder: Path | None = None
    threads: int = 0
    block_bytes: int = 6 << 20
    resume: bool = False
    workers: int = 0
    scheduler: str = ""

    def with_(self, **changes: Any) -> Self:
        """Return a copy with some settings changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class ResolvedOptions:
    """The options of one step, whether it is skipped, and where each of them comes from."""

    values: Options
    skip: bool
    origins: Mapping[str, str]


def read_config(path: Path) -> dict[str, dict[str, Any]]:
    """Read a TOML configuration: one table per step, ``skip = true`` allowed in each.

    A table ``[references]`` names reference files by type.

    Raises
    ------
    InvalidOptions
        If the file cannot be read, is not TOML or has a value outside a table.
    """
    import tomllib  # few runs have a configuration file

    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidOptions(f"cannot read the file ({error.strerror})", where=path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidOptions(f"not a TOML file ({error})", where=path) from None
    for name, value in content.items():
        if not isinstance(value, dict):
            raise InvalidOptions(
                f"{name} stands outside a table",
                where=path,
                expected=f"a table per step, as [jump]; found {name} = {value!r}",
            )
    return content


def resolve(
    recipe: Recipe,
    settings: Settings,
    parameters: Mapping[str, Mapping[str, Any]],
    source: str,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    catalogue: Sequence[AnyStep] | None = None,
) -> dict[str, ResolvedOptions]:
    """Merge defaults, parameter references, configuration and command line, in that order.

    Parameters
    ----------
    recipe : Recipe
        Its steps are resolved.
    settings : Settings
        What the user asked for.
    parameters : mapping
        Step name to option name to value, from parameter references.
    source : str
        How to name the parameter references in the origin of a value.
    presets : mapping or None
        Step name to option name to value: defaults of this kind of exposure.
    catalogue : sequence of steps or None
        Those to resolve; None: the steps of the recipe on single exposures.

    Raises
    ------
    InvalidOptions
        For an unknown step, an unknown option or a bad value; before a pixel is read.
    """
    check_settings(settings)
    steps = [STEPS[name] for name in recipe.steps] if catalogue is None else catalogue
    layers = {PRESET: presets or {}, source: parameters}
    layers |= {CONFIG: settings.config, COMMAND: settings.options}
    return {step.name: _resolve_step(step, settings, layers) for step in steps}


def check_settings(settings: Settings) -> None:
    """Refuse steps, results, options and values that make no sense in any stage.

    What a later stage would refuse is refused before the first one begins.

    Raises
    ------
    InvalidOptions
        Naming the first of them.
    """
    steps = names_of_steps()
    asked: list[tuple[str, Sequence[str]]] = [
        ("--skip", settings.skip),
        ("--option", tuple(settings.options)),
        ("configuration", tuple(name for name in settings.config if name != "references")),
    ]
    for where, names in asked:
        for name in names:
            _refuse_unknown(f"unknown step {name}", name, steps, where)
    results = {name for recipe in RECIPES.values() for name in recipe.saves}
    for name in settings.save:
        _refuse_unknown(f"unknown result {name}", name, steps | results, "--save")
    layers = {CONFIG: settings.config, COMMAND: settings.options}
    for name in {**settings.config, **settings.options}:
        if name in steps:
            step: AnyStep = STEPS[name] if name in STEPS else SET_STEPS[name]
            _resolve_step(step, settings, layers)


def _refuse_unknown(what: str, name: str, known: Collection[str], where: str) -> None:
    if name in known:
        return
    close = difflib.get_close_matches(name, known, 1)
    raise InvalidOptions(
        what,
        where=where,
        expected=", ".join(sorted(known)),
        advice=f"Did you mean {close[0]}?" if close else "",
    )


def _resolve_step(
    step: AnyStep, settings: Settings, layers: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> ResolvedOptions:
    values: dict[str, Any] = {}
    origins = {f.name: DEFAULT for f in fields(step.options)}
    skip, origins["skip"] = step.optional, DEFAULT
    for origin, steps in layers.items():
        layer = steps.get(step.name, {})
        parsed = {
            name: step.options.parse(name, value) if isinstance(value, str) else value
            for name, value in layer.items()
            if name != "skip"
        }
        step.options.from_mapping(parsed, where=f"{step.name} ({origin})")
        values |= parsed
        origins |= dict.fromkeys(layer, origin)
        if "skip" in layer:
            skip = _as_bool(layer["skip"], f"{step.name} ({origin})")
    if step.name in settings.skip:
        skip, origins["skip"] = True, COMMAND
    return ResolvedOptions(step.options.from_mapping(values, where=step.name), skip, origins)


def _as_bool(value: Any, where: str) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise InvalidOptions("option skip", where=where, expected="true or false", found=value)
    return value


def as_toml(options: Mapping[str, ResolvedOptions]) -> str:
    """Write resolved options as a configuration file that gives the same run again."""
    lines: list[str] = []
    for name, resolved in options.items():
        lines.append(f"[{name}]")
        if resolved.skip:
            lines.append("skip = true")
        for key, value in resolved.values.as_dict().items():
            lines.append(f"# {key} is not set" if value is None else f"{key} = {_toml(value)}")
        lines.append("")
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)
