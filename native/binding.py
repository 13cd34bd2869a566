"""Write the cffi module for one of the libraries from a header.

Out-of-line ABI mode: the result is one small Python file that needs only
`_cffi_backend` at run time; neither a compiler nor a C parser.

    python3 binding.py .../media_abi.py     (or circuit_abi.py, unbound_abi.py)
"""

import os
import re
import sys

import cffi

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = {
    "media_abi.py": ("bellhop_media.h", "bellhop.shell.media.media_abi"),
    "circuit_abi.py": ("bellhop_circuit.h", "bellhop.shell.mesh.circuit_abi"),
    "unbound_abi.py": ("bellhop_unbound.h", "bellhop.shell.dnssec.unbound_abi"),
}


def declarations(header):
    """Return what remains of a C header without the preprocessor's lines."""
    kept = re.sub(r"#ifdef __cplusplus.*?#endif", "", header, flags=re.DOTALL)
    return re.sub(r"^#.*$", "", kept, flags=re.MULTILINE)


def write(output):
    """Write the module to the path `output`, whose file name says which it is."""
    header, module = MODULES[os.path.basename(output)]
    builder = cffi.FFI()
    with open(os.path.join(HERE, "include", header), encoding="ascii") as file:
        builder.cdef(declarations(file.read()))
    builder.set_source(module, None)
    builder.emit_python_code(output)


if __name__ == "__main__":
    write(sys.argv[1])
