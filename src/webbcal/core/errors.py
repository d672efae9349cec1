"""Every exception webbcal raises on purpose.

::

    WebbcalError
        InvalidInput          a file is damaged, of the wrong kind, or contradicts itself
            InvalidProduct    arrays or metadata do not match the declaration of the product
            InvalidReference  a reference file cannot serve this exposure
        InvalidOptions        an option is unknown, of the wrong type or out of bounds
        MissingReference      no reference file applies to this exposure
        UnsupportedMode       no recipe exists for this kind of exposure
        CannotWrite           the output cannot be written
        CannotCalibrate       the data themselves rule a step out (too few groups, say); the
                              runner records the step as skipped, with the reason
"""


class WebbcalError(Exception):
    """Catch this to catch every expected failure.

    Parameters
    ----------
    what : str
        What is wrong, in a few words.
    where : object
        File, and extension or keyword where that helps.
    expected, found : object
        What webbcal needs, and what it met.
    advice : str
        What the user can do about it.

    Notes
    -----
    The message is one line: ``what: where: expected ...; found ...; advice``.
    """

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        found: object = None,
        advice: str = "",
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.found = found
        self.advice = advice
        super().__init__(self._line())

    def _line(self) -> str:
        head = self.what if self.where is None else f"{self.where}: {self.what}"
        facts = [
            f"{name} {value}"
            for name, value in (("expected", self.expected), ("found", self.found))
            if value is not None
        ]
        sentence = "; ".join([head, *facts])
        line = f"{sentence}. {self.advice}" if self.advice else sentence
        return " ".join(line.split())


class InvalidInput(WebbcalError):
    """A file is damaged, of the wrong kind, or its parts contradict each other."""


class InvalidProduct(InvalidInput):
    """Arrays or metadata do not match the declaration of the product."""


class InvalidReference(InvalidInput):
    """A reference file cannot serve this exposure."""


class InvalidOptions(WebbcalError):
    """An option is unknown, of the wrong type or out of bounds."""


class MissingReference(WebbcalError):
    """No reference file applies to this exposure."""


class UnsupportedMode(WebbcalError):
    """No recipe exists for this kind of exposure."""


class CannotWrite(WebbcalError):
    """The output cannot be written."""


class CannotCalibrate(WebbcalError):
    """The data themselves rule a step out; the runner records the step as skipped."""
