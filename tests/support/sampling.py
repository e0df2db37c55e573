"""Statistical comparisons: 6 standard deviations are exceeded by chance in 2e-9 of all cases."""

import numpy as np

SIGMAS = 6.0


def assert_estimates(estimate, exact, variance, shots):
    """``estimate`` is the mean of so many numbers of this mean and variance each.

    Frequencies of rare outcomes are not normal: a few outcomes more or less are allowed for.
    """
    estimate, exact, variance = map(np.asarray, (estimate, exact, variance))
    bound = SIGMAS * np.sqrt(np.maximum(variance, 0.0) / shots) + 1e-10
    bound = bound + np.where(variance > 0, SIGMAS**2 / shots, 0.0)
    difference = np.abs(estimate - exact)
    assert (difference <= bound).all(), (estimate, exact, difference / bound)


def assert_mean(samples, exact):
    """Independent ``samples`` (along the first axis) have the mean ``exact``."""
    samples = np.asarray(samples)
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    difference = np.abs(samples.mean(axis=0) - np.asarray(exact))
    assert (difference <= SIGMAS * error + 1e-12).all(), (samples.mean(axis=0), exact, error)


def assert_variance(samples, exact):
    """Independent ``samples``, near to normal, have the variance ``exact``."""
    samples = np.asarray(samples)
    ratio = samples.var(axis=0, ddof=1) / np.asarray(exact)
    assert (np.abs(ratio - 1) <= SIGMAS * np.sqrt(2 / (len(samples) - 1)) * 1.2).all(), ratio
