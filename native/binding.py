"""Write the cffi module for libbellhop_media.so from its own header.

Out-of-line ABI mode: the result is one small Python file that needs only
`_cffi_backend` at run time; neither a compiler nor a C parser.

    python3 binding.py OUTPUT
"""

import os
import re
import sys

import cffi

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = os.path.join(HERE, "include", "bellhop_media.h")
MODULE = "bellhop.shell.media.media_abi"


def declarations(header):
    """Return what remains of a C header without the preprocessor's lines."""
    kept = re.sub(r"#ifdef __cplusplus.*?#endif", "", header, flags=re.DOTALL)
    return re.sub(r"^#.*$", "", kept, flags=re.MULTILINE)


def write(output):
    """Write the module to the path `output`."""
    with open(HEADER, encoding="ascii") as header:
        builder = cffi.FFI()
        builder.cdef(declarations(header.read()))
    builder.set_source(MODULE, None)
    builder.emit_python_code(output)


if __name__ == "__main__":
    write(sys.argv[1])
