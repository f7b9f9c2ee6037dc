package setup

import (
	"context"
	"os"
	"slices"
	"strings"

	"gibbs/kernels/child"
)

// pipSettings are the user's settings of pip that set-up respects: where packages
// come from and how they are reached. All others (targets, constraints, builds
// from source, …) could weaken the lock or install elsewhere, and are left out.
var pipSettings = []string{
	"INDEX_URL", "EXTRA_INDEX_URL", "NO_INDEX", "FIND_LINKS", "PROXY", "CERT", "CLIENT_CERT", "TRUSTED_HOST",
	"TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES", "CACHE_DIR", "NO_CACHE_DIR", "KEYRING_PROVIDER",
}

// pip runs pip of the Python given, with hashes required and wheels only. It
// prints warnings and errors, no more: the step's line shows how far it is.
func pip(ctx context.Context, python, temp, verb string, args ...string) error {
	args = append([]string{"-I", "-m", "pip", verb, "-q", "--require-hashes", "--only-binary", ":all:"}, args...)
	_, err := child.Command{Name: python, Args: args, Env: withTemp(pipEnv(ctx, python), temp)}.Output(ctx)
	return err
}

// pipEnv returns the environment for pip: the user's, with no settings of pip
// but those of pipSettings, whether they came as variables or from its files.
func pipEnv(ctx context.Context, python string) []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, isPip := strings.CutPrefix(name(entry), "PIP_")
		return isPip && !slices.Contains(pipSettings, name)
	})
	listed, err := child.Command{Name: python, Args: []string{"-I", "-m", "pip", "config", "list"}}.Output(ctx)
	if err != nil {
		listed = "" // broken settings of the user's count as none
	}
	env = append(env, pipConfig(listed, env)...)
	if !slices.ContainsFunc(env, func(entry string) bool { return name(entry) == "PIP_RETRIES" }) {
		env = append(env, "PIP_RETRIES=2") // without a network, say so in seconds
	}
	return append(env, "PIP_CONFIG_FILE="+os.DevNull, "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1")
}

// pipConfig turns what `pip config list` printed into variables, for the settings
// that are respected and that env does not hold.
func pipConfig(listed string, env []string) (vars []string) {
	for line := range strings.Lines(listed) {
		setting, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		section, setting, dotted := strings.Cut(setting, ".")
		if !ok || !dotted || section == ":env:" {
			continue
		}
		variable := strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
		held := slices.ContainsFunc(env, func(entry string) bool { return name(entry) == "PIP_"+variable })
		if held || !slices.Contains(pipSettings, variable) {
			continue
		}
		value = strings.Trim(value, `'"`)
		vars = append(vars, "PIP_"+variable+"="+strings.ReplaceAll(value, `\n`, " "))
	}
	return vars
}

// withTemp has a program put its temporary files under dir.
func withTemp(env []string, dir string) []string {
	return append(slices.Clip(env), "TMPDIR="+dir)
}

// name is the name of a variable in an environment's entry.
func name(entry string) string {
	name, _, _ := strings.Cut(entry, "=")
	return name
}
