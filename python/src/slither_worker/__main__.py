"""Started as `python <folder>/slither_worker --socket PATH [--forkserver]`; it need not be installed."""

from __future__ import annotations

# Child processes of multiprocessing and joblib import the main module again, under another name.
if __name__ == "__main__":
    import os
    import sys

    # Python has put this package's own folder first; its modules must not be importable by their short names.
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[0] = folder
    from slither_worker.requirements import require_msgspec
    from slither_worker.search_path import insert_after_standard_library

    del sys.path[0]
    if folder not in sys.path:
        insert_after_standard_library([folder])

    require_msgspec()
    from slither_worker.start import main

    main()
