"""The Python face of webbcal."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from webbcal.pipelines.record import Outcome
from webbcal.pipelines.runner import run_everything
from webbcal.pipelines.settings import Settings, read_config

PathLike = str | os.PathLike[str]


def run(  # noqa: PLR0913 (every argument is a choice of the user)
    inputs: PathLike | Iterable[PathLike],
    *,
    output_dir: PathLike | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    skip: Iterable[str] = (),
    save: Iterable[str] = (),
    references: Mapping[str, PathLike | None] | None = None,
    reference_folder: PathLike | None = None,
    config: PathLike | None = None,
    threads: int = 0,
    resume: bool = False,
    through: int | None = None,
    workers: int = 0,
    scheduler: str = "",
) -> list[Outcome]:
    """Calibrate exposures: raw ramps to count rates, images, mosaics and catalogues.

    Parameters
    ----------
    inputs : path or iterable of paths
        ``uncal``, ``rate``, ``rateints`` or ``cal`` files, folders of them, associations.
    output_dir : path, optional
        Where products go; beside each input by default.
    options : mapping, optional
        Step name to option name to value: ``{"jump": {"rejection_threshold": 5.0}}``.
    skip, save : iterable of str
        Steps to leave out; steps (or ``"ramp"``) whose result is saved too.
    references : mapping, optional
        Reference type to file, instead of what would be selected; None for "does not apply".
    reference_folder : path, optional
        Choose references from this folder instead of the selection system.
    config : path, optional
        TOML file with options; those given here win over it.
    threads : int
        Number of threads, 0 for one per processor. Results do not depend on it.
    resume : bool
        Leave exposures alone whose products were made in the same way already.
    through : int, optional
        Last stage, 1 to 3. By default raw exposures become count rates, a single count rate a
        calibrated image, and several are also combined; an association says itself.
    workers : int
        Processes of a local Dask cluster that share the work; 0 for none.
    scheduler : str
        Address of a Dask scheduler that exists already.

    Returns
    -------
    list of Outcome
        One per exposure and set: products by suffix, and what became of each step.

    Raises
    ------
    WebbcalError
        The first error, after all exposures have been tried.
    """
    paths = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    content = {} if config is None else read_config(Path(config))
    named = {k: Path(v) for k, v in content.pop("references", {}).items()}
    given = {k: None if v is None else Path(v) for k, v in (references or {}).items()}
    settings = Settings(
        output_dir=None if output_dir is None else Path(output_dir),
        skip=tuple(skip),
        save=tuple(save),
        options=options or {},
        config=content,
        references=named | given,
        reference_folder=None if reference_folder is None else Path(reference_folder),
        threads=threads,
        resume=resume,
        workers=workers,
        scheduler=scheduler,
    )
    outcomes = run_everything([Path(path) for path in paths], settings, through=through)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return outcomes
