package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// kernel is a kernel process and a small Jupyter client of it.
type kernel struct {
	t          testing.TB
	cmd        *exec.Cmd     // the front
	over       chan struct{} // closed when the front has ended
	mark       string        // in the environment of every process of this kernel
	temp       string        // the folder in which it makes its private folder
	log        string        // what the processes wrote on stderr
	connection connection

	shell, control, iopub zmq4.Socket
	replies, controls     chan *message
	published             chan *message
	cells                 map[string]*cell // that were sent, by the id of their request
}

// patience is how long anything that a kernel does may take on a busy machine.
const patience = 90 * time.Second

// startKernel starts a kernel in this repository, with additions to the
// environment, and waits until it answers. It ends with the test.
func startKernel(t testing.TB, environ ...string) *kernel {
	t.Helper()
	needGoNB(t)
	k := prepare(t)
	k.begin(environ...)
	return k
}

// begin starts a prepared kernel and waits until it answers.
func (k *kernel) begin(environ ...string) {
	k.t.Helper()
	k.cmd = exec.Command(program(k.t), "kernel", k.file())
	k.start(environ)
	k.dial()
}

// prepare makes the files of a kernel that is yet to be started.
func prepare(t testing.TB) *kernel {
	t.Helper()
	temp, err := os.MkdirTemp("", "gibbs-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	k := &kernel{t: t, temp: temp, mark: "GIBBS_TEST_MARK=" + temp, over: make(chan struct{}), log: filepath.Join(temp, "stderr"), cells: map[string]*cell{}}
	ports := freePorts(t, 5)
	k.connection = connection{
		Transport: "tcp", IP: "127.0.0.1", Key: "a secret", Scheme: "hmac-sha256",
		Shell: ports[0], Control: ports[1], Stdin: ports[2], IOPub: ports[3], Heartbeat: ports[4],
	}
	if err := k.connection.write(k.file()); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kernel) file() string { return filepath.Join(k.temp, "kernel-test.json") }

func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// start starts k.cmd as Jupyter does: in a session of its own.
func (k *kernel) start(environ []string) {
	k.t.Helper()
	log, err := os.Create(k.log)
	if err != nil {
		k.t.Fatal(err)
	}
	defer log.Close()
	k.cmd.Env = append(append(os.Environ(), k.mark, "TMPDIR="+k.temp), environ...)
	k.cmd.Stdout, k.cmd.Stderr = log, log
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	go func() { _ = k.cmd.Wait(); close(k.over) }()
	k.t.Cleanup(func() {
		for _, p := range k.marked() {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
		if k.t.Failed() {
			text, _ := os.ReadFile(k.log)
			k.t.Logf("the kernel's log:\n%s", text)
		}
	})
}

// dial connects to the kernel and waits until its messages arrive.
func (k *kernel) dial() {
	k.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	k.t.Cleanup(cancel)
	retry := []zmq4.Option{quiet, zmq4.WithDialerRetry(20 * time.Millisecond), zmq4.WithDialerMaxRetries(1000)}
	k.shell, k.control, k.iopub = zmq4.NewDealer(ctx, retry...), zmq4.NewDealer(ctx, retry...), zmq4.NewSub(ctx, retry...)
	k.replies, k.controls, k.published = make(chan *message, 100), make(chan *message, 100), make(chan *message, 10000)
	for _, s := range []struct {
		socket zmq4.Socket
		port   int
		out    chan *message
	}{{k.iopub, k.connection.IOPub, k.published}, {k.control, k.connection.Control, k.controls}, {k.shell, k.connection.Shell, k.replies}} {
		if err := s.socket.Dial(k.connection.address(s.port)); err != nil {
			k.t.Fatalf("the kernel does not listen: %v", err)
		}
		k.t.Cleanup(func() { s.socket.Close() })
		go k.receive(ctx, s.socket, s.out)
	}
	if err := k.iopub.SetOption(zmq4.OptionSubscribe, ""); err != nil {
		k.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; {
		id := k.send(k.shell, "kernel_info_request", nil)
		k.await(k.replies, id, "kernel_info_reply")
		select {
		case <-k.published:
			return
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			k.t.Fatal("the kernel publishes nothing")
		}
	}
}

// receive passes on what arrives until the socket closes; all of it must be
// signed and whole.
func (k *kernel) receive(ctx context.Context, socket zmq4.Socket, out chan<- *message) {
	for ctx.Err() == nil {
		msg, err := socket.Recv()
		if err != nil {
			return // the kernel has ended, or the test
		}
		m, err := parseMessage(msg.Frames, []byte(k.connection.Key), true)
		if err != nil {
			k.t.Errorf("from the kernel: %v", err)
			continue
		}
		select {
		case out <- m:
		case <-ctx.Done():
		}
	}
}

// send sends a request and returns its id.
func (k *kernel) send(socket zmq4.Socket, kind string, content map[string]any) string {
	k.t.Helper()
	if content == nil {
		content = map[string]any{}
	}
	m := (&message{header: []byte(`{"session":"test"}`)}).reply(kind, nil, content)
	m.parent = []byte("{}")
	if err := socket.SendMulti(zmq4.NewMsgFrom(m.frames([]byte(k.connection.Key))...)); err != nil {
		k.t.Fatalf("sending %s: %v", kind, err)
	}
	return m.id
}

// await waits for the answer to a request.
func (k *kernel) await(from <-chan *message, id, kind string) *message {
	k.t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case m := <-from:
			if m.parentID == id && m.kind == kind {
				return m
			}
		case <-deadline:
			k.t.Fatalf("no %s within %v", kind, patience)
		case <-k.over:
			k.t.Fatalf("the kernel ended: no %s", kind)
		}
	}
}

// result is what a cell did.
type result struct {
	status, evalue string
	stdout, stderr string
	displays       []map[string]json.RawMessage // by MIME type
	errors         []string                     // published, not replied
	took           time.Duration                // from request to idle
}

func (r result) String() string {
	return fmt.Sprintf("status %s, evalue %q\nstdout: %.500s\nstderr: %.2000s", r.status, r.evalue, r.stdout, r.stderr)
}

// cell is a cell that was sent.
type cell struct {
	k       *kernel
	sent    time.Time
	r       result
	replied bool
	idle    bool
}

// submit sends a cell without waiting for it.
func (k *kernel) submit(code string, options ...map[string]any) *cell {
	k.t.Helper()
	content := map[string]any{"code": code, "silent": false, "store_history": true, "allow_stdin": false}
	for _, o := range options {
		for name, value := range o {
			content[name] = value
		}
	}
	c := &cell{k: k, sent: time.Now()}
	k.cells[k.send(k.shell, "execute_request", content)] = c
	return c
}

// run runs a cell to its end.
func (k *kernel) run(code string) result {
	k.t.Helper()
	return k.submit(code).wait()
}

// wait reads until the cell has replied and is idle.
func (c *cell) wait() result {
	c.k.t.Helper()
	c.until("its end", func() bool { return c.replied && c.idle })
	return c.r
}

// printed waits until the cell has printed a text.
func (c *cell) printed(text string) {
	c.k.t.Helper()
	c.until(text, func() bool { return strings.Contains(c.r.stdout, text) || c.idle })
	if c.idle {
		c.k.t.Fatalf("the cell ended before it printed %q: %v", text, c.r)
	}
}

// until reads messages, for this cell and for others, until the condition holds.
func (c *cell) until(what string, done func() bool) {
	c.k.t.Helper()
	for deadline := time.After(patience); !done(); {
		select {
		case m := <-c.k.replies:
			if to := c.k.cells[m.parentID]; to != nil {
				var reply struct{ Status, Evalue string }
				_ = json.Unmarshal(m.content, &reply)
				to.r.status, to.r.evalue, to.replied = reply.Status, reply.Evalue, true
			}
		case m := <-c.k.published:
			if to := c.k.cells[m.parentID]; to != nil {
				to.read(m)
			}
		case <-c.k.over:
			c.k.t.Fatalf("the kernel ended while a cell waited for %s", what)
		case <-deadline:
			c.k.t.Fatalf("no %s within %v: %v", what, patience, c.r)
		}
	}
}

// read takes in one published message.
func (c *cell) read(m *message) {
	var content struct {
		Name, Text, Evalue string
		State              string                     `json:"execution_state"`
		Data               map[string]json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(m.content, &content)
	switch {
	case m.kind == "stream" && content.Name == "stdout":
		c.r.stdout += content.Text
	case m.kind == "stream":
		c.r.stderr += content.Text
	case m.kind == "error":
		c.r.errors = append(c.r.errors, content.Evalue)
	case m.kind == "display_data" || m.kind == "execute_result":
		c.r.displays = append(c.r.displays, content.Data)
	case m.kind == "status" && content.State == "idle":
		c.idle, c.r.took = true, time.Since(c.sent)
	}
}

// interrupt asks for an interrupt as Jupyter does, and waits for the answer.
func (k *kernel) interrupt() {
	k.t.Helper()
	k.await(k.controls, k.send(k.control, "interrupt_request", nil), "interrupt_reply")
}

// marked returns every process that inherited this kernel's environment, wherever
// it hangs in the system's tree. Zombies have no environment left.
func (k *kernel) marked() []info {
	var found []info
	for _, p := range processes() {
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
		for _, v := range strings.Split(string(environ), "\x00") {
			if v == k.mark {
				found = append(found, p)
			}
		}
	}
	return found
}

// guard returns the process that the front started, and gonb the one below it.
func (k *kernel) guard() info { return k.child(k.cmd.Process.Pid) }
func (k *kernel) gonb() info  { return k.child(k.guard().pid) }

// child returns the oldest child of a process.
func (k *kernel) child(parent int) info {
	k.t.Helper()
	var oldest info
	for _, p := range processes() {
		if p.parent == parent && (oldest.pid == 0 || p.started < oldest.started) {
			oldest = p
		}
	}
	if oldest.pid == 0 {
		k.t.Fatalf("process %d has no child", parent)
	}
	return oldest
}

// strangers returns the living processes of cells, and zombies of any kind, below
// the front: all but the guard, GoNB and its language server's tree.
func (k *kernel) strangers() (living, zombies []info) {
	guard, gonb := k.guard().pid, k.gonb().pid
	servers := map[int]bool{}
	for _, p := range below(k.cmd.Process.Pid) { // parents come before their children
		switch {
		case p.parent == gonb && p.name == "gopls" || servers[p.parent]:
			servers[p.pid] = true
		case p.zombie:
			zombies = append(zombies, p)
		case p.pid != guard && p.pid != gonb:
			living = append(living, p)
		}
	}
	return living, zombies
}

// gone waits until neither a process nor a private folder of the kernel is left,
// and returns how long that took.
func (k *kernel) gone(within time.Duration) time.Duration {
	k.t.Helper()
	start := time.Now()
	for {
		left := k.marked()
		folders, _ := filepath.Glob(filepath.Join(k.temp, "gibbs-kernel-*"))
		if len(left) == 0 && len(folders) == 0 {
			return time.Since(start)
		}
		if time.Since(start) > within {
			k.t.Errorf("after %v there are still processes %s and folders %v", within, names(left), folders)
			return time.Since(start)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
