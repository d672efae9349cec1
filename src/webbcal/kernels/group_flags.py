"""Masks of group flags that several kernels use."""

import numpy as np

from webbcal.core.dq import DQ

DO_NOT_USE = np.uint8(DQ.DO_NOT_USE)
SATURATED = np.uint8(DQ.SATURATED)
JUMP = np.uint8(DQ.JUMP_DET)
CHARGELOSS = np.uint8(DQ.CHARGELOSS)
BAD = np.uint8(DQ.DO_NOT_USE | DQ.SATURATED)
ENDING = np.uint8(0xFF ^ DQ.PERSISTENCE)  # flags that end a segment of a ramp
