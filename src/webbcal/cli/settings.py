"""Turn what was typed into the settings of a run."""

from collections.abc import Sequence
from pathlib import Path

from webbcal.core.errors import InvalidOptions
from webbcal.pipelines.settings import Settings, read_config
from webbcal.spec.references import REFERENCES


def settings_from(
    output_dir: Path | None,
    skip: Sequence[str],
    save: Sequence[str],
    option: Sequence[str],
    config: Path | None,
    reference: Sequence[str],
    reference_dir: Path | None,
) -> Settings:
    """Return settings; names of steps and options are checked when an exposure is planned.

    Raises
    ------
    InvalidOptions
        If an assignment is malformed, or a reference type is unknown.
    """
    content = {} if config is None else read_config(config)
    references = {kind: str(file) for kind, file in content.pop("references", {}).items()}
    references |= dict(_assignment(text, "--reference", "TYPE=FILE") for text in reference)
    for kind in references:
        if kind not in REFERENCES:
            raise InvalidOptions(
                f"unknown reference type {kind}",
                where="--reference",
                expected=", ".join(REFERENCES),
            )
    if reference_dir is not None and not reference_dir.is_dir():
        raise InvalidOptions("no such folder", where=f"--reference-dir {reference_dir}")
    return Settings(
        output_dir=output_dir,
        skip=tuple(skip),
        save=tuple(save),
        options=_by_step(option),
        config=content,
        references={
            kind: None if file.upper() == "N/A" else Path(file) for kind, file in references.items()
        },
        reference_folder=reference_dir,
    )


def _by_step(assignments: Sequence[str]) -> dict[str, dict[str, str]]:
    options: dict[str, dict[str, str]] = {}
    for text in assignments:
        name, value = _assignment(text, "--option", "STEP.NAME=VALUE")
        step, dot, key = name.partition(".")
        if not dot or not key:
            raise InvalidOptions("--option", expected="STEP.NAME=VALUE", found=repr(text))
        options.setdefault(step, {})[key] = value
    return options


def _assignment(text: str, where: str, expected: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidOptions(where, expected=expected, found=repr(text))
    return name.strip(), value.strip()
