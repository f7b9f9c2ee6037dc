package launch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gibbs/kernels/cellmod"
	"gibbs/lib/env"
)

// What the launcher tells the shim: where the real go command is, its GOROOT, and
// the GOFLAGS of cells, from which a user may depart.
const (
	realGoVariable = "GIBBS_GO"
	gorootVariable = "GIBBS_GOROOT"
	flagsVariable  = "GIBBS_GOFLAGS"
)

// IsShim reports whether this process was started as a kernel's `go`.
func IsShim() bool {
	return filepath.Base(os.Args[0]) == "go" && os.Getenv(realGoVariable) != ""
}

// Shim is the `go` that GoNB finds first on its PATH. It changes three commands
// and hands all others to the real one:
//
//	go mod init    also gives the cell module the repository's versions
//	go get         without arguments does nothing: every version is known already;
//	               with arguments it wants exact versions
//	go build       never downloads, says how to ask for a module, and for a cell
//	               with known imports only compiles and links (see relinker)
//	go test -c     never downloads, says how to ask for a module
//
// It returns the exit code.
func Shim(args []string) int {
	real := os.Getenv(realGoVariable)
	code, err := shim(real, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gibbs:", err)
	}
	return code
}

func shim(real string, args []string) (int, error) {
	switch {
	case len(args) >= 2 && args[0] == "mod" && args[1] == "init":
		if code, err := runGo(real, args, nil); code != 0 || err != nil {
			return code, err
		}
		if err := seedModule("."); err != nil {
			return 1, err
		}
		return 0, nil
	case len(args) > 0 && args[0] == "get":
		return get(real, args)
	case len(args) > 0 && (args[0] == "build" || args[0] == "test"):
		return build(real, args)
	}
	return 1, syscall.Exec(real, append([]string{real}, args...), os.Environ())
}

// get runs `go get` only for modules that are asked for by exact version.
func get(real string, args []string) (int, error) {
	modules := slices.DeleteFunc(slices.Clone(args[1:]), func(arg string) bool { return strings.HasPrefix(arg, "-") })
	if len(modules) == 0 {
		return 0, nil
	}
	for _, m := range modules {
		if _, version, _ := strings.Cut(m, "@"); !strings.HasPrefix(version, "v") && version != "none" {
			return 1, fmt.Errorf("go get %s: name an exact version, such as %s@v1.2.3: notebooks use no moving versions", m, strings.SplitN(m, "@", 2)[0])
		}
	}
	return 1, syscall.Exec(real, append([]string{real}, args...), os.Environ())
}

// build compiles without a network. The compiler collects no garbage: a cell is
// small, and its wait is the user's.
func build(real string, args []string) (int, error) {
	r := newRelinker(args)
	if r != nil {
		if r.relink() {
			return 0, nil
		}
		args = append([]string{"build", "-work"}, args[1:]...)
	} else {
		_ = os.Remove(filepath.Join(relinkDir, "built")) // another kind of build makes another binary
	}
	var stderr bytes.Buffer
	code, err := runGo(real, args, &stderr)
	messages := stderr.Bytes()
	if r != nil {
		messages = r.keep(messages, code == 0)
	}
	os.Stderr.Write(messages)
	if code != 0 && bytes.Contains(messages, []byte("no required module provides package")) {
		fmt.Fprintln(os.Stderr, "gibbs: the repository does not use that module; to fetch it, run a cell with: !*go get MODULE@vX.Y.Z")
	}
	return code, err
}

// runGo runs the real go; with a buffer, its errors are kept for inspection.
func runGo(real string, args []string, stderr *bytes.Buffer) (int, error) {
	cmd := exec.Command(real, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if stderr != nil {
		cmd.Stderr = stderr
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOGC=off")
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// seedModule gives the module in dir what cells are made of.
func seedModule(dir string) error {
	root, err := env.Root()
	if err != nil {
		return err
	}
	home, err := env.Home()
	if err != nil {
		return err
	}
	return cellmod.Seed(dir, root, home)
}
