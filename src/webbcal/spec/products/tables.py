"""Tables that several products share."""

from webbcal.spec.fields import Column, column

GROUP_COLUMNS: tuple[Column, ...] = (
    column("integration_number", "i4", doc="Number of the integration, from 1."),
    column("group_number", "i2", doc="Number of the group in its integration, from 1."),
    column("end_day", "i2", unit="d", doc="Day of the group's end, from 2000-01-01."),
    column("end_milliseconds", "i4", unit="ms", doc="Milliseconds of that day."),
    column("end_submilliseconds", "i2", unit="us", doc="Microseconds of that millisecond."),
    column("group_end_time", "S26", doc="End of the group, UTC, ISO 8601."),
    column("number_of_columns", "i2", doc="Columns read."),
    column("number_of_rows", "i2", doc="Rows read."),
    column("number_of_gaps", "i2", doc="Gaps in the telemetry of this group."),
    column("completion_code_number", "i2", doc="Completion code of the group; 0 is normal."),
    column("completion_code_text", "S36", doc="Completion code in words."),
    column("bary_end_time", "f8", unit="d", doc="End of the group at the barycentre, MJD."),
    column("helio_end_time", "f8", unit="d", doc="End of the group at the Sun, MJD."),
)

INT_TIMES_COLUMNS: tuple[Column, ...] = (
    column("integration_number", "i4", doc="Number of the integration, from 1."),
    column("int_start_MJD_UTC", "f8", unit="d", doc="Start, MJD, UTC at the telescope."),
    column("int_mid_MJD_UTC", "f8", unit="d", doc="Middle, MJD, UTC at the telescope."),
    column("int_end_MJD_UTC", "f8", unit="d", doc="End, MJD, UTC at the telescope."),
    column("int_start_BJD_TDB", "f8", unit="d", doc="Start, TDB at the barycentre."),
    column("int_mid_BJD_TDB", "f8", unit="d", doc="Middle, TDB at the barycentre."),
    column("int_end_BJD_TDB", "f8", unit="d", doc="End, TDB at the barycentre."),
)
