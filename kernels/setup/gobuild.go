package setup

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"gibbs/kernels/cellmod"
	"gibbs/kernels/child"
	"gibbs/kernels/file"
	"gibbs/lib/env"
)

// tools are the packages of kernels/tools that set-up builds. (staticcheck is
// there for the checks of the repository, not for notebooks.)
var tools = []string{"github.com/janpfeifer/gonb", "golang.org/x/tools/cmd/goimports", "golang.org/x/tools/gopls"}

// goTool runs the go command in dir, with the module as its go.mod says and the
// toolchain that is installed.
func goTool(ctx context.Context, dir string, args ...string) (string, error) {
	return goToolWith(ctx, nil, dir, args...)
}

// goToolWith is goTool with additions to the environment.
func goToolWith(ctx context.Context, additions []string, dir string, args ...string) (string, error) {
	environ := append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off", "GOTOOLCHAIN=local")
	environ = append(environ, additions...)
	out, err := child.Command{Dir: dir, Env: environ, Name: "go", Args: args}.Output(ctx)
	if err != nil && ctx.Err() == nil && !hasGo(ctx) {
		return "", &Fault{Step: "go", What: "the go command is not on PATH, or does not run",
			Do: "install the Go release that go.mod names, and put it on PATH", Still: "nothing: Gibbs is compiled by Go"}
	}
	return out, err
}

func hasGo(ctx context.Context) bool {
	_, err := child.Command{Name: "go", Args: []string{"version"}}.Output(ctx)
	return err == nil
}

// build compiles programs of the module in dir into Home/bin. A program is
// named after its package's folder, or by name where that is not "".
func (j *job) build(ctx context.Context, dir, name string, packages ...string) error {
	temp := filepath.Join(j.temp(), "bin")
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return err
	}
	out := temp + string(filepath.Separator) + name
	if _, err := goTool(ctx, dir, append([]string{"build", "-o", out}, packages...)...); err != nil {
		return err
	}
	return j.moveToBin(temp)
}

// moveToBin moves the programs in dir into Home/bin, one by one, each whole.
func (j *job) moveToBin(dir string) error {
	built, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	bin := filepath.Join(j.Home, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	for _, program := range built {
		if err := os.Rename(filepath.Join(dir, program.Name()), j.Bin(program.Name())); err != nil {
			return err
		}
	}
	return file.SyncDir(bin)
}

// toolsStep builds the kernel and its helpers from their own pinned module.
func (j *job) toolsStep() step {
	module := filepath.Join(j.Root, "kernels", "tools")
	want := key(fileKey(filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")), runtime.Version())
	return step{
		name: "tools",
		what: "gonb, goimports, gopls from pinned sources",
		need: 150e6,
		done: func() bool {
			return readText(j.stamp("tools")) == want &&
				isProgram(j.Bin("gonb")) && isProgram(j.Bin("goimports")) && isProgram(j.Bin("gopls"))
		},
		do: func(ctx context.Context) (string, error) {
			if err := j.build(ctx, module, "", tools...); err != nil {
				return "", err
			}
			return "", writeText(j.stamp("tools"), want)
		},
	}
}

// program is the stamp of the compiled gibbs: the folders that it was built
// from, and the key of the sources in them.
type program struct {
	Dirs []string `json:"dirs"` // relative to the repository
	Key  string   `json:"key"`
}

// programStep builds this program, which the kernelspecs start.
func (j *job) programStep() step {
	return step{
		name: "program",
		what: "gibbs, the kernels' launcher",
		need: 50e6,
		done: func() bool {
			var built program
			return json.Unmarshal([]byte(readText(j.stamp("program"))), &built) == nil && len(built.Dirs) > 0 &&
				isProgram(j.Bin("gibbs")) && built.Key == sourceKey(j.Root, built.Dirs)
		},
		do: func(ctx context.Context) (string, error) {
			out, err := goTool(ctx, j.Root, "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}", "./kernels")
			if err != nil {
				return "", err
			}
			built := program{}
			for _, dir := range strings.Fields(out) {
				relative, err := filepath.Rel(j.Root, dir)
				if err != nil {
					return "", err
				}
				built.Dirs = append(built.Dirs, relative)
			}
			built.Key = sourceKey(j.Root, built.Dirs) // before the build: a later edit builds again
			if err := j.build(ctx, j.Root, "gibbs", "./kernels"); err != nil {
				return "", err
			}
			return "", file.Replace(j.stamp("program"), 0o644, func(w io.Writer) error { return json.NewEncoder(w).Encode(built) })
		},
	}
}

// sourceKey is the key of all that a build of these packages reads: go.mod,
// go.sum, the Go release, and every file in their folders but tests.
func sourceKey(root string, dirs []string) string {
	files := []string{filepath.Join(root, "go.mod"), filepath.Join(root, "go.sum")}
	for _, dir := range dirs {
		entries, _ := os.ReadDir(filepath.Join(root, dir))
		for _, e := range entries {
			if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), "_test.go") {
				files = append(files, filepath.Join(root, dir, e.Name()))
			}
		}
	}
	slices.Sort(files)
	return key(strings.Join(files, "\n"), fileKey(files...), runtime.Version())
}

// modulesStep downloads every module that the repository requires, so that cells
// need no network, patches those that cells link slowly, and compiles the library
// as cells do, so that the first cell is quick.
func (j *job) modulesStep() step {
	want := key(fileKey(filepath.Join(j.Root, "go.mod"), filepath.Join(j.Root, "go.sum")), runtime.Version())
	return step{
		name: "modules",
		what: "the library's modules, and the library compiled once",
		done: func() bool {
			have, cache, _ := strings.Cut(readText(j.stamp("modules")), "\n")
			_, err := os.Stat(filepath.Join(cache, "github.com", "gomlx"))
			return have == want && err == nil && cellmod.Made(j.Root, j.Home)
		},
		do: func(ctx context.Context) (remark string, err error) {
			if _, err := goTool(ctx, j.Root, "mod", "download"); err != nil {
				return "", err
			}
			cache, err := goTool(ctx, j.Root, "env", "GOMODCACHE")
			if err != nil {
				return "", err
			}
			if err := cellmod.Make(j.Root, j.Home, strings.TrimSpace(cache), j.temp()); err != nil {
				return "", err
			}
			if err := j.compileForCells(ctx); err != nil {
				if ctx.Err() != nil {
					return "", ctx.Err()
				}
				remark = "but the library does not compile:\n" + indent(err.Error())
			}
			return remark, writeText(j.stamp("modules"), want+"\n"+cache)
		},
	}
}

// compileForCells compiles what cells import, in a module like theirs.
func (j *job) compileForCells(ctx context.Context, environ ...string) error {
	return j.compileTagged(ctx, "nogobackend", environ)
}

// compileTagged is compileForCells for the cells that leave out one backend.
func (j *job) compileTagged(ctx context.Context, tag string, environ []string) error {
	dir := filepath.Join(j.temp(), "cell-"+tag)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := writeText(filepath.Join(dir, "go.mod"), "module cell\n"); err != nil {
		return err
	}
	if err := cellmod.Seed(dir, j.Root, j.Home); err != nil {
		return err
	}
	_, err := goToolWith(ctx, environ, dir, "build", "-tags="+tag, env.Module+"/lib/...", "github.com/janpfeifer/gonb/gonbui")
	return err
}
