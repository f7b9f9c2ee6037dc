package docker

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	imageFlag   = flag.Bool("image", false, "build the cpu image without a Docker engine and try it: needs root, buildah, debootstrap and runc")
	storeFlag   = flag.String("store", "", "folder that keeps what the image is built of, for the next time (default: a temporary one)")
	reuseFlag   = flag.Bool("reuse", false, "try the image that the store holds, without building it anew")
	releaseFlag = flag.String("release", "trixie", "release of Debian for the base")
	lessonFlag  = flag.String("lesson", "notebooks/1-energy/04-classical-hopfield.ipynb", "lesson to run without a network")
)

// TestImage builds the cpu target with buildah, on a base that debootstrap makes and
// the Go that is installed here, and tries it in runc, the runtime that Docker uses:
// as uid 1000, with a read-only root, no capabilities, no new privileges and no
// network. It prints a time for each step.
func TestImage(t *testing.T) {
	if !*imageFlag {
		t.Skip("builds an image, 20 minutes and 10 GB of disk: go test ./docker -run TestImage -v -timeout 60m -args -image")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root: it makes file systems of other users")
	}
	for _, tool := range []string{"buildah", "debootstrap", "runc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%v: on Debian, apt-get install buildah debootstrap runc", err)
		}
	}
	b := newBuilder(t)
	const image = "localhost/gibbs:cpu"
	if !*reuseFlag {
		timed(t, "building the image", func() { b.build(image) })
	}
	t.Logf("the image: %s unpacked, of which the base %s", b.size(image), b.size(b.base))
	c := b.container(image)
	host := t.TempDir() // what the host mounts as the volume
	if err := os.Chown(host, 1000, 100); err != nil {
		t.Fatal(err)
	}
	c.volume = host
	for _, test := range []struct {
		name string
		run  func(*testing.T, *container)
	}{
		{"nothing is setuid", testNoSetuid},
		{"no token and no secret in a layer", testNoToken},
		{"hardened", testHardened},
		{"doctor", testDoctor},
		{"a lesson without a network", testLesson},
		{"the first cell", testFirstCell},
		{"lab", testLab},
		{"another user", testOtherUser},
		{"a volume of someone else", testForeignVolume},
		{"root becomes the user", testRoot},
		{"what is in it", testSBOM},
		{"tests inside", testInside},
	} {
		t.Run(test.name, func(t *testing.T) { timed(t, test.name, func() { test.run(t, c) }) })
	}
}

func timed(t *testing.T, what string, do func()) {
	t.Helper()
	start := time.Now()
	do()
	t.Logf("%s: %.1f s", what, time.Since(start).Seconds())
}

func testNoSetuid(t *testing.T, c *container) {
	out, code := c.asRoot().sh(t, `find / -xdev \( -perm -4000 -o -perm -2000 \) -type f; command -v sudo su-exec gosu doas; true`)
	if out != "" || code != 0 {
		t.Errorf("files with setuid or setgid, or a way to root (exit %d):\n%s", code, out)
	}
}

// testNoToken looks where a token or a secret of the build would stand.
func testNoToken(t *testing.T, c *container) {
	out, _ := c.asRoot().sh(t, `find / -xdev -type f \( -name 'jpserver-*' -o -name 'nbserver-*' -o -name token -o -name '*.pem' -path '/home/*' -o -name notebook_secret -o -name .netrc -o -name pip.conf -o -name 'id_*' -path '*/.ssh/*' \) ! -path '/usr/*' ! -path '/etc/ssl/*' ! -path '*/site-packages/*'`)
	if strings.TrimSpace(out) != "" {
		t.Errorf("in the image:\n%s", out)
	}
	for _, variable := range c.config.Env {
		if name, _, _ := strings.Cut(variable, "="); regexp.MustCompile(`(?i)token|secret|passw|_KEY$`).MatchString(name) {
			t.Errorf("the image sets %s", variable)
		}
	}
}

// testHardened shows that the other tests do run under what they claim.
func testHardened(t *testing.T, c *container) {
	out, _ := c.sh(t, `id -u; id -g; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status | tr -d '\t'
		touch /opt/gibbs/x 2>&1; touch /home/gibbs/x 2>&1; touch /home/gibbs/work/y /tmp/z && echo written
		python3 -c 'import socket; s = socket.socket(); s.settimeout(3); s.connect(("192.0.2.1", 80))' 2>&1 | tail -1; rm /home/gibbs/work/y`)
	want := []string{"1000\n100\n", "CapEff:0000000000000000", "CapBnd:0000000000000000", "NoNewPrivs:1",
		"touch: cannot touch '/opt/gibbs/x': Read-only file system", "touch: cannot touch '/home/gibbs/x': Read-only file system",
		"written", "Network is unreachable"}
	for _, part := range want {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in:\n%s", part, out)
		}
	}
}

func testDoctor(t *testing.T, c *container) {
	out, code := c.start(t, "doctor", "--latency", "none")
	t.Log(out)
	if code != 0 || strings.Contains(out, "✗") || !strings.Contains(out, "xla-cpu") {
		t.Errorf("doctor ended with %d", code)
	}
}

