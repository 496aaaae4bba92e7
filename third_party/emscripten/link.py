"""Links a WebAssembly module: em++ with its tools, cache and config pinned.

Arguments are those of em++. Also compiles no_imports.c, which lies beside this
file, and adds it to the link.
"""

import os
import subprocess
import sys
import tempfile


def _path(name):
  return os.path.abspath(os.environ['PEDIGREE_WASM_' + name])


def _main():
  root = _path('EMSCRIPTEN')
  llvm = _path('LLVM_BIN')
  with tempfile.TemporaryDirectory(prefix='pedigree-link-') as scratch:
    config = os.path.join(scratch, 'config')
    with open(config, 'w') as out:
      out.write(f'LLVM_ROOT = {llvm!r}\n'
                f'BINARYEN_ROOT = {_path("BINARYEN")!r}\n'
                f'NODE_JS = {_path("NODE")!r}\n'
                f'CACHE = {os.path.join(root, "cache")!r}\n'
                'FROZEN_CACHE = True\n')
    no_imports = os.path.join(scratch, 'no_imports.o')
    subprocess.check_call([
        os.path.join(llvm, 'clang'),
        '--target=wasm32-unknown-emscripten',
        '-nostdinc',
        '-O2',
        '-c',
        os.path.join(os.path.dirname(__file__), 'no_imports.c'),
        '-o',
        no_imports,
    ])

    for key in list(os.environ):
      if key.startswith(('EM_', 'EMCC_', 'EMSDK', 'EMMAKEN_')):
        del os.environ[key]
    os.environ['EM_CONFIG'] = config
    os.environ['EMCC_TEMP_DIR'] = scratch
    tempfile.tempdir = scratch

    # The interpreter puts this file's real folder first; leave it out, so that
    # only declared files are found.
    sys.path[0] = root
    sys.argv = ['em++'] + sys.argv[1:] + [no_imports]
    import emcc
    from tools import shared
    shared.run_via_emxx = True
    return emcc.main(sys.argv)


if __name__ == '__main__':
  sys.exit(_main())
