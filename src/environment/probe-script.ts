/**
 * What an interpreter is asked about itself. It has to parse on every Python, also on 2.7: an interpreter that is
 * too old should say its version, not fail with a syntax error.
 */
export const PROBE_SCRIPT = `
import sys
sys.path[:] = [entry for entry in sys.path if entry]  # a json.py in the current folder is not asked
import json
try:
    import msgspec
    found, trouble = msgspec.__version__, None
except Exception as error:
    found, trouble = None, "%s: %s" % (type(error).__name__, error)
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "executable": sys.executable,
    "baseExecutable": getattr(sys, "_base_executable", None) or sys.executable,
    "prefix": sys.prefix,
    "msgspec": found,
    "msgspecError": trouble,
}))
`;