func testLesson(t *testing.T, c *container) {
	out, code := c.start(t, "run", "--json", "/home/gibbs/work/claims.json", *lessonFlag)
	t.Log(out)
	if code != 0 {
		t.Fatalf("the lesson ended with %d", code)
	}
	for _, made := range []string{"claims.json", "out/" + *lessonFlag, "out/" + strings.TrimSuffix(*lessonFlag, ".ipynb") + ".html"} {
		info, err := os.Stat(filepath.Join(c.volume, made))
		if err != nil || info.Size() == 0 {
			t.Errorf("%s is not on the host, or empty: %v", made, err)
		}
	}
	if out, code := c.start(t, "run", "notebooks/none.ipynb"); code == 0 {
		t.Errorf("a lesson that does not exist passed:\n%s", out)
	}
}

var latency = regexp.MustCompile(`cell latency\s+([0-9.]+) s, the median of 10 .*the first cell ([0-9.]+) s`)

// testFirstCell catches a cache that the image lost: a first cell that compiles the
// library takes a minute.
func testFirstCell(t *testing.T, c *container) {
	out, code := c.start(t, "doctor", "--cells", "10")
	found := latency.FindStringSubmatch(strings.Join(strings.Fields(out), " "))
	if code != 0 || found == nil {
		t.Fatalf("doctor ended with %d:\n%s", code, out)
	}
	var median, first float64
	fmt.Sscan(found[1], &median)
	fmt.Sscan(found[2], &first)
	t.Logf("in the container: the first cell %.2f s, the median of ten changed ones %.2f s", first, median)
	if first > 3*median+1 {
		t.Errorf("the first cell took %.2f s, a changed one %.2f s: the image is not warm", first, median)
	}
}

// testLab starts the server as `docker run` does and asks it as Docker and as
// strangers do.
func testLab(t *testing.T, c *container) {
	if health := strings.Join(c.config.Healthcheck.Test, " "); health != "CMD gibbs lab health" {
		t.Errorf("HEALTHCHECK is %q", health)
	}
	if out, code := c.start(t, "lab", "health"); code == 0 {
		t.Errorf("without a server it is healthy: %s", out)
	}
	lab := c.detach(t, "lab")
	wait(t, 60*time.Second, "healthy", func() bool { _, code := lab.exec("gibbs", "lab", "health"); return code == 0 })
	address, code := lab.exec("gibbs", "lab", "address")
	_, token, found := strings.Cut(strings.TrimSpace(address), "lab?token=")
	if code != 0 || !found || len(token) < 24 {
		t.Fatalf("lab address ended with %d: %s", code, address)
	}
	ask := func(path, header string) string {
		out, _ := lab.exec("python3", "-c", `
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", 8888, timeout=10)
c.request("GET", sys.argv[1], headers=dict([sys.argv[2].split(": ")]) if sys.argv[2] else {})
r = c.getresponse()
print(r.status, r.getheader("Location", "").split("?")[0])`, path, header)
		return strings.TrimSpace(out)
	}
	for _, question := range []struct{ path, header, want string }{
		{"/api", "", "200"},
		{"/api/kernels", "", "403"},
		{"/files/lessons/1-energy/04-classical-hopfield.ipynb", "", "302 /login"},
		{"/api/kernels", "Authorization: token wrong", "403"},
		{"/api/kernels", "Host: evil.example", "403"},
		{"/api/kernels", "Authorization: token " + token, "200"},
		{"/api/contents/lessons/1-energy/04-classical-hopfield.ipynb?content=0", "Authorization: token " + token, "200"},
		{"/api/contents/originals/1-energy?content=0", "Authorization: token " + token, "200"},
		{"/api/kernelspecs/gibbs", "Authorization: token " + token, "200"},
	} {
		if got := ask(question.path, question.header); got != question.want {
			t.Errorf("%s with %q: %s, want %s", question.path, question.header, got, question.want)
		}
	}
	if out, _ := lab.exec("cat", "/proc/net/tcp"); !strings.Contains(out, "00000000:22B8") { // 0.0.0.0:8888
		t.Errorf("it does not listen on all interfaces of the container:\n%s", out)
	}
	// Lessons: the copy can be written, the original cannot.
	if out, code := lab.exec("sh", "-c", "cd /home/gibbs/work && echo >> lessons/1-energy/04-classical-hopfield.ipynb && ! echo >> originals/1-energy/04-classical-hopfield.ipynb 2>/dev/null"); code != 0 {
		t.Errorf("copies and originals of lessons: %s", out)
	}
	// A server that hangs is not healthy, and Docker knows it within 15 s.
	h := c.config.Healthcheck
	if unhealthy := time.Duration(h.Retries) * (h.Interval + h.Timeout); h.Retries == 0 || unhealthy > 15*time.Second {
		t.Errorf("Docker calls a server unhealthy only after %v", unhealthy)
	}
	signal := func(name string) {
		out, code := lab.exec("sh", "-c", `f=$(ls /home/gibbs/work/.gibbs/jupyter/runtime/jpserver-*.json) && f=${f##*-} && kill -`+name+` "${f%.json}"`)
		if code != 0 {
			t.Fatalf("sending %s to the server: %s", name, out)
		}
	}
	signal("STOP")
	start := time.Now()
	if out, code := lab.exec("timeout", fmt.Sprint(h.Timeout.Seconds()), "gibbs", "lab", "health"); code == 0 {
		t.Errorf("a server that was stopped is healthy: %s", out)
	}
	t.Logf("the check of a stopped server failed after %.1f s", time.Since(start).Seconds())
	signal("CONT")
	wait(t, 10*time.Second, "healthy again", func() bool { _, code := lab.exec("gibbs", "lab", "health"); return code == 0 })

	start = time.Now()
	log := lab.stop(t, 20*time.Second)
	t.Logf("it stopped in %.1f s and had said:\n%s", time.Since(start).Seconds(), log)
	logs := log
	_ = filepath.WalkDir(c.volume, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(path) == ".log" {
			text, _ := os.ReadFile(path)
			logs += string(text)
		}
		return nil
	})
	if strings.Contains(logs, token) {
		t.Error("the token stands in a log")
	}
	if !strings.Contains(logs, "/lab") {
		t.Errorf("Jupyter's log was not found: this test looked at nothing:\n%s", logs)
	}
}

