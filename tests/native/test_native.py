"""Builds the C tests of native/ in several ways and runs them.

Each way is a folder of native/.build; what a machine lacks is skipped with a
reason. NATIVE_DAY=1 sends every packet of the day in test_rollover.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.native import vectors

HERE = Path(__file__).resolve().parent
NATIVE = HERE.parent.parent / "native"
BUILD = NATIVE / ".build"
PLAIN = ("rtp", "srtp", "leg", "events", "relay", "media", "rollover", "vectors")
SANITIZERS = "-O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize="
BUILD_SECONDS, RUN_SECONDS = 900, 300
# Debian's name of the compiler's target, and qemu's name of the machine.
MACHINES = {
    "mips-linux-gnu": "mips",
    "mipsel-linux-gnu": "mipsel",
    "arm-linux-gnueabihf": "arm",
    "aarch64-linux-gnu": "aarch64",
}


def run(command, **options):
    """Run a command that must succeed and return what it printed."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        **options,
    )
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout[-6000:]}"
    return done.stdout


def need(*programs):
    """Skip the test when a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def build_srtp(folder, *triplet):
    """Return a folder with libsrtp built from Debian's source, or skip."""
    need("dpkg-source", "make")
    if not triplet and not Path("/usr/include/openssl/evp.h").exists():
        pytest.skip("libssl-dev is not installed")
    command = [NATIVE / "build-srtp", folder, *triplet]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    if done.returncode and "E: " in done.stderr:
        pytest.skip("the source package cannot be had: " + done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr[-6000:]
    return folder


def build(name, srtp=None, flags=None, compiler=None, programs=PLAIN):
    """Return the folder with the test programs built in one way."""
    need("make", compiler or "cc")
    out = BUILD / "tests" / name
    command = ["make", "-s", "-C", HERE, f"OUT={out}"]
    command += [f"SRTP={srtp}"] if srtp else []
    command += [f"CFLAGS={flags}"] if flags else []
    command += [f"CC={compiler}"] if compiler else []
    command += ["PROGRAMS=" + " ".join("test_" + program for program in programs)]
    run(command, timeout=BUILD_SECONDS)
    return out


def need_debian_srtp():
    """Skip the test when libsrtp2-dev is missing."""
    if not Path("/usr/include/srtp2/srtp.h").exists():
        pytest.skip("libsrtp2-dev is not installed")


@pytest.fixture(scope="session")
def openssl():
    """libsrtp over OpenSSL, as OpenWrt builds it."""
    return build_srtp(BUILD / "srtp")


@pytest.fixture(scope="session")
def answers(tmp_path_factory):
    """The file of known answers."""
    path = tmp_path_factory.mktemp("vectors") / "answers"
    path.write_text("\n".join(vectors.lines()) + "\n")
    return path


def run_program(out, program, answers, before=(), day=15, environment=None):
    """Run one test program of a folder."""
    arguments = {"rollover": [str(day)], "vectors": [str(answers)]}.get(program, [])
    command = [*before, out / ("test_" + program), *arguments]
    return run(command, timeout=RUN_SECONDS, env={**os.environ, **(environment or {})})


@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("program", (*PLAIN, "allocation"))
def test_with_debian_srtp(program, answers):
    need_debian_srtp()
    out = build("debian", programs=(*PLAIN, "allocation"))
    run_program(out, program, answers)


@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("program", (*PLAIN, "allocation"))
def test_with_srtp_over_openssl(program, openssl, answers):
    out = build("openssl", srtp=openssl, programs=(*PLAIN, "allocation"))
    run_program(out, program, answers, day=int(os.environ.get("NATIVE_DAY", "4")))


@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("program", PLAIN)
def test_under_address_and_undefined_behaviour_sanitizers(program, openssl, answers):
    out = build("sanitized", srtp=openssl, flags=SANITIZERS + "address,undefined")
    run_program(out, program, answers)


@pytest.mark.timeout(BUILD_SECONDS)
def test_under_thread_sanitizer(openssl, answers):
    out = build("threads", srtp=openssl, flags=SANITIZERS + "thread", programs=("media",))
    run_program(out, "media", answers)


@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("program", [name for name in PLAIN if name != "rollover"])
def test_under_valgrind(program, openssl, answers):
    """All but the day of packets, which takes long here and is the same few lines over and over."""
    need("valgrind")
    out = build("openssl", srtp=openssl, programs=(*PLAIN, "allocation"))
    before = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full"]
    run_program(out, program, answers, before)


@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("sanitizer", ("none", "address,undefined", "thread"))
def test_sound_circuits(sanitizer, answers):
    if not Path("/usr/include/sodium.h").exists():
        pytest.skip("libsodium-dev is not installed")
    flags = None if sanitizer == "none" else SANITIZERS + sanitizer
    out = build("circuit-" + sanitizer.replace(",", "-"), flags=flags, programs=("circuit",))
    run_program(out, "circuit", answers)


@pytest.mark.timeout(2 * BUILD_SECONDS)
@pytest.mark.parametrize("triplet", MACHINES)
@pytest.mark.parametrize("program", PLAIN)
def test_on_another_machine(program, triplet, answers):
    compiler, emulator = triplet + "-gcc", "qemu-" + MACHINES[triplet]
    need(compiler, emulator)
    srtp = build_srtp(BUILD / triplet / "srtp", triplet)
    out = build(triplet, srtp=srtp, compiler=compiler)
    run_program(out, program, answers, [emulator, "-L", f"/usr/{triplet}"])


@pytest.mark.timeout(BUILD_SECONDS)
def test_no_input_breaks_a_relay(openssl, tmp_path):
    """A short run of the fuzzer from the kept corpus; NATIVE_FUZZ_SECONDS makes it longer."""
    need("clang", "make")
    out = BUILD / "tests" / "fuzz"
    run(["make", "-s", "-C", HERE, f"OUT={out}", f"SRTP={openssl}", out / "fuzz_relay"])
    seconds = os.environ.get("NATIVE_FUZZ_SECONDS")
    bound = f"-max_total_time={seconds}" if seconds else "-runs=50000"
    command = [out / "fuzz_relay", bound, "-max_len=2000", "-timeout=5", f"-artifact_prefix={out}/"]
    run([*command, tmp_path, HERE / "corpus"])
