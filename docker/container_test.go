package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// builder is buildah with a store of its own.
type builder struct {
	t            *testing.T
	dir          string // of the store and all that is made
	base, golang string // images that stand for BASE_IMAGE and GO_IMAGE
	working      string // the working container of the image under test
}

// newBuilder makes the two images that the Dockerfile starts from.
func newBuilder(t *testing.T) *builder {
	t.Helper()
	b := &builder{t: t, dir: *storeFlag, base: "localhost/base:" + *releaseFlag, golang: "localhost/go:installed"}
	if b.dir == "" {
		b.dir = t.TempDir()
	}
	t.Cleanup(func() {
		if b.working != "" {
			_, _ = b.try("rm", b.working)
		}
	})
	if _, err := b.try("inspect", "--type", "image", b.base); err != nil {
		timed(t, "making the base with debootstrap", b.makeBase)
	}
	if _, err := b.try("inspect", "--type", "image", b.golang); err != nil {
		goroot := strings.TrimSpace(command(t, "go", "env", "GOROOT"))
		b.imageOf(b.golang, goroot, "/usr/local/go")
	}
	return b
}

// makeBase makes a small Debian. It trusts the certificates that this machine's
// owner added, as a site's own base does.
func (b *builder) makeBase() {
	root := filepath.Join(b.dir, "debootstrap")
	command(b.t, "debootstrap", "--variant=minbase", "--include=ca-certificates", *releaseFlag, root)
	added, _ := filepath.Glob("/usr/local/share/ca-certificates/*.crt")
	for _, certificate := range added {
		text, err := os.ReadFile(certificate)
		if err == nil {
			err = os.WriteFile(filepath.Join(root, certificate), text, 0o644)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	command(b.t, "chroot", root, "update-ca-certificates")
	command(b.t, "chroot", root, "apt-get", "clean")
	b.imageOf(b.base, root, "/")
	if err := os.RemoveAll(root); err != nil {
		b.t.Fatal(err)
	}
}

// imageOf makes an image of one folder.
func (b *builder) imageOf(name, folder, place string) {
	c := strings.TrimSpace(b.do("from", "scratch"))
	b.do("add", "--quiet", c, folder, place)
	b.do("commit", "--quiet", "--rm", "--format", "docker", c, name)
}

func (b *builder) build(image string) {
	b.do("build", "--isolation", "chroot", "--format", "docker", "--file", "Dockerfile", "--target", "cpu",
		"--ignorefile", "../.dockerignore", "--build-arg", "BASE_IMAGE="+b.base, "--build-arg", "GO_IMAGE="+b.golang,
		"--build-arg", "GOPROXY", "--build-arg", "PIP_INDEX_URL", "--tag", image, "..")
}

// size is the size of an image's layers, unpacked.
func (b *builder) size(image string) string {
	size, _, _ := strings.Cut(b.do("images", "--noheading", "--format", "{{.Size}}", image), "\n")
	return size
}

// do runs buildah and ends the test if it fails.
func (b *builder) do(args ...string) string {
	b.t.Helper()
	out, err := b.try(args...)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *builder) try(args ...string) (string, error) {
	cmd := exec.Command("buildah", append([]string{"--root", filepath.Join(b.dir, "store"), "--runroot", filepath.Join(b.dir, "run"), "--storage-driver", "vfs"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("buildah %s: %w\n%s%s", args[0], err, tail(string(out)), tail(stderr.String()))
	}
	return string(out), nil
}

// command runs a program and ends the test if it fails.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, tail(string(out)))
	}
	return string(out)
}

// tail returns the end of a long text.
func tail(text string) string {
	const most = 4000
	return text[max(0, len(text)-most):]
}

// imageConfig is what an image says of how it is run.
type imageConfig struct {
	User, WorkingDir     string
	Env, Entrypoint, Cmd []string
	Labels               map[string]string
	Healthcheck          struct {
		Test              []string
		Interval, Timeout time.Duration
		Retries           int
	}
}

// container says how the image is run. The zero rights are Docker's --read-only,
// --tmpfs /tmp:exec, --cap-drop ALL, --security-opt no-new-privileges, --network none.
type container struct {
	root     string // of the image's files
	bundles  string // folder for runc's own
	config   imageConfig
	uid, gid int
	volume   string // folder of the host at /home/gibbs/work
	caps     []string
}

// container unpacks the image.
func (b *builder) container(image string) *container {
	b.t.Helper()
	b.working = strings.TrimSpace(b.do("from", "--pull-never", image))
	c := &container{root: strings.TrimSpace(b.do("mount", b.working)), bundles: b.t.TempDir()}
	var about struct {
		Docker struct {
			Config imageConfig `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(b.do("inspect", "--type", "image", image)), &about); err != nil {
		b.t.Fatal(err)
	}
	c.config = about.Docker.Config
	if n, err := fmt.Sscanf(c.config.User, "%d:%d", &c.uid, &c.gid); n != 2 {
		b.t.Fatalf("the image's user %q is not UID:GID: %v", c.config.User, err)
	}
	return c
}

// asRoot is the container as --user root, with what Docker leaves root by default
// of the rights that the start needs.
func (c *container) asRoot() *container {
	root := *c
	root.uid, root.gid = 0, 0
	root.caps = []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"}
	root.config.Env = slices.Clone(c.config.Env)
	return &root
}

// state is where runc keeps what it knows.
func (c *container) state() string { return filepath.Join(c.bundles, "state") }

type object = map[string]any

// bundle writes runc's description of the container with this command line.
func (c *container) bundle(t *testing.T, args []string) string {
	t.Helper()
	dir, err := os.MkdirTemp(c.bundles, "bundle-")
	if err != nil {
		t.Fatal(err)
	}
	mounts := []object{
		{"destination": "/proc", "type": "proc", "source": "proc", "options": []string{"nosuid", "noexec", "nodev"}},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": []string{"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
		{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": []string{"nosuid", "noexec", "nodev", "ro"}},
		{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "nodev", "mode=1777"}},
	}
	if c.volume != "" {
		mounts = append(mounts, object{"destination": "/home/gibbs/work", "type": "bind", "source": c.volume, "options": []string{"rbind", "rw", "nosuid", "nodev"}})
	}
	caps := append([]string{}, c.caps...)
	description := object{
		"ociVersion": "1.0.2",
		"hostname":   "gibbs",
		"root":       object{"path": c.root, "readonly": true},
		"process": object{
			"user": object{"uid": c.uid, "gid": c.gid}, "cwd": c.config.WorkingDir, "args": args, "env": c.config.Env,
			"noNewPrivileges": true,
			"capabilities":    object{"bounding": caps, "effective": caps, "permitted": caps},
		},
		"mounts": mounts,
		"linux": object{
			"namespaces":    []object{{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "network"}},
			"maskedPaths":   []string{"/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"},
			"readonlyPaths": []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
	}
	text, err := json.Marshal(description)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a command line to its end; the result is what it printed, and its status.
func (c *container) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	dir := c.bundle(t, args)
	return outcome(exec.Command("runc", "--root", c.state(), "run", "--bundle", dir, filepath.Base(dir)))
}

// start runs the image's entrypoint with arguments, as `docker run IMAGE ARGS` does.
func (c *container) start(t *testing.T, args ...string) (string, int) {
	t.Helper()
	return c.run(t, append(slices.Clone(c.config.Entrypoint), args...)...)
}

// sh runs a shell's script without the entrypoint.
func (c *container) sh(t *testing.T, script string) (string, int) {
	t.Helper()
	return c.run(t, "/bin/sh", "-c", script)
}

func outcome(cmd *exec.Cmd) (string, int) {
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		return err.Error(), -1
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// running is a container that was started and goes on.
type running struct {
	c    *container
	id   string
	log  *os.File
	done chan struct{}
}

// detach starts the entrypoint, with its output in a log.
func (c *container) detach(t *testing.T, args ...string) *running {
	t.Helper()
	dir := c.bundle(t, append(slices.Clone(c.config.Entrypoint), args...))
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	r := &running{c: c, id: filepath.Base(dir), log: log, done: make(chan struct{})}
	cmd := exec.Command("runc", "--root", c.state(), "run", "--bundle", dir, r.id)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(r.done) }()
	t.Cleanup(func() { r.kill("KILL"); <-r.done; log.Close() })
	return r
}

// exec runs a command in the container that runs, as `docker exec` does.
func (r *running) exec(args ...string) (string, int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return outcome(exec.CommandContext(ctx, "runc", append([]string{"--root", r.c.state(), "exec", r.id}, args...)...))
}

func (r *running) kill(signal string) {
	_, _ = outcome(exec.Command("runc", "--root", r.c.state(), "kill", r.id, signal))
}

// stop ends the container as `docker stop` does and returns its log.
func (r *running) stop(t *testing.T, within time.Duration) string {
	t.Helper()
	r.kill("TERM")
	select {
	case <-r.done:
	case <-time.After(within):
		t.Errorf("it did not stop within %v", within)
	}
	text, _ := os.ReadFile(r.log.Name())
	return string(text)
}
