"""The ear itself: it tells tones, noise, gaps and silence apart."""

import random
import struct

import pytest

from tests.support import tone


@pytest.fixture
def recording(tmp_path):
    """Return a function that writes a tone and returns (path, its bytes)."""
    path = tmp_path / "heard.wav"

    def write(hz, seconds, rate=8000):
        tone.write_wav(path, hz, seconds, rate)
        return path, bytearray(path.read_bytes())

    return write


@pytest.mark.parametrize("rate", (8000, 16000, 48000))
@pytest.mark.parametrize("hz", (440, 620, 930))
def test_pure_tone(recording, hz, rate):
    path, _ = recording(hz, 1, rate)
    heard = tone.measure(path)
    assert heard.hz == hz
    assert heard.purity > 0.99
    assert (heard.seconds, heard.gap_seconds) == (1, 0)


def test_gap_is_seen(recording):
    path, data = recording(440, 2)
    data[44 + 8000 : 44 + 8000 + 4800] = bytes(4800)  # 300 ms of silence
    path.write_bytes(data)
    assert tone.measure(path).gap_seconds == pytest.approx(0.3)
    assert tone.measure(path, 0.5).gap_seconds == 0


def test_silence_has_no_tone(recording):
    path, data = recording(440, 1)
    path.write_bytes(data[:44] + bytes(16000))
    assert tone.measure(path).hz is None


def test_noise_is_not_pure(recording):
    path, data = recording(440, 1)
    noise = random.Random(1)
    samples = [noise.randint(-9000, 9000) for _ in range(8000)]
    path.write_bytes(data[:44] + struct.pack("<8000h", *samples))
    assert tone.measure(path).purity < 0.2


def test_header_that_is_still_empty_means_8_khz(recording):
    path, data = recording(440, 1)
    path.write_bytes(bytes(44) + data[44:])
    assert tone.measure(path).hz == 440