// testOtherUser runs as a uid that the image does not know: Docker's --user, and
// what OpenShift does.
func testOtherUser(t *testing.T, c *container) {
	other := *c
	other.uid, other.gid, other.volume = 4321, 4321, t.TempDir()
	if err := os.Chown(other.volume, 4321, 4321); err != nil {
		t.Fatal(err)
	}
	out, code := other.start(t, "run", "--quick", *lessonFlag)
	if code != 0 {
		t.Errorf("as uid 4321 it ended with %d:\n%s", code, out)
	}
}

func testForeignVolume(t *testing.T, c *container) {
	foreign := *c
	foreign.volume = t.TempDir() // root's
	if out, code := foreign.start(t, "doctor"); code == 0 || !strings.Contains(out, "cannot be written by uid 1000") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

func testRoot(t *testing.T, c *container) {
	root := c.asRoot()
	root.config.Env = append(root.config.Env, "NB_UID=2345", "NB_GID=2346")
	root.volume = t.TempDir()
	out, code := root.start(t, "sh", "-c", "id -u; id -g; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status | tr -d '\t'; touch /home/gibbs/work/mine")
	for _, part := range []string{"2345\n2346\n", "CapEff:0000000000000000", "CapBnd:0000000000000000", "NoNewPrivs:1"} {
		if code != 0 || !strings.Contains(out, part) {
			t.Errorf("exit %d, no %q in:\n%s", code, part, out)
		}
	}
}

func testSBOM(t *testing.T, c *container) {
	out, code := c.sh(t, "cat /opt/sbom/gibbs.spdx.json")
	if code != 0 {
		t.Fatal(out)
	}
	for _, part := range []string{"SPDX-2.3", "pkg:golang/github.com/gomlx/gomlx@", "pkg:golang/github.com/janpfeifer/gonb@", "pkg:golang/golang.org/x/tools/gopls@",
		"pkg:pypi/jupyterlab@", "pkg:pypi/xla-cpu-pjrt@", "pkg:deb/debian/libc6@", "pkg:golang/stdlib@"} {
		if !strings.Contains(out, part) {
			t.Errorf("the SBOM does not hold %s", part)
		}
	}
	if labels := c.config.Labels; labels["org.opencontainers.image.licenses"] != "Apache-2.0" || labels["org.opencontainers.image.revision"] == "" {
		t.Errorf("labels: %v", labels)
	}
}

// testInside runs tests of the library in the container, as its README says, and
// builds what no lesson imports, which Go cannot with a cache that it may not write.
func testInside(t *testing.T, c *container) {
	const program = "package main\nimport \"html/template\"\nfunc main() { print(template.HTMLEscapeString(\"<\")) }\n"
	if out, code := c.start(t, "sh", "-c", "mkdir /tmp/p && cd /tmp/p && go mod init p && printf '%s' '"+program+"' > main.go && go run ."); code != 0 || !strings.HasSuffix(out, "&lt;") {
		t.Errorf("a package that no lesson imports: exit %d:\n%s", code, out)
	}
	out, code := c.start(t, "go", "test", "-short", "./lib/rng", "./lib/backend/...")
	if code != 0 {
		t.Errorf("go test ended with %d:\n%s", code, out)
	}
	t.Log(out)
}

// wait tries something until it is true.
func wait(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	start := time.Now()
	for !done() {
		if time.Since(start) > within {
			t.Fatalf("not %s within %v", what, within)
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("%s after %.1f s", what, time.Since(start).Seconds())
}
