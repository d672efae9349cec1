"""From files, folders and associations to jobs, stage after stage.

Each stage begins with what the one before has made, so the exposures of a later stage are
grouped when they are there: by an association if one is given, by their headers otherwise.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from webbcal.associations import (
    AsnProduct,
    Association,
    is_association,
    locate,
    read_association,
)
from webbcal.core.errors import InvalidInput, InvalidOptions, UnsupportedMode
from webbcal.io.names import root_of, suffix_of
from webbcal.pipelines.jobs import ExposureJob, Job, Member, SetJob
from webbcal.pipelines.recipes import RECIPES
from webbcal.pipelines.record import Outcome
from webbcal.pipelines.settings import Settings

RAW, RATES, CALIBRATED = ("uncal",), ("rateints", "rate"), ("calints", "cal")
LEVELS = (RAW, RATES, CALIBRATED)
"""Suffixes of what each stage begins with; of an exposure that has both forms of a product, how
it was observed decides."""

Runner = Callable[[Sequence[Job]], list[Outcome]]
"""Does jobs that do not depend on each other."""


@dataclass
class _Files:
    """Exposures by the stage that they go into, and associations by level."""

    raw: dict[Path, None] = field(default_factory=dict)
    rates: dict[Path, None] = field(default_factory=dict)
    calibrated: dict[Path, None] = field(default_factory=dict)
    second: list[Association] = field(default_factory=list)
    third: list[Association] = field(default_factory=list)
    several: bool = False

    def of_stage(self, stage: int) -> dict[Path, None]:
        return (self.raw, self.rates, self.calibrated)[stage - 1]

    @property
    def first_stage(self) -> int:
        """The stage that the first of the inputs go into."""
        if self.raw:
            return 1
        return 2 if self.rates or self.second else 3

    @property
    def last_stage(self) -> int:
        """Where to stop unless the user says: raw exposures become rates, others all they can."""
        if self.third:
            return 3
        if self.second:
            return 2
        if self.raw:
            return 1
        return 3 if self.several or self.calibrated else 2


def calibrate(
    inputs: Iterable[Path],
    settings: Settings,
    run: Runner,
    *,
    through: int | None = None,
    left: Callable[[Path, str], None] | None = None,
) -> list[Outcome]:
    """Calibrate what files, folders and associations name.

    Parameters
    ----------
    inputs : iterable of Path
        Raw exposures, count rates, calibrated images, folders of them, associations.
    settings : Settings
        How to calibrate them.
    run : callable
        Does jobs.
    through : int or None
        Last stage, 1 to 3. None: raw exposures become count rates, a single count rate becomes a
        calibrated image, several are also combined; an association says itself.
    left : callable or None
        Told of each exposure that goes no further, and why.

    Returns
    -------
    list of Outcome
        Of all jobs, in the order of the stages.

    Raises
    ------
    InvalidInput
        An input does not exist or cannot be used.
    InvalidOptions
        The inputs are behind the last stage already.
    """
    files = gather(inputs, settings)
    last = files.last_stage if through is None else through
    if last < files.first_stage:
        raise InvalidOptions(
            f"--through {last}",
            expected=f"{files.first_stage} or more, for inputs of that stage",
            advice="Name raw exposures, or go further.",
        )
    return _Campaign(files, settings, run, left or _ignore).calibrate(last)


def jobs_of(inputs: Iterable[Path], settings: Settings) -> list[Job]:
    """Return the jobs that can be told before anything is done: those of the first stage."""
    files = gather(inputs, settings)
    campaign = _Campaign(files, settings, lambda jobs: [], _ignore)
    return campaign.jobs(files.first_stage)


def gather(inputs: Iterable[Path], settings: Settings) -> _Files:
    """Return what inputs name.

    A folder stands for its raw exposures; if it has none for its count rates; if it has none for
    its calibrated images.

    Raises
    ------
    InvalidInput
        An input does not exist, a folder has nothing to calibrate, an association is none or
        lacks members.
    """
    files = _Files()
    paths = list(inputs)
    for path in paths:
        if path.is_dir():
            _add_folder(files, path)
        elif not path.exists():
            raise InvalidInput("no such file", where=path)
        elif path.suffix == ".json" or is_association(path):
            _add_association(files, read_association(path), settings)
        else:
            files.of_stage(_stage_of(path))[path] = None
    alone = len(files.raw) + len(files.rates) + len(files.calibrated) <= 1
    files.several = not alone
    for stage in (1, 2, 3):
        _refuse_namesakes(files.of_stage(stage))
    return files


def _refuse_namesakes(paths: Iterable[Path]) -> None:
    """Refuse files of one name from several folders: their products would have one name, too."""
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(path.name, path)
        if other != path and not other.samefile(path):
            raise InvalidInput(
                "two inputs have the same name, and so would their products",
                where=path,
                found=other,
                advice="Calibrate them one after the other, into folders of their own.",
            )


def _stage_of(path: Path) -> int:
    """Return the stage that a file goes into; what it cannot tell by its name it is asked."""
    suffix = suffix_of(path)
    for stage, suffixes in enumerate(LEVELS, 1):
        if suffix in suffixes:
            return stage
    return 1


def _add_folder(files: _Files, folder: Path) -> None:
    for stage, suffixes in enumerate(LEVELS, 1):
        found = sorted(p for suffix in suffixes for p in folder.glob(f"*_{suffix}.fits"))
        if found:
            files.of_stage(stage).update(dict.fromkeys(found))
            return
    raise InvalidInput(
        "nothing to calibrate in this folder",
        where=folder,
        expected=", ".join(f"*_{suffix}.fits" for level in LEVELS for suffix in level),
    )


def _add_association(files: _Files, association: Association, settings: Settings) -> None:
    """Take an association, and the members it needs in whatever state they are there."""
    (files.second if association.level == 2 else files.third).append(association)
    folders = _folders(association, settings)
    missing = []
    for _, member in association.members:
        state = _state_of(member.name, association.level, folders)
        if state is None:
            missing.append(member)
        elif state:
            stage, paths = state
            files.of_stage(stage).update(dict.fromkeys(paths))
    if missing:
        absent = AsnProduct(association.products[0].name, tuple(missing))
        locate(replace(association, products=(absent,)), *folders[1:])  # says what is missing


def _state_of(
    name: str, wanted: int, folders: Sequence[Path]
) -> tuple[int, list[Path]] | tuple[()] | None:
    """Return the stage that a member is to begin with, and its files there.

    Empty if it is there as the association wants it, None if it is not there at all. A folder
    that has it in any state comes before the next: what an earlier run has left in the output
    folder is made again.
    """
    root, inner = root_of(Path(name)), Path(name).parent
    for folder in folders:
        if (folder / name).exists():
            return ()
        for stage in range(wanted - 1, 0, -1):
            paths = [folder / inner / f"{root}_{suffix}.fits" for suffix in LEVELS[stage - 1]]
            there = [path for path in paths if path.exists()]
            if there:
                return stage, there
    return None


def _folders(association: Association, settings: Settings) -> list[Path]:
    assert association.path is not None
    own = association.path.parent
    return [own] if settings.output_dir in (None, own) else [own, settings.output_dir]


class _Campaign:
    """Jobs of all stages: those of one are known when the one before is done."""

    def __init__(
        self,
        files: _Files,
        settings: Settings,
        run: Runner,
        left: Callable[[Path, str], None],
    ) -> None:
        self._files = files
        self._settings = settings
        self._run = run
        self._left = left
        self._broken: list[Outcome] = []

    def calibrate(self, last: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for stage in range(self._files.first_stage, last + 1):
            jobs = self.jobs(stage)
            made = self._run(jobs) if jobs else []
            outcomes += made + self._broken
            if stage == 3:
                break
            for outcome in made:
                if outcome.error is not None and stage < last:
                    self._left(outcome.input, "left out of what follows")
                for suffix in LEVELS[stage]:
                    if suffix in outcome.outputs:
                        self._files.of_stage(stage + 1)[outcome.outputs[suffix]] = None
        return outcomes

    def jobs(self, stage: int) -> list[Job]:
        """Return the jobs of a stage."""
        if stage == 1:
            return [ExposureJob(path) for path in self._files.raw]
        return self._second() if stage == 2 else self._third()

    def _second(self) -> list[Job]:
        jobs: dict[str, Job] = {}
        for association in self._files.second:
            found = locate(association, *_folders(association, self._settings)[1:])
            table = _table(association)
            for product in association.products:
                sky = tuple(found[member.name] for member in product.of_role("background"))
                for member in product.science[:1]:
                    path = found[member.name]
                    jobs[root_of(path)] = ExposureJob(path, sky, table)
        rest = [path for path in self._files.rates if root_of(path) not in jobs]
        # One alone belongs to nothing: its header need not be asked.
        for job in self._grouped_rates(rest) if len(rest) > 1 else map(ExposureJob, rest):
            jobs.setdefault(root_of(job.path), job)
        return list(jobs.values())

    def _grouped_rates(self, rates: Sequence[Path]) -> Iterable[ExposureJob]:
        """Yield jobs for count rates, with the background that their headers tell of."""
        from webbcal.associations.grouping import associate

        by_name = {path.name: path for path in rates}
        grouped = associate(rates, rates[0].parent)
        used: set[str] = set()
        for association in grouped.associations.values():
            if association.level != 2:
                continue
            for product in association.products:
                for member in product.science:
                    path = by_name.get(Path(member.name).name)
                    if path is None:
                        continue
                    used.add(root_of(path))
                    sky = tuple(
                        by_name[Path(other.name).name]
                        for other in product.of_role("background")
                        if Path(other.name).name in by_name
                    )
                    yield ExposureJob(path, sky)
        for path in rates:
            if root_of(path) not in used:
                used.add(root_of(path))
                yield ExposureJob(path)

    def _third(self) -> list[Job]:
        jobs: list[Job] = []
        for association in self._files.third:
            recipe = association.kind
            if recipe not in RECIPES or RECIPES[recipe].stage != 3:
                recipe = "image3" if recipe == "user_built" else recipe
            if recipe not in RECIPES:
                raise UnsupportedMode(
                    "no stage-3 recipe for this association",
                    where=association.path,
                    found=f"asn_type = {association.kind}",
                )
            found = locate(association, *_folders(association, self._settings)[1:])
            for product in association.products:
                members = tuple(
                    Member(
                        found[member.name],
                        member.group,
                        None if member.catalog is None else found[member.catalog],
                    )
                    for member in product.science
                )
                assert association.path is not None
                jobs.append(
                    SetJob(
                        product.name,
                        members,
                        recipe,
                        self._settings.output_dir or association.path.parent,
                        association.identifier,
                        _table(association),
                    )
                )
        named = {
            member.path.name for job in jobs if isinstance(job, SetJob) for member in job.members
        }
        rest = [path for path in self._files.calibrated if path.name not in named]
        if rest and not self._files.third:
            jobs += self._grouped_images(rest)
        return jobs

    def _grouped_images(self, images: Sequence[Path]) -> Iterable[SetJob]:
        """Yield sets of calibrated images that belong together by their headers."""
        from webbcal.associations.grouping import associate

        by_name = {path.name: path for path in images}
        folder = self._settings.output_dir or images[0].parent
        grouped = associate(images, folder)
        for association in grouped.associations.values():
            if association.level != 3:
                continue
            for product in association.products:
                paths = [by_name.get(Path(member.name).name) for member in product.science]
                there = tuple(Member(path) for path in paths if path is not None)
                if association.kind not in RECIPES:
                    for member in there:
                        self._left(member.path, f"no recipe {association.kind} yet")
                elif there:
                    yield SetJob(
                        product.name, there, association.kind, folder, association.identifier
                    )
        for item in grouped.left_out:
            self._left(item.path, item.reason)
            if item.broken:
                error = InvalidInput(item.reason, where=item.path)
                self._broken.append(Outcome(item.path, error=error))


def _table(association: Association) -> str:
    return "singleton" if association.path is None else association.path.name


def _ignore(path: Path, reason: str) -> None:
    """Tell nobody."""
