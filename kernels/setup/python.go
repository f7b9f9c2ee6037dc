package setup

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gibbs/kernels/child"
	"gibbs/kernels/file"
)

// requirements is the hash-locked list of Python packages.
//
//go:embed requirements.txt
var requirements string

// oldestPython is the oldest minor release of Python 3 that the list is locked for.
const oldestPython = 10

// interpreter is a Python found on this machine.
type interpreter struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Minor   int    `json:"minor"`
	// Missing names the modules that making an environment needs and it lacks.
	Missing []string `json:"missing"`
	// closed says why other users cannot run it, if that matters.
	closed error
}

const describe = `
import importlib.util, json, platform, sys
print(json.dumps({
    "path": sys.executable,
    "version": platform.python_version(),
    "minor": sys.version_info[1] if sys.version_info[0] == 3 else 0,
    "missing": [m for m in ("venv", "ensurepip") if importlib.util.find_spec(m) is None],
}))`

// findPython returns the first Python that can make the environment. GIBBS_PYTHON
// names one; else it is searched on PATH, and where the system has it. A shared
// one is a Python that other users can run: one in somebody's home is none.
func findPython(ctx context.Context, shared bool) (interpreter, error) {
	names := []string{"python3", "python3.13", "python3.12", "python3.14", "python3.11", "python3.10", "python"}
	if shared {
		names = append(names, "/usr/bin/python3")
	}
	if named := os.Getenv("GIBBS_PYTHON"); named != "" {
		names = []string{named}
	}
	var unfit []interpreter
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		out, err := child.Command{Name: name, Args: []string{"-I", "-c", describe}}.Output(ctx)
		if ctx.Err() != nil {
			return interpreter{}, ctx.Err()
		}
		p := interpreter{Path: name}
		if err == nil {
			_ = json.Unmarshal([]byte(out), &p) // a foreign answer leaves Version "": not Python 3
		}
		if shared {
			p.closed = ForOthers(p.Path)
		}
		if p.Minor >= oldestPython && len(p.Missing) == 0 && p.closed == nil {
			return p, nil
		}
		unfit = append(unfit, p)
	}
	return interpreter{}, pythonFault(names, unfit)
}

// pythonFault says why none of the Pythons found will do: one without venv is
// nearer to working than one too old.
func pythonFault(names []string, unfit []interpreter) error {
	for _, p := range unfit {
		if p.Minor >= oldestPython && len(p.Missing) == 0 {
			return &Fault{Step: "python", What: fmt.Sprintf("Python %s (%s) cannot be run by other users: %v", p.Version, p.Path, p.closed),
				Do: "name another Python in GIBBS_PYTHON, such as /usr/bin/python3 (Debian, Ubuntu: apt install python3 python3-venv)"}
		}
		if p.Minor >= oldestPython {
			return &Fault{Step: "python", What: fmt.Sprintf("Python %s (%s) cannot make environments: it lacks %s", p.Version, p.Path, strings.Join(p.Missing, " and ")),
				Do: fmt.Sprintf("install it (Debian, Ubuntu: apt install python3.%d-venv, or python3-venv), or name another Python in GIBBS_PYTHON", p.Minor)}
		}
	}
	do := fmt.Sprintf("install Python 3.%d or later (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or name one in GIBBS_PYTHON", oldestPython)
	if len(unfit) == 0 {
		return &Fault{Step: "python", What: "no Python found: none of " + strings.Join(names, ", ") + " is on PATH", Do: do}
	}
	if unfit[0].Version == "" {
		return &Fault{Step: "python", What: unfit[0].Path + " does not run, or is no Python 3", Do: do}
	}
	return &Fault{Step: "python", What: fmt.Sprintf("Python %s (%s) is too old: Gibbs needs 3.%d or later", unfit[0].Version, unfit[0].Path, oldestPython), Do: do}
}

// Environment is one more Python environment, beside that of the notebooks.
type Environment struct {
	Name         string // of its folder in Home, one word
	What         string // as a person would say it
	Requirements string // a list of wheels, each with its version and hashes
}

// Python is the interpreter of an environment.
func (e Environment) Python(l Layout) string {
	return filepath.Join(l.Home, e.Name, "bin", "python")
}

// venvStep brings the notebooks' Python environment.
func (j *job) venvStep() step {
	return j.environmentStep("python", Environment{"venv", "environment with JupyterLab and nbconvert", requirements})
}

// environmentStep brings a Python environment. It is built in a folder of its own,
// whose name holds the key of its contents; the link Home/NAME is turned to it
// when it is whole.
func (j *job) environmentStep(name string, e Environment) step {
	prefix := e.Name + "-" + key(e.Requirements, j.Home) + "-"
	return step{
		name: name,
		what: e.What,
		need: 400e6,
		done: func() bool {
			target, err := os.Readlink(filepath.Join(j.Home, e.Name))
			return err == nil && strings.HasPrefix(target, prefix) && isProgram(e.Python(j.Layout)) &&
				(!j.Shared || ForOthers(e.Python(j.Layout)) == nil)
		},
		do: func(ctx context.Context) (string, error) { return j.makeEnvironment(ctx, e, prefix) },
	}
}

func (j *job) makeEnvironment(ctx context.Context, e Environment, prefix string) (string, error) {
	link := filepath.Join(j.Home, e.Name)
	python, err := findPython(ctx, j.Shared)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(j.Home, prefix)
	if err != nil {
		return "", err
	}
	defer func() {
		// Whether this one became the environment or failed, the others go.
		current, _ := os.Readlink(link)
		removeOthers(link, current)
	}()
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	if _, err := (child.Command{Name: python.Path, Args: []string{"-I", "-m", "venv", dir}, Env: withTemp(os.Environ(), j.temp())}).Output(ctx); err != nil {
		return "", fmt.Errorf("python -m venv: %w", err)
	}
	list := filepath.Join(j.temp(), "requirements.txt")
	if err := os.WriteFile(list, []byte(e.Requirements), 0o644); err != nil {
		return "", err
	}
	if err := pip(ctx, filepath.Join(dir, "bin", "python"), j.temp(), "install", "--no-deps", "-r", list); err != nil {
		return "", err
	}
	turned := filepath.Join(j.temp(), e.Name)
	if err := os.Symlink(filepath.Base(dir), turned); err != nil {
		return "", err
	}
	if err := os.Rename(turned, link); err != nil {
		return "", err
	}
	return "Python " + python.Version, file.SyncDir(j.Home)
}

// removeOthers removes every environment of a link but the one to keep.
func removeOthers(link, keep string) {
	dirs, _ := filepath.Glob(link + "-*")
	for _, dir := range dirs {
		if filepath.Base(dir) != keep {
			_ = os.RemoveAll(dir)
		}
	}
}
