"""What a phone heard: the tone in a recording, its purity, its gaps.

A phone's microphone is a sine of a whole multiple of 10 Hz, so that a block of
100 ms holds whole periods and one Goertzel filter tells its share of the block's
energy exactly, without a window function and without numpy.
"""

import math
import struct
from array import array
from collections import namedtuple

BLOCK_SECONDS = 0.1
STEP_HZ = 10
LOWEST_HZ, HIGHEST_HZ = 100, 3400  # a telephone's band
ANALYSIS_HZ = 8000
HEADER_BYTES = 44
SILENCE = 0.003  # of full scale; G.711's idle noise is well below

# hz: dominant frequency or None for silence; purity: its share of the energy,
# 0..1; seconds: length; gap_seconds: longest run of silent blocks.
Tone = namedtuple("Tone", "hz purity seconds gap_seconds")


def read_wav(path, last_seconds=None):
    """Return (rate in Hz, samples -1..1 of the first channel).

    The file may still be growing: its length fields are not believed, and a header
    that is still all zero (Linphone writes it last) stands for 8 kHz mono.
    """
    with open(path, "rb") as file:
        data = file.read()
    channels, rate, start = 1, ANALYSIS_HZ, HEADER_BYTES
    if data.startswith(b"RIFF"):
        place, start = data.find(b"fmt ") + 8, data.find(b"data") + 8
        _, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, place)
        if bits != 16:
            raise ValueError(f"{path}: not 16-bit audio")
    frames = max(0, len(data) - start) // (2 * channels)
    wanted = frames if last_seconds is None else min(frames, int(rate * last_seconds))
    start += (frames - wanted) * 2 * channels
    samples = array("h", data[start : start + wanted * 2 * channels])
    return rate, [sample / 32768 for sample in samples[::channels]]


def write_wav(path, hz, seconds, rate=16000):
    """Write a mono sine of half full scale, to be played in a loop."""
    count = int(rate * seconds)
    samples = array("h", (int(16000 * math.sin(2 * math.pi * hz * n / rate)) for n in range(count)))
    data = samples.tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        2 * rate,
        2,
        16,
        b"data",
        len(data),
    )
    with open(path, "wb") as file:
        file.write(head + data)


def measure(path, last_seconds=None):
    """Return the Tone of a recording, or of its last seconds."""
    rate, samples = read_wav(path, last_seconds)
    thin = max(1, rate // ANALYSIS_HZ)
    samples, rate = samples[::thin], rate // thin
    size = int(rate * BLOCK_SECONDS)
    blocks = [samples[n : n + size] for n in range(0, len(samples) - size + 1, size)]
    loud = [block for block in blocks if _level(block) > SILENCE]
    gap = _longest_silence(blocks)
    seconds = len(samples) / rate
    if not loud:
        return Tone(None, 0.0, seconds, gap)
    middle = loud[len(loud) // 2]
    hz = max(
        range(LOWEST_HZ, min(HIGHEST_HZ, rate // 2), STEP_HZ),
        key=lambda candidate: _share(middle, candidate, rate),
    )
    purity = sum(_share(block, hz, rate) for block in loud) / len(loud)
    return Tone(hz, purity, seconds, gap)


def _level(block):
    """Root of the mean square."""
    return math.sqrt(sum(sample * sample for sample in block) / len(block))


def _share(block, hz, rate):
    """The share of a block's energy that lies at one frequency (Goertzel)."""
    turn = 2 * math.cos(2 * math.pi * hz / rate)
    newer = older = total = 0.0
    for sample in block:
        newer, older = sample + turn * newer - older, newer
        total += sample * sample
    power = newer * newer + older * older - turn * newer * older
    return 2 * power / (len(block) * total) if total else 0.0


def _longest_silence(blocks):
    """Seconds of the longest run of silent blocks."""
    longest = run = 0
    for block in blocks:
        run = 0 if _level(block) > SILENCE else run + 1
        longest = max(longest, run)
    return longest * BLOCK_SECONDS
