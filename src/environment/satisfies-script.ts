/**
 * Run by a candidate with the requirements as a JSON list: prints a JSON object that says, for each requirement that
 * is not met, why. What cannot be checked is not met: an address, a local folder, extras, a version without
 * `packaging` at hand.
 */
export const SATISFIES_SCRIPT = `
import sys
sys.path[:] = [entry for entry in sys.path if entry]  # a json.py in the current folder is not asked
import json, re
from importlib import metadata

try:
    from packaging.requirements import Requirement
except ImportError:
    try:
        from pip._vendor.packaging.requirements import Requirement
    except ImportError:
        Requirement = None

def installed(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

def trouble(text):
    if Requirement is None:
        if not re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*$", text):
            return "cannot be checked without the package packaging"
        return None if installed(text) else "is not installed"
    try:
        requirement = Requirement(text)
    except ValueError:
        return "cannot be checked"
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    if requirement.url or requirement.extras:
        return "cannot be checked"
    version = installed(requirement.name)
    if version is None:
        return "is not installed"
    if not requirement.specifier.contains(version, prereleases=True):
        return "is there in version " + version
    return None

found = {text: trouble(text) for text in json.loads(sys.argv[1])}
print(json.dumps({text: why for text, why in found.items() if why is not None}))
`;
