/**
 * A shell script that stands in for uv: notes how it was called in `uv.log` in its home folder, makes environments
 * without pip, and installs packages that are a name and a version: that of `name==version`, else 1.0.
 *
 * @param before - shell commands that every call starts with
 */
export function fakeUv(python: string, before: string): string {
  return `
echo "$@" >> "$HOME/uv.log"
${before}
case "$1" in
  venv)
    for folder; do :; done
    exec '${python}' -m venv --without-pip "$folder" ;;
  pip)
    shift 3
    interpreter=$1
    shift
    exec "$interpreter" -c '${INSTALL}' "$@" ;;
esac
exit 9`;
}

const INSTALL = `
import re, sys, sysconfig, pathlib
for requirement in sys.argv[1:]:
    name = re.match("[A-Za-z0-9._-]+", requirement).group()
    package = pathlib.Path(sysconfig.get_paths()["purelib"], name)
    package.mkdir()
    version = requirement.partition("==")[2] or "1.0"
    package.joinpath("__init__.py").write_text("__version__ = %r" % version)
`;
